"""A steered model as lm-eval asks it: whose directions steer which item, and what is kept."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lm_eval
import pytest
import torch
from tiny_models import build_model
from tiny_steerings import TYPES, by_hand, make_steering

from brainbench.models import LanguageModel, MadeFor, ModelOptions, Steering, save_steering
from brainbench.models.opening import open_language_model
from brainbench.reasoning.backends import identity, open_lm
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.reasoning.lm.lm import BrainbenchLM
from brainbench.reasoning.lm.request_groups import type_of
from brainbench.reasoning.options import TaskOptions

STORY = "Ann is taller than Bob. Bob is taller than Carl."
Make = Callable[..., Any]


def steered_model(
    chat_tokenizer: Any, groups: tuple[str, ...] = TYPES, **changes: Any
) -> LanguageModel:
    model = build_model("llama")
    made_for = MadeFor.of(LanguageModel.of(model, chat_tokenizer, "tiny"))
    given = make_steering(made_for, groups, **{"strength": 2.0, **changes})
    return LanguageModel.of(model, chat_tokenizer, "tiny", steering=given)


@pytest.fixture
def typed(request_of: Make) -> Make:
    """A request of an item of a type: ``typed("transitive", "loglikelihood", …)``."""

    def make(kind: Any, *given: Any, **named: Any) -> Any:
        request = request_of(*given, **named)
        if kind is not None:
            request.doc["reasoning_type"] = kind
        return request

    return make


def by_hand_of(lm: BrainbenchLM, group: str | None, context: str, said: str) -> float:
    """One request, whole."""
    model = lm.language_model
    steering = model.steering
    assert isinstance(steering, Steering)
    before, after = lm.tok_encode(context), lm.tok_encode(context + said)
    network = model.loader.model
    with by_hand(network, steering, group, len(before) - 1), torch.inference_mode():
        logits = network(input_ids=torch.tensor([after[:-1]])).logits[0].double().log_softmax(-1)
    return sum(float(logits[p - 1, after[p]]) for p in range(len(before), len(after)))


def test_an_item_is_steered_by_its_type(chat_tokenizer: Any, typed: Make) -> None:
    kinds = ["syllogistic", "transitive", "riddle", None, 7, "syllogistic"]
    for groups in (TYPES, ("all",), ("transitive", "all")):
        lm = BrainbenchLM(steered_model(chat_tokenizer, groups, tokens="generated"))
        steering = lm.language_model.steering
        assert steering is not None
        requests = [
            typed(kind, "loglikelihood", f"{STORY} Who?", f" {said} and more", item=i)
            for i, kind in enumerate(kinds)
            for said in ("Ann", "Nobody")
        ]
        found = [value for value, _ in lm.loglikelihood(requests)]
        expected = [by_hand_of(lm, steering.group_for(type_of(r)), *r.args) for r in requests]
        assert found == pytest.approx(expected, abs=2e-3)
        (text,) = lm.generate_until([typed("transitive", "generate_until", STORY,
                                           {"until": [], "max_gen_toks": 5})])  # fmt: skip
        (bare,) = lm.generate_until([typed("riddle", "generate_until", STORY,
                                           {"until": [], "max_gen_toks": 5})])  # fmt: skip
        assert (text == bare) == (groups == ("all",))
        (rolled,) = lm.loglikelihood_rolling([typed("transitive", "loglikelihood_rolling", STORY)])
        start = lm.tokenizer.decode([lm.prefix_token_id])
        group = steering.group_for("transitive")
        assert rolled == pytest.approx(by_hand_of(lm, group, start, STORY), abs=1e-2)


def test_items_without_directions_are_told_once_of_each_task(
    chat_tokenizer: Any, typed: Make, said: list[str]
) -> None:
    model = steered_model(chat_tokenizer, ("transitive",))
    lm = BrainbenchLM(model)
    asked = {"one": ["syllogistic", "transitive", None], "two": ["transitive"]}
    some = [
        typed(kind, "loglikelihood", STORY, " True", task=task)
        for task, kinds in asked.items()
        for kind in kinds
    ]
    for _ in range(2):
        lm.loglikelihood(some)
    assert said == [
        "one: the steering test has no directions for requests of no type, syllogistic: 2 of 3 "
        "requests are asked unsteered"
    ]


def test_a_whole_task_is_steered(chat_tokenizer: Any) -> None:
    from lm_eval.tasks import TaskManager

    manager = TaskManager(include_path=[str(tasks_folder())], include_defaults=False)
    model = steered_model(chat_tokenizer, tokens="last")
    names = ["brainbench_quick_syllogistic", "brainbench_quick_propositional"]
    lm = BrainbenchLM(model)
    record = lm_eval.simple_evaluate(
        model=lm, model_args={}, tasks=names, task_manager=manager, limit=5, bootstrap_iters=0
    )
    bare = LanguageModel.of(model.loader.model, chat_tokenizer, "tiny")
    plain = lm_eval.simple_evaluate(
        model=BrainbenchLM(bare), model_args={}, tasks=names, task_manager=manager, limit=5,
        bootstrap_iters=0,
    )  # fmt: skip
    for name in names:
        group = "syllogistic" if "syllogistic" in name else None
        for one, other in zip(record["samples"][name], plain["samples"][name], strict=True):
            values = [answer[0][0] for answer in one["resps"]]
            expected = [by_hand_of(lm, group, *asked[:2]) for asked in one["arguments"]]
            assert values == pytest.approx(expected, abs=2e-3)
            moved = values != pytest.approx([a[0][0] for a in other["resps"]], abs=2e-3)
            assert moved == (group is not None)


def test_a_steered_model_has_answers_of_its_own(chat_tokenizer: Any) -> None:
    model = steered_model(chat_tokenizer)
    steering = model.steering
    assert steering is not None
    bare = LanguageModel.of(model.loader.model, chat_tokenizer, "tiny")
    options = TaskOptions()
    assert identity(bare, options)["intervention"] is None
    assert identity(model, options)["intervention"] == steering.sha256
    folders = set()
    for changed in (steering, steering.changed(3.0), steering.changed(tokens="all")):
        with bare.steered(changed) as view:
            folders.add(open_lm(view, options).responses.folder)
    folders.add(open_lm(bare, options).responses.folder)
    assert len(folders) == 4
    # what adds nothing answers as the model itself
    with bare.steered(steering.changed(0.0)) as view:
        assert open_lm(view, options).responses.folder == open_lm(bare, options).responses.folder


def test_from_lm_evals_own_arguments(llama_folder: Path, tmp_path: Path, typed: Make) -> None:
    model = open_language_model(llama_folder, ModelOptions(device="cpu"))
    folder = save_steering(make_steering(MadeFor.of(model)), tmp_path / "s")
    lm = BrainbenchLM(
        str(llama_folder), device="cpu", steer=str(folder), strength=2, steer_tokens="all"
    )
    assert lm.language_model.identifier == "tiny-llama+steer-test@2@all"
    ((value, _),) = lm.loglikelihood([typed(None, "loglikelihood", STORY, " True")])
    assert value == pytest.approx(by_hand_of(lm, "all", STORY, " True"), abs=1e-3)
