"""``brainbench evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from brainbench.benchmarks import DEFAULT_PROTOCOL
from brainbench.cli.console import print_json, stdout
from brainbench.cli.model_options import (
    MODEL_PANEL,
    Device,
    Dtype,
    GgufFile,
    Peft,
    Quiet,
    Revision,
    TrustRemoteCode,
    Wording,
)
from brainbench.cli.progress import step_progress, teller
from brainbench.guidance.options import GuidanceOptions
from brainbench.models import ModelOptions
from brainbench.models.cache import Status
from brainbench.reasoning import TaskOptions, parse_arguments
from brainbench.results import RunFolder, render_record
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate

HELP = """Score a model against people: its states against their brains, its answers against theirs;
and on reasoning tasks.

With no arguments: the built-in language model on simulated people, offline, in under a minute.

[bold]Examples[/bold]

  brainbench evaluate

  brainbench evaluate --model HuggingFaceTB/SmolLM2-135M-Instruct --suite alignment

  brainbench evaluate --model my-model.gguf --dataset xiao2026 --protocol published

  brainbench evaluate --model ./my-model --peft ./my-adapter --suite behavior

  brainbench evaluate --model ./my-model --suite accuracy --apply-chat-template

  brainbench evaluate --model ./my-model --tasks brainbench_folio,logiqa2 --backend vllm

  brainbench evaluate --model ./my-model --steer ./my-steering --strength 2 --suite accuracy

  brainbench evaluate --model ./my-model --suite guidance --dataset xiao2026

  brainbench evaluate --model my-model.gguf --prompt-template wording.yaml --dataset xiao2026

  brainbench evaluate --model activations.safetensors --benchmarks 'xiao2026.*' --json > run.json

