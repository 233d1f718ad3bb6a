"""What a run was made with, and how to make it again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brainbench.results.blocks import Block, Code, Folded, Section, Table, Words
from brainbench.results.record import Record
from brainbench.results.rerun import rerun_command
from brainbench.results.wording import clip, listed, number, size

_MAX = 400


def provenance_section(record: Record) -> Section:
    """Model, data, versions, settings, seeds, time, and the command."""
    command = rerun_command(record)
    blocks: list[Block] = [Words("To run it again, with the same versions:")]
    if command is None:
        alone = record.model.source is None and not record.model.builtin
        what = "model was" if alone else "data were"
        blocks = [Words(f"The {what} in memory alone: there is no command that makes this run.")]
    else:
        blocks.append(Code(command))
    blocks += [
        _pairs("Model", _model(record)),
        Table(
            "Data",
            ("dataset", "version", "sha256", "people", "licence"),
            [
                (
                    d.name,
                    d.version,
                    d.data_sha256,
                    "simulated" if d.simulated else "real",
                    d.licence,
                )
                for d in record.datasets[:_MAX]
            ],
            numbers=False,
        ),
        *_own(record),
        _pairs("Run", _run(record)),
        Folded("Versions", [_pairs("Versions", list(record.versions.items())[:_MAX])]),
        Folded("Settings and seeds", [_pairs("Settings", list(flat(record.config))[:_MAX])]),
        Folded("Benchmarks and tasks", [_asked(record)]),
    ]
    return Section("provenance", "Provenance", blocks)


def flat(values: Mapping[str, Any], before: str = "") -> Iterable[tuple[str, Any]]:
    """``options.dtype`` and so on, from values inside values.

    Parameters
    ----------
    values : by name; values that are mappings are opened.
    before : what each name begins with.

    Yields
    ------
    Path and value of each setting, in their order.
    """
    for name, value in values.items():
        path = f"{before}{name}"
        if isinstance(value, Mapping) and value and path.count(".") < 8:
            yield from flat(value, f"{path}.")
        else:
            yield path, value


def _own(record: Record) -> list[Block]:
    """Files of somebody's own data, and what of them is not scored."""
    held = [(one.name, one.own) for one in record.datasets[:_MAX] if one.own is not None]
    rows = [
        (
            name,
            clip(own.file),
            own.sha256 or "in memory",
            clip("; ".join(own.left_out)) or "nothing",
        )
        for name, own in held
    ]
    columns = ("dataset", "file", "sha256 of the file", "left out")
    return [Table("Data of one's own", columns, rows, numbers=False)] if rows else []


def _pairs(caption: str, pairs: Iterable[tuple[str, Any]]) -> Table:
    rows = [(clip(name, 120), _value(value)) for name, value in pairs]
    return Table(caption, ("", ""), rows, numbers=False)


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return clip(str(value))


def _model(record: Record) -> list[tuple[str, Any]]:
    model = record.model
    parameters = None if model.parameters is None else size(model.parameters)
    facts: list[tuple[str, Any]] = [
        ("identifier", model.identifier),
        ("what it is", model.description),
        ("given as", model.source),
        ("revision", model.revision),
        ("sha256", model.sha256),
        ("parameters", parameters),
        ("family", model.family),
        ("number format", model.dtype),
        ("attention computed by", model.attn_implementation),
        ("computed on", model.device),
        ("wording", model.prompt),
        ("sha256 of the wording", model.prompt_sha256),
        ("sha256 of the chat template", model.chat_template_sha256),
    ]
    if model.steering is not None:
        steering = model.steering.model_dump()
        facts += [(f"steering, {name}", value) for name, value in steering.items()]
    return [(name, value) for name, value in facts if value is not None]


def _steps(record: Record) -> str | None:
    """``steering 812.1, reading the model out 7.0``; None of records that do not tell."""
    steps = record.timing.get("steps")
    if not isinstance(steps, dict):
        return None
    longest = sorted(steps.items(), key=lambda item: -item[1])
    return listed([f"{step} {number(seconds, 1)}" for step, seconds in longest]) or None


def _run(record: Record) -> list[tuple[str, Any]]:
    seconds, memory = (record.timing.get(name) for name in ("seconds", "peak_memory_mb"))
    facts: list[tuple[str, Any]] = [
        ("run", record.run_id),
        ("status", record.status),
        ("started", record.timing.get("started")),
        ("seconds", number(seconds, 1) if isinstance(seconds, int | float) else seconds),
        ("seconds by step, the longest first", _steps(record)),
        ("peak memory, MB", number(memory, 0) if isinstance(memory, int | float) else memory),
        ("seed", record.config.get("seed")),
    ]
    return [(name, value) for name, value in facts if value is not None]


def _asked(record: Record) -> Table:
    rows = [(name, str(version), "", "", "") for name, version in record.benchmarks.items()]
    rows += [
        (
            name,
            info.version,
            number(info.n_shot, lacking=""),
            " of ".join(number(n) for n in (info.n_items, info.n_docs) if n is not None),
            info.sha256,
        )
        for name, info in record.tasks.items()
    ]
    columns = ("name", "version", "examples before each", "items", "sha256 of file and items")
    return Table("Benchmarks and tasks", columns, rows, numbers=False)
