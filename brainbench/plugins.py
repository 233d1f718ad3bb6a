"""Models, datasets, benchmarks, arms and methods of other packages.

A package names a :class:`Plugin`, or a function that returns one, under the entry-point
group ``brainbench``:

    [project.entry-points.brainbench]
    mylab = "mylab.brainbench:plugin"

Nothing of it is imported until a name is looked up that brainbench itself does not have,
or names are listed.
"""

from __future__ import annotations

import importlib
import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Literal

from brainbench.errors import UsageError

GROUP = "brainbench"
Kind = Literal["models", "datasets", "benchmarks", "arms", "methods"]


@dataclass(frozen=True)
class DatasetPlugin:
    """A dataset of another package.

    Attributes
    ----------
    card : its YAML card.
    load : called with (None, None, progress), for all ROIs and people; gives a
        :class:`~brainbench.datasets.Recording`.
    """

    card: Path
    load: Callable[..., Any]


@dataclass(frozen=True)
class ArmPlugin:
    """A baseline of guidance: what stands in the place of people's responses.

    Attributes
    ----------
    what : in plain words.
    remake : called with the measured :class:`~brainbench.guidance.signals.Signals` and a
        ``numpy.random.Generator``, gives those that guide instead.
    drawn : whether it draws, so that every seed gives others.
    knows_labels : whether its training uses the correct answers.
    """

    what: str
    remake: Callable[..., Any]
    drawn: bool = False
    knows_labels: bool = False


@dataclass(frozen=True)
class MethodPlugin:
    """A method of steering: how signals become what is added to a model's states.

    Attributes
    ----------
    what : in plain words.
    held_out : called with a :class:`~brainbench.guidance.methods.directions.Material`, states
        (n_items, L, units) and :class:`~brainbench.guidance.signals.Signals` of held-out items;
        gives directions of the shape of the states. It must not read labels.
    problems : called with the material; gives a direction (L, units), or with ``by_item`` a
        function of the states (n, L, units) at new problems that gives directions of their shape.
    tokens : it is added at so many last tokens of the prompt.
    by_item : whether ``problems`` gives a function.
    reads_item : whether ``held_out`` uses responses to the held-out items.
    """

    what: str
    held_out: Callable[..., Any]
    problems: Callable[..., Any]
    tokens: int = 1
    by_item: bool = False
    reads_item: bool = True


@dataclass(frozen=True)
class Plugin:
    """What a package adds, by name.

    Attributes
    ----------
    models : name → function without arguments that gives a model.
    datasets : name, as in its card → :class:`DatasetPlugin`. Its alignment benchmarks
        come of themselves.
    benchmarks : identifier → function without arguments that gives a benchmark:
        ``identifier``, ``version`` and ``benchmark(model)``, which gives a ``Score``,
        ``ControlledScore``, ``BehaviorScore`` or another ``BenchmarkScore``. With ``needs`` and
        ``score_group`` too, benchmarks of one kind are scored together; see
        :class:`~brainbench.benchmarks.Benchmark`.
    arms : name → :class:`ArmPlugin`, a baseline of guidance; run where it is named.
    methods : name → :class:`MethodPlugin`, a method of steering; run where it is named.
    """

    models: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    datasets: Mapping[str, DatasetPlugin] = field(default_factory=dict)
    benchmarks: Mapping[str, Callable[[], Any]] = field(default_factory=dict)
    arms: Mapping[str, ArmPlugin] = field(default_factory=dict)
    methods: Mapping[str, MethodPlugin] = field(default_factory=dict)


def plugged(kind: Kind, own: tuple[str, ...] = ()) -> dict[str, Any]:
    """What plugins add of one kind, by name.

    Parameters
    ----------
    own : names that are brainbench's; a plugin cannot take them over: a name that is
        taken is left out, with a warning.
    """
    found: dict[str, tuple[str, Any]] = {}
    for owner, plugin in _plugins().items():
        for name, thing in getattr(plugin, kind).items():
            if name in own or name in found:
                other = found[name][0] if name in found else "brainbench"
                warnings.warn(
                    f"plugin {owner}: its {kind} {name!r} is left out, it is a name of {other}",
                    stacklevel=2,
                )
                continue
            found[name] = (owner, thing)
    return {name: thing for name, (_, thing) in found.items()}


@cache
def _plugins() -> dict[str, Plugin]:
    """Plugins of installed packages; one that fails is left out, with a warning."""
    found: dict[str, Plugin] = {}
    for point in sorted(entry_points(group=GROUP), key=lambda point: point.name):
        try:
            given = point.load()
            given = given() if callable(given) else given
            if not isinstance(given, Plugin):
                raise TypeError(f"{point.value} gives {type(given).__name__}, not a Plugin")
        # whatever other people's code raises, the rest must go on working
        except Exception as error:
            warnings.warn(f"plugin {point.name} is left out: {error}", stacklevel=2)
            continue
        found[point.name] = given
    return found


def from_module(name: str) -> Any:
    """What ``module:function`` gives when it is called; modules of this folder included.

    Raises
    ------
    UsageError
        When there is no such module or function, or it fails.
    """
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    if here not in sys.path:
        # it stays: what it imports later, as it works, lies beside it too
        sys.path.insert(0, here)
    try:
        return getattr(importlib.import_module(module), function)()
    # it may fail in any way; the user's own traceback is kept as its cause
    except Exception as error:
        raise UsageError(f"{name} gives nothing: {type(error).__name__}: {error}") from error
