"""The ladder of a model on one dataset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from brainbench.benchmarks.feature_spaces import model_space
from brainbench.benchmarks.ladder.climb import RungResult, climb
from brainbench.benchmarks.ladder.comparing import compared_by, effects
from brainbench.benchmarks.ladder.detectable import SimulatedPeople, detectable_share
from brainbench.benchmarks.ladder.names import FORMS, RUNGS, UNTRAINED, Form, Rung
from brainbench.benchmarks.ladder.people import LadderType, prepare_types, responses
from brainbench.benchmarks.ladder.score import (
    ALL,
    FIRST,
    BaselineRow,
    FormRow,
    LadderRow,
    RungFacts,
    SharedRow,
    stops_at,
)
from brainbench.datasets import Recording
from brainbench.encoding import linear_kernels
from brainbench.encoding.kernels import Array
from brainbench.encoding.ladder.combination import Tested
from brainbench.encoding.ladder.permutations import PERMUTATIONS
from brainbench.encoding.ladder.reference import shared_response
from brainbench.encoding.ladder.terms import Statistic
from brainbench.encoding.threads import parallel
from brainbench.errors import DataError
from brainbench.models import Activations

Values = dict[str, Any]
# above so many items of a type an order costs hundreds of times what it does of 36
MANY_ITEMS = 150
FEWER_PERMUTATIONS = 2_000


@dataclass(frozen=True)
class Ladder:
    """A dataset's people, prepared for any features.

    Attributes
    ----------
    dataset : its name.
    types : its reasoning types.
    seed : of everything that is drawn.
    """

    dataset: str
    types: Mapping[str, LadderType]
    seed: int

    @classmethod
    def prepare(
        cls,
        recording: Recording,
        seed: int,
        limit: int | None = None,
        draws: int | None = None,
    ) -> Ladder:
        """People of every ROI and reasoning type of a recording.

        Parameters
        ----------
        recording : with the ROIs to be tested.
        seed : of permutations and simulated people.
        limit : only the first items of each reasoning type.
        draws : random permutations; by default 10,000, and 2,000 where a reasoning type has more
            than 150 items.
        """
        card = recording.card
        rois = [roi for roi in card.rois if roi in set(recording.assembly["roi"].values)]
        counts = Counter(problem.reasoning_type for problem in recording.problems)
        most = max(min(count, limit or count) for count in counts.values())
        usual = FEWER_PERMUTATIONS if most > MANY_ITEMS else PERMUTATIONS
        types = prepare_types(recording, card.reasoning_types, rois, seed, limit, draws or usual)
        return cls(card.name, types, seed)

    def layers(self, activations: Activations) -> dict[str, Array]:
        """Inner products of items at every site and layer, per reasoning type."""
        return {
            kind: np.asarray(model_space(one.cell, activations).kernels)
            for kind, one in self.types.items()
        }

    def test_model(self, activations: Activations) -> Values:
        """Rows of a model, in every form of the responses, and the share that is detectable.

        Raises
        ------
        DataError
            When its states do not vary over the items.
        """
        layers = self.layers(activations)
        results = climb(self.types, layers, FORMS)
        rows = [row for result in results for row in self._rows(result)]
        forms = [
            FormRow(**row.model_dump(), form=form)
            for form in FORMS
            if form != "voxels"
            for result in results
            for row in self._together(result, form)
        ]
        if not results:
            raise DataError(
                "the model's states are the same for every problem: nothing can be found with "
                "them. Check the activations, or the readout they were read with"
            )
        rung = stops_at(rows) or results[-1].rung
        # models are compared beyond position, so that much is said of each
        last = max(rung, FIRST, key=RUNGS.index)
        people = SimulatedPeople(self.types, layers)
        return {
            "rows": [row.model_dump() for row in rows],
            "forms": [row.model_dump() for row in forms],
            "detectable": detectable_share(people, rung, self.seed),
            "effects": [
                row.model_dump(mode="json")
                for row in effects(self.types, layers, last, self.shared)
            ],
            "compared": compared_by(self.types, layers, results).model_dump(mode="json"),
        }

    def test_untrained(self, untrained: Sequence[Activations]) -> list[BaselineRow]:
        """Rows of untrained networks."""
        return self._baselines(
            [(UNTRAINED, draw, self.layers(one)) for draw, one in enumerate(untrained)]
        )

    def test_nuisance(self) -> list[BaselineRow]:
        """Rows of the columns of each rung alone, as features: at the rungs below it."""
        given = []
        for rung in RUNGS[1:]:
            columns = {kind: one.columns[rung].group for kind, one in self.types.items()}
            if any(own.any() for own in columns.values()):
                kernels = {kind: linear_kernels(own[:, None, :]) for kind, own in columns.items()}
                given.append((_alone(rung), 0, kernels))
        return self._baselines(given)

    @cached_property
    def shared(self) -> list[SharedRow]:
        """What people share at each rung, in each cell."""
        forms: tuple[Form, ...] = ("voxels", "ROI means")
        asked = [
            (rung, kind, roi, form)
            for rung in RUNGS
            for kind, one in self.types.items()
            if rung in one.projections
            for roi in one.cell.rois
            for form in forms
        ]
        return [row for row in parallel(lambda args: self._shared(*args), asked) if row]

    @property
    def rungs(self) -> list[RungFacts]:
        """Dimensions of the items that each rung leaves."""
        return [
            RungFacts(rung=rung, reasoning_type=kind, degrees=one.projections[rung].degrees)
            for rung in RUNGS
            for kind, one in self.types.items()
            if rung in one.projections
        ]

    def _baselines(self, given: list[tuple[str, int, dict[str, Array]]]) -> list[BaselineRow]:
        # people's side first: it would be made in every thread
        for one in self.types.values():
            one.targets("voxels")
        climbed = parallel(lambda args: climb(self.types, args[2]), given)
        return [
            BaselineRow(**row.model_dump(), baseline=name, draw=draw)
            for (name, draw, _), results in zip(given, climbed, strict=True)
            for result in results
            for row in self._together(result, "voxels")
        ]

    def _shared(self, rung: Rung, kind: str, roi: str, form: Form) -> SharedRow | None:
        one = self.types[kind]
        blocks = [responses(block, form) for block in one.cell.people(roi)]
        found = shared_response(blocks, one.projections[rung].group)
        if found is None:
            return None
        return SharedRow(
            rung=rung, roi=roi, reasoning_type=kind, form=form, r=found.r, interval=found.interval
        )

    def _rows(self, result: RungResult) -> Iterator[LadderRow]:
        yield from self._together(result, "voxels")
        for (roi, kind), tests in result.cells().items():
            yield from self._named(result, tests, roi, kind)

    def _together(self, result: RungResult, form: Form) -> Iterator[LadderRow]:
        return self._named(result, result.together(form), ALL, ALL)

    def _named(
        self, result: RungResult, tests: Mapping[Statistic, Tested], roi: str, kind: str
    ) -> Iterator[LadderRow]:
        for term, test in tests.items():
            yield LadderRow(
                dataset=self.dataset,
                rung=result.rung,
                term=term,
                roi=roi,
                reasoning_type=kind,
                z=test.z,
                p=test.p,
                n_permutations=result.n_permutations,
            )


def _alone(rung: Rung) -> str:
    return {"position": "position and neighbours"}.get(rung, rung) + " alone"
