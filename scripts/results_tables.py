"""Make the tables of results in README.md and docs from the submissions.

    python scripts/results_tables.py

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. Numbers are those that boards
and reports show of the same records: lines of the scorecard, rows of the ladder, cells. A test
holds the pages to the submissions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import fmean

from brainbench.benchmarks import ControlledScore, LadderScore
from brainbench.benchmarks.ladder.names import IN_WORDS, UNTRAINED
from brainbench.benchmarks.ladder.score import together
from brainbench.guidance.arms import GUIDED, LABEL_AS_FMRI, LABEL_ONLY, PERMUTED, UNGUIDED
from brainbench.guidance.rows import HELD_OUT, Change, SearchRow
from brainbench.guidance.verdict import find_change
from brainbench.results import Record, load_record
from brainbench.results.blocks import ScoreLine
from brainbench.results.scorecard import scorecard
from brainbench.results.sections.cells import CellSummary, controlled_cells, published_cells
from brainbench.results.wording import plain_cell, plain_kind

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    ROOT / "README.md",
    *(ROOT / "docs" / f"{name}.md" for name in ("results", "reproduction", "guidance")),
)
# what a file of weights is called elsewhere
NAMES = {
    "SmolLM2-135M-Instruct.Q4_1": "SmolLM2-135M-Instruct",
    "smollm2_135m_activations": "SmolLM2-135M-Instruct, activations we were given",
    "gemma-3-270m-q4_k_m": "Gemma 3 270M (base)",
    "qwen05": "Qwen2.5-Coder-0.5B-Instruct",
    "qwen15": "Qwen2.5-Coder-1.5B-Instruct",
    "nano": "nano (built in)",
}
REGIONS = {"deductive_reasoning": "DR", "language": "lang", "md": "MD"}
TYPES = {"all": "all", "syllogistic": "syll.", "transitive": "trans."}
NUISANCE = (
    "reasoning type",
    "length",
    "position",
    "condition",
    "response time",
    "others' response time",
    "random features",
)
WAYS = ("steering", "fine-tuning")
_NONE = ""


@dataclass(frozen=True)
class Run:
    """A submitted record, and what its model is called."""

    model: str
    record: Record

    @property
    def plain(self) -> bool:
        """Whether it is a model as it came: neither untrained, nor steered, nor fine-tuned."""
        return "+" not in self.record.model.identifier

    def line(self, name: str) -> ScoreLine | None:
        """The line of the scorecard of one name."""
        return next((line for line in scorecard(self.record).lines if line.name == name), None)


@cache
def runs() -> tuple[Run, ...]:
    """Every submission, by the names of the models."""
    found = []
    for folder in sorted((ROOT / "submissions").glob("*/*/record")):
        record = load_record(folder)
        base, _, rest = record.model.identifier.partition("+")
        named = NAMES.get(base, base)
        if rest.startswith("untrained"):
            named += f", untrained (seed {rest.rpartition('-')[2]})"
        elif rest:
            named += ", steered" if rest.startswith("steer") else ", fine-tuned"
        found.append(Run(named, record))
    return tuple(
        sorted(
            found, key=lambda run: (run.model.lower(), str(run.record.timing.get("started", "")))
        )
    )


def four_scores() -> str:
    """Models by alignment, behaviour, accuracy and gain: what README shows."""
    lines = []
    for model in dict.fromkeys(run.model for run in runs() if run.plain):
        own = [run for run in runs() if run.model == model]
        ladder = _last_line([run for run in own if run.record.ladder], "alignment")
        if ladder is None:
            continue
        gains = [found for way in WAYS if (found := _last_line(own, way)) is not None]
        lines.append(
            [
                model,
                _ends(ladder),
                ladder.verdict.partition("explained by ")[2] or "nothing listed",
                _ends(_last_line(own, "behaviour")),
                _ends(_last_line(own, "accuracy")),
                "; ".join(f"{line.name} {_ends(line)}" for line in gains),
            ]
        )
    asked = next(run for run in runs() if run.plain and run.record.behavior)
    people = asked.line("behaviour")
    untrained = next(run for run in runs() if ", untrained" in run.model and run.record.ladder)
    lines += [
        ["*people among themselves*", _NONE, _NONE, f"{people.held:.3f}" if people else _NONE,
         _NONE, _NONE],
        ["*always True*", _NONE, _NONE, f"{_always_true(asked.record):.3f}", "0.500", _NONE],
        [f"*{untrained.model}*", _ends(untrained.line("alignment")), "not found", _NONE,
         _ends(untrained.line("accuracy")), _NONE],
    ]  # fmt: skip
    head = ["", "alignment: z beyond position", "explained by", "behaviour: κ of errors",
            "accuracy, balanced", "gain in AUC by brain signals"]  # fmt: skip
    return _markdown(head, lines, numbers=False)


def ladders() -> str:
    """Every model on every rung: z and p."""
    lines, head = [], [""]
    for run in runs():
        for score in LadderScore.read_from(run.record):
            rows = together(score.rows)
            head = ["", *(IN_WORDS[rung] for rung in rows)]
            lines.append([run.model, *(f"{row.z:.1f} ({row.p:.2g})" for row in rows.values())])
            largest = [
                max((one.z for one in score.context.baselines
                     if (one.baseline, one.term, one.rung) == (UNTRAINED, "larger", rung)),
                    default=None)
                for rung in rows
            ]  # fmt: skip
            if any(value is not None for value in largest):
                shown = ["n/a" if value is None else f"{value:.1f}" for value in largest]
                lines.append(["*largest of its untrained networks*", *shown])
    return _markdown(head, lines)


def controlled() -> str:
    """Raw r and unique R² of every model, cell by cell."""
    return _cells(
        [run for run in runs() if run.record.controlled],
        lambda run: controlled_cells(run.record),
        lambda cell: f"{cell.model.value:.3f}",
        people=True,
    )


def unique() -> str:
    """Unique R² of every model, cell by cell."""
    return _cells(
        [run for run in runs() if run.record.controlled],
        lambda run: controlled_cells(run.record),
        lambda cell: f"{_unique(cell):.4f}",
    )


def published() -> str:
    """Best layer as published: r, and that of what knows nothing of the model."""
    chosen = [run for run in runs() if run.record.published]
    return _cells(
        chosen,
        lambda run: published_cells(run.record),
        lambda cell: f"{cell.together or 0.0:.3f}",
        people=True,
        nuisance=NUISANCE,
    )


def accuracy() -> str:
    """Balanced accuracy of every task, and how often the answer was True."""
    lines = []
    tasks: list[str] = []
    for run in runs():
        rows = {
            row.task: row for row in run.record.answer_bias if row.balanced_accuracy is not None
        }
        if rows:
            tasks = list(dict.fromkeys([*tasks, *rows]))
    for run in runs():
        rows = {
            row.task: row for row in run.record.answer_bias if row.balanced_accuracy is not None
        }
        if rows:
            shown = [
                f"{rows[task].balanced_accuracy:.3f}" if task in rows else "" for task in tasks
            ]
            lines.append([run.model, _ends(run.line("accuracy")), *shown])
    head = ["", "all", *(task.removeprefix("brainbench_").replace("_", " ") for task in tasks)]
    return _markdown(head, lines)


def guidance() -> str:
    """Every controlled test of guidance: gain against the arm that guided is least above."""
    found = []
    for run in runs():
        for name in WAYS:
            line = run.line(name)
            if line is not None:
                seeds = max(arm.n_seeds for gain in run.record.gains for arm in gain.arms)
                shown = [run.model, name, line.of, _ends(line), line.against, line.verdict]
                found.append(((run.model, name, line.of), seeds, shown))
    lines = _best_tried(found)
    return _markdown(["", "way", "of", "gain in AUC", "against", "verdict"], lines, numbers=False)


def explained() -> str:
    """As published in the paper's own region, divided by the ceiling: models, then nuisance."""
    region = "deductive_reasoning"
    chosen = [run for run in runs() if run.record.published]
    lines = []
    for run in chosen:
        scores = {s.reasoning_type: s for s in run.record.published if s.roi == region}
        lines.append([run.model, *(_percent(scores[kind].score) for kind in TYPES)])
    scores = {s.reasoning_type: s for s in chosen[0].record.published if s.roi == region}
    for name in ("reasoning type", "length", "response time"):
        found = [
            next((c.score for c in scores[kind].controls if c.control == name), None)
            for kind in TYPES
        ]
        lines.append([f"*{name}*", *(_percent(value) for value in found)])
    return _markdown(["", *TYPES], lines)


