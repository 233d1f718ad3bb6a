"""What guidance does to neutral text, beside what it gains."""

from __future__ import annotations

from collections.abc import Sequence

from brainbench.guidance.arms import GUIDED
from brainbench.guidance.matched import AtShift, arms_at_shift
from brainbench.guidance.rows import ArmRow, Dose, NeutralShift
from brainbench.guidance.score import GuidanceScore
from brainbench.results.blocks import Block, Column, Folded, Table
from brainbench.results.wording import number, plural

SHIFTED = (
    "Shift: how far guidance moves the prediction of neutral text, where nothing is asked; "
    "divergence of the next token's distribution, in nats. Perplexity: of the text, times so much."
)


def has_shifts(score: GuidanceScore) -> bool:
    """Whether shifts were measured; of older records they were not."""
    return any(arm.shift is not None for arm in score.arms)


def shift_columns(score: GuidanceScore) -> list[Column]:
    """Columns of the table of arms: shift and ratio of perplexities; none without shifts."""
    if not has_shifts(score):
        return []
    return [Column("shift of neutral text, nats", "shift"), Column("perplexity", wide=True)]


def shift_cells(score: GuidanceScore, shift: NeutralShift | None) -> list[str]:
    """Cells of :func:`shift_columns`, of one arm."""
    if not has_shifts(score):
        return []
    if shift is None:
        return ["n/a", "n/a"]
    return [nats(shift), f"× {number(shift.perplexity_ratio, 2)}"]


def nats(shift: NeutralShift | None) -> str:
    """The divergence, small ones too: ``0.0006``."""
    return "n/a" if shift is None else number(shift.kl, 3 if shift.kl >= 0.01 else 4)


def both_shifts(score: GuidanceScore, against: str) -> str:
    """``0.084, 0.097``: of guided and of another arm."""
    arms: dict[str, ArmRow] = {arm.arm: arm for arm in score.arms}
    return ", ".join(
        nats(arms[name].shift) if name in arms else "n/a" for name in (GUIDED, against)
    )


def measured_on(score: GuidanceScore) -> str:
    """What shifts were measured on, and under which limit strengths were chosen; a sentence."""
    if score.neutral is None:
        return ""
    limit = score.neutral.limit
    what = "strengths" if score.mode == "steering" else "rates and epochs"
    under = "no limit" if limit is None else f"a limit of {number(limit, 3)} nats"
    passages = plural(score.neutral.n_passages, "passage")
    return f" Shifts: on {passages} of neutral text; {what} chosen under {under} on them."


def at_equal_shift(score: GuidanceScore) -> list[Block]:
    """Every arm where it moves neutral text as much as guided does; none without shifts."""
    limit = None if score.neutral is None else score.neutral.limit
    found = arms_at_shift(score.doses, limit)
    if not found:
        return []
    first = found[0]
    table = Table(
        f"At guided's shift of {number(first.shift, 3)} nats, layers {first.layers}, where its AUC "
        f"on validation problems is {number(first.guided_auc)}, its accuracy "
        f"{number(first.guided_accuracy)}",
        ("arm", "strength", "AUC", "guided minus it", "accuracy", "guided minus it, mean of doses"),
        [_row(each) for each in found],
    )
    return [Folded("Arms at equal shift, on validation problems", [table])]


def _row(each: AtShift) -> Sequence[str]:
    gain = None if each.auc is None else each.guided_auc - each.auc
    mean = "n/a"
    if each.mean_gain is not None:
        mean = f"{number(each.mean_gain)} ({plural(each.n_doses, 'dose')})"
    return (
        each.arm, number(each.strength, 2), number(each.auc), number(gain), number(each.accuracy),
        mean,
    )  # fmt: skip


def dose_shift(dose: Dose) -> tuple[float | None, float | None]:
    """Shift and rise of surprisal of a dose, for files of data."""
    return (None, None) if dose.shift is None else (dose.shift.kl, dose.shift.rise)
