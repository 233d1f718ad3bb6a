"""``brainbench prepare`` as its user meets it."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from brainbench.cli.main import main
from brainbench.imaging.simulation import SimulatedStudy
from brainbench.results.quality import page

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Run:
    """Run ``brainbench`` in this process, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(page, "draw_responses", lambda *_: None)

    def work(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["brainbench", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        captured = capsys.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return work


def test_the_public_images_before_any_is_brought(run: Run) -> None:
    code, out, _ = run("prepare", "ds002886", "--roi", "a=sphere:-45,35,10:10", "--dry-run")
    assert code == 0
    assert "196 runs of 56 people in MNI152NLin2009cAsym" in out
    assert "64.9 GB" in out
    assert re.search(r"about \d+ min at 20 MB/s", out)
    code, out, _ = run(
        "prepare", "ds002886", "--roi", "a=sphere:0,0,0:9", "--dry-run", "--space", "fsaverage5",
        "--subjects", "sub-002, sub-003",
    )  # fmt: skip
    assert "7 runs of 2 people in fsaverage5" in out


def test_a_simulated_study_is_written_and_prepared_by_the_command_it_prints(
    run: Run, monkeypatch: pytest.MonkeyPatch, drawn_study: SimulatedStudy
) -> None:
    from brainbench.imaging import simulation

    # the study is drawn elsewhere; here it counts that the printed command works
    monkeypatch.setattr(simulation, "simulate_study", lambda folder, design: drawn_study)
    code, out, _ = run("prepare", "--simulate", "study", "--seed", "3")
    assert code == 0
    command = out.split("Next:")[1].replace("\\\n", " ")
    words = shlex.split(command)[1:]
    code, out, err = run(*words, "--noise-model", "ols")
    assert code == 0, err
    assert "brainbench evaluate --dataset study/prepared" in out
    assert Path("study/prepared/card.yaml").is_file()
    assert "sub-02 transitive-02" in err


@pytest.mark.parametrize(
    ("words", "code", "named"),
    [
        (["ds002886"], 2, "no region was asked for"),
        (["ds002886", "--roi", "a=sphere:0,0,0:9"], 2, "--output-path"),
        (["ds00288", "--roi", "a=sphere:0,0,0:9", "--dry-run"], 2, "'ds002886'"),
        (["ds003076", "--roi", "a=sphere:0,0,0:9"], 2, "nipreps/fmriprep"),
        (["ds002886", "--roi", "a=sphere:0,0,0:9", "--dry-run", "--space", "T1w"], 1, "there are"),
        (["ds002886", "--roi", "a=none.nii.gz", "--dry-run"], 2, "there is no file none.nii.gz"),
        (["ds002886", "--roi", "a=sphere:0,0,0:9", "--method", "lsx"], 2, "'lss'"),
        (["ds002886", "--roi", "a=sphere:0,0,0:9", "--confounds", "motio"], 2, "'motion'"),
        (["ds002886", "--roi", "a=sphere:0,0,0:9", "--max-motion", "-1"], 2, "--max-motion"),
        (["ds002886", "--roi", "a=sphere:0,0,0:9", "--subjects", "sub-999", "--dry-run"], 2,
         "sub-999"),
        ([], 2, "no region was asked for"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(words: list[str], code: int, named: str, run: Run) -> None:
    ended, _, err = run("prepare", *words)
    assert ended == code
    assert named in " ".join(err.split())


def test_a_folder_with_something_in_it_is_not_simulated_into(run: Run) -> None:
    Path("study").mkdir()
    Path("study/thesis.tex").write_text("text")
    code, _, err = run("prepare", "--simulate", "study")
    assert code == 2
    assert "study is not empty" in err
