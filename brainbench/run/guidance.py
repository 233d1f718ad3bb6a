"""The guidance suite, each finished step kept for resuming."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brainbench.datasets import Behavior, Recording, load_card, load_recording
from brainbench.errors import DataError, UsageError
from brainbench.guidance.evaluation.cached_prompts import LastTokenEvaluator, Question
from brainbench.guidance.evaluation.neutral import SOME, neutral_measure
from brainbench.guidance.evaluation.problem_tests import FOLIO, TESTS
from brainbench.guidance.evaluation.selection import STRENGTHS, SteeringGrid
from brainbench.guidance.evaluation.test_sets import TestQuestions, items_of, load_test
from brainbench.guidance.finetuning.recipes import Recipe
from brainbench.guidance.gains import scoring
from brainbench.guidance.layer_sets import ALL, MIDDLE, layer_sets
from brainbench.guidance.methods.directions import SteeringLoss, Training
from brainbench.guidance.methods.guiding import check_signals, notes_of
from brainbench.guidance.methods.registry import ONE_STEP, find_method, key_of
from brainbench.guidance.options import Extent, GuidanceOptions
from brainbench.guidance.rows import HELD_OUT, Dose, Form, Mode
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.guidance.signals import Signals, load_more_answers, read_signals
from brainbench.guidance.steering import plots
from brainbench.guidance.steering.experiment import (
    Chosen,
    SteeringPlan,
    choose_directions,
    read_training,
    steer_held_out,
    steer_problems,
)
from brainbench.guidance.steering.limits import ShiftLimit
from brainbench.guidance.steering.targeted import Targeted, search_score
from brainbench.models import LanguageModel, Model, Site
from brainbench.progress import Progress, within
from brainbench.results import RunFolder
from brainbench.run.clock import Clock
from brainbench.run.guided_finetuning import GuidedFinetuning
from brainbench.run.settings import Settings

_LOG = logging.getLogger(__name__)

DEFAULT_DATASET, SIMULATED_DATASET = "xiao2026", "phantom_guidance"
SITE: Site = "attention"
AnyGain = GuidanceScore | SearchScore
Part = tuple[str, type[AnyGain], Callable[[], Sequence[AnyGain]]]


@dataclass(frozen=True)
class GuidanceTask:
    """What a suite of guidance runs.

    Attributes
    ----------
    model : what is guided.
    options : what the user chose.
    extents : what the tier comes to, for each way of guiding.
    recording : whose people guide, with the ROIs that are used.
    rois : their names.
    more : answers of more people to the same problems, which weigh the items of steering.
    """

    model: LanguageModel
    options: GuidanceOptions
    extents: dict[Mode, Extent]
    recording: Recording
    rois: tuple[str, ...]
    more: Behavior | None = None


def plan_guidance(options: GuidanceOptions, model: Model, settings: Settings) -> GuidanceTask:
    """Check that the model can be guided, and load the recording that guides it.

    Parameters
    ----------
    options : what the user chose, with the ways of guiding.
    model : what is guided.
    settings : of the run; its seed, and how the model is asked.

    Raises
    ------
    UsageError
        When it is not a language model that brainbench runs, or is steered or thinks already.
    """
    if not isinstance(model, LanguageModel):
        raise UsageError(
            f"{model.identifier} is not a language model that brainbench runs, and guidance moves "
            "its states: give a hub id, a folder, a GGUF file, or LanguageModel.of(…)"
        )
    if settings.options.think or settings.options.readout != "last" or settings.options.steer:
        raise UsageError("--suite guidance goes without --think, --readout and --steer")
    for name in options.recipes:
        # which refuses what there is not
        if not Recipe(name).kind.guides:
            raise UsageError(f"no brain response takes part in the recipe {name!r}: name another")
    dataset = options.dataset or (SIMULATED_DATASET if model.builtin else DEFAULT_DATASET)
    card = load_card(dataset)
    rois = options.rois or (tuple(card.rois) if card.simulated else tuple(card.rois)[:1])
    _LOG.info("guidance by %s, %s", dataset, ", ".join(rois))
    recording = load_recording(dataset, rois)
    extents = {
        mode: options.extent(mode, model.device, model.builtin, settings.seed)
        for mode in options.modes
    }
    more = load_more_answers(card, options.answers) if "steering" in options.modes else None
    return GuidanceTask(model, options, extents, recording, rois, more)


@dataclass
class GuidanceRun:
    """Runs the modes of guidance that were asked for.

    Attributes
    ----------
    folder : where what is finished is kept.
    task : what is to be run.
    settings : seed and limit.
    report : called before each step.
    clock : counts what each step takes.
    """

    folder: RunFolder
    task: GuidanceTask
    settings: Settings
    report: Progress
    clock: Clock = field(default_factory=Clock)
    _loaded: dict[bool, dict[str, TestQuestions]] = field(default_factory=dict, init=False)

    def scores(self) -> Iterator[AnyGain]:
        """Each score, as its part is finished; what was finished before is read back."""
        parts = [part for roi in self.task.rois for part in self._parts(roi)]
        whole = self.report
        for number, (key, kind, make) in enumerate(parts):
            which = f"part {number + 1} of {len(parts)}, " if len(parts) > 1 else ""
            self.report = within(whole, which)
            found = self._kept(key, make)
            yield from (kind.model_validate(value) for value in found)

    def _parts(self, roi: str) -> list[Part]:
        """What is run of a region: key of the step, what it gives, and how it is made."""
        parts: list[Part] = []
        steered = self.task.extents.get("steering")
        if steered is not None and "published" in steered.forms:
            parts += [
                (f"search-{roi}-{kind}", SearchScore, partial(self._search, roi, kind))
                for kind in self._kinds
            ]
        if steered is not None and "controlled" in steered.forms:
            parts += [
                (
                    f"steering-{key_of(method)}{roi}",
                    GuidanceScore,
                    partial(self._steer, roi, method),
                )
                for method in self.task.options.methods
            ]
        if "finetuning" in self.task.options.modes:
            extent = self.task.extents["finetuning"]
            parts += [
                (
                    "-".join(("finetuning", *_named(form), recipe, roi)),
                    GuidanceScore,
                    partial(self._finetune, roi, form, recipe),
                )
                for form in extent.forms
                for recipe in extent.recipes(form)
            ]
        return parts

    # ------------------------------------------------------------ steering

    def _search(self, roi: str, kind: str) -> list[SearchScore]:
        layers = self._sets[MIDDLE]
        evaluator = LastTokenEvaluator(self.task.model, SITE, layers)
        training, held, questions = read_training(evaluator, self._signals(roi, kind))
        labels = np.array([question.label for question in questions])
        odds = np.zeros(len(questions))
        for part in held:
            odds[list(part.rows)] = part.ask().log_odds[:, 0]
        if not training.humans_beat_model:
            _LOG.warning(
                "%s, %s: the model has no item wrong that a person has right; no search for what "
                "would flip its answers",
                roi,
                kind,
            )
            return []
        targeted = Targeted(training, held, labels, odds, limit=self.settings.limit)
        extent = self.task.extents["steering"]
        rows, _ = targeted.run(extent.searched(), extent.seeds, self.report)
        return [search_score(targeted, rows, SITE, layers)]

    def _steer(self, roi: str, method: str) -> list[GuidanceScore]:
        every, facts = self._sets[ALL], find_method(method)
        evaluator = LastTokenEvaluator(self.task.model, SITE, every, facts.tokens)
        extent = self.task.extents["steering"]
        plan = SteeringPlan(
            extent.arms("steering"),
            extent.seeds,
            SteeringGrid(self._sets, STRENGTHS, len(every)),
            SteeringLoss(),
            method,
            neutral=ShiftLimit.at(evaluator, extent.limit),
        )
        way = scoring.Method("steering", "controlled", method, SITE, every)
        tests = self._tests("steering")
        found: list[GuidanceScore] = []
        signals: dict[str, Signals] = {}
        chosen: dict[str, tuple[list[Chosen], list[Dose]]] = {}
        beaten: dict[str, bool] = {}
        for kind in self._kinds:
            signals[kind] = read_signals(self.task.recording, roi, kind, more=self.task.more)
            check_signals(method, signals[kind])
            training, held, questions = read_training(evaluator, signals[kind])
            labels = np.array([question.label for question in questions])
            beaten[kind] = training.humans_beat_model or not facts.weighs
            answers, doses = steer_held_out(training, held, labels, plan, self.report)
            oracles = scoring.oracles_of(answers if facts.reads_item else ())
            read = scoring.Read(HELD_OUT, kind, items_of(questions), answers, oracles)
            found.append(
                scoring.score_test(
                    way,
                    read,
                    signals[kind],
                    extent,
                    doses=doses,
                    neutral=neutral_measure(extent.limit, SOME),
                    humans_beat_model=beaten[kind],
                    notes=notes_of(method, signals[kind]),
                )
            )
            if tests:
                validation = self._validation_of(kind, tests)
                chosen[kind] = choose_directions(evaluator, training, validation, plan, self.report)
                self._draw(roi, method, kind, training, labels, *chosen[kind])
        directions = [each for each, _ in chosen.values()]
        for number, (name, test) in enumerate(tests.items()):
            which = f"test {number + 1} of {len(tests)}, "
            answered = steer_problems(evaluator, test, directions, plan, within(self.report, which))
            for kind, answers in zip(chosen, answered, strict=True):
                read = scoring.Read(name, test.test.kind, test.items, answers)
                found.append(
                    scoring.score_test(
                        way,
                        read,
                        signals[kind],
                        extent,
                        doses=chosen[kind][1],
                        neutral=neutral_measure(extent.limit),
                        humans_beat_model=beaten[kind],
                        weighed=self.task.recording.behavior is not None and facts.weighs,
                        notes=notes_of(method, signals[kind]),
                    )
                )
        return found

    def _validation_of(self, kind: str, tests: dict[str, TestQuestions]) -> list[Question]:
        """Validation problems of a type; of any, where no test is of that type."""
        own = [test.validation for test in tests.values() if test.test.kind == kind]
        return (own or [test.validation for test in tests.values()])[0]

    def _draw(
        self,
        roi: str,
        method: str,
        kind: str,
        training: Training,
        labels: NDArray[np.int64],
        chosen: Sequence[Chosen],
        doses: Sequence[Dose],
    ) -> None:
        """States and directions as a picture, where matplotlib is installed."""
        if not plots.can_draw():
            _LOG.warning("no pictures: they need matplotlib, pip install 'brainbench[plot]'")
            return
        first = {each.arm: each.delta for each in reversed(chosen) if each.strength}
        scene = plots.Scene(
            f"{self.task.model.identifier}, {self.task.recording.card.name}.{roi}.{kind}"
            f"{'' if method == ONE_STEP else f', {method}'}",
            training.states,
            labels == 0,
            training.answer == labels,
            first,
            doses,
        )
        self.folder.save_picture(
            f"guidance-{key_of(method)}{roi}-{kind}", plots.draw_guidance(scene)
        )

    # ------------------------------------------------------------ fine-tuning

    def _finetune(self, roi: str, form: Form, recipe: str) -> list[GuidanceScore]:
        task = self.task
        return GuidedFinetuning(
            self.folder,
            task.model,
            task.extents["finetuning"],
            self._kinds,
            SITE,
            self._sets[MIDDLE],
            self._tests("finetuning"),
            self.settings.limit,
            self.report,
        ).scores(self._signals(roi, "all"), form, recipe)

    # ------------------------------------------------------------ parts

    @cached_property
    def _sets(self) -> dict[str, tuple[int, ...]]:
        return layer_sets(self.task.model.loader.config.get_text_config().num_hidden_layers)

    @cached_property
    def _kinds(self) -> tuple[str, ...]:
        return self.task.recording.card.reasoning_types

    def _tests(self, mode: Mode) -> dict[str, TestQuestions]:
        """Those that were asked for; else all, of simulated people those of their types."""
        orders = self.task.extents[mode].all_orders
        if orders not in self._loaded:
            self._loaded[orders] = self._load_tests(orders)
        return self._loaded[orders]

    def _load_tests(self, all_orders: bool) -> dict[str, TestQuestions]:
        asked = self.task.options.tests
        simulated = self.task.recording.card.simulated
        found = {}
        for name, test in TESTS.items():
            if name not in asked if asked else simulated and test.kind not in self._kinds:
                continue
            try:
                found[name] = load_test(
                    self.task.model, name, all_orders=all_orders, limit=self.settings.limit
                )
            except DataError as error:
                # a hub that is not there takes nothing else with it
                if asked or name != FOLIO:
                    raise
                _LOG.warning("FOLIO is left out: %s", error)
        return found

    def _signals(self, roi: str, kind: str) -> Signals:
        return read_signals(self.task.recording, roi, kind)

    def _kept(self, key: str, make: Callable[[], Sequence[AnyGain]]) -> list[dict[str, Any]]:
        kept = self.folder.get(key)
        if kept is None:
            with self.clock.on(key):
                kept = {"scores": [score.model_dump(mode="json") for score in make()]}
            self.folder.put(key, kept, {})
        found: list[dict[str, Any]] = kept["scores"]
        return found


def _named(form: Form) -> tuple[str, ...]:
    """A form in the name of a step; of the controlled one steps have no name."""
    return () if form == "controlled" else (form,)
