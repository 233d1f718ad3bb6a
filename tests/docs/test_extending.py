"""Every file and every command of docs/extending.md, as a reader would type them."""

from __future__ import annotations

import shlex
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from docs_blocks import DOCS, blocks
from simulated_signals import make_signals, make_states

from brainbench import evaluate, plugins
from brainbench.benchmarks import kinds, list_benchmarks, load_benchmark
from brainbench.cli.main import main
from brainbench.datasets import load_problems
from brainbench.guidance.methods.directions import Material, Training, to_unit, training_steps
from brainbench.guidance.methods.guiding import problem_direction
from brainbench.guidance.methods.registry import find_method
from brainbench.models import load_model, read_answers
from brainbench.results import Record, load_record

pytestmark = pytest.mark.usefixtures("public_tasks_read_once")

PAGE = blocks(DOCS / "extending.md")
COMMANDS = [line[2:] for b in PAGE if b.language == "console" for line in b.text.splitlines()]

# words by which the tests below find the commands they run
MODEL, DATASET = "--model sentence_lengths:SentenceLengths", "--model mylab-lengths"
LISTED, SHOWN = "list benchmarks", "show mylab2026"
ARM, CHECKED, TASK = "--guidance-arms", "list tasks --check", "--tasks my_sizes"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The files of the page, its package installed as far as Python looks."""
    root = tmp_path_factory.mktemp("extending")
    titled = [block for block in PAGE if block.title]
    for block in titled:
        path = root / str(block.title)
        path.parent.mkdir(exist_ok=True)
        path.write_text(block.text, "utf-8")
    project = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]
    info = root / f"{project['name']}-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    )
    points = project["entry-points"]["brainbench"].items()
    lines = [f"{name} = {value}" for name, value in points]
    (info / "entry_points.txt").write_text("\n".join(["[brainbench]", *lines]) + "\n")
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(root))
        patch.chdir(root)
        plugins._plugins.cache_clear()
        yield root
    plugins._plugins.cache_clear()
    for name in {Path(str(block.title)).stem for block in titled} & (set(sys.modules) - before):
        del sys.modules[name]


@pytest.fixture
def cli(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], Any]:
    """Run a line of the page in its folder, offline."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setenv("COLUMNS", "120")

    def run(line: str) -> SimpleNamespace:
        monkeypatch.setattr(sys, "argv", shlex.split(line))
        with pytest.raises(SystemExit) as caught:
            main()
        out, err = capsys.readouterr()
        return SimpleNamespace(code=int(caught.value.code or 0), out=out, err=err)

    return run


def newest(folder: Path) -> Record:
    path = max(folder.glob("results/*/*/results.json"), key=lambda path: path.stat().st_mtime_ns)
    return load_record(path)


def line_of(words: str) -> str:
    """The one command of the page that holds the words."""
    (found,) = [line for line in COMMANDS if words in line]
    return found


def test_every_command_of_the_page_is_run_here() -> None:
    used = (MODEL, LISTED, SHOWN, DATASET, ARM, CHECKED, TASK)
    assert sorted(line_of(words) for words in used) == sorted(COMMANDS)
    assert all(block.title or block.language in ("console", "") for block in PAGE)


def test_a_model(folder: Path, cli: Any) -> None:
    told = cli(line_of(MODEL))
    assert told.code == 0, told.err
    record = newest(folder)
    assert record.model.identifier == "sentence-lengths"
    raw = {score.benchmark: score.raw for score in record.published}
    assert raw["phantom.confound.all-ridge"] > 0.1, "length is one of the confounds"
    model: Any = load_model("sentence_lengths:SentenceLengths")
    assert read_answers(model, load_problems("phantom")).said.tolist() == [1.0] * 72


def test_what_is_listed(cli: Any) -> None:
    listed = cli(line_of(LISTED)).out
    assert "mylab2026.auditory.syllogistic-ridge" in listed
    assert "mylab2026.auditory.mean-ridge" in listed
    assert "Four simulated people" in cli(line_of(SHOWN)).out
    assert "mylab2026.auditory.mean-ridge" in list_benchmarks()


