"""Draw what `brainbench evaluate` prints, as README shows it.

    python scripts/draw_first_run.py

Does the first run, in a folder of its own, and writes docs/images/first-result.svg. A test does the
same and compares: after a change of what is printed, run this again.
"""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.terminal_theme import SVG_EXPORT_THEME

from brainbench.results import Record
from brainbench.results.screen import render_scorecard
from brainbench.run import evaluate

OUTPUT = Path(__file__).parent.parent / "docs" / "images" / "first-result.svg"
COMMAND = "brainbench evaluate"
WIDTH = 80
# without the fonts that rich would have a browser fetch
FORMAT = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)


def draw(record: Record) -> str:
    """The SVG of a terminal in which the command was typed."""
    screen = Console(
        width=WIDTH, file=io.StringIO(), record=True, force_terminal=True, color_system="truecolor"
    )
    screen.print(f"[bold]$ {COMMAND}[/bold]", highlight=False)
    screen.print(render_scorecard(record))
    # an id of its own, or it would be a hash of the text
    return screen.export_svg(
        title=COMMAND, theme=SVG_EXPORT_THEME, code_format=FORMAT, unique_id="first-run"
    )


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        record = evaluate(output_path=folder)
    OUTPUT.write_text(draw(record), "utf-8")
    print(OUTPUT.name)


if __name__ == "__main__":
    main()
