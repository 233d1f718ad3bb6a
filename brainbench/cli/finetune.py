"""``brainbench finetune``."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import print_json, stdout
from brainbench.cli.guidance_options import GuidedModel, GuidingDataset, GuidingRoi
from brainbench.cli.model_options import (
    MODEL_PANEL,
    Device,
    GgufFile,
    Quiet,
    Revision,
    TrustRemoteCode,
    Wording,
)
from brainbench.cli.progress import step_progress, teller
from brainbench.errors import UsageError
from brainbench.models import ModelOptions
from brainbench.models.cache import Status
from brainbench.paths import user_path
from brainbench.results.atomic import locked

HELP = """Train an adapter (LoRA) on a language model by people's brain responses, or by a baseline.

The folder it writes is a plain PEFT adapter: `evaluate --peft`, lm-eval and vLLM load it. With no
arguments: the built-in model on simulated people, offline, in under a minute.

[bold]Examples[/bold]

  brainbench finetune

  brainbench finetune --model ./my-model --dataset xiao2026 --output-path guided

  brainbench finetune --model ./my-model --dataset xiao2026 --form published --weight 0.1

  brainbench finetune --model ./my-model --dataset xiao2026 --arm 'permuted fMRI' --seed 1

  brainbench finetune --model ./my-model --dataset xiao2026 --output-path guided --resume

  brainbench evaluate --model ./my-model --peft guided --suite accuracy

