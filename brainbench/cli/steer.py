"""``brainbench steer``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from brainbench.benchmarks import Step
from brainbench.cli.console import stdout
from brainbench.cli.options import (
    Device,
    Dtype,
    GuidedModel,
    GuidingDataset,
    GuidingRoi,
    Peft,
    Quiet,
    Revision,
    Seed,
    Verbose,
)
from brainbench.cli.progress import step_progress, teller
from brainbench.datasets import load_card, load_recording
from brainbench.errors import UnknownNameError, UsageError
from brainbench.models import LanguageModel, ModelOptions, load_model, save_steering
from brainbench.models.cache import Status

if TYPE_CHECKING:
    from brainbench.models import Steering

HELP = """Derive directions that steer a model from brain responses.

It writes safetensors and JSON, which `evaluate --steer` applies.
With no model named: the built-in one on simulated people, in under a minute.

[bold]Examples[/bold]
  brainbench steer --output-path my-steering
  brainbench steer --model ./model --dataset xiao2026 --output-path out
  brainbench steer --model ./model --dataset xiao2026 --form published
      --mean unit --output-path out
  brainbench steer --model ./model --dataset xiao2026 --arm 'permuted fMRI'
      --seed 1 --output-path out
  brainbench evaluate --model ./model --steer out --suite accuracy

Options can be set by environment variables: BRAINBENCH_MODEL for --model."""

_HOW = "How directions are found"


def steer(
    output_path: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the steering.")],
    model: GuidedModel = "nano",
    dataset: GuidingDataset = "phantom_guidance",
    roi: GuidingRoi = None,
    reasoning_type: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Only its items. By default each type has directions.",
        ),
    ] = None,
    seed: Seed = 0,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the steered model. By default dataset and ROI."),
    ] = None,
    export_lm_eval: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Also a .pt file for lm-eval's model `steered`."),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    form: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="controlled: one step, on items not used to fit the maps; published: the search "
            "of Xiao, Du & Lin 2026.",
            rich_help_panel=_HOW,
        ),
    ] = "controlled",
    arm: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="guided, or a baseline: permuted fMRI, random fMRI, label as fMRI, label only, "
            "random direction.",
            rich_help_panel=_HOW,
        ),
    ] = "guided",
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="cosine, pearson or mse. By default mse, or cosine with --form published.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    centring: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="raw, intercept or centred. By default centred, or raw with --form published.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="LAYERS",
            help="middle, all, or numbers: 3,5-8. By default chosen between middle and all on "
            "validation problems, or middle with --form published.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    site: Annotated[
        str,
        typer.Option(metavar="NAME", help="attention or hidden.", rich_help_panel=_HOW),
    ] = "attention",
    step: Annotated[
        float | None,
        typer.Option(
            metavar="X",
            help="Length of the direction, in spreads of the states, or a multiple of the mean "
            "with --form published. By default chosen on validation problems.",
            rich_help_panel=_HOW,
        ),
    ] = None,
    mean: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="raw or unit, with --form published.",
            rich_help_panel=_HOW,
        ),
    ] = "raw",
    device: Device = None,
    dtype: Dtype = None,
    revision: Revision = None,
    peft: Peft = None,
) -> None:
    """Parse, derive, write, print."""
    from brainbench.guidance.objective import CENTRINGS, LOSSES
    from brainbench.guidance.steering.directions import SteeringLoss
    from brainbench.guidance.steering.fit import Derivation, derive_steering

    for kind, given, known in (("loss", loss, LOSSES), ("centring", centring, CENTRINGS)):
        if given is not None and given not in known:
            raise UnknownNameError(kind, given, known)
    if site not in ("attention", "hidden"):
        raise UnknownNameError("site", site, ("attention", "hidden"))
    plain = Derivation(
        form, arm, None, layers, step, mean, "attention" if site == "attention" else "hidden", seed
    )
    way = SteeringLoss(loss or plain.chosen_way.loss, centring or plain.chosen_way.centring)
    card = load_card(dataset)
    areas = tuple(card.rois)
    if roi is not None and roi not in areas:
        raise UnknownNameError("ROI", roi, areas)
    kinds = tuple(card.reasoning_types)
    if reasoning_type is not None and reasoning_type not in kinds:
        raise UnknownNameError("reasoning type", reasoning_type, kinds)
    say = teller(quiet)
    area = roi or areas[0]
    with step_progress(quiet, verbose) as report:
        opened = load_model(
            model,
            ModelOptions(device=device, dtype=dtype, revision=revision, peft=peft),
            say=say,
        )
        if not isinstance(opened, LanguageModel):
            raise UsageError(f"{opened.identifier} is no language model that brainbench runs")
        found = derive_steering(
            opened,
            load_recording(dataset, (area,)),
            area,
            kinds if reasoning_type is None else (reasoning_type,),
            Derivation(form, arm, way, layers, step, mean, plain.site, seed),
            name,
            lambda what, done, total: report(Step(what, done, total)) if report else None,
        )
    save_steering(found, output_path)
    stdout.print(_table(found))
    if export_lm_eval is not None:
        from brainbench.reasoning.lm_eval_export import export_lm_eval as export

        group = "all" if "all" in found.directions else next(iter(found.directions))
        for text in export(found, export_lm_eval, group):
            say(text)
    say(Status(f"steering: {output_path}; apply it with evaluate --steer {output_path}"))


def _table(found: Steering) -> Table:
    """What was chosen for each reasoning type, and what it does on validation problems."""
    table = Table(
        title=f"{found.name}: {found.recipe['form']}, {found.recipe['arm']}, {found.site}",
        caption="AUC of log-odds on the problems that strength and layers were chosen on: too "
        "high, and no result. Tests say what a steering does.",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("items")
    for title in ("layers", "step", "problems", "AUC steered", "AUC unsteered"):
        table.add_column(title, justify="right")
    for kind in found.directions:
        told = found.recipe.get(kind)
        if told is None:
            table.add_row(kind, "", "", "", "", "", style="dim")
            continue
        table.add_row(
            kind,
            str(told.get("layers", "middle")),
            f"{told.get('strength', told.get('scale')):g}",
            str(told["n_validation"]),
            f"{told['validation_auc']:.3f}",
            f"{told['validation_auc_unsteered']:.3f}",
        )
    return table
