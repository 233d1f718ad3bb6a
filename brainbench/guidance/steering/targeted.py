"""The paper's targeted search, for every arm: answers flipped, and effects on other items."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.arm_signals import remake_of
from brainbench.guidance.arms import (
    GUIDED,
    GUIDED_RESTARTS,
    LABEL_ONLY,
    PERMUTED,
    PERMUTED_RESTARTS,
    RANDOM,
    RESTARTS,
    find_arm,
    searched,
)
from brainbench.guidance.evaluation.cached_prompts import PrefilledBatch
from brainbench.guidance.maps import fit_published
from brainbench.guidance.methods.directions import (
    SteeringLoss,
    Training,
    class_difference,
    random_direction,
    to_unit,
)
from brainbench.guidance.objective import Objective
from brainbench.guidance.rows import SearchRow
from brainbench.guidance.score import SearchScore
from brainbench.guidance.steering.asking import ask_all
from brainbench.guidance.steering.experiment import arm_of
from brainbench.guidance.steering.flips import Flips, correct_flips, flips_against
from brainbench.guidance.steering.general import general_direction
from brainbench.guidance.steering.restarts import generator, restart_course, towards_right
from brainbench.guidance.steering.search import (
    Pairs,
    Search,
    follow,
    keep,
    scale_of,
    search,
    stay,
    wrong_and_right,
)
from brainbench.guidance.verdict import powerless
from brainbench.progress import Count, Progress, counting, no_progress
from brainbench.statistics.answers import auc, balanced_accuracy

Tried = Callable[[int, int], None]
PUBLISHED_WAY = SteeringLoss("cosine", "raw")
SEARCHED = searched()


# guided is not compared with itself
_ITSELF: Flips = {"guided_minus": None, "interval": None, "p": None}


@dataclass(frozen=True)
class Targeted:
    """Items of one reasoning type, searched for every arm.

    Attributes
    ----------
    training : items, states at the layers that are steered, answers.
    held : the items as questions.
    labels : (n_items,) number of the right choice.
    odds : (n_items,) log-odds before.
    way : loss and centring.
    limit : search only for so many items that the model has wrong, the first; None: for all.
    """

    training: Training
    held: Sequence[PrefilledBatch]
    labels: NDArray[np.int64]
    odds: Array
    way: SteeringLoss = PUBLISHED_WAY
    limit: int | None = None

    @property
    def pairs(self) -> Pairs:
        """People and problems that they have right and the model wrong, up to the limit."""
        found = wrong_and_right(self.training.answer, self.labels, self.training.signals.right)
        kept = np.isin(found.items, np.unique(found.items)[: self.limit])
        return Pairs(found.people[kept], found.items[kept], found.labels)

    def run(
        self,
        arms: Sequence[str] = SEARCHED,
        seeds: Sequence[int] = (0,),
        report: Progress = no_progress,
    ) -> tuple[list[SearchRow], dict[str, Search]]:
        """Search for every arm; the first seed's searches beside the rows.

        Arms without signals follow the guided search: each pair keeps one direction, and is asked
        as often as a search may, at the lengths that its guided direction had. Arms with restarts
        follow it too, with another direction at every try (:mod:`.restarts`). Guided is compared
        with arms of one direction or one search, guided restarts with arms with restarts.

        Parameters
        ----------
        arms : names; each gives a row, in this order.
        seeds : of stochastic arms; the others take the first.
        report : called as work goes on.

        Raises
        ------
        DataError
            When there is no pair to search for.
        """
        pairs = self.pairs
        if not len(pairs.items):
            raise DataError("the model has no item wrong that a person has right")
        # guided comes first, for it sets the lengths of others
        ordered = sorted(arms, key=lambda arm: arm != GUIDED)
        named = {arm: i for i, arm in enumerate(ordered)}
        guided = self._search(GUIDED, 0, pairs, _counting(report, GUIDED, 0, len(arms)))
        every: dict[str, list[Search]] = {GUIDED: [guided]}
        for arm in ordered:
            if arm == GUIDED:
                continue
            own = seeds if arm in RESTARTS or find_arm(arm).stochastic else seeds[:1]
            every[arm] = [
                self._one(
                    arm, seed, pairs, guided, _counting(report, arm, named[arm], len(arms), of)
                )
                for seed, of in zip(own, _counted(len(own)), strict=True)
            ]
        rows = [self._row(arm, every) for arm in arms]
        first = {arm: every[arm][0] for arm in arms}
        return correct_flips(rows, powerless(self.way.loss, self.way.centring)), first

    def search(self, arm: str, seed: int, report: Progress = no_progress) -> Search:
        """Search for one arm that has responses.

        Parameters
        ----------
        arm : name of an arm with signals.
        seed : of its draws, where it is stochastic.
        report : called as work goes on.
        """
        return self._search(arm, seed, self.pairs, counting(report, f"targeted search, {arm}"))

    def _one(self, arm: str, seed: int, pairs: Pairs, guided: Search, report: Tried) -> Search:
        if arm in RESTARTS:
            course = restart_course(arm, self.training, pairs, self.way, seed)
        elif find_arm(arm).has_signals:
            return self._search(arm, seed, pairs, report)
        else:
            course = keep(self._directions(arm, seed, pairs))
        return follow(self.held, pairs, guided.lengths, course, report)

    def _search(self, arm: str, seed: int, pairs: Pairs, report: Tried) -> Search:
        if arm in powerless(self.way.loss, self.way.centring):
            return stay(self.held, pairs, self.training.states.shape[1:])
        signals = remake_of(arm)(self.training.signals, generator(seed, arm))
        maps = fit_published(self.training.states, signals.responses)
        objective = Objective(maps, signals.responses, self.way.loss, self.way.centring)
        return search(
            self.held,
            self.training.states,
            objective,
            pairs,
            scale_of(self.training.states),
            report,
        )

    def _directions(self, arm: str, seed: int, pairs: Pairs) -> Array:
        """(R, L, units) the unit direction that each pair keeps through all its tries."""
        shape = self.training.states.shape[1:]
        if arm == LABEL_ONLY:
            # towards the right answer: the search knows it too, it stops there
            difference = to_unit(class_difference(self.training.states, self.labels == 0))
            return towards_right(difference, pairs, np.arange(len(pairs.items)))
        if arm != RANDOM:
            raise DataError(f"{arm} is not an arm of the targeted search")
        # by person and item, it is the same whichever other pairs there are
        drawn = [
            random_direction(shape, generator(seed, arm, person, item))
            for person, item in zip(pairs.people.tolist(), pairs.items.tolist(), strict=True)
        ]
        return np.stack(drawn)

    def _row(self, arm: str, every: Mapping[str, Sequence[Search]]) -> SearchRow:
        found = every[arm]
        against, flips = _compared(arm, every)
        sigma = scale_of(self.training.states).sigma
        tries = [each.tries[each.flipped].mean() for each in found if each.flipped.any()]
        lengths = [
            (np.linalg.norm(each.delta[each.flipped], axis=-1) / sigma).mean()
            for each in found
            if each.flipped.any()
        ]
        first, shares = found[0], [float(each.flipped.mean()) for each in found]
        return SearchRow(
            arm=arm,
            n_seeds=len(found),
            flipped=float(np.mean(shares)),
            flipped_range=(min(shares), max(shares)) if len(shares) > 1 else None,
            n_flipped=len(set(first.pairs.items[first.flipped].tolist())),
            tries=float(np.mean(tries)) if tries else None,
            length=float(np.mean(lengths)) if lengths else None,
            reverted=float(np.mean([each.reverted.sum() for each in found])),
            one_direction=_one_direction(arm),
            against=against,
            **flips,
            **self._elsewhere(first),
        )

    def _elsewhere(self, found: Search) -> dict[str, Any]:
        """Effects on all items of the mean of the directions that flipped."""
        names = ("gained", "lost", "true_rate", "auc", "balanced_accuracy")
        if not found.flipped.any():
            return {f"direction_{name}": None for name in names}
        found_now = ask_all(self.held, len(self.labels), general_direction(found)[None, None])
        answer, odds = found_now.answer[:, 0], found_now.odds[:, 0]
        right, before = answer == self.labels, self.training.answer == self.labels
        values = (
            int((right & ~before).sum()),
            int((before & ~right).sum()),
            float((answer == 0).mean()),
            float(auc(odds, self.labels == 0)),
            balanced_accuracy(answer == self.labels, self.labels),
        )
        return {f"direction_{name}": value for name, value in zip(names, values, strict=True)}


def _one_direction(arm: str) -> bool | None:
    if arm in RESTARTS:
        return False
    return None if find_arm(arm).has_signals else True


def _compared(arm: str, every: Mapping[str, Sequence[Search]]) -> tuple[str | None, Flips]:
    """Like with like: restarts with guided restarts, where there are some, all else with guided."""
    against, permuted = GUIDED, PERMUTED
    if arm in RESTARTS:
        against, permuted = GUIDED_RESTARTS, PERMUTED_RESTARTS
    if arm == against or against not in every:
        return None, _ITSELF
    return against, flips_against(every[against], every[arm], every.get(permuted, []))


def _counting(report: Progress, arm: str, number: int, count: int, of: str = "") -> Count:
    return counting(report, f"targeted search, {arm_of(arm, number, count)}{of}")


def _counted(seeds: int) -> list[str]:
    return [f", seed {i + 1} of {seeds}" if seeds > 1 else "" for i in range(seeds)]


def search_score(
    found: Targeted, rows: list[SearchRow], site: str, layers: Sequence[int]
) -> SearchScore:
    """The score of a targeted search: its rows, and what they were measured on.

    Parameters
    ----------
    found : what was searched.
    rows : one for each arm.
    site : where vectors were added.
    layers : numbers of the layers that were steered.
    """
    signals, labels = found.training.signals, found.labels
    dataset, roi, kind = signals.source.split(".")
    wrong = int((found.training.answer != labels).sum())
    return SearchScore(
        dataset=dataset,
        roi=roi,
        reasoning_type=kind,
        site=site,
        layers=list(layers),
        loss=found.way.loss,
        centring=found.way.centring,
        n_people=signals.n_people,
        n_items=len(labels),
        n_wrong=wrong,
        n_pairs=len(found.pairs.items),
        true_rate=float((found.training.answer == 0).mean()),
        auc=float(auc(found.odds, labels == 0)),
        balanced_accuracy=balanced_accuracy(found.training.answer == labels, labels),
        rows=rows,
    )
