"""The formats that a run is exported to, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from brainbench.errors import UnknownNameError, UsageError
from brainbench.exchange.records.every_eval_ever import write_every_eval_ever
from brainbench.exchange.records.hub_results import write_hub_results
from brainbench.exchange.records.lm_eval import write_lm_eval
from brainbench.exchange.records.numbers import own_numbers
from brainbench.exchange.records.options import ExportOptions
from brainbench.exchange.records.tables import write_csv, write_parquet
from brainbench.paths import user_path
from brainbench.results.finished import FinishedRun

Writer = Callable[[FinishedRun, Path, ExportOptions], list[Path]]
# each run by itself
_OF_ONE: dict[str, Writer] = {
    "every-eval-ever": write_every_eval_ever,
    "hf-eval-results": write_hub_results,
    "lm-eval": write_lm_eval,
}
# all runs in one table
_OF_ALL = {"csv": write_csv, "parquet": write_parquet}
FORMATS: dict[str, str] = {
    "csv": "every number of the runs as one table",
    "parquet": "the same",
    "every-eval-ever": "the shared schema of Every Eval Ever",
    "hf-eval-results": ".eval_results/*.yaml of a model's repository on the Hugging Face Hub",
    "lm-eval": "results_<date>.json and samples_<task>_<date>.jsonl, as lm-eval writes them",
}
_USES = {"every-eval-ever": ("organization", "relationship", "model_id"),
         "hf-eval-results": ("hub_dataset", "source_url")}  # fmt: skip


def export_runs(
    runs: Sequence[FinishedRun],
    to: str,
    folder: str | Path,
    options: ExportOptions | None = None,
) -> list[Path]:
    """Write runs in the format of another tool.

    Parameters
    ----------
    runs : one or more.
    to : one of ``FORMATS``.
    folder : that is written to; made where it is missing.
    options : what the format wants to know besides.

    Returns
    -------
    The files.

    Raises
    ------
    UsageError
        When there is no such format, an option is of another one, a run has nothing to export, or
        the folder cannot be written.
    """
    if to not in FORMATS:
        raise UnknownNameError("format", to, FORMATS)
    chosen, path = options or ExportOptions(), user_path(folder)
    for name in chosen.given():
        if name not in _USES.get(to, ()):
            flag = name.replace("_", "-")
            owner = next(key for key, names in _USES.items() if name in names)
            raise UsageError(f"--{flag} goes with --to {owner}")
    for run in runs:
        if not own_numbers(run.record):
            raise UsageError(f"{run.name} ({run.record.status}) has no score to export")
    if to in _OF_ALL:
        return _OF_ALL[to]([run.record for run in runs], path)
    return [file for run in runs for file in _OF_ONE[to](run, path, chosen)]
