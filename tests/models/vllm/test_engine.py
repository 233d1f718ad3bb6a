"""A model computed by vLLM, its engine stood in for: the numbers, and what goes wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import stand_in_vllm
import torch
from stand_in_vllm import LLM

from brainbench.errors import DataError, UsageError
from brainbench.models import SITES, LanguageModel, ModelOptions, Steering, load_model
from brainbench.models.prompts.verbalizer import find_spellings
from brainbench.problems import Problem

# of float32: other sums
NEAR = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(autouse=True)
def engine(monkeypatch: pytest.MonkeyPatch, own_cache: None) -> type[LLM]:
    return stand_in_vllm.install(monkeypatch)


@pytest.fixture(scope="module")
def thinker(llama_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that says True or False often, and ends some of what it generates."""
    model = load_model(llama_folder)
    assert isinstance(model, LanguageModel)
    network, tokenizer = model.loader.model, model.loader.tokenizer
    with torch.no_grad():
        weights = network.lm_head.weight
        answers = find_spellings(tokenizer, len(weights))
        for token in (*answers.true, *answers.false):
            weights[token] *= 2
        # what it generates often ends its thoughts instead
        often, end = 275, tokenizer.convert_tokens_to_ids("</think>")
        weights[end] = 1.01 * weights[often]
        network.get_input_embeddings().weight[end] = network.get_input_embeddings().weight[often]
    network.generation_config.eos_token_id = [2, 66, 320, 366]
    folder = tmp_path_factory.mktemp("models") / "thinker"
    network.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def opened(folder: Path, **options: Any) -> LanguageModel:
    found = load_model(folder, ModelOptions(device="cpu", batch_size=4, **options))
    assert isinstance(found, LanguageModel)
    return found


def steering(model: LanguageModel, site: Any, tokens: str) -> Steering:
    """Of two reasoning types, at layers of their own; the third is not steered."""
    rng = np.random.default_rng(3)
    kinds = {"syllogistic": (0, 2), "transitive": (3,)}
    made = {kind: {n: rng.normal(size=32) for n in layers} for kind, layers in kinds.items()}
    return Steering.of(model, made, site=site, tokens=tokens, strength=1.5)


def check_same(one: LanguageModel, two: LanguageModel, problems: tuple[Problem, ...]) -> None:
    """States and answers of two are equal but for rounding."""
    found, right = one.activations(problems), two.activations(problems)
    for site in SITES:
        np.testing.assert_allclose(found.values[site], right.values[site], **NEAR)
        if right.contrast is not None:
            assert found.contrast is not None
            np.testing.assert_allclose(found.contrast[site], right.contrast[site], **NEAR)
    given, asked = one.answer(problems), two.answer(problems)
    np.testing.assert_allclose(given.log_odds, asked.log_odds, **NEAR)
    assert given.texts == asked.texts


