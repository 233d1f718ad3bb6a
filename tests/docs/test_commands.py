"""Commands in the docs have options that there are, and Python in them compiles."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest
from docs_blocks import DOCS, blocks
from typer.main import get_command

from brainbench.cli.commands import app

PAGES = [*sorted(DOCS.glob("*.md")), DOCS.parent / "README.md"]


def commands(page: Path) -> list[list[str]]:
    """Words of every line that begins with brainbench."""
    found = []
    for block in blocks(page):
        if block.language not in ("", "console"):
            continue
        # a command told over two lines is one
        for line in re.sub(r"\\\n\s*", "", block.text).splitlines():
            line = re.sub(r"\s+#.*", "", line.removeprefix("$ "))
            if line.startswith("brainbench "):
                found.append(shlex.split(line))
    return found


def options_of(command: click.Command) -> set[str]:
    return {name for p in command.params for name in (*p.opts, *p.secondary_opts)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands(page: Path) -> None:
    root: Any = get_command(app)
    for words in commands(page):
        command, rest = root.commands[words[1]], words[2:]
        if isinstance(getattr(command, "commands", None), dict) and rest:
            # a sweep is run by its file, without the verb
            inner = rest[0] if rest[0] in command.commands else "run"
            command, rest = command.commands[inner], rest[rest[0] == inner :]
        given = {word.partition("=")[0] for word in rest if word.startswith("--")}
        assert given <= options_of(command), " ".join(words)


def test_there_are_commands() -> None:
    assert sum(len(commands(page)) for page in PAGES) > 40


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_python(page: Path) -> None:
    for block in blocks(page):
        if block.language == "python":
            ast.parse(block.text)
