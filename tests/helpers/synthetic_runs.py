"""Runs that no model made, whole and consistent in every number that a check looks at.

Drawn from a truth that tests know: how far a model is above its null, how often it is right.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ladders import xiao2026_score
from scipy import stats

from brainbench.benchmarks import (
    ANSWER_MEASURES,
    MEASURES,
    BehaviorControl,
    ControlledRow,
    ControlledScore,
)
from brainbench.benchmarks.behavior.people import answer_measures
from brainbench.datasets import load_card
from brainbench.leaderboard.checks.alignment import NUISANCE, ROWS
from brainbench.leaderboard.checks.behavior import FEATURES
from brainbench.leaderboard.checks.published import ROWS as PUBLISHED_ROWS
from brainbench.leaderboard.expected import expected_data, own_problems
from brainbench.leaderboard.kinds.behavior import CONTROLS
from brainbench.reasoning.response_bias import measure_bias
from brainbench.results import SCHEMA_VERSION, Record
from brainbench.statistics.inference import benjamini_hochberg, people_interval

TYPES = ("syllogistic", "transitive")
ITEMS = {"syllogistic": 36, "transitive": 34, "all": 70}
TASKS = ("syllogistic", "transitive", "propositional", "distractors", "belief", "double_negation")
EVERYTHING = ("ladder", "controlled", "behavior", "accuracy")
# of unique R² beyond its null, where z of the ladder beyond position is 1
UNIT = 0.0005
# the same for all models
_SHARED = np.random.default_rng(7)
_CARD = load_card("xiao2026")
_NUISANCE_R = {
    (roi, kind, name): float(_SHARED.normal(0.02, 0.02))
    for roi in _CARD.rois
    for kind in TYPES
    for name in NUISANCE
}
_REFERENCE = {
    (roi, kind): _SHARED.normal(0.05, 0.02, len(_CARD.subjects))
    for roi in _CARD.rois
    for kind in TYPES
}
_NUISANCE_R2 = {
    (roi, kind): _SHARED.normal(0.003, 0.002, len(_CARD.subjects))
    for roi in _CARD.rois
    for kind in TYPES
}
_LABELS = {kind: (np.arange(ITEMS[kind]) % 3 != 0).astype(float) for kind in TYPES}
_ANSWERED_RIGHT = {
    kind: _SHARED.random((ITEMS[kind], len(load_card("ds003076").subjects))) < 0.85
    for kind in TYPES
}
_KAPPA = {kind: _SHARED.uniform(0.1, 0.4, 4) for kind in TYPES}


def make_run(
    seed: int = 0,
    *,
    name: str | None = None,
    effect: float = 0.0,
    ability: float = 0.7,
    kinds: tuple[str, ...] = EVERYTHING,
    family: str = "llama",
    parameters: int | None = 135_000_000,
) -> tuple[Record, dict[str, list[dict[str, Any]]]]:
    """A record and its samples.

    Parameters
    ----------
    effect : true mean over people and cells of unique R² above its null; z beyond position is
        expected to be so many times ``UNIT``.
    ability : chance of each answer to be right.
    kinds : what was scored: ``ladder``, ``controlled``, ``published``, ``behavior``, ``accuracy``.
    """
    rng = np.random.default_rng([seed, 1])
    identifier = name or f"synthetic-{seed:04d}"
    digest = hashlib.sha256(f"{identifier} {seed} {kinds}".encode()).hexdigest()
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "run_id": digest[:12],
        "status": "success",
        "versions": {"brainbench": "0.1.0"},
        "model": {
            "identifier": identifier,
            "sha256": hashlib.sha256(identifier.encode()).hexdigest(),
            "source": identifier,
            "family": family,
            "parameters": parameters,
        },
        "datasets": [],
        "benchmarks": {},
        "config": {"protocol": "published" if "published" in kinds else "controlled", "seed": 0},
        "timing": {"started": f"2026-10-{1 + seed % 28:02d}T00:00:00+00:00", "seconds": 1.0},
    }
    samples: dict[str, list[dict[str, Any]]] = {}
    if "controlled" in kinds:
        scores = _controlled(rng, effect)
        content["controlled"] = [score.model_dump(mode="json") for score in scores]
        content["benchmarks"] |= {score.benchmark: score.version for score in scores}
    if "published" in kinds:
        content["published"] = _published(rng, effect)
        content["benchmarks"] |= {row["benchmark"]: 1 for row in content["published"]}
    if "ladder" in kinds:
        # drawn apart, so that every other number of a run is what it is without the ladder
        score = xiao2026_score(np.random.default_rng([seed, 2]), effect / UNIT)
        content["ladder"] = [row.model_dump(mode="json") for row in score.rows]
        content["ladder_context"] = [score.context.model_dump(mode="json")]
        content["benchmarks"] |= {score.benchmark: score.version}
    if {"ladder", "controlled", "published"} & {*kinds}:
        _add_data(content, "xiao2026")
    if "behavior" in kinds:
        rows, samples["ds003076"] = _behavior(rng, ability)
        content["behavior"] = rows
        content["benchmarks"] |= {row["benchmark"]: 1 for row in rows}
        _add_data(content, "ds003076")
    if "accuracy" in kinds:
        content |= _accuracy(rng, ability, samples)
    return Record.model_validate(content), samples


def write_run(folder: Path, record: Record, samples: Mapping[str, list[dict[str, Any]]]) -> Path:
    """As ``brainbench evaluate`` keeps it; the folder of the run."""
    path = folder / record.model.identifier / record.run_id
    (path / "samples").mkdir(parents=True, exist_ok=True)
    (path / "results.json").write_text(record.model_dump_json(indent=1), "utf-8")
    for name, rows in samples.items():
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (path / "samples" / f"{name}.jsonl").write_text(lines, "utf-8")
    return path


def _add_data(content: dict[str, Any], name: str) -> None:
    card = load_card(name)
    content["datasets"].append(
        {
            "name": name,
            "version": card.version,
            "data_sha256": expected_data(name),
            "simulated": card.simulated,
            "licence": card.licence,
        }
    )


# ---------------------------------------------------------------- alignment


def _controlled(rng: np.random.Generator, effect: float) -> list[ControlledScore]:
    return [
        ControlledScore(**_cell(rng, roi, kind, effect)) for roi in _CARD.rois for kind in TYPES
    ]


def _cell(rng: np.random.Generator, roi: str, kind: str, effect: float) -> dict[str, Any]:
    n = len(_CARD.subjects)
    r = rng.normal(0.02 + 4 * effect, 0.03, n)
    null = -0.0007
    unique = rng.normal(effect + null, 0.004, n)
    reaching = round(1000 * stats.norm.sf((unique.mean() - null) / (0.004 / np.sqrt(n))))
    reference = _REFERENCE[roi, kind]
    around = people_interval(reference)
    assert around is not None
    ratio = float(r.mean() / reference.mean()) if around[0] > 0 else None
    layers = [{"layer": ("hidden", i), "r2": -0.01, "p": _p(rng, 200)} for i in range(3)]
    q = benjamini_hochberg([layer["p"] for layer in layers])
    rows = [_nuisance(name, roi, kind, rng) for name in ROWS]
    return {
        "benchmark": f"xiao2026.{roi}.{kind}-ridge",
        "version": 4,
        "dataset": "xiao2026",
        "roi": roi,
        "reasoning_type": kind,
        "readout": "all units",
        "primary": True,
        "simulated": False,
        "raw": _estimate(r, rng, people_interval(r)),
        "r2": -0.01,
        "reference": {"value": float(reference.mean()), "interval": around},
        "reference_unique_r2": {"value": 0.0003, "interval": (-0.002, 0.002)},
        "extrapolation": {
            "curve": (0.01, float(reference.mean())), "v0": 0.1, "tau": 9.0, "rmse": 0.01,
        },
        "reliability": {"reason": "xiao2026 shows each item once"},
        "ratio": ratio,
        "ratio_interval": None if ratio is None else (ratio - 1.0, ratio + 1.0),
        "nuisance_r2": float(_NUISANCE_R2[roi, kind].mean()),
        "unique_r2": {
            **_estimate(unique, rng, people_interval(unique)),
            "null_mean": null,
            "p": (1 + reaching) / 1001,
        },
        "unique_r2_stacked": {"value": 0.0, "null_mean": 0.0, "p": _p(rng, 1000)},
        "nested": {
            "r": {"value": 0.01, "p": _p(rng, 1000)}, "r2": -0.05, "chosen": (("hidden", 0),) * 2,
        },
        "layers": [{**layer, "q": one} for layer, one in zip(layers, q, strict=True)],
        "rsa": {"reason": "left out"},
        "cka": {"reason": "left out"},
        "voxels_above": 0,
        "draws": 1000,
        "n_subjects": n,
        "n_items": ITEMS[kind],
        "n_voxels": _CARD.rois[roi],
        "n_constant": 0,
        "selection_leak": roi in _CARD.selection_leak,
        "subjects": [
            {
                "subject": name,
                "r": float(r[i]),
                "reference": float(reference[i]),
                "nuisance_r2": float(_NUISANCE_R2[roi, kind][i]),
                "unique_r2": float(unique[i]),
            }
            for i, name in enumerate(_CARD.subjects)
        ],
        "controls": rows,
    }  # fmt: skip


def _estimate(values: np.ndarray, rng: np.random.Generator, interval: Any) -> dict[str, Any]:
    return {
        "value": float(values.mean()),
        "interval": interval,
        "null_mean": 0.0,
        "p": _p(rng, 1000),
    }


def _p(rng: np.random.Generator, draws: int) -> float:
    return int(rng.integers(1, draws + 2)) / (draws + 1)


def _nuisance(name: str, roi: str, kind: str, rng: np.random.Generator) -> ControlledRow:
    if name in ("reasoning type", "run", "untrained model"):
        return ControlledRow(control=name, reason="made up")
    if name == "random features":
        r = float(rng.normal(0.0, 0.005))
        return ControlledRow(control=name, r=r, r2=0.0, r_range=(r - 0.02, r + 0.02), draws=20)
    return ControlledRow(control=name, r=_NUISANCE_R[roi, kind, name], r2=0.0)


def _published(rng: np.random.Generator, effect: float) -> list[dict[str, Any]]:
    return [_published_cell(rng, roi, kind, effect) for roi in _CARD.rois for kind in TYPES]


def _published_cell(rng: np.random.Generator, roi: str, kind: str, effect: float) -> dict[str, Any]:
    raw = rng.normal(0.08 + effect, 0.03, len(_CARD.subjects))
    reference = _REFERENCE[roi, kind]
    head = float(np.median(raw))
    controls: list[dict[str, Any]] = []
    for control in PUBLISHED_ROWS:
        if control == "reasoning type":
            controls.append({"control": control, "reason": "made up"})
        elif control == "random features":
            controls.append(
                {"control": control, "raw": 0.02, "score": 0.1, "raw_range": (0.0, 0.04),
                 "draws": 20}
            )  # fmt: skip
        else:
            value = _NUISANCE_R[roi, kind, control]
            controls.append({"control": control, "raw": value, "score": 0.1})
    return {
        "benchmark": f"xiao2026.{roi}.{kind}-ridge", "version": 1, "dataset": "xiao2026",
        "roi": roi, "reasoning_type": kind, "protocol": "published",
        "simulated": False, "pooled": False, "selection_leak": roi in _CARD.selection_leak,
        "raw": head, "mad": float(np.median(np.abs(raw - head))), "layer": ("hidden", 1),
        "reference": float(np.median(reference)),
        "ceiling": 0.25, "ceiling_median": 0.1, "ceiling_near_zero": 0, "ceiling_near_one": 0,
        "score": 0.5, "score_layer": ("hidden", 1),
        "n_subjects": len(raw), "n_items": ITEMS[kind], "n_voxels": _CARD.rois[roi],
        "n_constant": 0,
        "subjects": [
            {"subject": person, "raw": float(raw[i]), "reference": float(reference[i]),
             "ceiling": 0.25, "score": 0.5, "n_voxels": _CARD.rois[roi]}
            for i, person in enumerate(_CARD.subjects)
        ],
        "layers": [
            {"layer": ("hidden", i), "raw": head if i == 1 else head - 0.01, "score": 0.5}
            for i in range(3)
        ],
        "controls": controls,
    }  # fmt: skip


# ---------------------------------------------------------------- behaviour and tasks


def _behavior(
    rng: np.random.Generator, ability: float
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    card = load_card("ds003076")
    samples = []
    for kind in TYPES:
        for i in range(ITEMS[kind]):
            label = int(_LABELS[kind][i])
            right = rng.random() < ability
            odds = float(rng.normal(1.0 if label else -1.0))
            samples.append(
                {"id": f"{kind}-{i:02d}", "reasoning_type": kind, "label": label,
                 "said": label if right else 1 - label, "log_odds": odds,
                 "people_right": 0.9, "n_people": 16}
            )  # fmt: skip
    return [_behavior_row(rng, kind, samples, card.subjects) for kind in TYPES], samples


def _behavior_row(
    rng: np.random.Generator, kind: str, samples: list[dict[str, Any]], subjects: tuple[str, ...]
) -> dict[str, Any]:
    own = [row for row in samples if row["reasoning_type"] == kind]
    labels = np.array([row["label"] for row in own])
    said = np.array([row["said"] for row in own])
    odds = np.array([row["log_odds"] for row in own])
    people = np.where(_ANSWERED_RIGHT[kind], labels[:, None], 1 - labels[:, None]).astype(float)
    values = answer_measures(said[:, None].astype(float), people, labels)
    means = {name: float(value.mean()) for name, value in values.items()}
    statistics: dict[str, Any] = {
        name: {"value": means.get(name, 0.3), "interval": None, "interval_items": None,
               "n_items": len(own), "reference": 0.4, "reference_interval": (0.3, 0.5),
               "ratio": means.get(name, 0.3) / 0.4, "ratio_interval": None}
        for name in MEASURES
    }  # fmt: skip
    for name in MEASURES[4:]:
        statistics[name] |= {"reliability": 0.9, "bound": 0.94}
    controls = []
    for place, name in enumerate(CONTROLS):
        one: dict[str, Any] = dict.fromkeys(ANSWER_MEASURES, float(_KAPPA[kind][place]))
        row = BehaviorControl(control=name, **one)
        controls.append(row.model_dump(mode="json"))
    controls += [{"control": name, "reason": "made up"} for name in FEATURES]
    right = said == labels
    above = (odds[labels == 1][:, None] > odds[labels == 0]).mean()
    return {
        "benchmark": f"ds003076.behavior.{kind}-consistency",
        "version": 1,
        "dataset": "ds003076",
        "reasoning_type": kind,
        "simulated": False,
        "pooled": False,
        **statistics,
        "accuracy": float(right.mean()),
        "balanced_accuracy": float(np.mean([right[labels == side].mean() for side in (0, 1)])),
        "auc": float(above),
        "true_rate": float(said.mean()),
        "labelled_true": float(labels.mean()),
        "n_people": len(subjects),
        "n_items": len(own),
        "n_invalid": 0,
        "n_cut_off": 0,
        "n_log_odds": len(own),
        "left_out": [],
        "people": [
            {"subject": name, "n_items": len(own), "missing": 0.0,
             "accuracy": float(_ANSWERED_RIGHT[kind][:, i].mean()),
             **{measure: float(values[measure][i]) for measure in ANSWER_MEASURES},
             "reference": dict.fromkeys(ANSWER_MEASURES, 0.4)}
            for i, name in enumerate(subjects)
        ],
        "controls": controls,
    }  # fmt: skip


def _accuracy(
    rng: np.random.Generator, ability: float, samples: dict[str, list[dict[str, Any]]]
) -> dict[str, Any]:
    content: dict[str, Any] = {"accuracy": {}, "answer_bias": [], "tasks": {}}
    for kind in TASKS:
        name = f"brainbench_quick_{kind}"
        items, rows = [], []
        for number, (key, base, label) in enumerate(own_problems(name) or ()):
            other = "False" if label == "True" else "True"
            said = label if rng.random() < ability else other
            odds = float(rng.normal(1.0 if label == "True" else -1.0))
            items.append([base, label, said, odds])
            rows.append(
                {"doc_id": number, "id": key, "base_id": base, "filter": "none", "label": label,
                 "said": said, "log_odds": odds, "acc": float(said == label)}
            )  # fmt: skip
        bias = measure_bias(name, ("True", "False"), items)
        samples[name] = rows
        content["answer_bias"].append(bias.model_dump(mode="json"))
        content["accuracy"][name] = {
            "acc,none": bias.accuracy, "balanced_acc,none": bias.balanced_accuracy,
            "auc,none": bias.auc, "dprime,none": bias.dprime,
        }  # fmt: skip
        content["tasks"][name] = {
            "version": "1", "sha256": "0" * 64, "n_shot": 0, "n_items": len(rows),
            "n_docs": len(rows),
        }  # fmt: skip
    return content
