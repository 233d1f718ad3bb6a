"""Whether a record holds together: its identity, its versions, its data, its numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from brainbench.benchmarks import (
    DifficultyScore,
    LadderBenchmark,
    OtherScore,
    list_benchmarks,
    load_benchmark,
)
from brainbench.datasets import list_datasets, load_card
from brainbench.leaderboard.checks.accuracy import accuracy_faults
from brainbench.leaderboard.checks.alignment import controlled_faults
from brainbench.leaderboard.checks.behavior import behavior_faults
from brainbench.leaderboard.checks.difficulty import difficulty_faults
from brainbench.leaderboard.checks.faults import AGAIN, Fault, shown
from brainbench.leaderboard.checks.guidance import guidance_faults, search_faults
from brainbench.leaderboard.checks.items import items_faults
from brainbench.leaderboard.checks.ladder import ladder_faults
from brainbench.leaderboard.checks.model import model_faults
from brainbench.leaderboard.checks.published import published_faults
from brainbench.leaderboard.checks.ranges import range_faults
from brainbench.leaderboard.checks.voxels import voxel_faults
from brainbench.leaderboard.expected import expected_data, own_versions
from brainbench.leaderboard.submissions.metadata import Metadata
from brainbench.leaderboard.submissions.safe_read import walk
from brainbench.leaderboard.submissions.submission import Submission, is_local
from brainbench.results import Record
from brainbench.results.file_names import file_stem

_RUN = re.compile(r"[0-9a-f]{12}")
_IDENTIFIER = re.compile(r"[\w][\w .+/@:(),=-]{0,199}")
# scanned people were recorded long before; nothing was submitted before the first board
_FIRST_DAY = date(2026, 1, 1)


def record_faults(submission: Submission) -> Iterator[Fault]:
    """Every fault of a record whose schema is right."""
    record = submission.record
    yield from _run_faults(submission)
    if submission.metadata is not None:
        yield from _metadata_faults(record, submission.metadata)
    yield from _path_faults(record)
    yield from _version_faults(record)
    yield from _data_faults(record)
    yield from range_faults(record.model_dump(mode="json", exclude={"timing", "config"}))
    if any(name not in list_datasets() for name in _datasets(record)):
        return
    yield from items_faults(record)
    unknown = set(record.benchmarks) - set(list_benchmarks())
    yield from ladder_faults(record.ladder, record.ladder_context)
    yield from controlled_faults([s for s in record.controlled if s.benchmark not in unknown])
    yield from published_faults([s for s in record.published if s.benchmark not in unknown])
    yield from voxel_faults(record, submission.voxels)
    seed = record.config.get("seed")
    asked = {name for name in submission.samples if name in list_datasets()}
    yield from behavior_faults(
        [score for score in record.behavior if score.benchmark not in unknown],
        {name: submission.samples[name] for name in asked},
        seed if isinstance(seed, int) and seed >= 0 else 0,
    )
    yield from difficulty_faults(
        _of_difficulty(record),
        {name: submission.samples[name] for name in asked},
        seed if isinstance(seed, int) and seed >= 0 else 0,
    )
    named = {file_stem(name): name for name in record.tasks}
    tasks = {
        named.get(stem, stem): rows
        for stem, rows in submission.samples.items()
        if stem not in asked
    }
    yield from accuracy_faults(record, tasks)
    yield from guidance_faults(record.gains)
    yield from search_faults(record.searches)
    for name in sorted(set(tasks) - set(record.tasks)):
        yield Fault(f"samples/{name}.jsonl", "is of no task or dataset of the record", AGAIN)


# ---------------------------------------------------------------- parts


def _of_difficulty(record: Record) -> list[OtherScore]:
    return [one for one in record.other if one.kind == DifficultyScore.kind]


def _datasets(record: Record) -> list[str]:
    named = [benchmark.partition(".")[0] for benchmark in record.benchmarks]
    named += [row.dataset for row in record.ladder]
    named += [context.dataset for context in record.ladder_context]
    for scores in (record.published, record.controlled, record.behavior):
        named += [score.dataset for score in scores]
    return list(dict.fromkeys(named))


def _run_faults(submission: Submission) -> Iterator[Fault]:
    record = submission.record
    if record.status != "success":
        remedy = "the command that began the run goes on where it stopped"
        yield Fault("status", f"is {record.status}: only a finished run is accepted", remedy)
    if not _RUN.fullmatch(record.run_id):
        yield Fault("run_id", f"is {shown(record.run_id)}, no hash of 12 digits", AGAIN)
    elif submission.metadata is not None and submission.folder.resolve().name != record.run_id:
        name = submission.folder.resolve().name
        yield Fault("run_id", f"is {record.run_id}, the folder is named {shown(name)}", AGAIN)
    yield from model_faults(record)
    if not _IDENTIFIER.fullmatch(record.model.identifier):
        problem = f"is {shown(record.model.identifier)}, which is not a name of a model"
        yield Fault(
            "model.identifier", problem, "name the model with letters, digits and . _ + - /"
        )
    if not (record.ladder or record.published or record.controlled or record.behavior
            or record.accuracy or record.gains or record.searches):  # fmt: skip
        yield Fault("scores", "are none of any kind", AGAIN)
    started = record.timing.get("started")
    if started is not None:
        try:
            moment = datetime.fromisoformat(str(started))
        except ValueError:
            yield Fault("timing.started", f"is {shown(started)}, no time", AGAIN)
        else:
            if moment.date() > _tomorrow():
                problem = f"is {shown(started)}, which is still to come"
                yield Fault("timing.started", problem, "set the machine's clock, and run it again")


def _tomorrow() -> date:
    """The last day that it can be anywhere."""
    return datetime.now(UTC).date() + timedelta(days=1)


def _metadata_faults(record: Record, metadata: Metadata) -> Iterator[Fault]:
    """What both say is the same."""
    remedy = "correct metadata.yaml, then `brainbench submit --seal FOLDER`"
    pairs = (
        ("revision", metadata.revision, record.model.revision),
        ("parameters", metadata.parameters, record.model.parameters),
        ("brainbench", metadata.brainbench, record.versions.get("brainbench")),
    )
    for name, stated, found in pairs:
        if found is not None and stated != found:
            yield Fault(name, f"is {shown(found)}, metadata.yaml says {shown(stated)}", remedy)
    if metadata.submitted < _FIRST_DAY:
        yield Fault("submitted", f"is {metadata.submitted}, before there was a board", remedy)
    if metadata.submitted > _tomorrow():
        yield Fault("submitted", f"is {metadata.submitted}, which is still to come", remedy)


def _path_faults(record: Record) -> Iterator[Fault]:
    """Paths that show the submitter's machine."""
    held = {"model.source": record.model.source, "config": record.config}
    for place, value in walk(held):
        if isinstance(value, str) and is_local(value):
            remedy = "make the submission with `brainbench submit RUN`, which leaves paths out"
            yield Fault(place, f"is a path of a machine, {shown(value)}", remedy)


