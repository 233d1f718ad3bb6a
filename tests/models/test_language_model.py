"""A language model gives a row for each problem, its own hash, and nothing twice."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel

from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel, ModelOptions, read_activations, read_answers
from brainbench.models.checkpoints.loading import CheckpointLoader, Loaded
from brainbench.models.opening import open_language_model
from brainbench.models.prompts.template import Message, PromptTemplate, builtin_template
from brainbench.problems import Problem

Tiny = Callable[..., Any]
Problems = Sequence[Problem]
NANO = builtin_template("nano")

pytestmark = pytest.mark.usefixtures("own_cache")


class Spent:
    """The parts of a model whose weights may not be asked for."""

    def __init__(self, parts: Loaded) -> None:
        self.tokenizer = parts.tokenizer
        self.config = parts.config

    @property
    def model(self) -> Any:
        pytest.fail("the model was loaded")


def make(loader: Any, **changes: Any) -> LanguageModel:
    return LanguageModel("tiny", "0" * 64, loader, **{"batch_size": 4, **changes})


def assert_same(found: LanguageModel, expected: LanguageModel, problems: Problems) -> None:
    """Equal to the last bit."""
    ours, theirs = found.activations(problems), expected.activations(problems)
    for site, values in theirs.values.items():
        np.testing.assert_array_equal(ours.values[site], values)
    answers = found.answer(problems), expected.answer(problems)
    np.testing.assert_array_equal(answers[0].log_odds, answers[1].log_odds)
    assert answers[0].texts == answers[1].texts
    assert ours.warnings == theirs.warnings


# rows


@pytest.mark.parametrize("think", [None, 5])
def test_rows_are_in_the_order_of_the_problems(
    think: int | None, loaded: Loaded, problems: Problems
) -> None:
    model = make(loaded, think=think)
    activations = read_activations(model, problems)
    answers = read_answers(model, problems)
    assert {s: v.shape for s, v in activations.values.items()} == {
        "attention": (6, 4, 32),
        "hidden": (6, 4, 32),
    }
    assert activations.layers == {"attention": (0, 1, 2, 3), "hidden": (0, 1, 2, 3)}
    for row, problem in enumerate(problems):
        alone = make(loaded, think=think)
        for site, values in alone.activations([problem]).values.items():
            scale = np.abs(values).max()
            np.testing.assert_allclose(
                activations.values[site][row], values[0], rtol=0, atol=1e-4 * scale
            )
        one = alone.answer([problem])
        np.testing.assert_allclose(answers.log_odds[row], one.log_odds[0], atol=1e-4)
        assert answers.texts[row] == one.texts[0]
    # what tells rows apart is larger than what is tolerated
    assert np.ptp(activations.values["hidden"], axis=0).max() > 0.01


def test_another_order_and_batch_size_change_no_number(loaded: Loaded, problems: Problems) -> None:
    expected = make(loaded).activations(problems).values["hidden"]
    for size, share in ((1, True), (2, False), (32, True)):
        model = make(loaded, batch_size=size, share_prefix=share)
        found = model.activations(problems[::-1]).values["hidden"][::-1]
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())


def test_states_are_those_of_the_prompt_in_the_models_format(
    loaded: Loaded, problems: Problems
) -> None:
    values = make(loaded).activations(problems).values["hidden"]
    tokenizer = loaded.tokenizer
    for row, problem in enumerate(problems):
        messages = builtin_template().messages(problem)
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        assert text.endswith("<s>assistant:")
        ids = torch.tensor([tokenizer(text, add_special_tokens=False)["input_ids"]])
        with torch.no_grad():
            states = loaded.model(input_ids=ids, output_hidden_states=True).hidden_states
        expected = torch.stack([state[0, -1] for state in states[1:-1]]).numpy()
        np.testing.assert_allclose(values[row, :-1], expected, atol=1e-4 * np.abs(expected).max())


def test_no_problems_is_an_error(loaded: Loaded) -> None:
    for ask in (make(loaded).activations, make(loaded).answer):
        with pytest.raises(DataError, match="no problems"):
            ask([])


def test_answers_are_read_from_what_the_model_says(loaded: Loaded, problems: Problems) -> None:
    vocabulary = loaded.tokenizer.get_vocab()
    for piece, said in {"ĠTrue": 1.0, "False": 0.0, "?": np.nan}.items():
        with torch.no_grad():
            # the same logit for every token but one, whatever the states
            loaded.model.lm_head.weight.zero_()
            loaded.model.lm_head.bias = torch.nn.Parameter(torch.zeros(400))
            loaded.model.lm_head.bias[vocabulary[piece]] = 3.0
        answers = make(loaded).answer(problems)
        np.testing.assert_array_equal(answers.said, [said] * 6)
        assert answers.texts == (loaded.tokenizer.decode([vocabulary[piece]]),) * 6
        assert answers.n_invalid == 6 * np.isnan(said)
        odds = {1.0: np.log((2 + np.exp(3)) / 3), 0.0: -np.log((2 + np.exp(3)) / 3)}
        np.testing.assert_allclose(answers.log_odds, odds.get(said, 0.0), atol=1e-6)


def test_answers_that_are_cut_off_are_counted_and_warned_of(
    loaded: Loaded, problems: Problems
) -> None:
    model = make(loaded, think=3)
    answers = model.answer(problems)
    assert answers.cut_off == 6
    assert answers.n_invalid == 6
    assert answers.texts == ("",) * 6
    warning = "6 of 6 answers were cut off at 3 generated tokens"
    assert warning in answers.warnings
    assert warning in model.activations(problems).warnings


def test_what_had_to_be_done_otherwise_is_warned_of(
    loaded: Loaded, tokenizer: Any, problems: Problems
) -> None:
    assert make(loaded).activations(problems).warnings == ()
    bare = make(Loaded(loaded.model, tokenizer))
    (warning,) = bare.activations(problems).warnings
    assert "no chat template" in warning
    assert bare.answer(problems).warnings == (warning,)


def test_progress_is_told_to_the_end(loaded: Loaded, problems: Problems) -> None:
    told: list[tuple[int, int]] = []
    make(loaded, progress=lambda *given: told.append(given)).activations(problems)
    assert told == [(0, 6), (4, 6), (6, 6)]


# context


def test_a_prompt_longer_than_the_context_is_told(
    tiny: Tiny, chat_tokenizer: Any, problems: Problems
) -> None:
    def length(problem: Problem) -> int:
        messages = builtin_template().messages(problem)
        return len(
            chat_tokenizer.apply_chat_template(messages, add_generation_prompt=True)["input_ids"]
        )

    longest = max(problems, key=length)
    need = length(longest)

    def sized(context: int, **options: Any) -> LanguageModel:
        small = tiny("llama", max_position_embeddings=context)
        return make(Loaded(small, chat_tokenizer), **options)

    assert sized(need).activations(problems).n_items == 6
    told = rf"the prompt of {longest.identifier} has {need} tokens; tiny reads {need - 1} at most"
    with pytest.raises(DataError, match=told):
        sized(need - 1).activations(problems)
    assert sized(need + 6, think=5).answer(problems).n_items == 6
    with pytest.raises(DataError, match=r"tokens and 5 to generate; tiny reads"):
        sized(need + 4, think=5).answer(problems)


@pytest.mark.parametrize("family", ["gpt2", "gemma3"])
def test_every_family_says_how_long_its_context_is(
    family: str, tiny: Tiny, chat_tokenizer: Any, problems: Problems
) -> None:
    name = "n_positions" if family == "gpt2" else "max_position_embeddings"
    model = make(Loaded(tiny(family, **{name: 40}), chat_tokenizer))
    with pytest.raises(DataError, match="tiny reads 40 at most"):
        model.activations(problems)


# hash


def test_the_hash_changes_with_what_changes_numbers(loaded: Loaded) -> None:
    base = make(loaded)
    same = [make(loaded, batch_size=1), make(loaded, device="mps"), make(loaded, cache=Path("x"))]
    assert {model.sha256 for model in same} == {base.sha256}
    others = [
        make(loaded, template=NANO),
        make(loaded, dtype="bfloat16"),
        make(loaded, think=5),
        make(loaded, think=6),
        LanguageModel("tiny", "1" * 64, loaded),
    ]
    assert len({base.sha256, *(model.sha256 for model in others)}) == 6


def test_the_hash_needs_no_weights(loaded: Loaded) -> None:
    assert make(Spent(loaded)).sha256 == make(loaded).sha256


# cache


def test_what_was_read_is_not_computed_again(
    loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    first = make(loaded, cache=tmp_path)
    first.activations(problems)
    kept = make(Spent(loaded), cache=tmp_path)
    assert_same(kept, make(loaded), problems)
    assert read_activations(kept, problems).n_items == 6


def test_thoughts_are_kept_too(loaded: Loaded, problems: Problems, tmp_path: Path) -> None:
    first = make(loaded, cache=tmp_path, think=4)
    expected = first.answer(problems)
    found = make(Spent(loaded), cache=tmp_path, think=4).answer(problems)
    np.testing.assert_array_equal(found.log_odds, expected.log_odds)
    assert (found.texts, found.cut_off) == (expected.texts, expected.cut_off)


@pytest.mark.parametrize(
    "changes",
    [{"template": NANO}, {"dtype": "float16"}, {"device": "cuda"}, {"think": 4}, {"batch_size": 3}],
    ids=str,
)
def test_another_reading_is_kept_apart(
    changes: dict[str, Any], loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    make(loaded, cache=tmp_path).activations(problems)
    before = {path.name for path in tmp_path.rglob("*.safetensors")}
    assert len(before) == 2
    # whatever is said of the numbers' format and place, the model computes as it is
    make(loaded, cache=tmp_path, **changes).activations(problems)
    assert {path.name for path in tmp_path.rglob("*.safetensors")} > before


def test_other_problems_of_the_same_length_are_kept_apart(
    loaded: Loaded, problems: Problems, tmp_path: Path
) -> None:
    turned = [replace(problem, premises=problem.premises[::-1]) for problem in problems]
    model = make(loaded, cache=tmp_path)
    first = model.activations(problems).values["hidden"]
    second = model.activations(turned).values["hidden"]
    np.testing.assert_array_equal(second, make(loaded).activations(turned).values["hidden"])
    assert np.abs(first - second).max() > 0.01


def test_thoughts_of_another_length_are_kept_apart(
    loaded: Loaded, tokenizer: Any, problems: Problems, tmp_path: Path
) -> None:
    bare = Loaded(loaded.model, tokenizer)
    for i, think in enumerate((None, 4, 5)):
        make(bare, cache=tmp_path, think=think).activations(problems[:1])
        assert len(list(tmp_path.rglob("*.safetensors"))) == i + 1


def test_other_weights_are_kept_apart(loaded: Loaded, problems: Problems, tmp_path: Path) -> None:
    make(loaded, cache=tmp_path).activations(problems)
    other = LanguageModel("tiny", "1" * 64, loaded, batch_size=4, cache=tmp_path)
    other.activations(problems)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 4


@pytest.mark.parametrize("size", [0, 100, -9])
def test_a_damaged_entry_is_computed_again(
    size: int, loaded: Loaded, problems: Problems, tmp_path: Path, said: list[str]
) -> None:
    make(loaded, cache=tmp_path).activations(problems)
    for path in tmp_path.rglob("*.safetensors"):
        path.write_bytes(path.read_bytes()[:size])
    mended = make(loaded, cache=tmp_path)
    assert_same(mended, make(loaded), problems)
    assert len(said) == 2
    assert all("damaged" in text for text in said)
    assert_same(make(Spent(loaded), cache=tmp_path), make(loaded), problems)


def test_a_folder_that_takes_nothing_does_not_stop_the_run(
    loaded: Loaded, problems: Problems, tmp_path: Path, said: list[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    model = make(loaded, cache=tmp_path / "file" / "below")
    assert_same(model, make(loaded), problems)
    assert len(said) == 1


# a model in memory


def test_a_model_in_memory_is_read_as_it_is(
    loaded: Loaded, problems: Problems, count_hooks: Callable[[Any], int]
) -> None:
    loaded.model.train()
    model = LanguageModel.of(loaded.model, loaded.tokenizer, "mine", NANO)
    assert (model.identifier, model.device, model.dtype) == ("mine", "cpu", "float32")
    assert model.template is NANO
    assert_same(model, make(loaded, template=NANO, batch_size=32), problems)
    assert count_hooks(loaded.model) == 0
    assert loaded.model.training


def test_its_hash_changes_with_every_parameter(loaded: Loaded) -> None:
    def sha256() -> str:
        return LanguageModel.of(loaded.model, loaded.tokenizer, "mine").sha256

    seen = {sha256()}
    assert {sha256()} == seen
    names = [name for name, _ in loaded.model.named_parameters()]
    for name in (names[0], names[len(names) // 2], names[-1]):
        with torch.no_grad():
            loaded.model.get_parameter(name).view(-1)[-1] += 1e-3
        seen.add(sha256())
    assert len(seen) == 4
    loaded.model.config.rms_norm_eps *= 2
    seen.add(sha256())
    loaded.model.to(torch.bfloat16)
    seen.add(sha256())
    assert len(seen) == 6


def test_its_hash_changes_with_the_tokenizer(
    loaded: Loaded, tokenizer: Any, chat_tokenizer: Any
) -> None:
    def sha256(tokenizer: Any) -> str:
        return LanguageModel.of(loaded.model, tokenizer, "mine").sha256

    more = copy.deepcopy(tokenizer)
    more.add_tokens(["grue"])
    assert len({sha256(given) for given in (tokenizer, chat_tokenizer, more)}) == 3
    # a call leaves its padding behind
    before = sha256(tokenizer)
    copy_of = copy.deepcopy(tokenizer)
    copy_of(["a", "a b c"], padding=True, truncation=True, max_length=2)
    assert sha256(copy_of) == before


def test_an_adapter_that_is_not_merged_is_read_too(
    loaded: Loaded, tiny: Tiny, adapter: Path, problems: Problems
) -> None:
    adapted = PeftModel.from_pretrained(tiny("llama"), str(adapter))
    model = LanguageModel.of(adapted, loaded.tokenizer, "mine")
    sha256 = model.sha256
    found = model.activations(problems).values["hidden"]
    merged = make(Loaded(adapted.merge_and_unload(), loaded.tokenizer))
    expected = merged.activations(problems).values["hidden"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-4 * np.abs(expected).max())
    assert np.abs(found - make(loaded).activations(problems).values["hidden"]).max() > 0.01
    assert sha256 != LanguageModel.of(loaded.model, loaded.tokenizer, "mine").sha256


def test_one_trained_on_is_read_anew(loaded: Loaded, problems: Problems) -> None:
    model = LanguageModel.of(loaded.model, loaded.tokenizer, "mine")
    sha256 = model.sha256
    before = model.activations(problems).values["hidden"]
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            parameter *= 1.5
    found = model.activations(problems).values["hidden"]
    assert np.abs(found - before).max() > 0.1 * np.abs(before).max()
    fresh = LanguageModel.of(loaded.model, loaded.tokenizer, "mine")
    assert model.sha256 == fresh.sha256 != sha256
    np.testing.assert_array_equal(found, fresh.activations(problems).values["hidden"])


# options


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "2"])
@pytest.mark.parametrize("name", ["batch_size", "max_new_tokens"])
def test_counts_are_whole_numbers_from_one(name: str, value: object) -> None:
    with pytest.raises(UsageError, match=f"{name} must be a whole number from 1"):
        ModelOptions(**{name: value})  # type: ignore[arg-type]


def test_a_seed_may_be_zero() -> None:
    assert ModelOptions(untrained=0).given() == ["untrained"]
    with pytest.raises(UsageError, match="untrained must be a whole number from 0"):
        ModelOptions(untrained=-1)


def test_options_that_were_given_are_known() -> None:
    assert ModelOptions().given() == []
    assert ModelOptions(dtype="float16", think=True).given() == ["dtype", "think"]


# a checkpoint


def open_cpu(source: Path, **options: Any) -> LanguageModel:
    return open_language_model(source, ModelOptions(device="cpu", **options))


def test_a_checkpoint_is_read_like_the_model_in_it(
    llama_folder: Path, loaded: Loaded, problems: Problems
) -> None:
    model = open_cpu(llama_folder, batch_size=4)
    assert model.identifier == "tiny-llama"
    assert_same(model, make(loaded), problems)
    assert model.facts == {
        "revision": None,
        "device": "cpu",
        "dtype": "float32",
        "attn_implementation": None,
        "family": "llama",
        "parameters": sum(p.numel() for p in loaded.model.parameters()),
        "chat_template_sha256": model.facts["chat_template_sha256"],
        "prompt": "default",
        "prompt_sha256": builtin_template().sha256,
        "weights_sha256": model.weights_sha256,
        "files": model.facts["files"],
    }
    files: Any = model.facts["files"]
    weights = (llama_folder / "model.safetensors").read_bytes()
    assert files["model.safetensors"] == hashlib.sha256(weights).hexdigest()
    assert len(str(model.facts["chat_template_sha256"])) == 64


def test_a_model_with_another_past_has_another_name_and_hash(
    llama_folder: Path, adapter: Path, tmp_path: Path
) -> None:
    wording = tmp_path / "short.yaml"
    turn = {"role": "user", "content": "{{ premises | join('. ') }}. {{ conclusion }}?"}
    wording.write_text(json.dumps({"all": [turn]}))
    models = {
        "tiny-llama": open_cpu(llama_folder),
        "tiny-llama+untrained-0": open_cpu(llama_folder, untrained=0),
        "tiny-llama+untrained-1": open_cpu(llama_folder, untrained=1),
        "tiny-llama+my-lora": open_cpu(llama_folder, peft=str(adapter)),
        "tiny-llama+think": open_cpu(llama_folder, think=True),
    }
    assert [model.identifier for model in models.values()] == list(models)
    hashes = [model.sha256 for model in models.values()]
    hashes.append(open_cpu(llama_folder, dtype="bfloat16").sha256)
    hashes.append(open_cpu(llama_folder, prompt_template=str(wording)).sha256)
    hashes.append(open_cpu(llama_folder, think=True, max_new_tokens=5).sha256)
    assert len(set(hashes)) == 8
    assert open_cpu(llama_folder, batch_size=3).sha256 == hashes[0]
    assert open_cpu(llama_folder, max_new_tokens=5).sha256 == hashes[0]


def test_what_is_read_of_a_checkpoint_is_kept(
    llama_folder: Path, problems: Problems, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_cpu(llama_folder).activations(problems)
    assert list((tmp_path / "own-cache" / "activations").rglob("*.safetensors"))
    again = open_cpu(llama_folder)
    monkeypatch.setattr(CheckpointLoader, "model", property(lambda self: pytest.fail("loaded")))
    assert again.activations(problems).n_items == again.answer(problems).n_items == 6


def test_what_was_asked_for_changes_the_numbers(
    llama_folder: Path, adapter: Path, problems: Problems
) -> None:
    some = problems[:2]
    found = [
        open_cpu(llama_folder, **options).activations(some).values["hidden"]
        for options in (
            {}, {"untrained": 0}, {"untrained": 1}, {"peft": str(adapter)},
            {"dtype": "bfloat16"}, {"think": True, "max_new_tokens": 3},
        )
    ]  # fmt: skip
    again = open_cpu(llama_folder, untrained=0).activations(some).values["hidden"]
    np.testing.assert_array_equal(again, found[1])
    for i, one in enumerate(found):
        assert all(np.abs(one - other).max() > 1e-3 for other in found[:i])


def test_nothing_is_loaded_until_it_is_needed(
    llama_folder: Path, tmp_path: Path, problems: Problems
) -> None:
    folder = Path(shutil.copytree(llama_folder, tmp_path / "tiny-llama"))
    (folder / "model.safetensors").write_bytes(b"damaged")
    model = open_cpu(folder)
    assert model.sha256
    assert model.facts["family"] == "llama"
    with pytest.raises(DataError, match="cannot be loaded"):
        model.activations(problems)


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("deepseek_v4", "are not read: its blocks keep several states of each token"),
        ("no-such-family", r"transformers [\d.]+ does not know it; a newer release may"),
        ("bert", "it is an encoder, whose tokens see what comes after them too"),
        ("t5", "it is an encoder with a decoder"),
    ],
)
def test_a_family_that_is_not_read_is_told(
    kind: str, told: str, llama_folder: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(llama_folder, tmp_path / "other")
    settings = json.loads((folder / "config.json").read_text("utf-8"))
    (folder / "config.json").write_text(json.dumps(settings | {"model_type": kind}), "utf-8")
    with pytest.raises(DataError, match=told):
        open_cpu(folder)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"untrained": 0, "peft": "ADAPTER"}, "there is nothing --peft fits"),
        ({"revision": "main"}, "only models of the hub have a revision"),
        ({"peft": "nowhere"}, "it is not a PEFT adapter"),
        ({"dtype": "int3"}, "unknown dtype 'int3'"),
        ({"prompt_template": "nowhere.yaml"}, "there is no prompt template at nowhere.yaml"),
        ({"gguf_file": "x.gguf"}, "holds no file x.gguf"),
    ],
    ids=str,
)
def test_options_that_do_not_fit_are_told(
    options: dict[str, Any], told: str, llama_folder: Path, adapter: Path
) -> None:
    given = {k: str(adapter) if v == "ADAPTER" else v for k, v in options.items()}
    with pytest.raises(UsageError, match=told):
        open_cpu(llama_folder, **given)


def test_an_untrained_model_needs_no_weights(
    llama_folder: Path, tmp_path: Path, problems: Problems
) -> None:
    folder = Path(shutil.copytree(llama_folder, tmp_path / "tiny-llama"))
    (folder / "model.safetensors").unlink()
    assert open_cpu(folder, untrained=0).activations(problems).n_items == 6


def test_a_template_of_ones_own_is_asked(loaded: Loaded, problems: Problems) -> None:
    asked: list[str] = []

    class Listening:
        def __getattr__(self, name: str) -> Any:
            return getattr(loaded.tokenizer, name)

        def __call__(self, texts: list[str], **options: Any) -> Any:
            asked.extend(texts)
            return loaded.tokenizer(texts, **options)

    content = "{{ conclusion }} because {{ premises | join('; ') }}"
    template = PromptTemplate("own", {"all": (Message(role="user", content=content),)})
    make(Loaded(loaded.model, Listening()), template=template).activations(problems)
    expected = [
        f"<s>user: {p.conclusion} because {'; '.join(p.premises)}</s><s>assistant:"
        for p in problems
    ]
    assert [text for text in asked if "because" in text] == expected


@pytest.mark.parametrize(
    ("content", "lost"),
    [
        ("{{ premises[:2] | join('; ') }} {{ conclusion }}", "the premise"),
        ("{{ premises | join('; ') }} {{ 'Abe' if premises | length else '' }}", "the conclusion"),
        ("{{ premises | join('; ') | replace(' is ', ' was ') }} {{ conclusion }}", "the premise"),
    ],
)
def test_a_wording_that_loses_part_of_a_problem_is_told(
    content: str, lost: str, loaded: Loaded, problems: Problems
) -> None:
    template = PromptTemplate("own", {"all": (Message(role="user", content=content),)})
    for ask in (make(loaded, template=template).activations,
                make(loaded, template=template).answer):  # fmt: skip
        with pytest.raises(DataError, match=f"^prompt template own leaves out {lost} .* of "):
            ask(problems)


def test_a_template_that_leaves_a_thought_open_is_warned_of_where_it_is_read(
    loaded: Loaded, tokenizer: Any, problems: Problems
) -> None:
    own = copy.deepcopy(tokenizer)
    own.chat_template = "{% for m in messages %}{{ m['content'] }} {% endfor %}answer:<think>\n"
    opened = make(Loaded(loaded.model, own))
    (warning,) = opened.activations(problems).warnings
    assert "--think" in warning
    assert opened.answer(problems).warnings == (warning,)
    thinking = make(Loaded(loaded.model, own), think=3)
    assert not any("inside a thought" in text for text in thinking.answer(problems).warnings)