Every option can be set by an environment variable, BRAINBENCH_<OPTION>.
"""

_RECIPE, _BUDGET = "What is learned", "How long and how fast"


def finetune(
    model: GuidedModel = "nano",
    dataset: GuidingDataset = "phantom",
    roi: GuidingRoi = None,
    reasoning_type: Annotated[
        str,
        typer.Option(
            help="Whose items train: one type, or all.", envvar="BRAINBENCH_REASONING_TYPE"
        ),
    ] = "all",
    recipe: Annotated[
        str,
        typer.Option(
            help="representation, labels, representation+labels or stimulus.",
            envvar="BRAINBENCH_RECIPE",
            rich_help_panel=_RECIPE,
        ),
    ] = "representation+labels",
    form: Annotated[
        str,
        typer.Option(
            help="controlled, or published as in Xiao, Du & Lin 2026.",
            envvar="BRAINBENCH_FORM",
            rich_help_panel=_RECIPE,
        ),
    ] = "controlled",
    weight: Annotated[
        float,
        typer.Option(
            min=0.0,
            metavar="λ",
            help="Of the representation beside labels.",
            envvar="BRAINBENCH_WEIGHT",
            rich_help_panel=_RECIPE,
        ),
    ] = 0.05,
    loss: Annotated[
        str,
        typer.Option(
            help="Of predicted and measured responses: cosine, pearson or mse.",
            envvar="BRAINBENCH_LOSS",
            rich_help_panel=_RECIPE,
        ),
    ] = "cosine",
    centring: Annotated[
        str | None,
        typer.Option(
            help="raw (as published), intercept, or centred (as controlled).",
            envvar="BRAINBENCH_CENTRING",
            rich_help_panel=_RECIPE,
        ),
    ] = None,
    guided_items: Annotated[
        str,
        typer.Option(
            help="Items whose states are drawn: those the model had wrong, or all; always where "
            "a person was right.",
            envvar="BRAINBENCH_GUIDED_ITEMS",
            rich_help_panel=_RECIPE,
        ),
    ] = "wrong",
    arm: Annotated[
        str,
        typer.Option(
            help="guided, or a baseline: permuted fMRI, random fMRI, 'random fMRI, no mean', label "
            "as fMRI, label only, random direction, stimulus only.",
            envvar="BRAINBENCH_ARM",
            rich_help_panel=_RECIPE,
        ),
    ] = "guided",
    layers: Annotated[
        str | None,
        typer.Option(
            help="Whose attention is trained: middle, all, or numbers as in 3,5-8; middle by "
            "default.",
            envvar="BRAINBENCH_LAYERS",
            rich_help_panel=_RECIPE,
        ),
    ] = None,
    rank: Annotated[
        int, typer.Option(min=1, help="Of LoRA.", envvar="BRAINBENCH_RANK", rich_help_panel=_RECIPE)
    ] = 8,
    alpha: Annotated[
        int,
        typer.Option(min=1, help="Of LoRA.", envvar="BRAINBENCH_ALPHA", rich_help_panel=_RECIPE),
    ] = 16,
    epochs: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Passes over the items, at most; 40 by default, 100 with --form published.",
            envvar="BRAINBENCH_EPOCHS",
            rich_help_panel=_BUDGET,
        ),
    ] = None,
    patience: Annotated[
        int,
        typer.Option(
            min=0,
            help="Stop after so many falls of the validation score, no rise between; 0 never does.",
            envvar="BRAINBENCH_PATIENCE",
            rich_help_panel=_BUDGET,
        ),
    ] = 10,
    learning_rate: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="Of AdamW.",
            envvar="BRAINBENCH_LEARNING_RATE",
            rich_help_panel=_BUDGET,
        ),
    ] = 1e-4,
    batch_size: Annotated[
        int,
        typer.Option(
            min=1,
            help="Prompts in a batch.",
            envvar="BRAINBENCH_BATCH_SIZE",
            rich_help_panel=_BUDGET,
        ),
    ] = 32,
    accumulation: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Batches before a step; by default a step takes all items.",
            envvar="BRAINBENCH_ACCUMULATION",
            rich_help_panel=_BUDGET,
        ),
    ] = None,
    schedule: Annotated[
        str,
        typer.Option(
            help="Of the learning rate: constant, linear or cosine.",
            envvar="BRAINBENCH_SCHEDULE",
            rich_help_panel=_BUDGET,
        ),
    ] = "constant",
    checkpoint_activations: Annotated[
        bool,
        typer.Option(
            "--checkpoint-activations",
            help="Less memory, more time.",
            envvar="BRAINBENCH_CHECKPOINT_ACTIVATIONS",
            rich_help_panel=_BUDGET,
        ),
    ] = False,
    validation: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Problems of each type that the epoch is chosen on, from the validation split of "
            "brainbench's own; all by default, 0 for none.",
            envvar="BRAINBENCH_VALIDATION",
            rich_help_panel=_BUDGET,
        ),
    ] = None,
    seed: Annotated[
        int,
        typer.Option(
            min=0,
            help="Of first weights, the order of items, and the arm's draws.",
            envvar="BRAINBENCH_SEED",
        ),
    ] = 0,
    device: Device = None,
    dtype: Annotated[
        str | None,
        typer.Option(
            help="auto (float32; on cuda bfloat16), float32, bfloat16. The adapter is float32.",
            envvar="BRAINBENCH_DTYPE",
            rich_help_panel=MODEL_PANEL,
        ),
    ] = None,
    revision: Revision = None,
    gguf_file: GgufFile = None,
    prompt_template: Wording = None,
    trust_remote_code: TrustRemoteCode = False,
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
        typer.Option(help="Folder of the adapter.", envvar="BRAINBENCH_OUTPUT_PATH"),
    ] = Path("finetuned"),
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            help="Go on with the training in the folder; give the same options.",
            envvar="BRAINBENCH_RESUME",
        ),
    ] = False,
    overwrite: Annotated[
        bool,
        typer.Option(
            "--overwrite",
            help="Replace the training in the folder.",
            envvar="BRAINBENCH_OVERWRITE",
        ),
    ] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print the record.", envvar="BRAINBENCH_JSON")
    ] = False,
    quiet: Quiet = False,
) -> None:
    """Parse, train, print."""
    # torch is loaded only now: other verbs do without
    from brainbench.guidance.finetuning.recipes import Budget, Recipe
    from brainbench.guidance.layer_sets import parse_layers
    from brainbench.results.tables.finetuning import render_finetuning
    from brainbench.run.finetuning import TrainingOrder, finetune_by_people, open_trainable

    if recipe == "states":
        raise UsageError("--recipe states needs target states: in Python, Recipe('states', …)")
    options = ModelOptions(
        device=device,
        dtype=dtype,
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
        epochs=epochs or (100 if form == "published" else 40),
        learning_rate=learning_rate,
        schedule=schedule,
        batch_size=batch_size,
        accumulation=accumulation,
        patience=patience,
        seed=seed,
        checkpoint_activations=checkpoint_activations,
    )
    say = teller(quiet)
    order = TrainingOrder(dataset, roi, reasoning_type, limit, arm, validation, resume, overwrite)
    with step_progress(quiet) as report:
        found = open_trainable(model, options, say=say)
        if layers is not None:
            count = found.loader.config.get_text_config().num_hidden_layers
            chosen = replace(chosen, layers=parse_layers(layers, count))
        with locked(user_path(output_path)):
            trained = finetune_by_people(found, order, chosen, budget, output_path, report)
    if json:
        print_json(trained.record.model_dump_json(indent=1))
        return
    stdout.print(render_finetuning(trained.record))
    say(Status(f"adapter: {trained.folder}"))
