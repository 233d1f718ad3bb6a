"""``brainbench steer``."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.table import Table

from brainbench.cli.console import stdout
from brainbench.cli.options import (
    AttnImplementation,
    Device,
    Dtype,
    GuidedModel,
    GuidingDataset,
    GuidingRoi,
    Limit,
    Peft,
    Quiet,
    Revision,
    Seed,
    Verbose,
    shift_limit,
)
from brainbench.cli.progress import step_progress
from brainbench.guidance.shift_limit import parse_limit
from brainbench.models import ModelOptions, Site, save_steering

if TYPE_CHECKING:
    from brainbench.models import Steering

_LOG = logging.getLogger(__name__)

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
    limit: Limit = None,
    seed: Seed = 0,
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Of the steered model. By default dataset and ROI."),
    ] = None,
    export_lm_eval: Annotated[
        Path | None,
        typer.Option(
            metavar="PATH",
            help="Also a .pt file for lm-eval's model `steered`, or a folder: one of each type.",
        ),
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
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Of --form controlled: one step, or right minus wrong.",
            rich_help_panel=_HOW,
        ),
    ] = "one step",
    answers: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="Whose answers weigh items: all who solved them, or scanned. With --form "
            "controlled.",
            rich_help_panel=_HOW,
        ),
    ] = "all",
    mean: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="raw or unit, with --form published.",
            rich_help_panel=_HOW,
        ),
    ] = "raw",
    guidance_limit: Annotated[str, shift_limit(_HOW)] = "auto",
    device: Device = None,
    dtype: Dtype = None,
    attn_implementation: AttnImplementation = None,
    revision: Revision = None,
    peft: Peft = None,
) -> None:
    """Parse, derive, write, print."""
    # torch is loaded only now: other verbs do without
    from brainbench.run.steering import SteeringOrder
    from brainbench.run.steering import steer as steer_by_people

    order = SteeringOrder(
        dataset=dataset,
        roi=roi,
        reasoning_type=reasoning_type,
        form=form,
        arm=arm,
        loss=loss,
        centring=centring,
        layers=layers,
        site=cast(Site, site),  # whether it is one is checked there
        step=step,
        mean=mean,
        name=name,
        seed=seed,
        limit=limit,
        answers=answers,
        method=method,
        shift_limit=parse_limit(guidance_limit),
    )
    options = ModelOptions(
        device=device,
        dtype=dtype,
        attn_implementation=attn_implementation,
        revision=revision,
        peft=peft,
    )
    with step_progress(quiet, verbose) as report:
        found = steer_by_people(model, order, options, report)
    save_steering(found, output_path)
    stdout.print(_table(found))
    if export_lm_eval is not None:
        from brainbench.reasoning import lm_eval_export as exports

        if export_lm_eval.suffix == ".pt":
            group = "all" if "all" in found.directions else next(iter(found.directions))
            told = {export_lm_eval: exports.export_lm_eval(found, export_lm_eval, group)}
        else:
            told = exports.export_groups(found, export_lm_eval)
        for path, texts in told.items():
            for text in texts:
                _LOG.warning("%s: %s", path.name, text)
    _LOG.info("steering: %s; apply it with evaluate --steer %s", output_path, output_path)


def _table(found: Steering) -> Table:
    """What was chosen for each reasoning type, and what it does on validation problems."""
    table = Table(
        title=f"{found.name}: {found.recipe['form']}, {found.recipe['arm']}, {found.site}",
        caption="AUC of log-odds on the problems that strength and layers were chosen on: too "
        "high, and no result. Tests say what a steering does. Shift: of neutral text, nats.",
        title_justify="left",
        caption_justify="left",
    )
    table.add_column("items")
    for title in ("layers", "step", "shift", "problems", "AUC steered", "AUC unsteered"):
        table.add_column(title, justify="right")
    for kind in found.directions:
        chosen = found.recipe.get(kind)
        if chosen is None:
            table.add_row(kind, *[""] * 6, style="dim")
            continue
        table.add_row(
            kind,
            str(chosen.get("layers", "middle")),
            f"{chosen.get('strength', chosen.get('scale')):g}",
            f"{chosen['shift']:.2g}",
            str(chosen["n_validation"]),
            f"{chosen['validation_auc']:.3f}",
            f"{chosen['validation_auc_unsteered']:.3f}",
        )
    return table
