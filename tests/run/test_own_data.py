"""Runs on somebody's own data: from a file to a record, which is no submission."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from own_data import WordModel, make_assembly, to_csv

import brainbench
from brainbench.cli.own_data import OwnOptions, read_own
from brainbench.datasets import load_assembly, load_recording, write_folder
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.leaderboard.checks.record import _data_faults
from brainbench.leaderboard.submissions.submission import make_submission
from brainbench.models import PHANTOM_FILE
from brainbench.results import Record, load_record, render_record
from brainbench.results.rerun import rerun_command
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate
from brainbench.run.own_data import find_own


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module")
def record(folder: Path) -> Record:
    """A table, under every protocol that it allows."""
    path = folder / "mine.csv"
    few = make_assembly(per_passage=6)
    path.write_text(to_csv(few, ("stimulus", "passage", "surprisal")))
    own = load_assembly(path, group="passage", nuisance=["surprisal"])
    return run_evaluate(
        WordModel(), own=own, settings=Settings("all"), output_path=folder / "results"
    )


class TestRecord:
    def test_every_protocol_is_in_it(self, record: Record) -> None:
        assert record.status == "success"
        assert [score.benchmark for score in record.controlled] == [
            "mine.language.text-ridge", "mine.md.text-ridge",
        ]  # fmt: skip
        assert [score.benchmark for score in record.published] == [
            "mine.language.text-published", "mine.md.text-published",
        ]  # fmt: skip
        assert [context.dataset for context in record.ladder_context] == ["mine"]
        language, md = record.published
        assert language.raw > 0.4 > md.raw

    def test_what_is_planted_is_found(self, record: Record) -> None:
        found = {row.roi: row.z for row in record.ladder if (row.rung, row.term) == ("run", "own")}
        assert found["language"] > found["md"]

    def test_it_names_the_file_and_what_is_not_there(self, record: Record) -> None:
        (dataset,) = record.datasets
        assert dataset.own is not None
        assert dataset.own.file == "mine.csv"
        assert len(dataset.own.sha256) == 64
        said = "\n".join(record.notes)
        assert "mine: own data, from mine.csv" in said
        assert "mine: no rung of position" in said
        assert "mine: one voxel, or one mean, for each person" in said
        assert "surprisal: on the ladder taken out on the rung of condition" in said

    def test_it_is_read_back_and_shown(self, record: Record, folder: Path) -> None:
        (path,) = (folder / "results").glob("*/*/results.json")
        assert load_record(path).datasets == record.datasets
        assert (path.parent / "report.html").is_file()
        assert render_record(record) is not None

    def test_the_command_makes_it_again(self, record: Record, folder: Path) -> None:
        named = record.model_copy(
            update={"model": record.model.model_copy(update={"source": "m.safetensors"})}
        )
        words = shlex.split(rerun_command(named) or "")
        own = words[words.index("--assembly") :][:6]
        assert own == ["--assembly", str(folder / "mine.csv"), "--group", "passage",
                       "--nuisance", "surprisal"]  # fmt: skip
        assert words[words.index("--protocol") + 1] == "all"

    def test_it_is_no_submission(self, record: Record, folder: Path, tmp_path: Path) -> None:
        (path,) = (folder / "results").glob("*/*/results.json")
        with pytest.raises(UsageError, match=r"scores on data of your own \(mine\): a board has"):
            make_submission(path.parent, tmp_path, given={"org": "lab"})
        (fault,) = _data_faults(record)
        assert (fault.field, fault.problem) == ("datasets (mine)", "is somebody's own data")


def test_a_dataset_read_from_a_file_scores_the_same(tmp_path: Path) -> None:
    """Its problems are problems there too: nothing is lost by way of NetCDF."""
    phantom = load_recording("phantom")
    phantom.assembly.to_netcdf(tmp_path / "copy.nc", engine="h5netcdf")
    own = load_assembly(tmp_path / "copy.nc")
    names = ["*.signal.transitive-ridge", "*.signal.transitive-published"]
    found = run_evaluate(
        PHANTOM_FILE,
        own=own,
        benchmarks=names,
        settings=Settings("all", limit=24),
        output_path=tmp_path,
    )
    for protocol in ("controlled", "published"):
        whole = run_evaluate(
            PHANTOM_FILE,
            benchmarks=["phantom.signal.transitive-ridge"],
            settings=Settings(protocol, limit=24),
            output_path=tmp_path,
        )
        ((one,), (other,)) = (getattr(each, protocol) for each in (found, whole))
        names_of_it = {"benchmark", "dataset", "simulated", "notes"}
        reasons = {"controls": {"__all__": {"reason"}}}
        assert one.model_dump(exclude={**dict.fromkeys(names_of_it, True), **reasons}) == (
            other.model_dump(exclude={**dict.fromkeys(names_of_it, True), **reasons})
        )


def test_a_dataset_folder(tmp_path: Path) -> None:
    whole = load_recording("phantom", "signal")
    card = whole.card.model_copy(update={"name": "mine", "rois": {"signal": 80}})
    write_folder(replace(whole, card=card), tmp_path / "data")
    found = brainbench.evaluate(
        PHANTOM_FILE,
        dataset=str(tmp_path / "data"),
        benchmarks="mine.signal.transitive-published",
        output_path=tmp_path,
    )
    assert found.config["own"] == [["--dataset", str(tmp_path / "data")]]
    assert found.datasets[0].own is not None
    assert found.published[0].n_items == 36


def test_python_takes_a_file_or_a_recording(tmp_path: Path) -> None:
    assembly = make_assembly()
    assembly.to_netcdf(tmp_path / "own.nc", engine="h5netcdf")
    one, other = (
        brainbench.evaluate(
            WordModel(), assembly=given, benchmarks="*.md.text-published", output_path=tmp_path / n
        )
        for n, given in (("file", tmp_path / "own.nc"), ("memory", load_assembly(assembly)))
    )
    assert one.published[0].raw == other.published[0].raw
    # nobody can name data that are only in memory
    named = other.model.model_copy(update={"source": "m.safetensors"})
    assert rerun_command(other.model_copy(update={"model": named})) is None


class TestRefused:
    def test_nothing_can_be_scored(self, tmp_path: Path) -> None:
        few = load_assembly(make_assembly(passages=1, per_passage=6))
        with pytest.raises(DataError, match="nothing can be scored on own: no ladder: 5 folds"):
            run_evaluate(WordModel(), own=few, settings=Settings("all"), output_path=tmp_path)

    def test_a_benchmark_that_is_not_there(self, tmp_path: Path) -> None:
        own = load_assembly(make_assembly())
        with pytest.raises(UnknownNameError, match=r"did you mean 'own\.language\.text-published'"):
            run_evaluate(
                WordModel(),
                own=own,
                benchmarks=["own.langage.text-published"],
                settings=Settings("all"),
                output_path=tmp_path,
            )

    def test_a_suite(self, tmp_path: Path) -> None:
        own = load_assembly(make_assembly())
        with pytest.raises(UsageError, match="your own data have no suite"):
            run_evaluate(WordModel(), own=own, suite="alignment", output_path=tmp_path)

    def test_a_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(UsageError, match="there is no dataset folder at"):
            find_own(str(tmp_path / "nowhere"))
        assert find_own("phantom") is None
        assert find_own("phantm") is None  # a name that is off, met with the nearest later

    @pytest.mark.parametrize(
        ("given", "text"),
        [
            ({"group": "run"}, "--group goes with --assembly FILE"),
            ({"select": ("a=b",)}, "--select goes with --assembly FILE"),
            ({"assembly": "a.nc", "dataset": "phantom"}, "--assembly or --dataset, not both"),
            ({"assembly": "a.nc", "select": ("passage",)}, "write COLUMN=LABEL"),
        ],
    )
    def test_options_that_do_not_fit(self, given: dict[str, object], text: str) -> None:
        none = dict.fromkeys(("assembly", "dataset", "group", "type", "position", "nuisance",
                              "card"))  # fmt: skip
        with pytest.raises(UsageError, match=text):
            read_own(OwnOptions(**{**none, "select": (), **given}))  # type: ignore[arg-type]


def test_people_and_voxels_left_out_are_in_the_record(tmp_path: Path) -> None:
    values = make_assembly().values.copy()
    values[:8, :8] = np.nan
    values[:, 8] = 0.0
    own = load_assembly(make_assembly(people=4).isel(neuroid=slice(24)).copy(data=values),
                        group="passage")  # fmt: skip
    found = run_evaluate(
        WordModel(),
        own=own,
        benchmarks=["*.md.text-published"],
        settings=Settings("published"),
        output_path=tmp_path,
    )
    assert found.datasets[0].own is not None
    assert found.datasets[0].own.left_out == [
        "sub-01: lacks passage p1",
        "sub-02, language: 1 of 4 voxels do not vary",
    ]
    assert any("left out: sub-01: lacks passage p1" in note for note in found.notes)
