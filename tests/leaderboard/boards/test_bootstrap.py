"""What a bootstrap draws from: people and problems, as the record and samples hold them."""

from __future__ import annotations

import numpy as np
import pytest
from synthetic_runs import make_run

from brainbench.benchmarks import LadderScore
from brainbench.encoding.ladder.effect import jackknife_variance
from brainbench.encoding.ladder.pairs import Found, compare_pair
from brainbench.leaderboard.boards.board import Board, load_boards
from brainbench.leaderboard.boards.bootstrap import draw_scores, read_cells
from brainbench.leaderboard.boards.ranking import _p_values
from brainbench.leaderboard.kinds.cells import EntryCell, found_cell, kappa_cell
from brainbench.leaderboard.submissions.submission import Submission

BOARDS = {board.name: board for board in load_boards()}


def submission(seed: int = 0, **truth: object) -> Submission:
    from pathlib import Path

    record, samples = make_run(seed, **truth)  # type: ignore[arg-type]
    return Submission(Path("somewhere"), None, record, samples)


def board(statistic: str, kind: str, draws: int = 4000) -> Board:
    return Board(name="b", title="B", page="b", kind=kind, label="l", what="w",
                 statistic=statistic, benchmarks={"one": 1, "two": 1}, draws=draws)  # fmt: skip


def test_the_cell_of_the_ladder_is_z_beyond_position() -> None:
    one = submission(effect=0.003)
    (score,) = LadderScore.read_from(one.record)
    cell = read_cells(BOARDS["alignment"], one)[score.benchmark]
    assert cell.value == score.headline == pytest.approx(6.0, abs=3.0)
    assert cell.value == pytest.approx(cell.parts.mean())
    assert cell.units == score.context.compared.subjects
    assert np.array_equal(cell.null, score.context.compared.null)
    assert cell.orders == score.context.compared.orders


def test_published_cells_are_medians_over_people() -> None:
    one = submission(kinds=("published",))
    heads = {score.benchmark: score.raw for score in one.record.published}
    cells = read_cells(BOARDS["alignment-published"], one)
    assert {name: cell.value for name, cell in cells.items()} == pytest.approx(heads)


def test_behaviour_cells_are_those_of_the_record() -> None:
    one = submission()
    found = read_cells(BOARDS["behavior"], one)
    for score in one.record.behavior:
        assert found[score.benchmark].value == pytest.approx(score.error_consistency.value)


def test_accuracy_cells_are_the_balanced_accuracy_of_the_answers() -> None:
    one = submission(ability=0.8)
    found = read_cells(BOARDS["accuracy"], one)
    for bias in one.record.answer_bias:
        assert found[bias.task].value == pytest.approx(bias.balanced_accuracy)
        assert len(found[bias.task].units) == bias.n_clusters


def test_means_over_people_have_the_error_of_a_mean() -> None:
    rng = np.random.default_rng(0)
    names = tuple(f"p{i}" for i in range(12))
    values = rng.normal(size=(2, 12))
    cells = [
        {key: EntryCell(float(own.mean()), names, own, "mean") for key in ("one", "two")}
        for own in values
    ]
    found = draw_scores(board("raw_r", "controlled"), cells)
    assert found.units == 12
    assert np.allclose(found.scores, values.mean(axis=1))
    # both cells meet the same people: their mean has the error of one of them
    assert np.allclose(found.draws.std(axis=0), values.std(axis=1) / np.sqrt(12), rtol=0.05)
    # and both entries too
    expected = np.cov(values, bias=True)[0, 1] / 12
    assert np.cov(found.draws.T)[0, 1] == pytest.approx(expected, abs=0.01)


def test_models_of_the_ladder_differ_with_the_error_of_the_test_of_pairs() -> None:
    """People by the jackknife, orders of the items as both models meet them."""
    names, rng = [f"p{i}" for i in range(10)], np.random.default_rng(3)
    common = rng.standard_normal(500)
    for own, people in ((0.0, 0.4), (0.6, 0.0), (0.6, 0.4)):
        found = [
            Found(z, common + own * rng.standard_normal(500), z + people * rng.standard_normal(10))
            for z in (2.0, 0.5)
        ]
        cells = [{"one": found_cell(names, one)} for one in found]
        drawn = draw_scores(board("z_beyond_position", "ladder", 20_000), cells)
        assert drawn.scores.tolist() == [2.0, 0.5]
        assert np.allclose(drawn.draws.mean(axis=0), drawn.scores, atol=0.05)
        pair = compare_pair(*found)
        assert (drawn.draws @ [1.0, -1.0]).std() == pytest.approx(pair.error, rel=0.03)
        # what is common to both cancels, and is all the same in the error of each
        alone = np.sqrt(found[0].null.var() + jackknife_variance(found[0].without_person))
        assert drawn.draws[:, 0].std() == pytest.approx(alone, rel=0.03)
        (p,) = _p_values(np.array([1.5]), np.array([pair.error]), drawn.units)
        assert p == pytest.approx(pair.p)
    # the same results are the same entry: nothing that is drawn tells them apart
    twice = draw_scores(board("z_beyond_position", "ladder"), [cells[0], cells[0]])
    assert np.array_equal(twice.draws[:, 0], twice.draws[:, 1])


