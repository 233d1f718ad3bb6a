"""``brainbench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import print_json, say, stdout
from brainbench.cli.errors import FAILED
from brainbench.cli.options import Json
from brainbench.errors import UsageError
from brainbench.results.compare import (
    Comparison,
    compare_runs,
    comparison_markdown,
    render_comparison,
)
from brainbench.results.compare.comparison import by_reason
from brainbench.results.finished import open_run

HELP = """Compare runs with a baseline, the first of them.

Differences are paired: of the same people or items, with 95 % intervals. What
cannot be compared (other data, protocol, version, task or people) is refused
with the reason.

With --fail-on-regression the exit code is 1 when
  • something got worse: its difference is below minus the tolerance, and
    chance does not explain it (p below 0.05, corrected for the number of rows
    of its kind; rows over all tasks apart from those of single tasks);
  • the other run has come to give one answer to nearly everything;
  • something is lost: the baseline has it, the other run was asked for it,
    and it cannot be compared.
It is 2 when nothing could be compared or judged.

[bold]Examples[/bold]
  brainbench compare results/MODEL/BASELINE results/MODEL/CANDIDATE
  brainbench compare BASE RUN --fail-on-regression --tolerance 0.01
  brainbench compare results/A/RUN results/B/RUN --markdown > comment.md"""


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(
            metavar="RUNS", help="Folders of runs, or their results.json; baseline first."
        ),
    ],
    fail_on_regression: Annotated[
        bool,
        typer.Option("--fail-on-regression", help="Exit with 1 when something got worse."),
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="X",
            min=0.0,
            help="How far below the baseline is not worse. Where the whole interval is as close, "
            "both count as the same.",
        ),
    ] = 0.0,
    json: Json = False,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As a comment on a pull request.")
    ] = False,
) -> None:
    """Read, compare, print."""
    if json and markdown:
        raise UsageError("give --json or --markdown, not both")
    found = compare_runs([open_run(path) for path in runs], tolerance)
    _check_something_is_left(found, fail_on_regression)
    if json:
        print_json(found.model_dump_json(indent=1))
    elif markdown:
        say(comparison_markdown(found), end="")
    else:
        stdout.print(render_comparison(found))
    if fail_on_regression and found.failed:
        raise typer.Exit(FAILED)


def _check_something_is_left(found: Comparison, judge: bool) -> None:
    """Raise where there are no rows to show, or with ``judge`` none that can be judged worse."""
    for pair in found.pairs:
        if pair.judged if judge else pair.rows:
            continue
        reasons = [
            f"{', '.join(names[:12])}: {reason}"
            for reason, names in by_reason(pair.refused).items()
        ]
        if pair.untested:
            names = ", ".join(dict.fromkeys(row.name for row in pair.untested[:12]))
            reasons.append(f"{names}: there is no standard error of a difference")
        done = "judged against" if pair.untested else "compared with"
        raise UsageError(
            f"nothing of {pair.other} can be {done} {pair.baseline}: "
            + ("; ".join(reasons) or "neither has scores")
        )
