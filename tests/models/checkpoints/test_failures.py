"""Whatever a library raises becomes one line that says what to do."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
import torch

from brainbench.errors import DataError, UsageError
from brainbench.models.checkpoints.failures import net, one_line, out_of_memory, package_at_fault


class PanicException(BaseException):
    """As libraries in Rust raise it."""


FAILURES = (
    ValueError("a\n\nb"), KeyError("weight_map"), IndexError("list index out of range"),
    StopIteration(), RecursionError("maximum recursion depth exceeded"), OSError(5, "I/O error"),
    UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte"), AssertionError(),
    RuntimeError("\n  header too large. "), TypeError("x"), Exception("y" * 5000),
    PanicException("index out of bounds"), ZeroDivisionError("division by zero"),
    ImportError("no protobuf"), NotImplementedError(), PermissionError(13, "Permission denied"),
)  # fmt: skip


@pytest.mark.parametrize("failure", FAILURES, ids=lambda e: type(e).__name__)
def test_whatever_is_raised_is_told_in_a_line(failure: BaseException) -> None:
    told = r"^x\.json cannot be read: \S.*Do this$"
    with pytest.raises(DataError, match=told) as caught, net("x.json cannot be read", "Do this"):
        raise failure
    assert caught.value.__cause__ is failure
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("passing", [UsageError("as it is"), KeyboardInterrupt(), SystemExit(3)])
def test_what_is_ours_or_ends_the_program_passes(passing: BaseException) -> None:
    with pytest.raises(type(passing)) as caught, net("x cannot be read"):
        raise passing
    assert caught.value is passing


def test_a_lack_of_memory_is_told_as_that() -> None:
    with pytest.raises(DataError, match=r"^x: it does not fit the memory"), net("x"):
        raise MemoryError
    assert out_of_memory(torch.OutOfMemoryError("CUDA out of memory"))


def test_a_text_that_says_nothing_alone_has_its_kind() -> None:
    assert one_line(KeyError("h")) == "KeyError: 'h'"
    assert one_line(StopIteration()) == "StopIteration"
    assert one_line(PermissionError(13, "Permission denied", "f")) == "Permission denied"


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package that fails when it is imported, as torchvision does beside another torch."""
    root = tmp_path / "eyes"
    root.mkdir()
    (root / "__init__.py").write_text("from eyes import meta\n")
    text = 'raise RuntimeError("operator eyes::nms does not exist")\n'
    (root / "meta.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield root
    for name in ("eyes", "eyes.meta"):
        sys.modules.pop(name, None)


def raised(wrapped: bool) -> BaseException:
    try:
        try:
            importlib.import_module("eyes")
        except RuntimeError as error:
            if wrapped:
                raise ModuleNotFoundError("Could not import module 'X'") from error
            raise
    except Exception as error:
        return error
    raise AssertionError


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_broken_package_is_named(wrapped: bool, package: Path) -> None:
    said = package_at_fault(raised(wrapped))
    assert said is not None
    assert "the package eyes does not work here with torch 2." in said
    assert "operator eyes::nms does not exist" in said
    assert "uninstall it" in said


def test_a_missing_package_is_named() -> None:
    try:
        importlib.import_module("a_package_that_is_not_there")
    except ImportError as error:
        said = package_at_fault(error)
    assert said is not None
    assert "No module named 'a_package_that_is_not_there'. A package is missing here" in said


def attempt() -> None:
    try:
        importlib.import_module("a_package_that_is_not_there")
    except ImportError:
        raise ValueError("the vocabulary is damaged")  # noqa: B904


def test_an_attempt_that_failed_on_the_way_is_no_cause() -> None:
    with pytest.raises(ValueError, match="vocabulary") as caught:
        attempt()
    assert package_at_fault(caught.value) is None


def test_the_repositorys_own_code_is_no_package() -> None:
    module = ModuleType("transformers_modules.own")
    with pytest.raises(ValueError, match="own") as caught:
        exec(compile("raise ValueError('own')", "own.py", "exec"), vars(module))
    assert package_at_fault(caught.value) is None
