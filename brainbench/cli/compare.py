"""``brainbench compare``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from brainbench.cli.console import print_json, stdout
from brainbench.cli.errors import FAILED
from brainbench.errors import UsageError
from brainbench.results.compare import (
    Comparison,
    compare_runs,
    comparison_markdown,
    render_comparison,
)
from brainbench.results.compare.comparison import by_reason
from brainbench.results.finished import open_run

HELP = """Hold runs against a baseline, the first: paired differences of every cell, task and gain.

Differences are over the same people, or the same items, with 95 % intervals. What is not comparable
(other data, protocol, version, task or people) is refused, with the reason.

With --fail-on-regression the exit code is 1 when something got worse: its difference is below
minus the tolerance, and chance does not explain it (p below 0.05, corrected for the number of rows
of its kind; the rows over all tasks are tested apart from those of single tasks). It is 1 too when
the other run has come to give one answer to nearly everything, and when something is lost: the
baseline has it, the other run was asked for it, and it cannot be compared.
It is 2 when nothing could be compared or judged.

[bold]Examples[/bold]

  brainbench compare results/MODEL/BASELINE results/MODEL/CANDIDATE

  brainbench compare baseline results/MODEL/RUN --fail-on-regression --tolerance 0.01

  brainbench compare results/A/RUN results/B/RUN results/C/RUN --markdown > comment.md
"""


def compare(
    runs: Annotated[
        list[Path],
        typer.Argument(help="Folders of runs, or their results.json; the first is the baseline."),
    ],
    fail_on_regression: Annotated[
        bool,
        typer.Option(
            "--fail-on-regression",
            help="Exit with 1 when something got worse, is lost, or is one answer throughout.",
            envvar="BRAINBENCH_FAIL_ON_REGRESSION",
        ),
    ] = False,
    tolerance: Annotated[
        float,
        typer.Option(
            min=0.0,
            help="How far below the baseline a number may be without being worse; where the whole "
            "interval is as close, both count as the same.",
            envvar="BRAINBENCH_TOLERANCE",
        ),
    ] = 0.0,
    json: Annotated[
        bool, typer.Option("--json", help="Print the comparison.", envvar="BRAINBENCH_JSON")
    ] = False,
    markdown: Annotated[
        bool,
        typer.Option(
            "--markdown",
            help="As a comment on a pull request.",
            envvar="BRAINBENCH_MARKDOWN",
        ),
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
        print(comparison_markdown(found), end="")
    else:
        stdout.print(render_comparison(found))
    if fail_on_regression and found.failed:
        raise typer.Exit(FAILED)


def _check_something_is_left(found: Comparison, judge: bool) -> None:
    """Rows to show; to judge by, rows that can be told to be worse."""
    for pair in found.pairs:
        if pair.judged if judge else pair.rows:
            continue
        reasons = [
            f"{', '.join(names[:12])}: {reason}"
            for reason, names in by_reason(pair.refused).items()
        ]
        if pair.untested:
            names = ", ".join(dict.fromkeys(row.name for row in pair.untested[:12]))
            reasons.append(f"{names}: nothing tells the error of a difference")
        done = "judged against" if pair.untested else "compared with"
        raise UsageError(
            f"nothing of {pair.other} can be {done} {pair.baseline}: "
            + ("; ".join(reasons) or "neither has scores")
        )
