"""What guidance by brain signals brought: a forest plot and tables for each way of guiding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brainbench.guidance.arms import GUIDED, GUIDED_RESTARTS, UNGUIDED
from brainbench.guidance.layer_sets import name_layers
from brainbench.guidance.methods.registry import ONE_STEP, key_of
from brainbench.guidance.rows import TRAINED_ON, TRIES, Change, Dose, SearchRow
from brainbench.guidance.score import GuidanceScore, SearchScore
from brainbench.guidance.verdict import AGAINST, CLAIM, LEVEL, RISES, claim_p
from brainbench.results.blocks import (
    Block,
    Bullets,
    Column,
    Figure,
    Folded,
    Section,
    SideBySide,
    Table,
    Words,
)
from brainbench.results.blocks.model import Mood
from brainbench.results.plots.dot_plot import DotRow, Mark, Role, draw_dots
from brainbench.results.plots.svg import image
from brainbench.results.record import Record
from brainbench.results.sections.guidance_figures import IN_WORDS, change_of, forest
from brainbench.results.sections.guidance_shift import (
    SHIFTED,
    at_equal_shift,
    both_shifts,
    dose_shift,
    has_shifts,
    measured_on,
    nats,
    shift_cells,
    shift_columns,
)
from brainbench.results.spreadsheet import Cell
from brainbench.results.wording import (
    number,
    percent,
    plain_cell,
    plural,
    with_interval,
)
from brainbench.statistics.inference import holm

_MAX = 60
_MAX_PICTURES, _LARGEST_PICTURE = 8, 400_000
_PNG = b"\x89PNG\r\n\x1a\n"
_ABOUT = (
    "A gain is guided minus another arm over the same problems, 95 % by a hierarchical bootstrap "
    "over seeds and base problems, with what other signals would vary where items were permuted "
    "more than once. That brain signals help needs a gain in AUC above 0, at p below 0.05, against "
    "items permuted and label only: both must pass, so no p is corrected; and accuracy at the "
    "threshold that falls against neither. A shift of the share of True is not a gain. At "
    "threshold: True is the answer above log-odds chosen on validation problems. AUC: of log-odds, "
    "0.5 by chance. * one of the two, with p below 0.05. Right, only guided and only it: problems, "
    "in one order, that one of both has right."
)
SEARCHED = (
    f"Search: pairs whose answer became right, within {TRIES} tries. Guided minus: by how much "
    "guided flips more, with 95 % intervals over problems, * p below 0.05 after Holm over arms; "
    "without two permutations of items there is no p. Arms with restarts draw anew at every try, "
    "so they have as many chances as tries: they are compared with guided restarts. Problems "
    "flipped: by somebody's signals. Length: of the direction then, in spreads of states. "
    "Reverted: answers that were none of the choices. Gained, lost and what follows: the mean "
    "direction of those that flipped, added to all items: wrong ones righted, right ones spoilt, "
    "and what the model then says."
)
_MOODS: dict[str, Mood] = {"brain signals help": "good", "inconclusive": "warning"}
# metrics whose differences a terminal shows too
_SHORT = {
    "auc": "AUC",
    "accuracy_at_threshold": "at threshold",
    "accuracy": "accuracy",
    "true_rate": "says True",
}


def gains_section(record: Record, folder: Path | None = None) -> Section | None:
    """Each way of guiding that was tried, and its pictures; None where none was.

    Parameters
    ----------
    record : of the run.
    folder : of the run, for its ``pictures/``; None shows none.
    """
    if not record.gains and not record.searches:
        return None
    parts = [_score(index, score) for index, score in enumerate(record.gains[:_MAX])]
    parts += [search_part(index, search) for index, search in enumerate(record.searches[:_MAX])]
    blocks: list[Block] = [_overview(record.gains[:_MAX])] if len(record.gains) > 1 else []
    if folder is not None:
        blocks += _pictures(folder / "pictures", record.gains[:_MAX])
    about = " ".join(
        text
        for text, held in (
            (_ABOUT, record.gains),
            (SHIFTED, any(has_shifts(score) for score in record.gains)),
            (SEARCHED, record.searches),
        )
        if held
    )
    return Section("gains", "Guidance by brain signals", blocks, parts=parts, about=about)


def _overview(scores: Sequence[GuidanceScore]) -> Table:
    """Every comparison in one row, where there are several.

    Each verdict is of one test; a reader of many sees p of each claim, corrected over them.
    """
    # no claim is made of items that were trained on
    p_values = [None if s.test == TRAINED_ON else claim_p(s.differences) for s in scores]
    tested = [p for p in p_values if p is not None]
    corrected = iter(holm(tested) if tested else [])
    rows = []
    for score, p in zip(scores, p_values, strict=True):
        areas = {row.arm: row.auc for row in score.arms}
        rows.append((
            plain_cell(score.roi, score.reasoning_type),
            f"{_mode(score)}, {score.recipe}",
            score.test,
            number(areas.get(UNGUIDED)),
            number(areas.get(GUIDED)),
            *([number(None if p is None else next(corrected))] if tested else []),
            score.verdict,
        ))  # fmt: skip
    claimed = ("p Holm",) if tested else ()
    columns = ("guided by", "how", "read on", "AUC unguided", "AUC guided", *claimed, "verdict")
    caption = "Every comparison"
    if tested:
        caption += "; p Holm: of the claim, the larger of its two, corrected over these rows"
    return Table(caption, columns, rows, numbers=False)


def _pictures(folder: Path, scores: Sequence[GuidanceScore]) -> list[Figure]:
    """What the run drew; a file that is not a small PNG is passed over.

    Of the numbers in it, those of the doses are in the record; states of items are not.
    """
    found = []
    for path in sorted(folder.glob("guidance-*.png"))[:_MAX_PICTURES]:
        if path.is_symlink() or path.stat().st_size > _LARGEST_PICTURE:
            continue
        content = path.read_bytes()
        if not content.startswith(_PNG):
            continue
        name = path.stem.removeprefix("guidance-")
        caption = (
            f"{name}. Left: scanner items in the plane of their main axes, with the directions of "
            "the arms. Middle: how far items lie along the guided direction, layer by layer. "
            "Right: what strength does on validation problems; its data are those of this panel."
        )
        doses = next((s.doses for s in scores if picture_of(s) == name), ())
        words = f"States, directions and doses of {name}. {_doses_seen(doses)}".strip()
        found.append(
            Figure(image(content, words), caption, name=f"doses-{name}", data=_doses_data(doses))
        )
    return found


def picture_of(score: GuidanceScore) -> str:
    """Name of the picture that was drawn for a score of steering, without ``guidance-``."""
    return f"{key_of(score.recipe)}{score.roi}-{score.reasoning_type}"


def _doses_data(doses: Sequence[Dose]) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = [
        ("arm", "layers", "strength", "AUC", "accuracy", "share of True", "valid", "shift",
         "rise of surprisal")
    ]  # fmt: skip
    for one in doses:
        numbers = (one.strength, one.auc, one.accuracy, one.true_rate, one.valid, *dose_shift(one))
        rows.append((one.arm, one.layers, *numbers))
    return rows


def _doses_seen(doses: Sequence[Dose]) -> str:
    """The area under the curve of guided at its least and greatest strength, in words."""
    held = sorted((one for one in doses if one.arm == GUIDED), key=lambda one: one.strength)
    if not held:
        return ""
    ends = (
        f"{number(one.auc)} at strength {number(one.strength, 1)}"
        for one in held[:: len(held) - 1 or 1]
    )
    return f"AUC of guided: {', '.join(ends)}."


def _weighed(score: GuidanceScore) -> str:
    """Whose answers weighed the items, where others than those who guide."""
    if score.answers_of is None or score.n_answered is None:
        return ""
    of = "" if score.answers_of == score.dataset else f" of {score.answers_of}"
    people = plural(score.n_answered, "person", "people")
    return f", each weighed by how many of {people}{of} had it right"


def _score(index: int, score: GuidanceScore) -> Section:
    text = f"; {score.relative_to}" if score.relative_to else ""
    blocks: list[Block] = [
        Words(score.reading, name=score.verdict, mood=_MOODS.get(score.verdict, "")),
        Words(
            f"Guided by {plural(score.n_people, 'person', 'people')} on {score.reasoning_type} "
            f"items{_weighed(score)}, at the {score.site} site, {score.acting}; read once on "
            f"{score.test} ({score.test_type}{text}): {plural(score.n_items, 'item')} of "
            f"{plural(score.n_base, 'problem')}; {number(score.n_permutations)} item permutations, "
            f"{number(score.n_draws)} bootstrap draws; tier {score.tier}.{measured_on(score)}"
        ),
        SideBySide([forest(f"gains-{index}-{metric}", score, metric) for metric in CLAIM]),
        _differences_table(score),
        Folded("Every arm", [_arms_table(score)]),
    ]
    if score.doses:
        blocks.append(
            Folded("More or less of it, on validation problems", [_doses_table(score)], wide=True)
        )
    blocks += at_equal_shift(score)
    if score.alignment:
        blocks.append(Folded("Alignment before and after", [_alignment_table(score)]))
    badge = f"{score.form} form, {score.recipe}"
    return Section(
        f"gains-{index}", title_of_gain(score), blocks, badge=badge, ident=score.identifier
    )


def title_of_gain(score: GuidanceScore) -> str:
    """``Steering by language, syllogisms: three premises``; the method where it is not one step."""
    cell = plain_cell(score.roi, score.reasoning_type)
    usual = score.mode != "steering" or score.recipe == ONE_STEP
    how = "" if usual else f", {score.recipe},"
    return f"{_mode(score).capitalize()}{how} by {cell}: {score.test}"


def _mode(score: GuidanceScore) -> str:
    mode = score.mode.replace("finetuning", "fine-tuning")
    return f"{mode} as published" if score.form == "published" else mode


def title_of_search(score: SearchScore) -> str:
    """``Search for answers that turn right, by language, syllogisms``."""
    cell = plain_cell(score.roi, score.reasoning_type)
    return f"Search for answers that turn right, by {cell}"


def _differences_table(score: GuidanceScore) -> Table:
    metrics = dict.fromkeys(one.metric for d in score.differences for one in d.changes)
    rows = []
    for difference in score.differences:
        needed = difference.against in AGAINST
        cells = [
            _changed(change_of(difference, metric), needed and metric == RISES)
            for metric in metrics
        ]
        alone = "n/a"
        if difference.mcnemar_gained is not None:
            # without McNemar's p, which takes the signals as given
            alone = f"{number(difference.mcnemar_gained)}, {number(difference.mcnemar_lost)}"
        moved = [both_shifts(score, difference.against)] if has_shifts(score) else []
        rows.append((difference.against, number(difference.n_seeds), *cells, alone, *moved))
    names = [
        Column(IN_WORDS.get(metric, metric), _SHORT.get(metric, ""), wide=metric not in _SHORT)
        for metric in metrics
    ]
    columns: list[str | Column]
    columns = ["against", Column("seeds", wide=True), *names, "right: only guided, only it"]
    if has_shifts(score):
        columns.append(Column("shift of neutral text: guided, it", "shift: guided, it"))
    caption = f"Guided minus each arm; * p below {LEVEL}, of the two that a claim needs"
    return Table(caption, columns, rows, strong=AGAINST)


def _changed(change: Change | None, needed: bool) -> str:
    """The difference with its interval, and a mark where a claim needs it and it passes."""
    if change is None:
        return "n/a"
    marked = needed and change.p is not None and change.p < LEVEL
    return with_interval(change.value, change.interval) + ("*" if marked else "")


def _arms_table(score: GuidanceScore) -> Table:
    rows = [
        (
            arm.arm, number(arm.n_seeds), number(arm.strength),
            "" if arm.layers is None else name_layers(arm.layers), number(arm.threshold),
            number(arm.auc), number(arm.accuracy_at_threshold), number(arm.accuracy),
            number(arm.balanced_accuracy), number(arm.dprime, 2), number(arm.criterion, 2),
            percent(arm.true_rate), percent(arm.valid), *shift_cells(score, arm.shift),
        )
        for arm in score.arms
    ]  # fmt: skip
    columns: Sequence[str | Column]
    columns = ("arm", "seeds", Column("strength", optional=True), Column("layers", wide=True),
               Column("threshold", wide=True), "AUC", Column("at threshold", "at thr."), "accuracy",
               "balanced", "d′", Column("criterion c", wide=True), "says True", "valid",
               *shift_columns(score))  # fmt: skip
    return Table("Means over seeds", columns, rows, strong=[GUIDED])


def _doses_table(score: GuidanceScore) -> Table:
    rows = [
        (
            dose.arm, dose.layers, number(dose.strength), number(dose.auc), number(dose.accuracy),
            percent(dose.true_rate), percent(dose.valid),
            *([nats(dose.shift)] if has_shifts(score) else []),
        )
        for dose in score.doses
    ]  # fmt: skip
    shift = ("shift",) if has_shifts(score) else ()
    columns = ["arm", "layers", "strength", "AUC", "accuracy", "says True", "valid", *shift]
    return Table("What strength and layers were chosen on; means over seeds", columns, rows)


def _alignment_table(score: GuidanceScore) -> Table:
    rows = [(row.arm, number(row.before), number(row.after)) for row in score.alignment]
    return Table(
        "r on runs held out, all layers together, controlled folds",
        ("arm", "before training", "after"),
        rows,
    )


def _flipped(row: SearchRow) -> str:
    """The share, and how far it goes over seeds."""
    if row.flipped_range is None:
        return percent(row.flipped)
    return f"{percent(row.flipped)} ({' to '.join(percent(end) for end in row.flipped_range)})"


def _minus(row: SearchRow) -> str:
    """Share of pairs that guided flips, minus the arm's; marked where it is significant."""
    if row.guided_minus is None:
        return ""
    marked = row.p_corrected is not None and row.p_corrected < LEVEL
    return with_interval(row.guided_minus, row.interval) + ("*" if marked else "")


