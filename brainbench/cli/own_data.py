"""Options of ``brainbench evaluate`` on data of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from brainbench.datasets import Recording
from brainbench.datasets.own.read import load_assembly
from brainbench.errors import UsageError
from brainbench.run.own_data import find_own


@dataclass(frozen=True)
class OwnOptions:
    """As they were given; ``dataset`` may name one of brainbench's, too."""

    assembly: str | None
    dataset: str | None
    group: str | None
    type: str | None
    position: str | None
    nuisance: str | None
    select: tuple[str, ...]
    card: Path | None


def read_own(options: OwnOptions) -> Recording | None:
    """The recording that the options name; None where they name none.

    Raises
    ------
    UsageError
        When options of an assembly are given without one, or a selection is not COLUMN=LABEL.
    DataError
        When the data cannot be read.
    """
    select = dict(map(_selection, options.select))
    if options.assembly is None:
        given = {
            "--group": options.group, "--type": options.type, "--position": options.position,
            "--nuisance": options.nuisance, "--card": options.card,
        }  # fmt: skip
        named = next((name for name, value in given.items() if value), None)
        if named is not None:
            raise UsageError(f"{named} goes with --assembly FILE")
        found = find_own(options.dataset, select)
        if select and found is None:
            raise UsageError("--select goes with --assembly FILE, or with --dataset FOLDER")
        return found
    if options.dataset is not None:
        raise UsageError("give --assembly or --dataset, not both")
    return load_assembly(
        options.assembly,
        card=options.card,
        group=options.group,
        type=options.type,
        position=options.position,
        nuisance=[name.strip() for name in (options.nuisance or "").split(",") if name.strip()],
        select=select or None,
    )


def _selection(text: str) -> tuple[str, tuple[str, ...]]:
    name, mark, labels = text.partition("=")
    found = tuple(label.strip() for label in labels.split(",") if label.strip())
    if not mark or not name.strip() or not found:
        raise UsageError(f"--select {text}: write COLUMN=LABEL, as in experiment=384sentences")
    return name.strip(), found
