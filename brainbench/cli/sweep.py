"""``brainbench sweep``."""

from __future__ import annotations

import json as json_module
import logging
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from rich.markup import escape
from typer.models import OptionInfo

from brainbench.cli import evaluate
from brainbench.cli.console import print_json, say, stderr, stdout
from brainbench.cli.errors import FAILED
from brainbench.cli.options import Json, Overwrite, Quiet
from brainbench.cli.sweep_table import SweepDisplay, sweep_table
from brainbench.cli.verb import Verb, VerbGroup
from brainbench.errors import UnknownNameError, UsageError
from brainbench.paths import user_path
from brainbench.results.wording import plural
from brainbench.sweep import (
    Option,
    Plan,
    SweepFolder,
    find_sweep,
    json_schema,
    plan_sweep,
    read_sweep,
)
from brainbench.sweep.check import check_names
from brainbench.sweep.collect import (
    FORMATS,
    PAGE,
    collect_runs,
    make_submissions,
    write_page,
    write_tables,
)
from brainbench.sweep.executors import load_submitit
from brainbench.sweep.folder import SWEEPS
from brainbench.sweep.options import Kind
from brainbench.sweep.plan import choices
from brainbench.sweep.running import run_here, wait_for_jobs
from brainbench.sweep.slurm import ask_queue, check_slurm, submit_jobs
from brainbench.sweep.status import Row, count_states, ready_to_resume, sweep_rows

HELP = """Run many models and scores from one file, here or on Slurm.

Each run is the same as by `brainbench evaluate`: what is there already is
not done again, and a run that fails stops no other.

[bold]Examples[/bold]
  brainbench sweep sweep.yaml
  brainbench sweep sweep.yaml --workers 4
  brainbench sweep sweep.yaml --executor slurm
  brainbench sweep sweep.yaml --executor print
  brainbench sweep status
  brainbench sweep resume
  brainbench sweep collect --org my-lab"""
_RUN = """Run what a file asks for; `brainbench sweep FILE` is the same.

[bold]A file[/bold]
  models:
    - nano
    - model: ./my-model
      dtypes: bfloat16
  suites:
    - alignment
    - behavior
  defaults: {limit: 20}

[bold]Examples[/bold]
  brainbench sweep sweep.yaml --workers 4
  brainbench sweep sweep.yaml --executor slurm --wait
  brainbench sweep sweep.yaml --executor print > commands.sh"""
_STATUS = """Show how far a sweep is.

[bold]Examples[/bold]
  brainbench sweep status
  brainbench sweep status sweeps/my-sweep --watch"""
_RESUME = """Do what is missing of a sweep: failed runs again, and what was broken off.

[bold]Examples[/bold]
  brainbench sweep resume
  brainbench sweep resume sweeps/my-sweep --executor slurm"""
_SCHEMA = """Print the JSON schema of a sweep's file, for editors that check YAML.

[bold]Example[/bold]
  brainbench sweep schema > sweep.schema.json"""

_LOG = logging.getLogger(__name__)

_COLLECT = """Put what a sweep found into tables and one page, and make submissions.

scores holds the lines of each run's scorecard, numbers every number of
every run; report.html shows all models and links to the report of each run.

[bold]Examples[/bold]
  brainbench sweep collect
  brainbench sweep collect sweeps/my-sweep --to parquet
  brainbench sweep collect sweeps/my-sweep --org my-lab"""

EXECUTORS = ("local", "slurm", "print")
# of evaluate, but not of a run in a sweep: what is printed, and what the sweep itself sets
_NOT_OURS = {
    "overwrite", "details", "json", "quiet", "verbose", "states_only", "config", "plan", "gain",
}  # fmt: skip
_FIRST = ("model", "output_path")
# options that take several values in one text → what stands between them
_SEPARATED = {"NAMES": ",", "COLUMNS": ","}
_SEMICOLONS = ("guidance_tests", "guidance_arms")


