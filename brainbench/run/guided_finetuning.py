"""Fine-tuning in the guidance suite: every arm trained, then asked; each that is done is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from brainbench.guidance.answers import ArmAnswers
from brainbench.guidance.arms import arms_of
from brainbench.guidance.evaluation.cached_prompts import Question, ask_problems
from brainbench.guidance.evaluation.neutral import NeutralPassages, Shift, neutral_measure
from brainbench.guidance.evaluation.problem_tests import TESTS
from brainbench.guidance.evaluation.test_sets import TestQuestions, items_of, read_validation
from brainbench.guidance.finetuning import experiment
from brainbench.guidance.finetuning.experiment import FinetuningPlan, TestAnswers, TrainedArm
from brainbench.guidance.finetuning.recipes import RECIPES, Budget
from brainbench.guidance.gains import scoring
from brainbench.guidance.options import Extent
from brainbench.guidance.rows import HELD_OUT, TRAINED_ON, ArmAlignment, Form
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.signals import Signals
from brainbench.guidance.steering.experiment import arm_of
from brainbench.models import LanguageModel, Site
from brainbench.progress import Progress, Step
from brainbench.results import RunFolder

# what the epoch is chosen on
_VALIDATION_TESTS = ("three premises, syllogistic", "three premises, transitive")
_BUDGET = Budget(batch_size=8, accumulation=1, patience=0)
# the control of a recipe that learns the problems' text
_TEXT_ALONE = "stimulus only"


@dataclass(frozen=True)
class GuidedFinetuning:
    """The fine-tuning of one run.

    Attributes
    ----------
    folder : where adapters and answers are kept.
    model : what is trained.
    extent : arms, seeds and epochs.
    kinds : reasoning types of the dataset, whose validation problems choose.
    site, layers : what is trained and looked at.
    tests : by name.
    limit : of validation problems in the published form, for trying out.
    report : called before each step.
    """

    folder: RunFolder
    model: LanguageModel
    extent: Extent
    kinds: tuple[str, ...]
    site: Site
    layers: tuple[int, ...]
    tests: Mapping[str, TestQuestions]
    limit: int | None
    report: Progress

    def scores(self, signals: Signals, form: Form, recipe: str) -> list[GuidanceScore]:
        """Train and ask every arm in one way.

        Parameters
        ----------
        signals : of all items. The controlled form trains on half of the runs, the published form
            on all, whose own items are then no test.
        form : ``controlled`` or ``published``.
        recipe : name of the recipe that signals are used in.
        """
        controlled = form == "controlled"
        everything = np.arange(len(signals.labels))
        train, test = experiment.split_runs(signals) if controlled else (everything, everything)
        own = signals.at(train)
        plain = experiment.ask_plainly(self.model, ask_problems(self.model, own.problems))
        beaten = own.humans_beat_model(plain.answer[:, 0])
        validation = self._validation(form)
        plan = self._plan(form, recipe, "wrong" if beaten else "all", validation)
        roi = signals.source.split(".")[1]
        where = (recipe,) if controlled else (form, recipe)
        place = self.folder.path.joinpath("finetuned", roi, *where)
        trained = experiment.train_arms(self.model, own, plan, place, self.report)
        items = ask_problems(self.model, signals.at(test).problems)
        answered: dict[str, list[TestAnswers]] = {}
        after, shifts = [], []
        for number, each in enumerate(trained):
            which = arm_of(each.arm, number, len(trained))
            self.report(Step(f"asking after training, {which}", number, len(trained)))
            key = "-".join(("asked", roi, *where, each.arm, str(each.row)))
            found, r, shift = self._asked(key, each, items, validation, (signals, test))
            after.append(r)
            shifts.append(shift)
            for name, answers in found.items():
                answered.setdefault(name, []).append(answers)
        rows: list[ArmAlignment] = []
        if controlled:
            before = experiment.alignment(self.model, signals, test)
            rows = experiment.compare_alignment(before, trained, after)
        way = scoring.Method("finetuning", form, recipe, self.site, self.layers)
        found_scores = []
        for name, all_answers in answered.items():
            arms: dict[str, ArmAnswers] = experiment.gather(
                trained, all_answers, len(self.extent.seeds), shifts
            )
            new = self.tests.get(name)
            read = scoring.Read(
                name if controlled or new else TRAINED_ON,
                "all" if new is None else new.test.kind,
                items_of(items) if new is None else new.items,
                arms,
            )
            found_scores.append(
                scoring.score_test(
                    way,
                    read,
                    signals,
                    self.extent,
                    alignment=rows,
                    neutral=neutral_measure(plan.limit),
                    humans_beat_model=beaten,
                    notes=() if controlled else self._notes(plan),
                )
            )
        return found_scores

    def _plan(
        self, form: Form, recipe: str, guided_items: str, validation: list[Question]
    ) -> FinetuningPlan:
        arms = self.extent.arms("finetuning")
        if RECIPES[recipe].reads_text and _TEXT_ALONE not in arms:
            wanted = {*arms, _TEXT_ALONE}
            ordered = [arm.name for arm in arms_of("finetuning") if arm.name in wanted]
            arms = (*ordered, *(name for name in arms if name not in ordered))
        if form == "published":
            plan = experiment.published_plan(
                arms, self.extent.seeds, recipe, self.extent.published_epochs
            )
        else:
            budget = replace(_BUDGET, epochs=self.extent.epochs)
            plan = FinetuningPlan(
                arms, self.extent.seeds, recipe, budget=budget, limit=self.extent.limit
            )
        return replace(plan, guided_items=guided_items, validation=tuple(validation))

    def _asked(
        self,
        key: str,
        trained: TrainedArm,
        items: list[Question],
        validation: list[Question],
        aligned: tuple[Signals, Any],
    ) -> tuple[dict[str, TestAnswers], float, Shift]:
        """Answers of an arm to every test, alignment with held-out runs, shift of neutral text."""
        kept = self.folder.get(key)
        if kept is None:
            # what the model as it is predicts, before an adapter lies in it
            passages = self._passages
            with experiment.as_trained(self.model, trained) as now:
                answered = {HELD_OUT: experiment.answer_questions(now, items, validation)}
                for name, problems in self.tests.items():
                    answered[name] = experiment.answer_test(now, problems)
                signals, test = aligned
                whole = len(test) == len(signals.labels)
                r = None if whole else experiment.alignment(now, signals, test)
                shift = passages.shift(now)
            kept = {
                "answers": {name: a.facts() for name, a in answered.items()},
                "alignment": r,
                "shift": [shift.kl.tolist(), shift.rise.tolist()],
            }
            self.folder.put(key, kept, {})
        answers = {name: TestAnswers.of(facts) for name, facts in kept["answers"].items()}
        r = float("nan") if kept["alignment"] is None else float(kept["alignment"])
        return answers, r, Shift(*(np.asarray(each) for each in kept["shift"]))

    @cached_property
    def _passages(self) -> NeutralPassages:
        return NeutralPassages(self.model)

    def _validation(self, form: Form) -> list[Question]:
        """Each problem once; in the published form in every order of its premises."""
        published = form == "published"
        return [
            question
            for name in _VALIDATION_TESTS
            if TESTS[name].kind in self.kinds
            for question in ask_problems(
                self.model,
                read_validation(
                    TESTS[name].sets, all_orders=published, limit=self.limit if published else None
                ),
            )
        ]

    def _notes(self, plan: FinetuningPlan) -> tuple[str, ...]:
        """Where the published form is not the paper's."""
        weights = ", ".join(f"{weight:g}" for weight in plan.weights)
        return (
            f"as published: all scanner items train; λ of {weights} and the epoch, of at most "
            f"{plan.budget.epochs}, by accuracy on {len(plan.validation)} validation questions, "
            "never on a test; an arm without λ is tried as often, from other first weights",
            f"weights in {self.model.dtype}, the adapter in float32; in the paper both in bfloat16",
        )
