"""Artificial subjects of Brain-Score as models."""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path

import numpy as np
import pytest

from brainbench.datasets import load_recording
from brainbench.errors import DataError, UnknownNameError, UsageError
from brainbench.models import ModelOptions, load_model, read_activations, read_answers
from brainbench.models.brainscore import SubjectModel, problem_text
from brainbench.problems import Problem

INSTALLED = importlib.util.find_spec("brainscore_language") is not None
needs_brainscore = pytest.mark.skipif(
    not INSTALLED, reason="needs brainscore-language, in an environment of its own"
)


@pytest.fixture(scope="module")
def problems() -> tuple[Problem, ...]:
    return load_recording("phantom").problems[:4]


def test_each_problem_is_read_by_itself_as_one_text(
    brainscore_library: Path, problems: tuple[Problem, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    model = load_model("brainscore:stub")
    assert isinstance(model, SubjectModel)
    found = read_activations(model, problems)
    texts = [problem_text(problem) for problem in problems]
    assert texts[0] == ". ".join(problems[0].sentences) + "."
    expected = np.array([[text.count(letter) for letter in "aeiou"] for text in texts], float)
    assert np.array_equal(found.values["hidden"], expected[:, None, :])
    assert found.layers == {"hidden": (0,)}
    # read again, nothing is recorded twice
    assert read_activations(model, problems).values["hidden"].shape == (4, 1, 5)
    assert model._subject.started == [("language_system", "fMRI")]
    assert model._subject.read[:4] == texts
    # stdout is for results
    assert capsys.readouterr().out == ""
    assert model.identifier == "brainscore:stub"


def test_the_hash_changes_with_code_and_states(brainscore_library: Path) -> None:
    first = load_model("brainscore:stub").sha256
    again = load_model("brainscore:stub")
    assert again.sha256 == first
    other = load_model("brainscore:stub")
    assert isinstance(other, SubjectModel)
    read = other._subject.digest_text
    other._subject.digest_text = lambda text: {"neural": read(text)["neural"] + 1}
    assert other.sha256 != first
    file = brainscore_library / "models" / "stub" / "__init__.py"
    file.write_text(file.read_text("utf-8") + "# another\n", "utf-8")
    assert load_model("brainscore:stub").sha256 != first


def test_it_answers_nothing(brainscore_library: Path, problems: tuple[Problem, ...]) -> None:
    with pytest.raises(UsageError, match="brainscore:stub gives activations only, no answers"):
        read_answers(load_model("brainscore:stub"), problems)


def test_options_of_language_models_do_not_fit(brainscore_library: Path) -> None:
    with pytest.raises(UsageError, match="--readout: only for language models"):
        load_model("brainscore:stub", ModelOptions(readout="premises"))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("broken", "brainscore:broken cannot be read out .*: RuntimeError: out of memory"),
        ("ragged", "brainscore:ragged gives [0-9]+ neuroids for"),
        ("series", "presentation 1, neuroid 1, time_bin 2 for one text"),
    ],
)
def test_a_subject_that_fails_is_named(
    brainscore_library: Path, problems: tuple[Problem, ...], name: str, expected: str
) -> None:
    with pytest.raises(DataError, match=expected):
        read_activations(load_model(f"brainscore:{name}"), problems)


def test_a_model_that_cannot_be_had_is_named(brainscore_library: Path) -> None:
    with pytest.raises(UnknownNameError, match="of Brain-Score 'stud'; did you mean 'stub'"):
        load_model("brainscore:stud")
    with pytest.raises(UsageError, match=r"lacking cannot be loaded: ModuleNotFound.*=yes and"):
        load_model("brainscore:lacking")


def test_nothing_is_installed_unless_the_user_says_so(
    brainscore_library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load_model("brainscore:stub")
    assert "BS_INSTALL_DEPENDENCIES" not in os.environ
    monkeypatch.setenv("BS_INSTALL_DEPENDENCIES", "yes")
    load_model("brainscore:stub")
    assert sys.modules["brainscore_language"].installs == ["no", "yes"]


@pytest.mark.skipif(INSTALLED, reason="brainscore-language is installed")
def test_without_brain_score_the_error_gives_the_commands() -> None:
    with pytest.raises(UsageError, match=r"pip install --no-deps brainscore-language==2\.3\.0"):
        load_model("brainscore:randomembedding-100")


def test_a_brain_score_that_cannot_be_imported(brainscore_library: Path) -> None:
    file = brainscore_library / "__init__.py"
    file.write_text("raise AttributeError('np.float_')", "utf-8")
    with pytest.raises(UsageError, match=r"cannot be imported: AttributeError: np\.float_"):
        load_model("brainscore:stub")


@needs_brainscore
def test_theirs(problems: tuple[Problem, ...]) -> None:
    model = load_model("brainscore:randomembedding-100")
    found = read_activations(model, problems).values["hidden"]
    assert found.shape == (4, 1, 100)
    assert 0.2 < found.min() < found.max() < 0.9  # means of words, each uniform in 0 to 1
    assert model.sha256 == load_model("brainscore:randomembedding-100").sha256


@needs_brainscore
def test_a_network_of_transformers_of_today(problems: tuple[Problem, ...]) -> None:
    """Beside a transformers that brainscore-language does not allow."""
    from importlib.resources import files

    from brainscore_language.model_helpers.huggingface import HuggingfaceSubject

    nano = str(files("brainbench.models") / "data" / "nano")
    subject = HuggingfaceSubject(nano, {"language_system": "model.layers.1"})
    found = SubjectModel("nano", subject).activations(problems).values["hidden"]
    assert found.shape == (4, 1, subject.basemodel.config.hidden_size)
    assert len(np.unique(found.round(4), axis=0)) == 4
