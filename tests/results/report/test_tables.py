"""Numbers of behaviour, accuracy, guidance and provenance on a page are those of the record."""

from __future__ import annotations

from pathlib import Path

import pytest
from shown_tables import cells as cells_of
from shown_tables import tables
from simulated_records import answers, empty, full, gain, task

from brainbench.guidance.rows import SearchRow
from brainbench.results import Record
from brainbench.results.blocks import (
    Bullets,
    SideBySide,
    Words,
)
from brainbench.results.record import SteeringInfo
from brainbench.results.report.page import render_report
from brainbench.results.report.provenance import provenance_section
from brainbench.results.sections.accuracy import _marks, accuracy_section
from brainbench.results.sections.behavior import behavior_section
from brainbench.results.sections.guidance import gains_section


@pytest.fixture(scope="module")
def record() -> Record:
    return full()


def test_every_row_has_as_many_cells_as_there_are_columns(record: Record) -> None:
    made = record.model_copy(deep=True)
    made.model.steering = SteeringInfo(
        name="s", sha256="0" * 64, strength=2.0, tokens="last", site="attention", layers=[3],
        groups=["all"],
    )  # fmt: skip
    for section in (behavior_section(made), accuracy_section(made), gains_section(made),
                    provenance_section(made)):  # fmt: skip
        for table in tables(section):
            assert all(len(row) == len(table.columns) for row in table.rows), table.caption
            assert all(isinstance(cell, str) for row in table.rows for cell in row), table.caption


def test_behaviour_stands_beside_people(record: Record) -> None:
    row = record.behavior[0]
    first = tables(behavior_section(record))[0]
    kappa = row.error_consistency
    assert first.rows[0][0] == "κ of errors"
    assert first.rows[0][1].startswith(f"{kappa.value:.3f} [")
    assert first.rows[0][3].startswith(f"{kappa.reference:.3f} [")
    reaching = [c.control for c in row.controls if "error_consistency" in row.reached_by(c)]
    assert first.rows[0][-1] == ", ".join(reaching)
    people = tables(behavior_section(record))[-1]
    assert [cells[0] for cells in people.rows] == [person.subject for person in row.people]


def test_accuracy_stands_beside_blind_answers(record: Record) -> None:
    section = accuracy_section(record)
    table = tables(section)[0]
    bias = record.answer_bias[0]
    cells = cells_of(table)["quick_a"]
    choice, always = bias.best_constant
    assert cells["task"] == "quick_a"
    assert cells["items"] == "40 (20)"
    assert cells["accuracy"].replace("\u00a0", " ") == (
        f"{bias.accuracy:.3f} ± {bias.accuracy_stderr:.3f}"
    )
    assert cells["always"] == f"{choice} {always:.3f}"
    assert section is not None
    (readings,) = [block for block in section.blocks if isinstance(block, Bullets)]
    assert readings.items[0] == ("quick_a", bias.reading)


@pytest.mark.parametrize("accuracy", [0.0, 0.25, 1.0])
def test_bars_of_accuracy_stay_between_0_and_1(record: Record, accuracy: float) -> None:
    # four problems: 1.96 errors would reach from -0.24 to 0.74, or have no width
    error = 0.25 if accuracy == 0.25 else 0.0
    few = record.answer_bias[0].model_copy(
        update={"accuracy": accuracy, "accuracy_stderr": error, "n_items": 4, "n_clusters": 4}
    )
    (bar,) = [mark.interval for mark in _marks(few) if mark.interval is not None]
    assert 0 <= bar[0] <= accuracy <= bar[1] <= 1
    assert bar[1] - bar[0] > 0.5


def test_groups_show_every_number_they_have() -> None:
    made = empty()
    made.add(task("brainbench_quick_a", answers(0)))
    made.accuracy["group"] = {
        "alias": "g", "acc,none": 0.5, "acc_stderr,none": 0.1, "f1,strict": 2, "sample_len": 9
    }  # fmt: skip
    row = tables(accuracy_section(made))[1].rows[0]
    assert row == ("group", "9", "acc 0.500\u00a0±\u00a00.100", "f1 (strict) 2")


