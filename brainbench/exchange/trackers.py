"""A finished run, logged to an experiment tracker: Weights & Biases, Trackio or MLflow.

Each is called through its own package, which nothing else needs. Whatever one of them raises, the
run is kept: its record was written before.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from brainbench.errors import UnknownNameError, UsageError
from brainbench.exchange.records.numbers import own_numbers
from brainbench.foreign import readable
from brainbench.results import Record
from brainbench.results.scorecard import scorecard

_LOG = logging.getLogger(__name__)

PROJECT = "brainbench"
# of a name that trackers take for a metric
_UNFIT = re.compile(r"[^\w./ :-]+")
_LONGEST = 250


def check_tracker(name: str) -> None:
    """Raise ``UsageError`` when there is no such tracker, or its package is not installed.

    Parameters
    ----------
    name : one of ``TRACKERS``.
    """
    if name not in TRACKERS:
        raise UnknownNameError("tracker", name, TRACKERS)
    if find_spec(name) is None:
        raise UsageError(f"--log {name} needs its package: pip install 'brainbench[{name}]'")


def log_run(record: Record, folder: Path, to: str) -> bool:
    """Log the numbers, the configuration and the report of a run to a tracker.

    Parameters
    ----------
    record : of the run.
    folder : of the run; its report and record are kept with it.
    to : one of ``TRACKERS``.

    Returns
    -------
    Whether that worked; where not, a warning says why.
    """
    files = [folder / name for name in ("report.html", "results.json")]
    try:
        TRACKERS[to](
            f"{record.model.identifier} {record.run_id}",
            tracked_numbers(record),
            tracked_config(record),
            [path for path in files if path.is_file()],
        )
    # another library: no network, no login, a full disk, a fault of its own
    except Exception as error:
        reason = readable(str(error).strip()) or type(error).__name__
        _LOG.warning("logging the run to %s failed: %s. The run is kept in %s", to, reason, folder)
        return False
    return True


def tracked_numbers(record: Record) -> dict[str, float]:
    """Name → number: the lines of the scorecard, then every result of the model, with intervals."""
    found: dict[str, float] = {}
    for line in scorecard(record).lines:
        found[_named("scorecard", line.name)] = line.value
        if line.interval is not None:
            found[_named("scorecard", f"{line.name} low")] = line.interval[0]
            found[_named("scorecard", f"{line.name} high")] = line.interval[1]
    for number in own_numbers(record):
        found[_named(number.key)] = number.value
        if number.interval is not None:
            found[_named(f"{number.key} low")] = number.interval[0]
            found[_named(f"{number.key} high")] = number.interval[1]
    return found


def tracked_config(record: Record) -> dict[str, Any]:
    """What was run, as plain values: model, data, options, versions."""
    model = record.model.model_dump(mode="json", exclude={"files", "source"})
    return {
        "run_id": record.run_id,
        "status": record.status,
        "model": model,
        "datasets": [f"{each.name} {each.version}" for each in record.datasets],
        "config": record.config,
        "versions": record.versions,
    }


def _named(*parts: str) -> str:
    return _UNFIT.sub("_", "/".join(parts))[:_LONGEST]


def _wandb(name: str, numbers: Mapping[str, float], config: Any, files: list[Path]) -> None:
    wandb = import_module("wandb")
    run = wandb.init(project=PROJECT, name=name, config=config)
    try:
        run.log(dict(numbers))
        artifact = wandb.Artifact(f"run-{config['run_id']}", type="report")
        for path in files:
            artifact.add_file(str(path))
        run.log_artifact(artifact)
    finally:
        run.finish()


def _trackio(name: str, numbers: Mapping[str, float], config: Any, files: list[Path]) -> None:
    trackio = import_module("trackio")
    trackio.init(project=PROJECT, name=name, config=config)
    try:
        trackio.log(dict(numbers))
        # it has no files of runs: the report is found by where it lies
        trackio.log({f"file/{path.name}": str(path) for path in files})
    finally:
        trackio.finish()


def _mlflow(name: str, numbers: Mapping[str, float], config: Any, files: list[Path]) -> None:
    mlflow = import_module("mlflow")
    mlflow.set_experiment(PROJECT)
    with mlflow.start_run(run_name=name):
        mlflow.log_metrics(dict(numbers))
        mlflow.log_params(dict(_flat(config)))
        for path in files:
            mlflow.log_artifact(str(path))


def _flat(config: Mapping[str, Any], before: str = "") -> list[tuple[str, str]]:
    """Values inside maps by a path of names: MLflow keeps text alone, of 6,000 characters."""
    found = []
    for key, value in config.items():
        name = f"{before}{key}"
        if isinstance(value, Mapping):
            found += _flat(value, f"{name}.")
        elif value not in (None, [], {}):
            found.append((_named(name), str(value)[:6000]))
    return found


TRACKERS: dict[str, Callable[[str, Mapping[str, float], Any, list[Path]], None]] = {
    "wandb": _wandb,
    "trackio": _trackio,
    "mlflow": _mlflow,
}
