"""How many people, items and repeats a new study needs for models to be found, and distinguished.

A study is simulated from people who were measured: new people take the covariance of the voxels of
a measured one, new items are problems that the generator writes, and a known share of each
person's variance is made of one layer of a model. What is found in it is counted by the code that
tests measured people. Repeats of an item are averaged: of a share s of the variance of one
presentation, k of them leave k s / (1 + (k - 1) s) (Spearman and Brown 1910).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.stats import binomtest
from threadpoolctl import threadpool_limits

from brainbench.benchmarks.ladder.detectable import LEVEL, POWER, Planted, SimulatedPeople
from brainbench.benchmarks.ladder.names import Rung
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.calibration.ladder.models import SimulatedModels, count_boards
from brainbench.calibration.record import versions
from brainbench.datasets import Recording, build_assembly
from brainbench.errors import UsageError
from brainbench.models import Activations
from brainbench.problems import REASONING_TYPES, Problem
from brainbench.problems.generator import SCANNER_RUN, make_run
from brainbench.progress import Progress, Step, no_progress

Array = NDArray[np.float64]
PER_RUN = sum(SCANNER_RUN.values())
RUNG: Rung = "length"
ALIKE = 0.5
_DRAWS = 400


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class StudyPlan(_Part):
    """Every combination of these is simulated."""

    people: tuple[int, ...] = (10, 20, 40)
    items: tuple[int, ...] = (36, 72)
    """Of each reasoning type."""
    repeats: tuple[int, ...] = (1, 2)
    shares: tuple[float, ...] = (0.01, 0.02)
    """Of the variance of each person's responses to one presentation, in voxels."""
    n: int = 100
    """Simulated studies of each, in which a model is looked for."""
    n_pairs: int = 40
    """Those in which two models are compared, which takes longer."""


class StudyRow(_Part):
    """One design and share."""

    people: int
    items: int
    repeats: int
    share: float
    found: float
    """Share of studies in which a model that people hold is found beyond text length."""
    found_interval: tuple[float, float]
    """Exact 95 % (Clopper & Pearson 1934)."""
    distinguished: float
    """Share in which it is distinguished from a model that they do not hold."""
    distinguished_interval: tuple[float, float]


class StudyDesigns(_Part):
    """The record: ``designs.json``."""

    format: int = 1
    complete: bool
    dataset: str
    """Whose responses the noise is taken from."""
    model: str
    """Whose layers are planted."""
    rung: Rung = RUNG
    """What a model is found beyond; models are distinguished beyond position."""
    alike: float = ALIKE
    """Share of the mixing from features to voxels that people have in common."""
    seed: int
    plan: StudyPlan
    versions: dict[str, str]
    rows: tuple[StudyRow, ...] = ()

    def differs_from(self, wanted: StudyDesigns) -> list[str]:
        """What keeps this record from going on as another one, in words."""
        names = ("dataset", "model", "rung", "alike", "seed", "plan", "versions")
        return [f"another {name}" for name in names if getattr(self, name) != getattr(wanted, name)]

    def least(self, share: float, which: str = "found") -> StudyRow | None:
        """The row of fewest presentations in all with a rate of 80 %; None where none has.

        Parameters
        ----------
        share : of the variance of one presentation.
        which : ``found`` or ``distinguished``.
        """
        enough = [row for row in self.rows if row.share == share and getattr(row, which) >= POWER]
        return min(
            enough, key=lambda row: (row.people * row.items * row.repeats, row.people), default=None
        )