class TestItsNumbers:
    @pytest.mark.parametrize("readout", ["last", "premises", "localised"])
    def test_are_those_of_transformers(
        self, readout: str, llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(llama_folder, readout=readout)
        check_same(model.in_vllm(), model, problems)

    @pytest.mark.parametrize("shape", ["parts", "whole", "first"])
    def test_whatever_its_blocks_return(
        self,
        shape: str,
        engine: type[LLM],
        llama_folder: Path,
        problems: tuple[Problem, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(engine, "shape", shape)
        model = opened(llama_folder)
        check_same(model.in_vllm(), model, problems)

    @pytest.mark.parametrize("site", SITES)
    @pytest.mark.parametrize("tokens", ["last", "generated", "all"])
    def test_of_a_steered_model_too(
        self, site: Any, tokens: str, llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(llama_folder)
        added = steering(model, site, tokens)
        with model.in_vllm().steered(added) as one, model.steered(added) as two:
            check_same(one, two, problems)
            bare = model.activations(problems).values[site]
            assert np.abs(one.activations(problems).values[site] - bare).max() > 0.1

    def test_of_equal_prompts_too(self, llama_folder: Path, problems: tuple[Problem, ...]) -> None:
        model = opened(llama_folder)
        check_same(model.in_vllm(), model, (*problems, *problems[:2], problems[0]))

    def test_of_several_workers_only_the_first_gathers_answers(
        self, engine: type[LLM], llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(llama_folder)
        check_same(model.in_vllm({"tensor_parallel_size": 2}), model, problems)
        assert len(engine.made[0].workers) == 2

    def test_a_prompt_that_is_read_twice_counts_once(
        self,
        engine: type[LLM],
        llama_folder: Path,
        problems: tuple[Problem, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(engine, "does", "again")
        model = opened(llama_folder)
        check_same(model.in_vllm(), model, problems)


class TestAModelThatThinks:
    @pytest.mark.parametrize("steered", [None, "last", "generated", "all"])
    def test_is_read_as_in_transformers(
        self, steered: str | None, thinker: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(thinker, think=True, max_new_tokens=12)
        one, two = model.in_vllm(), model
        if steered is None:
            check_same(one, two, problems)
            return
        added = steering(model, "attention", steered)
        with one.steered(added) as found, two.steered(added) as right:
            check_same(found, right, problems)

    def test_some_answer_and_some_are_cut_off(
        self, thinker: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(thinker, think=True, max_new_tokens=12)
        found, right = model.in_vllm().answer(problems), model.answer(problems)
        np.testing.assert_array_equal(found.said, right.said)
        assert found.cut_off == right.cut_off
        assert found.cut_off == 2
        assert np.isfinite(found.log_odds).sum() == 5

    def test_needs_room(
        self, engine: type[LLM], thinker: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(thinker, think=True, max_new_tokens=12)
        with pytest.raises(DataError, match="and 12 more to generate"):
            model.in_vllm({"max_model_len": 100}).answer(problems)


class TestTheEngine:
    def test_is_given_what_states_need(
        self, engine: type[LLM], llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        opened(llama_folder).in_vllm({"max_num_seqs": 2}, seed=3).answer(problems)
        (made,) = engine.made
        given = made.given
        assert (given["model"], given["dtype"], given["seed"]) == (str(llama_folder), "float32", 3)
        assert (given["max_model_len"], given["max_num_seqs"]) == (512, 2)
        assert given["enforce_eager"]
        assert not given["enable_prefix_caching"]
        assert not given["enable_chunked_prefill"]
        # three passes of two prompts, or more where a batch has fewer
        assert made.passes >= 3

    def test_starts_when_something_new_is_asked(
        self, engine: type[LLM], llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(llama_folder)
        right = model.answer(problems)
        one = model.in_vllm()
        # what transformers read is not what vLLM would read, to the last bit
        one.answer(problems)
        assert len(engine.made) == 1
        again = opened(llama_folder).in_vllm()
        assert again.answer(problems).texts == right.texts
        assert len(engine.made) == 1
        opened(llama_folder).in_vllm({"max_num_seqs": 3}).answer(problems)
        assert len(engine.made) == 2

    def test_is_part_of_what_a_number_was_computed_with(self, llama_folder: Path) -> None:
        model = opened(llama_folder)
        held = model.in_vllm({"max_num_seqs": 2}).computed_with
        assert held["engine"] == {
            "backend": "vllm", "version": "0.32.0", "model_args": {"max_num_seqs": 2},
        }  # fmt: skip
        assert "engine" not in model.computed_with
        assert model.in_vllm().sha256 == model.sha256

    def test_ends_before_twins_are_drawn(
        self, engine: type[LLM], llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        model = opened(llama_folder).in_vllm()
        model.answer(problems)
        twin = model.untrained(0)
        assert engine.made[0].ended
        assert "engine" not in twin.computed_with
        model.answer(problems[:1])
        assert len(engine.made) == 2
        model.close()
        model.close()
        assert engine.made[1].ended

    def test_is_given_an_adapter(
        self, engine: type[LLM], llama_folder: Path, adapter: Path, problems: tuple[Problem, ...]
    ) -> None:
        opened(llama_folder, peft=str(adapter)).in_vllm().answer(problems)
        given = engine.made[0].given
        assert given["enable_lora"]
        assert (given["max_lora_rank"], given["lora_target_modules"]) == (8, ["q_proj"])


class TestRowsThatAreMissing:
    @pytest.mark.parametrize("does", ["cut", "skip"])
    def test_are_an_error(
        self,
        does: str,
        engine: type[LLM],
        llama_folder: Path,
        problems: tuple[Problem, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(engine, "does", does)
        with pytest.raises(DataError, match=r"no state of 1 of \d prompts of tiny-llama.*parts"):
            opened(llama_folder).in_vllm().activations(problems)

    @pytest.mark.parametrize(
        ("does", "told"),
        [
            ("embed", "it is given embeddings in place of tokens"),
            ("otherwise", "by another token than the states that were read give"),
            ("die", "vLLM stopped while it read tiny-llama: EngineCore encountered an issue"),
            ("killed", "EngineCore is gone. .*may have ended it for want of memory: give it room"),
            ("fill", "Tried to allocate 2.00 GiB. Give it room by --model-args"),
        ],
    )
    def test_are_named_with_the_cause(
        self,
        does: str,
        told: str,
        engine: type[LLM],
        llama_folder: Path,
        problems: tuple[Problem, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(engine, "does", does)
        monkeypatch.setattr("brainbench.models.vllm.alive.EVERY", 0.02)
        with pytest.raises(DataError, match=told):
            opened(llama_folder).in_vllm().activations(problems)

    def test_what_was_read_before_the_engine_died_is_kept(
        self,
        engine: type[LLM],
        llama_folder: Path,
        problems: tuple[Problem, ...],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        model = opened(llama_folder).in_vllm()
        model.answer(problems)
        with monkeypatch.context() as patch:
            patch.setattr(engine, "does", "die")
            model.answer(problems)
            with pytest.raises(DataError, match="What was finished before is kept"):
                model.answer(problems[:1])
        # of a new engine: the dead one is gone
        assert engine.made[0].ended
        model.answer(problems[:1])
        assert len(engine.made) == 2


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ({"enable_prefix_caching": True}, "read and steered with enable_prefix_caching=False"),
            ({"pipeline_parallel_size": 2}, "read and steered with pipeline_parallel_size=1"),
            ({"dtype": "bfloat16"}, "--model-args dtype=bfloat16: say it with --dtype"),
        ],
    )
    def test_arguments_that_lose_states(
        self, arguments: dict[str, Any], told: str, llama_folder: Path
    ) -> None:
        with pytest.raises(UsageError, match=told):
            opened(llama_folder).in_vllm(arguments)

    def test_arguments_that_vllm_does_not_know(
        self, llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        with pytest.raises(UsageError, match=r"vLLM refuses them: .*'max_modl_len'"):
            opened(llama_folder).in_vllm({"max_modl_len": 9}).answer(problems)

    def test_what_it_cannot_load(self, llama_folder: Path, problems: tuple[Problem, ...]) -> None:
        told = r"cannot load tiny-llama: to serve .*is needed\. Give it room by --model-args"
        with pytest.raises(DataError, match=told):
            opened(llama_folder).in_vllm({"max_model_len": 4096}).answer(problems)

    def test_a_prompt_that_does_not_fit(
        self, llama_folder: Path, problems: tuple[Problem, ...]
    ) -> None:
        told = r"a prompt has \d+ tokens, and 1 more to generate; .* reads 20 at most here"
        with pytest.raises(DataError, match=told):
            opened(llama_folder).in_vllm({"max_model_len": 20}).answer(problems)

    def test_another_device(
        self, llama_folder: Path, problems: tuple[Problem, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stand_in_vllm.install(monkeypatch, device="cuda")
        with pytest.raises(UsageError, match="on cuda here, not on cpu: say --device cuda"):
            opened(llama_folder).in_vllm().answer(problems)

    def test_an_untrained_model_and_one_in_memory(self, llama_folder: Path) -> None:
        with pytest.raises(UsageError, match="--untrained goes with --backend hf"):
            opened(llama_folder, untrained=0).in_vllm()
        inner = opened(llama_folder).loader
        with pytest.raises(UsageError, match="mine is in memory: save it"):
            LanguageModel.of(inner.model, inner.tokenizer, "mine").in_vllm()


def test_no_hook_is_left_in_a_worker(
    engine: type[LLM], llama_folder: Path, problems: tuple[Problem, ...], count_hooks: Any
) -> None:
    opened(llama_folder).in_vllm().activations(problems)
    (worker,) = engine.made[0].workers
    assert count_hooks(worker.get_model()) == 0


def test_prompts_are_brainbenchs_own(
    engine: type[LLM],
    llama_folder: Path,
    problems: tuple[Problem, ...],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[list[int]] = []
    known = engine.generate

    def generate(self: Any, prompts: Any, *given: Any, **more: Any) -> Any:
        asked.extend(prompt["prompt_token_ids"] for prompt in prompts)
        return known(self, prompts, *given, **more)

    monkeypatch.setattr(engine, "generate", generate)
    model = opened(llama_folder)
    model.in_vllm().answer(problems)
    right = [list(b.prefix + s) for b in model._plan.questions(problems) for s in b.suffixes]
    assert sorted(asked) == sorted(right)
