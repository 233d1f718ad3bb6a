"""The record of what simulations of guidance found: ``guidance_power.json``."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict
from scipy.stats import binomtest

from brainbench.guidance.rows import Mode
from brainbench.statistics.inference import Interval

Rule = Literal["now", "before"]
RULES: tuple[Rule, Rule] = ("now", "before")
"""``before`` needed AUC and accuracy at the threshold to rise, and had fewer degrees of freedom."""
WANTED = 0.8
"""Share of data sets in which a gain must be found."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GuidanceRate(_Part):
    """How often brain signals were said to help."""

    rule: Rule
    gain: float
    """Planted over both arms, in AUC."""
    over: str | None = None
    """Where nothing is gained over one arm: the other, which is far below."""
    n: int
    """Data sets."""
    rate: float
    interval: Interval
    """Exact two-sided 95 % (Clopper & Pearson 1934)."""

    @classmethod
    def of(cls, rule: Rule, gain: float, over: str | None, n_found: int, n: int) -> GuidanceRate:
        """Rate of so many data sets of all."""
        counted = binomtest(n_found, n).proportion_ci(0.95, method="exact")
        return cls(
            rule=rule, gain=gain, over=over, n=n, rate=n_found / n,
            interval=(round(float(counted.low), 4), round(float(counted.high), 4)),
        )  # fmt: skip


class GuidanceCell(_Part):
    """One test, with so many problems, orders and permutations."""

    pool: str
    """Whose log-odds the gain was planted in."""
    mode: Mode
    n_base: int
    n_orders: int
    n_permutations: int
    """And, of fine-tuning, trainings of every other arm."""
    rows: tuple[GuidanceRate, ...]

    def smallest(self, rule: Rule = "now") -> float | None:
        """Smallest gain that is found in four of five data sets; None where none of them is.

        Between two gains that were planted it is read off a straight line.
        """
        curve = [(row.gain, row.rate) for row in self.rows if row.rule == rule and row.gain]
        before = (0.0, 0.0)
        for gain, rate in sorted(curve):
            if rate >= WANTED:
                share = (WANTED - before[1]) / (rate - before[1])
                return before[0] + share * (gain - before[0])
            before = (gain, rate)
        return None

    def false_claims(self, rule: Rule = "now") -> GuidanceRate:
        """The highest rate of claims where nothing is gained over one arm at least."""
        return max(
            (row for row in self.rows if row.rule == rule and not row.gain),
            key=lambda row: row.rate,
        )


class PoolRecord(_Part):
    """What gains were planted in."""

    name: str
    mode: Mode
    n_orders: int
    auc: float
    """Mean over permuted signals."""
    spread: float
    """Standard deviation over draws of signals, as these problems show it."""
    n_signals: int
    assumed: dict[str, float] = {}
    """Of trainings, of which no more than one of each arm was measured."""


class GuidancePower(_Part):
    """Everything that was counted."""

    schema_version: int = 1
    seed: int
    versions: dict[str, str]
    measured: str
    """The model and dataset whose log-odds these are."""
    pools: tuple[PoolRecord, ...]
    cells: tuple[GuidanceCell, ...]

    def one(self, pool: str, n_base: int, n_orders: int, n_permutations: int) -> GuidanceCell:
        """The cell of that size.

        Raises
        ------
        KeyError
            When there is none.
        """
        key = pool, n_base, n_orders, n_permutations
        for cell in self.cells:
            if (cell.pool, cell.n_base, cell.n_orders, cell.n_permutations) == key:
                return cell
        raise KeyError(key)

    @property
    def summary(self) -> PowerSummary:
        """What plans are made from."""
        return PowerSummary(
            measured=self.measured,
            cells=tuple(
                PowerCell(
                    pool=cell.pool, mode=cell.mode, n_base=cell.n_base, n_orders=cell.n_orders,
                    n_permutations=cell.n_permutations, smallest=_rounded(cell.smallest()),
                    false_claims=cell.false_claims().rate,
                )
                for cell in self.cells
            ),
        )  # fmt: skip


class PowerCell(_Part):
    """One test of one size in a line."""

    pool: str
    mode: Mode
    n_base: int
    n_orders: int
    n_permutations: int
    smallest: float | None
    """Gain in AUC that four of five data sets find; null where no gain that was planted is."""
    false_claims: float
    """Highest rate of claims where nothing is gained."""


class PowerSummary(_Part):
    """What is packaged: the smallest gains of every size."""

    measured: str
    cells: tuple[PowerCell, ...]


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 6)
