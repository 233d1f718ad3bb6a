"""What lm-eval's own ``steered`` makes of an exported steering, and where it does otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lm_eval.models.hf_steered import SteeredModel
from lm_eval.models.hf_steered import steer as their_hooks
from tiers import families
from tiny_models import build_model
from tiny_steerings import TYPES, make_steering

from brainbench.errors import UnknownNameError, UsageError
from brainbench.models import SITES, LanguageModel, MadeFor, Site, Steering
from brainbench.models.architectures import find_sites
from brainbench.models.steering.hooks import Steerer
from brainbench.reasoning.lm.lm import BrainbenchLM
from brainbench.reasoning.lm_eval_export import export_groups, export_lm_eval, hookpoint

STORY = "Ann is taller than Bob. Bob is taller than Carl."
CONTEXTS = (STORY, f"{STORY} Who is the tallest? Answer:", "Two and two", f"{STORY} {STORY} So")
Make = Callable[..., Any]


class Both:
    """A tiny model steered by brainbench and by lm-eval."""

    def __init__(
        self, family: str, tokenizer: Any, folder: Path, batch_size: int = 1, **changes: Any
    ) -> None:
        self.model = build_model(family)
        bare = LanguageModel.of(self.model, tokenizer, "tiny")
        changes = {"tokens": "all", "strength": 1.5, **changes}
        self.steering: Steering = make_steering(MadeFor.of(bare), **changes)
        group = self.steering.groups[0]
        self.differs = export_lm_eval(self.steering, folder / "s.pt", group)
        self.ours = BrainbenchLM(
            LanguageModel.of(self.model, tokenizer, "tiny", steering=self.steering)
        )
        self.theirs = SteeredModel(
            pretrained=self.model, steer_path=str(folder / "s.pt"), tokenizer=tokenizer,
            batch_size=batch_size, device="cpu",
        )  # fmt: skip
        self.bare = BrainbenchLM(bare)


@pytest.fixture
def likelihoods(request_of: Make) -> list[Any]:
    return [
        request_of("loglikelihood", context, said, item=i)
        for i, context in enumerate(CONTEXTS)
        for said in (" True", " False", " Ann and nobody else")
    ]


@pytest.fixture
def texts(request_of: Make) -> list[Any]:
    return [
        request_of("generate_until", context, {"until": ["\n"], "max_gen_toks": 8}, item=i)
        for i, context in enumerate(CONTEXTS)
    ]


def values(answers: list[tuple[float, bool]]) -> list[float]:
    return [value for value, _ in answers]


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", ["llama", "gpt2", "gpt_neox", "gemma2", "qwen3"])
def test_of_every_token_and_one_group_both_answer_the_same(
    family: str,
    site: Site,
    chat_tokenizer: Any,
    tmp_path: Path,
    likelihoods: list[Any],
    texts: list[Any],
) -> None:
    both = Both(family, chat_tokenizer, tmp_path, site=site)
    assert both.differs == ()
    found = both.ours.loglikelihood(likelihoods)
    expected = both.theirs.loglikelihood(likelihoods, disable_tqdm=True)
    assert values(found) == pytest.approx(values(expected), abs=2e-3)
    assert [greedy for _, greedy in found] == [greedy for _, greedy in expected]
    assert both.ours.generate_until(texts) == both.theirs.generate_until(texts, disable_tqdm=True)
    # and steering is not what is tolerated
    bare = values(both.bare.loglikelihood(likelihoods))
    assert max(abs(a - b) for a, b in zip(values(found), bare, strict=True)) > 0.05


def test_a_file_of_a_group_is_that_of_its_type(
    chat_tokenizer: Any, tmp_path: Path, likelihoods: list[Any]
) -> None:
    both = Both("llama", chat_tokenizer, tmp_path, groups=TYPES)
    assert both.differs == (
        "lm-eval steers every problem by syllogistic, whatever its reasoning type",
    )
    theirs = values(both.theirs.loglikelihood(likelihoods, disable_tqdm=True))
    # items of no type are steered by nothing here
    assert values(both.ours.loglikelihood(likelihoods)) != pytest.approx(theirs, abs=2e-3)
    for request in likelihoods:
        request.doc["reasoning_type"] = "syllogistic"
    assert values(both.ours.loglikelihood(likelihoods)) == pytest.approx(theirs, abs=2e-3)


@pytest.mark.parametrize("tokens", ["last", "generated"])
def test_of_other_tokens_lm_eval_answers_otherwise(
    tokens: str, chat_tokenizer: Any, tmp_path: Path, likelihoods: list[Any]
) -> None:
    both = Both("llama", chat_tokenizer, tmp_path, tokens=tokens)
    assert both.differs == (f"lm-eval steers every token, this steering {tokens} ones",)
    theirs = values(both.theirs.loglikelihood(likelihoods, disable_tqdm=True))
    ours = values(both.ours.loglikelihood(likelihoods))
    assert max(abs(a - b) for a, b in zip(ours, theirs, strict=True)) > 0.05


def test_lm_eval_steers_padding_and_brainbench_does_not(
    chat_tokenizer: Any, tmp_path: Path
) -> None:
    """States at padding: there lm-eval's hooks add their vector, ours none."""
    both = Both("llama", chat_tokenizer, tmp_path)
    rows = [both.ours.tok_encode(context) for context in CONTEXTS[:2]]
    lengths = [len(row) for row in rows]
    tokens = torch.zeros((2, max(lengths)), dtype=torch.long)
    for i, row in enumerate(rows):
        tokens[i, : len(row)] = torch.tensor(row)
    padding = torch.arange(max(lengths)) >= torch.tensor(lengths)[:, None]
    assert padding.any()
    layer = both.steering.layers[0]
    module = find_sites(both.model).attention[layer]
    caught: list[torch.Tensor] = []

    def run() -> torch.Tensor:
        handle = module.register_forward_hook(lambda m, i, out: caught.append(out[0].clone()))
        try:
            with torch.inference_mode():
                return both.model(input_ids=tokens).logits
        finally:
            handle.remove()

    run()
    with their_hooks(both.model, both.theirs.hook_to_steer):
        theirs = run()
    steerer = Steerer(both.model, both.steering)
    with steerer.adding(["all"] * 2, steerer.mask([n - 1 for n in lengths], lengths, max(lengths))):
        ours = run()
    bare, after_theirs, after_ours = caught
    vector = torch.tensor(both.steering.directions["all"][layer]) * both.steering.strength
    torch.testing.assert_close(after_theirs[padding], bare[padding] + vector, atol=1e-5, rtol=0)
    assert torch.equal(after_ours[padding], bare[padding])
    torch.testing.assert_close(after_ours[~padding], after_theirs[~padding], atol=1e-5, rtol=0)
    # no token sees what is padded behind it, so what is read of the others is the same
    torch.testing.assert_close(ours[~padding], theirs[~padding], atol=1e-3, rtol=0)
    assert float((ours[padding] - theirs[padding]).abs().max()) > 0.01


