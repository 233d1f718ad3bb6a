"""The targeted search on screen."""

from __future__ import annotations

import io

from rich.console import Console

from brainbench.guidance.rows import SearchRow
from brainbench.guidance.score import SearchScore
from brainbench.results import ModelInfo, Record
from brainbench.results.screen import render_record

FLIPPED = SearchRow(
    arm="guided",
    n_seeds=1,
    flipped=0.5,
    n_flipped=7,
    tries=3.25,
    length=1.5,
    reverted=12.0,
    direction_gained=4,
    direction_lost=9,
    direction_true_rate=0.25,
    direction_auc=0.431,
    direction_balanced_accuracy=0.4,
)
NOTHING = SearchRow(
    arm="random fMRI, no mean",
    n_seeds=1,
    flipped=0.0,
    n_flipped=0,
    tries=None,
    length=None,
    reverted=300.0,
    direction_gained=None,
    direction_lost=None,
    direction_true_rate=None,
    direction_auc=None,
    direction_balanced_accuracy=None,
)
SCORE = SearchScore(
    dataset="xiao2026",
    roi="language",
    reasoning_type="syllogistic",
    site="attention",
    layers=[7, 8],
    loss="cosine",
    centring="raw",
    n_people=10,
    n_items=36,
    n_wrong=15,
    n_pairs=113,
    true_rate=0.75,
    auc=0.452,
    balanced_accuracy=0.46,
    rows=[FLIPPED, NOTHING],
    notes=("seen twice",),
)


def printed(*scores: SearchScore) -> list[str]:
    made = Record(
        run_id="abc", status="success", versions={}, model=ModelInfo(identifier="m", sha256="0"),
        datasets=[], benchmarks={}, config={}, searches=list(scores),
    )  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=100, color_system=None).print(render_record(made))
    return out.getvalue().splitlines()[2:]


def test_every_arm_has_its_numbers_and_nothing_is_cut_off() -> None:
    lines = printed(SCORE)
    assert max(map(len, lines)) <= 100
    guided = next(line for line in lines if line.startswith("guided"))
    assert guided.split()[1:] == [
        *("50", "%"),
        "7",
        "3.2",
        "1.50",
        "12.0",
        "4",
        "9",
        *("25", "%"),
        "0.431",
        "0.400",
    ]
    other = next(line for line in lines if line.startswith("random fMRI"))
    assert other.count("n/a") == 7
    assert not any("…" in line for line in lines)


def test_reading_and_warning_are_told_and_what_was_there_before() -> None:
    text = " ".join(" ".join(printed(SCORE)).split())
    told = "brain signals flip 50% of the targeted answers; the best baseline, random fMRI, no mean"
    assert told in text
    assert "! seen twice" in text
    assert "a flip is not evidence that anything was learned" in text
    assert "36 items, 15 of them wrong" in text


def test_the_difference_to_guided_stands_with_its_interval() -> None:
    ends = {"guided_minus": 0.397, "interval": (-1.0, 1.0), "p": 0.01}
    clear = NOTHING.model_copy(
        update={**ends, "arm": "permuted fMRI", "interval": (0.166, 0.594), "p_corrected": 0.02}
    )
    unclear = NOTHING.model_copy(update={**ends, "p_corrected": 0.2})
    rows = [FLIPPED, clear, unclear]
    lines = printed(SCORE.model_copy(update={"rows": rows}))
    assert max(map(len, lines)) <= 100
    assert "0.397 [0.166, 0.594]* 0.020" in next(
        line for line in lines if line.startswith("permuted fMRI")
    )
    other = next(line for line in lines if line.startswith("random fMRI"))
    assert "0.397 [-1.000, 1.000] 0.200" in other
    assert "*" not in other


def test_an_older_random_direction_is_another_arm() -> None:
    held = NOTHING.model_dump() | {"arm": "random direction", "flipped": 1.0}
    drawn, kept = (SearchRow(**held | {"one_direction": one}) for one in (None, True))
    old, new = (
        " ".join(" ".join(printed(SCORE.model_copy(update={"rows": [FLIPPED, row]}))).split())
        for row in (drawn, kept)
    )
    assert "! random restarts: it had as many chances as tries" in old
    assert "40 random directions, one a try, flip 100%" in old
    assert "the best baseline" not in old
    assert "random restarts" not in new
    assert (drawn.arm, kept.arm) == ("random restarts", "random direction")
    assert (drawn.restarts, kept.restarts) == (True, False)


def test_the_area_says_of_which_log_odds_it_is() -> None:
    assert "AUC of log-odds as they are 0.452, balanced accuracy 0.460, True 75 %" in " ".join(
        " ".join(printed(SCORE)).split()
    )


def test_no_search_no_lines() -> None:
    assert printed() == []


def test_the_card_names_the_problems_and_few_arms() -> None:
    permuted = NOTHING.model_copy(update={"arm": "permuted fMRI", "flipped": 0.78})
    chance = NOTHING.model_copy(update={"arm": "random direction", "flipped": 0.05})
    rows = [FLIPPED, permuted, chance, NOTHING]
    card = [
        printed(SCORE.model_copy(update={"rows": rows, "reasoning_type": kind}))
        for kind in ("syllogistic", "transitive")
    ]
    for lines, kind in zip(card, ("syllogisms", "transitive problems"), strict=True):
        text = " ".join(" ".join(lines).split())
        assert f"permuted signals 0.780; xiao2026, {kind}" in text
        found = (
            f"Of wrong answers to {kind} that people have right, brain signals flip 50%, permuted "
            "signals 78%, one random direction 5%."
        )
        assert found in text
