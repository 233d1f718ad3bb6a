"""A sweep's file: what it may hold, and faults named by their line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from brainbench.cli.sweep import _given_options
from brainbench.errors import UsageError
from brainbench.sweep import SweepFile, json_schema, read_sweep


def read(folder: Path, text: str) -> SweepFile:
    file = folder / "my sweep.yaml"
    file.write_text(text, "utf-8")
    return read_sweep(file, _given_options())[0]


def test_a_file_with_everything(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        """\
name: everything
output_path: out
models:
  - nano
  - model: org/name
    revisions: [main, none]
    dtypes: bfloat16
    think: true
    resources: {gpus: 1, memory: 64GB, time: 1d 12h}
suites: [alignment, {suite: accuracy, apply_chat_template: true}]
benchmarks: "phantom.*"
tasks: [{tasks: [a, b], num_fewshot: 5}]
steering: [none, ./steer]
seeds: [0, 1]
exclude: [{model: nano, suite: accuracy}]
resources: {cpus: 4, partition: main, slurm: {reservation: mine}}
""",
    )
    nano, other = found.models
    assert (nano.model, nano.options) == ("nano", {})
    assert other.options == {"think": True}
    assert other.revisions == ["main", None]
    assert other.dtypes == ["bfloat16"]
    assert found.steering == [None, "./steer"]
    assert [one.options for one in found.suites] == [
        {"suite": "alignment"},
        {"suite": "accuracy", "apply_chat_template": True},
    ]
    assert found.benchmarks[0].options == {"benchmarks": "phantom.*"}
    asked = other.resources.over(found.resources)
    assert (asked.cpus, asked.gpus, asked.memory_gb, asked.minutes) == (4, 1, 64, 36 * 60)
    assert asked.slurm == {"reservation": "mine"}


def test_a_sweep_is_called_as_its_file(tmp_path: Path) -> None:
    assert read(tmp_path, "models: [nano]").name == "my-sweep"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("models: [nano]\nsuite: [behavior]", 2, "unknown key 'suite'; did you mean 'suites'"),
        ("models: [nano]\ndefaults:\n  limits: 3", 3, "unknown key 'limits'; did you mean 'limit'"),
        ("models: [nano]\ndefaults:\n  batch-size: 3", 3, "did you mean 'batch_size'?"),
        ("models:\n- nano\n- {model: x, stear: y}", 3, "did you mean 'steer'"),
        ("models: [nano]\nresources: {gpu: 1}", 2, "unknown key 'gpu'; did you mean 'gpus'"),
        ("models: [nano]\nexclude:\n- {sede: 1}", 3, "unknown key 'sede'; did you mean 'seed'"),
        ("models: [nano]\nseeds: [0, -1]", 2, "greater than or equal to 0"),
        ("models: [nano]\nseeds: [0, true]", 2, "valid integer, not True"),
        ("models: [nano]\ndefaults: {limit: many}", 2, "limit is a whole number, not 'many'"),
        ("models: [nano]\ndefaults: {think: 3}", 2, "think is true or false, not 3"),
        ("models: [nano]\ndefaults: [limit]", 2, "write options as a map"),
        ("models: [nano]\nresources: {time: 2:00:00}", 2, "valid string, not 7200"),
        ("models: [nano]\nresources: {time: soon}", 2, "as in 90min, 2h or 1d 12h, not 'soon'"),
        ("models: [nano]\nresources: {memory: 32}", 2, "valid string, not 32"),
        ("models: [nano]\nresources: {memory: 32 apples}", 2, "as in 32GB"),
        ("models: [nano]\nresources: {cpus: 0}", 2, "greater than or equal to 1, not 0"),
        ("models: [nano]\nretries: -1", 2, "greater than or equal to 0"),
        ("models: [nano]\nname: ../up", 2, "match pattern"),
        ("models: []", 1, "models must be a list of at least one"),
        ("models: nano", 1, "models must be a list"),
        ("models:\n- 3", 2, "a model is a name, or a map that has model"),
        ("models: [nano]\nsuites: [{limit: 3}]", 2, "write suite: NAME"),
        ("models: [nano]\nsuites: [{suite: a, tasks: b}]", 2, "write them as two entries"),
        ("models: [nano]\nmodels: [nano]", 2, "'models' stands twice"),
        ("models: [nano]\nseeds: &a [1]\nx: *a", 3, "alias"),
        ("models: [nano", 1, "is not YAML"),
    ],
)
def test_a_fault_is_named_by_its_line(tmp_path: Path, text: str, line: int, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, text)
    assert f"line {line}" in str(caught.value)
    assert said in str(caught.value)


def test_no_map_and_no_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a sweep is a map"):
        read(tmp_path, "nano")
    with pytest.raises(UsageError, match="there is no file"):
        read_sweep(tmp_path / "none.yaml", {})


def test_code_in_yaml_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    with pytest.raises(UsageError, match="is not YAML"):
        read(tmp_path, f"models: [!!python/object/apply:os.system ['touch {mark}']]")
    assert not mark.exists()


def test_the_json_schema_names_every_key_and_option() -> None:
    schema = json_schema(_given_options())
    assert set(schema["properties"]) == set(SweepFile.model_fields)
    options = schema["properties"]["defaults"]["properties"]
    assert options["limit"]["type"] == "integer"
    assert "apply_chat_template" in options
    assert schema["properties"]["defaults"]["additionalProperties"] is False
    model = schema["$defs"]["ModelEntry"]
    assert {"model", "revisions", "limit", "resources"} <= set(model["properties"])
    assert model["required"] == ["model"]
    json.dumps(schema)