Every option can be set by an environment variable, BRAINBENCH_<OPTION>.
"""

_TASKS = "Tasks of lm-eval"
_GUIDANCE = "Guidance by brain signals"


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
        typer.Option(
            help="A named set of benchmarks; of tasks: accuracy (208 problems), accuracy-full "
            "(7,432); or guidance, guidance-steering, guidance-finetuning.",
            envvar="BRAINBENCH_SUITE",
        ),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            help="Only benchmarks of this dataset; of a suite of guidance, whose people guide.",
            envvar="BRAINBENCH_DATASET",
        ),
    ] = None,
    protocol: Annotated[
        str,
        typer.Option(
            help="How alignment is scored: controlled (whole runs held out, nuisance taken out, "
            "with nulls and intervals), or published, as in Xiao, Du & Lin 2026.",
            envvar="BRAINBENCH_PROTOCOL",
        ),
    ] = DEFAULT_PROTOCOL,
    device: Device = None,
    dtype: Dtype = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Prompts in a batch; 32 by default. vLLM has its own.",
            envvar="BRAINBENCH_BATCH_SIZE",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    revision: Revision = None,
    gguf_file: GgufFile = None,
    peft: Peft = None,
    untrained: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SEED",
            help="Draw the weights anew with this seed.",
            envvar="BRAINBENCH_UNTRAINED",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    prompt_template: Wording = None,
    think: Annotated[
        bool,
        typer.Option(
            "--think",
            help="Let the model generate before it answers; states are means over what it wrote.",
            envvar="BRAINBENCH_THINK",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = False,
    max_new_tokens: Annotated[
        int,
        typer.Option(
            min=1,
            help="Limit of what it generates with --think.",
            envvar="BRAINBENCH_MAX_NEW_TOKENS",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = 1024,
    trust_remote_code: TrustRemoteCode = False,
    readout: Annotated[
        str,
        typer.Option(
            help="State that is scored: of the last token, the mean over premises, or localised: "
            "units of the last token that tell reasoning from reading, chosen on training items.",
            envvar="BRAINBENCH_READOUT",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = "last",
    steer: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Folder of a steering, whose directions are added to the model's states.",
            envvar="BRAINBENCH_STEER",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            help="Factor of its directions; by default the steering's own.",
            envvar="BRAINBENCH_STRENGTH",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    steer_tokens: Annotated[
        str | None,
        typer.Option(
            help="Tokens that are steered: last (of the prompt), generated (those too), or all; by "
            "default the steering's own.",
            envvar="BRAINBENCH_STEER_TOKENS",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    untrained_activations: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Activations of the untrained model, where --model is a file of activations; "
            "with --protocol controlled.",
            envvar="BRAINBENCH_UNTRAINED_ACTIVATIONS",
        ),
    ] = None,
    tasks: Annotated[
        str | None,
        typer.Option(
            help="Tasks, groups and tags of lm-eval, ours and its own, separated by commas; * and "
            "? match. `brainbench list tasks` shows ours.",
            envvar="BRAINBENCH_TASKS",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    include_path: Annotated[
        list[Path] | None,
        typer.Option(
            help="A folder of more task files; may be given again. Python beside them is run.",
            envvar="BRAINBENCH_INCLUDE_PATH",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            help="What computes: hf, brainbench's own scorer on transformers, or vllm.",
            envvar="BRAINBENCH_BACKEND",
            rich_help_panel=_TASKS,
        ),
    ] = "hf",
    model_args: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,…",
            help="Of hf: options above by another way, dtype=bfloat16. Of vllm: its engine's, "
            "max_model_len=4096.",
            envvar="BRAINBENCH_MODEL_ARGS",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    num_fewshot: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Examples before each question; by default what the task says.",
            envvar="BRAINBENCH_NUM_FEWSHOT",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    apply_chat_template: Annotated[
        bool,
        typer.Option(
            "--apply-chat-template",
            help="Ask in the model's own chat format; by default in plain text, as lm-eval does.",
            envvar="BRAINBENCH_APPLY_CHAT_TEMPLATE",
            rich_help_panel=_TASKS,
        ),
    ] = False,
    gen_kwargs: Annotated[
        str | None,
        typer.Option(
            metavar="NAME=VALUE,…",
            help="Of generation, in place of what the task says: max_gen_toks=8192.",
            envvar="BRAINBENCH_GEN_KWARGS",
            rich_help_panel=_TASKS,
        ),
    ] = None,
    log_samples: Annotated[
        bool,
        typer.Option(
            "--log-samples",
            help="Keep texts of questions and answers too, of tasks whose texts may be shared.",
            envvar="BRAINBENCH_LOG_SAMPLES",
            rich_help_panel=_TASKS,
        ),
    ] = False,
    tier: Annotated[
        str,
        typer.Option(
            help="How much guidance does: reduced (few arms, one seed: nothing is claimed), full "
            "(every arm, five seeds), auto (full on a GPU).",
            envvar="BRAINBENCH_TIER",
            rich_help_panel=_GUIDANCE,
        ),
    ] = "auto",
    guidance_rois: Annotated[
        str | None,
        typer.Option(
            help="Whose signals guide, separated by commas; by default the dataset's first ROI.",
            envvar="BRAINBENCH_GUIDANCE_ROIS",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_tests: Annotated[
        str | None,
        typer.Option(
            help="Names of tests, separated by semicolons; all by default.",
            envvar="BRAINBENCH_GUIDANCE_TESTS",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_arms: Annotated[
        str | None,
        typer.Option(
            help="More arms, of plugins, separated by semicolons.",
            envvar="BRAINBENCH_GUIDANCE_ARMS",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Of fine-tuning, at most; by default what the tier says.",
            envvar="BRAINBENCH_EPOCHS",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            help="Of random features, permutations, simulations, and of tasks' examples.",
            envvar="BRAINBENCH_SEED",
        ),
    ] = 0,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Only the first items of each reasoning type and task, for trying out.",
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
    quiet: Quiet = False,
) -> None:
    """Parse, run, print."""
    say = teller(quiet)
    arguments = {} if model_args is None else parse_arguments(model_args, "--model-args")
    asking = TaskOptions(
        include_path=tuple(str(path) for path in include_path or ()),
        backend=backend,
        model_args=arguments if backend != "hf" else {},
        num_fewshot=num_fewshot,
        apply_chat_template=apply_chat_template,
        gen_kwargs={} if gen_kwargs is None else parse_arguments(gen_kwargs, "--gen-kwargs"),
        log_samples=log_samples,
    )
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
        steer=steer,
        strength=strength,
        steer_tokens=steer_tokens,
    )
    guiding = GuidanceOptions(
        rois=tuple(_names(guidance_rois or "")),
        tier=tier,
        tests=tuple(name.strip() for name in (guidance_tests or "").split(";") if name.strip()),
        epochs=epochs,
        arms=tuple(name.strip() for name in (guidance_arms or "").split(";") if name.strip()),
    )
    if backend == "hf" and arguments:
        options = options.with_arguments(arguments)
    with step_progress(quiet) as report:
        record = run_evaluate(
            model,
            benchmarks=None if benchmarks is None else _names(benchmarks),
            suite=suite,
            dataset=dataset,
            tasks=None if tasks is None else _names(tasks),
            settings=Settings(
                protocol, seed, limit, options, untrained_activations, asking, guiding
            ),
            output_path=output_path,
            overwrite=overwrite,
            report=report,
            say=say,
        )
    if json:
        print_json(record.model_dump_json(indent=1))
        return
    stdout.print(render_record(record))
    folder = RunFolder(output_path, record.model.identifier, record.run_id)
    say(Status(f"record: {folder.path / 'results.json'}"))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
