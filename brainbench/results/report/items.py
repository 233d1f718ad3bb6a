"""Items of a run as a page browses them: one list of short rows, whatever wrote them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from brainbench.results.report.problem_texts import problem_text
from brainbench.results.wording import clip, plain_kind

TRUE_FALSE = ("True", "False")
OUTCOMES = ("wrong", "right", "no answer", "not judged")
# characters of a text, of a short field
_TEXT, _FIELD = 4000, 160
_ANSWERS, _FIELDS = 12, 16
# what a row tells in fields of its own, or to no reader
_KNOWN = {
    "doc_id", "id", "base_id", "filter", "answers", "label", "said", "log_odds", "doc",
    "arguments", "target", "resps", "filtered_resps", "reasoning_type", "people_right",
    "n_people", "not_said",
}  # fmt: skip
# metrics that say by themselves whether an answer is right
_JUDGED = ("acc", "exact_match", "acc_norm")


def read_item(row: Mapping[str, Any], choices: Sequence[str], looked_up: bool) -> dict[str, Any]:
    """What a page shows of one item; what is empty is left out.

    Parameters
    ----------
    row : of a file of samples.
    choices : names of the answers, where they are the same for all items of the task; log-odds are
        of the first.
    looked_up : whether texts of brainbench's own problems are added by their ids.

    Returns
    -------
    ``id``; ``kind`` of problem; ``label`` and ``said``, the right answer and the model's; ``odds``,
    log-odds of the first choice; ``sure``, those of the right answer; ``outcome``, a number of
    :data:`OUTCOMES`; ``people``, the share who were right, and ``n`` of them; ``text``, ``target``,
    ``made`` by the model; ``answers``: choice, log-likelihood; ``rest``: other fields.
    """
    label, said = (_answer(row.get(name), choices) for name in ("label", "said"))
    identifier = _short(row.get("id", row.get("doc_id", "")))
    odds = _number(row.get("log_odds"))
    made = "\n".join(_strings(row.get("resps")))
    text, kind = _prompt(row.get("arguments")), _kind(row)
    if looked_up and (found := problem_text(identifier, label)) is not None:
        text, kind = text or found.text, kind or found.reasoning_type
    item = {
        "id": identifier,
        "kind": plain_kind(kind) if kind else "",
        "label": label,
        "said": said,
        "odds": odds,
        "sure": _sure(odds, label, choices),
        "outcome": OUTCOMES.index(_outcome(row, label, said)),
        "people": _number(row.get("people_right")),
        "n": _number(row.get("n_people")),
        "text": clip(text, _TEXT),
        "target": clip(row["target"], _TEXT) if isinstance(row.get("target"), str) else "",
        "made": clip(made, _TEXT),
        "answers": list(_answers(row.get("answers"), choices)),
        "rest": dict(_rest(row)),
    }
    return {name: value for name, value in item.items() if value not in ("", None, [], {})}


def as_json(value: Any) -> str:
    """JSON that can stand inside a script element: it ends no element and begins no comment."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    for mark in "<>&\u2028\u2029":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def _short(value: Any) -> str:
    return clip(str(value), _FIELD)


def _answer(value: Any, choices: Sequence[str]) -> str:
    """An answer in words; datasets of people have 1 for True, 0 for False."""
    if value is None:
        return ""
    if not isinstance(value, str) and tuple(choices) == TRUE_FALSE and value in (0, 1):
        return TRUE_FALSE[0 if value else 1]
    return _short(value)


def _outcome(row: Mapping[str, Any], label: str, said: str) -> str:
    if label and "said" in row:
        return "no answer" if not said else "right" if said == label else "wrong"
    if row.get("invalid") == 1:
        return "no answer"
    for name in _JUDGED:
        if (value := _number(row.get(name))) is not None:
            return "right" if value == 1 else "wrong"
    return "not judged"


def _number(value: Any) -> float | int | None:
    """A number that JSON knows, rounded as far as anyone reads; infinite ones as large ones."""
    if isinstance(value, str) and value in ("inf", "-inf"):
        value = float(value)
    if not isinstance(value, int | float) or math.isnan(value):
        return None
    if isinstance(value, int) and abs(value) < 1e9:
        return int(value)
    return round(min(max(float(value), -1e9), 1e9), 4)


def _sure(odds: float | None, label: str, choices: Sequence[str]) -> float | None:
    """Log-odds of the right answer, of two."""
    if odds is None or len(choices) != 2 or label not in choices:
        return None
    return odds if label == choices[0] else -odds


def _kind(row: Mapping[str, Any]) -> str:
    doc = row.get("doc")
    held = row.get("reasoning_type", doc.get("reasoning_type") if isinstance(doc, Mapping) else "")
    return _short(held) if isinstance(held, str) else ""


def _prompt(arguments: Any) -> str:
    """The first text that was asked, of a request as lm-eval logs it."""
    return next(iter(_strings(arguments)), "")


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    """Texts inside lists and maps, in their order."""
    if isinstance(value, str):
        yield value
    elif depth < 5 and isinstance(value, Mapping):
        for one in value.values():
            yield from _strings(one, depth + 1)
    elif depth < 5 and isinstance(value, list | tuple):
        for one in value:
            yield from _strings(one, depth + 1)


def _answers(value: Any, choices: Sequence[str]) -> Iterator[tuple[str, float]]:
    """Each choice with its log-likelihood, where there is one request for each."""
    if not isinstance(value, list) or not 1 < len(value) <= _ANSWERS:
        return
    for place, one in enumerate(value):
        held = _number(one[0]) if isinstance(one, list) and one else None
        if held is not None:
            name = choices[place] if len(choices) == len(value) else f"answer {place + 1}"
            yield _short(name), held


def _rest(row: Mapping[str, Any]) -> Iterator[tuple[str, float | str]]:
    """Metrics and other short fields; hashes are in the file."""
    left = [name for name in row if name not in _KNOWN and not name.endswith(("_hash", "sha256"))]
    for name in left[:_FIELDS]:
        value = row[name]
        held = _number(value) if isinstance(value, int | float | bool) else None
        if held is not None:
            yield _short(name), held
        elif isinstance(value, str) and value:
            yield _short(name), _short(value)
