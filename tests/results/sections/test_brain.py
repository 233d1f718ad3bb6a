"""Where ROIs lie: told by their cards, drawn where nilearn is installed."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from simulated_records import controlled, empty

from brainbench.datasets import load_card
from brainbench.datasets.cards import Card, RoiCoordinates
from brainbench.results import Record
from brainbench.results.blocks import Figure, Folded, Table, Words
from brainbench.results.sections import brain

MADE_UP = RoiCoordinates(
    space="MNI", what="invented for a test", source="nobody", points=((-40, 20, 30), (35, -60, 45))
)


def record(*rois: str) -> Record:
    made = empty()
    for roi in rois:
        made.add(controlled(roi))
    return made


@pytest.fixture
def made_up_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """A card of xiao2026 that knows where its md would be."""
    card = load_card("xiao2026").model_copy(update={"roi_coordinates": {"md": MADE_UP}})

    def find(name: str) -> Card | None:
        return card if name == "xiao2026" else None

    monkeypatch.setattr(brain, "find_card", find)


def test_coordinates_of_the_deductive_reasoning_roi_are_told_with_their_source() -> None:
    card = load_card("xiao2026")
    held = card.roi_coordinates["deductive_reasoning"]
    assert (held.space, len(held.points)) == ("Talairach", 39)
    assert "Prado, Chadha & Booth 2011" in held.source
    assert set(card.roi_coordinates) <= set(card.rois)
    # of no number: a picture changes no hash
    assert card.model_copy(update={"roi_coordinates": {}}).data_sha256() == card.data_sha256()


def test_known_places_are_drawn_and_unknown_ones_are_said(made_up_card: None) -> None:
    pytest.importorskip("nilearn", reason="draws the glass brain; install the plot extra")
    section = brain.brain_section(record("md", "language"))
    assert section is not None
    (figure,) = [block for block in section.blocks if isinstance(block, Figure)]
    assert 'src="data:image/png;base64,' in figure.picture
    assert 'alt="circles: multiple demand, invented for a test"' in figure.picture
    words = " ".join(block.text for block in section.blocks if isinstance(block, Words))
    assert "Source: nobody." in words
    assert "No coordinates on the card: language." in words
    (folded,) = [block for block in section.blocks if isinstance(block, Folded)]
    assert isinstance(folded.blocks[0], Table)
    assert folded.blocks[0].rows[0] == ("multiple demand", "-40", "20", "30")


def test_a_point_is_drawn_where_it_lies() -> None:
    pytest.importorskip("nilearn", reason="draws the glass brain; install the plot extra")
    from PIL import Image

    def coloured(x: float) -> np.ndarray[Any, Any]:
        shown = Image.open(io.BytesIO(brain.draw_brain([np.array([[x, 0.0, 50.0]])])))
        pixels = np.asarray(shown.convert("RGB"), int)
        # blue, from above: the last quarter of the picture
        blue = (pixels[..., 2] - pixels[..., 0] > 60)[:, 3 * pixels.shape[1] // 4 :]
        return np.flatnonzero(blue.any(axis=0))

    left, right = coloured(-40.0), coloured(40.0)
    assert left.size
    assert right.size
    assert left.max() < right.min()


def test_without_nilearn_the_places_are_told_as_numbers(
    made_up_card: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brain, "find_spec", lambda name: None)
    section = brain.brain_section(record("md"))
    assert section is not None
    assert not [block for block in section.blocks if isinstance(block, Figure)]
    assert "brainbench[plot]" in section.blocks[0].text  # type: ignore[union-attr]


def test_nothing_is_drawn_where_nothing_is_known() -> None:
    assert brain.brain_section(record("language")) is None
    assert brain.brain_section(empty()) is None
    unknown = record("deductive_reasoning")
    unknown.datasets[0].name = "../../etc"
    unknown.datasets[1].name = "phantom"
    assert brain.brain_section(unknown) is None