def flips() -> str:
    """Share of pairs of a person and a problem that a targeted search flips, by arm."""
    return _searched(lambda row: True, lambda row: _percent(row.flipped))


def flips_against() -> str:
    """How many more pairs flip by people's signals than by each arm, of searches or of restarts."""
    return _searched(lambda row: row.against is not None, _points)


def _searched(is_shown: Callable[[SearchRow], bool], cell: Callable[[SearchRow], str]) -> str:
    """A line for each search, a column for each arm that is shown in any."""
    chosen = [(run, score) for run in runs() for score in run.record.searches]
    shown = [row for _, score in chosen for row in score.rows if is_shown(row)]
    arms = list(dict.fromkeys(row.arm for row in shown))
    found = []
    for run, score in chosen:
        cells = {row.arm: cell(row) for row in score.rows if row.arm in arms}
        of, seeds = f"{run.model}, {score.reasoning_type}", max(row.n_seeds for row in score.rows)
        line = [of, str(score.n_pairs), str(seeds), *(cells.get(arm, "") for arm in arms)]
        found.append(((of, score.roi), seeds, line))
    return _markdown(["", "pairs", "seeds", *arms], _best_tried(found))


def _points(row: SearchRow) -> str:
    """``+33 [20, 49], p 0.001``: percentage points, and p after Holm where there is one."""
    if row.guided_minus is None or row.interval is None:
        return ""
    low, high = (f"{100 * end:.0f}" for end in row.interval)
    p = "" if row.p_corrected is None else f", p {row.p_corrected:.2g}"
    return f"{100 * row.guided_minus:+.0f} [{low}, {high}]{p}"


