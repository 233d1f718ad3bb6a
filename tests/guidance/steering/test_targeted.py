"""Rows of the published search, each number found again in plain loops, and its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from simulated_signals import make_signals
from sklearn.metrics import roc_auc_score
from torch import Tensor

from brainbench.encoding.kernels import Array
from brainbench.errors import DataError
from brainbench.guidance.arms import (
    GUIDED,
    GUIDED_RESTARTS,
    LABEL_ONLY,
    PERMUTED,
    PERMUTED_RESTARTS,
    RANDOM,
    RANDOM_RESTARTS,
    RESTARTS,
    arms_of,
)
from brainbench.guidance.evaluation.cached_prompts import (
    LastTokenEvaluator,
    PrefilledBatch,
    ask_problems,
)
from brainbench.guidance.maps import fit_published
from brainbench.guidance.methods.directions import SteeringLoss, Training
from brainbench.guidance.objective import Objective
from brainbench.guidance.rows import SearchRow
from brainbench.guidance.score import SearchScore
from brainbench.guidance.steering import search as search_module
from brainbench.guidance.steering.asking import ask_all
from brainbench.guidance.steering.search import Search, scale_of, search
from brainbench.guidance.steering.targeted import SEARCHED, Targeted, search_score
from brainbench.guidance.verdict import read_search
from brainbench.models import LanguageModel

Tiny = Callable[..., LanguageModel]
LAYERS = (1, 2)
SEEDS = (0, 1)


def make_targeted(model: LanguageModel) -> Targeted:
    """Fourteen syllogisms; True and False are a third of the vocabulary each."""
    signals = make_signals(7, 2)
    choices = (tuple(range(3, 140)), tuple(range(140, 270)))
    questions = [replace(q, choices=choices) for q in ask_problems(model, signals.problems)]
    held = LastTokenEvaluator(model, "attention", LAYERS).hold(questions)
    told = ask_all(held, 14, None, states=True)
    labels = np.array([question.label for question in questions])
    return Targeted(
        Training(signals, told.states, told.answer[:, 0]), held, labels, told.odds[:, 0]
    )


@pytest.fixture(scope="module")
def targeted(tiny: Tiny) -> Iterator[Targeted]:
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(search_module, "STEPS", 40)
        yield make_targeted(tiny("llama", 2))


@pytest.fixture(scope="module")
def found(targeted: Targeted) -> tuple[list[SearchRow], dict[str, Search]]:
    return targeted.run(seeds=SEEDS)


Found = tuple[list[SearchRow], dict[str, Search]]


class TestRows:
    def test_of_every_arm_with_seeds_where_they_matter(self, found: Found) -> None:
        rows, first = found
        assert [row.arm for row in rows] == list(SEARCHED) == list(first)
        # all that steer, but for the model as it is; and those that exist here alone
        steers = {arm.name for arm in arms_of("steering")} - {"unguided"}
        assert set(SEARCHED) == steers | set(RESTARTS)
        drawn = {PERMUTED, RANDOM, "random fMRI", "random fMRI, no mean", *RESTARTS}
        for row in rows:
            assert row.n_seeds == (2 if row.arm in drawn else 1)

    def test_numbers_are_those_of_the_searches(self, targeted: Targeted, found: Found) -> None:
        rows, first = found
        sigma = scale_of(targeted.training.states).sigma
        flips = 0
        for row in (row for row in rows if row.n_seeds == 1):
            own = first[row.arm]
            done = [i for i, tries in enumerate(own.tries) if tries]
            flips += len(done)
            assert row.flipped == pytest.approx(len(done) / len(own.tries))
            assert row.n_flipped == len({int(own.pairs.items[i]) for i in done})
            assert row.reverted == own.reverted.sum()
            if not done:
                assert row.tries is None
                assert row.length is None
                continue
            assert row.tries == pytest.approx(np.mean([own.tries[i] for i in done]))
            lengths = [
                np.linalg.norm(own.delta[i, layer]) / sigma[layer] for i in done for layer in (0, 1)
            ]
            assert row.length == pytest.approx(np.mean(lengths))
        assert flips > 3

    def test_guided_is_held_against_every_other_arm_over_the_same_pairs(self, found: Found) -> None:
        own = {row.arm: row for row in found[0]}
        for row in (own.pop(arm) for arm in (GUIDED, GUIDED_RESTARTS)):
            assert (row.against, row.guided_minus, row.interval, row.p) == (None,) * 4
        for row in own.values():
            # like with like
            assert row.against == (GUIDED_RESTARTS if row.arm in RESTARTS else GUIDED)
            guided = next(each for each in found[0] if each.arm == row.against)
            assert row.guided_minus == pytest.approx(guided.flipped - row.flipped)
            assert row.interval is not None
            assert -1.0 <= row.interval[0] <= row.guided_minus <= row.interval[1] <= 1.0
            assert (row.p_corrected is None) == (row.arm == "label as fMRI")
            kept = True if row.arm in (LABEL_ONLY, RANDOM) else None
            assert row.one_direction == (False if row.arm in RESTARTS else kept)
            assert row.restarts == (row.arm in RESTARTS)

    def test_progress_says_which_arm_of_how_many(self, targeted: Targeted) -> None:
        seen: list[str] = []
        arms = (PERMUTED, GUIDED, RANDOM)
        targeted.run(arms, SEEDS, lambda step: seen.append(step.label))
        assert list(dict.fromkeys(seen)) == [
            "targeted search, arm 1 of 3, guided",
            "targeted search, arm 2 of 3, permuted fMRI, seed 1 of 2",
            "targeted search, arm 2 of 3, permuted fMRI, seed 2 of 2",
            "targeted search, arm 3 of 3, random direction, seed 1 of 2",
            "targeted search, arm 3 of 3, random direction, seed 2 of 2",
        ]

    def test_seeds_are_averaged(self, targeted: Targeted, found: Found) -> None:
        row = next(row for row in found[0] if row.arm == PERMUTED)
        own = [targeted.search(PERMUTED, seed) for seed in SEEDS]
        assert row.flipped == pytest.approx(np.mean([each.flipped.mean() for each in own]))
        assert row.reverted == pytest.approx(np.mean([each.reverted.sum() for each in own]))
        shares = sorted(each.flipped.mean() for each in own)
        assert row.flipped_range == pytest.approx(shares)
        assert next(each for each in found[0] if each.arm == GUIDED).flipped_range is None
        assert not np.array_equal(own[0].delta, own[1].delta)
        np.testing.assert_array_equal(own[0].delta, found[1][PERMUTED].delta)

    def test_what_the_mean_direction_does_to_all_items(
        self, targeted: Targeted, found: Found
    ) -> None:
        labels, before = targeted.labels, targeted.training.answer
        seen = 0
        for row in found[0]:
            own = found[1][row.arm]
            if not own.tries.any():
                assert row.direction_auc is None
                assert row.direction_gained is None
                continue
            seen += 1
            mean = np.mean([m for m, tries in zip(own.delta, own.tries, strict=True) if tries], 0)
            told = ask_all(targeted.held, 14, np.tile(mean, (14, 1, 1, 1)))
            answer, odds = told.answer[:, 0], told.odds[:, 0]
            gained = [i for i in range(14) if answer[i] == labels[i] != before[i]]
            lost = [i for i in range(14) if answer[i] != labels[i] == before[i]]
            assert (row.direction_gained, row.direction_lost) == (len(gained), len(lost))
            assert row.direction_true_rate == pytest.approx(np.mean(answer == 0))
            assert row.direction_auc == pytest.approx(roc_auc_score(labels == 0, odds))
            assert row.direction_balanced_accuracy == pytest.approx(recall(labels, answer))
        assert seen > 2


def recall(labels: Array, answer: Array) -> float:
    return float(np.mean([np.mean(answer[labels == label] == label) for label in (0, 1)]))


class TestArms:
    def test_guided_is_the_search_with_maps_of_these_very_items(
        self, targeted: Targeted, found: Found
    ) -> None:
        training = targeted.training
        maps = fit_published(training.states, training.signals.responses)
        expected = search(
            targeted.held,
            training.states,
            Objective(maps, training.signals.responses, "cosine", "raw"),
            targeted.pairs,
            scale_of(training.states),
        )
        np.testing.assert_array_equal(found[1][GUIDED].delta, expected.delta)

    def test_pairs_are_the_same_for_all(self, targeted: Targeted, found: Found) -> None:
        pairs, signals = targeted.pairs, targeted.training.signals
        assert len(pairs.items) > 10
        for person, item in zip(pairs.people, pairs.items, strict=True):
            assert targeted.training.answer[item] != targeted.labels[item]
            assert signals.right[person, item] == 1
        for own in found[1].values():
            np.testing.assert_array_equal(own.pairs.people, pairs.people)
            np.testing.assert_array_equal(own.pairs.items, pairs.items)

    def test_arms_without_signals_go_as_far_as_the_guided_search(self, found: Found) -> None:
        guided = found[1][GUIDED].lengths
        for name in (LABEL_ONLY, RANDOM):
            own = found[1][name].lengths
            for pair in range(len(own)):
                for number in np.flatnonzero(~np.isnan(own[pair, :, 0])):
                    # where the guided search had stopped, its last length
                    known = guided[pair, : number + 1][~np.isnan(guided[pair, : number + 1, 0])]
                    np.testing.assert_allclose(own[pair, number], known[-1])

    def test_label_only_goes_towards_the_right_answer(
        self, targeted: Targeted, found: Found
    ) -> None:
        states, labels = targeted.training.states, targeted.labels
        towards = states[labels == 0].mean(axis=0) - states[labels == 1].mean(axis=0)
        own = found[1][LABEL_ONLY]
        for delta, item in zip(own.delta, own.pairs.items, strict=True):
            cosines = (delta * towards).sum(-1)
            cosines /= np.linalg.norm(delta, axis=-1) * np.linalg.norm(towards, axis=-1)
            np.testing.assert_allclose(cosines, 1.0 if labels[item] == 0 else -1.0)

    def test_a_pair_keeps_one_random_direction_through_all_its_tries(
        self, targeted: Targeted, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guided = targeted.search(GUIDED, 0)
        pairs, met = targeted.pairs, []

        def ask(
            held: Sequence[PrefilledBatch], items: NDArray[np.intp], delta: Tensor
        ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
            met.append(delta.numpy())
            return np.full(len(items), -1), np.zeros(delta.shape, np.float32)

        monkeypatch.setattr(search_module, "ask_pairs", ask)
        found = targeted._one(RANDOM, 0, pairs, guided, lambda done, total: None)
        # nobody flips, so all pairs are there at every try
        lengths, last = guided.lengths.copy(), guided.lengths[:, 0]
        for number in range(lengths.shape[1]):
            last = np.where(np.isnan(lengths[:, number]), last, lengths[:, number])
            lengths[:, number] = last
        np.testing.assert_allclose(found.lengths, lengths)
        assert lengths.std(axis=1).max() > 0
        first = met[0] / np.linalg.norm(met[0], axis=-1, keepdims=True)
        for delta in met:
            units = delta / np.linalg.norm(delta, axis=-1, keepdims=True)
            cosines = np.einsum("rlu,plu->rpl", units, first)
            np.testing.assert_allclose(cosines.max(axis=1), 1.0)
        final = found.delta / np.linalg.norm(found.delta, axis=-1, keepdims=True)
        np.testing.assert_allclose((final * first).sum(axis=-1), 1.0)

    def test_a_random_direction_is_of_the_seed_and_the_pair(self, targeted: Targeted) -> None:
        pairs = targeted.pairs
        found = targeted._directions(RANDOM, 0, pairs)
        np.testing.assert_allclose(np.linalg.norm(found, axis=-1), 1.0)
        alike = np.einsum("rlu,plu->rpl", found, found)
        assert np.abs(alike[~np.eye(len(found), dtype=bool)]).max() < 0.9
        assert np.abs((found * targeted._directions(RANDOM, 1, pairs)).sum(axis=-1)).max() < 0.9
        # whichever other pairs there are, and in which order they are asked
        some = np.array([7, 2, 4])
        fewer = replace(pairs, people=pairs.people[some], items=pairs.items[some])
        np.testing.assert_array_equal(targeted._directions(RANDOM, 0, fewer), found[some])
        with pytest.raises(DataError, match="is not an arm of the targeted search"):
            targeted._directions("unguided", 0, targeted.pairs)

    def test_a_limit_searches_for_the_first_items_that_are_wrong(self, targeted: Targeted) -> None:
        few = replace(targeted, limit=2)
        wrong = sorted(set(targeted.pairs.items.tolist()))
        assert len(wrong) > 2
        assert sorted(set(few.pairs.items.tolist())) == wrong[:2]
        every = list(zip(targeted.pairs.people, targeted.pairs.items, strict=True))
        kept = list(zip(few.pairs.people, few.pairs.items, strict=True))
        assert kept == [pair for pair in every if pair[1] in wrong[:2]]
        rows, searches = few.run((GUIDED, RANDOM))
        assert all(len(each.flipped) == len(kept) for each in searches.values())
        score = search_score(few, rows, "attention", LAYERS)
        assert (score.n_pairs, score.n_wrong) == (len(kept), len(wrong))

    def test_no_pair_is_an_error(self, targeted: Targeted) -> None:
        training = replace(targeted.training, answer=targeted.labels)
        with pytest.raises(DataError, match="no item wrong that a person has right"):
            replace(targeted, training=training).run()


class TestScore:
    def test_what_was_there_before(self, targeted: Targeted, found: Found) -> None:
        score = search_score(targeted, found[0], "attention", LAYERS)
        assert score.identifier == "search/simulated.roi.syllogistic"
        answer, labels = targeted.training.answer, targeted.labels
        assert (score.n_people, score.n_items) == (3, 14)
        assert score.n_wrong == int((answer != labels).sum())
        assert score.n_pairs == len(targeted.pairs.items)
        assert score.true_rate == pytest.approx(np.mean(answer == 0))
        assert score.auc == pytest.approx(roc_auc_score(labels == 0, targeted.odds))
        assert score.balanced_accuracy == pytest.approx(recall(labels, answer))
        assert (score.loss, score.centring, score.layers) == ("cosine", "raw", [1, 2])
        assert SearchScore.model_validate_json(score.model_dump_json()) == score
        flat = frozenset({"label as fMRI"})
        assert score.reading == read_search(found[0], score.auc, flat)
        assert "label as fMRI" not in score.reading

    def test_it_warns_of_what_it_cannot_show(self, targeted: Targeted, found: Found) -> None:
        def warnings(way: SteeringLoss, rows: list[SearchRow]) -> tuple[str, ...]:
            return search_score(replace(targeted, way=way), rows, "attention", LAYERS).warnings

        rows = found[0]
        published = warnings(SteeringLoss("cosine", "raw"), rows)
        assert "a flip is not evidence that anything was learned" in published[0]
        assert published[1].startswith("label as fMRI: its predictions have one dimension")
        assert len(published) == 2
        assert len(warnings(SteeringLoss("pearson", "intercept"), rows)) == 2
        for way in (SteeringLoss(), SteeringLoss("cosine", "intercept")):
            assert len(warnings(way, rows)) == 1
        assert len(warnings(SteeringLoss("cosine", "raw"), rows[:1])) == 1

    def test_and_rightly(self, targeted: Targeted, found: Found) -> None:
        """Labels in place of responses: no angle, no way to go; with squares there is one."""
        row = next(row for row in found[0] if row.arm == "label as fMRI")
        assert row.flipped == 0.0
        squares = replace(targeted, way=SteeringLoss("mse", "raw")).search("label as fMRI", 0)
        guided = found[1][GUIDED]
        assert np.nanmean(squares.lengths[:, 0]) > 0.3 * np.nanmean(guided.lengths[:, 0])


def row_of(arm: str, flipped: float, **more: object) -> SearchRow:
    names = ("gained", "lost", "true_rate", "auc", "balanced_accuracy")
    nothing = {f"direction_{name}": None for name in names}
    values = {"n_seeds": 1, "n_flipped": 1, "tries": 1.0, "length": 1.0, "reverted": 0.0}
    return SearchRow(arm=arm, flipped=flipped, **{**values, **nothing, **more})  # type: ignore[arg-type]


class TestReading:
    def test_baselines_that_flip_as_much_are_named(self) -> None:
        one = row_of(RANDOM, 0.9, one_direction=True)
        rows = [row_of(GUIDED, 0.8), row_of(PERMUTED, 0.8), one, row_of("x", 0.79)]
        assert read_search(rows, 0.5) == (
            "brain signals flip 80% of the targeted answers; as many or more flip with "
            "permuted fMRI 80%, random direction 90%"
        )

    def test_or_the_best_of_those_that_do_not(self) -> None:
        rows = [
            row_of(PERMUTED, 0.3), row_of(GUIDED, 0.8), row_of(RANDOM, 0.5, one_direction=True)
        ]  # fmt: skip
        assert read_search(rows, 0.5) == (
            "brain signals flip 80% of the targeted answers; the best baseline, random "
            "direction, 50%"
        )
        assert read_search(rows[1:2], 0.5) == "brain signals flip 80% of the targeted answers"

    def test_intervals_decide_what_is_more(self) -> None:
        def against(
            arm: str, minus: float, ends: tuple[float, float], p: float | None
        ) -> SearchRow:
            return row_of(
                arm, 0.6 - minus, guided_minus=minus, interval=ends, p=0.01, p_corrected=p,
                one_direction=True if arm == RANDOM else None,
            )  # fmt: skip

        rows = [
            row_of(GUIDED, 0.6),
            against(PERMUTED, 0.2, (0.05, 0.4), 0.02),
            against("random fMRI", 0.2, (0.05, 0.4), 0.06),  # not after correction
            against("label as fMRI", 0.6, (0.3, 0.9), None),
            against(LABEL_ONLY, -0.4, (-0.6, -0.2), 0.01),
            against(RANDOM, -0.1, (-0.3, 0.1), 0.4),
        ]
        # without power it says nothing
        assert read_search(rows, 0.5, frozenset({"label as fMRI"})) == (
            "brain signals flip 60% of the targeted answers; more than with permuted fMRI 40% "
            "(+20.0 points [5.0, 40.0]); fewer than with label only 100% (-40.0 points [-60.0, "
            "-20.0]); no clear difference to random fMRI 40% (+20.0 points [5.0, 40.0]), random "
            "direction 70% (-10.0 points [-30.0, 10.0])"
        )
        untested = against(PERMUTED, 0.2, (0.05, 0.4), None)
        assert read_search([rows[0], untested], 0.5) == (
            "brain signals flip 60% of the targeted answers; not tested against permuted fMRI 40% "
            "(+20.0 points [5.0, 40.0])"
        )

    def test_restarts_are_held_against_restarts(self) -> None:
        def drawn(arm: str, flipped: float, **more: object) -> SearchRow:
            return row_of(arm, flipped, one_direction=False, **more)

        ends = {"guided_minus": -0.04, "interval": (-0.1, 0.02), "p": 0.3, "p_corrected": 0.3}
        rows = [
            row_of(GUIDED, 0.4), row_of(PERMUTED, 0.5), row_of(RANDOM, 0.3, one_direction=True),
            drawn(GUIDED_RESTARTS, 0.9),
            drawn(PERMUTED_RESTARTS, 0.94, against=GUIDED_RESTARTS, **ends),
            drawn(RANDOM_RESTARTS, 1.0, against=GUIDED_RESTARTS, **ends),
        ]  # fmt: skip
        assert read_search(rows, 0.5) == (
            "brain signals flip 40% of the targeted answers; one random direction flips 30%, 40 of "
            "them, one a try, 100%; as many or more flip with permuted fMRI 50%; with a map drawn "
            "anew at every try brain signals flip 90%; no clear difference to permuted fMRI, "
            "restarts 94% (-4.0 points [-10.0, 2.0]), random restarts 100% (-4.0 points "
            "[-10.0, 2.0])"
        )

    def test_an_older_random_direction_reads_as_random_restarts(self) -> None:
        old = row_of(RANDOM, 1.0, guided_minus=-0.6, interval=(-0.9, -0.3))
        assert (old.arm, old.one_direction, old.against) == (RANDOM_RESTARTS, False, None)
        # forty chances are not compared with one
        assert read_search([row_of(GUIDED, 0.4), old], 0.5) == (
            "brain signals flip 40% of the targeted answers; 40 random directions, one a try, "
            "flip 100%"
        )
        assert SearchRow.model_validate_json(old.model_dump_json()) == old

    def test_what_the_direction_does_elsewhere(self) -> None:
        row = row_of(
            GUIDED, 1.0, direction_gained=3, direction_lost=4, direction_true_rate=0.9,
            direction_auc=0.61,
        )  # fmt: skip
        assert read_search([row], 0.625) == (
            "brain signals flip 100% of the targeted answers; their mean direction, added to all "
            "items, rights 3 and spoils 4; True is then the answer to 90%, and the AUC of log-odds "
            "is 0.610 (before: 0.625)"
        )
