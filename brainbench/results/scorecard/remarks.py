"""What to know of a run before it is quoted: every caution, grouped into at most five sentences."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from brainbench.results.record import Record
from brainbench.results.sections.cautions import run_cautions, section_cautions
from brainbench.results.wording import plural

MOST = 5
# texts of a sentence; the details have the rest
_SHOWN = 2
_TRYING = "for trying out only"
_REACHES = " reaches the model"
# what holds for nearly every run comes last
_USUAL = re.compile(r"items of different reasoning types are pooled|^\d+ items are few")
# the sentence → sections whose cautions it has
_KINDS = {
    "Alignment": ("ladder", "alignment-controlled", "alignment-published"),
    "Behaviour": ("behavior", "difficulty"),
    "Guidance": ("gains",),
    "Other scores": ("other",),
}


def remarks(record: Record) -> list[str]:
    """At most five sentences: what the run is for, what was noted, what holds for each kind.

    Parameters
    ----------
    record : of any run, whole or in part.
    """
    first, notes = _of_run(record)
    found = [*first]
    if notes:
        found.append(_joined("Noted", notes))
    told = [*notes]
    for name, keys in _KINDS.items():
        texts = [text for text in _of_kind(record, keys) if text not in told]
        told += texts
        if texts:
            found.append(_joined(name, texts))
    if len(found) > MOST:
        found[MOST - 1 :] = [" ".join(found[MOST - 1 :])]
    return found


def _of_run(record: Record) -> tuple[list[str], list[str]]:
    """Sentences on the run as a whole, and its other notes."""
    first, trying, notes = [], [], []
    if record.status != "success":
        error = f" ({record.error})" if record.error else ""
        first.append(f"This run is not complete: its status is {record.status}{error}.")
    simulated = [dataset.name for dataset in record.datasets if dataset.simulated]
    if simulated:
        trying.append(f"the people of {', '.join(simulated)} are simulated")
    if record.model.builtin:
        trying.append("the model is built in")
    for about, text in run_cautions(record):
        if text.endswith(_TRYING):
            trying.append(text.removesuffix(_TRYING).rstrip(": "))
        elif not about:
            notes.append(text)
    if trying:
        first.append(f"For trying out only: {'; '.join(trying)}.")
    return first, notes


def _of_kind(record: Record, keys: Sequence[str]) -> list[str]:
    """Texts of a kind of score without where they hold; those on nuisance as one, and first."""
    texts: list[str] = []
    nuisance: list[str] = []
    for key in keys:
        for about, text in section_cautions(record, key):
            name, reached, _ = about.partition(_REACHES)
            if reached:
                nuisance.append(name)
            else:
                texts.append(text.rpartition(" (")[0])
    if nuisance:
        names = list(dict.fromkeys(nuisance))
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        reach = "reaches" if len(names) == 1 else "reach"
        texts.insert(0, f"{', '.join(names[:3])}{more} {reach} the model in some cells")
    return sorted(dict.fromkeys(texts), key=lambda text: bool(_USUAL.search(text)))


def _joined(name: str, texts: Iterable[str]) -> str:
    every = list(texts)
    rest = len(every) - _SHOWN
    more = f"; and {plural(rest, 'more remark')} in the details" if rest > 0 else ""
    return f"{name}: {'; '.join(text.rstrip('.') for text in every[:_SHOWN])}{more}."
