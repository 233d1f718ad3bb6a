"""Options that several verbs have in common, each said once."""

from __future__ import annotations

from typing import Annotated

import typer

MODEL_PANEL = "Language models"

Device = Annotated[
    str | None,
    typer.Option(
        help="auto, cpu, cuda, cuda:1, mps.",
        envvar="BRAINBENCH_DEVICE",
        rich_help_panel=MODEL_PANEL,
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        help="auto (float32; on cuda bfloat16), float32, bfloat16, float16.",
        envvar="BRAINBENCH_DTYPE",
        rich_help_panel=MODEL_PANEL,
    ),
]
Revision = Annotated[
    str | None,
    typer.Option(
        help="Branch, tag or commit on the hub.",
        envvar="BRAINBENCH_REVISION",
        rich_help_panel=MODEL_PANEL,
    ),
]
GgufFile = Annotated[
    str | None,
    typer.Option(
        help="Name of a GGUF file in the folder or repository.",
        envvar="BRAINBENCH_GGUF_FILE",
        rich_help_panel=MODEL_PANEL,
    ),
]
Peft = Annotated[
    str | None,
    typer.Option(
        help="Folder of a PEFT adapter.", envvar="BRAINBENCH_PEFT", rich_help_panel=MODEL_PANEL
    ),
]
Wording = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="YAML of another wording, see docs/language-models.md.",
        envvar="BRAINBENCH_PROMPT_TEMPLATE",
        rich_help_panel=MODEL_PANEL,
    ),
]
TrustRemoteCode = Annotated[
    bool,
    typer.Option(
        "--trust-remote-code",
        help="Run Python code that comes with the model. It can do anything you can.",
        envvar="BRAINBENCH_TRUST_REMOTE_CODE",
        rich_help_panel=MODEL_PANEL,
    ),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", help="No progress; warnings are shown.", envvar="BRAINBENCH_QUIET"),
]
