"""From scanner images whose truth is known to a row of a board.

What is planted in one region is found there and in no other; a confound is explained by its rung.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from small_study import FAST

from brainbench.imaging.prepare import PrepareOptions
from brainbench.imaging.simulation import SimulatedRoi, StudyDesign, simulate_study
from brainbench.leaderboard.boards.board import load_boards
from brainbench.leaderboard.site.build import build_site
from brainbench.results import Record
from brainbench.results.quality import page
from brainbench.run import evaluate
from brainbench.run.own_data import find_own
from brainbench.run.preparing import Study, plan, prepare

BOARD = """\
name: mine
title: My study
page: mine
kind: ladder
label: ladder
what: How clearly the responses of this study show a model.
statistic: z_beyond_position
benchmarks:
  simulated-fmri.brain.all-ladder: {version}
draws: 100
"""


def p_of(record: Record, roi: str, kind: str, rung: str) -> float:
    """p of one row of the ladder; 1 where the rung leaves nothing of the model."""
    rows = [
        row.p
        for row in record.ladder
        if (row.term, row.roi, row.reasoning_type, row.rung) == ("larger", roi, kind, rung)
    ]
    return 1.0 if not rows or rows[0] is None else rows[0]


@pytest.mark.exhaustive
def test_a_planted_representation_and_a_planted_confound(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("nilearn", reason="images need it; install the imaging extra")
    monkeypatch.setattr(page, "draw_responses", lambda *_: None)
    rois = {
        "planted": SimulatedRoi(signal=1.0),
        "confound": SimulatedRoi(length=1.0),
        "noise": SimulatedRoi(),
    }
    design = StudyDesign(subjects=3, seed=1, shape=(10, 10, 8), spikes=0.0, noise=0.8, rois=rois)
    latent = np.random.default_rng(7).standard_normal((72, 4))
    study = simulate_study(tmp_path / "study", design, latent)
    where = Study(fmriprep=study.fmriprep, bids=study.bids, card=study.card_path)
    regions = tuple(f"{name}={path}" for name, path in study.rois.items())
    out = prepare(plan(where, tmp_path / "out", PrepareOptions(regions, betas=FAST)))
    own = find_own(str(out))
    assert own is not None
    words = [[len(" ".join(p.sentences).split())] for p in own.problems]
    records = {}
    for name, states in (("latent", latent), ("length", np.array(words, float))):
        path = tmp_path / f"{name}.safetensors"
        ids = json.dumps([p.identifier for p in own.problems])
        save_file(
            {"hidden": states[:, None].astype(np.float32)}, path, metadata={"stimulus_ids": ids}
        )
        records[name] = evaluate(
            path, own=own, benchmarks=["*ladder*"], output_path=tmp_path / "results"
        )

    found = records["latent"]
    for rung in ("run", "position", "length", "condition"):
        assert p_of(found, "all", "all", rung) < 0.001
        for kind in ("syllogistic", "transitive"):
            assert p_of(found, "planted", kind, rung) < 0.05
            for other in ("confound", "noise"):
                assert p_of(found, other, kind, rung) > 0.05
    confound = records["length"]
    assert p_of(confound, "all", "all", "position") < 0.001
    assert p_of(confound, "confound", "syllogistic", "position") < 0.01
    assert p_of(confound, "planted", "syllogistic", "position") > 0.05
    for rung in ("length", "condition", "words"):
        assert p_of(confound, "all", "all", rung) > 0.05

    boards = tmp_path / "boards"
    boards.mkdir()
    version = found.benchmarks["simulated-fmri.brain.all-ladder"]
    (boards / "mine.yaml").write_text(BOARD.format(version=version), "utf-8")
    site = tmp_path / "site"
    built = build_site(load_boards(boards), site, results=tmp_path / "results", reports=False)
    assert built.n_runs == 2
    text = (site / "mine.html").read_text("utf-8")
    assert text.index("latent") < text.index("length")
