"""A small simulated study, drawn once for all tests, and a bucket that serves its files."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from local_host import Host

from brainbench.datasets.cards import Card, CardFile
from brainbench.datasets.images import ImageFile, ImageList
from brainbench.imaging.betas import BetaOptions
from brainbench.imaging.prepare import BucketSource, PrepareOptions
from brainbench.imaging.rois import parse_roi
from brainbench.imaging.simulation import SimulatedStudy, StudyDesign, simulate_study
from brainbench.run.preparing import PreparationPlan, Study, plan

FAST = BetaOptions(method="lss", noise_model="ols")


@pytest.fixture(scope="session")
def drawn_study(tmp_path_factory: pytest.TempPathFactory) -> SimulatedStudy:
    """Two people; not to be written to."""
    pytest.importorskip("nilearn", reason="images need it; install the imaging extra")
    design = StudyDesign(subjects=2, seed=11, shape=(10, 10, 8), spikes=0.0)
    return simulate_study(tmp_path_factory.mktemp("drawn") / "study", design)


@pytest.fixture
def study(drawn_study: SimulatedStudy, tmp_path: Path) -> SimulatedStudy:
    """A copy whose files a test may damage."""
    own = tmp_path / "study"
    shutil.copytree(drawn_study.bids.parent, own)
    return replace(
        drawn_study,
        bids=own / "bids",
        fmriprep=own / "fmriprep",
        rois={name: own / "rois" / path.name for name, path in drawn_study.rois.items()},
        card_path=own / "card.yaml",
    )


def options_for(study: SimulatedStudy, **changed: object) -> PrepareOptions:
    """All regions of a study, by the fastest estimate."""
    rois = tuple(f"{name}={path}" for name, path in study.rois.items())
    options = PrepareOptions(rois=rois, betas=FAST)
    return replace(options, **changed)  # type: ignore[arg-type]


def plan_of(study: SimulatedStudy, folder: Path, **changed: object) -> PreparationPlan:
    """A plan from the folders of a study."""
    where = Study(fmriprep=study.fmriprep, bids=study.bids, card=study.card_path)
    return plan(where, folder, options_for(study, **changed))


def in_bucket(study: SimulatedStudy, host: Host) -> tuple[Card, ImageList]:
    """Put all files of a study into a bucket: its card with events, and the list of its images."""
    files = []
    for path in sorted(study.fmriprep.rglob("sub-*.*")):
        name, content = path.relative_to(study.fmriprep).as_posix(), path.read_bytes()
        if name.endswith("preproc_bold.json"):
            continue  # public derivatives are listed without
        host.versions[f"/study-fmriprep/{name}"] = {"v1": content, "v2": b"newer"}
        md5 = hashlib.md5(content).hexdigest()
        files.append(ImageFile(path=name, size=len(content), md5=md5, version="v1"))
    events = []
    for path in sorted(study.bids.rglob("*_events.tsv")):
        name, content = path.relative_to(study.bids).as_posix(), path.read_bytes()
        host.files[f"/study/{name}"] = content
        sha256 = hashlib.sha256(content).hexdigest()
        events.append(CardFile(path=name, size=len(content), sha256=sha256))
    card = study.card.model_copy(
        update={"files": tuple(events), "urls": (f"{host.root}/study",), "name": "bucketed"}
    )
    return card, ImageList("bucketed", f"{host.root}/study-fmriprep", tuple(files))


def plan_from_bucket(
    study: SimulatedStudy, card: Card, images: ImageList, folder: Path, keep: bool = False
) -> PreparationPlan:
    """A plan that brings the images run by run."""
    options = options_for(study)
    where = folder / ("fmriprep" if keep else ".prepare/images")
    source = BucketSource(card, images, options.space, None, where, keep)
    return PreparationPlan(card, source, dict(map(parse_roi, options.rois)), options, folder)
