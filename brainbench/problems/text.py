"""A text that people read, and any stimulus: such a text, or a deductive problem."""

from __future__ import annotations

from dataclasses import dataclass

from brainbench.problems.problem import Problem

TEXT = "text"


@dataclass(frozen=True)
class Text:
    """A sentence or a passage, that nothing is asked about.

    Attributes
    ----------
    identifier : name of the text, unique in its set.
    text : as it was shown.
    reasoning_type : the kind of text that the dataset sorts it into; ``text`` where it has one.
    """

    identifier: str
    text: str
    reasoning_type: str = TEXT

    @property
    def sentences(self) -> tuple[str, ...]:
        """The text, in one piece."""
        return (self.text,)


Stimulus = Problem | Text
