"""Derive a steering artifact from people's responses: its directions and its recipe."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from brainbench.benchmarks import check_numbers
from brainbench.datasets import Behavior, Recording
from brainbench.encoding.kernels import Array
from brainbench.errors import UnknownNameError, UsageError
from brainbench.guidance.arms import GUIDED, UNGUIDED, find_arm
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator, Question, ask_problems
from brainbench.guidance.evaluation.neutral import NeutralPrefixes
from brainbench.guidance.evaluation.selection import STRENGTHS, SteeringGrid, choose
from brainbench.guidance.evaluation.selection import within as within_limit
from brainbench.guidance.evaluation.test_sets import read_validation
from brainbench.guidance.layer_sets import MIDDLE, layer_sets, parse_layers
from brainbench.guidance.methods.directions import SteeringLoss
from brainbench.guidance.methods.guiding import check_signals, problem_direction
from brainbench.guidance.methods.registry import ONE_STEP, find_method
from brainbench.guidance.shift_limit import AskedLimit, check_limit, find_limit
from brainbench.guidance.signals import load_more_answers, read_signals
from brainbench.guidance.steering.asking import ask_candidates
from brainbench.guidance.steering.experiment import read_training, stream
from brainbench.guidance.steering.general import MEANS, general_direction
from brainbench.guidance.steering.search import scale_of
from brainbench.guidance.steering.targeted import PUBLISHED_WAY, Targeted
from brainbench.guidance.weighing import ANSWERS, check_answers
from brainbench.models import LanguageModel, MadeFor, Site, Steering
from brainbench.progress import Progress, no_progress, within
from brainbench.statistics.answers import auc

FORMS = ("controlled", "published")
# multiples of the published direction that validation chooses from
SCALES: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0, 4.0)
_VALIDATION = {
    "syllogistic": "syllogistic_3",
    "transitive": "transitive_3",
    "propositional": "propositional_3",
}

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Derivation:
    """Options of deriving a steering.

    Parameters
    ----------
    form : ``controlled``: one step at items that the maps do not know; ``published``: the mean
        of the targeted search's directions.
    arm : whose responses; ``guided`` are the people's own.
    way : loss and centring; by default those of the form.
    layers : ``middle``, ``all``, or numbers as in ``3,5-8``; by default the controlled form
        chooses between the first two, the published form takes the middle ones.
    strength : length at each layer in units of the spread of states there (controlled), or
        multiple of the mean (published); None chooses on validation problems.
    mean : of the published form, ``raw`` or ``unit``.
    site : where directions are added.
    seed : of an arm that is drawn.
    limit : validation problems and searched items of each type, for trying out; None: all.
    answers : of the controlled form, whose answers weigh items: ``all`` who solved the same
        problems, or the ``scanned`` people alone.
    method : of the controlled form, how directions are made of signals; one that adds the same
        at every problem, and at its last token alone.
    shift_limit : of what a chosen strength may do to neutral text, nats; None for no limit.
        ``auto`` is 0.1, and none in the published form and of the built-in model.
    """

    form: str = "controlled"
    arm: str = GUIDED
    way: SteeringLoss | None = None
    layers: str | None = None
    strength: float | None = None
    mean: str = "raw"
    site: Site = "attention"
    seed: int = 0
    limit: int | None = None
    answers: str = ANSWERS[0]
    method: str = ONE_STEP
    shift_limit: AskedLimit = "auto"

    def __post_init__(self) -> None:
        check_answers(self.answers)
        check_limit(self.shift_limit)
        check_numbers(self.seed, self.limit)
        if self.form not in FORMS:
            raise UnknownNameError("form", self.form, FORMS)
        if self.mean not in MEANS:
            raise UnknownNameError("mean of directions", self.mean, MEANS)
        kind = find_arm(self.arm)
        if "steering" not in kind.modes or self.arm == UNGUIDED:
            raise UsageError(f"the arm {self.arm!r} steers nothing")
        if self.form == "published" and not kind.has_signals:
            raise UsageError(f"the published form searches by responses; {self.arm!r} has none")
        method = find_method(self.method)
        if method.by_item or method.tokens > 1:
            where = "something else at each problem" if method.by_item else "several tokens"
            raise UsageError(
                f"{self.method!r} steers {where}: a steering that is kept adds the same at every "
                "problem's last token; brainbench evaluate --guidance-methods runs it"
            )
        if self.form == "published" and self.method != ONE_STEP:
            raise UsageError("--method goes with the controlled form")
        if self.strength is not None and not 0.0 < self.strength < 1e6:
            raise UsageError(f"the strength must be a number above 0, not {self.strength}")

    @property
    def chosen_way(self) -> SteeringLoss:
        """Loss and centring."""
        return self.way or (PUBLISHED_WAY if self.form == "published" else SteeringLoss())


@dataclass(frozen=True)
class _Derived:
    """One reasoning type's directions at its layers, and how they came about."""

    delta: dict[int, Array]
    facts: dict[str, Any]