@dataclass(frozen=True)
class Noise:
    """Voxels of measured people, nothing of the items left once they are mixed anew.

    Attributes
    ----------
    blocks : (reasoning type, ROI) → one (n, d) of each measured person, run means out.
    degrees : reasoning type → dimensions that run means leave of the n items.
    """

    blocks: dict[tuple[str, str], list[Array]]
    degrees: dict[str, int]

    @classmethod
    def of(cls, recording: Recording, seed: int) -> Noise:
        """The noise of a recording, every ROI and reasoning type."""
        types = Ladder.prepare(recording, seed, draws=1).types
        people = SimulatedPeople(types, {})
        return cls(
            people.noise, {kind: one.projections["run"].degrees for kind, one in types.items()}
        )

    def person(self, sizes: dict[str, int], rng: np.random.Generator) -> dict[str, Array]:
        """ROI → (sum of sizes, d) responses of a new person to new items, without any signal.

        Parameters
        ----------
        sizes : items of each reasoning type.
        rng : chooses the measured person, and draws the items' responses.
        """
        kinds = list(sizes)
        rois = list(dict.fromkeys(roi for _, roi in self.blocks))
        measured = rng.integers(len(self.blocks[kinds[0], rois[0]]))
        # one mixture for all regions: what they have in common of a trial stays
        mixtures = {
            kind: rng.standard_normal((sizes[kind], len(self.blocks[kind, rois[0]][measured])))
            / np.sqrt(self.degrees[kind])
            for kind in kinds
        }
        found = {}
        for roi in rois:
            parts = [mixtures[kind] @ self.blocks[kind, roi][measured] for kind in kinds]
            width = max(part.shape[1] for part in parts)
            # types differ in the dimensions that stand for their voxels
            found[roi] = np.vstack(
                [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in parts]
            )
        return found


def new_designs(
    dataset: str, model: str, seed: int = 0, plan: StudyPlan | None = None
) -> StudyDesigns:
    """A record without rows.

    Raises
    ------
    UsageError
        When a design cannot be simulated.
    """
    plan = plan or StudyPlan()
    if min(plan.people) < 3:
        raise UsageError(f"a study of {min(plan.people)} people is too small; 3 are the least")
    for items in plan.items:
        if items < 2 * PER_RUN or items % PER_RUN:
            raise UsageError(
                f"{items} items of a type do not make runs of {PER_RUN}: give {2 * PER_RUN}, "
                f"{3 * PER_RUN}, {4 * PER_RUN}, …"
            )
    if min(plan.repeats) < 1:
        raise UsageError("an item is shown once or more")
    for share in plan.shares:
        if not 0.0 < share < 1.0:
            raise UsageError(f"a share of variance lies between 0 and 1; {share:g} does not")
    return StudyDesigns(
        complete=False, dataset=dataset, model=model, seed=seed, plan=plan,
        versions=versions(__name__),
    )  # fmt: skip


