"""The quality page says what was left out and what is doubtful, with every text escaped."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pytest

from brainbench.datasets import Recording, phantom
from brainbench.datasets.cards import Card
from brainbench.datasets.deduction import RUNS
from brainbench.imaging.prepare import Coverage, PreparedPerson, PreparedRun, put_together
from brainbench.imaging.simulation import StudyDesign
from brainbench.imaging.simulation.events import draw_events
from brainbench.results.quality import page, render_quality

RUN = "syllogistic-01"
VOXELS = 6


def person(subject: str, **changed: object) -> PreparedPerson:
    rng = np.random.default_rng(len(subject))
    problems = [p for p in phantom.load_problems() if p.identifier.startswith(f"{RUN}-")]
    events = draw_events(StudyDesign(), problems, subject, RUN)
    held = {
        "responses": rng.standard_normal((18, VOXELS)).astype(np.float32),
        "stimulus_ids": tuple(p.identifier for p in problems),
        "phases": ("trial",) * 18,
        "inside": np.ones(VOXELS, bool),
        "tsnr": np.full(VOXELS, 50.0, np.float32),
        "motion": np.r_[np.nan, np.full(99, 0.1)],
        "kept": np.ones(100, bool),
        "events": events.to_csv(sep="\t", index=False),
        "inputs": {},
        "mark": {},
    }
    run = PreparedRun(**{**held, **changed})  # type: ignore[arg-type]
    places = np.column_stack(
        [np.linspace(-40, 40, VOXELS), np.zeros(VOXELS), np.full(VOXELS, 20.0)]
    )
    rois = {"<roi>": np.arange(3), "other": np.arange(3, VOXELS)}
    return PreparedPerson(subject, rois, np.arange(VOXELS), places, {RUN: run}, {})


@pytest.fixture(scope="module")
def card() -> Card:
    return Card(
        name="toy", title="A <b>toy</b>", version="1", licence="CC0-1.0", redistributable=True,
        citation="", subjects=("sub-01", "sub-02"), runs=tuple(RUNS),
    )  # fmt: skip


def shown(
    card: Card, *people: PreparedPerson, faults: tuple[str, ...] = ()
) -> tuple[str, Recording, dict[str, Coverage]]:
    recording, coverage = put_together(people, card)
    provenance = {"versions": {"brainbench": "0"}, "note": "</script><script>alert(1)</script>"}
    text = render_quality(recording, people, coverage, faults, provenance)
    return text, recording, coverage


@pytest.fixture
def no_brain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "draw_responses", lambda *_: None)


def words(html: str) -> str:
    return " ".join(re.sub(r"<style>.*?</style>|<script>.*?</script>|<[^>]+>", " ", html,
                           flags=re.S).split())  # fmt: skip


@pytest.mark.usefixtures("no_brain")
class TestWords:
    def test_nothing_to_warn_of(self, card: Card) -> None:
        text, *_ = shown(card, person("sub-01"), person("sub-02"))
        assert "No warnings; no run was left out." in words(text)
        assert "sub-01 syllogistic-01" in words(text)

    def test_every_text_is_escaped(self, card: Card) -> None:
        text, *_ = shown(card, person("sub-01"), faults=("<img src=x onerror=alert(1)>",))
        assert "<b>toy" not in text
        assert "<img src=x" not in text
        assert "<roi>" not in text
        assert text.count("<script>") == 1
        assert "default-src 'none'" in text.replace("&#39;", "'")

    def test_provenance_that_is_too_long_for_a_page_says_where_the_rest_is(
        self, card: Card, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole, *_ = shown(card, person("sub-01"))
        monkeypatch.setattr(page, "_MUCH_TEXT", 30)
        cut, *_ = shown(card, person("sub-01"))
        assert "the rest is in provenance.json" in cut
        assert "the rest is in" not in whole

    def test_what_is_doubtful_is_named(self, card: Card) -> None:
        moved = np.full(100, 0.9)
        scrubbed = np.arange(100) > 40
        few = np.array([True, True, False, True, False, False])
        people = [
            person("sub-01", motion=moved, kept=scrubbed),
            person("sub-02", tsnr=np.full(VOXELS, 9.0, np.float32), inside=few),
        ]
        people[1] = replace(people[1], left_out={"transitive-01": "cut short"})
        text, *_ = shown(card, *people, faults=("sub-03: no run is left",))
        found = words(text)
        assert "Mean framewise displacement above 0.5 mm: sub-01 syllogistic-01." in found
        assert "Median signal-to-noise ratio below 20: sub-02 syllogistic-01." in found
        assert "of the scans left out: sub-01 syllogistic-01." in found
        assert "other: 1 of 3 voxels" in found
        assert "sub-02 has 1" in found
        assert "sub-02 transitive-01 is left out: cut short" in found
        assert "sub-03: no run is left" in found

    def test_unknown_motion_is_no_number(self, card: Card) -> None:
        text, *_ = shown(card, person("sub-01", motion=np.full(100, np.nan)))
        assert "n/a" in words(text)
        assert "above 0.5 mm" not in words(text)


def test_the_brain_is_drawn_with_words_for_those_who_do_not_see_it(card: Card) -> None:
    pytest.importorskip("nilearn", reason="draws the glass brain; install the plot extra")
    text, recording, _ = shown(card, person("sub-01"), person("sub-02"))
    alt = re.search(r'<img[^>]*alt="([^"]*)"', text)
    assert alt is not None
    assert alt[1].startswith("Mean response of each voxel over all problems and people")
    chosen = recording.assembly["roi"].values == "other"
    assert f"other {recording.assembly.values[:, chosen].mean():.2f}" in alt[1]
    assert "data:image/png;base64," in text
    # no picture but those inside the page
    assert not re.findall(r'src="(?!data:)', text)
