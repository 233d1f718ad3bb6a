"""brainbench's model as lm-eval asks it, against lm-eval's own."""

from __future__ import annotations

import copy
import json
import os
import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lm_eval
import pytest
from lm_eval.api.registry import get_model
from lm_eval.models.huggingface import HFLM
from tiny_models import build_model
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel
from brainbench.reasoning.checks.tasks import tasks_folder
from brainbench.reasoning.lm.lm import BrainbenchLM

pytestmark = pytest.mark.usefixtures("public_tasks_read_once")

STORY = "Ann is taller than Bob. Bob is taller than Carl."
Make = Callable[..., Any]


@pytest.fixture
def ours(language_model: LanguageModel) -> BrainbenchLM:
    return BrainbenchLM(language_model)


@pytest.fixture
def theirs(chat_tokenizer: PreTrainedTokenizerFast) -> HFLM:
    return HFLM(
        pretrained=build_model("llama"), tokenizer=chat_tokenizer, batch_size=1, device="cpu"
    )


def with_beginning() -> PreTrainedTokenizerFast:
    """A tokenizer that puts its first token before every text, as Llama's does."""
    from tiny_models import CHAT_TEMPLATE, make_tokenizer
    from tokenizers.processors import TemplateProcessing

    made = make_tokenizer()
    made.chat_template = CHAT_TEMPLATE
    made.backend_tokenizer.post_processor = TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", 1)]
    )
    return made


@pytest.fixture
def likelihood_requests(request_of: Make) -> list[Any]:
    asked = {
        f"{STORY} Who is the tallest?": [" Ann", " Carl", " Nobody but Uncertain people", " Unc"],
        # spaces at the end of a context belong to what follows
        f"{STORY} Where? ": ["Here and there", "Elsewhere in the world of tomorrow"],
        "": ["Hello world", "The"],
        "Two and two is": [" four", " four"],
        # as chat templates write it
        f"<s>user: {STORY}</s><s>assistant:": ["True", "False"],
    }
    return [
        request_of("loglikelihood", context, said, item=i)
        for i, (context, answers) in enumerate(asked.items())
        for said in answers
    ]


class TestAgainstLmEvals:
    @pytest.mark.parametrize("begins", [False, True])
    def test_likelihoods(
        self, begins: bool, chat_tokenizer: Any, likelihood_requests: list[Any]
    ) -> None:
        tokenizer = with_beginning() if begins else chat_tokenizer
        model = build_model("llama")
        ours = BrainbenchLM(LanguageModel.of(model, tokenizer, "tiny"))
        theirs = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=1, device="cpu")
        found = ours.loglikelihood(likelihood_requests)
        expected = theirs.loglikelihood(likelihood_requests, disable_tqdm=True)
        assert [v for v, _ in found] == pytest.approx([v for v, _ in expected], abs=1e-3)
        assert [greedy for _, greedy in found] == [greedy for _, greedy in expected]

    @pytest.mark.parametrize("text", [STORY, "Hi", STORY * 30])
    def test_whole_texts_in_windows(
        self, text: str, ours: BrainbenchLM, theirs: HFLM, request_of: Make
    ) -> None:
        asked = [request_of("loglikelihood_rolling", text)]
        if text == STORY * 30:
            assert len(ours.tok_encode(text)) > ours.max_length
        expected = theirs.loglikelihood_rolling(asked, disable_tqdm=True)
        assert ours.loglikelihood_rolling(asked) == pytest.approx(expected, rel=1e-5)

    def test_generated_texts(self, ours: BrainbenchLM, theirs: HFLM, request_of: Make) -> None:
        asked = [
            request_of("generate_until", text, {"until": ends, "max_gen_toks": n}, item=i)
            for i, (text, ends, n) in enumerate(
                [(STORY, ["\n"], 20), ("Who is", ["a", "e"], 20), ("Two and", [" "], 9),
                 (f"{STORY} So", ["\n"], 20), ("Who is", [], 5)]
            )
        ]  # fmt: skip
        found = ours.generate_until(asked)
        assert found == theirs.generate_until(asked, disable_tqdm=True)
        assert any(text.truncated for text in found)
        assert not found[1].truncated

    def test_chat_templates(self, ours: BrainbenchLM, theirs: HFLM) -> None:
        talk = [{"role": "user", "content": "Is it so?"}]
        assert ours.apply_chat_template(talk) == theirs.apply_chat_template(talk)
        begun = [*talk, {"role": "assistant", "content": "It"}]
        assert ours.apply_chat_template(begun, False) == theirs.apply_chat_template(begun, False)
        assert ours.chat_template(True) == theirs.chat_template(True)

    def test_a_whole_task(self, ours: BrainbenchLM, theirs: HFLM) -> None:
        from lm_eval.tasks import TaskManager

        manager = TaskManager(include_path=[str(tasks_folder())], include_defaults=False)
        names = ["brainbench_quick_belief", "brainbench_double_negation_generate"]
        records = [
            lm_eval.simple_evaluate(
                model=lm, model_args={}, tasks=names, task_manager=manager, limit=12,
                apply_chat_template=True, num_fewshot=1, bootstrap_iters=0,
            )
            for lm in (ours, theirs)
        ]  # fmt: skip
        for name in names:
            for mine, other in zip(*(r["samples"][name] for r in records), strict=True):
                assert mine["prompt_hash"] == other["prompt_hash"]
                assert mine["acc"] == other["acc"]
                if "belief" in name:
                    values = [answer[0][0] for answer in mine["resps"]]
                    assert values == pytest.approx(
                        [answer[0][0] for answer in other["resps"]], abs=1e-3
                    )
                else:
                    assert mine["resps"] == other["resps"]


