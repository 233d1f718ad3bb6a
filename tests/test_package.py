"""What ``import brainbench`` gives: the names of the reference, loaded when they are asked for."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys
from dataclasses import fields
from importlib.metadata import version

import pytest

import brainbench
from brainbench.benchmarks import DEFAULT_PROTOCOL
from brainbench.run import Settings


@pytest.mark.parametrize("name", brainbench.__all__)
def test_every_name_is_there(name: str) -> None:
    assert getattr(brainbench, name).__module__.startswith("brainbench")
    assert name in dir(brainbench)


def test_packages_are_there_and_other_names_are_not() -> None:
    assert brainbench.encoding.__name__ == "brainbench.encoding"
    assert brainbench.__version__ == version("brainbench")
    with pytest.raises(AttributeError, match="no attribute 'enconding'"):
        brainbench.enconding  # noqa: B018


def test_the_default_protocol_is_that_of_the_benchmarks() -> None:
    """Where none is named; of somebody's own data it is every protocol that they allow."""
    assert inspect.signature(brainbench.evaluate).parameters["protocol"].default is None
    assert Settings().protocol == DEFAULT_PROTOCOL


@pytest.mark.parametrize("verb", ["steer", "finetune"])
def test_guidance_in_python_is_the_command(verb: str) -> None:
    """The same names, the same defaults; how a model is loaded stands in ``options``."""
    command = inspect.signature(importlib.import_module(f"brainbench.cli.{verb}").__dict__[verb])
    function = inspect.signature(getattr(brainbench, verb))
    shared = function.parameters.keys() & command.parameters.keys()
    assert function.parameters.keys() - shared == {"options"}
    for name in shared:
        found, expected = (each.parameters[name].default for each in (function, command))
        assert found == (str(expected) if name == "output_path" else expected), name
    # of the screen, of the file that is written, and of the model
    loading = {field.name for field in fields(brainbench.ModelOptions)}
    others = command.parameters.keys() - shared - loading
    assert others <= {"output_path", "export_lm_eval", "json", "quiet", "verbose"}


def test_the_import_loads_no_library() -> None:
    """So the command answers Ctrl-C while it loads them."""
    code = (
        "import sys, brainbench.cli.main; print(*{'numpy', 'pandas', 'torch'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "\n"
