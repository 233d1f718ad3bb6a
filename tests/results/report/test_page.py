"""The page as a whole: complete, closed, escaped, small, and asking for nothing."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from contextlib import suppress
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from markupsafe import escape
from pydantic import BaseModel, ValidationError
from scorecards import passed
from simulated_records import controlled, empty, full, published, samples, write_run

from brainbench.errors import UsageError
from brainbench.results import Record, load_record
from brainbench.results.report import LARGEST, REPORT, page, render_report, write_report
from brainbench.results.scorecard import remarks, scorecard
from brainbench.results.sections.cautions import cautions

SCRIPT = "<script>window.stolen = 1</script>"
HOSTILE = f"\"'><img src=x onerror=alert(1)>{SCRIPT}</style></title>{{{{ 7 * 7 }}}}&lt;\u202e\x00"
VOID = {"meta", "input", "img", "wbr", "link", "br", "hr"}
# elements without content are closed at once in a drawing
DRAWN = {"rect", "circle", "line", "polygon", "text"}


class Reader(HTMLParser):
    """What a page holds; fails where a tag is not closed in its turn."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.stack == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.stack.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        assert tag in DRAWN | VOID, tag
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.stack.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.stack[-1] if self.stack else "", data))

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("run")
    record = full()
    record.add(published("dr", "all"))
    return render_report(record, write_run(record, folder, samples()))


def test_everything_is_there_the_scorecard_first(whole: str) -> None:
    read = Reader(whole)
    keys = [attrs["id"] for attrs in read.all("section")]
    assert [key for key in keys if key and not re.search(r"\d", key)] == [
        "scorecard", "warnings", "summary", "alignment-controlled", "alignment-published",
        "behavior", "accuracy", "gains", "samples", "provenance", "glossary",
    ]  # fmt: skip
    for protocol in ("controlled protocol", "published protocol"):
        assert ("a", protocol) in read.texts  # in its badge, with what it means
    links = [attrs["href"] for attrs in read.all("a") if "download" not in attrs]
    assert all(link and link.startswith("#") for link in links)
    ids = [attrs["id"] for _, attrs in read.tags if "id" in attrs]
    assert len(ids) == len(set(ids))
    assert {link[1:] for link in links if link} <= set(ids)


def test_the_first_screen_has_the_scorecard_and_the_ladder(tmp_path: Path) -> None:
    record = full()
    record.add(passed("run", "position"))
    page_ = render_report(record, tmp_path)
    first = page_[page_.index('<section id="scorecard"') : page_.index('<section id="warnings"')]
    for line in scorecard(record).lines:
        assert line.number in first
        assert str(escape(line.verdict)) in first
    assert "z on every rung" in first
    assert "how far up the ladder" in first
    second = page_[page_.index('<section id="warnings"') : page_.index('<section id="summary"')]
    short, _, every = second.partition("<details>")
    assert short.count("<li>") == len(remarks(record)) <= 5
    assert every.count("<li>") == len(cautions(record)) > 5


def test_it_can_be_read_without_seeing_it(whole: str) -> None:
    read = Reader(whole)
    levels = [int(tag[1]) for tag, _ in read.tags if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("scope") in ("col", "row") for attrs in read.all("th"))
    assert len(read.all("caption")) == len(read.all("table")) > 10
    drawings = read.all("svg")
    assert len(drawings) >= 8
    assert all(one["role"] == "img" and one["aria-labelledby"] for one in drawings)
    assert len(read.all("desc")) == len(drawings)
    assert read.all("html")[0]["lang"] == "en"
    assert any(attrs.get("name") == "viewport" for attrs in read.all("meta"))


def test_it_asks_for_nothing_and_runs_its_own_script_only(whole: str) -> None:
    read = Reader(whole)
    for tag, attrs in read.tags:
        assert tag not in ("link", "iframe", "object", "embed", "form", "base"), tag
        assert not [name for name in attrs if name.startswith("on") or name == "style"], attrs
        assert attrs.get("src", "data:").startswith("data:")  # type: ignore[union-attr]
    own = whole.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in own
    assert "https://" not in own
    policy = next(a["content"] for a in read.all("meta") if "http-equiv" in a) or ""
    assert policy.startswith("default-src 'none';")
    kinds = [attrs.get("type") for attrs in read.all("script")]
    # the items of the run are data, which no browser runs
    assert kinds == ["application/json", None]
    texts = {
        tag: [data for inside, data in read.texts if inside == tag][-1]
        for tag in ("style", "script")
    }
    for tag, text in texts.items():
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy


