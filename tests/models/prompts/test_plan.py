"""Problems and plain texts to batches."""

from __future__ import annotations

import numpy as np
import pytest

from brainbench.datasets import load_recording
from brainbench.errors import DataError, UsageError
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.problems import Text

TEXTS = [
    Text("a", "All dogs are old"),
    Text("b", "Finn is a dog and a quiet one"),
    Text("c", "Old"),
]


def nano(**options: object) -> LanguageModel:
    found = load_model("nano", ModelOptions(**options))  # type: ignore[arg-type]
    assert isinstance(found, LanguageModel)
    return found


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    return nano()


def test_a_text_is_read_at_its_last_token_and_in_no_prompt(model: LanguageModel) -> None:
    """As transformers gives the hidden states of the text alone."""
    found = model.activations(TEXTS)
    import torch

    network = model.loader.model
    for row, one in enumerate(TEXTS):
        ids = model.chat.encoder.encode([one.text])[0]
        with torch.inference_mode():
            states = network(torch.tensor([ids]), output_hidden_states=True).hidden_states
        # the last block's output comes normalised there
        for layer in range(found.values["hidden"].shape[1] - 1):
            expected = states[layer + 1][0, -1].float().numpy()
            np.testing.assert_allclose(found.values["hidden"][row, layer], expected, atol=1e-4)
    assert not found.warnings


def test_texts_do_not_depend_on_each_other(model: LanguageModel) -> None:
    together, alone = model.activations(TEXTS), model.activations(TEXTS[:1])
    np.testing.assert_allclose(
        together.values["hidden"][0], alone.values["hidden"][0], rtol=0, atol=1e-5
    )


def test_the_mean_is_over_all_tokens_of_the_text(model: LanguageModel) -> None:
    plan = nano(readout="premises")._plan
    (batch,) = plan.questions(TEXTS)
    for row, suffix, places in zip(batch.rows, batch.suffixes, batch.places, strict=True):
        ids, held = model.chat.encoder.with_characters(TEXTS[row].text, True)
        assert batch.prefix + suffix == ids
        assert places == tuple(i for i, (a, b) in enumerate(held) if b > a)


def test_nothing_is_asked_about_texts() -> None:
    with pytest.raises(UsageError, match="--think: of plain texts nothing is asked"):
        nano(think=True).activations(TEXTS)
    with pytest.raises(UsageError, match="--readout localised chooses units that differ between"):
        nano(readout="localised").activations(TEXTS)


def test_problems_and_texts_are_not_read_together(model: LanguageModel) -> None:
    problems = load_recording("phantom", "noise", "phantom-01").asked
    with pytest.raises(DataError, match="problems and plain texts are not read out together"):
        model.activations([*problems[:2], TEXTS[0]])


def test_a_text_longer_than_the_context_is_named(model: LanguageModel) -> None:
    long = Text("story", "dog " * 5000)
    with pytest.raises(DataError, match=r"the text story has \d+ tokens; nano reads \d+ at most"):
        model.activations([long, *TEXTS])
