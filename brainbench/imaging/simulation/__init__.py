"""A small study whose truth is known, in the files that a scanner and fMRIPrep leave behind."""

from brainbench.imaging.simulation.design import SimulatedRoi, StudyDesign
from brainbench.imaging.simulation.study import SimulatedStudy, simulate_study

__all__ = ["SimulatedRoi", "SimulatedStudy", "StudyDesign", "simulate_study"]
