"""The pages: all that was scored is on them, and nothing of a submission is more than text."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from broken_submissions import edit_record
from synthetic_runs import make_run, write_run

import brainbench.leaderboard.site.build as build_module
import brainbench.leaderboard.site.reports as reports_module
from brainbench.errors import UsageError
from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.checks import behavior
from brainbench.leaderboard.checks.faults import Fault
from brainbench.leaderboard.site.build import build_site

Make = Callable[..., Path]
BOARDS = load_boards()
EVIL = "<script>document.title='owned'</script><img src=x onerror=alert(1)>\"'"


@pytest.fixture
def subs(make: Make, tmp_path: Path) -> Path:
    """Four models, one incomplete, one of the published protocol only."""
    root = tmp_path / "subs"
    for seed in range(2):
        make(root, seed, effect=0.005 * seed, family=("llama", "qwen3")[seed])
    make(root, 2, kinds=("ladder",), parameters=7_000_000_000)
    make(root, 3, kinds=("published", "behavior"))
    return root


def build(subs: Path, output: Path, **options: Any) -> dict[str, str]:
    """Path → text of every page."""
    build_site(BOARDS, output, submissions=subs, reports=False, **options)
    return {
        path.relative_to(output).as_posix(): path.read_text("utf-8")
        for path in sorted(output.rglob("*.html"))
    }


class Links(HTMLParser):
    """Every address that a page names, and its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.names: list[str] = []
        self.handlers: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        for name, value in attrs:
            if name in ("href", "src"):
                self.addresses.append(value or "")
            if name.startswith("on") or name == "style":
                self.handlers.append(name)


def test_every_link_leads_somewhere_and_none_away(subs: Path, tmp_path: Path) -> None:
    pages = build(subs, tmp_path / "site")
    assert {"index.html", "alignment.html", "runs.html", "benchmarks/index.html"} <= set(pages)
    for name, text in pages.items():
        found = Links(text)
        assert not found.handlers, name
        for address in found.addresses:
            path, _, part = address.partition("#")
            if address.startswith("https://github.com/") or address.startswith("https://openneuro"):
                continue  # the source of a dataset, to be clicked
            if address == "data:,":
                continue
            assert ":" not in path, (name, address)
            target = (tmp_path / "site" / name).parent / path if path else tmp_path / "site" / name
            assert target.resolve().is_file(), (name, address)
            if part:
                assert f'id="{part}"' in target.read_text("utf-8"), (name, address)


def test_tables_can_be_read_without_seeing_them(subs: Path, tmp_path: Path) -> None:
    for name, text in build(subs, tmp_path / "site").items():
        assert text.count("<table") == text.count("<caption>"), name
        assert '<html lang="en">' in text
        assert "<title>" in text
        for head in re.findall(r"<thead>.*?</thead>", text, re.DOTALL):
            assert head.count("<th ") == head.count('scope="col"'), name
        for row in re.findall(r"<tbody.*?</tbody>", text, re.DOTALL):
            assert row.count("<tr") == row.count('scope="row"'), name
        assert text.count('aria-sort="') <= text.count("<table")


def test_the_page_of_a_model_begins_with_its_scorecard(subs: Path, tmp_path: Path) -> None:
    pages = build(subs, tmp_path / "site")
    models = [text for name, text in pages.items() if name.startswith("models/")]
    assert len(models) == 4
    for text in models:
        assert text.count('<ul class="scorecard">') == 1
        assert text.index('<ul class="scorecard">') < text.index('<dl class="facts">')
        ids = re.findall(r' id="(card-[^"]+)"', text)
        assert len(ids) == len(set(ids))


def test_every_page_says_when_how_to_submit_and_how_to_cite(subs: Path, tmp_path: Path) -> None:
    for name, text in build(subs, tmp_path / "site").items():
        root = "../" * name.count("/")
        footer = text.split("<footer>")[1]
        assert re.search(r'Last update <time datetime="(2026-[\d-]+)">\1</time>', footer), name
        assert f'<a href="{root}submit.html">Step by step</a>' in footer, name
        assert "brainbench submit results/MODEL/RUN --org NAME" in footer
        assert re.search(r"@software\{brainbench,\n.*  year = \{2026\}", footer, re.DOTALL), name
        assert f"Built by brainbench {version('brainbench')} from 4 runs" in footer


