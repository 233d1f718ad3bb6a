"""Values of voxels on a glass brain."""

from __future__ import annotations

import io
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

_DOTS = 110
_MOST = 3000  # points that are drawn; more of them hide each other


def draw_responses(values: NDArray[np.float64], places: NDArray[np.float64]) -> bytes | None:
    """A PNG of four views; None where nilearn or matplotlib is not installed.

    Parameters
    ----------
    values : (voxels,) in percent; colours are centred at 0.
    places : (voxels, 3) in mm, MNI.
    """
    if find_spec("nilearn") is None or find_spec("matplotlib") is None:
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from nilearn.plotting import plot_markers
    from PIL import Image

    every = np.arange(len(values))
    shown = every[:: max(1, len(every) // _MOST)]
    most = max(float(np.abs(values).max()), 1e-12)
    figure = Figure(figsize=(9.5, 2.9))
    FigureCanvasAgg(figure)
    plot_markers(
        values[shown],
        places[shown],
        node_size=10,
        node_cmap="RdBu_r",
        node_vmin=-most,
        node_vmax=most,
        display_mode="lyrz",
        figure=figure,
        colorbar=True,
        black_bg=False,
    )
    drawn, content = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DOTS)
    # few colours, and a quarter of the bytes
    flat = Image.open(drawn).convert("RGB")
    flat.quantize(128, Image.Quantize.MAXCOVERAGE).save(content, "PNG", optimize=True)
    return content.getvalue()
