"""``brainbench evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from brainbench.cli.console import stderr, stdout
from brainbench.cli.progress import step_progress
from brainbench.results import RunFolder, render_record
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate

HELP = """Score a model's representations against people's brain activity.

With no arguments: built-in activations on simulated people, offline, in under a minute.

[bold]Examples[/bold]

  brainbench evaluate

  brainbench evaluate --model activations.safetensors --benchmarks 'xiao2026.*'

  brainbench evaluate --model activations.safetensors --dataset xiao2026 --json > run.json

Every option can be set by an environment variable, BRAINBENCH_<OPTION>.
"""


def evaluate(
    model: Annotated[
        str | None,
        typer.Option(
            help="A .safetensors file of activations, or a built-in model.",
            envvar="BRAINBENCH_MODEL",
        ),
    ] = None,
    benchmarks: Annotated[
        str | None,
        typer.Option(
            help="Identifiers separated by commas; * and ? match.", envvar="BRAINBENCH_BENCHMARKS"
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(help="A named set of benchmarks.", envvar="BRAINBENCH_SUITE"),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(help="Only benchmarks of this dataset.", envvar="BRAINBENCH_DATASET"),
    ] = None,
    protocol: Annotated[
        str, typer.Option(help="How scores are made.", envvar="BRAINBENCH_PROTOCOL")
    ] = "published",
    device: Annotated[
        str | None,
        typer.Option(help="For models that compute.", envvar="BRAINBENCH_DEVICE"),
    ] = None,
    dtype: Annotated[
        str | None, typer.Option(help="For models that compute.", envvar="BRAINBENCH_DTYPE")
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(min=1, help="For models that compute.", envvar="BRAINBENCH_BATCH_SIZE"),
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(help="For models from a hub.", envvar="BRAINBENCH_REVISION"),
    ] = None,
    seed: Annotated[
        int, typer.Option(min=0, help="Of the random features.", envvar="BRAINBENCH_SEED")
    ] = 0,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Only the first items of each reasoning type, for trying out.",
            envvar="BRAINBENCH_LIMIT",
        ),
    ] = None,
    output_path: Annotated[
        Path,
        typer.Option(
            help="Results go to <model>/<run id> below it.", envvar="BRAINBENCH_OUTPUT_PATH"
        ),
    ] = Path("results"),
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Compute again what is already there.",
            envvar="BRAINBENCH_OVERWRITE",
        ),
    ] = False,
    json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print the whole record and nothing else.", envvar="BRAINBENCH_JSON"
        ),
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="No progress.", envvar="BRAINBENCH_QUIET")
    ] = False,
) -> None:
    """Parse, run, print."""

    def say(text: str) -> None:
        if not quiet:
            stderr.print(f"[dim]{escape(text)}[/dim]", soft_wrap=True, highlight=False)

    with step_progress(quiet) as report:
        record = run_evaluate(
            model,
            benchmarks=None if benchmarks is None else _names(benchmarks),
            suite=suite,
            dataset=dataset,
            settings=Settings(protocol, seed, limit, device, dtype, batch_size, revision),
            output_path=output_path,
            overwrite=overwrite,
            report=report,
            say=say,
        )
    if json:
        print(record.model_dump_json(indent=1))
        return
    stdout.print(render_record(record))
    folder = RunFolder(output_path, record.model.identifier, record.run_id)
    say(f"record: {folder.path / 'results.json'}")


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
