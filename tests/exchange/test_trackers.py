"""Trackers get the numbers of a run, and none of them makes it fail."""

from __future__ import annotations

import importlib.util
import logging
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scorecards import PARTIAL
from simulated_records import full, write_run

from brainbench.errors import UsageError
from brainbench.exchange import trackers
from brainbench.exchange.records import own_numbers
from brainbench.exchange.trackers import TRACKERS, check_tracker, log_run, tracked_numbers
from brainbench.results import Record


class Told:
    """A stand-in of each library's few calls; it keeps what it was told."""

    def __init__(self) -> None:
        self.numbers: dict[str, Any] = {}
        self.config: dict[str, Any] = {}
        self.files: list[str] = []
        self.ended = 0

    def module(self, name: str) -> Any:
        return {"wandb": self.wandb, "trackio": self.trackio, "mlflow": self.mlflow}[name]()

    def _end(self) -> None:
        self.ended += 1

    def wandb(self) -> Any:
        def artifact(name: str, type: str) -> Any:
            return SimpleNamespace(add_file=self.files.append)

        def init(project: str, name: str, config: dict[str, Any]) -> Any:
            self.config = config
            return SimpleNamespace(
                log=self.numbers.update, log_artifact=lambda one: None, finish=self._end
            )

        return SimpleNamespace(init=init, Artifact=artifact)

    def trackio(self) -> Any:
        def log(values: dict[str, Any]) -> None:
            for name, value in values.items():
                if isinstance(value, str):
                    self.files.append(value)
                else:
                    self.numbers[name] = value

        def init(project: str, name: str, config: dict[str, Any]) -> None:
            self.config = config

        return SimpleNamespace(init=init, log=log, finish=self._end)

    def mlflow(self) -> Any:
        outer = self

        class Run:
            def __enter__(self) -> None:
                pass

            def __exit__(self, *_: object) -> None:
                outer._end()

        return SimpleNamespace(
            set_experiment=lambda name: None, start_run=lambda run_name: Run(),
            log_metrics=self.numbers.update, log_params=self.config.update,
            log_artifact=self.files.append,
        )  # fmt: skip


@pytest.fixture
def run(tmp_path: Path) -> tuple[Record, Path]:
    record = full()
    folder = write_run(record, tmp_path / "run")
    (folder / "report.html").write_text("<p>")
    return record, folder


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    made = Told()
    monkeypatch.setattr(trackers, "import_module", made.module)
    return made


@pytest.mark.parametrize("name", TRACKERS)
def test_numbers_configuration_and_report(name: str, run: tuple[Record, Path], told: Told) -> None:
    record, folder = run
    assert log_run(record, folder, name)
    for number in own_numbers(record):
        held = {v for k, v in told.numbers.items() if k.endswith(number.metric)}
        assert number.value in held
    assert any(key.startswith("scorecard/accuracy") for key in told.numbers)
    assert [Path(file).name for file in told.files] == ["report.html", "results.json"]
    assert told.config["run_id"] == record.run_id
    assert told.ended == 1
    # where files lie on this machine is nobody's business
    assert "model.gguf" not in str(told.config)


@pytest.mark.parametrize("name", TRACKERS)
def test_a_tracker_that_fails_loses_nothing(
    name: str,
    run: tuple[Record, Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(name: str) -> Any:
        raise RuntimeError("no login\x1b[31m")

    monkeypatch.setattr(trackers, "import_module", broken)
    record, folder = run
    with caplog.at_level(logging.WARNING, "brainbench"):
        assert not log_run(record, folder, name)
    assert f"logging the run to {name} failed: no login" in caplog.text
    assert str(folder) in caplog.text
    assert (folder / "results.json").is_file()


@pytest.mark.parametrize("name", PARTIAL)
def test_names_are_ones_that_trackers_take(name: str) -> None:
    found = tracked_numbers(PARTIAL[name])
    assert found
    for key, value in found.items():
        assert trackers._UNFIT.sub("", key) == key
        assert len(key) <= 250
        assert isinstance(value, float | int)


def test_an_unknown_tracker_and_a_missing_package_are_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(UsageError, match="did you mean 'wandb'"):
        check_tracker("wandbb")
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"pip install 'brainbench\[mlflow\]'"):
        check_tracker("mlflow")


@pytest.mark.skipif(importlib.util.find_spec("mlflow") is None, reason="mlflow is not installed")
def test_mlflow_keeps_it_in_a_folder(
    run: tuple[Record, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlflow

    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    before = mlflow.get_tracking_uri()
    mlflow.set_tracking_uri((tmp_path / "mlruns").as_uri())
    try:
        record, folder = run
        assert log_run(record, folder, "mlflow")
        (found,) = mlflow.search_runs(search_all_experiments=True, output_format="list")
        numbers = tracked_numbers(record)
        assert found.data.metrics == pytest.approx(numbers)
        assert found.data.params["run_id"] == record.run_id
        files = mlflow.artifacts.list_artifacts(run_id=found.info.run_id)
        assert {file.path for file in files} == {"report.html", "results.json"}
    finally:
        mlflow.set_tracking_uri(before)


def test_the_command_asks_for_the_package_before_it_runs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from brainbench.cli.main import main

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(trackers, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["brainbench", "evaluate", "--log", "wandb"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "--log wandb needs its package" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
