"""Options of the commands that guide a model: whose signals, and which model."""

from __future__ import annotations

from typing import Annotated

import typer

GuidedModel = Annotated[
    str,
    typer.Option(
        help="Hub id, folder or GGUF file of a language model, or nano.",
        envvar="BRAINBENCH_MODEL",
    ),
]
GuidingDataset = Annotated[
    str, typer.Option(help="Whose people guide.", envvar="BRAINBENCH_DATASET")
]
GuidingRoi = Annotated[
    str | None,
    typer.Option(help="Which of its ROIs; the first by default.", envvar="BRAINBENCH_ROI"),
]
