"""Gains in a terminal, and in the record."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
from shown_tables import lines, table_named
from simulated_answers import answers, problems

from brainbench.guidance.arms import ARMS, GUIDED, LABEL_ONLY, PERMUTED
from brainbench.guidance.gains.compare import GainSettings, measure_gains
from brainbench.guidance.rows import HELD_OUT, ArmAlignment
from brainbench.guidance.score import GuidanceScore
from brainbench.guidance.verdict import claim_p
from brainbench.results import ModelInfo, Record
from brainbench.results.blocks import Table
from brainbench.results.sections.guidance import gains_section, picture_of, title_of_gain
from brainbench.results.wording import number
from brainbench.statistics.inference import holm


@cache
def score(told: float = 1.4, **changed: Any) -> GuidanceScore:
    """Every arm, guided as well as it is told."""
    rng, items = np.random.default_rng(0), problems()
    arms = {name: answers(items, rng, told if name == GUIDED else 0.8) for name in ARMS}
    found = measure_gains(arms, items, GainSettings())
    made: dict[str, Any] = {
        "mode": "finetuning",
        "form": "controlled",
        "recipe": "representation + labels",
        "tier": "full",
        "dataset": "xiao2026",
        "roi": "deductive_reasoning",
        "reasoning_type": "syllogistic",
        "site": "attention",
        "layers": list(range(8, 23)),
        "test": "three premises",
        "test_type": "syllogistic",
        "n_items": items.n_items,
        "n_base": items.n_base,
        "n_people": 10,
        "n_permutations": 5,
        "n_draws": 10_000,
    }
    return GuidanceScore(**{**made, **vars(found), **changed})


def record(*scores: GuidanceScore) -> Record:
    made = Record(
        run_id="abc",
        status="success",
        versions={},
        model=ModelInfo(identifier="m", sha256="0"),
        datasets=[],
        benchmarks={},
        config={},
    )
    for each in scores:
        made.add(each)
    return made


def test_a_gain_comes_back_whole_and_an_old_record_has_none() -> None:
    made = record(score())
    assert Record.model_validate_json(made.model_dump_json()) == made
    assert made.gains == [score()]
    empty = record()
    assert Record.model_validate(empty.model_dump(exclude={"gains"})).gains == []
    assert lines(empty) == ["m", "no scores"]
    assert lines(made)[0] == "m"
    assert "no scores" not in lines(made)


def test_every_arm_and_every_difference_has_its_row() -> None:
    made = record(score())
    arms = {arm.arm: arm for arm in score().arms}
    guided = arms[GUIDED]
    shown = table_named(gains_section(made), "Means over seeds")
    assert shown[GUIDED] == {
        "arm": GUIDED,
        "seeds": "5",
        "strength": "n/a",
        "layers": "",
        "threshold": "n/a",
        "AUC": f"{guided.auc:.3f}",
        "at threshold": f"{guided.accuracy_at_threshold:.3f}",
        "accuracy": f"{guided.accuracy:.3f}",
        "balanced": f"{guided.balanced_accuracy:.3f}",
        "d′": f"{guided.dprime:.2f}",
        "criterion c": f"{guided.criterion:.2f}",
        "says True": f"{guided.true_rate:.0%}".replace("%", " %"),
        "valid": "100 %",
    } | {name: shown[GUIDED][name] for name in ("layers", "threshold")}
    (permuted,) = (each for each in score().differences if each.against == PERMUTED)
    differences = table_named(gains_section(made), "Guided minus each arm")
    area = permuted.changes[0]
    assert area.interval is not None
    expected = f"{area.value:.3f} [{area.interval[0]:.3f}, {area.interval[1]:.3f}]*"
    assert differences[PERMUTED]["AUC of log-odds"] == expected
    printed = "\n".join(lines(made))
    assert expected in printed
    for column, text in shown[GUIDED].items():
        assert text in printed or text == "n/a" or column == "threshold"
    assert list(shown) == list(arms)
    assert list(differences) == [name for name in arms if name != GUIDED]


def test_the_verdict_and_its_reading_stand_under_the_numbers() -> None:
    text = " ".join(" ".join(lines(record(score()))).split())
    assert f"{score().verdict}: {score().reading}" in text
    assert score().identifier in text
    assert "Guided by 10 people on syllogistic items, at the attention site, layers 8 to 22" in text
    assert "read once on three premises (syllogistic): 80 items of 40 problems" in text
    assert "5 item permutations, 10,000 bootstrap draws; tier full" in text


@pytest.mark.parametrize(
    ("answers_of", "said"),
    [
        ("deduction73", ", each weighed by how many of 73 people of deduction73 had it right,"),
        ("xiao2026", ", each weighed by how many of 73 people had it right,"),
        (None, ","),
    ],
)
def test_whose_answers_weighed_the_items(answers_of: str | None, said: str) -> None:
    known = None if answers_of is None else 73
    changed = score().model_copy(update={"answers_of": answers_of, "n_answered": known})
    text = " ".join(" ".join(lines(record(changed))).split())
    assert f"on syllogistic items{said} at the attention site" in text


def test_the_layers_that_act_are_told() -> None:
    def text(**changed: Any) -> str:
        return " ".join(" ".join(lines(record(score().model_copy(update=changed)))).split())

    every = list(range(30))
    assert "attention site, layers chosen among 0 to 29;" in text(mode="steering", layers=every)
    arms = [
        arm.model_copy(update={"layers": [8, 9, 10]}) if arm.arm == GUIDED else arm
        for arm in score().arms
    ]
    assert "attention site, layers 8 to 10;" in text(mode="steering", layers=[8, 9, 10], arms=arms)


def test_the_area_of_held_out_items_says_what_its_log_odds_are_told_from() -> None:
    told = "log-odds relative to the threshold of each run"
    for mode in ("steering", "finetuning"):
        changed = {"mode": mode, "test": HELD_OUT}
        made = score().model_copy(update=changed)
        text = " ".join(" ".join(lines(record(made))).split())
        assert (told in text) == (mode == "steering")


@pytest.mark.parametrize("told", [0.0, 1.4])
def test_it_fits_100_columns_and_nothing_is_cut_off(told: float) -> None:
    for line in lines(record(score(told), score(told, test="six premises"))):
        assert len(line) <= 100
        assert "…" not in line


def test_what_was_not_measured_is_said() -> None:
    nothing = dict.fromkeys(("auc", "accuracy_at_threshold", "balanced_accuracy", "dprime"))
    arms = [arm.model_copy(update=nothing) for arm in score().arms]
    differences = [
        each.model_copy(
            update={
                "changes": [c.model_copy(update={"interval": None}) for c in each.changes[2:3]],
                "mcnemar_gained": None,
            }
        )
        for each in score().differences
    ]
    made = score().model_copy(update={"arms": arms, "differences": differences})
    shown = table_named(gains_section(record(made)), "Means over seeds")
    names = ("accuracy", "at threshold", "AUC", "balanced")
    accuracy = f"{made.arms[1].accuracy:.3f}"
    assert [shown[GUIDED][name] for name in names] == [accuracy, "n/a", "n/a", "n/a"]
    value = next(each for each in differences if each.against == LABEL_ONLY).changes[0].value
    assert table_named(gains_section(record(made)), "Guided minus")[LABEL_ONLY] == {
        "against": LABEL_ONLY,
        "seeds": str(differences[0].n_seeds),
        "accuracy": f"{value:.3f}",
        "right: only guided, only it": "n/a",
    }
    alone = made.model_copy(update={"differences": [], "layers": []})
    assert "Guided minus each arm" not in "\n".join(lines(record(alone)))


def test_alignment_stands_beside_accuracy_where_it_was_measured() -> None:
    rows = [ArmAlignment(arm=name, before=0.02, after=0.03125) for name in (GUIDED, LABEL_ONLY)]
    printed = [" ".join(line.split()) for line in
               lines(record(score().model_copy(update={"alignment": rows})))]  # fmt: skip
    assert {"guided 0.020 0.031", "label only 0.020 0.031"} <= set(printed)
    assert "r on runs held out" not in " ".join(lines(record(score())))


def test_warnings_shared_by_all_are_said_once() -> None:
    first = score().model_copy(update={"notes": ("shared", "own")})
    second = score().model_copy(update={"notes": ("shared",), "test": "six premises"})
    text = " ".join(" ".join(lines(record(first, second))).split())
    assert "! shared (all of guidance) !" in text
    title = "Fine-tuning by deductive reasoning, syllogisms: three premises"
    assert f"! own ({title})" in text
    assert text.count("shared ") == 1


def test_claims_of_several_tests_are_corrected_together() -> None:
    """Each by the largest p that it needs; one that was not tested is left out."""
    scores = [score(), score(0.9, test="four to six premises"), score().model_copy(deep=True)]
    for each in scores[2].differences:
        for one in each.changes:
            one.p = None
    section = gains_section(record(*scores))
    assert section is not None
    overview = section.blocks[0]
    assert isinstance(overview, Table)
    column = [head.name for head in overview.heads].index("p Holm")
    p_values = [claim_p(each.differences) for each in scores]
    assert p_values[2] is None
    expected = [number(p) for p in holm([p for p in p_values if p is not None])]
    assert [row[column] for row in overview.rows] == [*expected, "n/a"]
    section = gains_section(record(scores[2], scores[2]))
    assert section is not None
    assert isinstance(section.blocks[0], Table)
    assert "p Holm" not in [head.name for head in section.blocks[0].heads]


def test_methods_of_steering_are_told_apart_and_corrected_together() -> None:
    usual, other = (score(mode="steering", recipe=recipe) for recipe in ("one step", "own map"))
    assert title_of_gain(usual).startswith("Steering by deductive reasoning")
    assert title_of_gain(other).startswith("Steering, own map, by deductive reasoning")
    assert picture_of(usual) == "deductive_reasoning-syllogistic"
    assert picture_of(other) == "own-map-deductive_reasoning-syllogistic"
    section = gains_section(record(usual, other))
    assert section is not None
    assert isinstance(section.blocks[0], Table)
    assert [row[1] for row in section.blocks[0].rows] == ["steering, one step", "steering, own map"]
    column = [head.name for head in section.blocks[0].heads].index("p Holm")
    p = claim_p(usual.differences)
    assert p is not None
    assert [row[column] for row in section.blocks[0].rows] == [number(min(1.0, 2 * p))] * 2
