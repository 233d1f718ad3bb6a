"""Scanner items as training data: prompts, labels and the model's answers before training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from brainbench.guidance.signals import Signals
from brainbench.models import LanguageModel, read_activations, read_answers
from brainbench.models.prompts.batches import Tokens
from brainbench.models.prompts.plan import ask
from brainbench.models.prompts.verbalizer import Spellings

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class TrainingItems:
    """n items, in the order of the signals.

    Attributes
    ----------
    prompts : the tokens each is asked with, as everywhere in brainbench.
    kinds : reasoning type of each.
    own : of each prompt the place of the first token that is its own: behind what all prompts
        of its type begin with.
    labels : (n,) whether the conclusion follows.
    wrong : (n,) whether the model's answer, before training, was not the right one; an answer
        that is neither True nor False is not.
    states : (n, layers, units) float32, attention at the last token before training.
    """

    prompts: tuple[Tokens, ...]
    kinds: tuple[str, ...]
    own: tuple[int, ...]
    labels: Mask
    wrong: Mask
    states: NDArray[np.float32]

    @property
    def n_items(self) -> int:
        """Number of items."""
        return len(self.prompts)


@dataclass(frozen=True, eq=False)
class Roles:
    """Roles of the items in a recipe, (n,) each.

    Attributes
    ----------
    learned : whose answer, text or state the loss looks at for itself.
    guided : whose state is drawn to people's responses.
    """

    learned: Mask
    guided: Mask

    @property
    def active(self) -> NDArray[np.intp]:
        """Items that take part."""
        return np.flatnonzero(self.learned | self.guided)


def prepare_items(model: LanguageModel, signals: Signals, layers: Sequence[int]) -> TrainingItems:
    """Prompts of the items, and the model's answers before training.

    Parameters
    ----------
    model : asked and read as it is, before training.
    signals : give the items, their types and labels; responses are not used.
    layers : numbers of the layers whose attention states are kept.

    Raises
    ------
    DataError
        When the model cannot be asked, or a prompt is longer than its context.
    """
    problems = signals.problems
    answers = read_answers(model, problems)
    held = read_activations(model, problems).values["attention"]
    prompts = tuple(ask(problems, model.template, model.chat))
    kinds = tuple(str(kind) for kind in signals.types)
    # a missing answer is NaN, which equals nothing
    wrong = answers.said != signals.labels.astype(np.float64)
    return TrainingItems(
        prompts,
        kinds,
        _own_places(prompts, kinds),
        signals.labels,
        wrong,
        np.asarray(held[:, list(layers)], np.float32),
    )


def answer_tokens(liking: Mapping[int, float], spellings: Spellings) -> tuple[int, int]:
    """The spellings of True and of False that a model prefers at the last position.

    Parameters
    ----------
    liking : of each token that spells an answer the sum of its logits over the items, before
        training. What normalises the probabilities of an item moves all of its tokens alike, so
        the largest sum is the largest mean log-probability.
    """
    true, false = (
        max(tokens, key=lambda token: liking[token]) for tokens in (spellings.true, spellings.false)
    )
    return true, false


def signals_sha256(signals: Signals) -> str:
    """Hash of the items' text, order and labels, the responses, and who was right."""
    digest = hashlib.sha256()
    rows = [
        [p.identifier, *p.sentences, bool(label), str(run), str(kind)]
        for p, label, run, kind in zip(
            signals.problems, signals.labels, signals.runs, signals.types, strict=True
        )
    ]
    digest.update(json.dumps(rows).encode())
    # a missing answer trains nothing, as a wrong one: one hash for both
    for block in (*signals.responses, np.nan_to_num(signals.right)):
        values = np.ascontiguousarray(block, np.float64)
        digest.update(json.dumps(values.shape).encode() + values.tobytes())
    return digest.hexdigest()


def _own_places(prompts: Sequence[Tokens], kinds: Sequence[str]) -> tuple[int, ...]:
    """At least 1, so that there is a token to tell the first one from."""
    starts = {}
    for kind in dict.fromkeys(kinds):
        group = [prompt for prompt, own in zip(prompts, kinds, strict=True) if own == kind]
        first, last = min(group), max(group)
        pairs = enumerate(zip(first, last, strict=False))
        common = next((i for i, (a, b) in pairs if a != b), min(len(first), len(last)))
        starts[kind] = max(1, min(common, min(map(len, group)) - 1))
    return tuple(starts[kind] for kind in kinds)
