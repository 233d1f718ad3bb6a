"""Scanner images of a whole study → responses of its people, kept part by part."""

from brainbench.imaging.prepare.estimate import estimator
from brainbench.imaging.prepare.kept import KeptParts
from brainbench.imaging.prepare.options import PrepareOptions
from brainbench.imaging.prepare.person import PreparedPerson, PreparedRun
from brainbench.imaging.prepare.sources import BucketSource, FolderSource, RunSource
from brainbench.imaging.prepare.together import Coverage, put_together
from brainbench.imaging.prepare.work import Preparer

__all__ = [
    "BucketSource",
    "Coverage",
    "FolderSource",
    "KeptParts",
    "PrepareOptions",
    "PreparedPerson",
    "PreparedRun",
    "Preparer",
    "RunSource",
    "estimator",
    "put_together",
]
