"""The ``brainbench`` command: what surrounds its verbs, which are loaded inside of it."""

from __future__ import annotations

import os
import sys

from brainbench.cli.console import write_any_text
from brainbench.cli.errors import reporting

_DEBUG = "--debug"
_OFF = ("", "0", "false", "f", "no", "n", "off")


def main() -> None:
    """Run the command; an error ends with one message and exit code 1 or 2, Ctrl-C with 130."""
    write_any_text(sys.stdout, sys.stderr)
    debug = _asks_for_debug()
    with reporting(debug):
        # loading takes seconds, in which Ctrl-C is answered too
        from brainbench.cli.commands import run

        run()


def _asks_for_debug() -> bool:
    """Whether ``--debug`` stands before or after the verb, where it is taken out, or is set."""
    own = sys.argv[: sys.argv.index("--")] if "--" in sys.argv else sys.argv
    given = _DEBUG in own[1:]
    if given:
        kept = [word for word in own[1:] if word != _DEBUG]
        sys.argv[1:] = [*kept, *sys.argv[len(own) :]]
    return given or os.environ.get("BRAINBENCH_DEBUG", "").strip().lower() not in _OFF


if __name__ == "__main__":
    main()
