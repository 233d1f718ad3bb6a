"""The pages of the boards: static files that need no server and ask for nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata, resources
from pathlib import Path, PurePosixPath
from typing import Any

from jinja2 import Template

from brainbench.atomic import write_whole
from brainbench.errors import UsageError
from brainbench.leaderboard.boards.baselines import rows_beside
from brainbench.leaderboard.boards.board import Board, by_page
from brainbench.leaderboard.boards.standings import Key, Standing, key_of, stand
from brainbench.leaderboard.kinds.base import Baseline
from brainbench.leaderboard.site.benchmark_page import benchmark_names, make_page
from brainbench.leaderboard.site.downloads import as_csv, as_json, board_rows
from brainbench.leaderboard.site.filling import filling
from brainbench.leaderboard.site.model_page import describe_run, model_card, place_of, sections_of
from brainbench.leaderboard.site.names import name_of
from brainbench.leaderboard.site.overview import counted, make_overview, overview_scatter
from brainbench.leaderboard.site.reports import write_reports
from brainbench.leaderboard.site.rows import (
    Panel,
    addresses,
    groups,
    make_panel,
    newest_first,
    parameters_of,
    size_group,
)
from brainbench.leaderboard.site.runs_page import SCORED, last_update, list_runs
from brainbench.leaderboard.submissions.notes import own_warnings
from brainbench.leaderboard.submissions.submission import Submission
from brainbench.progress import Progress, Step, no_progress
from brainbench.results.blocks.html import blocks_style, page_environment
from brainbench.results.scorecard import scorecard

# beside every page of ours: what tells that a folder may be written over
MARK = ".brainbench-leaderboard"
_STATIC = ("board.css", "board.js", "sortable.min.js", "sortable.LICENSE")
# characters of one text of a submission; the rest is cut
_LONGEST = 5000
# models of an overview that need no filter
_FEW = 12
# file: is what a page opened from a disk loads its own style and script by
_POLICY = (
    "default-src 'none'; script-src 'self' file:; style-src 'self' file:; img-src data:; "
    "base-uri 'none'; form-action 'none'"
)


@dataclass(frozen=True)
class Site:
    """Everything that the pages are made of.

    Attributes
    ----------
    boards : in their order.
    submissions : accepted ones.
    standings : name of a board → who stands where.
    beside : name of a board → its rows that are not models.
    where : file name of each model's page.
    """

    boards: Sequence[Board]
    submissions: Sequence[Submission]
    standings: Mapping[str, Standing]
    beside: Mapping[str, Sequence[Baseline]]
    where: dict[Key, str] = field(default_factory=dict)


def make_site(boards: Sequence[Board], submissions: Sequence[Submission]) -> Site:
    """Rank everything.

    Parameters
    ----------
    boards : in their order.
    submissions : accepted ones.
    """
    standings = stand(boards, submissions)
    return Site(
        boards,
        submissions,
        standings,
        {
            name: rows_beside(one.board, [e for e in one.entries if e.apart != "incomplete"])
            for name, one in standings.items()
        },
        addresses(map(key_of, submissions)),
    )


def rehearse(submission: Submission) -> None:
    """Make what pages show of a run by itself: whatever that raises, it raises before the build."""
    record = submission.record
    sections_of(record)
    _ = scorecard(record).blocks
    own_warnings(record)
    name_of(submission)
    size_group(parameters_of(submission))


def write_site(
    site: Site, output: Path, *, reports: bool = True, progress: Progress = no_progress
) -> int:
    """Write every page, and remove those of the last build that are no longer made.

    Parameters
    ----------
    site : what is written.
    output : folder; a new one, an empty one, or one that was written by this before.
    reports : make each run's report too, where it is not there from before.
    progress : called now and then with what is written.

    Returns
    -------
    How many files there are.

    Raises
    ------
    UsageError
        When the folder holds something else, or cannot be written.
    """
    before = _check_folder(output)
    written: set[str] = set()
    _mark(output, before)
    try:
        for address in write_reports(site.submissions, output, progress) if reports else ():
            written.add(address)
        total = len(site.where) + len(site.boards)
        for count, (path, text) in enumerate(_pages(site, written)):
            _write(output / path, text)
            written.add(path)
            if count % 20 == 0:
                progress(Step(path, min(count, total), total))
    finally:
        _mark(output, before | written)
    for name in sorted(before - written):
        file = output / name
        if file.is_file() and file.resolve() == output.resolve() / name:
            file.unlink()
    _mark(output, written)
    return len(written) + 1


# ---------------------------------------------------------------- pages


def _pages(site: Site, written: set[str]) -> Iterator[tuple[str, str]]:
    """(path, content) of every file."""
    folder = resources.files("brainbench.leaderboard") / "static"
    yield "static/blocks.css", blocks_style()
    for name in _STATIC:
        yield f"static/{name}", (folder / name).read_text("utf-8")
    panels = {
        name: make_panel(standing, site.beside[name], site.where)
        for name, standing in site.standings.items()
    }
    yield "index.html", _index(site)
    yield "submit.html", _render(site, "submit.html", "submit.html")
    for page, boards in filled_pages(site).items():
        yield f"{page}.html", _board_page(site, page, boards, panels)
    yield "runs.html", _runs_page(site)
    yield from _benchmark_pages(site)
    yield from _model_pages(site, written)
    rows = []
    for name, standing in site.standings.items():
        own = board_rows(standing, site.beside[name])
        rows.append((standing, own))
        yield f"data/{name}.csv", as_csv(standing, own)
    yield "data/boards.json", as_json(rows)


def _index(site: Site) -> str:
    overview = make_overview(site.boards, site.submissions, site.standings, site.beside, site.where)
    families, sizes = groups(site.submissions)
    return _render(
        site, "index.html", "index.html",
        overview=overview, scatter=overview_scatter(overview), counted=counted(overview),
        families=families if len(overview.models) > _FEW else [], sizes=sizes,
    )  # fmt: skip


def _first(boards: Sequence[Board], panels: Mapping[str, Panel]) -> str:
    """The ranking that a page begins with: the first that ranks somebody."""
    names = [board.name for board in boards]
    return next((name for name in names if panels[name].models), names[0] if names else "")


def _board_page(site: Site, page: str, boards: Sequence[Board], panels: Mapping[str, Panel]) -> str:
    names = list(dict.fromkeys(n for b in boards for n in (*b.benchmarks, *b.tasks)))
    own = [entry.submission for b in boards for entry in site.standings[b.name].entries]
    families, sizes = groups(own)
    filled = [board for board in boards if site.standings[board.name].entries]
    return _render(
        site, "board.html", f"{page}.html",
        title=boards[0].title, panels=[panels[board.name] for board in filled],
        families=families, sizes=sizes, benchmarks=names, start=_first(filled, panels),
        empty=[(board.label, filling(board)) for board in boards if board not in filled],
    )  # fmt: skip


def filled_pages(site: Site) -> dict[str, list[Board]]:
    """Page → its boards, of pages with an entry."""
    return {
        page: boards
        for page, boards in by_page(site.boards).items()
        if any(site.standings[board.name].entries for board in boards)
    }


def _runs_page(site: Site) -> str:
    families, sizes = groups(site.submissions)
    runs = list_runs(site.submissions, site.standings, site.where)
    protocols = [name for name in SCORED if any(name in run["scored"] for run in runs)]
    return _render(site, "runs.html", "runs.html", runs=runs, families=families, sizes=sizes,
                   protocols=protocols)  # fmt: skip


def _benchmark_pages(site: Site) -> Iterator[tuple[str, str]]:
    found: dict[str, list[str]] = {}
    for board in site.boards:
        for name in (*board.benchmarks, *board.tasks):
            names = found.setdefault(board.title, [])
            if name not in names:
                names.append(name)
    yield (
        "benchmarks/index.html",
        _render(site, "benchmarks.html", "benchmarks/index.html", groups=list(found.items())),
    )
    for name in benchmark_names(site.boards, site.submissions):
        page = make_page(name, site.submissions, site.where)
        address = f"benchmarks/{name}.html"
        yield address, _render(site, "benchmark.html", address, page=page)


def _model_pages(site: Site, written: set[str]) -> Iterator[tuple[str, str]]:
    standings: dict[Key, list[dict[str, Any]]] = {}
    for standing in site.standings.values():
        for entry in standing.entries:
            if entry.apart != "superseded":
                standings.setdefault(entry.key, []).append(place_of(standing, entry))
    names = benchmark_names(site.boards, site.submissions)
    pages = {name: f"../benchmarks/{name}.html" for name in names}
    for key, runs in newest_first(site.submissions).items():
        address = f"models/{site.where[key]}.html"
        yield address, _render(
            site, "model.html", address,
            name=name_of(runs[0]), org=key[0], standings=standings.get(key, []), pages=pages,
            card=model_card(runs), runs=[describe_run(one, written) for one in runs],
        )  # fmt: skip


# ---------------------------------------------------------------- writing


def _render(site: Site, template: str, address: str, **values: Any) -> str:
    root = "../" * address.count("/")
    updated = last_update(site.submissions)
    return _template(template).render(
        root=root, here=address, menu=_menu(site), policy=_POLICY,
        version=metadata.version("brainbench"), n_runs=len(site.submissions),
        updated=updated, citation=_citation(updated), **values,
    )  # fmt: skip


def _citation(updated: str) -> str:
    """BibTeX of the board, as of its last update."""
    fields = {
        "title": "{brainbench}: how well language models predict the reasoning brain",
        "author": "{The brainbench developers}",
        "year": updated[:4],
        "version": metadata.version("brainbench"),
        "note": f"Board of {updated}" if updated else "",
    }
    lines = [f"  {name} = {{{value}}}" for name, value in fields.items() if value]
    return "@software{brainbench,\n" + ",\n".join(lines) + "\n}"


def _menu(site: Site) -> list[dict[str, str]]:
    boards = sorted(filled_pages(site).items(), key=lambda item: item[1][0].kind == "overall")
    return [
        {"title": "Overview", "address": "index.html"},
        *({"title": own[0].title, "address": f"{page}.html"} for page, own in boards),
        {"title": "All runs", "address": "runs.html"},
        {"title": "Benchmarks", "address": "benchmarks/index.html"},
        {"title": "Submit", "address": "submit.html"},
    ]


@cache
def _template(name: str) -> Template:
    return page_environment("brainbench.leaderboard", _LONGEST).get_template(name)


def _write(path: Path, text: str) -> None:
    """A page; a build that was broken off is begun again, so none is forced to the disk."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8", newline="\n")
    except OSError as error:
        raise UsageError(f"cannot write to {path}: {error.strerror or error}") from error


def _mark(output: Path, files: Iterable[str]) -> None:
    """Write down which files are a build's: the next one removes none but these."""
    lines = ["written by `brainbench leaderboard build`:", *sorted(files)]
    write_whole(output / MARK, ("\n".join(lines) + "\n").encode())


def _check_folder(output: Path) -> set[str]:
    """Files of the last build; a folder that holds something else is left alone."""
    if output.exists() and not output.is_dir():
        raise UsageError(f"{output} is not a folder")
    if output.is_dir() and any(output.iterdir()) and not (output / MARK).is_file():
        raise UsageError(
            f"{output} holds other files, and a build would write over them; give a new folder "
            "with --output-path"
        )
    mark = output / MARK
    listed = mark.read_text("utf-8", "replace").splitlines()[1:] if mark.is_file() else []
    return {name for name in listed if _is_inside(name)}


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(path.parts) and not path.is_absolute() and ".." not in path.parts
