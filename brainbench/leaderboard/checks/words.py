"""The words of a record: those that its numbers give, and those that are its submitter's.

Readings and most warnings follow from the numbers beside them. What a run says of its model,
its activations and its targeted searches does not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from brainbench.benchmarks import MEASURES, BehaviorControl, BehaviorScore, ControlledScore
from brainbench.benchmarks.behavior.benchmark import control_warning as behavior_control_warning
from brainbench.benchmarks.behavior.warnings import score_warnings
from brainbench.benchmarks.controlled.benchmark import cell_warnings, decide, read_cell
from brainbench.benchmarks.published.summary import control_warning, headline_warnings
from brainbench.datasets import list_datasets, load_card
from brainbench.guidance.arms import GUIDED
from brainbench.guidance.gains.compare import gain_warnings
from brainbench.guidance.gains.verdict import (
    find_lacking,
    read_alignment,
    read_gains,
    read_search,
    reduced_warning,
)
from brainbench.guidance.score import GuidanceScore
from brainbench.leaderboard.checks.faults import Fault, shown
from brainbench.leaderboard.kinds.published import EVERYBODY
from brainbench.reasoning.response_bias import read_bias
from brainbench.results import Record, ScoreRow
from brainbench.results.record import ControlRow

_ORACLES = ": told the answers of these very items"


def word_faults(record: Record) -> Iterator[Fault]:
    """Readings that are not those of their numbers, and warnings that were taken out."""
    for bias in record.answer_bias:
        choices = set(bias.choices)
        if choices == set(bias.always) and (bias.said is None or choices == set(bias.said)):
            place = f"answer_bias ({bias.task[:80]})"
            yield from _other_words(f"{place}.reading", bias.reading, read_bias(bias))
    for cell in record.controlled:
        place = f"controlled ({cell.benchmark})"
        yield from _other_words(f"{place}.reading", cell.reading, _read_cell(cell))
        yield from _taken_out(place, cell.warnings, _of_cell(cell))
    rows = _controls(record)
    for row in _headlines(record):
        place = f"scores ({row.benchmark})"
        for control in rows.get(row.benchmark, []):
            own = f"controls ({row.benchmark}, {control.control[:40]}).warning"
            yield from _other_words(own, control.warning, _of_control(control, row))
        yield from _taken_out(place, row.warnings, _of_headline(row, rows))
    for score in record.behavior:
        place = f"behavior ({score.benchmark})"
        for one in score.controls:
            own = f"{place}.controls ({one.control[:40]}).warning"
            yield from _other_words(own, one.warning, _of_behavior_control(one, score))
        yield from _taken_out(place, score.warnings, _of_behavior(score))
    for i, gain in enumerate(record.gains):
        place = f"gains[{i}] ({gain.identifier[:120]})"
        yield from _other_words(f"{place}.reading", gain.reading, _read_gain(gain))
        yield from _taken_out(place, gain.warnings, _of_gain(gain))
    for i, search in enumerate(record.searches):
        place = f"searches[{i}] ({search.identifier[:120]})"
        if GUIDED not in {row.arm for row in search.rows}:
            yield Fault(f"{place}.rows", f"lacks {GUIDED!r}: no search without its own arm")
            continue
        told = read_search(search.rows, search.auc)
        yield from _other_words(f"{place}.reading", search.reading, told)


def own_words(record: Record) -> list[str]:
    """What a reader must know of a run, as its numbers say; each once."""
    rows = _controls(record)
    said = [text for cell in record.controlled for text in _of_cell(cell)]
    said += [text for row in _headlines(record) for text in _of_headline(row, rows)]
    said += [text for score in record.behavior for text in _of_behavior(score)]
    said += [text for gain in record.gains for text in _of_gain(gain)]
    return list(dict.fromkeys(said))


def submitted_words(record: Record) -> list[str]:
    """Notes and warnings that no number of a record gives; each once."""
    said = [*record.notes]
    held: tuple[Sequence[str], ...] = (
        *(row.warnings for row in record.scores),
        *(cell.warnings for cell in record.controlled),
        *(score.warnings for score in record.behavior),
        *(gain.warnings for gain in record.gains),
        *(search.warnings for search in record.searches),
    )
    said += [text for texts in held for text in texts]
    own = set(own_words(record))
    return [text for text in dict.fromkeys(said) if text not in own]


def mark_words(record: Record) -> Record:
    """A record whose submitter's words are marked as such."""
    strange = set(submitted_words(record))

    def marked(texts: Sequence[str]) -> list[str]:
        return [f"As submitted: {text}" if text in strange else text for text in texts]

    parts = ("scores", "controlled", "behavior", "gains", "searches")
    content = record.model_dump(mode="json", include={"notes", *parts})
    content["notes"] = marked(content["notes"])
    for row in (row for part in parts for row in content[part]):
        row["warnings"] = marked(row["warnings"])
    return Record.model_validate({**record.model_dump(mode="json"), **content})


