"""Options of ``brainbench evaluate`` that lm-eval has too, by its names."""

from __future__ import annotations

from typing import Annotated

import typer

TASK_PANEL = "Tasks of lm-eval"

SystemInstruction = Annotated[
    str | None,
    typer.Option(
        metavar="TEXT", help="What stands before every question.", rich_help_panel=TASK_PANEL
    ),
]
FewshotAsMultiturn = Annotated[
    bool | None,
    typer.Option(
        "--fewshot-as-multiturn/--no-fewshot-as-multiturn",
        help="Examples as turns of their own.",
        rich_help_panel=TASK_PANEL,
    ),
]
Samples = Annotated[
    str | None,
    typer.Option(
        metavar="JSON",
        help='Items, as {"TASK": [0, 4]}, or a file.',
        rich_help_panel=TASK_PANEL,
    ),
]
PredictOnly = Annotated[
    bool,
    typer.Option(
        "--predict-only", help="Keep answers, compute no metric.", rich_help_panel=TASK_PANEL
    ),
]
