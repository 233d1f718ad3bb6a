"""The checks of the project, each in an environment of its own: ``nox`` runs what a change needs.

``nox --list`` says what there is; arguments after ``--`` go to the tool:
``nox -s tests -- tests/encoding``.
"""

from __future__ import annotations

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "types", "docs", "tests"]
nox.options.default_venv_backend = "venv"

PINNED = ("-c", "constraints.txt")
# folders of tests with a module on Brain-Score
_BRAINSCORE = ("models", "datasets", "cli")
PYTEST = ("pytest", "-n", "2", "--dist", "loadgroup")


@nox.session
def tests(session: nox.Session) -> None:
    """README's test command, with the pinned releases."""
    session.install(*PINNED, "-e", ".[test]")
    session.run(*PYTEST, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style of the code, and whether files that GitHub reads are sound."""
    session.install(*PINNED, "-e", ".[dev]")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("pytest", "tests/ci", *session.posargs)


@nox.session
def types(session: nox.Session) -> None:
    """Types, strictly."""
    session.install(*PINNED, "-e", ".[dev]")
    session.run("mypy", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The pages in build/docs, every link and anchor checked."""
    session.install(*PINNED, "-e", ".[docs]")
    session.run("mkdocs", "build", "--strict", *session.posargs)


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """The oldest releases that pyproject.toml allows, as its lower bounds say.

    With Brain-Score, for whose sake the bounds of numpy and xarray are that low.
    """
    session.install(*PINNED, "uv")
    releases = f"{session.create_tmp()}/lowest.txt"
    session.run(
        *("uv", "pip", "compile", "--quiet", "--resolution", "lowest-direct"),
        *("--python-version", "3.11", "--extra", "test", "--extra", "brainscore"),
        *("pyproject.toml", "--output-file", releases),
    )
    session.install("-r", releases)
    session.install("--no-deps", "-e", ".")
    session.run(*PYTEST, *session.posargs)


@nox.session(python="3.11")
def brainscore(session: nox.Session) -> None:
    """Brain-Score both ways, in the environment that docs/brainscore.md has users make."""
    session.install("-e", ".[test,brainscore]")
    # it pins transformers below 5, which pip would not put beside brainbench's
    session.install("--no-deps", "brainscore-language==2.3.0")
    places = ("exchange/brainscore", *(f"{name}/test_brainscore.py" for name in _BRAINSCORE))
    session.run("pytest", *(f"tests/{place}" for place in places), *session.posargs)


@nox.session
def newest(session: nox.Session) -> None:
    """What pip installs today, without our pins."""
    session.install("-e", ".[test,docs]")
    session.run(*PYTEST, *session.posargs)
