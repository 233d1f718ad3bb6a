"""What lm-eval and task files warn of is passed on, counted; their bars and hints are not."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest
from stand_ins import Stand
from task_files import labelled, write_task
from tqdm import tqdm
from tqdm.auto import tqdm as automatic

from brainbench.models.bars import no_library_bars
from brainbench.reasoning.evaluation import TaskEvaluator
from brainbench.reasoning.lm_eval_logging import quiet
from brainbench.reasoning.options import TaskOptions
from brainbench.reasoning.tasks import load_tasks


def heard(*, folder: Path | None = None, **logged: str) -> list[str]:
    """What is passed on of warnings: logger (``_`` for a dot) → text."""
    said: list[str] = []
    with quiet([folder] if folder else [], said.append):
        for name, text in logged.items():
            logging.getLogger(name.replace("__", ".")).warning(text)
    return said


def test_warnings_of_lm_eval_are_said_once_with_how_often() -> None:
    said: list[str] = []
    log = logging.getLogger("lm_eval.api.task")
    with quiet(heard=said.append):
        for i in range(3):
            log.warning(f"Label index was not in within range,Sample:\n\n{{'q': 'item {i}'}}")
        log.warning("Task '%s' from %s overrides", "t", "/home/me/tasks/t.yaml")
        log.error("doc_to_choice must return list")
        log.info("nothing to hear")
    assert said == [
        "Label index was not in within range (3 times)",
        "Task 't' from t.yaml overrides",
        "doc_to_choice must return list",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("lm_eval__evaluator", "model_args not specified"),
        ("lm_eval__models__huggingface", "`pretrained` model kwarg is not of type `str`"),
        ("lm_eval__api__task", "[Task: x] metric acc is defined, but aggregation is not. using"),
        ("lm_eval__api__task", "x: Custom kwargs can be passed to `--metadata` in console"),
        ("datasets__builder", "Repo card metadata block was not found"),
        ("somebody__else", "hello"),
    ],
)
def test_hints_are_not(name: str, text: str, capfd: pytest.CaptureFixture[str]) -> None:
    assert heard(**{name: text}) == []
    assert capfd.readouterr().err == ""


def test_what_counts_documents_is(tmp_path: Path) -> None:
    assert heard(lm_eval__evaluator_utils="[t] Metrics were not scored on the same number of") == [
        "[t] Metrics were not scored on the same number of"
    ]
    # this file stands for a task's own code
    assert heard(folder=Path(__file__).parent, somebody__else="hello") == ["hello"]


def test_a_warning_that_cannot_be_written_stops_nothing() -> None:
    said: list[str] = []
    with quiet(heard=said.append):
        logging.getLogger("lm_eval.api.task").warning("%d of them", "many")
    assert said == ["%d of them"]


def test_everything_is_as_it_was_afterwards() -> None:
    log = logging.getLogger("lm_eval")
    before = (log.level, log.propagate, log.handlers[:], logging.getLogger().handlers[:])
    with pytest.raises(ZeroDivisionError), quiet():
        raise ZeroDivisionError
    assert (log.level, log.propagate, log.handlers, logging.getLogger().handlers) == before


def test_what_is_printed_goes_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    with quiet():
        print("bootstrapping for stddev: f1")
        print("bootstrapping for stddev:", "f1")
        print("of a task's own code")
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "of a task's own code\n")


@pytest.mark.parametrize("bar", [tqdm, automatic])
def test_no_bar_of_a_library(bar: Any, capfd: pytest.CaptureFixture[str]) -> None:
    with no_library_bars():
        assert list(bar(range(3), desc="hidden", disable=False)) == [0, 1, 2]
    assert capfd.readouterr().err == ""
    list(bar(range(3), desc="shown"))
    assert "shown" in capfd.readouterr().err


@pytest.mark.parametrize("metric", ["f1", "mcc"])
def test_metrics_that_lm_eval_draws_anew_say_nothing(
    metric: str, tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    monkeypatch.setenv("DISABLE_MULTIPROC", "1")
    monkeypatch.setattr("lm_eval.evaluator.simple_evaluate", _fewer_draws())
    monkeypatch.setattr("lm_eval.simple_evaluate", _fewer_draws())
    rows = labelled("True", "False", "True").replace(b'"y"', b'"choices": ["True", "False"], "y"')
    write_task(tmp_path, rows, metric_list=f"[{{metric: {metric}}}]")
    asker = TaskEvaluator(Stand(), load_tasks(["my_task"], [str(tmp_path)]), TaskOptions(), None, 0)
    score = asker.ask("my_task").score
    assert f"{metric}_stderr,none" in score.metrics
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def _fewer_draws() -> Any:
    """lm-eval's own evaluation, its errors from few draws."""
    from functools import partial

    from lm_eval import simple_evaluate

    return partial(simple_evaluate, bootstrap_iters=20)


def test_what_a_task_warns_of_as_it_scores_is_in_its_score(tmp_path: Path) -> None:
    (tmp_path / "code.py").write_text(
        "import logging\n"
        "log = logging.getLogger(__name__)\n"
        "def score(doc, results):\n"
        "    log.warning('no answer was found')\n"
        "    return {'acc': 0.0}\n"
    )
    rows = labelled("True", "False").replace(b'"y"', b'"choices": ["True", "False"], "y"')
    write_task(tmp_path, rows, process_results="!function code.score")
    asker = TaskEvaluator(Stand(), load_tasks(["my_task"], [str(tmp_path)]), TaskOptions(), None, 0)
    assert asker.ask("my_task").score.warnings == ("no answer was found (2 times)",)
