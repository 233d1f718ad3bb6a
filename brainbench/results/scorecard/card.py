"""One scorecard of a record: a line for each kind of score, and what to make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from hashlib import sha256

from brainbench.results.blocks import Block, ScoreLine, Scores, Words
from brainbench.results.record import Record
from brainbench.results.scorecard.accuracy import read_accuracy
from brainbench.results.scorecard.alignment import read_alignment
from brainbench.results.scorecard.behavior import read_behavior
from brainbench.results.scorecard.difficulty import read_difficulty
from brainbench.results.scorecard.guidance import read_guidance
from brainbench.results.scorecard.reading import Reading
from brainbench.results.sections.other import scores_without_section
from brainbench.results.sections.planted import planted_blocks
from brainbench.results.wording import number

_MOST_SENTENCES = 3


@dataclass(frozen=True)
class Scorecard:
    """What a person reads first of a run.

    Attributes
    ----------
    key : of its pictures, another one for every run.
    readings : a line with its sentences for each kind of score that the record holds, in the order
        alignment, behaviour, difficulty, accuracy, guidance, others.
    empty : the text where there is none.
    planted : of simulated people, what each region holds and what was found there.
    """

    key: str
    readings: tuple[Reading, ...]
    empty: str = ""
    planted: Sequence[Block] = ()

    @property
    def lines(self) -> list[ScoreLine]:
        """The lines alone."""
        return [reading.line for reading in self.readings]

    @property
    def sentences(self) -> list[str]:
        """At most three: what was found, what explains it, what would settle it.

        They are of the first line; the others are read by their verdicts.
        """
        if not self.readings:
            return [self.empty]
        first, *others = self.readings
        found = first.sentences
        for other in others:
            if len(found) >= _MOST_SENTENCES - 1:
                break
            found.insert(1, other.found)
        return found[:_MOST_SENTENCES]

    @property
    def read(self) -> list[Block]:
        """The lines and the sentences."""
        return [Scores(self.lines, self.key), Words(" ".join(self.sentences))]

    @property
    def blocks(self) -> list[Block]:
        """The card as every renderer takes it: of simulated people, first what was planted."""
        return [*self.planted, *self.read]


def scorecard(record: Record) -> Scorecard:
    """The scorecard of a record; it has no line for what the record does not hold.

    Parameters
    ----------
    record : whole or in part, of any schema that is read.
    """
    readings = [
        *read_alignment(record),
        *read_behavior(record),
        *read_difficulty(record),
        *read_accuracy(record),
        *read_guidance(record),
        *_others(record),
    ]
    planted = planted_blocks(record)
    if planted:
        # the truth is known: nothing is left to be settled
        readings = [replace(reading, settled="") for reading in readings]
    started = record.status == "started"
    empty = "This run has no scores yet." if started else "No score came out."
    key = f"card-{sha256(record.run_id.encode()).hexdigest()[:8]}"
    return Scorecard(key, tuple(readings), empty, planted)


def _others(record: Record) -> list[Reading]:
    """Scores of kinds that plugins bring: their headline."""
    return [
        Reading(
            ScoreLine(
                name=score.kind,
                statistic=score.benchmark,
                value=score.value,
                interval=None,
                against="",
                held=None,
                verdict="see its own documentation",
            ),
            f"{score.benchmark} scores {number(score.value)}.",
        )
        for score in scores_without_section(record)
        if score.value is not None
    ]
