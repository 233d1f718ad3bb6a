"""FOLIO v0.0: problems in natural language that nobody was scanned on (Han et al., 2022)."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

from brainbench.datasets.cards import load_card
from brainbench.datasets.download import Progress, fetch
from brainbench.errors import DataError, UnknownNameError
from brainbench.foreign import parse_json

Label = Literal["True", "False", "Uncertain"]
SPLITS = ("train", "validation")
_PATH = "data/v0.0/folio-{split}.jsonl"
_UNCERTAIN = "Unknown"  # so spelt in the training file


@dataclass(frozen=True)
class FolioProblem:
    """Premises, a conclusion, and whether it holds, fails, or neither.

    Attributes
    ----------
    identifier : split and row, e.g. ``folio-validation-0003``.
    story : the premises by their hash; problems of one story are one cluster.
    label : as published. It is not proven here: the sentences are free English.
    """

    identifier: str
    story: str
    premises: tuple[str, ...]
    conclusion: str
    label: Label


def load(split: str = "validation", progress: Progress | None = None) -> tuple[FolioProblem, ...]:
    """Load one split: 1,004 problems to train on, 204 to validate.

    Parameters
    ----------
    split : ``train`` or ``validation``.
    progress : called with (path, number, count) before the file is fetched.

    Raises
    ------
    UnknownNameError
        When there is no such split.
    DataError
        When the file cannot be had or read.
    """
    if split not in SPLITS:
        raise UnknownNameError("split of folio", split, SPLITS)
    path = _PATH.format(split=split)
    content = fetch(load_card("folio"), [path], progress)[path].read_text("utf-8")
    lines = content.strip("\n").split("\n")
    return tuple(_read(line, f"folio-{split}-{i:04d}") for i, line in enumerate(lines))


def _read(line: str, identifier: str) -> FolioProblem:
    try:
        row = parse_json(line)
        premises, conclusion, label = row["premises"], row["conclusion"], row["label"]
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{identifier} cannot be read: {error}") from error
    story = hashlib.sha256("\n".join(premises).encode()).hexdigest()[:12]
    if label == _UNCERTAIN:
        label = "Uncertain"
    if label not in get_args(Label):
        raise DataError(f"{identifier} has the label {label!r}, none of FOLIO's")
    kept = tuple(premise.strip() for premise in premises if premise.strip())  # some are empty
    return FolioProblem(identifier, f"folio-{story}", kept, conclusion.strip(), label)
