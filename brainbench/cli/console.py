"""Where text goes: results to standard output, everything else to standard error."""

from __future__ import annotations

import codecs
import contextlib
import logging
import os
import re
import sys
import unicodedata
from collections.abc import Iterable
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.markup import escape
from rich.segment import Segment

from brainbench.errors import UsageError

# Tables keep their columns where there is no terminal to measure, as in a log file, unless COLUMNS
# says how wide it is.
_WIDTH = 110
_STAND_INS = "brainbench.stand_ins"
# one character for one, so that columns stay in line
_NEAREST = str.maketrans({
    "≈": "~", "≤": "<", "≥": ">", "≠": "#", "±": "~", "×": "x", "·": ".", "…": ".", "−": "-",
    "–": "-", "—": "-", "→": ">", "←": "<", "↑": "^", "↓": "v", "′": "'", "″": '"', "‘": "'",
    "’": "'", "“": '"', "”": '"', "†": "+", "‡": "#", "•": "*", "√": "V", "∞": "8",
    "α": "a", "β": "b", "γ": "g", "δ": "d", "Δ": "D", "κ": "k", "λ": "l", "μ": "u", "ρ": "r",
    "σ": "s", "Σ": "S", "τ": "t", "φ": "f", "χ": "x",
    "─": "-", "━": "-", "│": "|", "┃": "|", "█": "#", "╸": "-", "╺": "-", "⠿": "*",
    "●": "o", "╋": "+",
})  # fmt: skip

# C0 but tab and end of line, DEL and C1: a terminal takes them for commands
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")


class _SafeConsole(Console):
    """Lets no control characters of a text through, such as of a file's name or a card.

    Colours are no part of a text: rich adds them after this.
    """

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            if segment.control or not _CONTROLS.search(segment.text):
                yield segment
            else:
                yield Segment(without_controls(segment.text), segment.style)


def without_controls(text: str) -> str:
    """A text with what a terminal would act on left out; tabs and ends of lines stay."""
    return _CONTROLS.sub("", text)


def say(text: object = "", end: str = "\n") -> None:
    """Print to standard output, as it is but without control characters."""
    print(without_controls(str(text)), end=end)


stdout: Console = _SafeConsole()
stderr: Console = _SafeConsole(stderr=True)
_given = os.environ.get("COLUMNS", "").isdigit()
if not (stdout.is_terminal or _given):
    stdout = _SafeConsole(width=_WIDTH)
if not (stderr.is_terminal or _given):
    stderr = _SafeConsole(stderr=True, width=_WIDTH)


def write_any_text(*streams: TextIO) -> None:
    """From now on, characters that a stream cannot encode are written as others close to them.

    Terminals and pipes of Windows, cron and CI logs are often not UTF-8; so are names of files
    that hold bytes of another encoding. Each line is written at once, so that where both streams
    go to one file its lines stand in the order in which they were written.
    """
    codecs.register_error(_STAND_INS, _stand_in)
    for stream in streams:
        # one that was put in its place, by a notebook or a test, may know nothing of encodings
        with contextlib.suppress(AttributeError, ValueError, OSError):
            stream.reconfigure(errors=_STAND_INS, line_buffering=True)  # type: ignore[attr-defined]


def print_json(text: str) -> None:
    """Print a JSON text: as it is in UTF-8, elsewhere with every other character escaped.

    Control characters, of which JSON allows some, are escaped everywhere.
    """
    text = _CONTROLS.sub(lambda found: _escaped(found[0]), text)
    if codecs.lookup(getattr(sys.stdout, "encoding", None) or "ascii").name != "utf-8":
        text = re.sub(r"[^\x00-\x7f]", lambda found: _escaped(found[0]), text)
    print(text)


def show_log(*, quiet: bool = False, verbose: bool = False) -> None:
    """Print the messages of the logger ``brainbench`` to standard error.

    Parameters
    ----------
    quiet : only warnings and errors, which a reader of the results must know.
    verbose : messages for finding out why something went as it did, too.

    Raises
    ------
    UsageError
        With both.
    """
    if quiet and verbose:
        raise UsageError("give --quiet or --verbose, not both")
    logger = logging.getLogger("brainbench")
    logger.setLevel(logging.WARNING if quiet else logging.DEBUG if verbose else logging.INFO)
    if not any(isinstance(handler, _Printing) for handler in logger.handlers):
        logger.addHandler(_Printing())


class _Printing(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        stderr.print(f"[dim]{escape(record.getMessage())}[/dim]", soft_wrap=True, highlight=False)


def _stand_in(error: UnicodeError) -> tuple[str, int]:
    """One character of ASCII for each that cannot be encoded."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lost = error.object[error.start : error.end]
    return "".join(_nearest(character) for character in lost), error.end


def _nearest(character: str) -> str:
    found = character.translate(_NEAREST)
    plain = unicodedata.normalize("NFKD", found)[:1]
    return plain if plain.isascii() else "?"


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass")
    pairs = (units[i : i + 2].hex() for i in range(0, len(units), 2))
    return "".join(f"\\u{pair}" for pair in pairs)
