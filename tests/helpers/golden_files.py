"""Golden numbers in files: as they were on the machine that wrote them, near them elsewhere.

A file names the platform it was written on. Where that is the same to the processor's
instructions and the packages that compute, every number is the same to 12 digits; elsewhere each
is within the tolerance its test states, and words, counts and verdicts are still the same, but for
counts whose tolerance is one or more. A tolerance without end holds nothing, not even that
there is a number.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
import torch

EXACT = 1e-12
_PACKAGES = ("numpy", "scipy", "scikit-learn", "statsmodels", "torch", "transformers")

Leaves = dict[str, Any]
# name of a number → how far it may be off on another platform
Tolerance = Callable[[str], float]


def platform_facts() -> dict[str, Any]:
    """What the last digits of a number depend on, beside the code."""
    return {
        "machine": platform.machine(),
        "system": platform.system(),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "processor": _processor(),
        "packages": {name: version(name).partition("+")[0] for name in _PACKAGES},
    }


def _processor() -> str:
    """Hash of the instructions the processor has; libraries choose their sums by these."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    return hashlib.sha256(" ".join(sorted(flags.split())).encode()).hexdigest()[:12]


@contextlib.contextmanager
def alone(cache: Path) -> Iterator[None]:
    """One thread for torch, which sums in another order with more, and answers of nobody else's."""
    before = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_CACHE", str(cache))
        torch.set_num_threads(1)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def leaves_of(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """("row/nested/0", 0.5), …"""
    if not isinstance(value, dict | list | tuple):
        yield path, value
        return
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in items:
        yield from leaves_of(part, f"{path}/{name}" if path else str(name))


def write_golden(path: Path, numbers: Mapping[str, Any]) -> None:
    """Write numbers, and where they were computed."""
    made = {"platform": platform_facts(), "numbers": numbers}
    path.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")


def hold_golden(
    path: Path,
    numbers: Mapping[str, Any],
    tolerance: Tolerance | float,
    *,
    only: Callable[[str], bool] | None = None,
) -> None:
    """Hold numbers against those of a file.

    Parameters
    ----------
    tolerance : of what is not a whole number, absolute or relative, whichever is more, on
        another platform than the file's.
    only : which of the first names are held; all by default.

    Raises
    ------
    AssertionError
        With how many differ, and the first of them.
    """
    assert path.is_file(), f"no golden numbers {path.name} yet: pytest --regold writes them"
    kept = json.loads(path.read_text("utf-8"))
    same = kept["platform"] == platform_facts()
    expected, found = (
        dict(leaves_of({k: v for k, v in held.items() if only is None or only(k)}))
        for held in (kept["numbers"], json.loads(json.dumps(dict(numbers))))
    )
    assert expected, f"{path.name} holds none of what was asked for"
    assert set(found) == set(expected), f"{path.name}: other names"
    wrong = []
    for name, value in expected.items():
        within = EXACT if same else tolerance(name) if callable(tolerance) else tolerance
        if not _equal(found[name], value, within):
            wrong.append(f"{name}: {found[name]!r}, golden {value!r} (within {within:g})")
    where = "on the platform of the file" if same else "on another platform than the file's"
    assert not wrong, f"{path.name}: {len(wrong)} differ {where}\n" + "\n".join(wrong[:20])


def _equal(found: Any, value: Any, within: float) -> bool:
    if math.isinf(within):
        return True
    if not isinstance(found, int | float) or isinstance(value, bool | str) or value is None:
        return bool(found == value)
    if isinstance(value, int):
        return abs(found - value) <= (within if within >= 1 else 0)
    return bool(found == pytest.approx(value, abs=within, rel=within))
