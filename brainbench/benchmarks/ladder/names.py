"""Names of rungs and of forms of the responses, apart from the code that computes them."""

from __future__ import annotations

from typing import Literal, get_args

Rung = Literal["run", "position", "length", "condition", "words", "behaviour"]
RUNGS: tuple[Rung, ...] = get_args(Rung)
Form = Literal["voxels", "ROI means", "across runs"]
"""Of responses: all voxels; the mean of each ROI; all voxels, but pairs of items of two runs alone,
so that nothing within a run can make items alike."""
FORMS: tuple[Form, ...] = get_args(Form)
UNTRAINED = "untrained"
"""Name of the baseline of networks with weights drawn anew."""
IN_WORDS: dict[Rung, str] = {
    "run": "run means",
    "position": "position and neighbours",
    "length": "text length",
    "condition": "condition",
    "words": "words",
    "behaviour": "people's behaviour",
}
