"""Check the submissions that a branch changes, as data: nothing of the branch is run.

    python base/scripts/check_changed.py proposed --base COMMIT

The checker is the brainbench that is installed. Every changed path must lie in the folder of one
submission, ``submissions/<org>__<model>/<run>``; the page about submissions apart.
"""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

FOLDER = "submissions"
PAGE = f"{FOLDER}/README.md"


def changed_paths(root: Path, base: str) -> list[str]:
    """Paths below ``submissions`` that differ from where the branch left the base."""
    told = subprocess.run(
        [
            *("git", "-C", str(root), "diff", "--no-ext-diff", "--no-renames", "--name-only"),
            *("-z", f"{base}...HEAD", "--", FOLDER),
        ],
        check=True,
        capture_output=True,
    ).stdout
    return [os.fsdecode(path) for path in told.split(b"\0") if path]


def folders_of(paths: Iterable[str]) -> tuple[list[str], list[str]]:
    """Folders of submissions that the paths lie in, and paths that lie in none."""
    folders: dict[str, None] = {}
    stray = []
    for path in paths:
        parts = path.split("/")
        if len(parts) > 3 and "__" in parts[1]:
            folders["/".join(parts[:3])] = None
        elif path != PAGE:
            stray.append(path)
    return list(folders), stray


def check(folder: Path) -> bool:
    """Whether ``brainbench submit --check`` finds no fault."""
    # isolated: no module of the folder it runs in can take the place of an installed one
    command = [sys.executable, "-I", "-m", "brainbench.cli.main", "submit", "--check", str(folder)]
    return subprocess.run(command, check=False).returncode == 0


def main(arguments: list[str] | None = None) -> int:
    """Check what has changed; 1 where there is a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("root", type=Path, help="checkout of the branch")
    parser.add_argument("--base", required=True, help="commit of the base branch")
    given = parser.parse_args(arguments)
    if os.environ.get("GITHUB_ACTIONS"):
        # names that others chose are printed: none of them is a command to the runner
        print(f"::stop-commands::{secrets.token_hex(16)}", flush=True)
    folders, stray = folders_of(changed_paths(given.root, given.base))
    for path in stray:
        print(f"{path!a}: lies in no {FOLDER}/<org>__<model>/<run>; move it or leave it out")
    faulty = bool(stray)
    for folder in folders:
        print(ascii(folder), flush=True)
        if not (given.root / folder).exists():
            print("taken away")
            continue
        faulty |= not check(given.root / folder)
    if not folders and not stray:
        print("no submission is changed")
    return int(faulty)


if __name__ == "__main__":
    sys.exit(main())