def poisoned(value: Any, text: str, number: float) -> Any:
    """Every text of a record replaced, and every number, where the schema lets it be any."""
    if isinstance(value, BaseModel):
        for name in type(value).model_fields:
            given = {**dict(value), name: poisoned(getattr(value, name), text, number)}
            with suppress(ValidationError):
                value = type(value).model_validate(given)
        return value
    if isinstance(value, dict):
        return {poisoned(key, text, number): poisoned(v, text, number) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [poisoned(one, text, number) for one in value]
    if isinstance(value, float):
        return number
    return text if value in FREE else value


FREE = {"lab/model", "model.gguf", "voxels are few",
        "language", "md", "response time", "three premises", "no weights", "length", "2 seeds",
        "brainbench_quick_a", "abc123", "layer", "True", "MIT", "hidden", "sub-1001"}  # fmt: skip


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, 1e308, -1e308, 0.0])
def test_a_hostile_record_is_text(number: float, tmp_path: Path) -> None:
    record = full()
    record.add(published())
    content = poisoned(record, HOSTILE, number).model_dump()
    bias = content["answer_bias"][0]
    bias["choices"] = (HOSTILE, "False")
    for shares in (bias["always"], bias["answer_shares"]):
        shares[HOSTILE] = shares.pop("True")
    assert str(number) in str(content)
    assert str(content).count(repr(HOSTILE)) > 50
    assert HOSTILE in content["tasks"]
    content["accuracy"] = {HOSTILE: {"acc,none": number, f"{SCRIPT},none": 1e400}}
    content["config"] = {SCRIPT: {HOSTILE: [SCRIPT]}, "options": {"dtype": SCRIPT}}
    content["notes"] = [HOSTILE, "x" * 100_000]
    content["versions"] = {SCRIPT: SCRIPT}
    hostile = Record.model_validate(content)
    rows = {
        "a": [{HOSTILE: HOSTILE, "label": SCRIPT, "said": SCRIPT, "n": 1e400}],
        "b": [{HOSTILE: HOSTILE, "id": HOSTILE, "label": SCRIPT, "said": SCRIPT, "log_odds": 1.0,
               "arguments": [[HOSTILE]], "resps": [[HOSTILE]], "target": HOSTILE}],
    }  # fmt: skip
    folder = write_run(empty(), tmp_path, rows)
    made = render_report(hostile, folder)
    read = Reader(made)
    assert len(made.encode()) < LARGEST
    assert [attrs.get("type") for attrs in read.all("script")] == ["application/json", None]
    assert not [a for tag, a in read.tags if tag == "img" and a.get("src") == "x"]
    assert "49" not in next(data for inside, data in read.texts if inside == "h1")
    assert "{{ 7 * 7 }}" in made
    assert "window.stolen" in made
    assert "\u202e" not in made
    assert "\x00" not in made
    assert not re.search(r'="[^"]*\b(nan|inf)\b', made)


def test_a_record_of_any_size_is_a_page_below_the_limit(tmp_path: Path) -> None:
    record = empty()
    long = "x" * 3000
    for i in range(90):
        score = controlled(f"roi{i}", notes=tuple(f"{long}{i}{j}" for j in range(30)))
        layers = score.layers[:1] * 500
        record.controlled.append(score.model_copy(update={"layers": layers}))
    record.notes = [f"{i}{long}" for i in range(5000)]
    rows = [{f"key{j}": long for j in range(30)} for _ in range(300)]
    folder = write_run(record, tmp_path, {f"task{i}": rows for i in range(10)})
    made = render_report(record, folder)
    assert len(made.encode()) < LARGEST
    Reader(made)


def test_what_does_not_fit_at_all_leaves_warnings_summary_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page, "LARGEST", 100)
    read = Reader(render_report(full(), tmp_path))
    keys = [attrs["id"] for attrs in read.all("section")]
    assert keys == ["scorecard", "warnings", "summary", "left-out", "provenance", "glossary"]


def test_samples_give_way_before_anything_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = full()
    folder = write_run(record, tmp_path, samples())
    without = len(render_report(record, tmp_path / "gone").encode())
    assert without + 1000 < len(render_report(record, folder).encode())
    monkeypatch.setattr(page, "LARGEST", without + 1000)
    made = render_report(record, folder)
    keys = [attrs["id"] for attrs in Reader(made).all("section")]
    assert "samples" not in keys
    assert "gains" in keys


def test_it_lies_beside_the_record_and_is_the_same_again(tmp_path: Path) -> None:
    record = full()
    folder = write_run(record, tmp_path, samples())
    path = write_report(record, folder)
    assert path == folder / REPORT
    first = path.read_bytes()
    assert write_report(load_record(folder / "results.json"), folder).read_bytes() == first
    with pytest.raises(UsageError, match="cannot write"):
        write_report(record, folder, folder / "results.json" / "x.html")


@pytest.mark.parametrize("status", ["started", "cancelled", "error"])
def test_a_run_that_did_not_end_has_a_page_too(status: Any, tmp_path: Path) -> None:
    made = render_report(empty(status=status, error="it stopped"), tmp_path)
    assert f"its status is {status}: it stopped" in made
