"""People and models whose answers are given, for tests of behaviour."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import xarray as xr

from brainbench.datasets import Behavior, load_card
from brainbench.datasets.phantom import load_problems
from brainbench.models import Activations, Answers
from brainbench.problems import Problem

Answering = Callable[[Sequence[Problem]], tuple[np.ndarray, np.ndarray]]


def labels_of(problems: Sequence[Problem]) -> np.ndarray:
    return np.array([problem.condition.valid for problem in problems], float)


def always_true(problems: Sequence[Problem]) -> tuple[np.ndarray, np.ndarray]:
    return np.ones(len(problems)), np.ones(len(problems))


def oracle(problems: Sequence[Problem]) -> tuple[np.ndarray, np.ndarray]:
    labels = labels_of(problems)
    return labels, 2.0 * labels - 1.0


def hesitant(problems: Sequence[Problem]) -> tuple[np.ndarray, np.ndarray]:
    """Right more often than not, inclined to say True, unsure to a known degree."""
    rng = np.random.default_rng([len(problems), 1])
    log_odds = 2.0 * labels_of(problems) - 0.2 + 1.2 * rng.standard_normal(len(problems))
    return (log_odds > 0).astype(float), log_odds


@dataclass
class AnsweringFake:
    """A model that answers as it is told."""

    answering: Answering = hesitant
    identifier: str = "fake"
    sha256: str = "0" * 64
    warnings: tuple[str, ...] = ()
    cut_off: int = 0
    asked: list[list[str]] = field(default_factory=list)

    def answer(self, problems: Sequence[Problem]) -> Answers:
        self.asked.append([problem.identifier for problem in problems])
        said, log_odds = self.answering(problems)
        texts = tuple("" if np.isnan(word) else str(bool(word)) for word in said)
        return Answers(said, log_odds, texts, self.cut_off, self.warnings)

    def activations(self, problems: Sequence[Problem]) -> Activations:
        values = np.random.default_rng(0).standard_normal((len(problems), 2, 5))
        return Activations({"hidden": values}, {"hidden": (0, 1)})


def problems_times(times: int) -> tuple[Problem, ...]:
    """The phantom's 72 problems, repeated under other names."""
    return tuple(
        replace(problem, identifier=f"{problem.identifier}-{repeat}")
        for repeat in range(times)
        for problem in load_problems()
    )


def people(
    right: np.ndarray, seconds: np.ndarray | None = None, problems: Sequence[Problem] | None = None
) -> Behavior:
    """Simulated people from (n_items, n_people) right 1, wrong 0, missing NaN."""
    shown = tuple(load_problems() if problems is None else problems)
    labels = labels_of(shown)[:, None]
    answers = np.where(np.isnan(right), np.nan, np.where(right == 1.0, labels, 1.0 - labels))
    if seconds is None:
        seconds = np.random.default_rng(5).gamma(4.0, 0.5, right.shape)
    seconds = np.where(np.isnan(right), np.nan, seconds)
    dims = ("presentation", "subject")
    names = [f"person-{number:02d}" for number in range(1, right.shape[1] + 1)]
    responses = xr.Dataset(
        {"accuracy": (dims, right), "answer": (dims, answers), "response_time": (dims, seconds)},
        coords={
            "subject": names,
            "stimulus_id": ("presentation", [p.identifier for p in shown]),
            "run": ("presentation", [p.identifier.rsplit("-", 1)[0] for p in shown]),
            "position": ("presentation", np.arange(len(shown)) % 18),
            "reasoning_type": ("presentation", [p.reasoning_type for p in shown]),
        },
    )
    card = load_card("ds003076").model_copy(
        update={"name": "simulated", "subjects": tuple(names), "simulated": True}
    )
    return Behavior(card, shown, responses, "0" * 64)


def grouped(right: np.ndarray, groups: np.ndarray, ages: np.ndarray) -> Behavior:
    """Simulated people of several groups, whose ages are known."""
    made = people(right, problems=problems_times(len(right) // 72))
    responses = made.responses.assign_coords(group=("subject", groups), age=("subject", ages))
    card = made.card.model_copy(update={"joined": True, "missing_runs": {}})
    return replace(made, card=card, responses=responses)


def sharing(
    shared: float, n_people: int = 8, times: int = 1, accuracy: float = 0.8, seed: int = 0
) -> np.ndarray:
    """(72 * times, n_people) right or wrong: the common outcome with a known probability.

    Each takes the common outcome of an item with probability ``shared`` and else one of
    their own, of the same accuracy: error consistency is shared².
    """
    rng = np.random.default_rng(seed)
    n = 72 * times
    common = rng.random((n, 1)) < accuracy
    own = rng.random((n, n_people)) < accuracy
    return np.where(rng.random((n, n_people)) < shared, common, own).astype(float)
