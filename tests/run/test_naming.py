"""What the folder of a run is called that was given no name."""

from __future__ import annotations

import re

import pytest

from brainbench.results.file_names import folder_name
from brainbench.run.naming import run_name


@pytest.mark.parametrize(
    ("benchmarks", "tasks", "suite", "expected"),
    [
        (None, None, "demonstration", "demonstration"),
        (["xiao2026.language.all-ridge"], None, "alignment", "xiao2026.language.all-ridge"),
        (["xiao2026.language.*"], None, "alignment", "xiao2026.language"),
        (["*"], None, "alignment", "benchmarks"),
        (["a", "b"], None, "alignment", "2-benchmarks"),
        (None, ["brainbench_folio"], "alignment", "brainbench_folio"),
        (["a.*"], ["x", "y", "z"], "alignment", "a+3-tasks"),
        (None, ["x" * 300], "alignment", "x" * 60),
    ],
)
def test_it_says_what_was_scored_and_when(
    benchmarks: list[str] | None, tasks: list[str] | None, suite: str, expected: str
) -> None:
    name = run_name(benchmarks, tasks, suite)
    assert re.fullmatch(re.escape(expected) + r"-\d{4}-\d\d-\d\d", name)
    assert folder_name(name) == name