def test_a_dataset_and_a_benchmark(folder: Path, cli: Any) -> None:
    told = cli(line_of(DATASET))
    assert told.code == 0, told.err
    record = newest(folder)
    assert [one.name for one in record.datasets] == ["mylab2026"]
    raw = {score.benchmark: score.raw for score in record.published}
    two = [raw[f"mylab2026.auditory.{kind}-ridge"] for kind in ("syllogistic", "transitive")]
    assert raw["mylab2026.auditory.mean-ridge"] == pytest.approx(np.mean(two))
    assert min(two) > 0.1, "people who respond to length are predicted by it"


def test_a_kind_of_score(folder: Path, cli: Any) -> None:
    told = cli(line_of(DATASET))
    assert told.code == 0, told.err
    name = "mylab2026.auditory.all-similarity"
    assert "similarity" in told.out
    assert name in told.out
    path = max(folder.glob("results/*/*/results.json"), key=lambda path: path.stat().st_mtime_ns)
    record = load_record(path)
    from mylab_similarity import SimilarityScore  # type: ignore[import-not-found]

    (score,) = SimilarityScore.read_from(record)
    (kept,) = record.other
    assert (score.benchmark, kept.kind, kept.value) == (name, "similarity", score.headline)
    assert score.r == pytest.approx(np.mean(list(score.people.values())))
    assert score.r > 0.1, "people who respond to length tell items apart by it"
    page = (path.parent / "report.html").read_text("utf-8")
    assert "Other kinds of scores" in page
    assert f"{score.r:.3f}" in page


def test_one_line_makes_it_a_kind_of_brainbenchs_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from mylab_similarity import Similarity, SimilarityScore

    monkeypatch.setattr(kinds, "KINDS", (*kinds.KINDS, Similarity))
    monkeypatch.setattr("brainbench.plugins._plugins", lambda: {})  # which has it already
    names = [f"phantom.{roi}.syllogistic-similarity" for roi in ("signal", "confound", "noise")]
    assert set(names) <= set(list_benchmarks())
    record = evaluate("sentence_lengths:SentenceLengths", benchmarks=names, output_path=tmp_path)
    found = {score.benchmark: score.r for score in SimilarityScore.read_from(record)}
    assert list(found) == names
    assert found[names[1]] > found[names[2]] + 0.1, "length is one of the confounds"
    alone = load_benchmark(names[1])("sentence_lengths:SentenceLengths")
    assert alone.headline == pytest.approx(found[names[1]])


@pytest.mark.exhaustive
def test_a_baseline(folder: Path, cli: Any) -> None:
    told = cli(line_of(ARM))
    assert told.code == 0, told.err
    record = newest(folder)
    assert record.config["guidance"]["arms"] == ["shuffled voxels"]
    assert record.config["guidance"]["methods"] == ["one step", "mean step"]
    assert [score.recipe for score in record.gains] == 2 * ["one step"] + 2 * ["mean step"]
    for score in record.gains:
        names = [arm.arm for arm in score.arms]
        assert names[-1] == "shuffled voxels"
        assert "shuffled voxels" in [each.against for each in score.differences]


def test_a_way_to_steer(folder: Path) -> None:
    method = find_method("mean step")
    assert (method.what, method.reads_item) == ("the mean step of all items", False)
    training = Training(make_signals(9, 2), make_states(18), np.zeros(18, np.int64))
    found = problem_direction("guided", training, np.random.default_rng(0), None, "mean step")
    np.testing.assert_allclose(found, to_unit(training_steps(Material(training)).mean(axis=0)))


def test_a_task(folder: Path, cli: Any) -> None:
    checked = cli(line_of(CHECKED))
    assert checked.code == 0, checked.out
    told = cli(line_of(TASK))
    assert told.code == 0, told.err
    record = newest(folder)
    assert record.accuracy["my_sizes"]["sample_len"] == 4
    (row,) = record.answer_bias
    assert row.always == {"True": 0.5, "False": 0.5}
