"""What benchmarks of one cell have in common: their name and what they are of."""

from __future__ import annotations

from dataclasses import dataclass

from brainbench.datasets import load_card

METRIC = "ridge"


@dataclass(frozen=True)
class CellBenchmark:
    """One ROI of one dataset, inside one reasoning type or over all.

    Parameters
    ----------
    dataset : name of a dataset.
    roi : one of its ROIs.
    reasoning_type : ``all``, ``syllogistic`` or ``transitive``.
    """

    dataset: str
    roi: str
    reasoning_type: str

    @property
    def identifier(self) -> str:
        """``<dataset>.<roi>.<type>-<metric>``."""
        return f"{self.dataset}.{self.roi}.{self.reasoning_type}-{METRIC}"

    @property
    def bibtex(self) -> str:
        """Citation of the dataset."""
        return load_card(self.dataset).citation
