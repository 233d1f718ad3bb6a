"""``evaluate --config``: options from a file, what is typed wins, and a run makes itself again."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import yaml
from command_line import run_command

from brainbench.cli.config_file import read_config, words_of

BELIEF = "brainbench_quick_belief"
Cli = Callable[..., tuple[int, str, str]]


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Cli:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))

    return partial(run_command, monkeypatch, capsys)


def written(**options: object) -> str:
    Path("run.yaml").write_text(yaml.safe_dump(options), "utf-8")
    return "run.yaml"


def test_a_run_makes_itself_again(cli: Cli) -> None:
    code, out, _ = cli(
        "evaluate", "--tasks", BELIEF, "--benchmarks", "phantom.signal.all-ridge",
        "--protocol", "published", "--samples", json.dumps({BELIEF: [3, 1]}), "--seed", "4",
        "--system_instruction", "Be brief.", "--gen_kwargs", "do_sample=true,temperature=0.5",
        "--json", "--quiet",
    )  # fmt: skip
    assert code == 0
    first = json.loads(out)
    code, text, _ = cli("show", "results", "--config")
    assert code == 0
    assert yaml.safe_load(text) == {
        "benchmarks": ["phantom.signal.all-ridge"], "tasks": [BELIEF], "seed": 4,
        "protocol": "published", "gen_kwargs": {"do_sample": True, "temperature": 0.5},
        "samples": {BELIEF: [3, 1]}, "system_instruction": "Be brief.",
    }  # fmt: skip
    Path("again.yaml").write_text(text, "utf-8")
    code, out, err = cli("evaluate", "--config", "again.yaml", "--json")
    assert code == 0
    assert "already computed" in err
    assert json.loads(out)["run_id"] == first["run_id"]


def test_what_is_typed_wins_over_the_file_and_the_file_over_variables(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BRAINBENCH_SEED", "9")
    file = written(tasks=BELIEF, limit=2, seed=5, **{"num-fewshot": 1, "log_samples": True})
    _, out, _ = cli("evaluate", "--config", file, "--limit", "1", "--json", "--quiet")
    config = json.loads(out)["config"]
    found = {name: config[name] for name in ("limit", "seed", "num_fewshot", "log_samples")}
    assert found == {"limit": 1, "seed": 5, "num_fewshot": 1, "log_samples": True}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("limt: 3", "run.yaml: unknown option 'limt'; did you mean 'limit'?"),
        ("config: other.yaml", "unknown option 'config'"),
        ("limit: many", "run.yaml: Invalid value for '--limit'"),
        ("think: 3", "think is 3, and takes true or false"),
        ("limit: true", "limit is True, and takes a value (N)"),
        ("model: {a: 3}", "model is {'a': 3}, and takes text, a number or a list"),
        ("tasks: [[a]]", "tasks is a list of lists or maps"),
        ("seed: 3\nseed: 4", "'seed' stands twice"),
        ("num_fewshot: 1\nnum-fewshot: 2", "names num-fewshot twice"),
        ("- a", "run.yaml is not a configuration"),
        ("a: [", "is not YAML"),
        ("a: !!python/object/apply:os.system [ls]", "run.yaml: "),
    ],
)
def test_what_a_file_cannot_say(cli: Cli, text: str, told: str) -> None:
    Path("run.yaml").write_text(text, "utf-8")
    code, out, err = cli("evaluate", "--config", "run.yaml")
    assert code in (1, 2)
    assert told in err
    assert out == ""


def test_a_file_that_is_not_there(cli: Cli) -> None:
    code, _, err = cli("evaluate", "--config", "gone.yaml")
    assert (code, err) == (2, "error: --config gone.yaml: there is no such file")


def test_only_a_run_has_a_configuration(cli: Cli) -> None:
    code, _, err = cli("show", "xiao2026", "--config")
    assert code == 2
    assert "xiao2026 is no run" in err


def test_every_option_can_be_in_a_file(tmp_path: Path) -> None:
    """Each kind of value, for each option of evaluate, becomes words that mean the same."""
    from typer.main import get_command

    from brainbench.cli.commands import app

    verb = get_command(app).commands["evaluate"]  # type: ignore[attr-defined]
    known = {p.opts[0][2:].replace("-", "_"): p for p in verb.params if p.name != "config"}
    values: dict[str, object] = {
        name: True if p.is_flag else ["a", "b"] if p.multiple else "1" for name, p in known.items()
    }
    values |= {"select": {"roi": ["x", "y"]}, "gen_kwargs": {"k": 1}, "samples": {"t": [0]},
               "guidance_tests": ["FOLIO", "propositional"], "tasks": ["a", "b"]}  # fmt: skip
    file = tmp_path / "all.yaml"
    file.write_text(yaml.safe_dump(values), "utf-8")
    words = list(words_of(str(file), read_config(str(file), known), known))
    parsed, _, _ = verb.make_parser(verb.make_context("evaluate", [])).parse_args(words)
    assert set(parsed) == {p.name for p in known.values()}
    assert parsed["type_column"] == "1"
    assert parsed["select"] == ["roi=x,y"]
    assert parsed["include_path"] == ["a", "b"]
    assert (parsed["gen_kwargs"], parsed["samples"]) == ("k=1", '{"t": [0]}')
    assert (parsed["guidance_tests"], parsed["tasks"]) == ("FOLIO;propositional", "a,b")
