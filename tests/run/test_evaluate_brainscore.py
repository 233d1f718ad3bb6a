"""A run of an artificial subject of Brain-Score, as `--model brainscore:…` starts it."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainbench.errors import UsageError
from brainbench.run import Settings, evaluate

ONE = ["phantom.signal.transitive-ridge"]
MODEL = "brainscore:stub"


def test_the_record_says_what_was_scored(brainscore_library: Path, tmp_path: Path) -> None:
    settings = Settings(protocol="published")
    record = evaluate(MODEL, benchmarks=ONE, settings=settings, output_path=tmp_path)
    assert (record.status, record.model.identifier, record.model.source) == (
        "success",
        MODEL,
        MODEL,
    )
    assert "language_system (fMRI)" in str(record.model.description)
    assert not record.model.builtin
    (score,) = record.published
    assert score.layer == ("hidden", 0)
    assert len(score.layers) == 1
    again = evaluate(MODEL, benchmarks=ONE, settings=settings, output_path=tmp_path)
    assert again == record


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"suite": "behavior"}, "brainscore:stub gives activations only, no answers"),
        ({"suite": "accuracy"}, "brainscore:stub is not a language model that brainbench runs"),
        ({"suite": "guidance"}, "brainscore:stub"),
    ],
)
def test_what_a_subject_cannot_do_is_refused_by_name(
    brainscore_library: Path, tmp_path: Path, asked: dict[str, str], expected: str
) -> None:
    with pytest.raises(UsageError, match=expected):
        evaluate(MODEL, output_path=tmp_path, **asked)  # type: ignore[arg-type]
