"""``brainbench show``."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from statistics import median
from typing import Annotated

import typer
from rich.table import Table

from brainbench.benchmarks import DEFAULT_PROTOCOL, list_benchmarks, load_benchmark, versions_of
from brainbench.cli import catalogue
from brainbench.cli.console import print_json, say, stdout
from brainbench.cli.options import Json
from brainbench.datasets import Card, list_datasets, load_card, load_problems
from brainbench.datasets.cards import parse_card
from brainbench.datasets.folder import ASSEMBLY, CARD
from brainbench.errors import UnknownNameError, UsageError, close_to
from brainbench.foreign import read_text
from brainbench.paths import user_path
from brainbench.results import load_record, only, render_record
from brainbench.results.rerun import rerun_yaml
from brainbench.results.store import RUN_ID, runs_named

HELP = """Show a run, or anything that has a name: see `brainbench list`.

[bold]Examples[/bold]
  brainbench show xiao2026
  brainbench show phantom --items
  brainbench show xiao2026.language.all-ridge
  brainbench show ds003076.behavior.all-consistency
  brainbench show prepared
  brainbench show 3f2a1b
  brainbench show results/MODEL/RUN xiao2026.language
  brainbench show results/MODEL/RUN --config > run.yaml"""


def show(
    name: Annotated[
        str,
        typer.Argument(help="Id or folder of a run, or name of a dataset, benchmark, suite, …"),
    ],
    benchmark: Annotated[
        str | None,
        typer.Argument(help="Of a run: only this benchmark, task or dataset; * and ? match."),
    ] = None,
    items: Annotated[
        bool,
        typer.Option(
            "--items",
            help="Stimulus ids of a dataset, in the order of its rows.",
        ),
    ] = False,
    config: Annotated[
        bool,
        typer.Option("--config", help="Of a run: the YAML that makes it again."),
    ] = False,
    json: Json = False,
) -> None:
    """Find out what the name names, and print it."""
    path = Path(name)
    if items and name not in list_datasets():
        raise UsageError("--items goes with a dataset")
    if config:
        _print_config(name, path)
        return
    if benchmark is not None and name in (*list_datasets(), *list_benchmarks()):
        raise UsageError(f"{name} is no run: a second name goes with the folder of a run")
    if items:
        say("\n".join(problem.identifier for problem in load_problems(name)))
    elif name in list_datasets() or _is_dataset(path):
        card = load_card(name) if name in list_datasets() else _card_of(path)
        if json:
            print_json(card.model_dump_json(indent=1))
        else:
            _show_card(card)
    elif name in list_benchmarks():
        _show_benchmark(name, json)
    elif path.suffix == ".json" or user_path(path).exists() or runs_named(path):
        record = load_record(path)
        if benchmark is not None:
            record = only(record, benchmark)
        if json:
            print_json(record.model_dump_json(indent=1))
        else:
            stdout.print(render_record(record), crop=False)
    else:
        _show_named(name, json)


def _print_config(name: str, path: Path) -> None:
    """What ``evaluate --config`` makes the run again from."""
    if not (path.suffix == ".json" or user_path(path).exists() or runs_named(path)):
        raise UsageError(f"{name} is no run: --config goes with the folder of a run")
    text = rerun_yaml(load_record(path))
    if text is None:
        raise UsageError(f"{name}: its model or data were objects in memory: no options name them")
    say(text, end="")


def _is_dataset(path: Path) -> bool:
    """Whether a folder is one that ``prepare`` made, and not a run of that name."""
    folder = user_path(path)
    return all((folder / name).is_file() for name in (CARD, ASSEMBLY))


def _card_of(path: Path) -> Card:
    file = user_path(path) / CARD
    return parse_card(read_text(file, 10_000_000), str(file))


def _show_named(name: str, as_json: bool) -> None:
    """A suite, model, protocol or task: what it is, and what it holds."""
    known: list[str] = []
    for kind, names in catalogue.KINDS.items():
        told = names()
        known += told
        if name in told:
            rows = {kind: name, "about": told[name], "holds": catalogue.members(kind, name)}
            rows = {label: text for label, text in rows.items() if text}
            if as_json:
                print_json(json_module.dumps(rows, indent=2))
                return
            table = Table.grid(padding=(0, 2))
            for label, text in rows.items():
                table.add_row(label, text)
            stdout.print(table, markup=False, highlight=False)
            return
    close = close_to(name, known)
    if not close and (RUN_ID.fullmatch(name) or len(Path(name).parts) > 1):
        raise UsageError(
            f"there is no run {name}, and nothing else of that name; `brainbench list runs` shows "
            "what there is"
        )
    raise UnknownNameError("name", name, known)


def _show_card(card: Card) -> None:
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    rows = {
        "title": card.title,
        "version": card.version,
        "homepage": card.homepage,
        "licence": card.licence + ("" if card.redistributable else " (not redistributable)"),
        "people": _people(card),
        "ages": _ages(card),
        "items": str(card.items),
        "runs": ", ".join(card.runs),
        "ROIs": ", ".join(f"{roi} ({count} voxels)" for roi, count in card.rois.items()),
        "needs": ", ".join(card.requires),
        "files": f"{len(card.files)}, {card.size / 1e6:.1f} MB" if card.files else "",
        "dropped": "\n".join(f"{name}: {why}" for name, why in card.dropped.items()),
        "missing": "\n".join(f"{s}: {', '.join(r)}" for s, r in card.missing_runs.items()),
        "too early": "\n".join(f"{s}: {', '.join(i)}" for s, i in card.early_answers.items()),
        "notes": "\n".join(card.notes),
        "citation": card.citation,
    }
    for label, value in rows.items():
        if value:
            table.add_row(label, value)
    stdout.print(f"[bold]{card.name}[/bold]")
    stdout.print(table, markup=False, highlight=False)


def _people(card: Card) -> str:
    """Their number and names; of a joined dataset, how many of each group."""
    count = f"{len(card.subjects)}{' simulated' if card.simulated else ''}"
    if not card.joined:
        return f"{count}: {', '.join(card.subjects)}"
    parts = [load_card(name) for name in card.requires]
    groups = (f"{len(part.subjects)} {part.age_group} ({part.name})" for part in parts)
    return f"{count}: {', '.join(groups)}"


def _ages(card: Card) -> str:
    """Range and median, with the name of the group."""
    if not card.ages:
        return ""
    low, middle, high = (f(card.ages.values()) for f in (min, median, max))
    group = f"{card.age_group}, " if card.age_group else ""
    return f"{group}{low:g} to {high:g} years, median {middle:g}"


def _show_benchmark(identifier: str, as_json: bool) -> None:
    benchmark = load_benchmark(identifier)
    rows: dict[str, object] = {"benchmark": identifier, "version": benchmark.version}
    protocols = versions_of(identifier)
    for label, fact in benchmark.about.items():
        rows[label] = fact
        if label == "needs" and protocols:
            rows["protocols"] = protocols
    if benchmark.bibtex:
        rows["citation"] = benchmark.bibtex
    if as_json:
        print_json(json_module.dumps(rows, indent=2))
        return
    table = Table.grid(padding=(0, 2))
    for label, value in rows.items():
        table.add_row(label, _versions(value) if isinstance(value, dict) else str(value))
    stdout.print(table, markup=False, highlight=False)


def _versions(protocols: dict[str, int]) -> str:
    """Protocols a benchmark can be scored under, the default one marked."""
    return ", ".join(
        f"{name} ({'default, ' if name == DEFAULT_PROTOCOL else ''}version {version})"
        for name, version in protocols.items()
    )
