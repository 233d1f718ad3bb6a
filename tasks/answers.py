"""From what a model gave back to what is measured of one problem.

Each measure but ``acc`` carries what it is computed from over all problems:
``[base_id, label, said, log_odds]``, where ``said`` is None for an invalid answer and
``log_odds`` is None where there are none.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

Doc = dict[str, Any]
Measured = dict[str, Any]

_END_OF_THOUGHT = "</think>"
_MARKS = " \t*_`\"'()[]."
_LAST_LINE = re.compile(r"^\W*answer\W*:\W*(?P<said>\w+)\W*$", re.IGNORECASE | re.MULTILINE)
_BREAKS_OFF_AFTER = 5  # words; fewer are a wrong answer, not an unfinished one


def choice(doc: Doc, results: Sequence[tuple[float, bool]]) -> Measured:
    """The likelier continuation is the answer; equal ones, or none that can be, are none."""
    likelihoods = [float(value) for value, _ in results]
    best = max(likelihoods)
    said = None
    if math.isfinite(best) and likelihoods.count(best) == 1:
        said = doc["choices"][likelihoods.index(best)]
    log_odds = None
    if len(likelihoods) == 2 and all(map(math.isfinite, likelihoods)):
        log_odds = likelihoods[0] - likelihoods[1]
    measured = _measured(doc, said, log_odds)
    measured["not_said"] = float(not any(greedy for _, greedy in results))
    if len(results) == 2:
        item = _item(doc, said, log_odds)
        measured |= {"auc": item, "auc_stderr_clustered": item}
        if doc.get("threshold") is not None:
            measured["acc_at_validation_threshold"] = [*item, doc["threshold"]]
    return measured


def validation_choice(doc: Doc, results: Sequence[tuple[float, bool]]) -> Measured:
    """The same on the validation split, where the threshold is chosen."""
    measured = choice(doc, results)
    return measured | {"threshold": measured["auc"]}


def direct(doc: Doc, results: Sequence[str]) -> Measured:
    """The first line is the answer, and holds nothing else."""
    text = results[0].rpartition(_END_OF_THOUGHT)[2].strip()
    return _generated(doc, results[0], text.partition("\n")[0].strip(_MARKS))


def reasoned(doc: Doc, results: Sequence[str]) -> Measured:
    """The last line of the form ``Answer: True``, after the end of thought, is the answer."""
    text = results[0].rpartition(_END_OF_THOUGHT)[2]
    found = _LAST_LINE.findall(text)
    return _generated(doc, results[0], found[-1] if found else "")


def _generated(doc: Doc, text: str, word: str) -> Measured:
    said = {choice.lower(): choice for choice in doc["choices"]}.get(word.lower())
    return _measured(doc, said, None, said is None and _is_cut_off(text))


def _is_cut_off(text: str) -> bool:
    """Whether generation met its limit; a backend that knows says so, else the text is read.

    lm-eval does not pass on why a generation ended. A backend may return a ``str`` with the
    attribute ``truncated``. Else a text counts as cut off that begins to think and does not
    end it, or that breaks off in the middle of a sentence.
    """
    known = getattr(text, "truncated", None)
    if known is not None:
        return bool(known)
    if "<think>" in text and _END_OF_THOUGHT not in text:
        return True
    return len(text.split()) >= _BREAKS_OFF_AFTER and text.rstrip()[-1] not in ".!?:;)\"'*`"


def _measured(
    doc: Doc, said: str | None, log_odds: float | None, truncated: bool = False
) -> Measured:
    item = _item(doc, said, log_odds)
    measured: Measured = {
        "acc": float(said == doc["label"]),
        # lm-eval prints it as the ± of acc, in place of one that takes items for independent
        "acc_stderr": item,
        "acc_stderr_clustered": item,
        "balanced_acc": item,
        "balanced_acc_stderr_clustered": item,
        "bias_true": item,
        "invalid": float(said is None),
        "truncated": float(truncated),
        "always_true": item,
        "always_false": item,
    }
    if len(doc["choices"]) == 2:
        return measured | {"dprime": item}
    return measured | {"bias_uncertain": item, "always_uncertain": item}


def _item(doc: Doc, said: str | None, log_odds: float | None) -> list[Any]:
    return [doc["base_id"], doc["label"], said, log_odds]
