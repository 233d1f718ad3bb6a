"""Progress where there is no terminal."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from rich.console import Console
from tqdm import tqdm

from brainbench.cli import progress
from brainbench.cli.progress import Work, spell, step_progress
from brainbench.errors import UsageError
from brainbench.progress import Step


def printed(steps: list[Step], capsys: pytest.CaptureFixture[str]) -> list[str]:
    with step_progress(quiet=False) as report:
        for step in steps:
            report(step)
    return capsys.readouterr().err.splitlines()


def test_short_work_is_told_step_by_step(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [Step(f"part {n}", n, 3) for n in range(3)]
    assert printed(steps, capsys) == [f"[{n}/3] part {n}" for n in range(3)]


def test_long_work_is_told_about_ten_times_however_it_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    # batches of 7 and 11: none of the tenths is met exactly
    done = sorted({*range(0, 1000, 7), *range(0, 1000, 11), 1000})
    lines = printed([Step("work", n, 1000) for n in done], capsys)
    assert 10 <= len(lines) <= 11
    assert lines[0] == "[0/1000] work"
    assert lines[-1] == "[1000/1000] work"


def test_other_work_begins_anew(capsys: pytest.CaptureFixture[str]) -> None:
    steps = [Step("one", 0, 1000), Step("one", 1, 1000), Step("two", 0, 1000)]
    assert printed(steps, capsys) == ["[0/1000] one", "[0/1000] two"]


def test_quiet_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with step_progress(quiet=True) as report:
        report(Step("work", 1, 2))
    assert capsys.readouterr().err == ""


def test_quiet_hides_bars_of_libraries(capfd: pytest.CaptureFixture[str]) -> None:
    with step_progress(quiet=True):
        assert list(tqdm(range(3), desc="a library's")) == [0, 1, 2]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("quiet", "verbose", "shown"),
    [
        (True, False, ["3 answers are cut off"]),
        (False, False, ["3 answers are cut off", "going on with the cancelled run"]),
        (False, True, ["3 answers are cut off", "going on with the cancelled run", "on cpu"]),
    ],
)
def test_quiet_hides_no_caveat_and_verbose_shows_details(
    quiet: bool, verbose: bool, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    # a part of brainbench anywhere, that knows of no command line
    log = logging.getLogger("brainbench.models.opening")
    with step_progress(quiet, verbose):
        log.warning("%d answers are cut off", 3)
        log.info("going on with the %s run", "cancelled")
        log.debug("on cpu")
    assert capsys.readouterr().err.splitlines() == shown


def test_quiet_and_verbose_do_not_go_together() -> None:
    with pytest.raises(UsageError, match="--quiet or --verbose"), step_progress(True, True):
        pass


@pytest.fixture(autouse=True)
def usual_log() -> Iterator[None]:
    """The log is shown as the command shows it, and left as it was found."""
    logger = logging.getLogger("brainbench")
    before = logger.level, logger.handlers[:]
    yield
    logger.setLevel(before[0])
    logger.handlers[:] = before[1]


class Time:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


def test_lines_say_what_time_is_left_of_the_arm(capsys: pytest.CaptureFixture[str]) -> None:
    time = Time()
    lines = progress._Lines(time)
    for label, pace in (("arm 1 of 2, guided", 30.0), ("arm 2 of 2, permuted", 0.5)):
        for done in range(0, 11, 5):
            lines.add(Step(label, done, 10))
            time.seconds += 5 * pace
    assert capsys.readouterr().err.splitlines() == [
        "[0/10] arm 1 of 2, guided",
        "[5/10] arm 1 of 2, guided, about 2 min left",
        "[10/10] arm 1 of 2, guided",
        # little is left, and the first arm's pace is none of the second's
        "[0/10] arm 2 of 2, permuted",
        "[5/10] arm 2 of 2, permuted",
        "[10/10] arm 2 of 2, permuted",
    ]


def test_steps_that_count_on_are_one_work() -> None:
    work = Work()
    steps = [Step("a", 0, 9), Step("b", 4, 9), Step("c", 4, 9), Step("d", 0, 9), Step("e", 1, 5)]
    assert [work.begins(step) for step in steps] == [True, False, False, True, True]


def test_a_terminal_shows_the_arm_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    console = Console(file=out, force_terminal=True, width=100, color_system=None)
    monkeypatch.setattr(progress, "stderr", console)
    with step_progress(quiet=False) as report:
        report(Step("targeted search, arm 2 of 5, permuted fMRI", 40, 200))
    text = out.getvalue()
    assert "40/200" in text
    assert "left" in text
    assert "arm 2 of 5, permuted fMRI" in text


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(12.4, "12 s"), (99, "99 s"), (100, "2 min"), (3540, "59 min"), (4800, "1 h 20 min")],
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert spell(seconds) == words
