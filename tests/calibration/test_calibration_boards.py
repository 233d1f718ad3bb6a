"""Boards of equal models: exchangeable by construction, counted rightly, and as the docs say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from scipy import stats

import brainbench
from brainbench.benchmarks.ladder.detectable import SimulatedPeople
from brainbench.benchmarks.ladder.scoring import Ladder
from brainbench.calibration.boards import (
    LadderArrays,
    PublishedArrays,
    Sizes,
    World,
    board_named,
    expected_accuracy,
    ladder_scenarios,
    simulate_accuracy,
    simulate_behavior,
    simulate_ladder,
    simulate_overall,
    simulated_designs,
)
from brainbench.calibration.boards_counts import count_boards, share_of
from brainbench.calibration.ladder.models import SimulatedModels, distinguishable, draw_board
from brainbench.calibration.people import of_exchanged_rows
from brainbench.datasets import PhantomDesign, PhantomRoi, load_card, simulate
from brainbench.datasets.phantom import load_problems
from brainbench.encoding.controlled.folds import permutations
from brainbench.leaderboard.boards.bootstrap import ScoreDraws
from brainbench.leaderboard.boards.ranking import rank_scores
from brainbench.leaderboard.boards.simulated import (
    Share,
    Simulated,
    load_simulated,
    simulated_words,
)
from brainbench.models import Activations
from scripts import load_script

ROOT = Path(brainbench.__file__).parent.parent
TOY = Sizes(models=2, ladder=(2, 1), worlds=(1, 2, 3), boards=2, more_published=1)


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return load_script("simulate_boards")


@pytest.fixture(scope="module")
def measured() -> Simulated:
    found = load_simulated()
    assert found is not None
    return found


@pytest.fixture(scope="module")
def models() -> SimulatedModels:
    """Of the ladder, with five simulated people in place of measured ones."""
    problems = load_problems()
    features = np.random.default_rng(0).standard_normal((len(problems), 20))
    rois = {"one": PhantomRoi(voxels=20, signal=0.3)}
    design = PhantomDesign(seed=1, subjects=5, rois=rois, repeats=1)
    made = simulate(design, features, problems, load_card("phantom"))
    recording = replace(made, card=made.card.model_copy(update={"rois": {"one": 20}}))
    ladder = Ladder.prepare(recording, 0, draws=600)
    model = Activations({"hidden": features[:, None, :]}, {"hidden": (0,)})
    return SimulatedModels(SimulatedPeople(ladder.types, ladder.layers(model)))


@pytest.fixture(scope="module")
def ran(
    script: ModuleType, models: SimulatedModels, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Simulated, Path]:
    """Every row at toy size, and the folder that keeps the slow part."""
    kept = tmp_path_factory.mktemp("worlds")
    return script.simulate(TOY, 3, kept, models, "toy"), kept


@pytest.mark.exhaustive
def test_the_script_makes_every_row_and_goes_on_after_what_is_kept(
    script: ModuleType, models: SimulatedModels, ran: tuple[Simulated, Path], measured: Simulated,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    found, kept = ran
    # the rows of the shipped file, board by board
    assert [(row.board, row.scenario) for row in found.rows] == [
        (row.board, row.scenario) for row in measured.rows
    ]
    assert [row.boards for row in found.rows] == [2, 2, 2, 2, 2, 4, 4, 3, 3, 2]
    assert [row.models for row in found.rows] == [2, 2, 4, 12, 2, 2, 2, 2, 2, 2]
    assert len(list(kept.iterdir())) == 2 * 4 + 1
    for name in ("simulate_ladder", "simulate_published"):
        monkeypatch.setattr(script, name, lambda *given: pytest.fail("computed again"))
    assert script.simulate(TOY, 3, kept, models, "toy").rows == found.rows


def test_the_table_of_the_docs_is_the_one_of_the_data(
    script: ModuleType, measured: Simulated
) -> None:
    text = (ROOT / "docs" / "leaderboard.md").read_text("utf-8")
    assert script.table(measured) in text


def test_sentences_of_the_docs_are_those_of_the_data(measured: Simulated) -> None:
    same, new = measured.of("behavior")
    assert same.covers_same is not None
    apart, anew = (f"{100 * share.rate:.0f} of 100" for share in (new.apart, new.covers_new))
    of_accuracy = sorted({f"{100 * row.apart.rate:.0f}" for row in measured.of("accuracy")})
    assert max(row.apart.rate for board in ("alignment", "behavior")
               for row in measured.of(board)) == 0.0  # fmt: skip
    nothing, *planted = measured.of("alignment")
    boards = sum(row.boards for row in (nothing, *planted))
    ranked = sum(round(row.apart.rate * row.boards) for row in (nothing, *planted))
    low, high = (f"{100 * end(row.covers_new.rate for row in planted):.0f}" for end in (min, max))
    planted_held = low if low == high else f"{low} to {high}"
    said = {
        "leaderboard": [f"{ranked or 'none'} of {boards} boards",
                        f"would give in {planted_held} of 100 where people hold something",
                        f"and in {100 * nothing.covers_new.rate:.0f} of 100 where they know",
                        f"and {apart} boards say so",
                        f"new people on new problems would give in {anew}"],
        "how-to-read-a-score": [f"above another in {' to '.join(of_accuracy)} of 100 boards",
                                "those of alignment and behaviour in none",
                                f"new people would give on new problems in {anew}"],
    }  # fmt: skip
    for page, sentences in said.items():
        text = " ".join((ROOT / "docs" / f"{page}.md").read_text("utf-8").split())
        assert [one for one in sentences if one not in text] == []


def test_equal_models_of_the_ladder_are_seldom_ranked(measured: Simulated) -> None:
    """In no more than 5 of 100 boards, of as many as docs/leaderboard.md says."""
    rows = measured.of("alignment")
    assert {row.models for row in rows} == {2, 4, 12}
    assert sum(row.boards for row in rows) >= 500
    assert all(row.apart.rate <= 0.05 for row in rows)


def test_words_of_a_board_are_those_of_its_rows(measured: Simulated) -> None:
    def share(rate: float) -> Share:
        return Share(rate=rate, interval=(0.0, 1.0))

    row = measured.of("behavior")[0].model_copy(
        update={"covers_same": share(0.951), "covers_new": share(0.82), "apart": share(0.004)}
    )
    other = row.model_copy(update={"covers_new": share(0.999), "apart": share(0.2)})
    found = measured.model_copy(update={"rows": (row, other)})
    assert simulated_words(board_named("behavior"), found) == (
        "On simulated boards of 4 equal models, intervals that aim at 95 % held the true score in "
        "95 of 100 for new people on the same problems and 82 to 99.9 of 100 for new people on new "
        "problems; 0.4 to 20 of 100 boards ranked some model above another."
    )
    changed = board_named("behavior").model_copy(update={"draws": 500})
    for board, known in ((changed, found), (board_named("guidance-steering"), found),
                         (board_named("behavior"), None)):  # fmt: skip
        assert "has not been simulated" in simulated_words(board, known)


def test_boards_of_the_ladder_are_ranked_by_the_test_of_pairs(models: SimulatedModels) -> None:
    """As ``brainbench calibrate`` counts them; people are drawn in place of the jackknife."""
    unlike = 0
    for number in range(8):
        rng = [np.random.default_rng([0, number]) for _ in range(2)]
        found = draw_board(models, (3, 0.3, 0.5), rng[0], equal=number % 2 == 0)
        arrays = LadderArrays(
            *(np.array([[getattr(one, name) for one in found]])
              for name in ("z", "null", "without_person"))
        )  # fmt: skip
        (world,) = arrays.worlds()
        assert world.truth is None
        (board,) = world.boards
        assert board.scores.tolist() == [one.z for one in found]
        ranked = rank_scores(board.scores, board.draws, board.units)
        unlike += bool((ranked.best > 1).any()) != distinguishable(found)
    # where one is hardly above another, 1,000 draws may say otherwise
    assert unlike <= 1


def test_boards_of_the_ladder_have_new_people_and_items(models: SimulatedModels) -> None:
    one, other = (simulate_ladder(models, (2, 0.2, 0.5), 3, 0, batch) for batch in (0, 1))
    assert one.z.shape == (3, 2)
    assert one.null.shape == (3, 2, 500)
    assert one.without_person.shape == (3, 2, 5)
    assert len(np.unique([one.z, other.z])) == 12
    again = simulate_ladder(models, (2, 0.2, 0.5), 3, 0, 1)
    assert np.array_equal(other.z, again.z)
    # what all models make of people is found, and nothing where there is nothing
    nothing = simulate_ladder(models, (2, 0.0, 0.0), 3, 0, 0)
    assert one.z.mean() > nothing.z.mean() + 2.0
    assert {design[0] for design in ladder_scenarios(4).values()} == {2, 4, 12}


def test_published_models_are_scored_as_the_pipeline_scores(
    script: ModuleType, ran: tuple[Simulated, Path]
) -> None:
    published = script.load(PublishedArrays, next(ran[1].glob("published-*-0.npz")))
    assert published.people.shape == (6, 2, 2, 10)
    assert published.groups == 3
    medians = np.median(published.people[:, :, 1], axis=-1)
    assert np.allclose(published.world().boards[1].scores, medians.mean(axis=0))


def test_models_of_a_published_board_differ_by_their_rows_alone() -> None:
    design = simulated_designs()[0]
    orders = permutations(design.runs, 3, np.random.default_rng(0))
    models = [of_exchanged_rows(design, order) for order in orders]
    for model, order in zip(models, orders, strict=True):
        assert np.array_equal(model.layers, design.layers[:, order][:, :, order])
        # within runs: what is held out stays whole
        assert [design.runs[i] for i in order] == design.runs


def test_models_that_err_on_as_many_problems_of_every_kind_are_equal_on_these() -> None:
    boards = [simulate_behavior(True, TOY, 0, i).boards for i in range(40)]
    gaps = np.array([board.scores[0] - board.scores[1] for world in boards for board in world])
    # neither is better, and two boards of one world differ as boards of two worlds do
    assert abs(gaps.mean()) < 4 * gaps.std() / np.sqrt(len(gaps))
    own = gaps.reshape(40, 2)
    assert abs(np.corrcoef(own.T)[0, 1]) < 0.45
    by_chance = [simulate_behavior(False, TOY, 0, i) for i in range(20)]
    wider = [board.scores[0] - board.scores[1] for world in by_chance for board in world.boards]
    assert np.corrcoef(np.reshape(wider, (20, 2)).T)[0, 1] > 0.6


@pytest.mark.parametrize("ability", [1.0, 4.0])
def test_accuracy_is_what_is_expected(ability: float) -> None:
    scores = [simulate_accuracy(ability, TOY, 0, i).boards[0].scores for i in range(30)]
    expected = expected_accuracy(ability)
    nodes = np.random.default_rng(0).standard_normal(100_000)
    assert expected == pytest.approx((1 / (1 + np.exp(-ability - nodes))).mean(), abs=0.005)
    error = np.std(scores, ddof=1) / np.sqrt(np.size(scores))
    assert np.mean(scores) == pytest.approx(expected, abs=4 * error)


def test_overall_boards_join_the_boards_in_their_order() -> None:
    one, two = (
        World(tuple(ScoreDraws(np.array(s), np.tile(s, (5, 1)), 9.0) for s in scores))
        for scores in ([[1.0, 2.0], [2.0, 1.0]], [[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    )
    found = list(simulate_overall([[one], [two]]))
    assert [world.boards[0].scores.tolist() for world in found] == [[0.0, 1.0], [0.5, 0.5]]


def test_counts_of_worlds_whose_truth_is_known() -> None:
    """Normal scores: intervals hold 95 of 100 where the error is right, far fewer at a half."""
    rng = np.random.default_rng(0)

    def world(error: float) -> World:
        scores = rng.standard_normal((20, 3))
        boards = (ScoreDraws(own, rng.normal(own, error, (200, 3)), np.inf) for own in scores)
        return World(tuple(boards), np.zeros(3))

    right, narrow = (
        count_boards("alignment", "x", [world(error) for _ in range(20)]) for error in (1.0, 0.5)
    )
    assert right.covers_same == right.covers_new
    assert right.covers_same is not None
    assert right.covers_same.interval[0] < 0.95 < right.covers_same.interval[1]
    assert right.apart.interval[0] < 0.05 < right.apart.interval[1]
    # all are equal: whoever is put above another is put there wrongly
    assert right.apart == right.wrong_same
    assert narrow.covers_new.rate == pytest.approx(2 * stats.norm.cdf(0.98) - 1, abs=0.04)
    assert narrow.apart.rate > 0.3


def test_where_items_are_new_a_score_is_held_against_the_mean_of_all() -> None:
    rng = np.random.default_rng(0)
    worlds = [
        World((ScoreDraws(own, rng.normal(own, 1.0, (200, 3)), np.inf),))
        for own in rng.normal(2.0, 1.0, (300, 3))
    ]
    found = count_boards("alignment", "x", worlds)
    assert (found.covers_same, found.wrong_same) == (None, None)
    assert found.covers_new.rate == pytest.approx(0.95, abs=0.03)
    assert found.apart.interval[0] < 0.05 < found.apart.interval[1]


def test_a_truth_that_boards_are_part_of_is_put_further_away() -> None:
    """Two groups: their mean is nearer to each than that of others is, by √2."""
    drawn = ScoreDraws(
        np.array([1.0]), np.random.default_rng(0).normal(1.0, 1.0, (50_000, 1)), np.inf
    )
    for truth, groups, held in ((-0.9, np.inf, True), (-0.9, 2, False), (-0.3, 2, True)):
        world = World((drawn,), np.array([truth]), groups)
        found = count_boards("alignment", "x", [world]).covers_same
        assert found is not None
        assert bool(found.rate) is held


def test_interval_of_a_share_is_exact_and_wider_where_worlds_differ() -> None:
    alone = [np.array([hit]) for hit in (1, 0, 0, 1, 0, 0, 0, 0, 0, 0)]
    exact = stats.binomtest(2, 10).proportion_ci(method="exact")
    # means of ten worlds of one board vary as a share does, but for n - 1
    assert share_of(alone).interval == pytest.approx((exact.low, exact.high), abs=0.03)
    alike = [np.full(10, hit) for hit in (1, 0, 0, 1, 0, 0, 0, 0, 0, 0)]
    spread = [np.arange(10) < 2 for _ in range(10)]
    assert share_of(alike).rate == share_of(spread).rate == 0.2
    assert np.ptp(share_of(alike).interval) > 2 * np.ptp(share_of(spread).interval)
    none, every = share_of([np.zeros(50)] * 4), share_of([np.ones(50)] * 4)
    assert none.interval == pytest.approx((0.0, 1 - 0.025 ** (1 / 200)))
    assert every.interval == pytest.approx((0.025 ** (1 / 200), 1.0))


def test_arrays_go_through_a_file(script: ModuleType, tmp_path: Path) -> None:
    arrays = LadderArrays(np.ones((2, 3)), np.zeros((2, 3, 5)), np.ones((2, 3, 4)))
    script.save(arrays, tmp_path / "one.npz")
    read = script.load(LadderArrays, tmp_path / "one.npz")
    assert np.array_equal(read.null, arrays.null)
    assert len(read.worlds()) == 2