@pytest.mark.parametrize("family", ["llama", "gpt2"])
def test_padding_that_is_masked_changes_no_answer(
    family: str, chat_tokenizer: Any, tmp_path: Path, likelihoods: list[Any], texts: list[Any]
) -> None:
    both = Both(family, chat_tokenizer, tmp_path, batch_size=4)
    found = both.ours.loglikelihood(likelihoods)
    expected = both.theirs.loglikelihood(likelihoods, disable_tqdm=True)
    assert values(found) == pytest.approx(values(expected), abs=2e-3)
    assert both.ours.generate_until(texts) == both.theirs.generate_until(texts, disable_tqdm=True)


# the file


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("family", families())
def test_names_are_those_that_lm_eval_looks_up(
    family: str, site: Site, chat_tokenizer: Any
) -> None:
    model = build_model(family)
    made_for = MadeFor.of(LanguageModel.of(model, chat_tokenizer, "tiny"))
    steering = make_steering(made_for, site=site)
    modules = dict(model.base_model.named_modules())
    sites = getattr(find_sites(model), site)
    for layer in range(4):
        assert modules[hookpoint(steering, layer)] is sites[layer]


def test_the_file_holds_what_lm_eval_asks_for(tmp_path: Path) -> None:
    steering = make_steering(MadeFor("tiny", "0" * 64, "llama", 4, 32), strength=1.5, tokens="all")
    export_lm_eval(steering, tmp_path / "s.pt")
    held = torch.load(tmp_path / "s.pt", weights_only=True)
    assert list(held) == ["layers.1.self_attn", "layers.2.self_attn"]
    for layer, entry in zip((1, 2), held.values(), strict=True):
        assert torch.equal(
            entry.pop("steering_vector"), torch.tensor(steering.directions["all"][layer])
        )
        assert entry == {
            "steering_coefficient": 1.5, "action": "add", "bias": None, "head_index": None,
        }  # fmt: skip


def test_what_cannot_be_written_is_told(tmp_path: Path) -> None:
    steering = make_steering(MadeFor("tiny", "0" * 64, "llama", 4, 32), TYPES)
    with pytest.raises(UnknownNameError, match="unknown group of the steering test 'all'"):
        export_lm_eval(steering, tmp_path / "s.pt")
    with pytest.raises(UsageError, match=r"ends in \.pt"):
        export_lm_eval(steering, tmp_path / "s.bin", "transitive")
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match="cannot write to"):
        export_lm_eval(steering, tmp_path / "file" / "s.pt", "transitive")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_each_reasoning_type_has_a_file_of_its_own(
    language_model: LanguageModel, tmp_path: Path
) -> None:
    steering = make_steering(MadeFor.of(language_model), groups=TYPES)
    found = export_groups(steering, tmp_path / "out")
    assert [path.name for path in found] == [f"{group}.pt" for group in steering.groups]
    for (path, told), group in zip(found.items(), steering.groups, strict=True):
        alone = tmp_path / "alone.pt"
        assert told == export_lm_eval(steering, alone, group)
        one, other = (torch.load(file, weights_only=True) for file in (path, alone))
        assert list(one) == list(other)
        for name, held in one.items():
            assert torch.equal(held["steering_vector"], other[name]["steering_vector"])
