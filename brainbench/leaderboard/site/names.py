"""What a model is called on the pages: a plain name, and the rest in small tags."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results import Record

# how files of weights are named by the format of their numbers
_NUMBERS = re.compile(
    r"[-_.](?P<format>I?Q\d+(?:_[0-9A-Z]+)*|BF16|F16|F32|FP16|FP8|INT8|INT4|MXFP4)$", re.IGNORECASE
)
_VARIANTS = (("untrained", "untrained"), ("steer", "steered"), ("finetuned", "fine-tuned"))


@dataclass(frozen=True)
class ModelName:
    """What a model is called.

    Attributes
    ----------
    base : of the model as it came, without the format of its numbers.
    numbers : that format, such as ``Q4_K_M``; empty where the name has none.
    variant : ``untrained``, ``steered``, ``fine-tuned``; empty for a model as it came.
    detail : of the variant: the seed, or the data that it learned from.
    tags : in small print beside the name.
    """

    base: str
    numbers: str = ""
    variant: str = ""
    detail: str = ""
    tags: tuple[str, ...] = ()

    @property
    def full(self) -> str:
        """``SmolLM2-135M-Instruct, untrained``."""
        return f"{self.base}, {self.variant}" if self.variant else self.base


def split_name(name: str) -> ModelName:
    """The parts of a name that a record gives its model.

    Parameters
    ----------
    name : such as ``SmolLM2-135M-Instruct.Q4_1+untrained-0``.
    """
    base, _, rest = name.partition("+")
    found = _NUMBERS.search(base)
    numbers = found["format"].upper() if found else ""
    base = base[: found.start()] if found and found.start() else base
    for begin, word in _VARIANTS:
        if rest.startswith(begin):
            detail = rest.removeprefix(begin).lstrip("-")
            return ModelName(base, numbers, word, detail)
    return ModelName(base, numbers, rest)


def name_of(submission: Submission) -> ModelName:
    """What the model of a run is called, with its tags.

    Parameters
    ----------
    submission : a run; its name is the one that it was submitted under.
    """
    model, metadata = submission.record.model, submission.metadata
    found = split_name(model.identifier if metadata is None else metadata.model)
    variant = word = found.variant or _variant_of(submission.record)
    if variant == "untrained" and found.detail:
        word = f"untrained, seed {found.detail}"
    tags = [word, found.numbers, "built in" if model.builtin else ""]
    if model.prompt is None and model.device is None:
        tags.append("activations only")
    return ModelName(found.base, found.numbers, variant, found.detail, tuple(filter(None, tags)))


def _variant_of(record: Record) -> str:
    """What was done to a model whose name does not say it."""
    if record.model.steering is not None:
        return "steered"
    options = record.config.get("options")
    given: dict[str, Any] = options if isinstance(options, dict) else {}
    if given.get("untrained") is not None:
        return "untrained"
    return "with an adapter" if given.get("peft") else ""
