"""How the command ends when something goes wrong: one line, an exit code, no traceback."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from brainbench.cli import show
from brainbench.cli.main import main
from brainbench.errors import DataError, UsageError

Ended = tuple[int, str]


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run ``brainbench show`` whose work ends in an error."""

    def run(error: BaseException, *arguments: str) -> Ended:
        def fail(name: str) -> None:
            raise error

        monkeypatch.setattr(show, "load_card", fail)
        monkeypatch.setattr(sys, "argv", ["brainbench", *(arguments or ("show", "phantom"))])
        with pytest.raises(SystemExit) as caught:
            main()
        return int(caught.value.code or 0), capsys.readouterr().err

    return run


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (UsageError("no such [thing]"), 2, "error: no such [thing]\n"),
        (DataError("it is damaged"), 1, "error: it is damaged\n"),
        (KeyboardInterrupt(), 130, "stopped\n"),
    ],
)
def test_a_known_error_is_its_text(error: BaseException, code: int, text: str, ended: Any) -> None:
    assert ended(error) == (code, text)


@pytest.mark.parametrize(
    "error",
    [ValueError("a\nb"), RecursionError("deep"), EOFError(), MemoryError(), OSError(5, "io")],
)
def test_any_other_error_is_one_line_that_says_what_to_do(error: Exception, ended: Any) -> None:
    code, text = ended(error)
    assert code == 1
    assert text.count("\n") == 1
    assert "Traceback" not in text
    assert "--debug" in text
    if not isinstance(error, MemoryError):
        assert f"error: {type(error).__name__}" in text
    else:
        assert "not enough memory" in text


@pytest.mark.parametrize(
    "arguments", [("--debug", "show", "phantom"), ("show", "phantom", "--debug")]
)
@pytest.mark.parametrize("error", [ValueError("odd"), DataError("odd")])
def test_the_traceback_is_shown_when_asked_for(
    error: Exception, arguments: tuple[str, ...], ended: Any
) -> None:
    code, text = ended(error, *arguments)
    assert code == 1
    assert text.startswith("Traceback")
    assert "in fail" in text


@pytest.mark.parametrize(("value", "shown"), [("1", True), ("true", True), ("0", False)])
def test_the_environment_asks_too(
    value: str, shown: bool, ended: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINBENCH_DEBUG", value)
    assert ("Traceback" in ended(ValueError("odd"))[1]) == shown


def test_what_was_kept_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop(*given: Any, **named: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("brainbench.cli.evaluate.run_evaluate", stop)
    monkeypatch.setattr(sys, "argv", ["brainbench", "evaluate", "--quiet"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
    told = "stopped; finished steps are kept, the same command goes on after them\n"
    assert capsys.readouterr().err == told


def test_a_wrong_option_is_told_as_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["brainbench", "show", "--no-such-option"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert "No such option" in capsys.readouterr().err


def test_ctrl_c_while_libraries_are_loaded_is_answered(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def find_spec(self, name: str, *given: Any) -> None:
            if name == "brainbench.cli.commands":
                raise KeyboardInterrupt

    monkeypatch.delitem(sys.modules, "brainbench.cli.commands")
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])
    monkeypatch.setattr(sys, "argv", ["brainbench", "list"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 130
    assert capsys.readouterr().err == "stopped\n"
