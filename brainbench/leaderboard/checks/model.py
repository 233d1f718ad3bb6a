"""Whether the hashes of a model are hashes, and those of its files make that of its weights."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from brainbench.leaderboard.checks.faults import AGAIN, Fault, shown
from brainbench.models.checkpoints.checkpoint import hash_weights
from brainbench.results import Record

_HASH = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[\w.+-][\w.+ /-]{0,199}", re.ASCII)


def model_faults(record: Record) -> Iterator[Fault]:
    """Faults of ``model.sha256``, ``model.weights_sha256`` and ``model.files``."""
    model = record.model
    if not _HASH.fullmatch(model.sha256):
        yield Fault("model.sha256", f"is {shown(model.sha256)}, no sha256", AGAIN)
    if model.weights_sha256 is not None and not _HASH.fullmatch(model.weights_sha256):
        yield Fault("model.weights_sha256", f"is {shown(model.weights_sha256)}, no sha256", AGAIN)
    for name, digest in model.files.items():
        if not _FILE.fullmatch(name) or ".." in name:
            yield Fault("model.files", f"holds {shown(name)}, which is not a name of a file", AGAIN)
            return
        if not _HASH.fullmatch(digest):
            yield Fault(f"model.files.{name}", f"is {shown(digest)}, no sha256", AGAIN)
            return
    if model.files and model.weights_sha256 is None:
        yield Fault("model.weights_sha256", "is missing beside the hashes of the files", AGAIN)
    elif model.files and _is_of_files_alone(record):
        found = hash_weights(model.files, untrained=_options(record).get("untrained"))
        if found != model.weights_sha256:
            problem = f"is {str(model.weights_sha256)[:16]}…, model.files give {found[:16]}…"
            yield Fault("model.weights_sha256", problem, AGAIN)


# ---------------------------------------------------------------- parts


def _options(record: Record) -> Mapping[str, object]:
    options = record.config.get("options")
    return options if isinstance(options, dict) else {}


def _is_of_files_alone(record: Record) -> bool:
    """Opened by its name, without an adapter; what was handed over in Python may be changed."""
    options = _options(record)
    return record.model.source is not None and "peft" in options and options["peft"] is None
