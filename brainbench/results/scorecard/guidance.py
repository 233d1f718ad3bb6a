"""Gain by guidance in one line a way of guiding: what brain signals bring, and against what."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.guidance.arms import GUIDED, LABEL_ONLY, PERMUTED, RANDOM
from brainbench.guidance.rows import TRAINED_ON, Change, Mode
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.guidance.verdict import LEVEL, MIN_SEEDS, count, least_changes
from brainbench.quantities import Interval
from brainbench.results.blocks import ScoreLine
from brainbench.results.blocks.model import Mood
from brainbench.results.record import Record
from brainbench.results.scorecard.reading import Reading, mean, mean_ends
from brainbench.results.wording import number, plain_kind, plural

_NAMES: dict[Mode, str] = {"steering": "steering", "finetuning": "fine-tuning"}
_AGAINST = {PERMUTED: "permuted signals", LABEL_ONLY: "labels alone"}


def read_guidance(record: Record) -> list[Reading]:
    """A line for steering and one for fine-tuning; of the targeted search where it stands alone."""
    found = []
    for mode in _NAMES:
        gains = [g for g in record.gains if g.mode == mode and g.test != TRAINED_ON]
        controlled = [gain for gain in gains if gain.form == "controlled"] or gains
        line = gains_line(controlled)
        if line is not None:
            found.append(_reading(line, controlled))
    if found:
        return found
    lines = [(search, search_line(search)) for search in record.searches]
    return [Reading(line, _flipped(search)) for search, line in lines if line is not None]


def gains_line(gains: Sequence[GuidanceScore]) -> ScoreLine | None:
    """Δ AUC against the arm that the guided model is least above, mean over tests.

    Tests without log-odds are left out; None where there is no other.

    Parameters
    ----------
    gains : of one way of guiding.
    """
    found = _least(gains)
    if not found:
        return None
    measured = [gain for gain, _, _ in found]
    least = [change for _, _, change in found]
    arms = {arm for _, arm, _ in found}
    verdict, mood = _verdict(measured)
    against = " or ".join(_AGAINST[arm] for arm in _AGAINST if arm in arms)
    return ScoreLine(
        name=_NAMES[gains[0].mode] + (", as published" if gains[0].form == "published" else ""),
        statistic="gain in AUC",
        value=mean(change.value for change in least),
        interval=gain_interval(gains),
        against=against,
        held=0.0,
        verdict=verdict,
        mood=mood,
        of=f"{', '.join(dict.fromkeys(g.dataset for g in measured))}, {plural(len(least), 'test')}",
        over="problems and seeds",
    )


def gain_interval(gains: Sequence[GuidanceScore]) -> Interval | None:
    """95 % of the mean over tests of the least gain, over new problems and seeds.

    Tests are answered by the same trained arms and may all err together: see :func:`mean_ends`.

    Parameters
    ----------
    gains : of one way of guiding; tests without log-odds are left out.
    """
    return mean_ends(change.interval for _, _, change in _least(gains))


def _least(gains: Sequence[GuidanceScore]) -> list[tuple[GuidanceScore, str, Change]]:
    """Each test with log-odds, the arm that guided is least above, and the change against it."""
    found = []
    for gain in gains:
        known = {arm: c for arm, c in least_changes(gain.differences).items() if c is not None}
        if known:
            arm = min(known, key=lambda name: known[name].value)
            found.append((gain, arm, known[arm]))
    return found


def search_line(search: SearchScore) -> ScoreLine | None:
    """Answers that signals flip, beside those that permuted ones do."""
    rows = {row.arm: row for row in search.rows}
    guided, other = rows["guided"], rows.get(PERMUTED)
    more = (
        other is not None
        and other.p_corrected is not None
        and other.p_corrected < LEVEL
        and (other.guided_minus or 0.0) > 0
    )
    return ScoreLine(
        name="search",
        statistic="share of targeted answers flipped",
        value=guided.flipped,
        interval=None,
        against="permuted signals" if other is not None else "",
        held=None if other is None else other.flipped,
        verdict="more than permuted signals flip" if more else "shows that answers can be moved",
        of=f"{search.dataset}, {plain_kind(search.reasoning_type)}",
    )


def _flipped(search: SearchScore) -> str:
    """Guided beside the arms of a claim and one random direction; the report has every arm."""
    rows = {row.arm: row for row in search.rows}
    others = [
        f"{name} {rows[arm].flipped:.0%}"
        for arm, name in {**_AGAINST, RANDOM: "one random direction"}.items()
        if arm in rows
    ]
    return (
        f"Of wrong answers to {plain_kind(search.reasoning_type)} that people have right, brain "
        f"signals flip {rows[GUIDED].flipped:.0%}{''.join(f', {other}' for other in others)}."
    )


def _verdict(gains: Sequence[GuidanceScore]) -> tuple[str, Mood]:
    helps = sum(gain.verdict == "brain signals help" for gain in gains)
    if helps:
        every = helps == len(gains)
        return ("brain signals help" if every else f"help in {helps} of {len(gains)} tests"), "good"
    if any(gain.verdict == "not shown to help" for gain in gains):
        return "brain signals are not shown to help", ""
    few = _fewest_seeds(gains)
    if few < MIN_SEEDS:
        return f"inconclusive: {count(few, 'seed')}", "warning"
    # of a record by a rule under which the reduced tier claimed nothing
    reduced = all(gain.tier == "reduced" for gain in gains)
    return f"inconclusive{': reduced tier' if reduced else ''}", "warning"


def _fewest_seeds(gains: Sequence[GuidanceScore]) -> int:
    """Of the arms that a claim needs, and of the permutations of items."""
    seeds = [a.n_seeds for g in gains for a in g.arms if a.arm in (GUIDED, *_AGAINST)]
    return min([*seeds, *(gain.n_permutations for gain in gains)], default=0)


def _reading(line: ScoreLine, gains: Sequence[GuidanceScore]) -> Reading:
    side = "higher" if line.value >= 0 else "lower"
    tests = f"Over {plural(len(_least(gains)), 'test')} the"
    return Reading(
        line,
        f"{tests if len(gains) > 1 else 'The'} AUC of the log-odds is {number(abs(line.value))} "
        f"{side} with brain signals than with {line.against}.{_moved(gains)}",
        _first(gains[0].reading) if len(gains) == 1 else "",
        _settled(line, gains),
    )


def _settled(line: ScoreLine, gains: Sequence[GuidanceScore]) -> str:
    """What a verdict needs; where nothing is shown, the largest gain that there may be."""
    if _fewest_seeds(gains) < MIN_SEEDS:
        return f"A verdict needs {MIN_SEEDS} seeds of every arm (--seeds {MIN_SEEDS})."
    if line.interval is None or not line.interval[0] <= 0.0 <= line.interval[1]:
        return ""
    return f"If brain signals add anything here, it is at most {number(line.interval[1])}."


def _moved(gains: Sequence[GuidanceScore]) -> str:
    """How far guided and the arms of a claim move neutral text; mean over tests."""
    shifts = {
        name: [arm.shift.kl for g in gains for arm in g.arms if arm.arm == name and arm.shift]
        for name in (GUIDED, *_AGAINST)
    }
    if not shifts[GUIDED]:
        return ""
    told = [f"{_AGAINST[name]} {mean(own):.2g}" for name, own in shifts.items()
            if own and name != GUIDED]  # fmt: skip
    return (
        f" Neutral text moves by {mean(shifts[GUIDED]):.2g} nats with brain signals"
        f"{''.join(f', with {text}' for text in told)}."
    )


def _first(text: str) -> str:
    """The first sentence."""
    return f"{text.partition('. ')[0].rstrip('.')}."
