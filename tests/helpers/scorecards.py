"""Records that hold a part of what a run can, and ladders on which a model stops at a rung."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from ladders import xiao2026_score
from simulated_records import answers as given_answers
from simulated_records import controlled, empty, full, gain, published, search, task

from brainbench.benchmarks import LadderScore
from brainbench.benchmarks.ladder.names import Rung
from brainbench.benchmarks.score import OtherScore
from brainbench.results import DatasetInfo, Record, load_record

SUBMISSIONS = Path(__file__).parents[2] / "submissions"


def record_of(name: str) -> Record:
    return load_record(next(SUBMISSIONS.glob(f"*/{name}/record/results.json")))


def passed(*rungs: Rung) -> LadderScore:
    """A ladder on which a model is found beyond these rungs and no others."""
    score = xiao2026_score(np.random.default_rng(1), 3.0)
    rows = tuple(
        row.model_copy(update={"p": 0.001 if row.rung in rungs else 0.5}) for row in score.rows
    )
    return score.model_copy(update={"rows": rows})


def partial_records() -> dict[str, Record]:
    made: dict[str, Record] = {name: empty() for name in (
        "only encoding", "only published", "only search", "a gain of other arms", "other kind",
        "a task of choices of its own",
    )}  # fmt: skip
    made["only encoding"].add(controlled())
    made["only published"].add(published())
    made["only search"].add(search())
    made["a gain of other arms"].add(gain())
    made["other kind"].other.append(OtherScore(kind="rsa", benchmark="x.y-rsa", version=1,
                                               dataset="x", value=0.2, score={}))  # fmt: skip
    asked = task("boolq", given_answers(0)).model_copy(update={"bias": None})
    chosen = made["a task of choices of its own"]
    chosen.tasks["boolq"] = record_of("f50c41311891").tasks["brainbench_quick_belief"]
    chosen.add(asked)
    made["limited"] = full(config={"limit": 10, "seed": 0}, notes=["limited to 10 items: "
                           "for trying out only"])  # fmt: skip
    simulated = DatasetInfo(name="phantom", version="1", data_sha256="0" * 64, simulated=True,
                            licence="MIT")  # fmt: skip
    made["simulated"] = full(datasets=[simulated])
    made["everything"] = full()
    made["everything"].add(passed("run", "position"))
    for name in ("63e1a336c8b0", "a37d3f7cf98f", "25193ca65ae1", "1febe7017259", "73ba0b7edfe8"):
        made[name] = record_of(name)
    return made


PARTIAL = partial_records()
