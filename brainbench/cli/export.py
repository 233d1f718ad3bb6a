"""``brainbench export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import say
from brainbench.exchange.records import ExportOptions, export_runs
from brainbench.results.finished import open_run

HELP = """Write runs in the format of another tool.

[bold]Formats[/bold]
  csv, parquet      every number of the runs as one table
  lm-eval           results and samples as lm-eval writes them
  every-eval-ever   the shared schema of Every Eval Ever
  hf-eval-results   .eval_results/*.yaml of a model on the Hugging Face Hub

Every number is the record's, with its interval and the items it rests on.

[bold]Examples[/bold]
  brainbench export results/MODEL/RUN --to csv
  brainbench export results/A/RUN results/B/RUN --to parquet
  brainbench export results/MODEL/RUN --to every-eval-ever --organization Lab
  brainbench export results/MODEL/RUN --to lm-eval --output-path lm_eval_out"""

_THEIRS = "What formats want to know besides"


def export(
    runs: Annotated[
        list[Path], typer.Argument(metavar="RUN…", help="Folders of runs, or their results.json.")
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
    options = ExportOptions(**{name: value for name, value in said.items() if value is not None})
    for path in export_runs([open_run(run) for run in runs], to, output_path, options):
        say(f"{path} ({path.stat().st_size:,} bytes)")
