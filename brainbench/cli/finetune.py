"""``brainbench finetune``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import print_json, stdout
from brainbench.cli.options import (
    MODEL_PANEL,
    AttnImplementation,
    Device,
    GgufFile,
    GuidedModel,
    GuidingDataset,
    GuidingRoi,
    Json,
    Limit,
    Overwrite,
    PromptTemplate,
    Quiet,
    Revision,
    Seed,
    TrustRemoteCode,
    Verbose,
    shift_limit,
)
from brainbench.cli.progress import step_progress
from brainbench.guidance.shift_limit import parse_limit
from brainbench.models import ModelOptions

_LOG = logging.getLogger(__name__)

HELP = """Train an adapter (LoRA) of a model with brain responses.

It writes a plain PEFT adapter: `evaluate --peft`, lm-eval and vLLM load it.
With no arguments: the built-in model on simulated people, in under a minute.

[bold]Examples[/bold]
  brainbench finetune --model ./model --dataset xiao2026 --output-path guided
  brainbench finetune --model ./model --dataset xiao2026 --form published
  brainbench finetune --model ./model --dataset xiao2026 --arm 'permuted fMRI'
  brainbench finetune --model ./model --dataset xiao2026 --resume
  brainbench evaluate --model ./model --peft guided --suite accuracy

Options can be set by environment variables: BRAINBENCH_MODEL for --model."""

_RECIPE, _BUDGET = "What is learned", "How long and how fast"


def finetune(
    model: GuidedModel = "nano",
    dataset: GuidingDataset = "phantom",
    roi: GuidingRoi = None,
    reasoning_type: Annotated[
        str, typer.Option(metavar="NAME", help="Train on items of one type, or all.")
    ] = "all",
    limit: Limit = None,
    seed: Seed = 0,
    output_path: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the adapter.")] = Path(
        "finetuned"
    ),
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training there, same options.")
    ] = False,
    overwrite: Overwrite = False,
    json: Json = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    recipe: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="representation, labels, representation+labels, stimulus or "
            "language+representation.",
            rich_help_panel=_RECIPE,
        ),
    ] = "representation+labels",
    form: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="controlled, or published: Xiao, Du & Lin 2026.",
            rich_help_panel=_RECIPE,
        ),
    ] = "controlled",
    weight: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="λ",
            help="Of the representation loss.",
            rich_help_panel=_RECIPE,
        ),
    ] = 0.05,
    loss: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of responses: cosine, pearson or mse.",
            rich_help_panel=_RECIPE,
        ),
    ] = "cosine",
    centring: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="raw (published), intercept or centred (controlled).",
            rich_help_panel=_RECIPE,
        ),
    ] = None,
    guided_items: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="wrong (answered wrong by the model) or all, among those people answered right.",
            rich_help_panel=_RECIPE,
        ),
    ] = "wrong",
    arm: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="guided, or a baseline: permuted fMRI, random fMRI, 'random fMRI, no mean', label "
            "as fMRI, label only, random direction, stimulus only.",
            rich_help_panel=_RECIPE,
        ),
    ] = "guided",
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="LAYERS",
            help="middle, all, or numbers: 3,5-8. By default middle.",
            rich_help_panel=_RECIPE,
        ),
    ] = None,
    rank: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Rank of LoRA.", rich_help_panel=_RECIPE),
    ] = 8,
    alpha: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Scale of LoRA.", rich_help_panel=_RECIPE),
    ] = 16,
    epochs: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Limit. By default 40; published: 100.",
            rich_help_panel=_BUDGET,
        ),
    ] = None,
    patience: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Stop after N falls of the validation score with no rise between them; 0: never.",
            rich_help_panel=_BUDGET,
        ),
    ] = 10,
    learning_rate: Annotated[
        float,
        typer.Option(metavar="X", min=0.0, help="Of AdamW.", rich_help_panel=_BUDGET),
    ] = 1e-4,
    schedule: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="constant, linear or cosine.",
            rich_help_panel=_BUDGET,
        ),
    ] = "constant",
    batch_size: Annotated[
        int,
        typer.Option(metavar="N", min=1, help="Prompts in a batch.", rich_help_panel=_BUDGET),
    ] = 32,
    accumulation: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=1,
            help="Batches in a step. By default all items.",
            rich_help_panel=_BUDGET,
        ),
    ] = None,
    checkpoint_activations: Annotated[
        bool,
        typer.Option(
            "--checkpoint-activations",
            help="Less memory, more time.",
            rich_help_panel=_BUDGET,
        ),
    ] = False,
    validation: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            help="Validation problems of each type that choose the epoch. By default all; 0: none.",
            rich_help_panel=_BUDGET,
        ),
    ] = None,
    guidance_limit: Annotated[str, shift_limit(_BUDGET)] = "auto",
    device: Device = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="float32, bfloat16, or auto: as the checkpoint is; the adapter is float32.",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    attn_implementation: AttnImplementation = None,
    revision: Revision = None,
    gguf_file: GgufFile = None,
    prompt_template: PromptTemplate = None,
    trust_remote_code: TrustRemoteCode = False,
) -> None:
    """Parse, train, print."""
    # torch is loaded only now: other verbs do without
    from brainbench.guidance.finetuning.recipes import EPOCHS, Budget, Recipe
    from brainbench.results.blocks.terminal import render_section
    from brainbench.results.sections.finetuning import finetuning_section
    from brainbench.run.finetuning import TrainingOrder
    from brainbench.run.finetuning import finetune as finetune_by_people

    options = ModelOptions(
        device=device,
        dtype=dtype,
        attn_implementation=attn_implementation,
        revision=revision,
        gguf_file=gguf_file,
        prompt_template=prompt_template,
        trust_remote_code=trust_remote_code,
    )
    chosen = Recipe(
        recipe,
        form,
        weight,
        loss,
        centring,
        guided_items,
        rank=rank,
        alpha=alpha,
    )
    budget = Budget(
        epochs=epochs or EPOCHS[chosen.form],
        learning_rate=learning_rate,
        schedule=schedule,
        batch_size=batch_size,
        accumulation=accumulation,
        patience=patience,
        seed=seed,
        checkpoint_activations=checkpoint_activations,
    )
    order = TrainingOrder(
        dataset=dataset,
        roi=roi,
        reasoning_type=reasoning_type,
        limit=limit,
        arm=arm,
        layers=layers,
        validation=validation,
        resume=resume,
        overwrite=overwrite,
        shift_limit=parse_limit(guidance_limit),
    )
    with step_progress(quiet, verbose) as report:
        trained = finetune_by_people(
            model, order, chosen, budget, output_path, options=options, report=report
        )
    if json:
        print_json(trained.record.model_dump_json(indent=1))
        return
    stdout.print(render_section(finetuning_section(trained.record)))
    _LOG.info("adapter: %s", trained.folder)
