"""Records of runs made up from a seed, every part of them filled, and their folders."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from simulated_behavior import AnsweringFake, hesitant, people, sharing

from brainbench.benchmarks import (
    BehaviorBenchmark,
    PublishedLayer,
    PublishedPerson,
    PublishedRow,
    PublishedScore,
    score_behavior,
)
from brainbench.benchmarks.controlled.score import (
    ControlledLayer,
    ControlledPerson,
    ControlledRow,
    ControlledScore,
    Estimate,
    NestedLayer,
    Reliability,
    Similarity,
)
from brainbench.guidance.rows import ArmAlignment, ArmRow, Change, Difference, Dose, SearchRow
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.quantities import Layer
from brainbench.reasoning import TaskScore
from brainbench.reasoning.response_bias import measure_bias
from brainbench.results import DatasetInfo, ModelInfo, Record, TaskInfo

PEOPLE = tuple(f"sub-{1001 + i}" for i in range(8))
DATA = "d" * 64
CHANGED = ("auc", "accuracy_at_threshold", "accuracy", "true_rate")
CELLS = (("language", "syllogistic"), ("language", "transitive"), ("md", "all"))


def empty(identifier: str = "lab/model", run_id: str = "abc123", **fields: Any) -> Record:
    """A finished run without scores."""
    return Record(
        **{
            "run_id": run_id,
            "status": "success",
            "versions": {"brainbench": "0.1.0", "python": "3.11"},
            "model": ModelInfo(identifier=identifier, sha256="a" * 64, source="model.gguf"),
            "datasets": [
                DatasetInfo(
                    name=name, version="1", data_sha256=DATA, simulated=False, licence="MIT"
                )
                for name in ("xiao2026", "ds003076")
            ],
            "benchmarks": {},
            "config": {"protocol": "controlled", "seed": 0, "options": {"dtype": None}},
            "timing": {"started": "2026-11-26T00:00:00+00:00", "seconds": 1.5},
            **fields,
        }
    )


def controlled(
    roi: str = "language",
    kind: str = "syllogistic",
    seed: int = 0,
    shift: float = 0.0,
    **fields: Any,
) -> ControlledScore:
    """A cell of the controlled protocol; ``shift`` is added to each person's r and unique R²."""
    rng = np.random.default_rng([seed, *roi.encode(), *kind.encode()])
    r = rng.normal(0.03, 0.02, len(PEOPLE)) + shift
    unique = rng.normal(0.001, 0.002, len(PEOPLE)) + shift
    mean = float(r.mean())
    low, high = float(unique.mean() - 0.002), float(unique.mean() + 0.002)
    held: dict[str, Any] = {
        "benchmark": f"xiao2026.{roi}.{kind}-ridge",
        "version": 3,
        "dataset": "xiao2026",
        "roi": roi,
        "reasoning_type": kind,
        "readout": "all units",
        "primary": kind != "all",
        "simulated": False,
        "raw": Estimate(value=mean, interval=(mean - 0.02, mean + 0.02), p=0.2),
        "r2": 0.002,
        "reference": Estimate(value=0.06, interval=(0.01, 0.11)),
        "reference_unique_r2": Estimate(value=0.0004, interval=(-0.001, 0.002)),
        "extrapolation": None,
        "reliability": Reliability(reason="each item once"),
        "ratio": mean / 0.06,
        "ratio_interval": (-0.2, 1.4),
        "nuisance_r2": 0.004,
        "unique_r2": Estimate(
            value=float(unique.mean()), interval=(low, high), items_interval=(low, high), p=0.4
        ),
        "unique_r2_stacked": Estimate(value=0.0),
        "nested": NestedLayer(r=Estimate(value=0.01), r2=0.0, chosen=(Layer("hidden", 1),)),
        "layers": tuple(
            ControlledLayer(layer=Layer(site, depth), r2=float(rng.normal(0, 0.004)), p=0.5, q=0.6)
            for site in ("attention", "hidden")
            for depth in range(6)
        ),
        "rsa": Similarity(reason="not here"),
        "cka": Similarity(reason="not here"),
        "voxels_above": 0,
        "draws": 1000,
        "n_subjects": len(PEOPLE),
        "n_items": 36,
        "n_voxels": 100,
        "n_constant": 0,
        "selection_leak": False,
        "subjects": tuple(
            ControlledPerson(
                subject=name, r=float(r[i]), reference=0.06, nuisance_r2=0.0,
                unique_r2=float(unique[i]),
            )
            for i, name in enumerate(PEOPLE)
        ),
        "controls": (
            ControlledRow(control="length", r=0.02, r2=0.001),
            ControlledRow(control="response time", r=0.08, r2=0.003),
            ControlledRow(
                control="random features", r=0.0, r2=-0.001, r_range=(-0.02, 0.02), draws=20
            ),
            ControlledRow(control="untrained model", reason="no weights"),
        ),
        "notes": ("voxels are few",),
    }  # fmt: skip
    return ControlledScore(**{**held, **fields})


