"""A run in plain sentences; a null result is called one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from brainbench.benchmarks import BehaviorScore, ControlledScore, DifficultyScore, LadderScore
from brainbench.guidance.arms import GUIDED, UNGUIDED
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import AGAINST
from brainbench.reasoning import AnswerBias
from brainbench.results.blocks import Block, Bullets, Words
from brainbench.results.record import Record
from brainbench.results.sections.accuracy import short
from brainbench.results.sections.behavior import plain_name
from brainbench.results.sections.cells import CellSummary, published_cells
from brainbench.results.sections.difficulty import named, read_difficulty
from brainbench.results.sections.guidance import title_of_gain, title_of_search
from brainbench.results.sections.ladder import read_ladder
from brainbench.results.sections.other import scores_without_section
from brainbench.results.wording import finite, listed, number, plain_cell, plural, with_interval


def summary(record: Record) -> list[Block]:
    """For each suite that was run: what came out, then its readings one by one."""
    blocks: list[Block] = []
    ladders = LadderScore.read_from(record)
    if ladders:
        items = [(score.dataset, read_ladder(score)) for score in ladders]
        blocks += [Words("Aligned, and with what:"), Bullets(items)]
    if record.controlled:
        blocks += _controlled(record.controlled)
    published = published_cells(record)
    if published:
        blocks.append(Words(_published(published)))
    if record.behavior:
        blocks.append(Words("Answers beside people's:"))
        blocks.append(Bullets([(plain_name(row), _behavior(row)) for row in record.behavior]))
    difficulty = DifficultyScore.read_from(record)
    if difficulty:
        blocks.append(Words("Sure where people are right:"))
        blocks.append(Bullets([(named(row), read_difficulty(row)) for row in difficulty]))
    if record.answer_bias:
        blocks.append(Words(_accuracy(record.answer_bias)))
    if record.gains or record.searches:
        items = [(title_of_gain(gain), _gain(gain)) for gain in record.gains]
        items += [(title_of_search(search), search.reading) for search in record.searches]
        blocks += [Words("Guidance by brain signals:"), Bullets(items)]
    others = scores_without_section(record)
    if others:
        items = [(one.benchmark, f"{one.kind} {number(one.value)}") for one in others]
        blocks += [Words("Other kinds of scores:"), Bullets(items)]
    if not blocks:
        done = "This run has no scores yet." if record.status == "started" else "No score came out."
        blocks.append(Words(done))
    return blocks


def _controlled(scores: Sequence[ControlledScore]) -> list[Block]:
    """How much is predicted beyond nuisance; the ladder says whether that is alignment."""
    least, most = (end(scores, key=lambda score: score.unique_r2.value) for end in (min, max))
    parts = [
        f"Alignment, controlled protocol, {plural(len(scores), 'cell')}: beyond all nuisance the "
        "model's states predict, on runs that were held out, from R² "
        f"{number(least.unique_r2.value, 4)} ({_cell(least)}) to "
        f"{number(most.unique_r2.value, 4)} ({_cell(most)}). These numbers describe; whether the "
        "model is aligned is what the ladder answers."
    ]
    if any(score.selection_leak for score in scores):
        parts.append("Some voxels were chosen on the data that are scored.")
    readings: dict[str, list[str]] = {}
    for score in scores:
        readings.setdefault(score.reading, []).append(_cell(score))
    return [
        Words(" ".join(parts)),
        Bullets([(listed(names), reading) for reading, names in readings.items()]),
    ]


def _cell(score: ControlledScore) -> str:
    return plain_cell(score.roi, score.reasoning_type)


def _published(cells: Sequence[CellSummary]) -> str:
    held = [cell for cell in cells if finite(cell.model.value) is not None]
    if not held:
        return "Alignment, published protocol: no score is a number."
    best = max(held, key=lambda cell: cell.model.value or 0.0)
    reached = [cell for cell in held if cell.reached_by]
    names = Counter(name for cell in held for name in cell.reached_by)
    parts = [
        f"Alignment, published protocol, {plural(len(cells), 'cell')}: the best layer predicts "
        f"held-out items best in {best.name}, with r {number(best.model.value)}."
    ]
    if reached:
        often, times = names.most_common(1)[0]
        parts.append(
            f"In {len(reached)} of {len(held)} cells something that knows nothing of the model "
            f"does as well, most often {often} ({plural(times, 'cell')}): there the score is not "
            "evidence that the model is like a brain."
        )
    else:
        parts.append("No nuisance row reaches it.")
    parts.append(
        "The layer is chosen on the items it is scored on and folds cut through scanner runs; the "
        "controlled protocol does neither."
    )
    return " ".join(parts)


def _gain(gain: GuidanceScore) -> str:
    """Verdict and areas; the whole reading stands with the numbers."""
    areas = {row.arm: row.auc for row in gain.arms}
    arms = (UNGUIDED, GUIDED, *AGAINST)
    found = ", ".join(f"{number(areas[arm])} {arm}" for arm in arms if arm in areas)
    return f"{gain.verdict}; AUC of log-odds {found}" if found else gain.verdict


def _behavior(row: BehaviorScore) -> str:
    kappa = row.error_consistency
    reaching = [c.control for c in row.controls if "error_consistency" in row.reached_by(c)]
    if kappa.value is None:
        return "κ of errors is undefined, for want of answers that vary."
    value = with_interval(kappa.value, kappa.interval)
    people = with_interval(kappa.reference, kappa.reference_interval)
    low, high = kappa.interval or (kappa.value, kappa.value)
    if reaching:
        found = f"no more than {listed(reaching, 4)} shares"
    elif low > 0:
        found = "above chance, and above everything that knows nothing of it"
    elif high < 0:
        found = "less than chance"
    else:
        found = "a null result: not distinguishable from chance"
    return (
        f"the model shares people's errors with κ {value}, {found}; people among themselves "
        f"{people}."
    )


def _accuracy(rows: Sequence[AnswerBias]) -> str:
    better = [row for row in rows if row.beats_constant]
    text = f"Accuracy, {plural(len(rows), 'task')} whose questions have the same choices: "
    if not better:
        return (
            text + "a null result: on none is the model clearly better than always giving one "
            "answer (95 % interval)."
        )
    names = listed((short(row.task) for row in better), 8)
    text += f"on {len(better)} the model is clearly better than always giving one answer ({names})"
    rest = len(rows) - len(better)
    return text + ("." if not rest else f"; on {rest} it is not.")
