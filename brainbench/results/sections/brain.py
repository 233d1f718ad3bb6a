"""Where the scored ROIs lie, as far as their dataset's card knows."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib.util import find_spec

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets import find_card
from brainbench.datasets.cards import RoiCoordinates
from brainbench.datasets.coordinates import to_mni
from brainbench.results.blocks import Block, Figure, Folded, Section, Table, Words
from brainbench.results.plots.svg import image
from brainbench.results.record import Record
from brainbench.results.wording import listed, number, plain_roi, plural

# each ROI has a shape of its own beside its colour
_LOOKS = (("o", "#0b5fa5"), ("^", "#b35900"), ("s", "#2e7d32"), ("D", "#7b3fa0"))
_WORDS = {"o": "circles", "^": "triangles", "s": "squares", "D": "diamonds"}
_DOTS = 160


def brain_section(record: Record) -> Section | None:
    """A glass brain with the ROIs whose places are known; None where none is.

    matplotlib and nilearn are imported when it is drawn; without them the places are given
    as numbers.
    """
    known, unknown = _places(record)
    if not known:
        return None
    rows = [
        (plain_roi(roi), *(number(float(x), 0) for x in point))
        for roi, one in known.items()
        for point in to_mni(one)
    ]
    blocks: list[Block] = []
    if find_spec("nilearn") is None or find_spec("matplotlib") is None:
        blocks.append(
            Words("No picture: it needs nilearn, pip install 'brainbench[plot]'.", "note")
        )
    else:
        named = [
            f"{_WORDS[_LOOKS[i][0]]}: {plain_roi(roi)}, {one.what}"
            for i, (roi, one) in enumerate(list(known.items())[: len(_LOOKS)])
        ]
        words = "; ".join(named)
        picture = image(draw_brain([to_mni(one) for one in known.values()]), words)
        caption = f"{words}. Not the voxels themselves."
        data = [("ROI", "x", "y", "z"), *rows]
        blocks.append(Figure(picture, caption, name="regions-mni", data=data))
    for roi, one in known.items():
        blocks.append(
            Words(f"{plain_roi(roi)}: {plural(len(one.points), 'point')}. Source: {one.source}.")
        )
    if unknown:
        blocks.append(
            Words(f"No coordinates on the card: {listed(map(plain_roi, unknown))}.", "note")
        )
    blocks.append(Folded("Coordinates", [Table("MNI, mm", ("ROI", "x", "y", "z"), rows)]))
    return Section("brain", "Where the regions lie", blocks)


def draw_brain(rois: Sequence[NDArray[np.float64]]) -> bytes:
    """A PNG of four views, each ROI's points in a shape and colour of its own.

    Parameters
    ----------
    rois : points of each, (point, xyz) in mm, MNI.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as Canvas
    from nilearn.plotting import plot_glass_brain
    from PIL import Image

    figure = Canvas(figsize=(9.5, 2.9))
    FigureCanvasAgg(figure)
    display = plot_glass_brain(
        None, display_mode="lyrz", figure=figure, axes=(0, 0, 1, 1), black_bg=False
    )
    for points, (shape, colour) in zip(rois, _LOOKS, strict=False):
        display.add_markers(points, marker_color=colour, marker_size=42, marker=shape, alpha=0.75)
    drawn, content = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=_DOTS)
    # few colours, and a quarter of the bytes
    flat = Image.open(drawn).convert("RGB")
    flat.quantize(64, Image.Quantize.MAXCOVERAGE).save(content, "PNG", optimize=True)
    return content.getvalue()


def _places(record: Record) -> tuple[Mapping[str, RoiCoordinates], list[str]]:
    """ROIs that were scored: those whose card tells where they lie, and the others."""
    scored = dict.fromkeys(
        [*(s.roi for s in record.controlled), *(s.roi for s in record.published)]
    )
    known: dict[str, RoiCoordinates] = {}
    unknown: dict[str, None] = {}
    for card in filter(None, map(find_card, (d.name for d in record.datasets))):
        for roi in scored:
            if roi in card.roi_coordinates:
                known[roi] = card.roi_coordinates[roi]
            elif roi in card.rois:
                unknown[roi] = None
    return known, [roi for roi in unknown if roi not in known]