# ---------------------------------------------------------------- parts


def _other_words(place: str, told: str | None, found: str | None) -> Iterator[Fault]:
    if told != found:
        yield Fault(place, f"is {shown(told)}, its numbers say {shown(found)}")


def _taken_out(place: str, told: Sequence[str], found: Sequence[str]) -> Iterator[Fault]:
    for text in found:
        if text not in told:
            yield Fault(f"{place}.warnings", f"lacks {shown(text)}, which its numbers say")


def _headlines(record: Record) -> list[ScoreRow]:
    """Of datasets that are known: what is said of a score is said of its card too."""
    known = list_datasets()
    heads = [row for row in record.scores if row.subject == EVERYBODY]
    return [row for row in heads if row.benchmark.partition(".")[0] in known]


def _controls(record: Record) -> dict[str, list[ControlRow]]:
    rows: dict[str, list[ControlRow]] = {}
    for control in record.controls:
        rows.setdefault(control.benchmark, []).append(control)
    return rows


def _read_cell(cell: ControlledScore) -> str:
    model = {"unique_r2": cell.unique_r2.model_dump(), "raw": cell.raw.model_dump()}
    bound = None if cell.reference_unique_r2 is None else cell.reference_unique_r2.value
    verdict = decide(cell.p_corrected, cell.unique_r2, cell.detectable_r2, bound)
    return read_cell(model, cell.controls, verdict, cell.p_corrected)


def _of_cell(cell: ControlledScore) -> list[str]:
    if cell.dataset not in list_datasets():
        return []
    card = load_card(cell.dataset)
    model = cell.model_dump(include={"rsa", "cka", "n_constant"})
    leak = cell.roi in card.selection_leak
    return cell_warnings(card.simulated, card.name, leak, model, cell.controls)


def _of_control(control: ControlRow, row: ScoreRow) -> str | None:
    if control.raw is None:
        return None
    return control_warning(
        control.control, control.raw, control.raw_range, control.reaches, row.raw, row.reference
    )


def _of_headline(row: ScoreRow, rows: Mapping[str, Sequence[ControlRow]]) -> Sequence[str]:
    return headline_warnings(
        load_card(row.benchmark.partition(".")[0]),
        row.roi,
        row.reasoning_type,
        rows.get(row.benchmark, []),
        has_ceiling=row.ceiling is not None,
        divided=row.score,
        n_constant=row.n_constant or 0,
    )


def _of_behavior_control(control: BehaviorControl, score: BehaviorScore) -> str | None:
    values = {name: getattr(control, name) for name in MEASURES}
    model = {name: getattr(score, name).value for name in MEASURES}
    # what is reached without a number is a fault of its own
    known = [name for name in control.reaches_model if None not in (values[name], model[name])]
    return behavior_control_warning(control.control, known, values, model)


def _of_behavior(score: BehaviorScore) -> Sequence[str]:
    if score.dataset not in list_datasets():
        return []
    return score_warnings(score, load_card(score.dataset))


def _read_gain(gain: GuidanceScore) -> str:
    seeds = {arm.arm: arm.n_seeds for arm in gain.arms}
    told = {name for text in gain.warnings if text.endswith(_ORACLES)
            for name in text.removesuffix(_ORACLES).split(", ")}  # fmt: skip
    needed = [each for each in gain.differences if each.against not in told]
    reading = read_gains(needed, find_lacking(gain.tier, seeds))
    return f"{reading} {read_alignment(gain.alignment)}".strip()


def _of_gain(gain: GuidanceScore) -> list[str]:
    seeds = {arm.arm: arm.n_seeds for arm in gain.arms}
    said = gain_warnings(seeds, gain.n_base)
    return [*said, reduced_warning(seeds.get(GUIDED, 0))] if gain.tier == "reduced" else said