def test_a_board_without_entries_is_not_offered_and_says_what_would_fill_it(
    make: Make, tmp_path: Path
) -> None:
    make(tmp_path / "subs", 0, kinds=("ladder", "behavior"))
    pages = build(tmp_path / "subs", tmp_path / "site")
    assert "guidance.html" not in pages
    menu = pages["index.html"].split("</nav>")[0]
    assert "behavior.html" in menu
    for gone in ("guidance.html", "accuracy.html"):
        assert gone not in menu
    text = pages["behavior.html"]
    assert 'data-panel="behavior"' in text
    assert "behavior-children" not in text
    wanted = "--benchmarks ds002886.behavior.syllogistic-consistency"
    assert f"a submitted run of <code>brainbench evaluate --model MODEL {wanted}" in text
    # what is not in the menu is still to be had
    assert (tmp_path / "site" / "data" / "behavior-children.csv").is_file()


def test_the_first_page_is_a_table_that_needs_no_script(subs: Path, tmp_path: Path) -> None:
    text = build(subs, tmp_path / "site")["index.html"]
    table = text.split('<table class="sortable n-last overview"')[1].split("</table>")[0]
    head = table.split("</thead>")[0]
    assert re.findall(r"<button type=\"button\">([^<]+)", head) == [
        "model", "Alignment", "Behaviour", "Accuracy", "Gain by guidance",
    ]  # fmt: skip
    assert head.count("aria-sort") == 1
    assert head.count('role="columnheader"') == 5
    rows = table.split("</thead>")[1].split("<tr")[1:]
    assert len(rows) == 7
    for row in rows:
        assert row.count("<th ") == 1
        assert row.count("<td ") == 4
    assert sum('class="reference' in row for row in rows) == 3
    assert "not submitted" in table


def test_a_board_shows_ranks_people_nuisance_and_who_is_apart(subs: Path, tmp_path: Path) -> None:
    pages = build(subs, tmp_path / "site")
    text = pages["alignment.html"]
    ladder, published = text.split('data-panel="alignment-published"')
    for name in ("synthetic-0000", "synthetic-0001", "synthetic-0002"):
        assert f">{name}</a>" in ladder
        assert f">{name}</a>" not in published
    assert ">synthetic-0003</a>" in published
    for row in ("untrained networks", "length alone"):
        assert row in ladder, row
    assert "text length</td>" in ladder
    controlled = pages["benchmarks/xiao2026.md.transitive-ridge.html"]
    for row in ("people among themselves", "response time", "random features"):
        assert row in published, row
        assert row in controlled, row
    assert "missing response" in controlled
    overall = pages["overall.html"]
    apart = overall.split('<tbody class="apart">')[1]
    assert "synthetic-0002" in apart
    assert "behaviour: not run; accuracy: not run" in apart


def test_models_that_are_not_distinguishable_stand_by_name(make: Make, tmp_path: Path) -> None:
    for seed, name in enumerate(("beta", "Alpha", "gamma")):
        make(tmp_path / "subs", seed, name=name, effect=0.002, kinds=("ladder",))
    pages = build(tmp_path / "subs", tmp_path / "site")
    panel = pages["alignment.html"].split('data-panel="alignment-published"')[0]
    assert "they stand in the order of their names" in panel
    assert re.findall(r'models/[^"]*">(\w+)</a>', panel) == ["Alpha", "beta", "gamma"]
    # and the table says that it is sorted by them
    assert re.findall(r'aria-sort="(\w+)"><button type="button">(\w+)', panel) == [
        ("ascending", "model")
    ]
    assert "Alignment: none of 3 models is distinguishable from another" in pages["index.html"]
    # p of 10,000 permutations is not rounded to nothing
    page = pages["benchmarks/xiao2026.brain.all-ladder.html"]
    assert re.search(r">0\.0\d\d\d<", page)
    assert ">4.8<" in page