def test_people_who_are_in_one_cell_only() -> None:
    names = tuple(f"p{i}" for i in range(8))
    cells = [{"one": EntryCell(1.0, names, np.ones(8), "mean"),
              "two": EntryCell(3.0, names[:5], np.full(5, 3.0), "mean")}]  # fmt: skip
    found = draw_scores(board("error_consistency", "behavior"), cells)
    assert found.scores.tolist() == [2.0]
    assert np.allclose(found.draws, 2.0)


def test_medians_are_of_the_people_drawn() -> None:
    names = tuple(f"p{i}" for i in range(9))
    own = np.arange(9.0)
    cells = [
        {"one": EntryCell(4.0, names, own, "median"), "two": EntryCell(4.0, names, own, "median")}
    ]
    found = draw_scores(board("median_r", "published"), cells)
    assert set(np.unique(found.draws)) <= set(own)
    # the distribution of the median of nine drawn from nine, in closed form at its middle
    from scipy import stats

    middle = stats.binom.cdf(4, 9, 4 / 9) - stats.binom.cdf(4, 9, 5 / 9)
    assert (found.draws == 4.0).mean() == pytest.approx(middle, abs=0.03)


def test_medians_leave_out_people_who_are_not_in_the_cell() -> None:
    names = tuple(f"p{i}" for i in range(6))
    low, high = np.arange(3.0), np.array([5.0, 6.0, 100.0, 100.0, 100.0, 100.0])
    cells = [
        {
            "one": EntryCell(1.0, names[:3], low, "median"),
            "two": EntryCell(100.0, names, high, "median"),
        }
    ]
    found = draw_scores(board("median_r", "published"), cells)
    # by hand, draw by draw
    drawn = np.random.default_rng([0, 20260611]).integers(6, size=(4000, 6))
    for people, draw in zip(drawn[:500], found.draws[:500, 0], strict=True):
        there = low[people[people < 3]]
        one = np.median(there) if there.size else 1.0
        assert draw == pytest.approx((one + np.median(high[people])) / 2)


def test_a_problem_of_another_label_is_another_problem() -> None:
    one = submission(ability=0.8)
    flipped = {name: [dict(row) for row in rows] for name, rows in one.samples.items()}
    row = flipped["brainbench_quick_belief"][0]
    row["label"] = "True" if row["label"] == "False" else "False"
    other = Submission(one.folder, None, one.record, flipped)
    ours, theirs = (read_cells(BOARDS["accuracy"], own) for own in (one, other))
    differing = [name for name in ours if ours[name].units != theirs[name].units]
    assert differing == ["brainbench_quick_belief"]


def test_problems_are_drawn_whole_and_balanced() -> None:
    """Balanced accuracy of drawn clusters, against drawing them one by one."""
    rng = np.random.default_rng(4)
    parts = np.zeros((40, 2, 2))
    parts[:, 1] = rng.integers(1, 4, (40, 2))
    parts[:, 0] = rng.binomial(parts[:, 1].astype(int), 0.7)
    names = tuple(f"b{i}" for i in range(40))
    right, total = parts.sum(axis=0)
    cell = EntryCell(float(np.mean(right / total)), names, parts, "recall")
    found = draw_scores(board("balanced_accuracy", "accuracy"), [{"one": cell, "two": cell}])
    assert found.units == 80
    again = []
    for _ in range(4000):
        own = parts[rng.integers(40, size=40)].sum(axis=0)
        again.append(np.mean(own[0] / own[1]))
    # two cells with draws of their own
    assert found.draws.std() == pytest.approx(np.std(again) / np.sqrt(2), rel=0.06)
    assert found.draws.mean() == pytest.approx(np.mean(again), abs=0.004)


def test_gains_are_drawn_from_their_interval() -> None:
    cells = [{"one": EntryCell(0.1, ("t",), np.array([0.03]), "normal"),
              "two": EntryCell(0.2, ("t",), np.array([0.04]), "normal")}]  # fmt: skip
    found = draw_scores(board("least_gain_of_auc", "guidance"), cells)
    assert found.units == np.inf
    assert found.scores[0] == pytest.approx(0.15)
    # tests of one trained model may all err together, as its scorecard has it
    assert found.draws.std() == pytest.approx(0.035, rel=0.05)


def test_draws_are_the_same_every_time() -> None:
    cells = [read_cells(BOARDS["alignment"], submission(seed)) for seed in range(3)]
    one, other = (draw_scores(BOARDS["alignment"], cells) for _ in range(2))
    assert np.array_equal(one.draws, other.draws)
    # and do not depend on who else is there
    alone = draw_scores(BOARDS["alignment"], cells[:1])
    assert np.allclose(alone.draws[:, 0], one.draws[:, 0])


def test_problems_of_behaviour_are_drawn_beside_people() -> None:
    people = [f"p{i}" for i in range(12)]
    values = np.random.default_rng(3).normal(0.2, 0.1, 12).tolist()
    alone = kappa_cell(people, values)
    both = kappa_cell(people, values, (0.2 - 0.196, 0.2 + 0.196))
    found = draw_scores(BOARDS["behavior"], [{"one": alone}, {"one": both}])
    of_people, together = found.draws.std(axis=0)
    assert together == pytest.approx(np.hypot(of_people, 0.1), rel=0.1)
    # what a model gets does not depend on who else is there
    first = draw_scores(BOARDS["behavior"], [{"one": both}])
    again = draw_scores(BOARDS["behavior"], [{"one": both}, {"one": alone}])
    assert np.allclose(first.draws[:, 0], again.draws[:, 0])
