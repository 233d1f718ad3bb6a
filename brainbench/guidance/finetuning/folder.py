"""The folder of a fine-tuned model: a PEFT adapter, and the record of its training.

``adapter_config.json`` and ``adapter_model.safetensors`` are what ``--peft``, lm-eval and vLLM
load; ``finetuning.json`` tells how they were made, ``README.md`` is their model card. While
training runs there are ``checkpoints/``, to go on from, and ``best/``, the adapter of the best
epoch so far; they go when it ends well.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, JsonValue
from safetensors import SafetensorError

from brainbench.atomic import whole_file
from brainbench.errors import DataError, UsageError
from brainbench.foreign import fault_of, parse_json, read_text
from brainbench.guidance.finetuning.card import adapter_card
from brainbench.guidance.finetuning.history import History
from brainbench.models.checkpoints.adapter_base import CONFIG, TRAINING, WEIGHTS
from brainbench.models.model_card import remove_card, write_card
from brainbench.paths import user_path

RECORD, HISTORY = TRAINING, "history.json"
_CHECKPOINTS, _BEST = "checkpoints", "best"
_ADVICE = "give another folder with --output-path, or --overwrite"


class FinetuningRecord(BaseModel):
    """``finetuning.json``."""

    model_config = ConfigDict(extra="forbid")

    format_version: Literal[1] = 1
    status: Literal["started", "finished"]
    model: dict[str, JsonValue]
    """Identifier, hash of weights, number format, wording of the question."""
    data: dict[str, JsonValue]
    """Source of the signals, their hash, how many people and items took part."""
    recipe: dict[str, JsonValue]
    """What was learned, layers written out."""
    budget: dict[str, JsonValue]
    """How long and how fast, with the seed."""
    versions: dict[str, str]
    arm: str | None = None
    """Name of the arm, where it is one of a comparison."""
    answers: dict[str, str] | None = None
    """The spelling of each answer that is learned."""
    history: History = History()
    best_epoch: int | None = None
    stopped_early: bool = False

    def differs_from(self, other: FinetuningRecord) -> list[str]:
        """Names of the settings in which another training differs; versions last."""
        mine, its = self.model_dump(), other.model_dump()
        names = []
        for part in ("model", "data", "recipe", "budget", "versions"):
            keys = sorted(set(mine[part]) | set(its[part]))
            names += [f"{part}.{k}" for k in keys if mine[part].get(k) != its[part].get(k)]
        return names + (["arm"] if self.arm != other.arm else [])


class FinetuningFolder:
    """The folder of one training.

    Parameters
    ----------
    path : made when something is written.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = user_path(path)

    @property
    def checkpoints(self) -> Path:
        """Folder of the checkpoints."""
        return self.path / _CHECKPOINTS

    @property
    def best(self) -> Path:
        """Folder of the best adapter so far."""
        return self.path / _BEST

    def load(self) -> FinetuningRecord | None:
        """The record that is there; None where there is none.

        Raises
        ------
        DataError
            When it cannot be read.
        """
        path = self.path / RECORD
        if not path.is_file():
            return None
        try:
            return FinetuningRecord.model_validate(parse_json(read_text(path)))
        except (DataError, ValueError) as error:
            raise DataError(
                f"{path} is not a training that this brainbench can read: {fault_of(error)}"
            ) from error

    def begin(self, record: FinetuningRecord, resume: bool) -> FinetuningRecord:
        """Claim the folder for a new training, or resume the one in it.

        Parameters
        ----------
        record : of the training that is asked for.
        resume : whether the same training may be gone on with.

        Returns
        -------
        The record that is there where the same training is gone on with, else the new one.

        Raises
        ------
        UsageError
            When another training is there, or this one and nobody asked to go on with it.
        DataError
            When what is there cannot be read.
        """
        kept = self.load()
        if kept is None:
            self.refuse_others()
            self.save(record)
            return record
        reasons = kept.differs_from(record)
        if reasons:
            raise UsageError(
                f"{self.path} holds another training (other {', '.join(reasons[:4])}); {_ADVICE}"
            )
        if not resume:
            state = "this training, finished" if kept.status == "finished" else "part of it"
            raise UsageError(
                f"{self.path} holds {state} already; --resume goes on with it, or {_ADVICE}"
            )
        return kept

    def save(self, record: FinetuningRecord) -> None:
        """Write the record in one piece."""
        with self.writing(), whole_file(self.path / RECORD) as partial:
            partial.write_text(record.model_dump_json(indent=1) + "\n", "utf-8")

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that is whole."""
        found = [
            path
            for path in self.checkpoints.glob("checkpoint-*")
            if (path / HISTORY).is_file() and path.name.partition("-")[2].isdigit()
        ]
        return max(found, key=lambda path: int(path.name.partition("-")[2]), default=None)

    def finish(self, record: FinetuningRecord) -> None:
        """Put the best adapter in its place, then the record, and drop what led there."""
        with self.writing():
            for name in (WEIGHTS, CONFIG):
                with whole_file(self.path / name) as partial:
                    shutil.copyfile(self.best / name, partial)
        self.save(record)
        self.describe(record)
        for path in (self.checkpoints, self.best):
            shutil.rmtree(path, ignore_errors=True)

    def describe(self, record: FinetuningRecord) -> None:
        """Write the model card of a finished training; a text of somebody's own stays."""
        with self.writing():
            write_card(self.path, adapter_card(record))

    def clear(self) -> None:
        """Delete a training; other files stay."""
        with self.writing():
            for name in (RECORD, WEIGHTS, CONFIG):
                (self.path / name).unlink(missing_ok=True)
            remove_card(self.path)
            for path in (self.checkpoints, self.best):
                shutil.rmtree(path, ignore_errors=True)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Raise write errors with the path and what to do."""
        try:
            yield
        # each library that writes has an error of its own for a disk that is full
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UsageError(
                f"cannot write to {self.path}: {reason}. Make room and go on "
                "with --resume: finished epochs are kept; or give another --output-path"
            ) from error

    def refuse_others(self) -> None:
        """Raise ``UsageError`` when an adapter is there that was not made here."""
        for name in (WEIGHTS, CONFIG):
            if (self.path / name).exists():
                raise UsageError(
                    f"{self.path} holds an adapter that was not made here; give another folder "
                    "with --output-path"
                )


def save_history(history: History, checkpoint: Path) -> None:
    """Write what led to a checkpoint, last of its files: with it the checkpoint is whole.

    Parameters
    ----------
    history : up to the checkpoint.
    checkpoint : its folder.
    """
    with whole_file(checkpoint / HISTORY) as partial:
        partial.write_text(history.model_dump_json(), "utf-8")


def load_history(checkpoint: Path) -> History:
    """Read it back.

    Raises
    ------
    DataError
        When it is damaged.
    """
    try:
        return History.model_validate(parse_json(read_text(checkpoint / HISTORY)))
    except (DataError, ValueError) as error:
        raise DataError(f"the checkpoint {checkpoint} is damaged: remove it") from error


def plain(values: dict[str, Any]) -> dict[str, JsonValue]:
    """As JSON reads it back: tuples as lists, so that what was kept equals what is asked."""
    found: dict[str, JsonValue] = json.loads(json.dumps(values))
    return found
