"""Methods of steering by name, and what they say of themselves."""

from __future__ import annotations

from importlib import import_module

import pytest

from brainbench import plugins
from brainbench.errors import DataError, UnknownNameError
from brainbench.guidance.methods import registry
from brainbench.guidance.methods.registry import (
    METHODS,
    ONE_STEP,
    code_of_methods,
    find_method,
    functions_of_plugins,
    key_of,
    modules_of,
)
from brainbench.plugins import MethodPlugin, Plugin


def nothing(*given: object) -> None:
    """A method that gives nothing."""


def other(*given: object) -> None:
    """Another one."""


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> dict[str, MethodPlugin]:
    """Methods of a plugin, which a test fills."""
    held: dict[str, MethodPlugin] = {}
    monkeypatch.setattr(plugins, "_plugins", lambda: {"lab": Plugin(methods=held)})
    return held


def test_every_method_is_a_file_with_its_functions() -> None:
    for name, method in METHODS.items():
        assert method.name == name
        (module,) = modules_of([name])
        found = import_module(module)
        assert callable(found.held_out)
        assert callable(found.problems)
        assert method.what
        assert method.tokens >= 1


def test_modules_of_several_are_named_once_and_those_of_plugins_not(
    plugged: dict[str, MethodPlugin],
) -> None:
    plugged["mine"] = MethodPlugin("mine", nothing, other)
    found = modules_of([ONE_STEP, "several tokens", "own map", "mine"])
    package = "brainbench.guidance.methods"
    assert found == [f"{package}.one_step", f"{package}.own_map"]
    assert functions_of_plugins([ONE_STEP, "mine"]) == [nothing, other]
    assert set(code_of_methods([ONE_STEP, "mine"])) == {"mine", "mine, held out"}


def test_names_that_there_are_not() -> None:
    with pytest.raises(UnknownNameError, match="method of steering 'own mop'; did you mean 'own"):
        find_method("own mop")


def test_names_of_files_tell_methods_apart_and_the_usual_one_is_not_named() -> None:
    assert key_of(ONE_STEP) == ""
    assert key_of("own map") == "own-map-"
    assert len({key_of(name) for name in METHODS}) == len(METHODS)


def test_methods_of_plugins(plugged: dict[str, MethodPlugin]) -> None:
    plugged["mine"] = MethodPlugin("in words", nothing, other, 2, by_item=True, reads_item=False)
    found = find_method("mine")
    assert (found.what, found.tokens, found.by_item) == ("in words", 2, True)
    assert not found.reads_item
    assert not found.weighs
    plugged["none"] = MethodPlugin("no token", nothing, other, 0)
    with pytest.raises(DataError, match="'none' steers 0 tokens"):
        find_method("none")
    plugged.clear()
    plugged["wrong"] = "no plugin"  # type: ignore[assignment]
    with pytest.raises(DataError, match="'wrong' is str, not a MethodPlugin"):
        registry.plugged_methods()


def test_a_plugin_takes_no_name_of_brainbench(plugged: dict[str, MethodPlugin]) -> None:
    plugged[ONE_STEP] = MethodPlugin("another", nothing, other)
    with pytest.warns(UserWarning, match="it is a name of brainbench"):
        assert registry.plugged_methods() == {}
    assert find_method(ONE_STEP) is METHODS[ONE_STEP]