def gained() -> str:
    """What guided gains over signals of other items, over labels alone and over nothing."""
    found = []
    for run in runs():
        for score in run.record.gains:
            by_arm = {each.against: each for each in score.differences}
            against = [find_change(by_arm.get(arm), "auc") for arm in (PERMUTED, LABEL_ONLY)]
            plain = find_change(by_arm.get(UNGUIDED), "accuracy")
            seeds = max(arm.n_seeds for arm in score.arms)
            found.append((
                (run.model, score.identifier),
                seeds,
                [
                    f"{run.model}, {score.mode.replace('finetuning', 'fine-tuning')}"
                    f"{' as published' if score.form == 'published' else ''}",
                    score.reasoning_type,
                    score.test,
                    str(score.n_items),
                    str(seeds),
                    *(_change(change) for change in against),
                    _change(plain),
                ],
            ))  # fmt: skip
    head = ["", "guided by", "read on", "n", "seeds", "AUC over permuted", "over labels alone"]
    return _markdown([*head, "accuracy over unguided"], _best_tried(found))


def held_out() -> str:
    """AUC of held-out scanner items under each arm, steered by people's responses to them."""
    found = []
    arms = (UNGUIDED, GUIDED, PERMUTED, LABEL_ONLY, LABEL_AS_FMRI)
    for run in runs():
        for score in run.record.gains:
            if score.test != HELD_OUT or score.mode != "steering":
                continue
            own = {arm.arm: arm for arm in score.arms}
            auc = [f"{own[arm].auc:.3f}" if arm in own else "" for arm in arms]
            line = [f"{run.model}, {plain_kind(score.reasoning_type)}", str(score.n_items), *auc]
            found.append(((run.model, score.identifier), score.arms[0].n_seeds, line))
    return _markdown(["", "items", *arms], _best_tried(found))