def derive_steering(
    model: LanguageModel,
    recording: Recording,
    roi: str,
    types: Sequence[str],
    derivation: Derivation | None = None,
    name: str | None = None,
    report: Progress = no_progress,
) -> Steering:
    """Directions for each reasoning type, their strength chosen on problems of that type.

    Problems of another type get the mean of all, as group ``all``.

    Parameters
    ----------
    roi, types : whose voxels, and whose items.
    name : of the steering, by default ``<dataset>-<roi>``.

    Raises
    ------
    DataError
        When nobody has any item right; of the published form, when the model has none wrong that
        a person has right, or its search flips nothing.
    """
    chosen = derivation or Derivation()
    count = int(model.loader.config.get_text_config().num_hidden_layers)
    groups: dict[str, dict[int, Array]] = {}
    recipe: dict[str, Any] = {
        "form": chosen.form,
        "arm": chosen.arm,
        "loss": chosen.chosen_way.loss,
        "centring": chosen.chosen_way.centring,
        "dataset": recording.card.name,
        "roi": roi,
        "n_people": len(recording.card.subjects),
        "seed": chosen.seed,
        "prompt_sha256": model.template.sha256,
        **({} if chosen.limit is None else {"limit": chosen.limit}),
        **({} if chosen.method == ONE_STEP else {"method": chosen.method}),
    }
    more = None
    if chosen.form == "controlled":
        more = load_more_answers(recording.card, chosen.answers)
        if recording.behavior is not None:
            recipe["answers_of"] = (more or recording).card.name
    for number, kind in enumerate(types):
        which = f"type {number + 1} of {len(types)}, {kind}: " if len(types) > 1 else ""
        told = within(report, which)
        deriver = _Deriver(model, recording, roi, kind, chosen, count, told, more)
        found = deriver.published() if chosen.form == "published" else deriver.controlled()
        groups[kind], recipe[kind] = found.delta, found.facts
    if len(groups) > 1:
        groups["all"] = _mean(list(groups.values()))
    return Steering(
        name or f"{recording.card.name}-{roi}",
        chosen.site,
        groups,
        MadeFor.of(model),
        recipe=recipe,
        data_sha256=recording.data_sha256,
    )


@dataclass(frozen=True)
class _Deriver:
    model: LanguageModel
    recording: Recording
    roi: str
    kind: str
    derivation: Derivation
    count: int
    report: Progress
    more: Behavior | None

    def controlled(self) -> _Derived:
        """One step at items that the maps do not know; layers and strength by validation."""
        chosen, every = self.derivation, tuple(range(self.count))
        evaluator = LastTokenEvaluator(self.model, chosen.site, every)
        signals = read_signals(self.recording, self.roi, self.kind, more=self.more)
        training, _, _ = read_training(evaluator, signals)
        check_signals(chosen.method, signals)
        rng = stream(chosen.seed, chosen.arm, 0, "problems")
        unit = problem_direction(chosen.arm, training, rng, chosen.chosen_way, chosen.method)
        sets = layer_sets(self.count)
        if chosen.layers is not None:
            sets = {chosen.layers: parse_layers(chosen.layers, self.count)}
        strengths = STRENGTHS if chosen.strength is None else (chosen.strength,)
        grid = SteeringGrid(sets, strengths, self.count)
        options = unit * grid.factors(scale_of(training.states).sigma)[:, :, None]
        best, areas = self._choose(evaluator, options)
        name, strength = grid.options[best]
        delta = {layer: options[best, layer] for layer in sets[name]}
        facts = {"layers": name, "strength": strength, "n_items": len(training.states)}
        return _Derived(delta, {**facts, **areas})

    def published(self) -> _Derived:
        """The mean of the directions that flipped an answer, its scale by validation."""
        chosen = self.derivation
        layers = parse_layers(chosen.layers or MIDDLE, self.count)
        evaluator = LastTokenEvaluator(self.model, chosen.site, layers)
        signals = read_signals(self.recording, self.roi, self.kind)
        training, held, questions = read_training(evaluator, signals)
        labels = np.array([question.label for question in questions])
        odds = np.zeros(len(labels))
        targeted = Targeted(training, held, labels, odds, chosen.chosen_way, chosen.limit)
        found = targeted.search(chosen.arm, chosen.seed, self.report)
        direction = general_direction(found, chosen.mean)
        scales = SCALES if chosen.strength is None else (chosen.strength,)
        options = np.stack([scale * direction for scale in scales])
        best, areas = self._choose(evaluator, options)
        delta = {layer: options[best, number] for number, layer in enumerate(layers)}
        facts = {"mean": chosen.mean, "scale": scales[best], "flipped": int(found.flipped.sum())}
        return _Derived(delta, {**facts, "n_pairs": len(found.tries), **areas})

    def _choose(self, evaluator: LastTokenEvaluator, options: Array) -> tuple[int, dict[str, Any]]:
        """The option that does best on validation problems, among those within the limit.

        With it its AUC, that without steering, and how far it moves neutral text.
        """
        questions = self._validation
        every = np.concatenate([np.zeros((1, *options.shape[1:])), options])
        responses = ask_candidates(evaluator, questions, every, "choosing a strength", self.report)
        labels = np.array([question.label for question in questions])
        areas = auc(responses.odds, labels == 0)
        chosen = self.derivation
        limit = find_limit(chosen.shift_limit, self.model.builtin, chosen.form)
        shifts = NeutralPrefixes(evaluator).shift(options[None]).kl
        best = choose(responses.odds[:, 1:], labels, within_limit(shifts, limit))
        if limit is not None and shifts[best] > limit:
            _LOG.warning(
                "%s: every strength moves neutral text by more than %g nats; the weakest, %.2g "
                "nats, was taken",
                self.kind,
                limit,
                shifts[best],
            )
        return best, {
            "n_validation": len(questions),
            "validation_auc": float(areas[best + 1]),
            "validation_auc_unsteered": float(areas[0]),
            "shift": float(shifts[best]),
            "shift_limit": limit,
        }

    @property
    def _validation(self) -> list[Question]:
        limit = self.derivation.limit
        return ask_problems(self.model, read_validation([_VALIDATION[self.kind]], limit=limit))


def _mean(groups: Sequence[dict[int, Array]]) -> dict[int, Array]:
    """Mean over groups; a layer that one does not steer counts as 0 there."""
    layers = sorted({layer for group in groups for layer in group})
    return {
        layer: np.sum([group[layer] for group in groups if layer in group], axis=0) / len(groups)
        for layer in layers
    }
