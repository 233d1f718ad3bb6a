"""The tables of docs/ladder.md are those of the calibration that lies beside it."""

from __future__ import annotations

from pathlib import Path

import brainbench
from brainbench.calibration import LadderCalibration
from brainbench.calibration.ladder.record import RateRow

DOCS = Path(brainbench.__file__).parent.parent / "docs"
FOUND = LadderCalibration.model_validate_json(
    (DOCS / "data" / "ladder_calibration.json").read_text("utf-8")
)


def tables() -> dict[str, list[list[str]]]:
    """First heading → rows."""
    found: dict[str, list[list[str]]] = {}
    own: list[list[str]] = []
    for line in [*(DOCS / "ladder.md").read_text("utf-8").splitlines(), ""]:
        if line.startswith("|"):
            own.append([cell.strip() for cell in line.strip("|").split("|")])
        elif own:
            found[own[0][0]] = own[2:]
            own = []
    return found


def one(kind: str, term: str = "larger", **named: object) -> RateRow:
    (row,) = [
        row for row in FOUND.rows
        if row.kind == kind and row.term == term
        and all(getattr(row, name) == value for name, value in named.items())
    ]  # fmt: skip
    return row


def shown(row: RateRow, digits: int = 1) -> str:
    return f"{100 * row.rate:.{digits}f} %"


def test_the_record_is_whole() -> None:
    assert FOUND.complete
    assert all(row.limit for row in FOUND.rows if row.kind == "nothing" and row.term == "larger")


def test_rates_without_an_effect() -> None:
    rows = tables()["nothing there, beyond"]
    assert len(rows) == 6
    for rung, n, *rates in rows:
        found = [one("nothing", term, rung=rung) for term in ("own", "between", "larger")]
        assert rates == [shown(row) for row in found]
        assert n == f"{found[0].n:,}"


def test_rates_of_confounds() -> None:
    rows = tables()["30 % of a confound"]
    assert len(rows) == 5
    for name, below, at in rows:
        assert at == shown(one("in span", scenario=name))
        assert below == shown(one("below", scenario=name))


def test_rates_of_planted_layers() -> None:
    rows = tables()["planted layer, beyond"]
    assert len(rows) == 12
    for rung, share, mixing, *rates in rows:
        alike = {"own": 0.0, "half alike": 0.5}[mixing]
        named = {"rung": rung, "share": float(share.rstrip(" %")) / 100, "alike": alike}
        assert rates == [shown(one("planted", term, **named))
                         for term in ("own", "between", "larger")]  # fmt: skip


def test_rates_of_halves_of_the_people() -> None:
    rows = tables()["half of the people, larger"]
    assert len(rows) == 6
    for cell, *rates in rows:
        roi, kind = cell.split(", ")
        for rung, rate in zip(("run", "position", "length", "condition", "words", "behaviour"),
                              rates, strict=True):  # fmt: skip
            row = one("people", rung=rung, roi=roi, reasoning_type=kind)
            assert rate == shown(row, 0)
            assert row.n == 40


def test_what_the_text_says_of_the_tables() -> None:
    text = " ".join((DOCS / "ladder.md").read_text("utf-8").split())
    drift = [row.rate for row in FOUND.rows
             if row.kind == "mis-specified" and row.term == "larger"]  # fmt: skip
    assert f"found in {100 * min(drift):.1f} to {100 * max(drift):.1f} % of data sets" in text
    sizes = [row.dimensions for row in FOUND.noise]
    assert f"items fill {min(sizes):.1f} to {max(sizes):.1f} dimensions" in text
    assert FOUND.model == "nano"
    assert all(row.limit for row in FOUND.rows if row.kind == "nothing")
    assert all(row.limit for row in FOUND.rows if row.kind == "in span" and row.term == "larger")
    low = min(row.coverage for row in FOUND.effects)
    assert low >= 0.93
    assert f"{100 * low:.1f} % or more hold what was planted" in text
    high = max(row.apart for row in FOUND.boards if row.equal)
    assert high <= 0.05
    assert f"at most {100 * high:.1f} % distinguish models that are equal" in text
    held = [f"{100 * row.apart:.0f} % do at z {row.z:.1f}" for row in FOUND.boards if not row.equal]
    assert ", ".join(held) in text


def test_shares_and_the_intervals_that_hold_them() -> None:
    rows = tables()["share explained, planted"]
    assert len(rows) == len(FOUND.effects)
    for (name, rung, truth, *shown), effect in zip(rows, FOUND.effects, strict=True):
        assert name.startswith(f"{effect.term}: ")
        assert rung == effect.rung
        assert truth == f"{effect.truth:.2f}"
        assert shown == [
            f"{effect.median:.2f}", f"{effect.width:.2f}", f"{100 * effect.coverage:.1f} %"
        ]  # fmt: skip


def test_boards_of_equal_models_and_of_one_that_is_held() -> None:
    rows = tables()["models"]
    assert len(rows) == len(FOUND.boards)
    for (name, _, *shown), board in zip(rows, FOUND.boards, strict=True):
        assert name == f"{board.models}, {'equal' if board.equal else 'one held'}"
        assert board.n == 500
        assert shown == [f"{board.z:.1f}", "500", f"{100 * board.apart:.1f} %"]