def search_figure(key: str, search: SearchScore) -> Figure:
    """How many answers each arm turned right.

    Parameters
    ----------
    key : unique on the page.
    search : of every arm.
    """
    rows = []
    for row in search.rows:
        role: Role = "model" if row.arm in (GUIDED, GUIDED_RESTARTS) else "nuisance"
        title = f"{row.arm}: {_flipped(row)}"
        mark = Mark(row.flipped, "dot", role, title, row.flipped_range)
        rows.append(DotRow(row.arm, [[mark]], _flipped(row)))
    return Figure.of(
        draw_dots(
            key, "Answers that turned right", "share of pairs whose answer turned right", rows
        ),
        "Share of pairs of a person and a problem whose answer turned right; bars: range over "
        "seeds. An arm that is not guided turns them too: that answers move shows no learning. "
        "Arms with restarts draw anew at every try, and compare with one another only.",
    )


def _search_cells(row: SearchRow) -> tuple[str, ...]:
    return (
        row.arm, number(row.n_seeds), _flipped(row), _minus(row),
        "" if row.p_corrected is None else number(row.p_corrected), number(row.n_flipped),
        number(row.tries, 1), number(row.length, 2), number(row.reverted, 1),
        number(row.direction_gained), number(row.direction_lost),
        percent(row.direction_true_rate), number(row.direction_auc),
        number(row.direction_balanced_accuracy),
    )  # fmt: skip


