"""What a board needs to know of controlled alignment scores."""

from __future__ import annotations

from brainbench.benchmarks import ControlledScore

UNTRAINED = "untrained model"


def is_constant(score: ControlledScore) -> bool:
    """Whether no prediction varies, in any voxel and fold of any person."""
    folds = len(score.nested.chosen)
    return score.n_constant >= score.n_subjects * score.n_voxels * folds > 0