def test_downloads_hold_what_is_shown(subs: Path, tmp_path: Path) -> None:
    build(subs, tmp_path / "site")
    rows = list(
        csv.DictReader(io.StringIO((tmp_path / "site/data/alignment.csv").read_text("utf-8")))
    )
    ranked = [row for row in rows if row["standing"] == "ranked"]
    assert [row["model"] for row in ranked] == [
        "synthetic-0001",
        "synthetic-0002",
        "synthetic-0000",
    ]
    assert (
        float(ranked[0]["score_low"]) < float(ranked[0]["score"]) < float(ranked[0]["score_high"])
    )
    assert {row["model"] for row in rows if row["standing"] == "nuisance"} == {
        "untrained networks",
        "length alone",
    }
    assert ranked[0]["xiao2026.brain.all-ladder"] == ranked[0]["score"]
    assert ranked[0]["explained by"] == "text length"
    published_csv = (tmp_path / "site/data/alignment-published.csv").read_text("utf-8")
    told = csv.DictReader(io.StringIO(published_csv))
    assert {row["model"] for row in told if row["standing"] == "people"} == {
        "people among themselves"
    }
    held = json.loads((tmp_path / "site/data/boards.json").read_text("utf-8"))
    boards = {one["board"]["name"]: one for one in held["boards"]}
    own = {row["model"]: row for row in boards["alignment"]["rows"]}
    for row in ranked:
        assert own[row["model"]]["score"] == float(row["score"])
        assert own[row["model"]]["rank_best"] == int(row["rank_best"])
    published = [row["model"] for row in boards["alignment-published"]["rows"]]
    assert "synthetic-0003" in published
    assert not {row["model"] for row in ranked} & set(published)


def test_a_spreadsheet_runs_nothing(make: Make, tmp_path: Path) -> None:
    make(tmp_path / "subs", 0, said={"family": "=HYPERLINK(1)", "licence": "@SUM(A1)"})
    build(tmp_path / "subs", tmp_path / "site")
    text = (tmp_path / "site/data/alignment.csv").read_text("utf-8")
    row = next(csv.DictReader(io.StringIO(text)))
    assert row["family"] == "'=HYPERLINK(1)"
    assert row["licence"] == "'@SUM(A1)"


def test_what_is_submitted_stays_text(tmp_path: Path) -> None:
    """Own runs are shown as they are, and a check has not looked at their names."""
    record, samples = make_run(0)
    content = record.model_dump(mode="json")
    content["model"] |= {"identifier": EVIL, "family": EVIL, "description": EVIL}
    content["notes"] = [EVIL]
    content["controlled"][0]["notes"] = [EVIL]
    content["controlled"][0]["layers"][0]["layer"][0] = EVIL
    write_run(tmp_path / "runs", record, samples)
    path = next((tmp_path / "runs").rglob("results.json"))
    path.write_text(json.dumps(content), "utf-8")
    build_site(BOARDS, tmp_path / "site", results=tmp_path / "runs", reports=False)
    shown = 0
    for page in (tmp_path / "site").rglob("*.html"):
        text = page.read_text("utf-8")
        found = Links(text)
        assert found.names.count("script") == 2, page
        assert "img" not in found.names, page
        assert not found.handlers, page
        shown += "&lt;script&gt;document.title" in text
        assert page.name == page.name.strip("<>")
    assert shown > 5


def test_what_has_a_fault_is_left_out_and_told(subs: Path, tmp_path: Path) -> None:
    folder = next((subs / "lab__synthetic-0001").iterdir())
    edit_record(folder, lambda record: record["controlled"][0].update(nuisance_r2=0.5))
    built = build_site(BOARDS, tmp_path / "site", submissions=subs, reports=False)
    assert list(built.refused) == [str(folder)]
    assert "nuisance_r2" in str(built.refused[str(folder)][0])
    assert built.n_runs == 3
    for page in (tmp_path / "site").rglob("*.html"):
        assert "synthetic-0001" not in page.read_text("utf-8"), page