class TestWhatIsRefused:
    def test_a_prompt_that_does_not_fit(self, ours: BrainbenchLM, request_of: Make) -> None:
        long = request_of("loglikelihood", STORY * 40, " True", item=7, task="my_task")
        with pytest.raises(DataError, match=r"my_task, item 7 \(problem-7\): the prompt has \d+"):
            ours.loglikelihood([long])
        long = request_of("generate_until", STORY * 40, {"until": []}, item=7, task="my_task")
        with pytest.raises(DataError, match=r"tiny reads 512 at most.*--num-fewshot"):
            ours.generate_until([long])

    def test_an_empty_answer(self, ours: BrainbenchLM, request_of: Make) -> None:
        with pytest.raises(DataError, match="the continuation is empty"):
            ours.loglikelihood([request_of("loglikelihood", STORY, "")])

    def test_a_chat_without_a_template(self, tokenizer: PreTrainedTokenizerFast) -> None:
        lm = BrainbenchLM(LanguageModel.of(build_model("llama"), tokenizer, "tiny"))
        with pytest.raises(UsageError, match="tiny has no chat template: leave out --apply-chat"):
            lm.apply_chat_template([{"role": "user", "content": "Is it so?"}])

    @pytest.mark.parametrize(
        ("given", "told"),
        [
            ({"dtyp": "float32"}, "'dtyp': there are pretrained, batch_size"),
            ({"dtype": "float7"}, "float7"),
            ({"batch_size": 0}, "batch_size"),
            ({"device": "cuda:9"}, "no device cuda:9"),
        ],
    )
    def test_arguments_of_the_model(
        self, llama_folder: Path, given: dict[str, Any], told: str
    ) -> None:
        with pytest.raises(UsageError, match=told):
            BrainbenchLM(str(llama_folder), **given)

    def test_no_token_to_generate(self, ours: BrainbenchLM, request_of: Make) -> None:
        asked = request_of("generate_until", STORY, {"until": [], "max_gen_toks": 0})
        with pytest.raises(UsageError, match="max_gen_toks must be at least 1"):
            ours.generate_until([asked])


