"""Put what brainbench prints today under the commands that the docs show with their output.

    python scripts/shown_outputs.py [PAGE ...]

A block ``console`` of the pages below holds a command after ``$`` and what it prints in a terminal
of 80 columns. A line ``…`` in it stands for lines that are left out: such a block is compared and
not rewritten. Long runs are not repeated: their output is that of a stored record. A test compares
every block.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from brainbench.cli import console
from brainbench.cli.main import main as command_line
from brainbench.results import load_record, render_scorecard

ROOT = Path(__file__).resolve().parent.parent
PAGES = ("score-my-model", "how-to-read-a-score", "submissions", "compare", "steer-and-finetune")
WIDTH = 80
LEFT_OUT = "…"
_SMOLLM2 = "brainbench__SmolLM2-135M-Instruct.Q4_1"
_WHOLE = f"{_SMOLLM2}/f50c41311891"
# long runs: how the command begins → the submission that holds what it found
STORED = {
    "brainbench evaluate --model SmolLM2-135M-Instruct.Q4_1.gguf --benchmarks": _WHOLE,
    "brainbench evaluate --model SmolLM2-135M-Instruct.Q4_1.gguf --suite guidance-steering":
        f"{_SMOLLM2}/9758fdf1a601",
}  # fmt: skip
# folders that commands name → the submission that lies there
FOLDERS = {
    "results/SmolLM2-135M-Instruct/f50c41311891": _WHOLE,
    "baseline": _WHOLE,
    "candidate": f"{_SMOLLM2}+finetuned-xiao2026/5dfc1cea8d70",
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_BLOCK = re.compile(r"^```console\n(?P<text>\$ brainbench .*?)^```$", re.M | re.S)


@dataclass(frozen=True)
class Shown:
    """A command of a page, on one line, and the output below it."""

    command: str
    output: str

    @property
    def lines_left_out(self) -> bool:
        return LEFT_OUT in self.output.splitlines()


def split(text: str) -> list[Shown]:
    """Commands of a block with what stands below each."""
    joined = re.sub(r"\\\n\s*", "", text)
    parts = re.split(r"^\$ ", joined, flags=re.M)[1:]
    return [Shown(command, rest) for command, _, rest in (part.partition("\n") for part in parts)]


def blocks(page: Path) -> list[list[Shown]]:
    """Those of a page that show an output, in the order they stand."""
    found = [split(match["text"]) for match in _BLOCK.finditer(page.read_text("utf-8"))]
    return [block for block in found if any(shown.output.strip() for shown in block)]


@contextlib.contextmanager
def stage() -> Iterator[Path]:
    """A working folder in which the commands of the pages find what they name, and no data."""
    before = os.environ.copy()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for variable in [one for one in os.environ if one.startswith("BRAINBENCH_")]:
            del os.environ[variable]
        os.environ["BRAINBENCH_CACHE"] = str(folder / "cache")
        (folder / "submissions").mkdir()
        for place, submission in FOLDERS.items():
            shutil.copytree(ROOT / "submissions" / submission / "record", folder / place)
        try:
            with contextlib.chdir(folder):
                yield folder
        finally:
            os.environ.clear()
            os.environ.update(before)


def printed(command: str) -> str:
    """What a command prints, on the screen that a reader has, without spaces at ends of lines."""
    held = io.StringIO()
    for start, submission in STORED.items():
        if command.startswith(start):
            record = load_record(ROOT / "submissions" / submission / "record")
            screen = Console(width=WIDTH, file=held, color_system=None)
            screen.print(render_scorecard(record, record.run_id[:6]))
            break
    else:
        _run(shlex.split(command), held)
    plain = _COLOUR.sub("", held.getvalue())
    return "".join(f"{line.rstrip()}\n" for line in plain.splitlines())


def _run(words: list[str], held: io.StringIO) -> None:
    before = sys.argv, console.stdout.width, console.stderr.width
    sys.argv, console.stdout.width, console.stderr.width = words, WIDTH, WIDTH
    try:
        with contextlib.redirect_stdout(held), contextlib.redirect_stderr(held):
            command_line()
    except SystemExit:
        pass
    finally:
        sys.argv, console.stdout.width, console.stderr.width = before


def agrees(shown: str, today: str) -> bool:
    """Whether an output stands on a page as it is printed, but for the lines left out."""
    where, lines = 0, today.splitlines()
    parts = re.split(rf"^{LEFT_OUT}\n", shown, flags=re.M)
    if len(parts) == 1:
        return shown == today
    for part in parts:
        wanted = part.splitlines()
        places = range(where, len(lines) - len(wanted) + 1)
        found = next((p for p in places if lines[p : p + len(wanted)] == wanted), None)
        if found is None:
            return False
        where = found + len(wanted)
    return True


def remade(page: Path) -> str:
    """The text of a page with today's outputs."""

    def today(match: re.Match[str]) -> str:
        block = split(match["text"])
        if not any(shown.output.strip() for shown in block):
            return match[0]
        text = match[0]
        for shown in block:
            now = printed(shown.command)
            if not shown.lines_left_out:
                text = text.replace(shown.output, now, 1) if shown.output else text
            elif not agrees(shown.output, now):
                print(f"{page.name}: correct by hand the output of {shown.command}")
        return text

    return _BLOCK.sub(today, page.read_text("utf-8"))


def main() -> None:
    for name in sys.argv[1:] or PAGES:
        page = ROOT / "docs" / f"{name}.md"
        with stage():
            text = remade(page)
        page.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
