"""The verdict on brain signals, and a reading of what changed.

``brain signals help``: the AUC of log-odds rises against permuted signals and against labels
alone, and accuracy at the validation threshold falls against neither. ``not shown to help``: one
of that does not hold. ``inconclusive``: too few seeds, or a missing arm, allow no claim. The tier
takes no part: with one order of premises four of five runs find .09 where all six find .08, and
claim nothing more often (``docs/data/guidance_power.json``).

The claim is an intersection–union test: that signals help is said only if each of two comparisons
rejects its own null hypothesis. If signals do not help, at least one of the two nulls is true, and
the claim is made only where the test of that very null rejects, which happens in at most α of the
cases. So two tests at α make one claim at α, and no p is corrected, neither for the two nor for
arms that take no part in the claim. Accuracy can only take a claim away, so it adds no error; that
it rises was needed once, and cost most of the power (``docs/data/guidance_power.json``).

Source: Berger 1982, Technometrics 24, 295–300.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from brainbench.guidance.arms import (
    GUIDED,
    GUIDED_RESTARTS,
    LABEL_AS_FMRI,
    LABEL_ONLY,
    PERMUTED,
    RANDOM,
    RANDOM_RESTARTS,
    UNGUIDED,
)
from brainbench.guidance.rows import (
    TRIES,
    ArmAlignment,
    Change,
    Difference,
    Metric,
    SearchRow,
    Verdict,
)
from brainbench.quantities import Interval

# What a claim looks at, against both arms: log-odds must separate True from False better, and
# accuracy at a threshold that was not chosen here must not fall.
RISES: Metric = "auc"
HOLDS: Metric = "accuracy_at_threshold"
CLAIM: tuple[Metric, ...] = (RISES, HOLDS)
AGAINST = (PERMUTED, LABEL_ONLY)
MIN_SEEDS = 5
MIN_PERMUTATIONS = 5
# Fewest permutations that tell how much other signals would vary.
MIN_DRAWN = 2
LEVEL = 0.05
# Fewest base problems that are drawn from.
MIN_PROBLEMS = 5

_NAMES = {"auc": "AUC", "accuracy_at_threshold": "accuracy at the validation threshold"}


def find_change(difference: Difference | None, metric: Metric) -> Change | None:
    """The change of one metric, None where it was not measured.

    Parameters
    ----------
    difference : guided against one arm; None where that arm is missing.
    metric : name of the metric.
    """
    changes = () if difference is None else difference.changes
    return next((change for change in changes if change.metric == metric), None)


def least_changes(differences: Sequence[Difference]) -> dict[str, Change | None]:
    """Arm that a claim needs → change of AUC against it; None without one, or its interval.

    An interval without width is none: no seed and no problem drawn anew changed the difference,
    so they say nothing of how far chance would.

    Parameters
    ----------
    differences : between guided and the other arms.
    """
    by_arm = {difference.against: difference for difference in differences}
    changes = {arm: find_change(by_arm.get(arm), "auc") for arm in AGAINST}
    return {
        arm: None if change is None or not _has_width(change.interval) else change
        for arm, change in changes.items()
    }


def _has_width(interval: Interval | None) -> bool:
    return interval is not None and interval[1] > interval[0]


def find_lacking(seeds: Mapping[str, int], n_permutations: int | None = None) -> list[str]:
    """Reasons why no claim is possible, whatever the differences.

    Parameters
    ----------
    seeds : of each arm.
    n_permutations : of the item-permuted arm; None where each of its seeds is another one.
    """
    # a missing arm is reported with what was not measured
    found = [
        f"{count(seeds[name], 'seed')} of {name}, not {MIN_SEEDS}"
        for name in (GUIDED, LABEL_ONLY, PERMUTED)
        if seeds.get(name, MIN_SEEDS) < MIN_SEEDS
    ]
    if PERMUTED in seeds:
        most = seeds[PERMUTED]
        permutations = most if n_permutations is None else min(n_permutations, most)
        if permutations < MIN_PERMUTATIONS:
            found.append(f"{count(permutations, 'permutation')}, not {MIN_PERMUTATIONS}")
    return found


def count(number: int, what: str) -> str:
    """``1 seed``, ``5 seeds``.

    Parameters
    ----------
    number : how many.
    what : a noun in the singular, whose plural takes an s.
    """
    return f"{number} {what}{'' if number == 1 else 's'}"


def powerless(loss: str, centring: str) -> frozenset[str]:
    """Arms that a loss gives nothing to go by.

    Of two voxels that sum to one all predictions lie on one line: whatever their length, their
    cosine with a response is one of two numbers.

    Parameters
    ----------
    loss : one of ``LOSSES``, of predicted and measured responses.
    centring : one of ``CENTRINGS``, of states and responses.
    """
    flat = loss == "pearson" or (loss == "cosine" and centring != "intercept")
    return frozenset({LABEL_AS_FMRI} if flat else ())


def read_alignment(alignment: Sequence[ArmAlignment]) -> str:
    """Alignment before and after, in words."""
    if not alignment:
        return ""
    after = ", ".join(f"{each.arm} {each.after:.3f}" for each in alignment)
    return f"Alignment with held-out runs, r {alignment[0].before:.3f} before training: {after}."


def read_search(
    rows: Sequence[SearchRow], before: float, flat: frozenset[str] = frozenset()
) -> str:
    """A reading of a search: flips, flips of the baselines, effects of the mean direction.

    Arms that draw anew at every try are held against guided restarts only.

    Parameters
    ----------
    rows : one for each arm, guided among them.
    before : AUC of the log-odds before the search.
    flat : arms that the loss gives nothing to go by; guided is not compared with them.
    """
    by_name = {row.arm: row for row in rows}
    guided = by_name[GUIDED]
    parts = [f"brain signals flip {guided.flipped:.0%} of the targeted answers"]
    parts += _lottery(by_name)
    others = [row for row in rows if row is not guided and not row.restarts]
    if any(row.guided_minus is not None for row in others):
        parts += _flips_compared([row for row in others if row.arm not in flat])
    else:
        parts += _flips_named(others, guided.flipped)
    if GUIDED_RESTARTS in by_name:
        drawn = by_name[GUIDED_RESTARTS]
        parts.append(f"with a map drawn anew at every try brain signals flip {drawn.flipped:.0%}")
        parts += _flips_compared([row for row in rows if row.against == GUIDED_RESTARTS])
    if guided.direction_auc is not None and guided.direction_true_rate is not None:
        parts.append(
            f"their mean direction, added to all items, rights {guided.direction_gained} and "
            f"spoils {guided.direction_lost}; True is then the answer to "
            f"{guided.direction_true_rate:.0%}, and the AUC of log-odds is "
            f"{guided.direction_auc:.3f} (before: {before:.3f})"
        )
    return "; ".join(parts)


def _lottery(by_name: Mapping[str, SearchRow]) -> list[str]:
    """What one random direction flips, and what as many as there are tries."""
    drawn, one = by_name.get(RANDOM_RESTARTS), by_name.get(RANDOM)
    if drawn is None:
        return []
    if one is None:
        return [f"{TRIES} random directions, one a try, flip {drawn.flipped:.0%}"]
    return [
        f"one random direction flips {one.flipped:.0%}, {TRIES} of them, one a try, "
        f"{drawn.flipped:.0%}"
    ]


def _flips_compared(others: Sequence[SearchRow]) -> list[str]:
    """Guided against every arm, by the intervals of the differences where they were tested."""
    sides: dict[int | None, list[str]] = {1: [], -1: [], 0: [], None: []}
    for row in others:
        if row.guided_minus is None:
            continue
        side = None if row.p_corrected is None else 0
        if row.interval is not None and row.p_corrected is not None and row.p_corrected < LEVEL:
            side = int(row.interval[0] > 0.0) - int(row.interval[1] < 0.0)
        sides[side].append(
            f"{row.arm} {row.flipped:.0%} ({_points(row.guided_minus)} points"
            f"{_range(row.interval, 100.0, 1)})"
        )
    words = {
        1: "more than with",
        -1: "fewer than with",
        0: "no clear difference to",
        None: "not tested against",
    }
    return [f"{words[side]} {', '.join(named)}" for side, named in sides.items() if named]


def _flips_named(others: Sequence[SearchRow], flipped: float) -> list[str]:
    """The same of records that hold no differences: shares as they are."""
    as_much = [f"{row.arm} {row.flipped:.0%}" for row in others if row.flipped >= flipped]
    if as_much:
        return [f"as many or more flip with {', '.join(as_much)}"]
    if not others:
        return []
    best = max(others, key=lambda row: row.flipped)
    return [f"the best baseline, {best.arm}, {best.flipped:.0%}"]


def unmeasured(differences: Sequence[Difference]) -> list[str]:
    """What a claim needs and the record lacks: an arm, a metric, or its interval."""
    found = []
    by_arm = {difference.against: difference for difference in differences}
    for arm in AGAINST:
        if arm not in by_arm:
            found.append(f"no arm {arm!r}")
            continue
        changes = {metric: find_change(by_arm[arm], metric) for metric in CLAIM}
        found += [
            f"no {_NAMES[metric]} against {arm}"
            for metric, change in changes.items()
            if change is None or change.interval is None
        ]
    return found


def decide_verdict(differences: Sequence[Difference], lacking: Sequence[str] = ()) -> Verdict:
    """The verdict on the differences between guided and the other arms.

    A claim rests on AUC, its interval above 0 and its p below 0.05, against item-permuted signals
    and against labels alone. Both must hold, so neither is corrected (intersection–union test).
    Accuracy at the validation threshold must have been measured, and its interval must not be
    below 0. How often the model answers True takes no part in it, nor do other arms.

    Parameters
    ----------
    lacking : reasons why nothing can be claimed, whatever the differences.
    """
    if lacking or unmeasured(differences):
        return "inconclusive"
    if _failing(differences) or _falling(differences):
        return "not shown to help"
    return "brain signals help"


def claim_p(differences: Sequence[Difference]) -> float | None:
    """Larger p of the two comparisons of AUC that the claim needs, which is the p of the claim.

    1 where one of them is not a rise, or accuracy at the threshold falls; None where one of them
    has no p.

    Parameters
    ----------
    differences : between guided and the other arms.

    Source: Berger 1982, Technometrics 24: the p of an intersection–union test.
    """
    by_arm = {difference.against: difference for difference in differences}
    changes = [find_change(by_arm.get(arm), RISES) for arm in AGAINST]
    known = [(c.value, c.p) for c in changes if c is not None and c.p is not None]
    if len(known) < len(changes):
        return None
    if _falling(differences):
        return 1.0
    return max(p if value > 0.0 else 1.0 for value, p in known)


def read_gains(differences: Sequence[Difference], lacking: Sequence[str] = ()) -> str:
    """What changed, against what, and whether it is only a shift of answer bias.

    Parameters
    ----------
    differences : between guided and the other arms.
    lacking : reasons why nothing can be claimed, whatever the differences.
    """
    by_arm = {difference.against: difference for difference in differences}
    if not by_arm:
        return "Nothing to compare guided with."
    first = next((by_arm[arm] for arm in (UNGUIDED, PERMUTED) if arm in by_arm), differences[0])
    parts = [f"Against {first.against}, guided {_shift(first)}{_log_odds(differences, first)}."]
    reasons = [*lacking, *unmeasured(differences)]
    if reasons:
        parts.append(f"At most inconclusive: {'; '.join(reasons)}.")
    return " ".join(parts)


def _is_above(change: Change | None) -> bool:
    return (
        change is not None
        and change.interval is not None
        and change.interval[0] > 0.0
        and change.p is not None
        and change.p < LEVEL
    )


def _needed(metric: Metric, differences: Sequence[Difference]) -> list[tuple[str, Change]]:
    """Changes of a metric against the arms that a claim needs, as far as they were measured."""
    by_arm = {difference.against: difference for difference in differences}
    changes = [(arm, find_change(by_arm.get(arm), metric)) for arm in AGAINST]
    return [(arm, change) for arm, change in changes if change]


def _failing(differences: Sequence[Difference]) -> list[tuple[str, Change]]:
    """Needed arms that guided is not above."""
    return [(arm, change) for arm, change in _needed(RISES, differences) if not _is_above(change)]


def _falling(differences: Sequence[Difference]) -> list[tuple[str, Change]]:
    """Needed arms whose accuracy at the threshold guided falls below."""
    return [(arm, change) for arm, change in _needed(HOLDS, differences) if _side(change) < 0]


def _side(change: Change | None) -> int:
    """1 or -1 where the interval is above or below 0, else 0."""
    if change is None or change.interval is None:
        return 0
    low, high = change.interval
    return int(low > 0.0) - int(high < 0.0)


def _shift(difference: Difference) -> str:
    """Changes of the share of True and of accuracy."""
    says, accuracy = (find_change(difference, name) for name in ("true_rate", "accuracy"))
    if says is None or accuracy is None:
        return "was not measured"
    unclear = "does not clearly change"
    words = {
        1: "answers True more often",
        -1: "answers True less often",
        # an interval that holds 0 says no more than that, however far it reaches
        0: f"{unclear} how often it answers True" if says.value else "answers True as often",
    }
    rises = {1: "rises", -1: "falls", 0: unclear}
    return (
        f"{words[_side(says)]} ({_points(says.value)} points) and its accuracy "
        f"{rises[_side(accuracy)]} ({_points(accuracy.value)} points)"
    )


def _log_odds(differences: Sequence[Difference], first: Difference) -> str:
    """What log-odds say of it, joined to the sentence before."""
    by_arm = {difference.against: difference for difference in differences}
    arms = [arm for arm in AGAINST if find_change(by_arm.get(arm), "auc")] or [first.against]
    areas = [(arm, find_change(by_arm[arm], "auc")) for arm in arms]
    measured = [(arm, area) for arm, area in areas if area is not None]
    if not measured:
        return "; without log-odds of two answers, bias and reasoning cannot be separated"
    weak = [(arm, a) for arm, a in measured if not (_is_above(a) or _free(arm, a))]
    if weak:
        # a rise that reasoning does not bear out
        joint = ", but" if _side(find_change(first, "accuracy")) > 0 else ";"
        return f"{joint} its log-odds separate True from False {_weakly(weak)}{_tail(weak, first)}"
    better = f"; its log-odds separate True from False better than {_list(measured)}"
    falling = _falling(differences)
    if falling:
        named = " and ".join(
            f"{arm} ({_points(c.value)} points{_range(c.interval, 100.0, 1)})" for arm, c in falling
        )
        return f"{better}, but accuracy at the validation threshold falls below that of {named}"
    if all(_is_above(find_change(by_arm[arm], HOLDS)) for arm, _ in measured):
        return f"{better}, and more are right at the validation threshold"
    return better


def _free(arm: str, change: Change) -> bool:
    return arm not in AGAINST and _side(change) > 0


def _weakly(weak: Sequence[tuple[str, Change]]) -> str:
    if all(_side(change) < 0 for _, change in weak):
        return f"worse than {_list(weak)}"
    better = any(change.value > 0.0 for _, change in weak)
    return f"{'not clearly' if better else 'no'} better than {_list(weak)}"


def _tail(weak: Sequence[tuple[str, Change]], first: Difference) -> str:
    """What it was, if log-odds did not get better than those of the arms it must beat."""
    area = find_change(first, "auc")
    if first.against == UNGUIDED and _side(area) > 0:
        assert area is not None
        alike = " or ".join(
            {PERMUTED: "signals of other items", LABEL_ONLY: "labels alone"}[arm]
            for arm, _ in weak
            if arm in AGAINST
        )
        return f": what is gained over unguided ({_area(area)}) may be had from {alike}"
    if _side(area) == 0 and _side(find_change(first, "true_rate")) != 0:
        return ": a shift of answer bias, not reasoning"
    return ""


def _list(measured: Sequence[tuple[str, Change]]) -> str:
    """``permuted fMRI (Δ AUC 0.050 [0.020, 0.080]) and label only (…)``."""
    return " and ".join(f"{arm} ({_area(area)})" for arm, area in measured)


def _area(change: Change) -> str:
    return f"Δ AUC {change.value:.3f}{_range(change.interval, 1.0, 3)}"


def _range(interval: Interval | None, scale: float, digits: int) -> str:
    if interval is None:
        return ""
    low, high = (f"{scale * end:.{digits}f}" for end in interval)
    return f" [{low}, {high}]"


def _points(share: float) -> str:
    return f"{100.0 * share:+.1f}"
