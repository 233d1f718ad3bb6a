"""A sweep's file as steps: every combination once, states before the runs that share them."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_sweep import SMALL, small_plan

from brainbench.cli.sweep import evaluate_options
from brainbench.errors import UsageError
from brainbench.sweep import Option


def test_every_combination_is_a_run(tmp_path: Path) -> None:
    plan = small_plan(
        tmp_path,
        """\
models: [nano, {model: org/name, dtypes: [float32, bfloat16], limit: 3}]
suites: [alignment, {suite: accuracy, apply_chat_template: true}]
tasks: [brainbench_folio]
seeds: [0, 1]
defaults: {limit: 20}
""",
    )
    assert len(plan.runs) == (1 + 2) * 3 * 2
    assert len({step.id for step in plan.steps}) == len(plan.steps)
    first = plan.runs[0].commands[0]
    assert first == [
        "evaluate", "--model", "nano", "--suite", "alignment", "--limit", "20", "--seed", "0",
        "--output-path", "results",
    ]  # fmt: skip
    chats = [step for step in plan.runs if "--apply-chat-template" in step.commands[0]]
    assert len(chats) == 6
    limits = {step.options["limit"] for step in plan.runs if step.options["model"] == "org/name"}
    assert limits == {3}


def test_states_come_before_the_runs_that_share_them(tmp_path: Path) -> None:
    plan = small_plan(
        tmp_path, "models: [nano, a/b]\nsuites: [behavior, builtin, accuracy]\nseeds: [0, 1]"
    )
    states = [step for step in plan.steps if step.kind == "states"]
    assert [step.options["model"] for step in states] == ["nano", "a/b"]
    for step in states:
        # not once for each seed, and not for tasks, whose answers are not kept
        assert [words[words.index("--suite") + 1] for words in step.commands] == [
            "behavior",
            "builtin",
        ]
        assert all(words[-1] == "--states-only" for words in step.commands)
        assert not any("--seed" in words or "--output-path" in words for words in step.commands)
    needing = {step.options["suite"]: step.needs for step in plan.runs if step.needs}
    assert set(needing) == {"behavior", "builtin"}
    assert [step.id for step in plan.steps].index(states[0].id) == 0


@pytest.mark.parametrize(
    "text",
    [
        "models: [nano]\nsuites: [behavior]",  # one run shares with nobody
        "models: [x.safetensors]\nsuites: [builtin]\nseeds: [0, 1]",  # states are given
        "models: [nano]\nsuites: [guidance]\nseeds: [0, 1]",
        "models: [nano]\ntasks: [brainbench_folio]\nseeds: [0, 1]",
    ],
)
def test_where_nothing_is_shared_there_is_no_such_step(tmp_path: Path, text: str) -> None:
    assert {step.kind for step in small_plan(tmp_path, text).steps} == {"run"}


def test_a_run_has_the_same_id_in_every_sweep(tmp_path: Path) -> None:
    one = small_plan(tmp_path, SMALL)
    other = small_plan(tmp_path, SMALL.replace("[0, 1]", "[1, 2]") + "name: other\n")
    assert one.runs[1].id == other.runs[0].id
    assert one.runs[0].id != other.runs[1].id


def test_commands_are_those_to_type(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "models: [nano]\nsuites: [behavior]\nseeds: [3]")
    assert [*plan.commands()] == [
        "brainbench evaluate --model nano --suite behavior --seed 3 --output-path results"
    ]
    spaced = small_plan(tmp_path, "models: ['a b']\ndefaults: {guidance_tests: [x y, z]}")
    assert "--model 'a b'" in next(spaced.commands())
    assert "--guidance-tests 'x y;z'" in next(spaced.commands())


def test_exclusions(tmp_path: Path) -> None:
    text = "models: [nano, a/b]\nsuites: [behavior, builtin]\nseeds: [0, 1]\n"
    plan = small_plan(tmp_path, text + "exclude: [{model: nano, seed: [0, 1], suite: builtin}]")
    assert len(plan.runs) == 6
    with pytest.raises(UsageError, match="line 4: no run has these values"):
        small_plan(tmp_path, text + "exclude: [{model: c/d}]")
    with pytest.raises(UsageError, match="exclude leaves no run"):
        small_plan(tmp_path, text + "exclude: [{model: [nano, a/b]}]")


def test_a_model_or_a_run_named_twice(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"line 3: the model nano stands twice .*line 2"):
        small_plan(tmp_path, "models:\n- nano\n- nano")
    (tmp_path / "m").mkdir()
    twice = f"models:\n- {tmp_path}/m\n- {tmp_path}/./m"
    with pytest.raises(UsageError, match=r"line 3: the model .* stands twice"):
        small_plan(tmp_path, twice)
    with pytest.raises(UsageError, match="line 2: the run 'nano, behavior' stands twice"):
        small_plan(tmp_path, "models: [nano]\nsuites: [behavior, behavior]")
    # with other options it is another run
    both = "models: [nano, {model: nano, think: true}]"
    assert len(small_plan(tmp_path, both).runs) == 2


def test_words_of_options() -> None:
    options = evaluate_options()
    assert options["limit"].words(3) == ["--limit", "3"]
    assert options["benchmarks"].words(["a", "b"]) == ["--benchmarks", "a,b"]
    assert options["guidance_arms"].words(["a", "b"]) == ["--guidance-arms", "a;b"]
    assert options["include_path"].words(["a", "b"]) == [
        "--include-path",
        "a",
        "--include-path",
        "b",
    ]
    assert options["gen_kwargs"].words({"x": 1, "y": True}) == ["--gen-kwargs", "x=1,y=true"]
    assert options["think"].words(True) == ["--think"]
    assert options["think"].words(False) == options["seed"].words(None) == []
    assert options["type"].words("x") == ["--type", "x"]
    with pytest.raises(UsageError, match="is a number, not 'x'"):
        Option("strength", "--strength", "float").words("x")
    with pytest.raises(UsageError, match="is a text, not"):
        Option("model", "--model").words({"a": 1})


def test_models_that_end_alike_are_told_apart(tmp_path: Path) -> None:
    plan = small_plan(tmp_path, "models: [one/model, other/model, third/m2]\nsuites: [behavior]")
    assert [step.label for step in plan.runs] == [
        "one/model, behavior",
        "other/model, behavior",
        "m2, behavior",
    ]
