"""Versions and memory of a run."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

_PACKAGES = (
    "numpy", "scipy", "scikit-learn", "xarray", "pandas", "safetensors",
    "torch", "transformers", "tokenizers", "accelerate", "peft", "gguf", "jinja2",
)  # fmt: skip


def versions(source: str, more: Sequence[str] = ()) -> dict[str, str | None]:
    """Versions of brainbench, Python, and the packages that can change a number.

    Parameters
    ----------
    source : hash of the code that the run can reach.
    more : packages that this run uses too.
    """
    found: dict[str, str | None] = {
        "brainbench": metadata.version("brainbench"),
        "source": source[:12],
        "git": _git_commit(),
        "python": platform.python_version(),
    }
    return found | {name: metadata.version(name) for name in (*_PACKAGES, *more)}


def peak_memory_mb() -> float:
    """Largest resident memory of this process so far; 0 where the system does not report it."""
    try:
        import resource
    except ImportError:  # Windows
        return 0.0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1e6 if sys.platform == "darwin" else 1e3), 1)


def _git_commit() -> str | None:
    """Commit of a source checkout, ``+`` where files were changed; None when installed."""
    root = Path(__file__).parent.parent.parent
    if not (root / ".git").exists():
        return None
    try:
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return None
    return commit + ("+" if changed else "")


def _git(root: Path, *arguments: str) -> str:
    command = ["git", "-C", str(root), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=True, timeout=10
    ).stdout.strip()
