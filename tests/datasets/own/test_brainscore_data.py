"""Brain-Score's language data by ``--assembly brainscore:…``: a control where texts are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from brainscore_assemblies import write_cache

from brainbench.benchmarks import benchmarks_of
from brainbench.datasets.own.read import load_assembly
from brainbench.errors import DataError, UnknownNameError
from brainbench.models import Activations, load_model, read_activations
from brainbench.problems import Stimulus


@pytest.fixture(scope="module")
def cached(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """Only read by tests."""
    with pytest.MonkeyPatch.context() as patch:
        yield write_cache(tmp_path_factory.mktemp("brainio"), patch)


class Reader:
    """Words of a text, counted; or numbers that know nothing of it."""

    identifier, sha256 = "reader", "0"

    def __init__(self, reads: bool) -> None:
        self.reads = reads

    def activations(self, problems: Sequence[Stimulus]) -> Activations:
        texts = [problem.sentences[0].lower().split() for problem in problems]
        words = sorted({word for text in texts for word in text})
        counts = np.array([[text.count(word) for word in words] for text in texts], float)
        if not self.reads:
            counts = np.random.default_rng(0).normal(size=counts.shape)
        return Activations({"hidden": counts[:, None, :]}, {"hidden": (0,)})


@pytest.mark.parametrize(
    ("identifier", "held_out", "people", "position"),
    [
        ("Pereira2018.243sentences", "story", 2, True),
        ("Pereira2018.384sentences", "story", 3, True),
        ("Tuckute2024.language", "run", 1, False),
        ("Blank2014.fROI", "story", 3, True),
        ("Fedorenko2016.language", "sentence_id", 5, True),
    ],
)
def test_a_dataset_is_a_recording(
    cached: dict[str, Path], identifier: str, held_out: str, people: int, position: bool
) -> None:
    found = load_assembly(f"brainscore:{identifier}")
    card = found.card
    assert card.name == identifier.replace(".", "-")
    assert (card.held_out, len(card.subjects)) == (held_out, people)
    assert card.nuisance == (("words",) if position else ())
    assert ("position" in found.assembly.coords) is position
    assert card.title.endswith("from Brain-Score")
    assert found.origin is not None
    assert found.origin.file == cached[identifier].name
    assert not np.isnan(found.assembly.values).any()


@pytest.mark.parametrize("identifier", ["Pereira2018.384sentences", "Tuckute2024.language"])
def test_a_model_that_reads_is_found(cached: dict[str, Path], identifier: str) -> None:
    found = load_assembly(f"brainscore:{identifier}")
    (benchmark,) = benchmarks_of(found, "published").benchmarks
    reads, knows_nothing = (benchmark(Reader(reads)).headline for reads in (True, False))
    assert reads is not None
    assert knows_nothing is not None
    assert reads > 0.3 > 0.2 > knows_nothing


def test_options_change_the_card(cached: dict[str, Path]) -> None:
    found = load_assembly("brainscore:Pereira2018.384sentences", group="passage_label")
    assert found.card.held_out == "passage_label"
    kept = load_assembly("brainscore:Blank2014.fROI", select={"story": ["Boar", "Aqua"]})
    assert set(kept.assembly["story"].values) == {"Boar", "Aqua"}


def test_a_name_that_is_not_there(cached: dict[str, Path]) -> None:
    with pytest.raises(UnknownNameError, match="did you mean"):
        load_assembly("brainscore:Pereira2018.language")
    with pytest.raises(DataError, match=r"brainscore:Blank2014\.fROI: no coordinate 'tale'"):
        load_assembly("brainscore:Blank2014.fROI", group="tale")


def test_a_subject_reads_a_text_as_it_stands(
    cached: dict[str, Path], brainscore_library: Path
) -> None:
    model = load_model("brainscore:stub")
    problems = load_assembly("brainscore:Tuckute2024.language").problems[:3]
    values = read_activations(model, problems).values["hidden"]
    texts = [problem.sentences[0] for problem in problems]
    assert model._subject.read == texts  # type: ignore[attr-defined]
    assert values[0, 0].tolist() == [texts[0].count(letter) for letter in "aeiou"]