def write_problems(reasoning_types: Sequence[str], items: int, seed: int) -> tuple[Problem, ...]:
    """New problems in runs of 18, as in the scanner.

    Parameters
    ----------
    reasoning_types : of the dataset.
    items : of each type.
    seed : of the problems.

    Raises
    ------
    UsageError
        When the generator does not make problems of a type.
    """
    found: list[Problem] = []
    for kind in reasoning_types:
        if kind not in REASONING_TYPES:
            raise UsageError(
                f"new problems of the type {kind!r} cannot be written; studies are simulated of "
                f"{', '.join(REASONING_TYPES)}"
            )
        for run in range(items // PER_RUN):
            rng = np.random.default_rng([seed, 4, len(found)])
            found += make_run(f"{kind}-{run + 1:02d}", kind, rng)
    return tuple(found)


def simulate_study(
    recording: Recording, noise: Noise, problems: Sequence[Problem], people: int, seed: int
) -> Recording:
    """New people and new problems, noise as measured and no signal.

    Parameters
    ----------
    recording : whose card is followed.
    noise : of its people.
    problems : from :func:`write_problems`.
    people : how many.
    seed : of people and their responses.
    """
    rng = np.random.default_rng([seed, 5, people, len(problems)])
    kinds: list[str] = [problem.reasoning_type for problem in problems]
    sizes = {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}
    names = [f"simulated-{number + 1:03d}" for number in range(people)]
    blocks = {
        (name, roi): block for name in names for roi, block in noise.person(sizes, rng).items()
    }
    places = [problem.identifier.rsplit("-", 1) for problem in problems]
    shown = pd.DataFrame(
        {
            "stimulus_id": [problem.identifier for problem in problems],
            "run": [run for run, _ in places],
            "position": [int(place) for _, place in places],
            "repeat": 0,
            "reasoning_type": kinds,
        }
    )
    card = recording.card.model_copy(
        update={
            "name": "study",
            "simulated": True,
            "subjects": tuple(names),
            "rois": {roi: block.shape[1] for (name, roi), block in blocks.items()},
            "missing_runs": {},
        }
    )
    return Recording(card, build_assembly(shown, blocks), tuple(problems), "")


def after_repeats(share: float, repeats: int) -> float:
    """Share of variance in the mean over repeats, of a share in one presentation."""
    return repeats * share / (1.0 + (repeats - 1) * share)


def simulate_designs(
    record: StudyDesigns,
    recording: Recording,
    read: Callable[[Sequence[Problem]], Activations],
    progress: Progress = no_progress,
    save: Callable[[StudyDesigns], None] = lambda record: None,
) -> StudyDesigns:
    """Count what is found in every design of a plan; rows that are there stay.

    Parameters
    ----------
    record : from :func:`new_designs`, or an unfinished one.
    recording : people who were measured.
    read : gives a model's states on problems.
    progress : called before each row.
    save : called with the record whenever a row was added.
    """
    plan = record.plan
    done = {(row.people, row.items, row.repeats, row.share) for row in record.rows}
    designs = list(product(plan.items, plan.people))
    cells = list(product(plan.repeats, plan.shares))
    total = len(designs) * len(cells)
    # with more threads a product is summed in another order: digits would depend on the machine
    with threadpool_limits(limits=1):
        noise = Noise.of(recording, record.seed)
        for place, (items, count) in enumerate(designs):
            wanted = [cell for cell in cells if (count, items, *cell) not in done]
            if not wanted:
                continue
            problems = write_problems(recording.card.reasoning_types, items, record.seed)
            study = simulate_study(recording, noise, problems, count, record.seed)
            ladder = Ladder.prepare(study, record.seed, draws=_DRAWS)
            people = SimulatedPeople(ladder.types, ladder.layers(read(problems)), _DRAWS)
            # few dimensions stand for voxels already: to look for them again would take longest
            people.__dict__["noise"] = {
                (kind, roi): [one.projections["run"].group @ own for own in one.cell.people(roi)]
                for kind, one in ladder.types.items()
                for roi in one.cell.rois
            }
            models = SimulatedModels(people)
            for number, (repeats, share) in enumerate(wanted, place * len(cells)):
                name = f"{count} people, {items} items, shown {repeats} times, {share:.0%}"
                progress(Step(name, number, total))
                row = _count(people, models, (count, items, repeats, share), record)
                record = record.model_copy(update={"rows": (*record.rows, row)})
                save(record)
    record = record.model_copy(update={"complete": True})
    save(record)
    return record


def _count(
    people: SimulatedPeople,
    models: SimulatedModels,
    design: tuple[int, int, int, float],
    record: StudyDesigns,
) -> StudyRow:
    count, items, repeats, share = design
    left = after_repeats(share, repeats)
    p = people.p_values(record.rung, Planted(left, record.alike), record.seed, record.plan.n)
    found = int((p["larger"] <= LEVEL).sum())
    pairs = count_boards(
        models, (2, left, record.alike), record.plan.n_pairs, record.seed, equal=False
    )
    bounds = binomtest(found, record.plan.n).proportion_ci(0.95, method="exact")
    return StudyRow(
        people=count,
        items=items,
        repeats=repeats,
        share=share,
        found=found / record.plan.n,
        found_interval=(float(bounds.low), float(bounds.high)),
        distinguished=pairs.apart,
        distinguished_interval=pairs.interval,
    )