def published(
    roi: str = "language",
    kind: str = "syllogistic",
    seed: int = 0,
    shift: float = 0.0,
    **fields: Any,
) -> PublishedScore:
    """A cell of the published protocol; ``shift`` is added to each person's r."""
    rng = np.random.default_rng([seed, 1, *roi.encode(), *kind.encode()])
    r = rng.normal(0.12, 0.03, len(PEOPLE)) + shift
    raw = float(np.median(r))
    held: dict[str, Any] = {
        "benchmark": f"xiao2026.{roi}.{kind}-ridge",
        "version": 1,
        "dataset": "xiao2026",
        "roi": roi,
        "reasoning_type": kind,
        "protocol": "published",
        "simulated": False,
        "pooled": kind == "all",
        "selection_leak": False,
        "raw": raw,
        "mad": 0.02,
        "layer": Layer("hidden", 3),
        "reference": 0.09,
        "ceiling": 0.25,
        "ceiling_median": 0.2,
        "ceiling_near_zero": 12,
        "ceiling_near_one": 3,
        "score": 0.8,
        "score_layer": Layer("hidden", 3),
        "n_subjects": len(PEOPLE),
        "n_items": 36,
        "n_voxels": 100,
        "n_constant": 0,
        "subjects": tuple(
            PublishedPerson(
                subject=name, raw=float(r[i]), reference=0.1, ceiling=0.2, score=0.5, n_voxels=100
            )
            for i, name in enumerate(PEOPLE)
        ),
        "layers": tuple(
            PublishedLayer(layer=Layer(site, depth), raw=raw - 0.01 * abs(depth - 3), score=0.5)
            for site in ("attention", "hidden")
            for depth in range(6)
        ),
        "controls": (
            PublishedRow(control="length", raw=raw - 0.015),
            PublishedRow(control="random features", raw=0.02, raw_range=(0.0, 0.04), draws=20),
            PublishedRow(control="response time", raw=raw + 0.02),
            PublishedRow(control="reasoning type", reason="every item here is syllogistic"),
        ),
        "notes": ("the layer was chosen",),
    }  # fmt: skip
    return PublishedScore(**{**held, **fields})


def answers(
    seed: int, n: int = 40, orders: int = 2, skill: float = 1.0, labels: str = "TF"
) -> list[dict[str, Any]]:
    """Rows of a task's samples: problems in several orders, answered with some skill.

    The same seed gives the same items and, with the same skill, the same answers.
    """
    rng = np.random.default_rng(seed)
    noise = rng.normal(0, 1, n)
    words = {"T": "True", "F": "False"}
    rows = []
    for i in range(n):
        base = i // orders
        label = words[labels[base % len(labels)]]
        odds = skill * (1 if label == "True" else -1) + noise[i]
        rows.append({
            "doc_id": i, "id": f"item-{i}", "base_id": f"base-{base}",
            "doc_hash": f"{i:064x}", "prompt_hash": f"{i + 7:064x}", "target_hash": "0" * 64,
            "filter": "none", "answers": [[-1.0, False], [-2.5, True]],
            "label": label, "said": "True" if odds > 0 else "False", "log_odds": float(odds),
            "acc": float((odds > 0) == (label == "True")),
        })  # fmt: skip
    return rows


def task(name: str, rows: Sequence[dict[str, Any]]) -> TaskScore:
    """A task that was answered so."""
    items = [[row["base_id"], row["label"], row["said"], row["log_odds"]] for row in rows]
    bias = measure_bias(name, ("True", "False"), items)
    return TaskScore(
        task=name, version="1.0", n_shot=0, n_items=len(rows), n_docs=len(rows),
        metrics={"acc,none": bias.accuracy, "acc_stderr,none": bias.accuracy_stderr}, bias=bias,
    )  # fmt: skip


