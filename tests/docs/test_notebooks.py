"""The notebooks of examples/ run as they stand, offline, and show what they showed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from scorecards import record_of

import brainbench
from scripts import load_script

FOLDER = Path(__file__).parents[2] / "examples"
NAMES = ("bring_an_assembly", "score_a_model")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?")
# where people's files lie on some machine
PLACES = re.compile(r"/(home|root|Users|tmp|work)/|[A-Z]:\\\\")


@pytest.fixture(scope="module", autouse=True)
def needs() -> None:
    for name in ("nbclient", "ipykernel", "matplotlib"):
        pytest.importorskip(name, reason=f"needs {name}: install the notebooks extra")


def notebook(name: str) -> Any:
    import nbformat

    return nbformat.read(FOLDER / f"{name}.ipynb", as_version=4)


def code(name: str) -> list[Any]:
    return [cell for cell in notebook(name).cells if cell.cell_type == "code"]


def shown(output: Any) -> tuple[str, str]:
    """Kind and text of an output; of a picture, that it is one."""
    if output.output_type == "stream":
        return output.name, output.text
    assert output.output_type == "execute_result", output
    if "image/png" in output.data:
        return "picture", ""
    return "result", output.data["text/plain"]


def test_all_notebooks_are_here() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_of_a_machine_or_of_one_run_is_kept(name: str) -> None:
    import nbformat

    path = FOLDER / f"{name}.ipynb"
    text = path.read_text("utf-8")
    assert not PLACES.search(text)
    assert text == nbformat.writes(load_script("run_notebooks").kept(notebook(name))) + "\n"
    outputs = [one for cell in code(name) for one in cell.outputs]
    assert all(cell.outputs for cell in code(name))
    assert {shown(one)[0] for one in outputs} == {"stdout", "result", "picture"}
    assert len(text) < 200_000


def hold(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each cell shows what is kept; another processor may round a last digit differently."""
    # a kernel looks for brainbench as this process does
    monkeypatch.setenv("PYTHONPATH", str(FOLDER.parent), prepend=":")
    done = load_script("run_notebooks").execute(FOLDER / f"{name}.ipynb")
    ran = [cell for cell in done.cells if cell.cell_type == "code"]
    for kept, now in zip(code(name), ran, strict=True):
        both = [[shown(one) for one in cell.outputs] for cell in (kept, now)]
        words = [[(kind, NUMBER.sub("#", text)) for kind, text in one] for one in both]
        assert words[0] == words[1], "run scripts/run_notebooks.py"
        numbers = [[float(n) for _, text in one for n in NUMBER.findall(text)] for one in both]
        assert numbers[0] == pytest.approx(numbers[1], rel=0.02, abs=0.05)


def test_bringing_an_assembly(monkeypatch: pytest.MonkeyPatch) -> None:
    hold("bring_an_assembly", monkeypatch)


@pytest.mark.exhaustive
def test_scoring_a_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ladder takes its time: 16 seconds of a processor."""
    hold("score_a_model", monkeypatch)


def test_the_cells_on_scoring_run_on_any_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(brainbench, "evaluate", lambda *_, **__: record_of("63e1a336c8b0"))
    names: dict[str, Any] = {}
    for cell in code("score_a_model"):
        exec(compile(cell.source, "score_a_model", "exec"), names)
    said = capsys.readouterr().out
    assert said.startswith("nano, built in\n")
    assert "quick_transitive 0." in said
    assert names["p"].shape == (6, 6)
    assert names["score"].benchmark == "planted.signal.transitive-ridge"
