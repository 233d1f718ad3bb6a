"""``brainbench evaluate``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from brainbench.benchmarks import DEFAULT_PROTOCOL, EVERY_PROTOCOL
from brainbench.cli.console import print_json, stdout
from brainbench.cli.guidance_plan import check_plan, print_plan
from brainbench.cli.options import (
    MODEL_PANEL,
    AttnImplementation,
    ConfigFile,
    Device,
    Dtype,
    GgufFile,
    Json,
    Limit,
    Overwrite,
    Peft,
    PromptTemplate,
    Quiet,
    Revision,
    Seed,
    TrustRemoteCode,
    Verbose,
)
from brainbench.cli.own_data import OwnOptions, read_own
from brainbench.cli.progress import step_progress
from brainbench.cli.task_options import (
    TASK_PANEL,
    FewshotAsMultiturn,
    PredictOnly,
    Samples,
    SystemInstruction,
)
from brainbench.errors import UsageError
from brainbench.exchange.trackers import check_tracker, log_run
from brainbench.guidance.options import GUIDANCE_SUITES, GuidanceOptions
from brainbench.guidance.shift_limit import parse_limit
from brainbench.models import ModelOptions
from brainbench.reasoning import TASK_SUITES, TaskOptions, parse_arguments, parse_samples
from brainbench.results import RunFolder, render_record, render_scorecard
from brainbench.results.report import REPORT
from brainbench.results.store import RECORD, short_name
from brainbench.run import Settings
from brainbench.run import evaluate as run_evaluate
from brainbench.run.states import read_states

_LOG = logging.getLogger(__name__)

HELP = """Score a model against people, and on reasoning tasks.

Its states are scored against brain responses, its answers against people's.
With no arguments: the built-in model on simulated people, in under a minute.

[bold]Examples[/bold]
  brainbench evaluate --model ./model --suite alignment
  brainbench evaluate --model my.gguf --dataset xiao2026 --protocol published
  brainbench evaluate --model ./model --suite accuracy --apply-chat-template
  brainbench evaluate --model activations.safetensors --json > run.json
  brainbench evaluate --model ./model --assembly own.nc --group passage
  brainbench evaluate --model ./model --suite guidance --plan
  brainbench evaluate --config run.yaml --seed 1

