"""nilearn and nibabel, which only images need."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from brainbench.errors import UsageError


def require_imaging() -> None:
    """Refuse work on images where nilearn or nibabel is not installed.

    Raises
    ------
    UsageError
        With the command that installs them.
    """
    lacking = [name for name in ("nibabel", "nilearn") if find_spec(name) is None]
    if lacking:
        raise UsageError(
            f"{' and '.join(lacking)} not installed; images need it: "
            "pip install 'brainbench[imaging]'"
        )


def read_gifti(path: Path) -> Any:
    """Read a GIFTI image whose values stand in the file itself.

    From a path nibabel would follow a name in the file to any other file of this machine.

    Parameters
    ----------
    path : of the file.

    Returns
    -------
    A ``nibabel.GiftiImage``.

    Raises
    ------
    Exception
        What nibabel and its parser raise of a damaged file, and of one whose values lie elsewhere.
    """
    from nibabel import GiftiImage

    return GiftiImage.from_bytes(path.read_bytes())
