"""``brainbench evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from brainbench.benchmarks import DEFAULT_PROTOCOL
from brainbench.cli.console import stderr, stdout
from brainbench.cli.progress import step_progress
from brainbench.models import ModelOptions
from brainbench.results import RunFolder, render_record
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate

HELP = """Score a model against people: its states against their brains, its answers against theirs.

With no arguments: the built-in language model on simulated people, offline, in under a minute.

[bold]Examples[/bold]

  brainbench evaluate

  brainbench evaluate --model HuggingFaceTB/SmolLM2-135M-Instruct --suite alignment

  brainbench evaluate --model my-model.gguf --dataset xiao2026 --protocol published

  brainbench evaluate --model ./my-model --peft ./my-adapter --suite behavior

  brainbench evaluate --model my-model.gguf --prompt-template wording.yaml --dataset xiao2026

  brainbench evaluate --model activations.safetensors --benchmarks 'xiao2026.*' --json > run.json

Every option can be set by an environment variable, BRAINBENCH_<OPTION>.
"""

_MODEL = "Language models"


def evaluate(
    model: Annotated[
        str | None,
        typer.Option(
            help="Hub id, folder or GGUF file of a language model, nano, .safetensors file of "
            "activations, or module:function.",
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
        str,
        typer.Option(
            help="How alignment is scored: controlled (whole runs held out, nuisance taken out, "
            "with nulls and intervals), or published, as in Xiao, Du & Lin 2026.",
            envvar="BRAINBENCH_PROTOCOL",
        ),
    ] = DEFAULT_PROTOCOL,
    device: Annotated[
        str | None,
        typer.Option(
            help="auto, cpu, cuda, cuda:1, mps.", envvar="BRAINBENCH_DEVICE", rich_help_panel=_MODEL
        ),
    ] = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="auto (float32; on cuda bfloat16), float32, bfloat16, float16.",
            envvar="BRAINBENCH_DTYPE",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Prompts in a batch; 32 by default.",
            envvar="BRAINBENCH_BATCH_SIZE",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    revision: Annotated[
        str | None,
        typer.Option(
            help="Branch, tag or commit on the hub.",
            envvar="BRAINBENCH_REVISION",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    gguf_file: Annotated[
        str | None,
        typer.Option(
            help="Name of a GGUF file in the folder or repository.",
            envvar="BRAINBENCH_GGUF_FILE",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    peft: Annotated[
        str | None,
        typer.Option(
            help="Folder of a PEFT adapter.", envvar="BRAINBENCH_PEFT", rich_help_panel=_MODEL
        ),
    ] = None,
    untrained: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SEED",
            help="Draw the weights anew with this seed.",
            envvar="BRAINBENCH_UNTRAINED",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    prompt_template: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="YAML of another wording, see docs/language-models.md.",
            envvar="BRAINBENCH_PROMPT_TEMPLATE",
            rich_help_panel=_MODEL,
        ),
    ] = None,
    think: Annotated[
        bool,
        typer.Option(
            "--think",
            help="Let the model generate before it answers; states are means over what it wrote.",
            envvar="BRAINBENCH_THINK",
            rich_help_panel=_MODEL,
        ),
    ] = False,
    max_new_tokens: Annotated[
        int,
        typer.Option(
            min=1,
            help="Limit of what it generates with --think.",
            envvar="BRAINBENCH_MAX_NEW_TOKENS",
            rich_help_panel=_MODEL,
        ),
    ] = 1024,
    trust_remote_code: Annotated[
        bool,
        typer.Option(
            "--trust-remote-code",
            help="Run Python code that comes with the model. It can do anything you can.",
            envvar="BRAINBENCH_TRUST_REMOTE_CODE",
            rich_help_panel=_MODEL,
        ),
    ] = False,
    readout: Annotated[
        str,
        typer.Option(
            help="State that is scored: of the last token, the mean over premises, or localised: "
            "units of the last token that tell reasoning from reading, chosen on training items.",
            envvar="BRAINBENCH_READOUT",
            rich_help_panel=_MODEL,
        ),
    ] = "last",
    untrained_activations: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Activations of the untrained model, where --model is a file of activations; "
            "with --protocol controlled.",
            envvar="BRAINBENCH_UNTRAINED_ACTIVATIONS",
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Of random features, permutations, simulations.", envvar="BRAINBENCH_SEED"
        ),
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

    options = ModelOptions(
        device=device,
        dtype=dtype,
        batch_size=batch_size,
        revision=revision,
        gguf_file=gguf_file,
        peft=peft,
        untrained=untrained,
        prompt_template=prompt_template,
        think=think,
        max_new_tokens=max_new_tokens,
        trust_remote_code=trust_remote_code,
        readout=readout,
    )
    with step_progress(quiet) as report:
        record = run_evaluate(
            model,
            benchmarks=None if benchmarks is None else _names(benchmarks),
            suite=suite,
            dataset=dataset,
            settings=Settings(protocol, seed, limit, options, untrained_activations),
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
