"""What is installed is whole: data, cards, types and tasks travel in the wheel."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.packaging

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    pytest.importorskip("hatchling", reason="hatchling builds the wheel; install the test extra")
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.mark.parametrize(
    "name",
    [
        "brainbench/py.typed",
        "brainbench/tasks/README.md",
        "brainbench/tasks/_metrics.yaml",
        "brainbench/tasks/metrics.py",
        "brainbench/tasks/quick/group.yaml",
        "brainbench/tasks/data/card.yaml",
        "brainbench/tasks/data/transitive_3.jsonl",
        "brainbench/datasets/cards/xiao2026.yaml",
        "brainbench/models/data/nano/model.safetensors",
        "brainbench/models/data/nano/tokenizer.json",
        "brainbench/models/data/nano/README.md",
        "brainbench/models/templates/default.yaml",
        "brainbench/datasets/data/phantom_problems.jsonl",
        "brainbench/datasets/data/phantom_smollm2_135m.safetensors",
        "brainbench/datasets/data/planted_nano.safetensors",
        "brainbench/benchmarks/data/xiao2026.safetensors",
        "brainbench/leaderboard/templates/board.html",
        "brainbench/leaderboard/static/board.css",
        "brainbench/leaderboard/static/sortable.min.js",
        "brainbench/leaderboard/static/sortable.LICENSE",
        "brainbench/results/blocks/templates/blocks.css",
        "brainbench/results/blocks/templates/blocks.html",
        "brainbench/results/blocks/templates/scorecard.css",
        "brainbench/results/glossary.yaml",
        "brainbench/results/report/templates/report.html",
        "brainbench/results/report/templates/report.css",
        "brainbench/results/report/templates/report.js",
    ],
)
def test_wheel_holds(name: str, wheel: zipfile.ZipFile) -> None:
    assert name in wheel.namelist()


def test_wheel_holds_every_board(wheel: zipfile.ZipFile) -> None:
    """And how often simulated ones are right, which their pages quote."""
    boards = sorted(path.name for path in (ROOT / "leaderboards").glob("*.yaml"))
    boards = sorted([*boards, "simulated.json"])
    held = [name for name in wheel.namelist() if name.startswith("brainbench/leaderboards/")]
    assert sorted(name.rpartition("/")[2] for name in held) == boards


def test_wheel_is_small_and_holds_no_tests(wheel: zipfile.ZipFile) -> None:
    assert sum(entry.compress_size for entry in wheel.infolist()) < 10e6
    assert not [name for name in wheel.namelist() if name.startswith("tests/")]


def test_no_file_names_a_registry() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    if not listed:
        pytest.skip("not a git checkout")
    words = ["py" + "pi.org", "python" + "hosted", "registry." + "npmjs"]
    for name in listed:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".txt", ".toml", ".yaml", ".cff", ""):
            text = path.read_text("utf-8", errors="ignore") if path.is_file() else ""
            assert not [word for word in words if word in text], name
