"""The numbers of a record that golden files hold, by name, and how far each may be off.

Tolerances are for another platform than the one that wrote the file (see ``golden_files``). What
is computed in float64 stays within 1e-6. What a network computes in float32 rounds differently on
every processor: 1e-3 of scores and log-odds; p values by what a score that rounding moves past
permuted ones can change. Guidance ends in counts of few problems, after training in float32: one
answer of 36 is 0.03, so shares within 0.1, and p values and thresholds are not held at all there.
"""

from __future__ import annotations

from typing import Any

from golden_files import Tolerance, leaves_of

from brainbench.benchmarks import BehaviorScore
from brainbench.calibration import Calibration
from brainbench.results import Record

FLOAT32 = 1e-3
# a permuted score passes, or is passed
P_FLOAT32 = 0.02
SHARES = 0.1
# of 36 answers
FLIPPED = 4
# text, what has rows of its own, and a count that rounding may move
_NOT_OF_CONTROLLED = {
    "version", "notes", "simulated", "subjects", "layers", "controls", "voxels_above",
}  # fmt: skip
_OF_TASKS = {
    "choices", "n_items", "n_clusters", "accuracy", "accuracy_stderr", "always", "answer_shares",
    "balanced_accuracy", "auc", "auc_stderr", "dprime", "n_invalid", "threshold",
    "threshold_task", "n_threshold", "accuracy_at_threshold",
}  # fmt: skip
_QUICK = "brainbench_deductive_quick"
_NOT_OF_BEHAVIOR = {"version", "notes", "simulated", "pooled"}


def alignment(record: Record) -> dict[str, Any]:
    """Benchmark, or benchmark and nuisance → the numbers of its row."""
    found: dict[str, Any] = {}
    for published in record.published:
        name = published.benchmark
        found[name] = [published.raw, published.reference, published.ceiling, published.score]
        for control in published.controls:
            found[f"{name}: {control.control}"] = [control.raw, control.score]
    for score in record.controlled:
        told = score.model_dump(mode="json", exclude=_NOT_OF_CONTROLLED)
        for part in ("nested", "rsa", "cka"):
            told[part]["chosen"] = [str(layer) for layer in getattr(score, part).chosen]
        found[score.benchmark] = {name.replace("/", "."): value for name, value in leaves_of(told)}
        for row in score.controls:
            found[f"{score.benchmark}: {row.control}"] = [row.r, row.r2]
    return found


def of_alignment(tolerance: float = 1e-6, p_tolerance: float = 1e-6) -> Tolerance:
    """Of scores, and of p values: a score that rounding moves may pass one of the permuted."""

    def within(name: str) -> float:
        last = name.rsplit(".", 1)[-1].rsplit("/", 1)[-1]
        return p_tolerance if last == "p" else tolerance

    return within


def accuracy(record: Record) -> dict[str, Any]:
    """Task → its row, and the means of the quick group in lm-eval's spelling."""
    found: dict[str, Any] = {
        bias.task: bias.model_dump(mode="json", include=_OF_TASKS) for bias in record.answer_bias
    }
    if _QUICK in record.accuracy:
        means = record.accuracy[_QUICK].items()
        found[_QUICK] = {name: value for name, value in means if name.endswith(",none")}
    return found


# layers are chosen as strengths are: where areas are near each other, elsewhere are others
_NOT_OF_ARM = {"arm", "layers"}


def behavior(scores: list[BehaviorScore]) -> dict[str, Any]:
    """Benchmark → its whole score, people and controls included."""
    return {
        score.benchmark: score.model_dump(mode="json", exclude=_NOT_OF_BEHAVIOR) for score in scores
    }


def guidance(record: Record) -> dict[str, Any]:
    """Way and test → arms, differences, doses and alignment; the search as published."""
    found: dict[str, Any] = {}
    for score in record.gains:
        found[score.identifier] = {
            "verdict": score.verdict,
            "arms": {
                row.arm: row.model_dump(mode="json", exclude=_NOT_OF_ARM) for row in score.arms
            },
            "differences": {
                each.against: {
                    "mcnemar": [each.mcnemar_p, each.mcnemar_gained, each.mcnemar_lost],
                    **{c.metric: c.model_dump(mode="json") for c in each.changes},
                }
                for each in score.differences
            },
            "doses": [dose.model_dump(mode="json") for dose in score.doses],
            "alignment": {row.arm: [row.before, row.after] for row in score.alignment},
        }
    for search in record.searches:
        rows = {row.arm: row.model_dump(mode="json") for row in search.rows}
        found[f"search {search.roi}.{search.reasoning_type}"] = {"auc": search.auc, **rows}
    return found


def calibration(record: Calibration) -> dict[str, Any]:
    """Row → its numbers, and how well people predict each other."""
    rows = {"/".join(map(str, row.key)): row.model_dump(mode="json") for row in record.rows}
    return {"people_r": record.people_r, **rows}


def of_guidance(name: str) -> float:
    """Shares of few problems; see the top of this file."""
    parts = name.split("/")
    if parts[0].startswith("search"):
        return float("inf") if "interval" in parts else _of_search(parts[-1])
    if parts[-1] in ("p", "p_corrected", "threshold", "strength") or "mcnemar" in parts:
        return float("inf")
    return 10 * SHARES if {"dprime", "criterion"} & set(parts) else SHARES


def _of_search(number: str) -> float:
    """Of the published search: numbers of the few answers that flip are others elsewhere."""
    if number in ("tries", "length", "reverted", "p", "p_corrected") or number.startswith(
        "direction_"
    ):
        return float("inf")
    return FLIPPED if number == "n_flipped" else SHARES
