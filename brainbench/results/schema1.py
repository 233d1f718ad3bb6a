"""Records of schema version 1, as those of today.

Version 1 held readings, warnings and what a nuisance row reaches beside the numbers that give them;
scores of the published protocol in three flat lists; layers as texts such as ``hidden 7``; and
other names: ``said`` of the shares of answers, ``said_true`` and ``says_true`` of that of True.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from brainbench.guidance.arms import PERMUTED
from brainbench.guidance.verdict import MIN_DRAWN
from brainbench.quantities import Layer
from brainbench.results.record import SCHEMA_VERSION, Record

VERSION = 1
_ORACLES = ": told the answers of these very items"
_NOT_BEATEN = "the model has no item wrong that a person has right: every item guides"
_POOLED = "items of different reasoning types are pooled: read it beside the single types"
_LEAK = "voxels were chosen on the data that are scored"
# parts of warnings as version 1 wrote them → as they are written today
REWORDED = {
    "is no share of explainable": "is not a share of explainable",
    "a flip is no evidence": "a flip is not evidence",
    "few arms; no verdict but inconclusive": "few arms, each problem in one order",
    _ORACLES: ": their signals are the answers of these very items",
}
_EVERYBODY = "all"
_RENAMED = {"says_true": "true_rate", "direction_says_true": "direction_true_rate"}
_OF_PERSON = ("subject", "raw", "reference", "ceiling", "score", "n_voxels")
_NOT_OF_HEAD = ("subject", "warnings", "site", "layer", "score_site", "score_layer")


def read_schema1(content: Mapping[str, Any]) -> Record:
    """The record that a content of version 1 is today.

    Warnings that its numbers give are left out, for they are computed; all others become notes.

    Raises
    ------
    ValueError
        When it is not a record.
    """
    try:
        upgraded = _upgraded(content)
    # whatever it is, it is not what version 1 was
    except Exception as error:
        raise ValueError(f"it is not what schema version 1 was ({type(error).__name__})") from error
    record = Record.model_validate(upgraded)
    for scores in (record.controlled, record.published, record.behavior, record.gains,
                   record.searches):  # fmt: skip
        scores[:] = [_without_computed(score) for score in scores]
    return record


def _without_computed(score: Any) -> Any:
    """The score without notes that are among its warnings anyway."""
    computed = score.model_copy(update={"notes": ()}).warnings
    kept = tuple(text for text in score.notes if _reworded(text) not in computed)
    return score.model_copy(update={"notes": kept})


def _reworded(text: str) -> str:
    for before, now in REWORDED.items():
        text = text.replace(before, now)
    return text


def _upgraded(content: Mapping[str, Any]) -> dict[str, Any]:
    new = {**content, "schema_version": SCHEMA_VERSION, "published": _published(content)}
    for name in ("scores", "controls", "layers"):
        new.pop(name, None)
    simulated = {one["name"]: one["simulated"] for one in content["datasets"]}
    for name, upgrade in (
        ("controlled", _controlled), ("behavior", _behavior), ("answer_bias", _bias),
        ("gains", _gain), ("searches", _search), ("other", _noted),
    ):  # fmt: skip
        if name in content:
            new[name] = [upgrade(score) for score in content[name]]
    for name in ("controlled", "published", "behavior"):
        for score in new.get(name, ()):
            score["simulated"] = simulated.get(score["dataset"], False)
    return new


def _without(row: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _noted(score: Mapping[str, Any]) -> dict[str, Any]:
    return {**_without(score, "reading", "warnings"), "notes": score.get("warnings", [])}


def _layer(text: str) -> Layer:
    site, _, number = text.rpartition(" ")
    return Layer(site, None if number == "localised" else int(number))


def _place(row: Mapping[str, Any], before: str = "") -> Layer | None:
    site = row[f"{before}site"]
    return None if site is None else Layer(site, row[f"{before}layer"])


def _controlled(score: Mapping[str, Any]) -> dict[str, Any]:
    new = _noted(score)
    new["controls"] = [_without(row, "reaches") for row in score["controls"]]
    new["layers"] = [{**row, "layer": _layer(row["layer"])} for row in score["layers"]]
    for name in ("nested", "rsa", "cka"):
        chosen = [_layer(text) for text in score[name].get("chosen", ())]
        new[name] = {**score[name], "chosen": chosen}
    return new


def _published(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Heads, each with the people, layers and nuisance rows of its benchmark."""
    rows = content.get("scores", ())
    heads = {row["benchmark"]: row for row in rows if row["subject"] == _EVERYBODY}
    found = {name: _head(row, content) for name, row in heads.items()}
    people = [row for row in rows if row["subject"] != _EVERYBODY]
    if len(heads) + len(people) < len(rows):
        raise ValueError("a benchmark has two rows of all people")
    for row in people:
        found[row["benchmark"]]["subjects"].append({name: row[name] for name in _OF_PERSON})
    for row in content.get("layers", ()):
        layer = {"layer": _place(row), **_without(row, "benchmark", "site", "layer")}
        found[row["benchmark"]]["layers"].append(layer)
    of_cell = ("benchmark", "roi", "reasoning_type", "protocol", "reaches", "warning")
    for row in content.get("controls", ()):
        found[row["benchmark"]]["controls"].append(_without(row, *of_cell))
    return list(found.values())


