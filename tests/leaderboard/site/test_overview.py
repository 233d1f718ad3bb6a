"""The table of the first page: four scores of every model, and why one is not there."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from synthetic_gains import gain
from synthetic_runs import make_run

from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.site.overview import Overview, Row, counted, make_overview
from brainbench.leaderboard.site.site import make_site
from brainbench.leaderboard.submissions.metadata import Metadata
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.results.scorecard import scorecard

BOARDS = load_boards()


def submission(seed: int, name: str = "", changes: Any = None, **truth: Any) -> Submission:
    record, samples = make_run(seed, **truth)
    if changes:
        record = record.model_copy(update=changes(record))
    metadata = Metadata.model_validate(
        {"org": "lab", "model": name or record.model.identifier, "revision": None,
         "family": "llama", "parameters": 135_000_000, "licence": "MIT", "contamination": "none",
         "contact": "@me", "rerun": "brainbench evaluate", "brainbench": "0.1.0",
         "submitted": "2026-11-01"}
    )  # fmt: skip
    return Submission(Path("x"), metadata, record, samples)


def overview(*runs: Submission) -> Overview:
    site = make_site(BOARDS, runs)
    return make_overview(BOARDS, site.submissions, site.standings, site.beside, site.where)


def row(found: Overview, name: str) -> Row:
    return next(one for one in found.rows if one.name == name)


def test_cells_are_lines_of_the_scorecard() -> None:
    one = submission(0, effect=0.004, ability=0.7)
    found = overview(one)
    (model,) = found.models
    lines = {line.name: line for line in scorecard(one.record).lines}
    for place, name in enumerate(("alignment", "behaviour", "accuracy")):
        (shown,) = model.cells[place].scores
        line = lines[name]
        assert (shown.number, shown.interval, shown.verdict) == (
            line.number, line.interval, line.verdict,
        )  # fmt: skip
        assert model.cells[place].sort == f"{line.value:.8g}"
    assert model.cells[3].why == "not submitted"
    assert (model.org, model.size, model.tags) == ("lab", "135 M", ("activations only",))
    assert counted(found) == "1 model"


def test_an_empty_cell_says_why() -> None:
    lacking = submission(1, kinds=("ladder", "behavior"))

    def limit(record: Any) -> dict[str, Any]:
        return {"config": record.config | {"limit": 5}}

    def learn(record: Any) -> dict[str, Any]:
        return {"model": record.model.model_copy(update={"learned_from": ["xiao2026"]})}

    limited = submission(2, "limited", limit)
    taught = submission(3, "taught+finetuned-xiao2026", learn)
    found = overview(lacking, limited, taught)
    assert row(found, "synthetic-0001").cells[2].why == "not submitted"
    assert row(found, "limited").cells[0].why == "incomplete: limited to 5 items"
    own = row(found, "taught")
    assert own.cells[0].why == "learned from these people or problems"
    assert own.cells[2].scores
    assert own.tags[0] == "fine-tuned"
    assert counted(found) == "2 models, and 1 variant of them"


def test_an_own_run_was_not_run_where_it_has_no_score() -> None:
    (own,) = overview(replace(submission(0), metadata=None)).models
    assert own.org == "own run"
    assert own.cells[3].why == "not run"


def test_a_variant_stands_below_its_model() -> None:
    runs = [
        submission(seed, name) for seed, name in enumerate(("b", "a+untrained-0", "a", "a+steer-x"))
    ]
    names = [(one.name, one.tags[:-1]) for one in overview(*runs).models]
    assert names == [("a", ()), ("a", ("steered",)), ("a", ("untrained, seed 0",)), ("b", ())]


def test_people_and_baselines_are_rows_and_no_models() -> None:
    found = overview(submission(0))
    assert [(one.role, one.name) for one in found.baselines] == [
        ("people", "people among themselves"),
        ("guess", "one answer to everything"),
        ("nuisance", "untrained networks"),
    ]
    people, guess, untrained = found.baselines
    assert [bool(cell.scores) for cell in people.cells] == [False, True, False, False]
    assert guess.cells[2].scores[0].number == "0.500"
    assert guess.cells[1].scores[0].note in ("always True", "always False")
    assert untrained.cells[0].scores
    assert all(not one.address for one in found.baselines)


def test_letters_say_what_cannot_be_told_apart() -> None:
    same = overview(*(submission(seed, effect=0.002, kinds=("ladder",)) for seed in range(3)))
    assert same.columns[0].told == "none of 3 models is distinguishable from another"
    assert all(one.cells[0].scores[0].letters == "" for one in same.models)
    other = overview(
        *(submission(seed, effect=0.01 * (seed // 2), kinds=("ladder",)) for seed in range(4))
    )
    given = {one.name[-1]: one.cells[0].scores[0].letters for one in other.models}
    assert given["0"] == given["1"] != given["2"] == given["3"] == "a"
    assert other.columns[0].told == "models that share a letter are not distinguishable"


def test_a_gain_is_of_the_newest_whole_run() -> None:
    def guided(higher: float, start: str, limit: int | None = None) -> Any:
        def change(record: Any) -> dict[str, Any]:
            tests = [
                gain(lambda content, kind=kind: content.update(test=kind), higher)
                for kind in ("three premises, syllogistic", "three premises, transitive")
            ]
            return {
                "gains": tests,
                "config": record.config | {"limit": limit},
                "timing": record.timing | {"started": start},
                "run_id": f"{record.run_id[:-6]}{start[-6:]}",
            }

        return change

    runs = [
        submission(0, "m", guided(0.2, "2026-01-01T00:00:01")),
        submission(0, "m", guided(0.1, "2026-01-01T00:00:02")),
        submission(0, "m", guided(0.24, "2026-01-01T00:00:03", limit=4)),
    ]
    found = overview(*runs)
    (shown,) = found.models[0].cells[3].scores
    line = next(one for one in scorecard(runs[1].record).lines if one.name == shown.label)
    assert shown.number == line.number
