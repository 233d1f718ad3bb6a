"""An untrained twin is what ``--untrained`` opens, and needs nothing that was trained."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peft import PeftModel

from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel, ModelOptions, is_builtin, load_model
from brainbench.models.checkpoints.loading import CheckpointLoader, Loaded
from brainbench.models.opening import open_language_model
from brainbench.models.prompts.template import builtin_template
from brainbench.problems import Problem

Tiny = Callable[..., Any]
Problems = Sequence[Problem]

pytestmark = pytest.mark.usefixtures("own_cache")


def open_cpu(source: Path, **options: Any) -> LanguageModel:
    return open_language_model(source, ModelOptions(device="cpu", **options))


def assert_same_model(found: LanguageModel, expected: LanguageModel) -> None:
    assert found.identifier == expected.identifier
    assert found.sha256 == expected.sha256
    assert found.facts == expected.facts
    assert found.computed_with == expected.computed_with
    assert found.builtin == expected.builtin


def hidden(model: LanguageModel, problems: Problems) -> np.ndarray:
    return model.activations(problems).values["hidden"]


OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a readout": {"readout": "premises"},
    "both sides": {"readout": "localised", "batch_size": 2},
    "thoughts": {"think": True, "max_new_tokens": 3},
    "half precision": {"dtype": "bfloat16"},
}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
def test_of_a_checkpoint_it_is_what_the_option_opens(
    options: dict[str, Any],
    llama_folder: Path,
    problems: Problems,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    twin = open_cpu(llama_folder, **options).untrained(3)
    expected = open_cpu(llama_folder, **options, untrained=3)
    assert_same_model(twin, expected)
    found = twin.activations(problems)
    # each computed by itself
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "another-cache"))
    other = open_cpu(llama_folder, **options, untrained=3).activations(problems)
    for site, values in other.values.items():
        np.testing.assert_array_equal(found.values[site], values)
    assert (found.contrast is None) == (other.contrast is None)


def test_what_it_read_is_kept_for_the_option(
    llama_folder: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = hidden(open_cpu(llama_folder).untrained(3), problems)
    monkeypatch.setattr(CheckpointLoader, "model", property(lambda self: pytest.fail("loaded")))
    np.testing.assert_array_equal(hidden(open_cpu(llama_folder, untrained=3), problems), found)


def test_seeds_draw_other_weights(llama_folder: Path, problems: Problems) -> None:
    model = open_cpu(llama_folder)
    twins = [model.untrained(seed) for seed in (0, 1)]
    found = [hidden(one, problems) for one in (model, *twins)]
    assert len({model.sha256, *(twin.sha256 for twin in twins)}) == 3
    for i, one in enumerate(found):
        assert all(np.abs(one - other).max() > 1e-3 for other in found[:i])


def test_trained_weights_are_not_needed(
    llama_folder: Path, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = open_cpu(llama_folder)
    monkeypatch.setattr(CheckpointLoader, "_with_weights", lambda self: pytest.fail("loaded"))
    assert model.untrained(0).activations(problems).n_items == 6


def test_only_the_architecture_counts(llama_folder: Path, adapter: Path) -> None:
    expected = open_cpu(llama_folder, untrained=3)
    assert_same_model(open_cpu(llama_folder, peft=str(adapter)).untrained(3), expected)
    assert_same_model(open_cpu(llama_folder, untrained=8).untrained(3), expected)
    assert_same_model(open_cpu(llama_folder).untrained(8).untrained(3), expected)


def test_the_built_in_model_has_twins_that_are_not() -> None:
    nano, drawn = (
        load_model("nano", ModelOptions(device="cpu", untrained=seed)) for seed in (None, 2)
    )
    assert isinstance(nano, LanguageModel)
    assert isinstance(drawn, LanguageModel)
    twin = nano.untrained(2)
    assert_same_model(twin, drawn)
    assert twin.template.name == "nano"
    assert is_builtin(nano)
    assert not is_builtin(twin)


def test_who_listens_to_the_model_listens_to_its_twin(
    llama_folder: Path, problems: Problems
) -> None:
    model = open_cpu(llama_folder)
    told: list[tuple[int, int]] = []
    model.progress = lambda done, total: told.append((done, total))
    model.untrained(0).activations(problems)
    assert told == [(0, 6), (6, 6)]


# in memory


def in_memory(loaded: Loaded, **options: Any) -> LanguageModel:
    return LanguageModel.of(loaded.model, loaded.tokenizer, "mine", **options)


@pytest.mark.parametrize("readout", ["last", "premises"])
def test_of_a_model_in_memory_it_is_made_of_its_configuration(
    readout: str, loaded: Loaded, llama_folder: Path, problems: Problems
) -> None:
    model = in_memory(loaded, readout=readout)
    before = model.sha256
    twin = model.untrained(3)
    suffix = "" if readout == "last" else "+premises"
    assert (twin.identifier, twin.device, twin.dtype) == (
        f"mine+untrained-3{suffix}",
        "cpu",
        "float32",
    )
    expected = hidden(open_cpu(llama_folder, untrained=3, readout=readout), problems)
    np.testing.assert_array_equal(hidden(twin, problems), expected)
    # the model itself is left as it is
    assert model.sha256 == before != twin.sha256
    assert np.abs(hidden(model, problems) - expected).max() > 1e-3


def test_its_hash_is_of_configuration_tokenizer_and_seed(
    loaded: Loaded, tiny: Tiny, tokenizer: Any
) -> None:
    twin = in_memory(loaded).untrained(3)
    # of other weights it is the same
    assert in_memory(Loaded(tiny("llama", seed=9), loaded.tokenizer)).untrained(3).sha256 == (
        twin.sha256
    )
    others = [
        in_memory(loaded).untrained(4),
        in_memory(loaded, readout="premises").untrained(3),
        in_memory(loaded, template=builtin_template("nano")).untrained(3),
        in_memory(Loaded(loaded.model, tokenizer)).untrained(3),
        in_memory(Loaded(tiny("llama", num_hidden_layers=3), loaded.tokenizer)).untrained(3),
        in_memory(
            Loaded(tiny("llama", dtype=torch.bfloat16), loaded.tokenizer)
        ).untrained(3),
    ]  # fmt: skip
    assert len({twin.sha256, *(other.sha256 for other in others)}) == 7


def test_it_stays_what_it_was_when_the_model_changes(loaded: Loaded) -> None:
    model = in_memory(loaded)
    twin = model.untrained(3)
    before = twin.sha256
    with torch.no_grad():
        for parameter in loaded.model.parameters():
            parameter *= 1.5
    loaded.model.config.rms_norm_eps *= 2
    assert twin.sha256 == before
    assert model.untrained(3).sha256 != before


def test_its_twins_are_those_of_the_model(loaded: Loaded, problems: Problems) -> None:
    model = in_memory(loaded)
    again, expected = model.untrained(8).untrained(3), model.untrained(3)
    assert (again.identifier, again.sha256) == (expected.identifier, expected.sha256)
    np.testing.assert_array_equal(hidden(again, problems), hidden(expected, problems))


def test_an_adapter_that_is_not_merged_is_left_out(
    loaded: Loaded, tiny: Tiny, adapter: Path, problems: Problems
) -> None:
    adapted = PeftModel.from_pretrained(tiny("llama"), str(adapter))
    twin = LanguageModel.of(adapted, loaded.tokenizer, "mine").untrained(3)
    expected = in_memory(loaded).untrained(3)
    assert twin.sha256 == expected.sha256
    np.testing.assert_array_equal(hidden(twin, problems), hidden(expected, problems))


def test_trained_weights_are_let_go(tiny: Tiny, chat_tokenizer: Any, problems: Problems) -> None:
    weights = tiny("llama")
    gone = weakref.ref(weights)
    twin = LanguageModel.of(weights, chat_tokenizer, "mine").untrained(0)
    del weights
    gc.collect()
    assert gone() is None
    assert twin.activations(problems).n_items == 6


def test_drawing_moves_no_other_draw(loaded: Loaded, problems: Problems) -> None:
    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    in_memory(loaded).untrained(3).activations(problems)
    assert torch.equal(torch.rand(3), expected)


def test_memory_that_runs_out_is_told(
    loaded: Loaded, problems: Problems, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*given: Any) -> Any:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("brainbench.models.checkpoints.in_memory.draw", full)
    with pytest.raises(DataError, match=r"an untrained twin does not fit.*--untrained"):
        in_memory(loaded).untrained(0).activations(problems)


# what cannot be


@pytest.mark.parametrize("seed", [-1, 1.0, True, None, "0"])
def test_a_seed_is_a_whole_number(seed: Any, loaded: Loaded, llama_folder: Path) -> None:
    for model in (in_memory(loaded), open_cpu(llama_folder)):
        with pytest.raises(UsageError, match="untrained must be a whole number from 0"):
            model.untrained(seed)


def test_a_model_put_together_by_hand_has_none(loaded: Loaded) -> None:
    with pytest.raises(UsageError, match=r"tiny was put together by hand.*LanguageModel\.of"):
        LanguageModel("tiny", "0" * 64, loaded).untrained(0)
