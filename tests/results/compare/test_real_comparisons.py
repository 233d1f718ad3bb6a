"""Records that stand on the boards, held against each other: no number that cannot be."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import numpy as np

from brainbench.results.compare import compare_runs
from brainbench.results.finished import open_run

SUBMISSIONS = Path(__file__).parents[3] / "submissions"


def test_intervals_of_real_records_are_possible_and_say_what_their_p_says() -> None:
    records = sorted(SUBMISSIONS.glob("*/*/record/results.json"))
    runs = [open_run(path.parent) for path in records[-6:]]
    rows = [row for first, second in permutations(runs, 2)
            for row in compare_runs([first, second]).pairs[0].rows]  # fmt: skip
    assert {row.kind for row in rows} >= {"alignment", "behaviour", "task"}
    for row in rows:
        if row.interval is None:
            continue
        low, high = row.interval
        assert low <= row.difference <= high, row
        assert row.identical or high - low > 1e-9, row
        # of shares and correlations; z has no bound
        most = np.inf if row.n_items is not None else 1 if row.kind == "task" else 2
        assert max(abs(low), abs(high)) <= most, row
        assert row.p is not None
        assert row.p_corrected is not None
        assert (row.p < 0.05) == (low > 0 or high < 0), row
        assert row.p_corrected >= row.p
        if row.reading in ("better", "worse"):
            assert (row.difference > 0) == (row.reading == "better")
            assert row.interval[0] * row.interval[1] > 0
        assert row.reading != "the same"