def _version_faults(record: Record) -> Iterator[Fault]:
    """Benchmarks that are known, in the version that this brainbench has."""
    known = list_benchmarks()
    protocol = str(record.config.get("protocol", ""))
    scored = {
        **{score.benchmark: (score.version, score.protocol) for score in record.published},
        **{score.benchmark: (score.version, score.protocol) for score in record.controlled},
        **{one.benchmark: (one.version, LadderBenchmark.protocol) for one in record.ladder_context},
        **{score.benchmark: (score.version, None) for score in record.behavior},
        **{one.benchmark: (one.version, None) for one in _of_difficulty(record)},
    }
    for name, (version, used) in scored.items():
        place = f"benchmarks.{name[:120]}"
        if name not in known:
            yield Fault(place, "is not a benchmark that this brainbench knows", "update brainbench")
            continue
        if used is not None and used != protocol:
            problem = f"was scored under {shown(used)}, the configuration says {shown(protocol)}"
            yield Fault(place, problem, AGAIN)
        current = load_benchmark(name, used or "controlled").version
        if version != current:
            problem = f"was scored by version {version}, this brainbench has {current}"
            yield Fault(place, problem, AGAIN)
        if record.benchmarks.get(name) != version:
            yield Fault(place, f"says version {record.benchmarks.get(name)}, its row {version}")
    for one in record.other:
        if one.kind == DifficultyScore.kind:
            continue
        problem = f"is a score of the kind {shown(one.kind)}, which no board ranks"
        remedy = "submit a run of brainbench's own benchmarks only"
        yield Fault(f"other ({one.benchmark[:120]})", problem, remedy)
    scored |= {one.benchmark: (one.version, None) for one in record.other}
    for name in sorted(set(record.benchmarks) - set(scored)):
        yield Fault(f"benchmarks.{name[:120]}", "was asked, but has no score", AGAIN)
    versions = own_versions()
    for name, task in record.tasks.items():
        current_task = versions.get(name)
        if current_task is not None and task.version not in (current_task, f"{current_task}.0"):
            problem = f"is of version {shown(task.version)}, this brainbench has {current_task}"
            yield Fault(f"tasks.{name[:120]}.version", problem, AGAIN)


def _data_faults(record: Record) -> Iterator[Fault]:
    """The data that were scored are those of the cards."""
    listed = {dataset.name: dataset for dataset in record.datasets}
    for name in _datasets(record):
        if name not in listed:
            yield Fault(f"datasets ({name[:60]})", "is missing, though it was scored", AGAIN)
    for name, dataset in listed.items():
        place = f"datasets ({name[:60]})"
        if dataset.own is not None:
            remedy = "submit scores on data that a card lists, which others can make again"
            yield Fault(place, "is somebody's own data", remedy)
            continue
        if name not in list_datasets():
            problem = "is not a dataset that this brainbench knows"
            yield Fault(place, problem, "update brainbench, or install the plugin that has it")
            continue
        card = load_card(name)
        expected = expected_data(name)
        if dataset.version != card.version:
            problem = f"is {shown(dataset.version)}, the data card's is {card.version}"
            yield Fault(f"{place}.version", problem, AGAIN)
        elif dataset.data_sha256 != expected:
            problem = f"is {shown(dataset.data_sha256[:16])}…, the data card gives {expected[:16]}…"
            yield Fault(f"{place}.data_sha256", problem, AGAIN)
        if dataset.simulated != card.simulated:
            yield Fault(
                f"{place}.simulated", f"is {dataset.simulated}, the card's {card.simulated}"
            )
