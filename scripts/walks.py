"""Count the modules of brainbench that a job passes through, for the walks in docs/architecture.md.

Each walk runs for real, on small data; a module counts when code of a function in it ran.

    python scripts/walks.py
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brainbench
from brainbench.cli.main import main as command_line

ROOT = Path(__file__).parent.parent
SUBMISSIONS = ROOT / "submissions"


def passed(work: Callable[[], Any]) -> list[str]:
    """Modules of brainbench in which a function ran, sorted."""
    found: set[str] = set()

    def note(frame: Any, event: str, _: Any) -> None:
        if event == "call":
            found.add(frame.f_globals.get("__name__", ""))

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)
    return sorted(name for name in found if name.startswith("brainbench"))


def cli(*words: str) -> Callable[[], Any]:
    """A command, as a user types it."""

    def work() -> None:
        sys.argv = ["brainbench", *words]
        try:
            command_line()
        except SystemExit as error:
            if error.code:
                raise

    return work


def main() -> None:
    """Run the walks and print how many modules each passes, by package."""
    # what importing runs is no part of a walk
    for module in pkgutil.walk_packages(brainbench.__path__, "brainbench."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        walks = {
            "a model to its row": cli(
                *("evaluate", "--model", "nano", "--benchmarks", "phantom.*"),
                *("--output-path", str(folder / "results"), "--quiet"),
            ),
            "scanner data to a score": lambda: brainbench.load_benchmark(
                "xiao2026.deductive_reasoning.transitive-ridge"
            )(brainbench.load_model("nano")),
            "a submission to its page": cli(
                *("leaderboard", "build", "--submissions", str(SUBMISSIONS)),
                *("--output-path", str(folder / "site")),
            ),
        }
        for walk, work in walks.items():
            modules = passed(work)
            packages = sorted({module.split(".")[1] for module in modules if "." in module})
            counts = {p: sum(m.split(".")[1:2] == [p] for m in modules) for p in packages}
            print(f"{walk}: {len(modules)} modules; {counts}")


if __name__ == "__main__":
    main()