class _SweepGroup(VerbGroup):
    """``sweep FILE`` is ``sweep run FILE``."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and args[0] not in ("--help", "-h"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_SweepGroup, help=HELP, no_args_is_help=True, rich_markup_mode="rich")

Folder = Annotated[
    Path | None,
    typer.Argument(help="Folder of the sweep. By default the only one in `sweeps`."),
]
Executor = Annotated[
    str, typer.Option(metavar="NAME", help="local, slurm, or print: the commands alone.")
]
Workers = Annotated[
    int,
    typer.Option(metavar="N", min=1, help="Runs at once here, which share the cores."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Of Slurm: until all jobs are done.")]


@app.command("run", cls=Verb, help=_RUN)
def run(
    file: Annotated[Path, typer.Argument(help="YAML of the sweep.")],
    executor: Executor = "local",
    workers: Workers = 1,
    output_path: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder of the sweep. By default sweeps/<name>."),
    ] = None,
    wait: Wait = False,
    quiet: Quiet = False,
) -> None:
    """Read, check, plan, run."""
    _check_executor(executor)
    sweep, source = read_sweep(_existing(file), _given_options())
    check_names(choices(sweep, source), source, _parse)
    plan = plan_sweep(sweep, source, evaluate_options())
    if executor == "print":
        for command in plan.commands():
            say(command)
        return
    folder = SweepFolder(user_path(output_path or Path(SWEEPS) / sweep.name))
    with folder.held():
        folder.save_plan(plan)
        _go(folder, plan, executor, workers, wait, quiet)


@app.command("resume", cls=Verb, help=_RESUME)
def resume(
    folder: Folder = None,
    executor: Executor = "local",
    workers: Workers = 1,
    wait: Wait = False,
    quiet: Quiet = False,
) -> None:
    """Find what is missing, run it."""
    _check_executor(executor)
    found = find_sweep(folder)
    plan = found.plan()
    if executor == "print":
        missing = {row.step.id for row in sweep_rows(found, plan) if row.state != "done"}
        steps = [step for step in plan.steps if step.id in missing]
        for command in plan.model_copy(update={"steps": steps}).commands():
            say(command)
        return
    with found.held():
        _go(found, plan, executor, workers, wait, quiet)


@app.command("status", cls=Verb, help=_STATUS)
def status(
    folder: Folder = None,
    watch: Annotated[bool, typer.Option("--watch", help="Until Ctrl-C, or all is done.")] = False,
    json: Json = False,
) -> None:
    """Read the files, print."""
    found = find_sweep(folder)
    plan = found.plan()

    def look() -> list[Row]:
        return sweep_rows(found, plan, _queue(found, plan))

    if json:
        rows = [row.to_json() for row in look()]
        print_json(json_module.dumps({"sweep": plan.name, "steps": rows}, indent=1))
        return
    if watch:
        with SweepDisplay(plan.name) as display:
            display.watch(look)
    stdout.print(sweep_table(plan.name, look()))


@app.command("collect", cls=Verb, help=_COLLECT)
def collect(
    folder: Folder = None,
    output_path: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="By default `collected` in the folder of the sweep."),
    ] = None,
    to: Annotated[
        str, typer.Option(metavar="NAME", help="Format of tables: csv or parquet.")
    ] = "csv",
    org: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Who submits: writes submissions too."),
    ] = None,
    overwrite: Overwrite = False,
) -> None:
    """Read the runs, write tables, a page, submissions."""
    if to not in FORMATS:
        raise UnknownNameError("format", to, FORMATS)
    found = find_sweep(folder)
    plan = found.plan()
    rows = sweep_rows(found, plan, _queue(found, plan))
    runs, lacking = collect_runs(plan, rows)
    if not runs:
        raise UsageError(f"no run of {plan.name} is done: see `brainbench sweep status`")
    target = user_path(output_path or found.path / "collected")
    tables = write_tables(runs, target, to)
    if org is not None:
        made, refused = make_submissions(runs, target / "submissions", org, overwrite)
        for label, why in refused.items():
            _note(f"not submitted: {label}: {why}")
        if made:
            _note(
                f"{plural(len(made), 'submission')} in {target / 'submissions'}: fill in each "
                "metadata.yaml, then brainbench submit --seal and --check"
            )
    for label, why in lacking.items():
        _note(f"missing: {label}: {why}")
    for path in (*tables, write_page(plan, rows, runs, lacking, target / PAGE)):
        say(path)


def _note(text: str) -> None:
    stderr.print(f"[dim]{escape(text)}[/dim]", soft_wrap=True, highlight=False)


@app.command("schema", cls=Verb, help=_SCHEMA)
def schema() -> None:
    """Print it."""
    print_json(json_module.dumps(json_schema(_given_options()), indent=1))


def _go(
    folder: SweepFolder, plan: Plan, executor: str, workers: int, wait: bool, quiet: bool
) -> None:
    """Do what is missing, say how it ended."""
    if executor == "slurm":
        check_slurm(plan)
    else:
        load_submitit()
    folder.prepare()
    rows = sweep_rows(folder, plan, _queue(folder, plan))
    wanted = ready_to_resume(folder, rows)
    there = sum(row.state == "done" and row.step.kind == "run" for row in rows)
    said = f"{len(plan.runs)} runs" + (f", {there} of them done before" if there else "")
    if not quiet:
        stderr.print(f"[dim]{escape(plan.name)}: {said}[/dim]", highlight=False)
    with SweepDisplay(plan.name, quiet) as display:
        if executor == "local":
            rows = run_here(folder, plan, wanted, workers, display.show)
        else:
            count = submit_jobs(folder, plan, wanted)
            if not wait:
                given = f"{plural(count, 'job')} given to Slurm"
                said = given if count else f"nothing to give to Slurm; {_counts(rows)}"
                say(f"{folder.path}: {said}")
                stderr.print(f"[dim]how far: brainbench sweep status {escape(str(folder.path))}"
                             "[/dim]", soft_wrap=True, highlight=False)  # fmt: skip
                return
            rows = wait_for_jobs(
                lambda: sweep_rows(folder, plan, _queue(folder, plan)), display.show
            )
    _end(folder, rows)


def _queue(folder: SweepFolder, plan: Plan) -> dict[str, str] | None:
    """What Slurm says of its jobs; None where no step has one, or it does not answer."""
    if not any(folder.state(step.id).job for step in plan.steps):
        return None
    try:
        return ask_queue()
    except UsageError as error:
        _LOG.info("%s", error)
        return None


def _end(folder: SweepFolder, rows: Sequence[Row]) -> None:
    failed = [row for row in rows if row.state == "failed"]
    for row in failed:
        stderr.print(
            f"[red]failed:[/red] {escape(row.step.label)}: {escape(row.text)}",
            soft_wrap=True,
            highlight=False,
        )
    say(f"{folder.path}: {_counts(rows)}")
    if any(row.state != "done" for row in rows):
        stderr.print(f"[dim]again: brainbench sweep resume {escape(str(folder.path))}[/dim]",
                     soft_wrap=True, highlight=False)  # fmt: skip
        raise typer.Exit(FAILED)


def _counts(rows: Sequence[Row]) -> str:
    return ", ".join(f"{number} {state}" for state, number in count_states(rows).items())


def _check_executor(name: str) -> None:
    if name not in EXECUTORS:
        raise UnknownNameError("executor", name, EXECUTORS)


def _existing(file: Path) -> Path:
    """The file; a name without one may be a verb that was not quite written."""
    if user_path(file).exists():
        return file
    verbs = {"run", "status", "resume", "collect", "schema"}
    if file.suffix or len(file.parts) > 1:
        raise UsageError(f"there is no file {file}")
    raise UsageError(f"there is no file {file}; {UnknownNameError('verb', str(file), verbs)}")


# ------------------------------------------------------------------------- options of evaluate


@cache
def _command() -> Any:
    """The command ``evaluate``, as the parser of its words."""
    one = typer.Typer()
    one.command("evaluate", cls=Verb)(evaluate.evaluate)
    return typer.main.get_command(one)


@cache
def evaluate_options() -> dict[str, Option]:
    """Every option that a run may have, by name, in the order of the help."""
    found = {}
    for parameter, hint in get_type_hints(evaluate.evaluate, include_extras=True).items():
        info = next((one for one in get_args(hint) if isinstance(one, OptionInfo)), None)
        if info is None or parameter in _NOT_OURS:
            continue
        # the first of the names stands where a default would
        given = [str(one) for one in (info.default, *(info.param_decls or ()))]
        spelled = [one for one in given if one.startswith("--")]
        flag = (*spelled, f"--{parameter.replace('_', '-')}")[0]
        name = flag.removeprefix("--").replace("-", "_")
        kinds: dict[Any, Kind] = {int: "int", float: "float", bool: "flag"}
        plain = {*get_args(get_args(hint)[0])} or {get_args(hint)[0]}
        metavar = info.metavar or ""
        found[name] = Option(
            name=name,
            flag=flag,
            kind=next((kinds[one] for one in plain if one in kinds), "text"),
            many=any(get_origin(one) is list for one in plain),
            separator=";" if name in _SEMICOLONS else _SEPARATED.get(metavar, ""),
            pairs=metavar.startswith("K=V"),
            help=info.help or "",
        )
    return found


def _given_options() -> dict[str, Option]:
    """Those that a file may give among defaults."""
    return {k: v for k, v in evaluate_options().items() if k not in _FIRST}


def _parse(options: Mapping[str, Any]) -> None:
    """Read the options of a run as the command does.

    Raises
    ------
    UsageError
        With what the command would say.
    """
    known = evaluate_options()
    words = [word for name, one in known.items() for word in one.words(options.get(name))]
    try:
        _command().make_context("evaluate", words)
    except Exception as error:
        # of click, whose classes typer keeps to itself
        said = getattr(error, "format_message", None)
        if said is None:
            raise
        raise UsageError(said()) from error
