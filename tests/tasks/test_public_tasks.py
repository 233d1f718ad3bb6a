"""Problems of others: where they come from, what becomes of them, and what is refused."""

from __future__ import annotations

import hashlib
import json
import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from stand_ins import TASKS, Stand

from brainbench.datasets import load_card
from brainbench.datasets.folio import _read as read_folio
from brainbench.datasets.folio import load as load_folio
from brainbench.errors import DataError, UnknownNameError
from brainbench.problems import classify
from brainbench.reasoning.checks.tasks import Installed

pytestmark = pytest.mark.usefixtures("public_tasks_read_once")

FOLIO = [
    {
        "premises": ["All cats are pets. ", "Tom is a cat", ""],
        "conclusion": "Tom is a pet.",
        "label": label,
    }
    for label in ("True", "False", "Uncertain", "Unknown")
]
PRONTOQA = [
    {
        "id": f"ProntoQA_{i}",
        "context": "Every jompus is fruity. Rex is a jompus.",
        "question": "Is the following statement true or false? Rex is fruity.",
        "options": ["A) True", "B) False"],
        "answer": answer,
    }
    for i, answer in enumerate("AB")
]
RULETAKER = [
    {
        "context": f"The cat is big. If something is big then it is kind{depth}.",
        "question": f"The cat is kind{depth}.",
        "label": label,
        "config": f"depth-{depth}",
    }
    for depth in (0, 1)
    for label in ["entailment"] * 4 + ["not entailment"] * 2
]
Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def public(
    helper: Callable[[str], ModuleType], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> ModuleType:
    # what load_dataset makes of a folder does not go into the user's cache
    monkeypatch.setattr("datasets.config.HF_DATASETS_CACHE", tmp_path / "datasets")
    return helper("public")


def lines(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture
def small(public: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A mirror of small files, with their hashes in place of the real ones."""
    folder = tmp_path / "mirror"
    files = {f"data/v0.0/folio-{split}.jsonl": lines(FOLIO) for split in ("train", "validation")}
    for path, text in files.items():
        (folder / "folio" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "folio" / path).write_text(text)
    hashes = {path: hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    source = public.Source("v", "http://127.0.0.1:9", hashes)  # nothing listens there
    monkeypatch.setitem(public.SOURCES, "folio", source)
    monkeypatch.setenv("BRAINBENCH_CACHE", str(tmp_path / "cache"))
    return folder


@pytest.fixture
def server(small: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(small)))
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()


class TestSources:
    def test_a_folder(
        self, public: ModuleType, small: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(small))
        held = public.folio()
        assert {split: len(rows) for split, rows in held.items()} == {"train": 4, "validation": 4}

    def test_a_url_even_offline(
        self, public: ModuleType, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BRAINBENCH_MIRROR", server)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        assert len(public.folio()["validation"]) == 4

    def test_the_source_then_the_cache(
        self, public: ModuleType, server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        found = public.SOURCES["folio"]._replace(url=f"{server}/folio")
        monkeypatch.setitem(public.SOURCES, "folio", found)
        first = public.folio()["validation"].to_list()
        kept = tmp_path / "cache/datasets/folio/v/data/v0.0/folio-validation.jsonl"
        assert kept.read_text() == lines(FOLIO)
        monkeypatch.setitem(public.SOURCES, "folio", found._replace(url="http://127.0.0.1:9"))
        assert public.folio()["validation"].to_list() == first

    def test_offline_the_source_is_not_asked(
        self, public: ModuleType, server: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = public.SOURCES["folio"]._replace(url=f"{server}/folio")
        monkeypatch.setitem(public.SOURCES, "folio", found)
        monkeypatch.setenv("HF_HUB_OFFLINE", "1")
        with pytest.raises(OSError, match="HF_HUB_OFFLINE is set"):
            public._fetch("folio", "data/v0.0/folio-train.jsonl")

    def test_another_file_is_refused(
        self, public: ModuleType, small: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(small))
        (small / "folio/data/v0.0/folio-train.jsonl").write_text("other\n")
        with pytest.raises(ValueError, match=r"folio-train\.jsonl is not folio v: expected sha256"):
            public.folio()
        assert not (tmp_path / "cache").exists()

    def test_nowhere(self, public: ModuleType, small: Path) -> None:
        with pytest.raises(OSError, match=r"set BRAINBENCH_MIRROR.*Tried: .*127\.0\.0\.1:9"):
            public._fetch("folio", "data/v0.0/folio-train.jsonl")

    def test_then_the_hub_with_a_warning(
        self, public: ModuleType, small: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        hub = tmp_path / "hub"  # a folder stands in for the hub's repository
        hub.mkdir()
        for split in ("train", "validation"):
            rows = [{**row, "premises": "\n".join(row["premises"])} for row in FOLIO[:3]]
            (hub / f"{split}.jsonl").write_text(lines(rows))
        held = public.folio(hub=str(hub))
        assert held["train"][0]["premises"] == ["All cats are pets.", "Tom is a cat"]
        assert "another version is taken" in caplog.text

    def test_nothing_at_the_hub_either(
        self, public: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for mirror in (None, str(tmp_path)):
            if mirror:
                monkeypatch.setenv("BRAINBENCH_MIRROR", mirror)
            with pytest.raises(OSError, match=r"gone \(validation\) cannot be had from the hub"):
                public.prontoqa(hub=str(tmp_path / "gone"))

    def test_commits_and_hashes_are_those_of_the_cards(self, public: ModuleType) -> None:
        for name, source in public.SOURCES.items():
            card = load_card(name)
            assert (source.version, source.url) == (card.version, card.urls[0])
            hashes = {entry.path: entry.sha256 for entry in card.files}
            assert source.files.items() <= hashes.items()


class TestRows:
    def test_folio(self, public: ModuleType, small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(small))
        rows = public.folio()["validation"].to_list()
        assert [row["label"] for row in rows] == ["True", "False", "Uncertain", "Uncertain"]
        assert len({row["base_id"] for row in rows}) == 1  # one story
        assert len({row["id"] for row in rows}) == 4
        assert rows[0]["choices"] == ["True", "False", "Uncertain"]

    def test_prontoqa(self, public: ModuleType, tmp_path: Path) -> None:
        (tmp_path / "validation.jsonl").write_text(lines(PRONTOQA))
        rows = public.prontoqa(hub=str(tmp_path))["validation"].to_list()
        assert [row["label"] for row in rows] == ["True", "False"]
        assert rows[0]["premises"] == ["Every jompus is fruity.", "Rex is a jompus."]
        assert rows[0]["conclusion"] == "Rex is fruity."

    def test_ruletaker_is_even_over_depths_and_labels(
        self, public: ModuleType, tmp_path: Path
    ) -> None:
        (tmp_path / "test.jsonl").write_text(lines(RULETAKER))
        rows = public.ruletaker(hub=str(tmp_path), each=2)["test"].to_list()
        assert Counter((row["base_id"], row["label"]) for row in rows) == {
            (base, label): 2
            for base in {row["base_id"] for row in rows}
            for label in ("True", "False")
        }
        assert {row["wording"] for row in rows} == {"closed_world"}
        assert rows == public.ruletaker(hub=str(tmp_path), each=2)["test"].to_list()

    def test_a_mirror_may_hold_them(
        self, public: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "prontoqa").mkdir()
        (tmp_path / "prontoqa/validation.jsonl").write_text(lines(PRONTOQA))
        monkeypatch.setenv("BRAINBENCH_MIRROR", str(tmp_path))
        assert len(public.prontoqa(hub="nowhere/at-all")["validation"]) == 2

    def test_an_unknown_label_is_refused(self, public: ModuleType, tmp_path: Path) -> None:
        (tmp_path / "validation.jsonl").write_text(lines([{**PRONTOQA[0], "answer": "C"}]))
        with pytest.raises(ValueError, match="ProntoQA_0 has the label 'C', none of True, False"):
            public.prontoqa(hub=str(tmp_path))


def test_those_of_the_hub_are_asked(
    ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, split, rows in (
        ("prontoqa", "validation", PRONTOQA),
        ("ruletaker", "test", RULETAKER),
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{split}.jsonl").write_text(lines(rows))
    monkeypatch.setenv("BRAINBENCH_MIRROR", str(tmp_path))
    tasks = [f"brainbench_{name}" for name in ("prontoqa", "ruletaker")]
    tasks += [f"{task}_{kind}" for task in tasks for kind in ("generate", "cot")]
    lm = Stand(text=lambda doc: "Answer: True" if "step" in lm.asked[0].args[0] else "True")
    record = ask(lm, tasks)
    for task in tasks[:2]:
        row = record["results"][task]
        assert row["acc,none"] == row["always_true,none"]
        assert row["balanced_acc,none"] == 0.5
    asked = [request.args[0] for request in lm.asked]
    assert any("Whatever the facts do not establish is not so" in text for text in asked)


class TestRealFolio:
    def test_the_204_problems(self, ask: Ask, mirror: Path) -> None:
        record = ask(Stand(), ("brainbench_folio", "brainbench_folio_generate"))
        row = record["results"]["brainbench_folio"]
        assert row["sample_len"] == 204
        shares = [row[f"always_{word},none"] for word in ("true", "false", "uncertain")]
        assert shares == pytest.approx([72 / 204, 63 / 204, 69 / 204])
        assert row["acc,none"] == row["always_true,none"]
        assert row["balanced_acc,none"] == pytest.approx(1 / 3)
        assert "auc,none" not in row
        stories = {s["doc"]["base_id"] for s in record["samples"]["brainbench_folio"]}
        assert len(stories) == 73

    def test_the_card_gives_the_same(self, public: ModuleType, mirror: Path) -> None:
        held = public.folio()
        for split, count in (("train", 1004), ("validation", 204)):
            problems = load_folio(split)
            rows = held[split].to_list()
            assert len(problems) == len(rows) == count
            for problem, row in zip(problems, rows, strict=True):
                assert (problem.identifier, problem.story) == (row["id"], row["base_id"])
                assert list(problem.premises) == row["premises"]
                assert (problem.conclusion, problem.label) == (row["conclusion"], row["label"])

    def test_there_is_no_other_split(self) -> None:
        with pytest.raises(UnknownNameError, match="did you mean 'validation'"):
            load_folio("validate")


def test_a_broken_folio_row_is_named() -> None:
    for line, told in (("{", "cannot be read"), ("{}", "cannot be read"), ("3", "cannot be read")):
        with pytest.raises(DataError, match=f"folio-x-1 {told}"):
            read_folio(line, "folio-x-1")
    with pytest.raises(DataError, match="label 'Maybe'"):
        read_folio('{"premises": ["a"], "conclusion": "b", "label": "Maybe"}', "x")


class TestRealXiao2026:
    # pseudowords that are words of the grammar: their sentences cannot be proven
    UNREAD = ("nors", "but is")

    def test_every_task_is_asked(self, ask: Ask, mirror: Path) -> None:
        record = ask(Stand(), ("brainbench_xiao2026",))
        counts = {name: record["results"][name]["sample_len"] for name in record["samples"]}
        assert counts == {
            **{
                f"brainbench_xiao2026_{kind}_{premises}": count
                for kind in ("syllogistic", "transitive")
                for premises, count in ((3, 800), (4, 400), (5, 80), (6, 40))
            },
            "brainbench_xiao2026_propositional": 600,
        }
        for name in counts:
            row = record["results"][name]
            assert row["always_true,none"] == row["acc,none"] == 0.5, name

    @pytest.mark.parametrize("premises", [3, 4, 5, 6])
    @pytest.mark.parametrize("kind", ["syllogisms", "transitive"])
    def test_labels_are_proven_and_every_premise_is_asked(
        self, public: ModuleType, mirror: Path, kind: str, premises: int
    ) -> None:
        for row in public.xiao2026(kind, premises, orders=6)["test"].to_list():
            assert len(row["premises"]) == premises
            if any(word in " ".join(row["premises"]) for word in self.UNREAD):
                continue
            proven = classify(row["premises"], row["conclusion"])[1].valid
            assert str(proven) == row["label"], row

    def test_propositional_labels_are_proven(self, public: ModuleType, mirror: Path) -> None:
        for row in public.xiao2026("propositional")["test"].to_list():
            if "but is" not in " ".join(row["premises"]):
                proven = classify(row["premises"], row["conclusion"])[1].valid
                assert str(proven) == row["label"], row

    @pytest.mark.parametrize(("premises", "count"), [(3, 800), (6, 40)])
    def test_orders_are_seeded_and_the_given_one_comes_first(
        self, public: ModuleType, mirror: Path, premises: int, count: int
    ) -> None:
        rows = public.xiao2026("transitive", premises, orders=6)["test"].to_list()
        given = public.xiao2026("transitive", premises)["test"].to_list()
        assert [row["premises"] for row in rows[:count]] == [row["premises"] for row in given]
        assert len(rows) == 6 * count
        assert rows == public.xiao2026("transitive", premises, orders=6)["test"].to_list()
        shown: dict[str, set[tuple[str, ...]]] = {}
        for row in rows:
            shown.setdefault(row["base_id"], set()).add(tuple(row["premises"]))
        assert {len(orders) for orders in shown.values()} == {min(6, math.factorial(premises))}

    def test_a_threshold_is_chosen_on_their_validation_problems(
        self, ask: Ask, public: ModuleType, mirror: Path
    ) -> None:
        task = "brainbench_xiao2026_validation_transitive"
        record = ask(Stand(), (task,))
        assert record["results"][task]["sample_len"] == 80
        assert math.isfinite(record["results"][task]["threshold,none"])
        held = public.xiao2026("transitive", 4, thresholds={"xiao2026_transitive": 0.5})
        assert set(held["test"]["threshold"]) == {0.5}

    def test_training_and_validation_come_with_three_premises(
        self, public: ModuleType, mirror: Path
    ) -> None:
        held = public.xiao2026("syllogisms")
        assert {split: len(rows) for split, rows in held.items()} == {
            "test": 800, "train": 96, "validation": 80,
        }  # fmt: skip


def test_the_public_group_names_what_lm_eval_ships(known: Installed) -> None:
    group = yaml.safe_load((TASKS / "public/group.yaml").read_text("utf-8"))
    assert group["group"] == "brainbench_public"
    assert set(group["task"]) <= known.names
    assert len(group["task"]) == len(set(group["task"])) == 26