Options can be set by environment variables: BRAINBENCH_MODEL for --model."""

_GUIDANCE = "Guidance by brain signals"
_OWN = "Data of your own"


def evaluate(
    model: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Hub id, folder, GGUF file, .safetensors of activations, "
            "module:function, brainscore:identifier, nano (built in).",
        ),
    ] = None,
    suite: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="alignment, behavior, … See `brainbench list suites`.",
        ),
    ] = None,
    benchmarks: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Identifiers, separated by commas; * and ? match."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Only its benchmarks or people. Or a dataset folder."),
    ] = None,
    protocol: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="controlled (the default) or published alignment.",
            show_default=False,
        ),
    ] = None,
    limit: Limit = None,
    seed: Seed = 0,
    config: ConfigFile = None,
    log: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="Log the run to wandb, trackio or mlflow."),
    ] = None,
    output_path: Annotated[
        Path,
        typer.Option(metavar="DIR", help="Results: <model>/<name>-<id> in it."),
    ] = Path("results"),
    name: Annotated[
        str | None,
        typer.Option(metavar="TEXT", help="Of the run's folder. By default suite and date."),
    ] = None,
    overwrite: Overwrite = False,
    details: Annotated[
        bool,
        typer.Option("--details", help="Print every table, not the scorecard alone."),
    ] = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    device: Device = None,
    dtype: Dtype = None,
    attn_implementation: AttnImplementation = None,
    batch_size: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Prompts in a batch. By default 32.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    revision: Revision = None,
    gguf_file: GgufFile = None,
    peft: Peft = None,
    steer: Annotated[
        str | None,
        typer.Option(
            metavar="DIR",
            help="Steering to apply: see `brainbench steer`.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    strength: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Factor of the steering. By default its own.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    steer_tokens: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Steered tokens: last, generated or all.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    prompt_template: PromptTemplate = None,
    think: Annotated[
        bool,
        typer.Option(
            "--think",
            help="Let the model generate before it answers.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = False,
    max_new_tokens: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Limit of --think.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = 1024,
    readout: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="last, premises or localised.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = "last",
    untrained: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="SEED",
            help="Draw random weights with this seed.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    untrained_activations: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Untrained control of an activation file.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    trust_remote_code: TrustRemoteCode = False,
    states_only: Annotated[
        bool,
        typer.Option(
            "--states-only",
            help="Read the model into the cache; score nothing.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = False,
    tasks: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Tasks, groups or tags; * and ? match.",
            rich_help_panel=TASK_PANEL,
        ),
    ] = None,
    include_path: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="More task files. May be given again.", rich_help_panel=TASK_PANEL
        ),
    ] = None,
    backend: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="hf (transformers) or vllm.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = "hf",
    model_args: Annotated[
        str | None,
        typer.Option(
            metavar="K=V,…",
            help="Of the backend, as in max_model_len=4096.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    num_fewshot: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Examples before each question.",
            rich_help_panel=TASK_PANEL,
        ),
    ] = None,
    apply_chat_template: Annotated[
        bool,
        typer.Option(
            "--apply-chat-template",
            help="Ask in the model's chat format.",
            rich_help_panel=TASK_PANEL,
        ),
    ] = False,
    gen_kwargs: Annotated[
        str | None,
        typer.Option(
            metavar="K=V,…",
            help="Of generation, as in max_gen_toks=8192.",
            rich_help_panel=TASK_PANEL,
        ),
    ] = None,
    log_samples: Annotated[
        bool,
        typer.Option(
            "--log-samples",
            help="Keep texts, where licences allow it.",
            rich_help_panel=TASK_PANEL,
        ),
    ] = False,
    system_instruction: SystemInstruction = None,
    fewshot_as_multiturn: FewshotAsMultiturn = None,
    samples: Samples = None,
    predict_only: PredictOnly = False,
    tier: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="reduced, full or auto (by device).",
            rich_help_panel=_GUIDANCE,
        ),
    ] = "auto",
    guidance_rois: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Separated by commas. By default the first ROI.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_tests: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Separated by semicolons. By default all.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_arms: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="More arms, of plugins, separated by semicolons.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_methods: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Of steering: `brainbench list methods`.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_answers: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Answers that count: all or scanned.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = "all",
    guidance_limit: Annotated[
        str | None,
        typer.Option(
            metavar="NATS",
            help="Most shift of neutral text. By default 0.1 nats.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_forms: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Controlled, published or both.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    guidance_recipes: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Of fine-tuning: language+representation, ….",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    seeds: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Of each arm. By default 1; full tier: 5.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Limit of fine-tuning. By default the tier's.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            help="Only print what could be found, in what time.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = False,
    gain: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Gain in AUC for --plan. By default 0.05.",
            rich_help_panel=_GUIDANCE,
        ),
    ] = None,
    assembly: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Responses: NetCDF, .csv, or brainscore:NAME.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    group: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="What is held out whole. By default run.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    type_column: Annotated[
        str | None,
        typer.Option(
            "--type",
            metavar="COLUMN",
            help="Sorts texts; each type is scored by itself.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    position: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMN",
            help="Order within a run. By default position.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    nuisance: Annotated[
        str | None,
        typer.Option(
            metavar="COLUMNS",
            help="To hold scores against, by commas.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=LABEL",
            help="Keep these, by commas. May be given again.",
            rich_help_panel=_OWN,
        ),
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="YAML with all of this; see the docs.", rich_help_panel=_OWN
        ),
    ] = None,
) -> None:
    """Parse, run, print."""
    check_plan(plan, gain, suite)
    trackers = _names(log or "")
    for tracker in trackers:
        check_tracker(tracker)
    own = read_own(
        OwnOptions(
            assembly, dataset, group, type_column, position, nuisance, tuple(select or ()), card
        )
    )
    if own is not None:
        dataset = None  # a folder, which has been read
    if protocol is None:
        protocol = DEFAULT_PROTOCOL if own is None else EVERY_PROTOCOL
    arguments = {} if model_args is None else parse_arguments(model_args, "--model-args")
    asking = TaskOptions(
        include_path=tuple(str(path) for path in include_path or ()),
        backend=backend,
        model_args=arguments if backend != "hf" else {},
        num_fewshot=num_fewshot,
        apply_chat_template=apply_chat_template,
        gen_kwargs={} if gen_kwargs is None else parse_arguments(gen_kwargs, "--gen-kwargs"),
        log_samples=log_samples,
        system_instruction=system_instruction,
        fewshot_as_multiturn=fewshot_as_multiturn,
        samples={} if samples is None else parse_samples(samples),
        predict_only=predict_only,
    )
    options = ModelOptions(
        device=device,
        dtype=dtype,
        attn_implementation=attn_implementation,
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
        answers=guidance_answers,
        methods=tuple(_names(guidance_methods or "")) or GuidanceOptions.methods,
        limit=parse_limit(guidance_limit),
        forms=tuple(_names(guidance_forms or "")),
        recipes=tuple(_names(guidance_recipes or "")),
        seeds=seeds,
    )
    if backend == "hf" and arguments:
        options = options.with_arguments(arguments)
    settings = Settings(protocol, seed, limit, options, untrained_activations, asking, guiding)
    if plan and suite is not None:
        print_plan(model, suite, dataset, guiding, settings, gain)
        return
    if states_only:
        if tasks is not None or suite in (*TASK_SUITES, *GUIDANCE_SUITES):
            raise UsageError(
                "--states-only goes with benchmarks: tasks and guidance keep no states"
            )
        with step_progress(quiet, verbose) as report:
            readings = read_states(
                model,
                benchmarks=None if benchmarks is None else _names(benchmarks),
                suite=suite,
                dataset=dataset,
                own=own,
                settings=Settings(protocol, seed, limit, options, untrained_activations, asking),
                report=report,
            )
        read = ", ".join({**readings.states, **readings.answers})
        _LOG.info("read out on %s; the cache has it", read)
        return
    with step_progress(quiet, verbose) as report:
        record = run_evaluate(
            model,
            benchmarks=None if benchmarks is None else _names(benchmarks),
            suite=suite,
            dataset=dataset,
            tasks=None if tasks is None else _names(tasks),
            own=own,
            settings=settings,
            output_path=output_path,
            overwrite=overwrite,
            name=name or None,
            report=report,
        )
    folder = RunFolder(output_path, record.model.identifier, record.run_id).path
    for tracker in trackers:
        log_run(record, folder, tracker)
    if json:
        print_json(record.model_dump_json(indent=1))
        return
    shown = render_record(record) if details else render_scorecard(record, short_name(folder))
    stdout.print(shown, crop=False)
    _LOG.info("record: %s", folder / RECORD)
    if (page := folder / REPORT).is_file():
        _LOG.info("report: %s", page)
    else:
        _LOG.warning("there is no report: brainbench report %s", short_name(folder))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
