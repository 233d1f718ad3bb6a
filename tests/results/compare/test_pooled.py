"""Rows over all tasks: against closed forms, scikit-learn and simulated truth."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from brainbench.results.compare.comparison import ComparisonRow
from brainbench.results.compare.items import Item, PairedTask
from brainbench.results.compare.paired import mean_difference
from brainbench.results.compare.pooled import group_tasks, pooled_name, pooled_rows
from brainbench.results.compare.task_rows import task_rows

WORDS = ("True", "False")


def item(cluster: str, label: str | None, odds: float, right: float | None = None) -> Item:
    """Answered by the sign of its log-odds, or with a share of being right."""
    said = WORDS[odds <= 0]
    return Item(
        cluster=cluster, shared=True, label=label, said=None if right is not None else said,
        metric=None if right is None else "f1",
        right=float(said == label) if right is None else right, odds=odds, row={},
    )  # fmt: skip


def tasks(
    rng: np.random.Generator, sizes: Sequence[int] = (32, 32, 48), orders: int = 1,
    before: float = 0.8, after: float = 0.8, shared: float = 0.7,
) -> list[PairedTask]:  # fmt: skip
    """Two models on the same problems, whose skills are told."""
    found = []
    for number, size in enumerate(sizes):
        pairs = []
        for problem in range(size):
            label = WORDS[problem % 2]
            sign = 1 if label == "True" else -1
            base = rng.normal(0, shared)
            for _ in range(orders):
                both = [
                    item(f"{number}-{problem}", label, sign * skill + base + rng.normal(0, 1))
                    for skill in (before, after)
                ]
                pairs.append((both[0], both[1]))
        found.append(PairedTask(f"task {number}", "True", pairs))
    return found


def rows(group: list[PairedTask], n_draws: int = 2000) -> dict[str, ComparisonRow]:
    return {row.metric: row for row in pooled_rows(group, n_draws)}


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(16)


def test_values_are_those_of_all_problems(rng: np.random.Generator) -> None:
    group = tasks(rng, after=0.3)
    found = rows(group, 300)
    pairs = [pair for task in group for pair in task.pairs]
    for side, field in ((0, "baseline"), (1, "other")):
        valid = [pair[side].label == "True" for pair in pairs]
        odds = [pair[side].odds for pair in pairs]
        right = np.mean([pair[side].right for pair in pairs])
        assert getattr(found["accuracy"], field) == pytest.approx(right)
        assert getattr(found["AUC"], field) == pytest.approx(roc_auc_score(valid, odds))
        # as many True as False
        assert getattr(found["balanced accuracy"], field) == pytest.approx(right)
    for row in found.values():
        assert row.difference == pytest.approx((row.other or 0) - (row.baseline or 0))
        assert (row.n, row.clusters, row.primary) == (112, 112, True)
        assert row.name == "all 3 tasks (True, False)"
        assert row.interval is not None
        assert row.interval[0] < row.difference < row.interval[1]


def test_the_error_is_that_of_the_formula_for_strata(rng: np.random.Generator) -> None:
    group = tasks(rng, (40, 60), after=0.2)
    row = rows(group, 20_000)["accuracy"]
    changes = [np.array([b.right - a.right for a, b in task.pairs]) for task in group]
    # two problems of each label more: one gained, one lost
    changes.append(np.array([1.0, 1, -1, -1]))
    total = sum(c.size for c in changes)
    expected = np.sqrt(sum(c.size * c.var(ddof=1) for c in changes)) / total
    assert row.stderr == pytest.approx(expected, rel=0.04)


def test_orders_of_a_problem_are_drawn_together(rng: np.random.Generator) -> None:
    once = tasks(rng, (60, 60), after=0.2)
    copies = [PairedTask(t.name, t.first, [pair for pair in t.pairs for _ in range(3)])
              for t in once]  # fmt: skip
    few, many = rows(once)["accuracy"], rows(copies)["accuracy"]
    assert many.difference == pytest.approx(few.difference)
    assert many.stderr == pytest.approx(few.stderr, rel=0.02)
    assert (many.n, many.clusters) == (360, 120)


def test_a_problem_in_two_tasks_is_one_and_numbers_of_items_are_not(
    rng: np.random.Generator,
) -> None:
    first, second = tasks(rng, (40, 40))
    renamed = [tuple(Item(**{**vars(i), "cluster": i.cluster.replace("1-", "0-")}) for i in pair)
               for pair in second.pairs]  # fmt: skip
    together = PairedTask("b", "True", renamed)
    assert rows([first, together], 300)["accuracy"].clusters == 40
    numbered = [PairedTask(task.name, "True", [
        tuple(Item(**{**vars(one), "shared": False}) for one in pair) for pair in task.pairs
    ]) for task in (first, together)]  # fmt: skip
    assert rows(numbered, 300)["accuracy"].clusters == 80


def test_tasks_are_pooled_that_share_their_choices(rng: np.random.Generator) -> None:
    a, b, c = tasks(rng)
    numbered = PairedTask("n", "1", [
        tuple(Item(**{**vars(i), "label": "1", "said": "0"}) for i in pair) for pair in c.pairs
    ])  # fmt: skip
    graded = [PairedTask(name, None, [(item(f"{i}", None, 0, 0.5), item(f"{i}", None, 0, i / 40))
                                      for i in range(40)]) for name in "xy"]  # fmt: skip
    groups = group_tasks([a, b, numbered, *graded])
    assert [pooled_name(group) for group in groups] == [
        "all 2 tasks (True, False)", "n", "all 2 tasks (f1)"
    ]  # fmt: skip
    found = [row for row in task_rows([a, b, numbered, *graded]) if isinstance(row, ComparisonRow)]
    assert {row.name for row in found if row.primary} == {
        "all 2 tasks (True, False)", "n", "all 2 tasks (f1)"
    }  # fmt: skip
    pooled = next(row for row in found if row.name == "all 2 tasks (f1)")
    assert pooled.difference == pytest.approx(np.arange(40).mean() / 40 - 0.5)
    assert pooled.interval is not None
    assert pooled.changed == 78


def test_no_interval_is_without_width_or_beyond_what_is_possible(
    rng: np.random.Generator,
) -> None:
    group = tasks(rng, (4, 4))
    true, false = ([PairedTask(t.name, "True", [
        (Item(**{**vars(a), "said": word, "right": float(a.label == word), "odds": odds}),) * 2
        for a, _ in t.pairs
    ]) for t in group] for word, odds in (("True", 3.0), ("False", -3.0)))  # fmt: skip
    turned = [PairedTask(a.name, "True", [(p[0], q[0]) for p, q in zip(a.pairs, b.pairs,
              strict=True)]) for a, b in zip(true, false, strict=True)]  # fmt: skip
    for case in (group, true, turned):
        for row in rows(case).values():
            assert row.interval is not None
            assert row.interval[1] - row.interval[0] > 0.1
            assert max(map(abs, row.interval)) <= 1.0
    for row in rows(true).values():
        assert (row.reading, row.p) == ("identical", 1.0)
    for row in rows(turned).values():
        assert row.reading == "inconclusive"
    assert rows(turned)["accuracy"].changed == 8
    assert rows(turned)["accuracy"].says == ("True", 1.0, 0.0)


def test_log_odds_of_other_items_leave_out_the_area(rng: np.random.Generator) -> None:
    a, b = tasks(rng, (20, 20))
    fewer = [(p, Item(**{**vars(q), "odds": None})) if i < 5 else (p, q)
             for i, (p, q) in enumerate(b.pairs)]  # fmt: skip
    assert "AUC" not in rows([a, PairedTask("b", "True", fewer)], 300)
    both = [tuple(Item(**{**vars(one), "odds": None}) for one in pair) if i < 5 else pair
            for i, pair in enumerate(b.pairs)]  # fmt: skip
    assert rows([a, PairedTask("b", "True", both)], 300)["AUC"].n == 35


def test_intervals_hold_the_truth_as_often_as_they_should(rng: np.random.Generator) -> None:
    """Skill 0.8 against 0.5; truth by the normal distribution."""
    spread = np.sqrt(1 + 0.7**2)
    truth = {
        "accuracy": stats.norm.cdf(0.5 / spread) - stats.norm.cdf(0.8 / spread),
        "AUC": stats.norm.cdf(1.0 / spread / 2**0.5) - stats.norm.cdf(1.6 / spread / 2**0.5),
    }
    held = dict.fromkeys(truth, 0)
    for _ in range(150):
        found = rows(tasks(rng, after=0.5), 200)
        for metric, value in truth.items():
            low, high = found[metric].interval or (0.0, 0.0)
            held[metric] += low <= value <= high
    for metric, count in held.items():
        assert 0.9 <= count / 150 <= 1.0, metric


def test_a_guarded_mean_is_close_to_the_exact_test() -> None:
    """n problems that are all lost, among 40: McNemar's exact p is 2 / 2ⁿ."""
    for lost in (4, 5, 6, 7, 8):
        change = np.r_[-np.ones(lost), np.zeros(40 - lost)]
        p = mean_difference(change, guarded=True).p
        assert p == pytest.approx(2 / 2**lost, abs=0.03)
        assert p is not None
        assert (p < 0.05) == (2 / 2**lost < 0.05)
