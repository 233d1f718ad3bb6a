"""``brainbench export``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import say
from brainbench.errors import UsageError
from brainbench.exchange.records import ExportOptions, export_runs
from brainbench.results.finished import open_run

_LOG = logging.getLogger(__name__)
_STEERED = "steered"

HELP = """Write runs in the format of another tool.

[bold]Formats[/bold]
  csv, parquet      every number of the runs as one table
  lm-eval           results and samples as lm-eval writes them
  every-eval-ever   the shared schema of Every Eval Ever
  hf-eval-results   .eval_results/*.yaml of a model on the Hugging Face Hub
  steered           of a steering's folder: a file for lm-eval's model of that
                    name, for each reasoning type

Every number is the record's, with its interval and the items it rests on.

[bold]Examples[/bold]
  brainbench export results/MODEL/RUN --to csv
  brainbench export results/A/RUN results/B/RUN --to parquet
  brainbench export results/MODEL/RUN --to every-eval-ever --organization Lab
  brainbench export results/MODEL/RUN --to lm-eval --output-path lm_eval_out"""

_THEIRS = "What formats want to know besides"


def export(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN…", help="Folders of runs, or of steerings."),
    ],
    to: Annotated[str, typer.Option(metavar="FORMAT", help="One of those above.")],
    output_path: Annotated[Path, typer.Option(metavar="DIR", help="Where it is written.")] = Path(
        "exported"
    ),
    organization: Annotated[
        str | None,
        typer.Option(
            metavar="TEXT",
            help="Who ran the evaluation (every-eval-ever).",
            rich_help_panel=_THEIRS,
        ),
    ] = None,
    relationship: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of them to the model's developer: first_party, third_party, "
            "collaborative or other (every-eval-ever).",
            rich_help_panel=_THEIRS,
        ),
    ] = None,
    model_id: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME",
            help="The model on the hub, where it was read from a file (every-eval-ever).",
            rich_help_panel=_THEIRS,
        ),
    ] = None,
    hub_dataset: Annotated[
        str | None,
        typer.Option(
            metavar="OWNER/NAME",
            help="The benchmark's data set on the hub (hf-eval-results).",
            rich_help_panel=_THEIRS,
        ),
    ] = None,
    source_url: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="Where the run can be looked at (hf-eval-results).",
            rich_help_panel=_THEIRS,
        ),
    ] = None,
) -> None:
    """Read, write, say where."""
    said = {
        "organization": organization,
        "relationship": relationship,
        "model_id": model_id,
        "hub_dataset": hub_dataset,
        "source_url": source_url,
    }
    if to == _STEERED:
        _export_steerings(runs, output_path)
        return
    options = ExportOptions(**{name: value for name, value in said.items() if value is not None})
    for path in export_runs([open_run(run) for run in runs], to, output_path, options):
        say(f"{path} ({path.stat().st_size:,} bytes)")


def _export_steerings(folders: list[Path], output_path: Path) -> None:
    """One ``.pt`` file for each group of each steering, and what lm-eval will do otherwise."""
    # torch is loaded only now: other formats do without
    from brainbench.models.steering.vector import load_steering
    from brainbench.reasoning.lm_eval_export import export_groups

    names = [folder.name for folder in folders]
    if len(set(names)) < len(names):
        raise UsageError("two folders of one name would be written to one place: export each alone")
    for folder in folders:
        for path, texts in export_groups(load_steering(folder), output_path / folder.name).items():
            say(f"{path} ({path.stat().st_size:,} bytes)")
            for text in texts:
                _LOG.warning("%s: %s", path.name, text)