def gain(seed: int = 0, shift: float = 0.0, **fields: Any) -> GuidanceScore:
    """A way of guiding, read on one test."""
    rng = np.random.default_rng(seed)

    def change(metric: Any) -> Change:
        value = float(rng.normal(0.02, 0.01)) + shift
        return Change(
            metric=metric,
            value=value,
            interval=(value - 0.03, value + 0.03),
            p=0.2,
        )

    held: dict[str, Any] = {
        "mode": "steering", "form": "controlled", "recipe": "one step", "tier": "reduced",
        "dataset": "xiao2026", "roi": "language", "reasoning_type": "syllogistic",
        "site": "attention", "layers": [3, 4, 5],
        "test": "three premises", "test_type": "syllogistic",
        "n_items": 240, "n_base": 40, "n_people": 8, "n_permutations": 2, "n_draws": 10_000,
        "arms": [
            ArmRow(
                arm=arm, n_seeds=2, strength=1.0, threshold=0.1, auc=0.55, accuracy=0.5,
                accuracy_at_threshold=0.52, balanced_accuracy=0.5, dprime=0.1, true_rate=0.6,
                valid=1.0,
            )
            for arm in ("unguided", "guided", "item-permuted")
        ],
        "differences": [
            Difference(
                against=arm, n_seeds=2,
                changes=[change(m) for m in CHANGED],
                mcnemar_p=0.5, mcnemar_gained=5, mcnemar_lost=3,
            )
            for arm in ("unguided", "item-permuted")
        ],
        "doses": [
            Dose(arm="guided", layers="middle", strength=s, auc=0.5, accuracy=0.5, true_rate=0.6,
                 valid=1.0)
            for s in (0.5, 1.0)
        ],
        "alignment": [ArmAlignment(arm="guided", before=0.02, after=0.03)],
        "verdict": "inconclusive", "notes": ("2 seeds",),
    }  # fmt: skip
    return GuidanceScore(**{**held, **fields})


def search() -> SearchScore:
    """The paper's targeted search."""
    row = SearchRow(
        arm="guided", n_seeds=1, flipped=0.5, n_flipped=4, tries=2.5, length=1.5, reverted=3.0,
        direction_gained=2, direction_lost=1, direction_true_rate=0.5, direction_auc=0.5,
        direction_balanced_accuracy=0.5,
    )  # fmt: skip
    return SearchScore(
        dataset="xiao2026", roi="language", reasoning_type="syllogistic", site="attention",
        layers=[3, 4], loss="cosine", centring="none", n_people=8, n_items=36, n_wrong=12,
        n_pairs=40, true_rate=0.6, auc=0.5, balanced_accuracy=0.5,
        rows=[row, row.model_copy(update={"arm": "label only", "tries": None})],
        notes=("one item",),
    )  # fmt: skip


def full(seed: int = 0, *, skill: float = 1.0, shift: float = 0.0, **fields: Any) -> Record:
    """A record with everything in it; see :func:`write_run` for its samples."""
    made = empty(**fields)
    for roi, kind in CELLS:
        made.add(controlled(roi, kind, seed, shift))
    made.benchmarks = {score.benchmark: score.version for score in made.controlled}
    behavior = people(sharing(0.6))
    given = AnsweringFake(hesitant).answer(behavior.problems)
    for score in score_behavior([BehaviorBenchmark("ds003076", "all")], behavior, given):
        made.add(score)
        made.benchmarks[score.benchmark] = score.version
    for name, rows in samples(seed, skill).items():
        made.tasks[name] = TaskInfo(version="1.0", sha256=name[-1] * 64, n_shot=0)
        made.add(task(name, rows))
    made.add(gain(seed, shift))
    made.add(search())
    return made


def samples(seed: int = 0, skill: float = 1.0) -> dict[str, list[dict[str, Any]]]:
    """Of the tasks of :func:`full`."""
    return {
        "brainbench_quick_a": answers(seed, skill=skill),
        "brainbench_quick_b": answers(seed + 1, n=30, orders=1, skill=skill),
    }


def write_run(
    record: Record, folder: Path, rows: dict[str, list[dict[str, Any]]] | None = None
) -> Path:
    """A run's folder as evaluate leaves it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "results.json").write_text(record.model_dump_json(), "utf-8")
    for name, each in (rows or {}).items():
        path = folder / "samples" / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in each), "utf-8")
    return folder