def _head(row: Mapping[str, Any], content: Mapping[str, Any]) -> dict[str, Any]:
    named = [one["name"] for one in content["datasets"]]
    own = [name for name in named if row["benchmark"].startswith(f"{name}.")]
    return {
        **_without(row, *_NOT_OF_HEAD),
        "dataset": max(own, key=len, default=row["benchmark"].partition(".")[0]),
        "layer": _place(row),
        "score_layer": _place(row, "score_"),
        "pooled": _POOLED in row["warnings"],
        "selection_leak": _LEAK in row["warnings"],
        "notes": row["warnings"],
        "subjects": [],
        "layers": [],
        "controls": [],
    }


def _behavior(score: Mapping[str, Any]) -> dict[str, Any]:
    computed = ("reaches_model", "reaches_reference", "warning")
    new = _noted(score)
    new["pooled"] = _POOLED in score["warnings"]
    new["true_rate"] = new.pop("said_true")
    new["controls"] = [_without(row, *computed) for row in score["controls"]]
    return new


def _bias(bias: Mapping[str, Any]) -> dict[str, Any]:
    return {**_without(bias, "reading", "said"), "answer_shares": bias["said"]}


def _gain(gain: Mapping[str, Any]) -> dict[str, Any]:
    """Two facts stood in warnings only, and p was corrected over arms that no claim needs."""
    once = gain["n_permutations"] < MIN_DRAWN
    differences = [
        {**row, "changes": [_change(change, once) for change in row["changes"]]}
        for row in gain["differences"]
    ]
    gain = {**gain, "differences": differences}
    oracles = [text.removesuffix(_ORACLES) for text in gain["warnings"] if text.endswith(_ORACLES)]
    return {
        **_renamed(_noted(gain)),
        "oracles": [name for text in oracles for name in text.split(", ")],
        "humans_beat_model": _NOT_BEATEN not in gain["warnings"],
    }


def _change(change: Mapping[str, Any], once: bool) -> dict[str, Any]:
    """Without a p that left out how much other signals vary, where they were drawn once."""
    return _without(change, "p_corrected") | ({"p": None} if once else {})


def _search(search: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _renamed(_noted(search))
    drawn = [row["n_seeds"] for row in found["rows"] if row["arm"] == PERMUTED]
    if max(drawn, default=0) < MIN_DRAWN:
        found["rows"] = [{**row, "p": None, "p_corrected": None} for row in found["rows"]]
    return found


def _renamed(value: Any) -> Any:
    """The same with names of fields, and of metrics, as they are today."""
    if isinstance(value, dict):
        return {_RENAMED.get(name, name): _renamed(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_renamed(part) for part in value]
    return _RENAMED.get(value, value) if isinstance(value, str) else value
