"""ds003076: what people saw and did, from the real events files."""

from __future__ import annotations

import csv
import itertools
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainbench.datasets import ds003076, load_card
from brainbench.datasets.ds003076 import RUNS, events_path, read_run
from brainbench.errors import DataError, UnknownNameError
from brainbench.problems import SCANNER_RUN, Condition, classify

Tables = dict[tuple[str, str], pd.DataFrame]
PEOPLE = ("sub-1001", "sub-1004", "sub-1034")


@pytest.fixture
def folder(mirror: Path) -> Path:
    return mirror / "ds003076"


@pytest.fixture
def tables(folder: Path) -> Tables:
    return {(s, run): read_run(folder / events_path(s, run)) for s in PEOPLE for run in RUNS}


@pytest.fixture
def shown(tables: Tables) -> pd.DataFrame:
    return ds003076.stimuli(tables, load_card("xiao2026"))


def raw(folder: Path, subject: str, run: str) -> list[dict[str, str]]:
    """Problems of a run as text, read without pandas; control trials left out."""
    with (folder / events_path(subject, run)).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [row for row in rows if row["trial_type"] != "control"]


class TestRead:
    @pytest.mark.parametrize("run", RUNS)
    def test_a_run_is_18_problems_in_the_order_of_the_file(self, run: str, folder: Path) -> None:
        table = read_run(folder / events_path("sub-1001", run))
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
        source = folder / events_path("sub-1001", "syllogistic-01")
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
        lines = (folder / events_path("sub-1004", "transitive-02")).read_text().splitlines()
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
            ds003076.stimuli(tables, card)

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
            ds003076.stimuli(tables, card)
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
            ds003076.stimuli(tables, load_card("xiao2026"))

    def test_other_answers_are_no_other_problems(self, tables: Tables) -> None:
        card = load_card("xiao2026")
        before = ds003076.stimuli(tables, card)
        tables["sub-1004", "transitive-02"] = tables["sub-1004", "transitive-02"].assign(
            accuracy=0.0, response_time=np.nan
        )
        pd.testing.assert_frame_equal(ds003076.stimuli(tables, card), before)

    def test_a_text_that_everybody_saw_but_that_is_not_its_condition_is_refused(
        self, tables: Tables
    ) -> None:
        for (_, run), table in tables.items():
            if run == "syllogistic-02":
                table.loc[0, "conclusion"] = "Zed is not purple"
        with pytest.raises(DataError, match="syllogistic-02-00"):
            ds003076.stimuli(tables, load_card("xiao2026"))

    def test_a_run_that_nobody_has_is_named(self, tables: Tables) -> None:
        fewer = {key: table for key, table in tables.items() if key[1] != "transitive-01"}
        with pytest.raises(DataError, match="no person has the run transitive-01"):
            ds003076.stimuli(fewer, load_card("xiao2026"))

    def test_problems_are_the_rows(self, shown: pd.DataFrame) -> None:
        problems = ds003076.problems(shown)
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
        behavior = ds003076.behavior(tables, shown, PEOPLE)
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
            if (folder / events_path(subject, run)).exists()
            for row in raw(folder, subject, run)
            if row["response_time"] == "n/a"
        }
        assert codes == {"0.0"}

    def test_a_missing_run_is_nan(self, tables: Tables, folder: Path, shown: pd.DataFrame) -> None:
        for run in list(RUNS)[1:]:
            tables["sub-1026", run] = read_run(folder / events_path("sub-1026", run))
        pd.testing.assert_frame_equal(ds003076.stimuli(tables, load_card("xiao2026")), shown)
        person = ds003076.behavior(tables, shown, ["sub-1026"]).sel(subject="sub-1026")
        lacking = (shown["run"] == "syllogistic-01").to_numpy()
        for name in person.data_vars:
            assert np.isnan(person[name].values[lacking]).all()
            assert np.isfinite(person[name].values[~lacking]).any()

    def test_everybody_saw_the_same(self, folder: Path) -> None:
        tables = {
            (subject, run): read_run(folder / events_path(subject, run))
            for subject in load_card("ds003076").subjects
            for run in RUNS
            if (subject, run) != ("sub-1026", "syllogistic-01")
        }
        assert len(tables) == 67
        assert len(ds003076.stimuli(tables, load_card("xiao2026"))) == 70


class TestRequireRuns:
    def test_who_lacks_a_run_is_named_with_it(self) -> None:
        with pytest.raises(DataError, match="sub-1026 lacks syllogistic-01"):
            ds003076.require_runs(load_card("ds003076"), ["sub-1001", "sub-1026"])

    def test_the_others_pass(self) -> None:
        card = load_card("ds003076")
        ds003076.require_runs(card, [s for s in card.subjects if s != "sub-1026"])


class TestLoad:
    def test_everybody_is_there_with_the_items_that_have_an_answer(self, mirror: Path) -> None:
        loaded = ds003076.load()
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
        loaded = ds003076.load(("sub-1001", "sub-1010"))
        answers, right = loaded.values("answer"), loaded.values("accuracy")
        labels = loaded.labels[:, None]
        np.testing.assert_array_equal(np.isnan(answers), np.isnan(right))
        np.testing.assert_array_equal(np.isnan(answers), np.isnan(loaded.values("response_time")))
        there = ~np.isnan(answers)
        np.testing.assert_array_equal((answers == labels)[there], right[there] == 1.0)

    def test_a_run_that_was_not_measured_or_not_answered_is_missing(self, mirror: Path) -> None:
        loaded = ds003076.load(("sub-1026", "sub-1035"))
        missing = np.isnan(loaded.values("answer"))
        runs = loaded.responses["run"].values
        assert missing[runs == "syllogistic-01", 0].all()
        assert missing[runs == "transitive-01", 1].all()
        assert missing.sum(axis=0).tolist() == [21, 16]

    def test_no_answer_is_later_than_the_card_says(self, mirror: Path) -> None:
        assert 5.8 < np.nanmax(ds003076.load().values("response_time")) < 5.9

    def test_unknown_people_are_met_with_the_nearest(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean"):
            ds003076.load("sub-1002")


class TestSelect:
    def test_the_first_items_of_each_type_in_their_order(self, mirror: Path) -> None:
        loaded = ds003076.load("sub-1001")
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
            ds003076.load("sub-1001").select(types)
