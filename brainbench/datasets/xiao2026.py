"""xiao2026: betas of ten people reasoning, as published with Xiao, Du & Lin 2026.

Rows of every matrix are Syllogisms run 01, 02, Transitive run 01, 02, 18 problems each.
The problems themselves, answers and response times come from ds003076.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from brainbench.datasets import deduction
from brainbench.datasets.assembly import Recording, build_assembly, choose
from brainbench.datasets.cards import load_card
from brainbench.datasets.download import Progress, fetch
from brainbench.datasets.readers import read_mat
from brainbench.errors import DataError

_BETAS = (
    "fmri_data/preprocessed_data_glmsinglesep_newdrroi_topksep/top-10%/"
    "all_extracted_beta_{roi}/{subject}/{subject}.mat"
)
_ROWS = len(deduction.RUNS) * deduction.PROBLEMS_PER_RUN


def load(
    rois: str | Sequence[str] | None = None,
    subjects: str | Sequence[str] | None = None,
    progress: Progress | None = None,
) -> Recording:
    """Load betas, problems and behaviour.

    Parameters
    ----------
    rois, subjects : which ones; all by default.
    progress : see :func:`brainbench.datasets.download.fetch`.

    Returns
    -------
    70 presentations; two problems whose premises contradict each other are dropped, by
    the names in the card. Betas are as published.
    """
    card, events = load_card("xiao2026"), load_card("ds003076")
    people = _choose_people(subjects)
    areas = choose("ROI", rois, tuple(card.rois))
    tables = {}
    wanted = [
        deduction.events_path(events, subject, run) for subject in people for run in deduction.RUNS
    ]
    local = fetch(events, wanted, progress)
    for subject in people:
        for run in deduction.RUNS:
            tables[subject, run] = deduction.read_run(
                local[deduction.events_path(events, subject, run)]
            )
    shown = deduction.stimuli(tables, card)
    order = list(deduction.RUNS)
    kept = np.array(
        [
            order.index(run) * deduction.PROBLEMS_PER_RUN + position
            for run, position in zip(shown["run"], shown["position"], strict=True)
        ]
    )
    paths = {(s, roi): _BETAS.format(roi=roi, subject=s) for roi in areas for s in people}
    files = fetch(card, paths.values(), progress)
    blocks = {
        key: read_mat(files[path], "all_voxels", (_ROWS, card.rois[key[1]]))[kept]
        for key, path in paths.items()
    }
    assembly = build_assembly(shown, blocks)
    # a text, for netCDF 3, which scipy writes, holds no lists
    leak = ", ".join(roi for roi in areas if roi in card.selection_leak)
    assembly.attrs.update(dataset=card.name, version=card.version, selection_leak=leak)
    return Recording(
        card,
        assembly,
        deduction.problems(shown),
        card.data_sha256(events),
        deduction.behavior(tables, shown, people, events),
    )


def _choose_people(subjects: str | Sequence[str] | None) -> tuple[str, ...]:
    """People asked for; one who was scanned but lacks a run is refused with that reason."""
    card, events = load_card("xiao2026"), load_card("ds003076")
    asked = (subjects,) if isinstance(subjects, str) else subjects or ()
    outside = [s for s in asked if s not in card.subjects and s in events.subjects]
    deduction.require_runs(events, outside)
    if outside:
        raise DataError(
            f"{', '.join(outside)}: in ds003076, but xiao2026 publishes no betas of them; "
            f"it has {', '.join(card.subjects)}"
        )
    return choose("subject", subjects, card.subjects)
