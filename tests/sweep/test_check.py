"""Names are checked before anything is started."""

from __future__ import annotations

from pathlib import Path

import pytest

from brainbench.cli.sweep import _given_options, _parse
from brainbench.errors import UsageError
from brainbench.sweep import read_sweep
from brainbench.sweep.check import check_names
from brainbench.sweep.plan import choices


def check(folder: Path, text: str) -> None:
    file = folder / "s.yaml"
    file.write_text(text, "utf-8")
    sweep, source = read_sweep(file, _given_options())
    check_names(choices(sweep, source), source, _parse)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models: [nano]\nsuites: [behavior, alignmnt]", "line 2: unknown suite 'alignmnt'; did"),
        ("models:\n- nano\n- nanno", "line 3: unknown model 'nanno'; did you mean 'nano'"),
        ("models: [./none]", "line 1: there is no model at ./none"),
        ("models: [none.gguf]", "line 1: there is no model at none.gguf"),
        ("models: [nano]\nbenchmarks: [phantom.x]", "line 2: unknown benchmark 'phantom.x'"),
        ("models: [nano]\nsuites: [{suite: behavior, dataset: xio}]", "unknown dataset 'xio'"),
        ("models: [nano]\ntasks: [brainbench_foli]", "line 2: unknown task 'brainbench_foli'; did"),
        ("models: [nano]\ndefaults: {protocol: publishd}", "unknown protocol 'publishd'"),
        ("models: [nano]\ndefaults: {limit: 0}", "Invalid value for '--limit'"),
        ("models: [nano]\nsteering: [none, nowhere]", "nowhere"),
        ("models: [nano]\nadapters: [nowhere]", "there is no adapter in nowhere"),
        ("models: [nano]\ndefaults: {prompt_template: no.yaml}", "there is no file no.yaml"),
    ],
)
def test_what_is_not_there_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        check(tmp_path, text)
    assert said in str(caught.value)
    assert str(caught.value).startswith("s.yaml, line ")


def test_a_folder_has_no_revision(tmp_path: Path) -> None:
    (tmp_path / "m").mkdir()
    with pytest.raises(UsageError, match=r"line 1: .*only models of the hub have a revision"):
        check(tmp_path, f"models: [{{model: {tmp_path}/m, revision: main}}]")


def test_what_is_there_passes(tmp_path: Path) -> None:
    check(
        tmp_path,
        "models: [nano, org/some-model]\nsuites: [alignment, accuracy]\nbenchmarks: ['phantom.*']\n"
        "tasks: [brainbench_folio]\nseeds: [0, 1]\n",
    )