def search_part(index: int, search: SearchScore) -> Section:
    """The paper's targeted search: no gain, for map, direction and success are of one item.

    Parameters
    ----------
    index : its place among the searches, which makes the key unique on the page.
    search : flips and mean directions of every arm.
    """
    rows, drawn = (
        [_search_cells(row) for row in search.rows if row.restarts == restarts]
        for restarts in (False, True)
    )
    columns = ("arm", Column("seeds", wide=True), "pairs flipped", "guided minus", "p Holm",
               "problems flipped",
               "tries", "length", "reverted", Column("mean direction: gained", "gained"), "lost",
               "says True", "AUC", "balanced")  # fmt: skip
    blocks: list[Block] = [
        Words(search.reading, "lead"),
        Words(
            f"{plural(search.n_people, 'person', 'people')}, {plural(search.n_items, 'item')}, "
            f"{number(search.n_wrong)} of them wrong (before: AUC of log-odds as they are "
            f"{number(search.auc)}, balanced accuracy {number(search.balanced_accuracy)}, True "
            f"{percent(search.true_rate)}), {plural(search.n_pairs, 'pair')} of a person "
            f"who was right and such an item; at the {search.site} site, layers "
            f"{name_layers(search.layers)}; loss {search.loss}, centring "
            f"{search.centring}. Map, direction and success are of the same item: it shows that "
            "answers can be moved, not that anything was learned."
        ),
        search_figure(f"search-{index}-flips", search),
        Table("Arms of one direction or one search, means over seeds", columns, rows,
              strong=[GUIDED]),
    ]  # fmt: skip
    if drawn:
        caption = "Arms that draw anew at every try; guided minus: of guided, restarts"
        blocks.append(Table(caption, columns, drawn, strong=[GUIDED_RESTARTS]))
    if search.unfair:
        blocks.append(Bullets([("", text) for text in search.unfair], "warning"))
    return Section(
        f"search-{index}",
        title_of_search(search),
        blocks,
        badge="published form, search",
        ident=search.identifier,
    )
