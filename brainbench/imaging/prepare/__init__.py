"""Scanner images of a whole study → responses of its people, kept part by part."""

from brainbench.imaging.prepare.estimate import estimator
from brainbench.imaging.prepare.kept import Kept
from brainbench.imaging.prepare.options import PrepareOptions
from brainbench.imaging.prepare.person import PreparedPerson, PreparedRun
from brainbench.imaging.prepare.sources import BucketSource, FolderSource, RunSource
from brainbench.imaging.prepare.together import Coverage, put_together
from brainbench.imaging.prepare.work import Work

__all__ = [
    "BucketSource",
    "Coverage",
    "FolderSource",
    "Kept",
    "PrepareOptions",
    "PreparedPerson",
    "PreparedRun",
    "RunSource",
    "Work",
    "estimator",
    "put_together",
]
