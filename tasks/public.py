"""Problems that others published, fetched when a task asks for them, never shipped.

Files with a known hash come from ``BRAINBENCH_MIRROR`` (a folder or URL that holds
``<dataset>/<path>``), brainbench's cache, or their source at a pinned commit; then, and for
the others, from the Hugging Face hub. Imports nothing of brainbench.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import random
import re
import tempfile
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import datasets

log = logging.getLogger(__name__)

DATA = Path(__file__).parent / "data"

Row = dict[str, Any]
_TIMEOUT = 60
_SEED = 2606
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")


class Source(NamedTuple):
    """Files of a dataset at one commit: path → sha256."""

    version: str
    url: str
    files: dict[str, str]


# The same commits and hashes as in brainbench's cards.
SOURCES = {
    name: Source(**entry)
    for name, entry in json.loads((DATA / "sources.json").read_text("utf-8")).items()
}


# ---------------------------------------------------------------- datasets


def folio(hub: str = "tasksource/folio", **_: Any) -> datasets.DatasetDict:
    """FOLIO v0.0, CC BY-SA 4.0: three answers. Premises of one story are one cluster.

    The hub has another version of it, taken where the files cannot be had, with a warning.
    """
    splits: dict[str, list[Row]] = {}
    for split in ("train", "validation"):
        try:
            rows = _lines(_fetch("folio", f"data/v0.0/folio-{split}.jsonl"))
        except OSError as error:
            log.warning("FOLIO v0.0 cannot be had, another version is taken: %s", error)
            rows = _hub(hub, split, str(error))
        splits[split] = [_folio_row(row, f"folio-{split}-{i:04d}") for i, row in enumerate(rows)]
    return _dataset(splits)


def prontoqa(hub: str = "renma/ProntoQA", **_: Any) -> datasets.DatasetDict:
    """ProntoQA, as prepared for Logic-LM: 500 problems of a few steps about made-up classes."""
    rows = _mirrored_or_hub("prontoqa", "validation", hub)
    return _dataset({"validation": [_prontoqa_row(row) for row in rows]})


def ruletaker(hub: str = "tasksource/ruletaker", each: int = 50, **_: Any) -> datasets.DatasetDict:
    """RuleTaker, where what cannot be established is false: ``each`` of every depth and label.

    Which ones is drawn from a seed. Questions about one set of rules are one cluster.
    """
    rows = _mirrored_or_hub("ruletaker", "test", hub)
    met: Counter[tuple[str, bool]] = Counter()
    kept = []
    for i in random.Random(_SEED).sample(range(len(rows)), len(rows)):
        row = rows[i]
        cell = (str(row.get("config")), _entailed(row))
        if met[cell] < each:
            met[cell] += 1
            kept.append(_ruletaker_row(row, f"ruletaker-test-{i:06d}"))
    return _dataset({"test": kept})


def xiao2026(
    problem_type: str,
    premises: int = 3,
    orders: int = 1,
    thresholds: Mapping[str, float] | None = None,
    **_: Any,
) -> datasets.DatasetDict:
    """The paper's own problems; every premise is asked.

    Parameters
    ----------
    problem_type : ``syllogisms``, ``transitive`` or ``propositional``.
    premises : 3 to 6; propositional problems have 2.
    orders : of premises each problem is shown in: the given one, then drawn from a seed.
    thresholds : as in ``loading.problems``; here by ``xiao2026_syllogisms`` and the like.
    """
    threshold = (thresholds or {}).get(f"xiao2026_{problem_type}")
    name = "propositional" if problem_type == "propositional" else f"{premises}premises"
    suffix = "" if name == "3premises" else f"_{name}"
    files = {"test": f"test{suffix}"}
    if name == "3premises":
        files |= {"train": "train_192", "validation": "val_new"}
    splits = {}
    for split, file in files.items():
        path = f"data/deductive_reasoning_data_{file}.json"
        rows = json.loads(_fetch("xiao2026", path))[problem_type]
        shown = orders if split == "test" else 1
        prefix = f"xiao2026-{problem_type}-{name}-{split}"
        variants = [
            variant
            for i, row in enumerate(rows)
            for variant in _xiao2026_rows(row, f"{prefix}-{i:04d}", shown)
        ]
        variants.sort(key=lambda row: int(row["order"]))
        splits[split] = [{**row, "threshold": threshold} for row in variants]
    return _dataset(splits)


# ---------------------------------------------------------------- rows


def _row(
    identifier: str,
    base_id: str,
    premises: Sequence[str],
    conclusion: str,
    label: str,
    wording: str = "two_way",
    order: int = 0,
) -> Row:
    choices = ["True", "False", *(["Uncertain"] if wording == "three_way" else [])]
    if label not in choices:
        raise ValueError(f"{identifier} has the label {label!r}, none of {', '.join(choices)}")
    return {
        "id": identifier,
        "base_id": base_id,
        "premises": [text.strip() for text in premises if text.strip()],
        "conclusion": conclusion.strip(),
        "label": label,
        "choices": choices,
        "wording": wording,
        "order": order,
        "threshold": None,
    }


def _folio_row(row: Row, identifier: str) -> Row:
    premises = row["premises"]
    premises = premises.split("\n") if isinstance(premises, str) else premises
    story = hashlib.sha256("\n".join(premises).encode()).hexdigest()[:12]
    label = {"Unknown": "Uncertain"}.get(row["label"], row["label"])
    story = f"folio-{story}"
    return _row(identifier, story, premises, row["conclusion"], label, wording="three_way")


def _prontoqa_row(row: Row) -> Row:
    claim = row["question"].rpartition("?")[2] or row["question"]
    label = {"A": "True", "B": "False"}.get(row["answer"].strip(), row["answer"])
    name = f"prontoqa-{row['id']}"
    return _row(name, name, _SENTENCE_END.split(row["context"]), claim, label)


def _entailed(row: Row) -> bool:
    return str(row["label"]) in ("entailment", "True", "1")


def _ruletaker_row(row: Row, identifier: str) -> Row:
    rules = f"ruletaker-{hashlib.sha256(row['context'].encode()).hexdigest()[:12]}"
    premises = _SENTENCE_END.split(row["context"])
    label = str(_entailed(row))
    return _row(identifier, rules, premises, row["question"], label, wording="closed_world")


def _xiao2026_rows(row: Row, base_id: str, orders: int) -> list[Row]:
    premises = [row[key] for key in sorted(row) if key.startswith("premise")]
    label = "True" if "_true" in row["trial_type"] else "False"
    shown: dict[tuple[str, ...], None] = {tuple(premises): None}
    rng = random.Random(f"{_SEED} {base_id}")
    most = min(orders, _factorial(len(premises)))
    while len(shown) < most:
        shown[tuple(rng.sample(premises, len(premises)))] = None
    return [
        _row(f"{base_id}-order-{i}", base_id, order, row["conclusion"], label, order=i)
        for i, order in enumerate(shown)
    ]


def _factorial(number: int) -> int:
    return 1 if number < 2 else number * _factorial(number - 1)


def _dataset(splits: dict[str, list[Row]]) -> datasets.DatasetDict:
    return datasets.DatasetDict(
        {split: datasets.Dataset.from_list(rows) for split, rows in splits.items()}
    )


# ---------------------------------------------------------------- files


def _lines(content: bytes) -> list[Row]:
    return [json.loads(line) for line in content.decode().splitlines() if line.strip()]


def _fetch(dataset: str, path: str) -> bytes:
    """A file of ``SOURCES``, checked.

    Raises
    ------
    OSError
        When no place has it, with what each said.
    ValueError
        When what is there is not the file that is meant.
    """
    source = SOURCES[dataset]
    kept = _cache() / "datasets" / dataset / source.version / path
    failures = []
    for place in (_mirror(dataset, path), str(kept), f"{source.url}/{quote(path)}"):
        if place is None:
            continue
        try:
            content = _read(place)
        except OSError as error:
            failures.append(f"{place}: {error}")
            continue
        found = hashlib.sha256(content).hexdigest()
        if found != source.files[path]:
            raise ValueError(
                f"{place} is not {dataset} {source.version}: expected sha256 "
                f"{source.files[path]}, found {found}. Remove it or correct it"
            )
        _keep(kept, content)
        return content
    raise OSError(
        f"{dataset}/{path} cannot be had; set BRAINBENCH_MIRROR to a folder or URL that holds "
        f"it, or go online. Tried: {'; '.join(failures)}"
    )


def _mirror(dataset: str, path: str) -> str | None:
    root = os.environ.get("BRAINBENCH_MIRROR")
    return f"{root.rstrip('/')}/{dataset}/{path}" if root else None


def _cache() -> Path:
    given = os.environ.get("BRAINBENCH_CACHE")
    home = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(given or f"{home}/brainbench").expanduser()


def _read(place: str) -> bytes:
    if not place.startswith(("http://", "https://")):
        return Path(place).expanduser().read_bytes()
    mirror = os.environ.get("BRAINBENCH_MIRROR")
    if _offline() and not (mirror and place.startswith(mirror)):
        raise OSError("HF_HUB_OFFLINE is set")
    with urllib.request.urlopen(place, timeout=_TIMEOUT) as answer:  # an URLError is an OSError
        return bytes(answer.read())


def _offline() -> bool:
    names = ("HF_HUB_OFFLINE", "HF_DATASETS_OFFLINE")
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in names)


def _keep(path: Path, content: bytes) -> None:
    """Write it whole or not at all; a cache that cannot be written is no fault."""
    if path.is_file():
        return
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
            file.write(content)
        Path(file.name).replace(path)
    except OSError as error:
        log.info("%s is not kept: %s", path, error)


def _mirrored_or_hub(dataset: str, split: str, hub: str) -> list[Row]:
    """Rows with the hub's fields, from ``<mirror>/<dataset>/<split>.jsonl`` or the hub."""
    place = _mirror(dataset, f"{split}.jsonl")
    failure = "BRAINBENCH_MIRROR is not set"
    if place is not None:
        try:
            return _lines(_read(place))
        except OSError as error:
            failure = f"{place}: {error}"
    return _hub(hub, split, failure)


def _hub(identifier: str, split: str, failure: str) -> list[Row]:
    try:
        return list(datasets.load_dataset(identifier, split=split))
    except Exception as error:  # the hub's client raises a dozen kinds
        raise OSError(
            f"{identifier} ({split}) cannot be had from the hub: {error}. Before that: {failure}"
        ) from error