def test_guidance_shows_its_verdict_before_its_forest(record: Record) -> None:
    section = gains_section(record)
    assert section is not None
    part, search = section.parts
    assert search.title == "Search for answers that turn right, by language, syllogisms"
    assert search.ident == "search/xiao2026.language.syllogistic"
    assert isinstance(part.blocks[0], Words)
    reading = record.gains[0].reading
    assert (part.blocks[0].name, part.blocks[0].text) == ("inconclusive", reading)
    assert f"inconclusive:</b> {reading}"[:60] in render_report(record, Path("nothing"))
    (beside,) = [block for block in part.blocks if isinstance(block, SideBySide)]
    assert len(beside.figures) == 2
    # an arm against which it was held: a mark with its interval in each picture
    assert [figure.picture.count("<circle") for figure in beside.figures] == [2, 2]
    change = gain().differences[0].changes[0]
    assert tables(section)[0].rows[0][2].startswith(f"{change.value:.3f} [")


def test_what_was_not_run_has_no_section() -> None:
    made = empty()
    assert behavior_section(made) is accuracy_section(made) is gains_section(made) is None


def test_provenance_names_what_changes_a_number(record: Record) -> None:
    text = " ".join(
        cell for t in tables(provenance_section(record)) for row in t.rows for cell in row
    )
    for word in ("a" * 64, "d" * 64, "brainbench_quick_a", "3.11", "options.dtype", "seed"):
        assert word in text


def test_pictures_of_guidance_stand_in_the_page_and_other_files_do_not(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    drawn = b"\x89PNG\r\n\x1a\n" + bytes(100)
    (folder / "guidance-roi-syllogistic.png").write_bytes(drawn)
    (folder / "guidance-language-syllogistic.png").write_bytes(drawn)
    (folder / "guidance-script.png").write_bytes(b"<script>alert(1)</script>")
    (folder / "guidance-large.png").write_bytes(drawn + bytes(500_000))
    (folder / "guidance-link.png").symlink_to(folder / "guidance-roi-syllogistic.png")
    made = render_report(full(), tmp_path)
    assert made.count("data:image/png;base64,") == 2
    # of the score that it is of, the numbers of its doses can be saved
    assert made.count('download="doses-language-syllogistic.csv"') == 1
    assert "doses-roi-syllogistic.csv" not in made
    assert "roi-syllogistic. Left: scanner items" in made
    assert "data:image/png" not in render_report(full(), tmp_path / "nothing")


def test_arms_of_the_search_stand_with_what_guided_flips_more(record: Record) -> None:
    made = record.model_copy(deep=True)
    guided, other = made.searches[0].rows
    other.guided_minus, other.interval, other.p_corrected = 0.2, (0.05, 0.4), 0.03
    other.flipped_range = (0.25, 0.75)
    held = guided.model_dump()
    drawn, ours, theirs = (
        SearchRow(**held | {"arm": arm, **more})
        for arm, more in (
            ("random direction", {}),  # as older records have it
            ("guided, restarts", {"one_direction": False}),
            ("permuted fMRI, restarts", {"one_direction": False, "against": "guided, restarts",
                                         "guided_minus": -0.1}),
        )
    )  # fmt: skip
    made.searches[0].rows.append(drawn)
    section = gains_section(made)
    assert section is not None
    one, restarts = tables(section.parts[-1])[-2:]
    names = [head.name for head in one.heads]
    columns = dict(zip(names, zip(*one.rows, strict=True), strict=True))
    assert columns["guided minus"] == ("", "0.200 [0.050,\N{NO-BREAK SPACE}0.400]*")
    assert columns["p Holm"] == ("", "0.030")
    share = "50\N{NO-BREAK SPACE}% (25\N{NO-BREAK SPACE}% to 75\N{NO-BREAK SPACE}%)"
    assert columns["pairs flipped"][1] == share
    assert [row[0] for row in restarts.rows] == ["random restarts"]
    assert "guided minus: of guided, restarts" in restarts.caption
    notes = [
        text for b in section.parts[-1].blocks if isinstance(b, Bullets) for _, text in b.items
    ]
    assert any("as many chances as tries" in text for text in notes)
    made.searches[0].rows += [ours, theirs]
    section = gains_section(made)
    assert section is not None
    assert not any(isinstance(b, Bullets) for b in section.parts[-1].blocks)
    restarts = tables(section.parts[-1])[-1]
    assert [row[0] for row in restarts.rows][1:] == ["guided, restarts", "permuted fMRI, restarts"]
    assert [row[names.index("guided minus")] for row in restarts.rows] == ["", "", "-0.100"]


def test_time_is_told_by_step(record: Record) -> None:
    def told(made: Record) -> dict[str, str]:
        return {row[0]: row[1] for table in tables(provenance_section(made)) for row in table.rows}

    name = "seconds by step, the longest first"
    assert name not in told(record)
    made = record.model_copy(deep=True)
    made.timing["steps"] = {"reading the model out": 7.04, "scoring": 812.0}
    assert told(made)[name] == "scoring 812.0, reading the model out 7.0"
