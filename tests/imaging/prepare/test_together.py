"""Responses of all people put together: texts of any study, orders, repeats, missing runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from brainbench.datasets import phantom
from brainbench.datasets.cards import Card, Scans
from brainbench.datasets.folder import load_folder, write_folder
from brainbench.errors import DataError
from brainbench.imaging.prepare import PreparedPerson, PreparedRun, put_together
from brainbench.problems import Problem, Text

VOXELS = 3
SENTENCES = {"a": "The cat sleeps", "b": "A dog barks  loudly", "c": "Rain falls"}


def run_of(table: pd.DataFrame, responses: np.ndarray, names: Sequence[str]) -> PreparedRun:
    return PreparedRun(
        responses=responses.astype(np.float32),
        stimulus_ids=tuple(names),
        phases=("trial",) * len(names),
        inside=np.ones(VOXELS, bool),
        tsnr=np.full(VOXELS, 50.0, np.float32),
        motion=np.full(9, 0.1),
        kept=np.ones(9, bool),
        events=table.to_csv(sep="\t", index=False),
        inputs={},
        mark={},
    )


def person(subject: str, runs: dict[str, PreparedRun]) -> PreparedPerson:
    places = np.arange(3.0 * VOXELS).reshape(VOXELS, 3)
    return PreparedPerson(subject, {"roi": np.arange(VOXELS)}, np.arange(VOXELS), places, runs, {})


def reader(subject: str, seed: int, orders: dict[str, str], **columns: object) -> PreparedPerson:
    """Somebody who saw sentences in an order of each run; the response to one tells which."""
    runs = {}
    for name, order in orders.items():
        table = pd.DataFrame(
            {
                "onset": np.arange(len(order)) * 9.0,
                "trial_type": "read",
                "stimulus_id": list(order),
                "sentence": [SENTENCES[one] for one in order],
            }
        ).assign(**columns)
        values = np.array(
            [[ord(one) + seed / 10 + i / 100] * VOXELS for i, one in enumerate(order)]
        )
        runs[name] = run_of(table, values, list(order))
    return person(subject, runs)


def card(*runs: str, **changed: object) -> Card:
    return Card(
        name="own", title="Own", version="1", licence="CC0-1.0", redistributable=True, citation="",
        runs=runs, scans=Scans(control=("rest",)), **changed,
    )  # type: ignore[arg-type]  # fmt: skip


class TestTexts:
    def test_orders_of_people_do_not_matter(self, tmp_path: Path) -> None:
        people = [
            reader("sub-1", 1, {"one": "abc", "two": "cab"}),
            reader("sub-2", 2, {"one": "cba", "two": "bca"}),
        ]
        recording, coverage = put_together(people, card("one", "two"))
        held = recording.assembly
        assert "position" not in held.coords
        assert held["repeat"].values.tolist() == [0, 0, 0, 1, 1, 1]
        for subject, seed in (("sub-1", 1), ("sub-2", 2)):
            mine = held.values[:, held["subject"].values == subject][:, 0]
            letters = [ord(one) for one in held["stimulus_id"].values]
            np.testing.assert_allclose(mine, np.array(letters) + seed / 10, atol=0.03)
        assert recording.problems == (
            Text("a", "The cat sleeps"),
            Text("b", "A dog barks loudly"),
            Text("c", "Rain falls"),
        )
        assert (recording.card.items, recording.card.repeated_items) == (3, True)
        assert recording.card.reasoning_types == ("text",)
        assert recording.behavior is None
        assert coverage["roi"].used == VOXELS
        write_folder(recording, tmp_path / "own")
        again = load_folder(tmp_path / "own")
        np.testing.assert_array_equal(again.assembly.values, held.values)
        assert again.problems == recording.problems

    def test_one_order_is_a_position(self) -> None:
        people = [reader(f"sub-{i}", i, {"one": "bca"}) for i in (1, 2)]
        held = put_together(people, card("one"))[0].assembly
        assert held["position"].values.tolist() == [0, 1, 2]

    def test_a_stimulus_may_come_twice_in_a_run(self) -> None:
        held = put_together([reader("sub-1", 0, {"one": "aba"})], card("one"))[0].assembly
        assert held["repeat"].values.tolist() == [0, 0, 1]
        np.testing.assert_allclose(held.values[:, 0], [97.0, 98.01, 97.02], atol=1e-4)

    def test_a_run_that_somebody_lacks_is_nan(self) -> None:
        people = [
            reader("sub-1", 1, {"one": "abc", "two": "abc"}),
            reader("sub-2", 2, {"two": "abc"}),
        ]
        recording, _ = put_together(people, card("one", "two"))
        lost = recording.assembly.values[:3, VOXELS:]
        assert np.isnan(lost).all()
        assert recording.card.missing_runs == {"sub-2": ("one",)}

    def test_answers_are_kept_where_everybody_has_them(self) -> None:
        with_answers = {"accuracy": "1", "response_time": ["1.5", "n/a", "2"]}
        one = reader("sub-1", 1, {"one": "abc"}, **with_answers)
        held = put_together([one], card("one"))[0].behavior
        assert held is not None
        np.testing.assert_array_equal(held["response_time"].values[:, 0], [1.5, np.nan, 2.0])
        np.testing.assert_array_equal(held["accuracy"].values[:, 0], [1.0, np.nan, 1.0])
        other = reader("sub-2", 1, {"one": "abc"})
        assert put_together([one, other], card("one"))[0].behavior is None

    @pytest.mark.parametrize(
        ("people", "named"),
        [
            (
                [reader("sub-1", 1, {"one": "ab"}), reader("sub-2", 1, {"one": "ac"})],
                "sub-2 saw other stimuli in one than sub-1",
            ),
            (
                [
                    reader("sub-1", 1, {"one": "ab"}),
                    reader("sub-2", 1, {"one": "ab"}, sentence=["The cat sleeps", "Rain"]),
                ],
                "sub-2 one: b is 'Rain', and 'A dog barks loudly' for others",
            ),
            (
                [reader("sub-1", 1, {"one": "ab"}, sentence=["The cat sleeps", "n/a"])],
                "sub-1 one: the events have no text for b",
            ),
        ],
    )
    def test_what_does_not_fit_is_named(self, people: list[PreparedPerson], named: str) -> None:
        with pytest.raises(DataError, match=named):
            put_together(people, card("one"))

    def test_events_without_texts_are_named(self) -> None:
        table = pd.DataFrame({"onset": [0.0], "trial_type": ["read"], "word": ["cat"]})
        one = person("sub-1", {"one": run_of(table, np.ones((1, VOXELS)), ["one-00"])})
        with pytest.raises(
            DataError, match=r"sub-1 one: the events hold no texts.*There are: .*word"
        ):
            put_together([one], card("one"))


class TestProblems:
    def reasoner(self, drop: int = 0) -> PreparedPerson:
        """Problems of a study that nobody knows, with control trials between."""
        runs = {}
        for run in ("first", "second"):
            kind = "syllogistic-01" if run == "first" else "transitive-01"
            problems = [p for p in phantom.load_problems() if p.identifier.startswith(kind)][:6]
            rows = []
            for place, one in enumerate(problems):
                texts = {f"premise{i}": text for i, text in enumerate(one.premises, start=1)}
                rows.append({"onset": 12.0 * place, "trial_type": "problem", **texts,
                             "conclusion": one.conclusion, "accuracy": "1",
                             "response_time": "2.5"})  # fmt: skip
                rows.append({"onset": 12.0 * place + 9, "trial_type": "rest"})
            table = pd.DataFrame(rows).fillna("n/a")
            if drop:
                table.loc[0, "conclusion"] = "Nobody knows"
            names = [f"{run}-{place:02d}" for place in range(6)]
            runs[run] = run_of(table, np.arange(6.0 * VOXELS).reshape(6, VOXELS), names)
        return person("sub-1", runs)

    def test_whether_they_follow_is_proven(self) -> None:
        recording, _ = put_together([self.reasoner()], card("first", "second"))
        assert recording.card.type_items == {"syllogistic": 6, "transitive": 6}
        one = recording.problems[0]
        assert isinstance(one, Problem)
        original = phantom.load_problems()[0]
        assert (one.premises, one.conclusion, one.condition) == (
            original.premises, original.conclusion, original.condition,
        )  # fmt: skip
        assert recording.behavior is not None
        np.testing.assert_array_equal(
            recording.behavior["answer"].values[:, 0],
            [float(p.condition.valid) for p in recording.asked],
        )

    def test_one_that_cannot_be_proven_is_named_or_dropped(self) -> None:
        with pytest.raises(DataError, match=r"first-00.*list it as dropped on the card"):
            put_together([self.reasoner(drop=1)], card("first", "second"))
        dropped = {"first-00": "no conclusion", "second-00": "no conclusion"}
        recording, _ = put_together(
            [self.reasoner(drop=1)], card("first", "second", dropped=dropped)
        )
        assert recording.card.items == 10
        np.testing.assert_array_equal(recording.assembly.values[0], [3.0, 4.0, 5.0])


def test_kept_people_are_read_back_as_they_were() -> None:
    one = reader("sub-1", 1, {"one": "abc"})
    again = PreparedPerson.from_bytes(one.to_bytes())
    np.testing.assert_array_equal(again.runs["one"].responses, one.runs["one"].responses)
    assert again.runs["one"].events == one.runs["one"].events
    assert list(again.rois) == ["roi"]
    with pytest.raises(DataError, match="cannot be read"):
        PreparedPerson.from_bytes(one.to_bytes()[:-200])


def test_a_region_that_nobody_shares_is_named() -> None:
    one, other = (reader(f"sub-{i}", i, {"one": "abc"}) for i in (1, 2))
    for who, inside in ((one, [True, False, False]), (other, [False, True, True])):
        who.runs["one"].inside[:] = inside
    with pytest.raises(DataError, match=r"none of its 3 voxels .* sub-1 has 1 of them"):
        put_together([one, other], card("one"))
