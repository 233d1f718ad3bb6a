"""Files whose names are not UTF-8, as old archives hold them, are worked with."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from brainbench.models import load_model
from brainbench.paths import activations_path
from brainbench.results import load_record
from brainbench.results.report import write_report
from brainbench.run import Settings, evaluate

NAME = os.fsdecode(b"caf\xe9")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / f"{NAME}.safetensors"
    try:
        shutil.copyfile(activations_path(), path)
    except OSError:
        pytest.skip("this file system holds names in UTF-8 only")
    return path


def test_the_record_has_the_name_with_the_character_replaced(model: Path) -> None:
    output = model.parent / f"results-{NAME}"
    record = evaluate(
        str(model),
        benchmarks=["phantom.noise.syllogistic-ridge"],
        settings=Settings("published", limit=20),
        output_path=output,
    )
    assert record.model.identifier == "caf\ufffd"
    assert record.model.source == f"{model.parent}/caf\ufffd.safetensors"
    kept = load_record(output)
    assert kept.model == record.model
    assert json.loads(record.model_dump_json())["model"]["identifier"] == "caf\ufffd"
    assert write_report(kept, output / "caf_" / record.run_id).is_file()


def test_a_model_is_named_without_it(model: Path) -> None:
    assert load_model(model).identifier == "caf\ufffd"
