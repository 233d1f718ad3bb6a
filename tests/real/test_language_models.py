"""Real language models of two families, from their weights to scores on real people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load_file

import brainbench
from brainbench.datasets import load_recording
from brainbench.models import LanguageModel, ModelOptions, load_model
from brainbench.models.checkpoints.loading import CheckpointLoader
from brainbench.results import Record

CELLS = ("all", "syllogistic", "transitive")
BENCHMARKS = ["xiao2026.deductive_reasoning.*", "ds003076.behavior.*"]
LONG = str(Path(__file__).parent / "long_wording.yaml")
# deductive-reasoning ROI: all items, syllogisms, transitive problems; what rounding may
# change on another machine is far below the tolerance
SMOLLM2 = (0.2179, 0.1117, 0.0985)
SMOLLM2_LONG = (0.2006, 0.1110, 0.0509)
GEMMA3 = (0.2017, 0.0900, 0.0757)
ROUNDING = 2e-3


@pytest.fixture(scope="module")
def real_people(shared: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        yield


def evaluate(model: Path | LanguageModel, folder: Path, **asked: Any) -> Record:
    """A run under the published protocol, whose scores the reference has."""
    given = str(model) if isinstance(model, Path) else model
    return brainbench.evaluate(
        given, **{"benchmarks": BENCHMARKS, **asked}, protocol="published", output_path=folder
    )


@pytest.fixture(scope="module")
def record(smollm2: Path, real_people: None, tmp_path_factory: pytest.TempPathFactory) -> Record:
    folder = tmp_path_factory.mktemp("smollm2")
    return evaluate(smollm2, folder)


@pytest.fixture(scope="module")
def gemma(gemma3: Path, real_people: None) -> LanguageModel:
    model = load_model(gemma3)
    assert isinstance(model, LanguageModel)
    return model


@pytest.fixture
def published(reference: Path) -> list[float]:
    """Scores of the reference activations: the same weights, a wording we do not know."""
    loaded = json.loads((reference / "published_deductive_reasoning.json").read_text("utf-8"))
    return [loaded["cells"][cell]["score"] for cell in CELLS]


def raw_scores(record: Record) -> list[float]:
    rows = record.published
    assert [row.reasoning_type for row in rows] == list(CELLS)
    return [row.raw for row in rows]


def likeness(states: Any, other: Any) -> float:
    """Linear CKA: 1 for the same geometry over items."""
    a, b = (x.astype(float) - x.astype(float).mean(axis=0) for x in (states, other))
    k, m = a @ a.T, b @ b.T
    return float((k * m).sum() / np.sqrt((k * k).sum() * (m * m).sum()))


def test_smollm2_from_its_weights_to_scores(record: Record, published: list[float]) -> None:
    assert raw_scores(record) == pytest.approx(SMOLLM2, abs=ROUNDING)
    assert raw_scores(record) == pytest.approx(published, abs=0.02)
    model = record.model
    assert (model.family, model.parameters, model.dtype) == ("llama", 134515008, "float32")
    assert (model.prompt, model.builtin) == ("default", False)
    assert model.chat_template_sha256
    behavior = record.behavior[0]
    assert (behavior.n_items, behavior.n_invalid) == (70, 0)
    assert behavior.balanced_accuracy == pytest.approx(0.465, abs=0.02)


@pytest.mark.exhaustive
def test_a_long_wording_comes_less_near(
    smollm2: Path, real_people: None, published: list[float], tmp_path: Path
) -> None:
    options = ModelOptions(prompt_template=LONG)
    record = evaluate(smollm2, tmp_path, benchmarks=BENCHMARKS[:1], options=options)
    assert record.model.prompt == "long"
    assert raw_scores(record) == pytest.approx(SMOLLM2_LONG, abs=ROUNDING)
    assert raw_scores(record) == pytest.approx(published, abs=0.04)


@pytest.fixture
def no_weights(monkeypatch: pytest.MonkeyPatch) -> None:
    def weights(self: CheckpointLoader) -> None:
        raise AssertionError("the weights were loaded again")

    monkeypatch.setattr(CheckpointLoader, "model", property(weights))


@pytest.mark.exhaustive
def test_a_second_run_reads_the_cache_and_gives_the_same_record(
    record: Record, smollm2: Path, mirror: Path, no_weights: None, tmp_path: Path
) -> None:
    second = evaluate(smollm2, tmp_path)
    assert second.model_dump(exclude={"timing"}) == record.model_dump(exclude={"timing"})


def test_states_are_kept_and_have_the_geometry_of_the_reference(
    record: Record, smollm2: Path, mirror: Path, reference: Path, no_weights: None
) -> None:
    problems = load_recording("xiao2026", "deductive_reasoning").problems
    read = load_model(smollm2).activations(problems)
    given = load_file(reference / "smollm2_135m_activations.safetensors")
    for site, values in read.values.items():
        assert values.shape == given[site].shape
        same = [likeness(values[:, i], given[site][:, i]) for i in range(30)]
        assert np.median(same) > 0.7
        # a layer read elsewhere would be like another one more than like itself
        other = [likeness(values[:, i], given[site][:, (i + 15) % 30]) for i in range(30)]
        assert np.median(same) > np.median(other) + 0.05


@pytest.mark.exhaustive
def test_gemma_3_from_its_weights_to_scores(gemma: LanguageModel, tmp_path: Path) -> None:
    record = evaluate(gemma, tmp_path)
    assert (record.model.family, record.model.parameters) == ("gemma3_text", 268098176)
    assert raw_scores(record) == pytest.approx(GEMMA3, abs=ROUNDING)
    # a base model: no chat template
    assert record.model.chat_template_sha256 is None
    assert any("asked in plain text" in text for text in record.published[0].warnings)
    assert record.behavior[0].n_invalid == 9


def test_gemma_3_reads_english(gemma: LanguageModel) -> None:
    """Weights, tokenizer and first token are right: text is likelier than its words mixed."""
    import torch

    loader = gemma._loader
    text = "The cat sat on the mat and looked out of the window at the birds in the tree"
    losses = []
    for words in (text, " ".join(sorted(text.split()))):
        ids = torch.tensor([loader.tokenizer(words)["input_ids"]])
        assert ids[0, 0] == loader.tokenizer.bos_token_id
        with torch.inference_mode():
            losses.append(float(loader.model(input_ids=ids, labels=ids).loss))
    assert losses[0] < 3.5
    assert losses[1] > losses[0] + 1.0
