"""A figure of guidance: states and directions, layers, and strengths.

matplotlib is imported when something is drawn.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from brainbench.encoding.kernels import Array
from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED
from brainbench.guidance.rows import Dose
from brainbench.guidance.steering.search import scale_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# distinguishable without red and green, and by their dashes
_STYLES: dict[str, tuple[str, str]] = {
    GUIDED: ("#0072b2", "-"),
    PERMUTED: ("#d55e00", "--"),
    LABEL_ONLY: ("#009e73", "-."),
    "label as fMRI": ("#cc79a7", ":"),
    "random fMRI": ("#e69f00", "--"),
    "random fMRI, no mean": ("#e69f00", ":"),
    "random direction": ("#666666", ":"),
}
_FOLLOWS, _FAILS = "#0072b2", "#d55e00"


@dataclass(frozen=True)
class Scene:
    """The data of the figure, of one ROI and reasoning type.

    Attributes
    ----------
    title : what it is of.
    states : (n_items, L, units) at the scanner items, nothing added.
    labels : (n_items,) whether the conclusion follows.
    right : (n_items,) whether the model answers rightly.
    directions : arm → (L, units), unit length or nothing at a layer.
    doses : on validation problems.
    """

    title: str
    states: Array
    labels: NDArray[np.bool_]
    right: NDArray[np.bool_]
    directions: Mapping[str, Array]
    doses: Sequence[Dose]


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def plane(states: Array) -> tuple[Array, Array]:
    """The two principal axes of states (n_items, units): scores (n_items, 2), axes (2, units)."""
    centred = states - states.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    return centred @ axes[:2].T, axes[:2]


def along(states: Array, direction: Array) -> Array:
    """(n_items, L) states on a direction (L, units), in units of their spread at each layer.

    Parameters
    ----------
    states : (n_items, L, units), centred over items here.
    direction : (L, units) of any length; 0 at a layer gives 0 there.
    """
    length = np.linalg.norm(direction, axis=-1, keepdims=True)
    unit = np.divide(direction, length, out=np.zeros_like(direction), where=length > 0)
    centred = states - states.mean(axis=0)
    found: Array = np.einsum("ilu,lu->il", centred, unit) / scale_of(states).sigma
    return found


def draw_guidance(scene: Scene) -> bytes:
    """A PNG of three panels."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 4.9), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    _draw_plane(scene, left)
    _draw_layers(scene, middle)
    _draw_doses(scene.doses, right)
    for axes in (left, middle, right):
        axes.grid(color="#eeeeee")
        axes.set_axisbelow(True)
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
    figure.suptitle(scene.title, fontsize=11)
    content = io.BytesIO()
    figure.savefig(content, dpi=120)
    return content.getvalue()


def _draw_plane(scene: Scene, axes: Axes) -> None:
    """Items in the plane of their two main axes, with the directions' part in it."""
    layer = scene.states.shape[1] // 2
    points, main = plane(scene.states[:, layer])
    for label, colour, word in ((True, _FOLLOWS, "follows"), (False, _FAILS, "does not follow")):
        for right, marker in ((True, "o"), (False, "x")):
            own = (scene.labels == label) & (scene.right == right)
            axes.scatter(
                points[own, 0],
                points[own, 1],
                c=colour,
                marker=marker,
                s=26,
                label=f"{word}, {'right' if right else 'wrong'}",
            )
    reach = 0.8 * np.abs(points).max()
    for arm, direction in scene.directions.items():
        arrow = main @ direction[layer]
        length = np.linalg.norm(direction[layer])
        if length:
            colour, dashes = _STYLES.get(arm, ("black", "-"))
            axes.plot(*np.stack([[0, 0], reach * arrow / length]).T, dashes, c=colour, label=arm)
    axes.set_title(f"states at layer {layer}, and directions", fontsize=10)
    axes.set_xlabel("first principal axis")
    axes.set_ylabel("second")
    _legend(axes, 3)


def _draw_layers(scene: Scene, axes: Axes) -> None:
    """Over layers, how far items lie along the guided direction."""
    direction = scene.directions.get(GUIDED)
    axes.set_title("along the guided direction", fontsize=10)
    axes.set_xlabel("layer")
    axes.set_ylabel("in units of the spread of states")
    if direction is None:
        return
    found = along(scene.states, direction)
    layers = np.arange(found.shape[1])
    for label, colour, word in ((True, _FOLLOWS, "follows"), (False, _FAILS, "does not follow")):
        own = found[scene.labels == label]
        mean, spread = own.mean(axis=0), own.std(axis=0)
        axes.plot(layers, mean, "-" if label else "--", color=colour, label=word)
        axes.fill_between(layers, mean - spread, mean + spread, color=colour, alpha=0.15)
    axes.set_xticks(layers if len(layers) <= 8 else layers[:: len(layers) // 6])
    _legend(axes, 2)


def _draw_doses(doses: Sequence[Dose], axes: Axes) -> None:
    """AUC and the share of True over the shift of neutral text, for each arm where it did best.

    Over strength where shifts were not measured.
    """
    by_shift = bool(doses) and all(dose.shift is not None and dose.shift.kl for dose in doses)
    for arm in dict.fromkeys(dose.arm for dose in doses):
        own = [dose for dose in doses if dose.arm == arm]
        sets = dict.fromkeys(dose.layers for dose in own)
        best = max(sets, key=lambda name: max(d.auc or 0.0 for d in own if d.layers == name))
        line = [dose for dose in own if dose.layers == best]
        places = [_place(dose, by_shift) for dose in line]
        colour, dashes = _STYLES.get(arm, ("black", "-"))
        if all(dose.auc is not None for dose in line):
            axes.plot(places, [d.auc or 0.0 for d in line], dashes, c=colour, label=arm)
        axes.plot(places, [d.true_rate for d in line], dashes, c=colour, alpha=0.3, linewidth=1)
    axes.axhline(0.5, color="black", linewidth=0.8)
    axes.set_xscale("log", base=10 if by_shift else 2)
    if not by_shift:
        strengths = sorted({dose.strength for dose in doses})
        axes.set_xticks(strengths, [f"{strength:g}" for strength in strengths])
    axes.set_ylim(-0.03, 1.03)
    axes.set_title("validation problems: AUC; faint, share of True", fontsize=10)
    axes.set_xlabel(
        "shift of neutral text, nats" if by_shift else "strength, in units of the spread of states"
    )
    _legend(axes, 3)


def _place(dose: Dose, by_shift: bool) -> float:
    return dose.shift.kl if by_shift and dose.shift is not None else dose.strength


def _legend(axes: Axes, columns: int) -> None:
    """Below the panel, where it hides nothing."""
    axes.legend(
        fontsize=7, frameon=False, ncols=columns, loc="upper center", bbox_to_anchor=(0.5, -0.14)
    )
