"""What a reader needs to judge responses that were made from scanner images, as one page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from brainbench.datasets import Recording
from brainbench.datasets.folder import PROVENANCE
from brainbench.imaging.prepare import Coverage, PreparedPerson, PreparedRun
from brainbench.results.blocks import (
    Block,
    Bullets,
    Code,
    Column,
    Figure,
    Folded,
    Section,
    Table,
    Words,
)
from brainbench.results.plots.dot_plot import DotRow, Mark, draw_dots
from brainbench.results.plots.svg import image
from brainbench.results.quality.glass_brain import draw_responses
from brainbench.results.report.page import render_page
from brainbench.results.wording import listed, number, percent, plural

QUALITY = "quality.html"
# what people of this field take for much
_MUCH_MOTION = 0.5  # mm, mean framewise displacement of a run
_LITTLE_SIGNAL = 20.0  # median tSNR of a run
_MANY_SCANS = 0.2  # share of scans that were left out
_FEW_VOXELS = 0.8  # share of a region's voxels that all people have
_MUCH_TEXT = 60_000  # characters of provenance


def render_quality(
    recording: Recording,
    people: Sequence[PreparedPerson],
    coverage: Mapping[str, Coverage],
    faults: Sequence[str],
    provenance: Mapping[str, Any],
) -> str:
    """The page.

    Parameters
    ----------
    recording : what was made.
    people : responses and quality of each.
    coverage : voxels of each region.
    faults : people who were left out, with reasons.
    provenance : how it was made, as plain values.
    """
    card = recording.card
    runs = sum(len(person.runs) for person in people)
    facts = [
        ("people", str(len(people))),
        ("runs", str(runs)),
        ("responses", "×".join(map(str, recording.assembly.shape))),
        ("brainbench", str(provenance.get("versions", {}).get("brainbench", ""))),
    ]
    sections = [
        Section("warnings", "Read this first", _warnings(card.simulated, people, coverage, faults)),
        Section("regions", "Regions", [_region_table(coverage), *_brains(recording)]),
        Section("motion", "Motion", _motion(people), about=_ABOUT_MOTION),
        Section("noise", "Signal and noise", _noise(people), about=_ABOUT_NOISE),
        Section("runs", "Every run", [_run_table(people)]),
        Section(
            "making",
            "How it was made",
            [Folded("Provenance", [Code(_shortened(json.dumps(provenance, indent=1)))])],
        ),
    ]
    return render_page("brainbench: quality of a dataset", card.name, card.title, facts, sections)


_ABOUT_MOTION = (
    "Framewise displacement: how far the head moved from one scan to the next, in mm (Power et "
    "al. 2012); mean over the scans of a run. A mark is a run."
)
_ABOUT_NOISE = (
    "Temporal signal-to-noise ratio: mean over standard deviation of a voxel's series, before "
    "confounds are taken out; median over voxels of all regions. A mark is a run."
)


# ---------------------------------------------------------------- parts


def _shortened(text: str) -> str:
    if len(text) <= _MUCH_TEXT:
        return text
    return f"{text[:_MUCH_TEXT]}\n… the rest is in {PROVENANCE}"


def _warnings(
    simulated: bool,
    people: Sequence[PreparedPerson],
    coverage: Mapping[str, Coverage],
    faults: Sequence[str],
) -> list[Block]:
    found: list[tuple[str, str]] = []
    if simulated:
        found.append(("Simulated", "no person was measured."))
    found += [("Left out", fault) for fault in faults]
    for person in people:
        found += [
            (f"{person.subject} {run} is left out", why) for run, why in person.left_out.items()
        ]
    for roi, one in coverage.items():
        if one.used < _FEW_VOXELS * one.there:
            subject, count = one.least
            found.append(
                (
                    f"{roi}: {one.used} of {one.there} voxels",
                    f"are inside the brain in every run of everybody; {subject} has {count}.",
                )
            )
    for check in (_moved, _noisy, _scrubbed):
        named = [f"{subject} {run}" for subject, run, one in _runs(people) if check(one)]
        if named:
            found.append((_WORDS[check.__name__], f"{listed(named)}."))
    return [Bullets(found, "warning")] if found else [Words("No warnings; no run was left out.")]


_WORDS = {
    "_moved": f"Mean framewise displacement above {_MUCH_MOTION:g} mm",
    "_noisy": f"Median signal-to-noise ratio below {_LITTLE_SIGNAL:g}",
    "_scrubbed": f"More than {percent(_MANY_SCANS)} of the scans left out",
}


def _moved(run: PreparedRun) -> bool:
    return bool(run.mean_motion > _MUCH_MOTION)


def _noisy(run: PreparedRun) -> bool:
    return bool(_tsnr(run) < _LITTLE_SIGNAL)


def _scrubbed(run: PreparedRun) -> bool:
    return bool(1.0 - run.kept.mean() > _MANY_SCANS)


def _runs(people: Sequence[PreparedPerson]) -> Iterator[tuple[str, str, PreparedRun]]:
    for person in people:
        for name, run in person.runs.items():
            yield person.subject, name, run


def _tsnr(run: PreparedRun) -> float:
    known = run.tsnr[np.isfinite(run.tsnr)]
    return float(np.median(known)) if known.size else float("nan")


def _region_table(coverage: Mapping[str, Coverage]) -> Table:
    rows = [
        (
            roi,
            str(one.there),
            str(one.used),
            percent(one.used / one.there),
            " ".join(map(str, one.least)),
        )
        for roi, one in coverage.items()
    ]
    return Table(
        "Voxels that can be used in every run of everybody",
        ("ROI", "in the image", "used", "share", "fewest"),
        rows,
    )


def _brains(recording: Recording) -> list[Block]:
    """A glass brain: mean response of each voxel over trials and people; the same as numbers."""
    assembly = recording.assembly
    values, places, rows = [], [], []
    for roi in recording.card.rois:
        here = assembly.isel(neuroid=assembly["roi"].values == roi)
        # one block a person, with the same voxels in the same order
        people = np.nanmean(here.values, axis=0).reshape(len(recording.card.subjects), -1)
        mean = people.mean(axis=0)
        values.append(mean)
        places.append(np.column_stack([here[axis].values[: mean.size] for axis in "xyz"]))
        spread = [float(mean.mean()), float(mean.min()), float(mean.max())]
        rows.append((roi, *(number(value, 2) for value in spread)))
    table = Table(
        "Mean response over problems and people, %", ("ROI", "mean", "least", "most"), rows
    )
    words = (
        "Mean response of each voxel over all problems and people, in percent of the voxel's mean: "
        + "; ".join(f"{row[0]} {row[1]}" for row in rows)
    )
    where = np.concatenate(places)
    if not np.isfinite(where).all():
        return [table, Words("No picture: the places of the voxels are not known.", "note")]
    picture = draw_responses(np.concatenate(values), where)
    if picture is None:
        return [table, Words("No picture: it needs pip install 'brainbench[plot]'.", "note")]
    return [Figure(image(picture, words), f"{words}. Glass brain, MNI.", table)]


def _motion(people: Sequence[PreparedPerson]) -> list[Block]:
    rows = [
        DotRow(person.subject, [_marks(person, lambda run: run.mean_motion, "mm")])
        for person in people
    ]
    label = "mean framewise displacement, mm"
    return [Figure.of(draw_dots("motion-plot", "Motion", label, rows), f"{label}; a row a person.")]


def _noise(people: Sequence[PreparedPerson]) -> list[Block]:
    rows = [DotRow(person.subject, [_marks(person, _tsnr, "")]) for person in people]
    label = "median temporal signal-to-noise ratio"
    return [Figure.of(draw_dots("noise-plot", "Noise", label, rows), f"{label}; a row a person.")]


def _marks(person: PreparedPerson, value: Any, unit: str) -> list[Mark]:
    found = []
    for name, run in person.runs.items():
        held = value(run)
        known = held if np.isfinite(held) else None
        title = f"{person.subject} {name}: {number(known, 2)} {unit}".strip()
        found.append(Mark(known, "dot", "people", title))
    return found


def _run_table(people: Sequence[PreparedPerson]) -> Table:
    rows = []
    for subject, name, run in _runs(people):
        known = run.motion[np.isfinite(run.motion)]
        rows.append(
            (
                f"{subject} {name}",
                number(run.mean_motion if known.size else None, 2),
                number(float(known.max()) if known.size else None, 2),
                f"{int((~run.kept).sum())} of {len(run.kept)}",
                number(_tsnr(run), 1),
                str(int(run.inside.sum())),
            )
        )
    columns = (
        "run",
        Column("mean displacement, mm", "mean mm"),
        Column("largest, mm", "max mm"),
        "scans left out",
        "tSNR",
        "voxels",
    )
    return Table(f"{plural(len(rows), 'run')}", columns, rows, searched=len(rows) > 20)
