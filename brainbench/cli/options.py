"""Options that several verbs share, each declared once."""

from __future__ import annotations

from typing import Annotated, Any

import typer

MODEL_PANEL = "Language model"

# ------------------------------------------------------------------ how a model is loaded and run

Device = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="auto, cpu, cuda, cuda:1 or mps.", rich_help_panel=MODEL_PANEL
    ),
]
Dtype = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="float32, bfloat16, float16, or auto (its own).",
        rich_help_panel=MODEL_PANEL,
    ),
]
AttnImplementation = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="eager, sdpa, flash_attention_2, ….",
        rich_help_panel=MODEL_PANEL,
    ),
]
Revision = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="Branch, tag or commit on the hub.", rich_help_panel=MODEL_PANEL
    ),
]
GgufFile = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="A GGUF file of the folder or repository.", rich_help_panel=MODEL_PANEL
    ),
]
Peft = Annotated[
    str | None,
    typer.Option(metavar="DIR", help="PEFT adapter to apply.", rich_help_panel=MODEL_PANEL),
]
PromptTemplate = Annotated[
    str | None,
    typer.Option(
        metavar="FILE", help="YAML file of another prompt wording.", rich_help_panel=MODEL_PANEL
    ),
]
TrustRemoteCode = Annotated[
    bool,
    typer.Option(
        "--trust-remote-code",
        help="Run Python code of the model. Unsafe.",
        rich_help_panel=MODEL_PANEL,
    ),
]

# ---------------------------------------------------------- whose signals guide, and which model

GuidedModel = Annotated[
    str, typer.Option(metavar="NAME", help="Hub id, folder or GGUF file, or nano.")
]
GuidingDataset = Annotated[str, typer.Option(metavar="NAME", help="Whose brain signals guide.")]
GuidingRoi = Annotated[
    str | None, typer.Option(metavar="NAME", help="Region of interest; by default the first.")
]


def shift_limit(panel: str) -> Any:
    """The option --guidance-limit, in a panel of the verb's own."""
    return typer.Option(
        metavar="NATS",
        help="Most shift of neutral text: 0.1; published: none.",
        show_default=False,
        rich_help_panel=panel,
    )


# ------------------------------------------------------------------- what is computed and printed

Seed = Annotated[int, typer.Option(metavar="N", min=0, help="Seed of everything random.")]
Limit = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Only the first N items of each type, for trying out."),
]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace what is already there.")]
ConfigFile = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="YAML of these options by name; what is typed wins."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Warnings and results only, no progress.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Details of the work too.")]
