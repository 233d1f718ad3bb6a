"""The plan of docs/architecture.md holds in the code."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import brainbench

ROOT = Path(brainbench.__file__).parent
# from the top down: a package imports only those behind it
ORDER = [
    "cli",
    "sweep",
    "run",
    "calibration",
    "leaderboard",
    "exchange",
    "results",
    "guidance",
    "benchmarks",
    "reasoning",
    "encoding",
    "statistics",
    "models",
    "imaging",
    "datasets",
    "problems",
    "plugins",
    "quantities",
    "shown",
    "folds",
    "progress",
    "atomic",
    "paths",
    "foreign",
    "errors",
    "source",
    "closure",
]
MODULES = sorted(ROOT.rglob("*.py"))


def imported(path: Path) -> set[str]:
    """Modules of brainbench that a file imports, dotted."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names.add(str(node.module))
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in names if name.startswith("brainbench.")}


def dotted(path: Path) -> str:
    parts = path.relative_to(ROOT.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("path", [m for m in MODULES if m.parent != ROOT], ids=dotted)
def test_imports_run_downwards(path: Path) -> None:
    own = path.relative_to(ROOT).parts[0]
    for name in imported(path):
        package = name.split(".")[1]
        assert ORDER.index(package) >= ORDER.index(own), f"{own} imports {name}"


@pytest.mark.parametrize("package", [name for name in ORDER if (ROOT / name).is_dir()])
def test_folders_of_a_package_import_one_way(package: str) -> None:
    """Inside a package, a folder or a lone module that another imports never imports it back."""
    own = f"brainbench.{package}."
    parts = {name for path in MODULES if (name := dotted(path)).startswith(own)}
    rooms = {name.split(".")[2] for name in parts}
    edges: dict[str, set[str]] = {room: set() for room in rooms}
    for path in (ROOT / package).rglob("*.py"):
        if (here := dotted(path)).startswith(own):
            room = here.split(".")[2]
            used = {n.split(".")[2] for n in imported(path) if n.startswith(own)}
            edges[room] |= (used & rooms) - {room}
    # raises CycleError, which names the circle
    TopologicalSorter(edges).prepare()


def test_there_are_no_circles() -> None:
    known = {dotted(path): path for path in MODULES}
    edges = {
        name: {other for other in imported(path) if other in known and other != name}
        for name, path in known.items()
        if path.name != "__init__.py"
    }
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name not in done:
            for other in edges.get(name, ()):
                visit(other, (*trail, name))
            done.add(name)

    for name in edges:
        visit(name, ())


def test_encoding_knows_no_model_and_no_file() -> None:
    for path in (ROOT / "encoding").rglob("*.py"):
        used = {name.split(".")[1] for name in imported(path)}
        assert used <= {"encoding", "statistics", "folds", "errors"}, path


def test_no_data_from_others_is_ever_unpickled() -> None:
    for path in MODULES:
        text = path.read_text("utf-8")
        for word in (
            "import pickle",
            "torch.load",
            "yaml.load(",
            "allow_pickle=True",
            "shell=True",
        ):
            assert word not in text, f"{path} has {word}"


def test_every_package_of_the_plan_has_its_tests() -> None:
    tests = Path(__file__).parent
    for name in ORDER[: ORDER.index("quantities")]:  # from there on they are single files
        assert list((tests / name).rglob("test_*.py")), f"tests/{name} is empty"
