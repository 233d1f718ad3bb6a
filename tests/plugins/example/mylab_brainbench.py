"""A laboratory's package: a model, a dataset, and a benchmark of its own making."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from brainbench import Activations, DatasetPlugin, Plugin
from brainbench.datasets import parse_card
from brainbench.datasets.phantom import PhantomDesign, PhantomRoi, load_problems, simulate

CARD = Path(__file__).parent / "card.yaml"


class WordCounts:
    """A model that knows how long each sentence is."""

    identifier = "mylab-word-counts"
    sha256 = hashlib.sha256(b"word counts").hexdigest()

    def activations(self, problems):
        counts = np.array([[len(s.split()) for s in p.sentences] for p in problems], float)
        return Activations({"hidden": counts[:, None]}, {"hidden": (0,)})


def load(rois=None, subjects=None, progress=None):
    """People who respond to the length of each sentence."""
    problems = load_problems()
    lengths = np.array([[len(s) for s in p.sentences] for p in problems], float)
    design = PhantomDesign(
        subjects=3, site="hidden", rois={"auditory": PhantomRoi(voxels=5, signal=0.6)}
    )
    return simulate(design, lengths, problems, parse_card(CARD.read_text("utf-8"), CARD.name))


class HalfScore:
    """A benchmark that halves another one's score."""

    identifier = "mylab2026.auditory.half-ridge"
    dataset = "mylab2026"
    version = 3

    def __call__(self, model):
        from brainbench import load_benchmark

        whole = load_benchmark("mylab2026.auditory.all-ridge", "published")(model)
        return whole.model_copy(
            update={"benchmark": self.identifier, "version": self.version, "raw": whole.raw / 2}
        )


plugin = Plugin(
    models={"mylab-word-counts": WordCounts},
    datasets={"mylab2026": DatasetPlugin(CARD, load)},
    benchmarks={HalfScore.identifier: HalfScore},
)
