"""Progress where there is no terminal."""

from __future__ import annotations

import pytest
from tqdm import tqdm

from brainbench.benchmarks import Step
from brainbench.cli.progress import step_progress, teller
from brainbench.models.cache import Status


def printed(steps: list[Step], capsys: pytest.CaptureFixture[str]) -> list[str]:
    with step_progress(quiet=False) as report:
        assert report
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


def test_quiet_says_nothing() -> None:
    with step_progress(quiet=True) as report:
        assert report is None


def test_quiet_hides_bars_of_libraries(capfd: pytest.CaptureFixture[str]) -> None:
    with step_progress(quiet=True):
        assert list(tqdm(range(3), desc="a library's")) == [0, 1, 2]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("quiet", "shown"), [(True, ["3 answers are cut off"]), (False, None)])
def test_quiet_hides_no_caveat(
    quiet: bool, shown: list[str] | None, capsys: pytest.CaptureFixture[str]
) -> None:
    say = teller(quiet)
    say(Status("going on with the cancelled run"))
    say("3 answers are cut off")
    expected = shown or ["going on with the cancelled run", "3 answers are cut off"]
    assert capsys.readouterr().err.splitlines() == expected
