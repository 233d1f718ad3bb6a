"""``brainbench prepare``."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import say, show_log
from brainbench.cli.options import Overwrite, Quiet, Seed, Verbose
from brainbench.cli.progress import spell, step_progress
from brainbench.errors import UsageError
from brainbench.imaging.betas import BetaOptions
from brainbench.imaging.confounds import DEFAULT_STRATEGY
from brainbench.imaging.prepare import PrepareOptions
from brainbench.imaging.reading import ReadOptions
from brainbench.results.quality import QUALITY
from brainbench.run.preparing import PreparationPlan, Study, plan
from brainbench.run.preparing import prepare as run_prepare

HELP = """Make a dataset folder of scanner images, one response a trial.

Images are fMRIPrep's: public ones, brought run by run, or your own.
It needs nilearn (the extra "imaging").

[bold]Examples[/bold]
  brainbench prepare ds002886 --roi dlpfc=sphere:-45,35,10:10 --dry-run
  brainbench prepare ds002886 --roi md=md.nii.gz --output-path children
  brainbench prepare --bids study --fmriprep derivatives --card card.yaml \\
    --roi lang=atlas.nii.gz,labels.tsv:IFG --output-path mine
  brainbench prepare --simulate study
  brainbench evaluate --dataset mine --model ./model"""

_OWN = "Own images"
_GLM = "Responses"
_SPEED = 20e6  # bytes a second, for a guess of how long downloads take


def prepare(
    dataset: Annotated[
        str | None, typer.Argument(help="Dataset with public images: ds002886.")
    ] = None,
    roi: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=…",
            help="MASK.nii.gz, sphere:x,y,z:mm, foci:ROI:mm or ATLAS:LABEL. May be given again.",
        ),
    ] = None,
    output_path: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The dataset folder, made or gone on with.")
    ] = None,
    subjects: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="People, separated by commas; all by default."),
    ] = None,
    space: Annotated[
        str, typer.Option(metavar="NAME", help="Of the images; fsaverage5 is the surface, 2.5 GB.")
    ] = PrepareOptions.space,
    jobs: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="People at a time, below 1 GB each.")
    ] = 2,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be read, and stop.")
    ] = False,
    keep_images: Annotated[
        bool, typer.Option("--keep-images", help="Leave downloads in DIR/fmriprep.")
    ] = False,
    leave_out_faulty: Annotated[
        bool,
        typer.Option("--leave-out-faulty", help="Leave out runs with a fault, with the reason."),
    ] = False,
    max_motion: Annotated[
        float | None,
        typer.Option(metavar="MM", help="Leave out runs with more mean displacement."),
    ] = None,
    top: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only so many voxels of a region, by t on --chosen-on."),
    ] = None,
    chosen_on: Annotated[
        str | None,
        typer.Option(metavar="RUNS", help="Runs that voxels are chosen on; they are left out."),
    ] = None,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    verbose: Verbose = False,
    bids: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Study with the events.", rich_help_panel=_OWN),
    ] = None,
    fmriprep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Its derivatives.", rich_help_panel=_OWN)
    ] = None,
    card: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="YAML: runs, tasks. See docs.", rich_help_panel=_OWN),
    ] = None,
    simulate: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Write a small study to try this with.", rich_help_panel=_OWN
        ),
    ] = None,
    seed: Seed = 0,
    method: Annotated[
        str,
        typer.Option(metavar="NAME", help="lss, lsa or glmsingle.", rich_help_panel=_GLM),
    ] = BetaOptions.method,
    confounds: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="nilearn's strategy: compcor, scrubbing, …", rich_help_panel=_GLM
        ),
    ] = DEFAULT_STRATEGY,
    hrf: Annotated[
        str, typer.Option(metavar="NAME", help="glover or spm.", rich_help_panel=_GLM)
    ] = BetaOptions.hrf,
    noise_model: Annotated[
        str, typer.Option(metavar="NAME", help="ar1 or ols.", rich_help_panel=_GLM)
    ] = BetaOptions.noise_model,
    phases: Annotated[
        bool,
        typer.Option("--phases", help="Premises and conclusion apart.", rich_help_panel=_GLM),
    ] = False,
    end: Annotated[
        str,
        typer.Option(
            metavar="NAME", help="End of a trial: event or response.", rich_help_panel=_GLM
        ),
    ] = BetaOptions.end,
) -> None:
    """Prepare the dataset."""
    show_log(quiet=quiet, verbose=verbose)
    if simulate is not None:
        _simulate(simulate, seed)
        return
    options = PrepareOptions(
        rois=tuple(roi or ()),
        space=space,
        reading=ReadOptions(confounds=confounds),
        betas=BetaOptions(
            method=method,  # type: ignore[arg-type]
            hrf=hrf,  # type: ignore[arg-type]
            noise_model=noise_model,  # type: ignore[arg-type]
            phases=phases,
            end=end,  # type: ignore[arg-type]
        ),
        max_motion=max_motion,
        top=top,
        chosen_on=tuple(n.strip() for n in chosen_on.split(",")) if chosen_on else (),
    )
    study = Study(dataset, fmriprep, bids, card)
    people = [name.strip() for name in subjects.split(",")] if subjects else None
    planned = plan(study, output_path or Path(), options, people, keep_images)
    if dry_run:
        _print_plan(planned)
        return
    if output_path is None:
        raise UsageError("give the dataset folder that is to be made with --output-path")
    with step_progress(quiet, verbose) as report:
        folder = run_prepare(planned, jobs, leave_out_faulty, overwrite, report)
    say(f"{folder}: once you have looked at its page,")
    say(f"  brainbench evaluate --dataset {shlex.quote(str(folder))} --model …")
    say(f"page: {folder / QUALITY}")


def _print_plan(planned: PreparationPlan) -> None:
    sizes = planned.source.sizes
    people = len({subject for subject, _ in sizes})
    say(f"{planned.card.name}: {len(sizes)} runs of {people} people in {planned.options.space}")
    say(f"images: {planned.bytes / 1e9:.1f} GB, the largest run {max(sizes.values()) / 1e6:.0f} MB")
    if planned.source.describe()["kind"] == "bucket":
        say(f"download: about {spell(planned.bytes / _SPEED)} at {_SPEED / 1e6:.0f} MB/s")
        say("kept: responses only; images of a run are deleted once it is read")
    say(f"regions: {', '.join(planned.rois)}")


def _simulate(folder: Path, seed: int) -> None:
    # loaded where it is asked for: it takes parts of scipy that nothing else needs
    from brainbench.imaging.simulation import StudyDesign, simulate_study

    if folder.exists() and any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty; give a new folder to --simulate")
    study = simulate_study(folder, StudyDesign(seed=seed))
    rois = [f"--roi {name}={shlex.quote(str(path))}" for name, path in study.rois.items()]
    say(f"{folder}: {len(study.card.subjects)} simulated people; the truth is in truth.nc. Next:")
    say(f"  brainbench prepare --bids {shlex.quote(str(study.bids))} \\")
    say(f"    --fmriprep {shlex.quote(str(study.fmriprep))} \\")
    say(f"    --card {shlex.quote(str(study.card_path))} \\")
    for words in rois:
        say(f"    {words} \\")
    say(f"    --output-path {shlex.quote(str(folder / 'prepared'))}")