class TestFromLmEval:
    def test_it_is_known_once_the_module_is_imported(self, llama_folder: Path) -> None:
        made = get_model("brainbench").create_from_arg_string(
            f"pretrained={llama_folder},dtype=float32", {"batch_size": 1, "device": "cuda:0"}
        )
        assert isinstance(made, BrainbenchLM)
        assert made.get_model_info()["model_dtype"] == "float32"
        # lm-eval's command line says 1 and cuda:0 where the user said nothing
        assert made.language_model.batch_size == 32

    def test_its_own_command_knows_it(
        self, llama_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        arguments = [
            "run", "--model", "brainbench", "--model_args", f"pretrained={llama_folder}",
            "--include_path", str(tasks_folder()), "--tasks", "brainbench_quick_belief",
            "--limit", "4", "--apply_chat_template", "--output_path", str(tmp_path / "out"),
        ]  # fmt: skip
        # what the command sets there, it may set anew
        monkeypatch.setattr(os, "environ", {**os.environ, "HF_HUB_OFFLINE": "1"})
        monkeypatch.setattr(sys, "argv", ["lm_eval", *arguments])
        runpy.run_module("brainbench.reasoning", run_name="__main__")
        (path,) = (tmp_path / "out").rglob("results_*.json")
        record = json.loads(path.read_text("utf-8"))
        assert record["config"]["model"] == "brainbench"
        assert record["config"]["model_sha"]
        assert record["results"]["brainbench_quick_belief"]["sample_len"] == 4


class TestOtherTokenizers:
    def asked(self, request_of: Make, *contexts: str) -> list[Any]:
        return [
            request_of("loglikelihood", context, said, item=i)
            for i, context in enumerate(contexts)
            for said in (" True", " False")
        ]

    def test_without_bos_and_eos(self, chat_tokenizer: Any, request_of: Make) -> None:
        model, bare = build_model("llama"), copy.deepcopy(chat_tokenizer)
        bare.bos_token = bare.eos_token = bare.pad_token = None
        ours = BrainbenchLM(LanguageModel.of(model, bare, "tiny"))
        usual = BrainbenchLM(LanguageModel.of(model, chat_tokenizer, "tiny"))
        asked = self.asked(request_of, STORY, "Two and two is")
        assert ours.loglikelihood(asked) == usual.loglikelihood(asked)
        assert ours.eot_token_id is None
        with pytest.raises(DataError, match=r"^some_task, item 1 .*neither a BOS nor an EOS"):
            ours.loglikelihood(self.asked(request_of, STORY, ""))
        with pytest.raises(DataError, match="tokenizer of tiny has neither a BOS nor an EOS"):
            ours.loglikelihood_rolling([request_of("loglikelihood_rolling", STORY)])

    def test_what_ends_every_text_changes_no_number(
        self, chat_tokenizer: Any, request_of: Make
    ) -> None:
        model, ending = build_model("llama"), copy.deepcopy(chat_tokenizer)
        ending.backend_tokenizer.post_processor = TemplateProcessing(
            single="$A </s>", special_tokens=[("</s>", 2)]
        )
        ours = BrainbenchLM(LanguageModel.of(model, ending, "tiny"))
        usual = BrainbenchLM(LanguageModel.of(model, chat_tokenizer, "tiny"))
        asked = self.asked(request_of, STORY, "Two and two is")
        assert ours.loglikelihood(asked) == usual.loglikelihood(asked)
        generated = [request_of("generate_until", STORY, {"until": ["\n"], "max_gen_toks": 5})]
        assert ours.generate_until(generated) == usual.generate_until(generated)

    def test_one_that_hears_nothing(self, language_model: LanguageModel, request_of: Make) -> None:
        class Deaf:
            def __getattr__(self, name: str) -> Any:
                return getattr(language_model.loader.tokenizer, name)

            def __call__(self, texts: list[str], **options: Any) -> Any:
                return {"input_ids": [[5, 6, 7] if "True" in t else [5, 6] for t in texts]}

        ours = BrainbenchLM(LanguageModel.of(language_model.loader.model, Deaf(), "tiny"))
        asked = [request_of("generate_until", t, {"until": []}) for t in ("Is it?", "Was it?")]
        with pytest.raises(DataError, match="the same 2 tokens of 2 different prompts"):
            ours.generate_until(asked)