def test_what_breaks_the_check_is_left_out_and_the_rest_is_shown(
    subs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = next((subs / "lab__synthetic-0001").iterdir())
    original = build_module.content_faults

    def fail(submission: Any, **options: Any) -> Any:
        if submission.folder == folder:
            raise RecursionError
        return original(submission, **options)

    monkeypatch.setattr(build_module, "content_faults", fail)
    built = build_site(BOARDS, tmp_path / "site", submissions=subs, reports=False)
    assert built.n_runs == 3
    assert "cannot be checked: RecursionError" in str(built.refused[str(folder)][0])


def test_a_run_whose_report_cannot_be_made_is_shown(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    make(tmp_path / "subs", 0)

    def render(record: Any, folder: Path) -> str:
        raise RecursionError

    monkeypatch.setattr(reports_module, "render_report", render)
    build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs")
    assert "reports/" not in (tmp_path / "site/models/lab__synthetic-0000.html").read_text("utf-8")
    assert any(text.startswith("no report of run") for text in said)


def test_who_sets_the_nuisance_low_is_left_out_where_others_tell(
    make: Make, tmp_path: Path
) -> None:
    folders = [make(tmp_path / "subs", seed) for seed in range(4)]

    def lower(record: dict[str, Any]) -> None:
        for row in record["controlled"][0]["controls"]:
            if row["control"] == "length":
                row["r"] = -0.3

    edit_record(folders[2], lower)
    built = build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs", reports=False)
    assert list(built.refused) == [str(folders[2])]
    assert "no model changes it" in str(built.refused[str(folders[2])][0])


def test_one_run_under_many_names_stands_once(make: Make, tmp_path: Path) -> None:
    first = make(tmp_path / "subs", 0, {"submitted": "2026-10-01"})
    for org in ("a-lab", "z-lab"):
        make(tmp_path / "subs", 0, {"org": org, "model": "copy"})
    built = build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs", reports=False)
    assert built.n_runs == 1
    assert len(built.refused) == 2
    for folder, faults in built.refused.items():
        assert folder != str(first)
        assert "is the run that lab__synthetic-0000/" in str(faults[0])


def test_a_page_shows_the_hashes_of_weights_and_files(make: Make, tmp_path: Path) -> None:
    folder = make(tmp_path / "subs", 0)
    files = {f"part-{i}.safetensors": str(i) * 64 for i in range(5)}
    edit_record(
        folder,
        lambda record: record["model"].update(weights_sha256="a" * 64, files=files),
    )
    page = build(tmp_path / "subs", tmp_path / "site")["models/lab__synthetic-0000.html"]
    assert f"sha256 {'a' * 64}" in page
    assert "<details><summary>sha256 of its 5 files" in page
    for name, digest in files.items():
        assert f"<dt>{name}</dt><dd>{digest}</dd>" in page


def test_words_that_no_number_gives_are_shown_as_submitted(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "subs", 0)

    def praise(record: dict[str, Any]) -> None:
        record["notes"] = ["best of all models"]
        record["controlled"][0]["notes"] += ["the activations are odd"]

    edit_record(folder, praise)
    told: list[Any] = []

    def render(record: Any, folder: Path) -> str:
        told.append(record)
        return "report"

    monkeypatch.setattr(reports_module, "render_report", render)
    build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs")
    (record,) = told
    assert record.notes == ["As submitted: best of all models"]
    own = record.controlled[0].warnings
    assert own[0] == "As submitted: the activations are odd"
    assert not any(text.startswith("As submitted") for text in own[1:])
    page = (tmp_path / "site/models/lab__synthetic-0000.html").read_text("utf-8")
    first, second = page.split("As submitted, which no number here gives: 2 notes")
    assert "voxels were chosen on the data that are scored" in first
    for text in record.notes, own[:1]:
        assert f"<li>{text[0].removeprefix('As submitted: ')}</li>" in second


def test_a_build_holds_behaviour_against_people_where_they_are_at_hand(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make(tmp_path / "subs", 0)
    built = build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs", reports=False)
    assert (built.n_runs, built.unheld) == (1, ("ds003076",))
    held: list[str] = []

    def rescore(dataset: str, *arguments: Any) -> list[Fault]:
        held.append(dataset)
        return [Fault("behavior", "is not that of the people")]

    monkeypatch.setattr(behavior, "is_local", lambda card: True)
    monkeypatch.setattr(behavior, "_rescored", rescore)
    built = build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs", reports=False)
    assert held == ["ds003076"]
    assert "is not that of the people" in str(built.refused[str(folder)][0])


def test_own_runs_stand_beside_submitted_ones(make: Make, tmp_path: Path) -> None:
    make(tmp_path / "subs", 0)
    for seed in (0, 1):
        record, samples = make_run(seed)
        write_run(tmp_path / "runs", record, samples)
    pages = {}
    build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs", results=tmp_path / "runs",
               reports=False)  # fmt: skip
    for path in (tmp_path / "site" / "models").iterdir():
        pages[path.name] = path.read_text("utf-8")
    # the run that was submitted is there once
    assert sorted(pages) == ["lab__synthetic-0000.html", "own-run__synthetic-0001.html"]


def test_a_second_build_removes_what_is_gone_and_nothing_else(subs: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    first = set(build(subs, site))
    gone = next((subs / "lab__synthetic-0001").iterdir())
    for path in sorted(gone.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    gone.rmdir()
    second = set(build(subs, site))
    assert first - second == {"models/lab__synthetic-0001.html"}
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match="holds other files"):
        build(subs, other)
    assert (other / "thesis.txt").read_text() == "mine"
    with pytest.raises(UsageError, match="there is no run to show"):
        build_site(BOARDS, tmp_path / "empty")


def test_a_build_removes_nothing_that_is_not_its_own(subs: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    build(subs, site)
    others = [site / name for name in (".git/objects/ab", ".nojekyll", "CNAME", "models/mine.html")]
    for path in others:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    # whatever the list of the last build says
    with (site / ".brainbench-leaderboard").open("a") as file:
        file.write(f"../outside.txt\n{outside}\nmodels/gone.html\n")
    (site / "models" / "gone.html").write_text("of the last build")
    build(subs, site)
    assert [path.read_text() for path in (*others, outside)] == ["mine"] * 5
    assert not (site / "models" / "gone.html").exists()


def test_a_build_that_broke_off_is_cleared_by_the_next(
    subs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = tmp_path / "site"

    def fail(*arguments: Any) -> Any:
        yield "models/half.html", "half"
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("brainbench.leaderboard.site.site._pages", fail)
        with pytest.raises(RuntimeError):
            build(subs, site)
    assert (site / "models" / "half.html").is_file()
    build(subs, site)
    assert not (site / "models" / "half.html").exists()


def test_the_id_of_an_own_run_is_no_way_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record, samples = make_run(0, kinds=("controlled",))
    run = write_run(tmp_path / "runs", record, samples)
    content = json.loads((run / "results.json").read_text())
    (run / "results.json").write_text(json.dumps({**content, "run_id": "../../EVIL/"}))
    monkeypatch.setattr(reports_module, "render_report", lambda record, folder: "report")
    build_site(BOARDS, tmp_path / "deep" / "site", results=tmp_path / "runs")
    written = {path for path in tmp_path.rglob("*") if path.is_file()}
    assert any(path.parent.name == "reports" for path in written)
    assert all(
        path.is_relative_to(tmp_path / "deep" / "site") or path.is_relative_to(tmp_path / "runs")
        for path in written
    )


def test_builds_are_equal_to_the_last_letter(subs: Path, tmp_path: Path) -> None:
    assert build(subs, tmp_path / "one") == build(subs, tmp_path / "two")


def test_reports_are_made_once(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "subs", 0)
    made = []

    def render(record: Any, folder: Path) -> str:
        assert (folder / "results.json").is_file()
        made.append(record.run_id)
        return "<!doctype html><title>report</title>"

    monkeypatch.setattr(reports_module, "render_report", render)
    for _ in range(2):
        build_site(BOARDS, tmp_path / "site", submissions=tmp_path / "subs")
    assert len(made) == 1
    page = (tmp_path / "site/models/lab__synthetic-0000.html").read_text("utf-8")
    address = re.search(r'href="\.\./(reports/[^"]+)"', page)
    assert address is not None
    assert (tmp_path / "site" / address[1]).is_file()


def test_the_work_grows_with_the_entries_and_no_faster(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Counted, for a clock on a busy machine says nothing: each record is read and checked once."""
    counts: dict[str, int] = {}
    for name in ("read_submission", "content_faults", "model_free"):
        original = getattr(build_module, name)

        def counted(*args: Any, _name: str = name, _original: Any = original, **kwargs: Any) -> Any:
            counts[_name] = counts.get(_name, 0) + 1
            return _original(*args, **kwargs)

        monkeypatch.setattr(build_module, name, counted)
    for seed in range(6):
        make(tmp_path / "subs", seed)
    build(tmp_path / "subs", tmp_path / "site")
    assert counts == {"read_submission": 6, "content_faults": 6, "model_free": 6}


def test_two_models_of_one_name_have_a_page_each(make: Make, tmp_path: Path) -> None:
    make(tmp_path / "subs", 0)
    make(tmp_path / "subs", 1, said={"model": "SYNTHETIC-0000"})
    pages = [name for name in build(tmp_path / "subs", tmp_path / "site") if "models/" in name]
    assert len({name.lower() for name in pages}) == 2
