"""What adults and children saw and did, from the real events files."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainbench.datasets import Behavior, Card, deduction, load_card
from brainbench.datasets.deduction import RUNS, events_path, read_run
from brainbench.errors import DataError, UnknownNameError
from brainbench.problems import SCANNER_RUN, Condition, classify

Tables = dict[tuple[str, str], pd.DataFrame]
ADULTS = load_card("ds003076")
PEOPLE = ("sub-1001", "sub-1004", "sub-1034")


@pytest.fixture
def folder(mirror: Path) -> Path:
    return mirror / "ds003076"


@pytest.fixture
def tables(folder: Path) -> Tables:
    return {
        (s, run): read_run(folder / events_path(ADULTS, s, run)) for s in PEOPLE for run in RUNS
    }


@pytest.fixture
def shown(tables: Tables) -> pd.DataFrame:
    return deduction.stimuli(tables, load_card("xiao2026"))


def raw(folder: Path, subject: str, run: str, card: Card = ADULTS) -> list[dict[str, str]]:
    """Problems of a run as text, read without pandas; control trials left out."""
    with (folder / events_path(card, subject, run)).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [row for row in rows if row["trial_type"] != "control"]


class TestRead:
    @pytest.mark.parametrize("run", RUNS)
    def test_a_run_is_18_problems_in_the_order_of_the_file(self, run: str, folder: Path) -> None:
        table = read_run(folder / events_path(ADULTS, "sub-1001", run))
        assert table.index.tolist() == list(range(18))
        rows = raw(folder, "sub-1001", run)
        assert table["stim_file"].tolist() == [row["stim_file"] for row in rows]
        assert "control" not in set(table["trial_type"])

    def test_sentences_have_no_spare_spaces(self, tables: Tables) -> None:
        for table, column in itertools.product(
            tables.values(), ("premise1", "premise2", "premise3", "conclusion")
        ):
            assert all(text == " ".join(text.split()) for text in table[column])

    @pytest.mark.parametrize("drop", ["a problem", "a text", "a stimulus file", "every problem"])
    def test_a_file_without_18_problems_is_refused(
        self, drop: str, folder: Path, tmp_path: Path
    ) -> None:
        source = folder / events_path(ADULTS, "sub-1001", "syllogistic-01")
        lines = source.read_text("utf-8").splitlines()
        cells = lines[1].split("\t")
        if drop == "a problem":
            del lines[1]
        elif drop == "every problem":
            del lines[1:]
        else:
            cells[-1 if drop == "a stimulus file" else 5] = "n/a"
            lines[1] = "\t".join(cells)
        path = tmp_path / "changed_events.tsv"
        path.write_text("\n".join(lines) + "\n", "utf-8")
        with pytest.raises(DataError, match=r"changed_events\.tsv.*expected 18"):
            read_run(path)

    def test_17_problems_are_counted_in_the_error(self, folder: Path, tmp_path: Path) -> None:
        lines = (folder / events_path(ADULTS, "sub-1004", "transitive-02")).read_text().splitlines()
        problem = next(i for i, line in enumerate(lines) if "affirm" in line)
        path = tmp_path / "short_events.tsv"
        path.write_text("\n".join(lines[:problem] + lines[problem + 1 :]))
        with pytest.raises(DataError, match="holds 17 problems"):
            read_run(path)

    def test_a_lacking_column_is_named(self, tmp_path: Path) -> None:
        path = tmp_path / "events.tsv"
        path.write_text("onset\tduration\ttrial_type\n0\t1\tcontrol\n")
        with pytest.raises(DataError, match="lacks the columns accuracy, response_time"):
            read_run(path)


class TestStimuli:
    def test_70_items_36_and_34(self, shown: pd.DataFrame) -> None:
        assert len(shown) == 70
        assert Counter(shown["reasoning_type"]) == {"syllogistic": 36, "transitive": 34}
        assert shown["stimulus_id"].is_unique

    def test_ids_are_run_and_position_in_order(self, shown: pd.DataFrame) -> None:
        contradictory = {"transitive-01-07", "transitive-01-13"}
        every = [f"{run}-{position:02d}" for run in RUNS for position in range(18)]
        assert shown["stimulus_id"].tolist() == [i for i in every if i not in contradictory]
        for name, run, position in shown[["stimulus_id", "run", "position"]].itertuples(
            index=False
        ):
            assert name == f"{run}-{position:02d}"

    def test_the_dropped_items_do_contradict_themselves(self, tables: Tables) -> None:
        card = load_card("xiao2026")
        assert set(card.dropped) == {"transitive-01-07", "transitive-01-13"}
        for stimulus_id in card.dropped:
            run, position = stimulus_id.rsplit("-", 1)
            row = tables["sub-1001", run].loc[int(position)]
            with pytest.raises(DataError, match="contradict"):
                classify([row["premise1"], row["premise2"], row["premise3"]], row["conclusion"])

    def test_a_contradictory_item_that_is_not_dropped_is_refused(self, tables: Tables) -> None:
        card = load_card("xiao2026").model_copy(update={"dropped": {}})
        with pytest.raises(DataError, match="contradict"):
            deduction.stimuli(tables, card)

    def test_text_and_place_are_those_of_the_file(self, shown: pd.DataFrame, folder: Path) -> None:
        for row in shown.to_dict("records"):
            source = raw(folder, "sub-1001", row["run"])[row["position"]]
            for column in ("premise1", "premise2", "premise3", "conclusion"):
                assert row[column] == " ".join(source[column].split())
            assert row["stim_file"] == source["stim_file"]

    def test_the_condition_is_that_of_the_stimulus_file(
        self, shown: pd.DataFrame, tables: Tables
    ) -> None:
        assert all(
            condition in stim_file
            for condition, stim_file in zip(shown["condition"], shown["stim_file"], strict=True)
        )
        # trial_type is wrong on 18 of 36 transitive rows, and only there
        wrong = {
            run: sum(
                trial_type not in stim_file
                for trial_type, stim_file in zip(
                    table["trial_type"], table["stim_file"], strict=True
                )
            )
            for (_, run), table in tables.items()
        }
        assert wrong == {
            "syllogistic-01": 0, "syllogistic-02": 0, "transitive-01": 9, "transitive-02": 9,
        }  # fmt: skip

    def test_the_text_has_the_condition_but_for_one_known_item(self, shown: pd.DataFrame) -> None:
        differing = {}
        for row in shown.to_dict("records"):
            kind, proven = classify(
                [row["premise1"], row["premise2"], row["premise3"]], row["conclusion"]
            )
            assert kind == row["reasoning_type"]
            assert proven == Condition(row["premises_needed"], row["validity"], row["negation"]), (
                row["stimulus_id"]
            )
            if proven.name != row["condition"]:
                differing[row["stimulus_id"]] = (row["condition"], proven.name)
        assert differing == {"syllogistic-01-04": ("3_true_negate", "2_true_negate")}

    def test_an_unknown_difference_is_refused_and_named(self, tables: Tables) -> None:
        card = load_card("xiao2026").model_copy(update={"condition_differences": {}})
        with pytest.raises(DataError, match="syllogistic-01-04") as caught:
            deduction.stimuli(tables, card)
        assert "2_true_negate, expected syllogistic 3_true_negate" in str(caught.value)

    def test_the_generator_has_the_counts_of_a_run(self, shown: pd.DataFrame) -> None:
        run = shown[shown["run"] == "syllogistic-02"]
        assert Counter(run["condition"]) == Counter(SCANNER_RUN)

    @pytest.mark.parametrize("column", ["premise2", "conclusion", "stim_file"])
    def test_people_who_saw_other_problems_are_refused(self, column: str, tables: Tables) -> None:
        changed = tables["sub-1004", "transitive-02"].copy()
        changed.loc[3, column] = changed.loc[4, column]
        tables["sub-1004", "transitive-02"] = changed
        with pytest.raises(DataError, match="sub-1004 saw other problems in transitive-02"):
            deduction.stimuli(tables, load_card("xiao2026"))

    def test_other_answers_are_no_other_problems(self, tables: Tables) -> None:
        card = load_card("xiao2026")
        before = deduction.stimuli(tables, card)
        tables["sub-1004", "transitive-02"] = tables["sub-1004", "transitive-02"].assign(
            accuracy=0.0, response_time=np.nan
        )
        pd.testing.assert_frame_equal(deduction.stimuli(tables, card), before)

    def test_a_text_that_everybody_saw_but_that_is_not_its_condition_is_refused(
        self, tables: Tables
    ) -> None:
        for (_, run), table in tables.items():
            if run == "syllogistic-02":
                table.loc[0, "conclusion"] = "Zed is not purple"
        with pytest.raises(DataError, match="syllogistic-02-00"):
            deduction.stimuli(tables, load_card("xiao2026"))

    def test_a_run_that_nobody_has_is_named(self, tables: Tables) -> None:
        fewer = {key: table for key, table in tables.items() if key[1] != "transitive-01"}
        with pytest.raises(DataError, match="no person has the run transitive-01"):
            deduction.stimuli(fewer, load_card("xiao2026"))

    def test_problems_are_the_rows(self, shown: pd.DataFrame) -> None:
        problems = deduction.problems(shown)
        assert [problem.identifier for problem in problems] == shown["stimulus_id"].tolist()
        for problem, row in zip(problems, shown.to_dict("records"), strict=True):
            assert problem.sentences == tuple(
                row[c] for c in ("premise1", "premise2", "premise3", "conclusion")
            )
            assert classify(problem.premises, problem.conclusion) == (
                problem.reasoning_type,
                problem.condition,
            )


class TestBehavior:
    def test_it_is_what_the_files_say(
        self, tables: Tables, shown: pd.DataFrame, folder: Path
    ) -> None:
        behavior = deduction.behavior(tables, shown, PEOPLE, ADULTS)
        assert behavior["stimulus_id"].values.tolist() == shown["stimulus_id"].tolist()
        assert behavior["subject"].values.tolist() == list(PEOPLE)
        missing = 0
        for subject in PEOPLE:
            person = behavior.sel(subject=subject)
            for item, row in enumerate(shown.to_dict("records")):
                source = raw(folder, subject, row["run"])[row["position"]]
                here = {name: float(person[name][item]) for name in behavior.data_vars}
                if source["response_time"] == "n/a":
                    missing += 1
                    assert all(np.isnan(value) for value in here.values()), row["stimulus_id"]
                    continue
                right = source["accuracy"] == "1.0"
                assert here == {
                    "accuracy": float(right),
                    "answer": float(right == row["validity"]),
                    "response_time": float(source["response_time"]),
                }
        assert missing > 0  # or the sentence about missing answers was not tried

    def test_missing_answers_are_coded_as_wrong_at_the_source(self, folder: Path) -> None:
        codes = {
            row["accuracy"]
            for subject in load_card("ds003076").subjects
            for run in RUNS
            if (folder / events_path(ADULTS, subject, run)).exists()
            for row in raw(folder, subject, run)
            if row["response_time"] == "n/a"
        }
        assert codes == {"0.0"}

    def test_a_missing_run_is_nan(self, tables: Tables, folder: Path, shown: pd.DataFrame) -> None:
        for run in list(RUNS)[1:]:
            tables["sub-1026", run] = read_run(folder / events_path(ADULTS, "sub-1026", run))
        pd.testing.assert_frame_equal(deduction.stimuli(tables, load_card("xiao2026")), shown)
        person = deduction.behavior(tables, shown, ["sub-1026"], ADULTS).sel(subject="sub-1026")
        lacking = (shown["run"] == "syllogistic-01").to_numpy()
        for name in person.data_vars:
            assert np.isnan(person[name].values[lacking]).all()
            assert np.isfinite(person[name].values[~lacking]).any()

    def test_everybody_saw_the_same(self, folder: Path) -> None:
        tables = {
            (subject, run): read_run(folder / events_path(ADULTS, subject, run))
            for subject in load_card("ds003076").subjects
            for run in RUNS
            if (subject, run) != ("sub-1026", "syllogistic-01")
        }
        assert len(tables) == 67
        assert len(deduction.stimuli(tables, load_card("xiao2026"))) == 70


class TestRequireRuns:
    def test_who_lacks_a_run_is_named_with_it(self) -> None:
        with pytest.raises(DataError, match="sub-1026 lacks syllogistic-01"):
            deduction.require_runs(load_card("ds003076"), ["sub-1001", "sub-1026"])

    def test_the_others_pass(self) -> None:
        card = load_card("ds003076")
        deduction.require_runs(card, [s for s in card.subjects if s != "sub-1026"])


class TestLoad:
    def test_everybody_is_there_with_the_items_that_have_an_answer(self, mirror: Path) -> None:
        loaded = deduction.load("ds003076")
        card = load_card("ds003076")
        assert loaded.subjects == list(card.subjects)
        assert len(loaded.problems) == card.items == 70
        assert Counter(problem.reasoning_type for problem in loaded.problems) == card.type_items
        assert loaded.data_sha256 == card.data_sha256()
        names = [problem.identifier for problem in loaded.problems]
        assert loaded.responses["stimulus_id"].values.tolist() == names
        assert not set(names) & set(card.dropped)
        for problem in loaded.problems:
            kind, condition = classify(problem.premises, problem.conclusion)
            assert (kind, condition) == (problem.reasoning_type, problem.condition)

    def test_it_leaves_out_what_xiao2026_does(self) -> None:
        one, other = load_card("ds003076"), load_card("xiao2026")
        assert one.dropped == other.dropped
        assert one.condition_differences == other.condition_differences

    def test_answers_are_the_label_where_right_and_its_opposite_where_wrong(
        self, mirror: Path
    ) -> None:
        loaded = deduction.load("ds003076", ("sub-1001", "sub-1010"))
        answers, right = loaded.values("answer"), loaded.values("accuracy")
        labels = loaded.labels[:, None]
        np.testing.assert_array_equal(np.isnan(answers), np.isnan(right))
        np.testing.assert_array_equal(np.isnan(answers), np.isnan(loaded.values("response_time")))
        there = ~np.isnan(answers)
        np.testing.assert_array_equal((answers == labels)[there], right[there] == 1.0)

    def test_a_run_that_was_not_measured_or_not_answered_is_missing(self, mirror: Path) -> None:
        loaded = deduction.load("ds003076", ("sub-1026", "sub-1035"))
        missing = np.isnan(loaded.values("answer"))
        runs = loaded.responses["run"].values
        assert missing[runs == "syllogistic-01", 0].all()
        assert missing[runs == "transitive-01", 1].all()
        assert missing.sum(axis=0).tolist() == [21, 16]

    def test_no_answer_is_later_than_the_card_says(self, mirror: Path) -> None:
        assert 5.8 < np.nanmax(deduction.load("ds003076").values("response_time")) < 5.9

    def test_unknown_people_are_met_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean"):
            deduction.load("ds003076", "sub-1002")


CHILDREN = load_card("ds002886")


@pytest.fixture(scope="module")
def children(shared: Path) -> Behavior:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BRAINBENCH_MIRROR", str(shared / "mirror"))
        return deduction.load("ds002886")


@pytest.fixture(scope="module")
def child_tables(shared: Path) -> Tables:
    return {
        (subject, run): read_run(
            shared / "mirror" / "ds002886" / events_path(CHILDREN, subject, run)
        )
        for subject in CHILDREN.subjects
        for run in RUNS
        if run not in CHILDREN.missing_runs.get(subject, ())
    }


class TestChildren:
    """ds002886: every special case of its 196 events files, by name."""

    def test_196_runs_of_56_people_39_of_whom_have_all_four(self, child_tables: Tables) -> None:
        assert len(child_tables) == 196
        assert len(CHILDREN.subjects) - len(CHILDREN.missing_runs) == 39
        per_run = Counter(run for _, run in child_tables)
        assert per_run == {
            "syllogistic-01": 51, "syllogistic-02": 50, "transitive-01": 45, "transitive-02": 50,
        }  # fmt: skip

    def test_they_saw_what_the_adults_saw_letter_by_letter(
        self, child_tables: Tables, mirror: Path
    ) -> None:
        """Texts with their trailing blanks, stimulus files, and the order of both."""
        columns = ("premise1", "premise2", "premise3", "conclusion", "stim_file")
        for run in RUNS:
            adult = raw(mirror / "ds003076", "sub-1001", run)
            for subject, held in child_tables:
                if held != run or subject not in ("sub-002", "sub-031", "sub-052", "sub-080"):
                    continue
                child = raw(mirror / "ds002886", subject, run, CHILDREN)
                for one, other in zip(child, adult, strict=True):
                    assert [one[c] for c in columns] == [other[c] for c in columns]
        # everybody else is held against the first child
        assert len(deduction.stimuli(child_tables, CHILDREN)) == 70

    def test_they_share_what_is_left_out_and_what_differs(self, children: Behavior) -> None:
        assert CHILDREN.dropped == ADULTS.dropped
        assert CHILDREN.condition_differences == ADULTS.condition_differences
        assert children.data_sha256 == CHILDREN.data_sha256()

    def test_trial_type_is_right_here(self, child_tables: Tables) -> None:
        for table in child_tables.values():
            for trial_type, stim_file in zip(table["trial_type"], table["stim_file"], strict=True):
                assert trial_type in stim_file

    def test_no_run_stands_twice(self, child_tables: Tables) -> None:
        seconds = [tuple(table["response_time"]) for table in child_tables.values()]
        assert len(set(seconds)) == len(seconds)

    def test_codes_of_a_missing_answer(self, mirror: Path, child_tables: Tables) -> None:
        codes, right = Counter(), set()
        for subject, run in child_tables:
            for row in raw(mirror / "ds002886", subject, run, CHILDREN):
                right.add(row["accuracy"])
                codes[row["accuracy"]] += row["response_time"] == "n/a"
        assert right == {"0", "0.0", "1", "1.0"}
        assert {code for code, count in codes.items() if count} == {"0", "0.0"}

    def test_a_run_that_a_child_lacks_is_missing_and_named(self, children: Behavior) -> None:
        runs = children.responses["run"].values
        missing = np.isnan(children.values("answer"))
        for column, subject in enumerate(children.subjects):
            lacking = CHILDREN.missing_runs.get(subject, ())
            for run in RUNS:
                assert missing[runs == run, column].all() == (run in lacking), (subject, run)
        with pytest.raises(DataError, match=r"sub-004 lacks transitive-01; sub-020 lacks"):
            deduction.require_runs(CHILDREN, CHILDREN.subjects)

    def test_an_answer_that_came_too_early_is_missing(
        self, children: Behavior, child_tables: Tables
    ) -> None:
        names = children.responses["stimulus_id"].values.tolist()
        column = children.subjects.index("sub-061")
        for item in ("transitive-02-04", "transitive-02-05"):
            written = child_tables["sub-061", "transitive-02"].loc[int(item[-2:])]
            assert 0.0 < written["response_time"] < deduction.TOO_EARLY
            for name in ("accuracy", "answer", "response_time"):
                assert np.isnan(children.values(name)[names.index(item), column])
        assert np.nanmin(children.values("response_time")) > deduction.TOO_EARLY
        assert 5.9 < np.nanmax(children.values("response_time")) < 6.0

    @pytest.mark.parametrize(
        ("early", "problem"),
        [
            ({}, "sub-061, transitive-02-04: response time 0.021 s; .* does not name it"),
            (
                {"sub-061": ("transitive-02-03", "transitive-02-04", "transitive-02-05")},
                "sub-061, transitive-02-03: response time .* names it",
            ),
        ],
    )
    def test_the_card_and_the_times_must_agree(
        self, early: dict[str, tuple[str, ...]], problem: str, child_tables: Tables
    ) -> None:
        card = CHILDREN.model_copy(update={"early_answers": early})
        own = {
            key: table for key, table in child_tables.items() if key[0] in ("sub-002", "sub-061")
        }
        shown = deduction.stimuli(own, card)
        with pytest.raises(DataError, match=problem):
            deduction.behavior(own, shown, ["sub-061"], card)

    def test_a_person_with_one_run_comes_with_every_problem(
        self, mirror: Path, children: Behavior
    ) -> None:
        alone = deduction.load("ds002886", "sub-023")
        assert alone.problems == children.problems
        column = children.subjects.index("sub-023")
        np.testing.assert_array_equal(
            alone.values("answer")[:, 0], children.values("answer")[:, column]
        )


class TestSelect:
    def test_the_first_items_of_each_type_in_their_order(self, mirror: Path) -> None:
        loaded = deduction.load("ds003076", "sub-1001")
        names = [p.identifier for p in loaded.select(("transitive", "syllogistic"), 2).problems]
        assert names == [f"{run}-0{i}" for run in ("syllogistic-01", "transitive-01") for i in "01"]
        chosen = loaded.select(("transitive",))
        assert len(chosen.problems) == 34
        assert set(chosen.responses["reasoning_type"].values) == {"transitive"}
        kept = loaded.responses["reasoning_type"].values == "transitive"
        np.testing.assert_array_equal(chosen.values("answer"), loaded.values("answer")[kept])

    @pytest.mark.parametrize("types", [(), ("modal",)])
    def test_nothing_left_is_an_error(self, types: tuple[str, ...], mirror: Path) -> None:
        with pytest.raises(DataError, match="no items of reasoning type"):
            deduction.load("ds003076", "sub-1001").select(types)
