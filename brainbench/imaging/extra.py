"""nilearn and nibabel, which only images need."""

from __future__ import annotations

from importlib.util import find_spec

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
