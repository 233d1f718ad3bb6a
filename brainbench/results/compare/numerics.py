"""Runs of the same weights that were only computed otherwise: what differs is rounding."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.results.compare.comparison import Differing
from brainbench.results.record import Record

# of the model: its place and description, not what it computes
_DESCRIPTIVE = ("identifier", "sha256", "description", "source", "revision", "builtin")
# what changes digits only, as it is called
_NUMERICS = {
    "dtype": "dtype",
    "device": "device",
    "options.dtype": "dtype",
    "attn_implementation": "attention implementation",
    "options.attn_implementation": "attention implementation",
    "options.device": "device",
    "options.batch_size": "batch size",
    "backend": "backend",
}
# settings that change no answer
_SILENT = ("log_samples", "include_path", "tasks", "options.revision", "options.gguf_file")


def same_weights(baseline: Record, other: Record, differs: Sequence[Differing]) -> str | None:
    """In words, that both runs are of the same weights and differ only in how they are computed.

    None where weights are not known or not the same, where anything else differs that bears on
    answers (prompts, data, steering, seeds), and where nothing does.

    Parameters
    ----------
    baseline, other : records of the two runs.
    differs : everything that differs in them, from :func:`.differences`.
    """
    weights = [record.model.weights_sha256 for record in (baseline, other)]
    if None in weights or weights[0] != weights[1]:
        return None
    changes: dict[str, str] = {}
    for one in differs:
        asked = {**baseline.benchmarks, **baseline.tasks, **other.benchmarks, **other.tasks}
        if one.kind == "versions" and one.name not in asked:
            changes.setdefault("versions", "other versions of software")
        elif one.kind in ("model", "settings") and one.name in _NUMERICS:
            what = _NUMERICS[one.name]
            # the record of the model knows what was used where the user chose nothing
            if what not in changes or one.kind == "model":
                changes[what] = f"another {what} ({_word(one.baseline)} → {_word(one.other)})"
        elif not _changes_nothing(one):
            return None
    if not changes:
        return None
    return f"the same weights, {' and '.join(changes.values())}: what differs is rounding"


def _changes_nothing(one: Differing) -> bool:
    if one.kind == "model":
        return one.name in _DESCRIPTIVE or one.name.startswith("files.")
    # hashes of prompts tell whether the wording is the same
    return one.kind == "run" or (one.kind == "settings" and one.name in _SILENT)


def _word(value: object) -> str:
    return "default" if value is None else str(value)