def _best_tried(found: Sequence[tuple[object, int, list[str]]]) -> list[list[str]]:
    """Of what was run several times the row with the most seeds, the last of several.

    Parameters
    ----------
    found : what a row is of, its seeds, and the row.
    """
    best: dict[object, tuple[int, list[str]]] = {}
    for of, seeds, row in found:
        if of not in best or seeds >= best[of][0]:
            best[of] = (seeds, row)
    return [row for _, row in best.values()]


def _change(change: Change | None) -> str:
    if change is None:
        return "n/a"
    ends = "" if change.interval is None else " [{:.3f}, {:.3f}]".format(*change.interval)
    return f"{change.value:+.3f}{ends}"


def _percent(share: float | None) -> str:
    return "n/a" if share is None else f"{100.0 * share:.0f} %"


TABLES: dict[str, Callable[[], str]] = {
    "four scores": four_scores,
    "ladders": ladders,
    "controlled": controlled,
    "unique": unique,
    "published": published,
    "accuracy": accuracy,
    "guidance": guidance,
    "explained": explained,
    "flips": flips,
    "flips against": flips_against,
    "gained": gained,
    "held out": held_out,
}


def remade(text: str) -> str:
    """A page with its tables made anew."""

    def table(match: re.Match[str]) -> str:
        return f"<!-- table: {match[1]} -->\n\n{TABLES[match[1]]()}\n\n<!-- end -->"

    return re.sub(r"<!-- table: ([a-z ]+) -->.*?<!-- end -->", table, text, flags=re.DOTALL)


def _cells(
    chosen: Sequence[Run],
    cells_of: Callable[[Run], Sequence[CellSummary]],
    shown: Callable[[CellSummary], str],
    people: bool = False,
    nuisance: Sequence[str] = (),
) -> str:
    names = [plain_cell(roi, kind) for roi in REGIONS for kind in TYPES]
    lines = []
    for run in chosen:
        cells = {cell.name: cell for cell in cells_of(run)}
        lines.append([run.model, *(shown(cells[name]) if name in cells else "" for name in names)])
    cells = {cell.name: cell for cell in cells_of(chosen[0])}
    if people:
        lines.append(["*people*", *(_people(cells[name]) for name in names)])
    for row in nuisance:
        values = [cells[name].nuisance_row(row) for name in names]
        known = [None if one is None else one.value for one in values]
        lines.append([f"*{row}*", *("n/a" if value is None else f"{value:.3f}" for value in known)])
    head = ["", *(f"{short} {kind}" for short in REGIONS.values() for kind in TYPES.values())]
    return _markdown(head, lines)


def _always_true(record: Record) -> float:
    """What the answer True shares with people's errors, mean over kinds as the models' is."""
    return fmean(
        control.error_consistency or 0.0
        for score in record.behavior
        if not score.pooled
        for control in score.controls
        if control.control == "always True"
    )


def _unique(cell: CellSummary) -> float:
    assert isinstance(cell.score, ControlledScore)
    return cell.score.unique_r2.value


def _people(cell: CellSummary) -> str:
    return "n/a" if cell.people is None or cell.people.value is None else f"{cell.people.value:.3f}"


def _last_line(own: Sequence[Run], name: str) -> ScoreLine | None:
    return next((line for run in reversed(own) if (line := run.line(name)) is not None), None)


def _ends(line: ScoreLine | None) -> str:
    if line is None:
        return _NONE
    return line.number + (f" [{line.ends.replace(' to ', ', ')}]" if line.interval else "")


def _markdown(head: Sequence[str], lines: Sequence[Sequence[str]], numbers: bool = True) -> str:
    rule = ["---", *(["---:" if numbers else "---"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(line) + " |" for line in (head, rule, *lines))


def main() -> None:
    for page in PAGES:
        page.write_text(remade(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
