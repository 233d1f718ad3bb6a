"""How often the verdict on guidance is reached, on simulated log-odds whose truth is known.

Arms answer the same problems. Signals that guide can be lucky: the AUC that a direction or a
training brings differs from one draw of signals to the next. Where nothing is gained, the people's
own signals are one more draw of the kind that permuted ones are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict
from scipy.special import ndtri
from scipy.stats import binomtest

from brainbench.calibration.record import versions
from brainbench.guidance.answers import ArmAnswers, TestItems
from brainbench.guidance.arms import GUIDED, LABEL_AS_FMRI, UNGUIDED, arms_of, is_stochastic
from brainbench.guidance.gains.bootstrap import SHARES, compare
from brainbench.guidance.gains.compare import Tables, estimate_gain, mcnemar_of_arms, tabulate
from brainbench.guidance.rows import Change, Difference, Metric, Mode
from brainbench.guidance.verdict import AGAINST, CLAIM, LEVEL, MIN_SEEDS, decide_verdict
from brainbench.progress import Progress, Step, no_progress
from brainbench.statistics.answers import best_threshold
from brainbench.statistics.inference import Interval, holm

Array = NDArray[np.float64]
Rule = Literal["corrected over arms", "every comparison passes"]
RULES: tuple[Rule, Rule] = ("corrected over arms", "every comparison passes")
GAINS = (0.0, 0.05, 0.13, 0.23)
"""Planted, in AUC."""
ALL = "all that a claim needs"


@dataclass(frozen=True)
class GuidanceDesign:
    """A test of the full tier, and how log-odds vary there.

    Attributes
    ----------
    mode : ``steering``: an arm without drawn signals answers the same with every seed;
        ``finetuning``: each seed is a training of its own.
    n_base, n_orders, n_validation : problems, orders of premises of each, and problems that the
        threshold is chosen on.
    auc : expected without a gain.
    common : share of the variance of log-odds within a label that all arms have in common.
    of_problem : share of it that the orders of a problem have in common.
    spread : standard deviation of the expected AUC over draws of signals.
    seed_spread : of fine-tuning, standard deviation of the expected AUC over seeds.
    oracle : label as fMRI knows the answers, and is left out of any correction.
    """

    name: str
    mode: Mode
    n_base: int
    n_orders: int
    n_validation: int
    auc: float
    common: float
    of_problem: float
    spread: float
    seed_spread: float = 0.0
    oracle: bool = False

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms of the full tier; without an oracle, which no rule looks at."""
        return tuple(
            arm.name
            for arm in arms_of(self.mode)
            if not (self.oracle and arm.name == LABEL_AS_FMRI)
        )

    @property
    def items(self) -> TestItems:
        """Problems of the test, half of them True."""
        problems = np.arange(self.n_base)
        return TestItems(
            np.repeat(problems % 2, self.n_orders),
            2,
            np.repeat(problems, self.n_orders),
            np.tile(np.arange(self.n_orders), self.n_base),
        )


# Of SmolLM2-135M-Instruct, steered by ten permutations of xiao2026's responses in the deductive-
# reasoning ROI (scripts/measure_signal_spread.py): at held-out scanner items the log-odds of two
# permutations correlate by 0.01 (transitive) and 0.07 (syllogistic) within a label, and the AUC
# varies by 0.07 and 0.08, no more than 36 problems make it; at 192 new problems they correlate by
# 0.92 and 0.80, and the AUC varies by 0.009 and 0.020, by 0 and 0.006 net of the problems. Of
# fine-tuning there is one training of each arm (submissions/…/1febe7017259): the intervals of its
# differences are those of a correlation of 0.85; on new problems the AUC of its arms varies by
# 0.01, at scanner items by 0.09. What orders of a problem have in common, and what seeds of a
# training differ by, is assumed.
DESIGNS = (
    GuidanceDesign(
        "held-out scanner items, steering", "steering", 36, 1, 18,
        auc=0.5, common=0.1, of_problem=1.0, spread=0.02, oracle=True,
    ),
    GuidanceDesign(
        "new problems, steering", "steering", 192, 6, 32,
        auc=0.535, common=0.8, of_problem=0.7, spread=0.006,
    ),
    GuidanceDesign(
        "new problems, fine-tuning", "finetuning", 192, 6, 32,
        auc=0.535, common=0.85, of_problem=0.7, spread=0.03, seed_spread=0.02,
    ),
    GuidanceDesign(
        "new problems, fine-tuning, signals far apart", "finetuning", 192, 6, 32,
        auc=0.535, common=0.85, of_problem=0.7, spread=0.09, seed_spread=0.02,
    ),
)  # fmt: skip


def simulate_answers(
    design: GuidanceDesign, gain: float, rng: np.random.Generator
) -> dict[str, ArmAnswers]:
    """Answers of every arm; only guided gains.

    Parameters
    ----------
    design : the test.
    gain : by which the expected AUC of guided is higher than that of every other arm.
    rng : source of everything that is drawn.
    """
    found = {}
    n_all = design.n_base + design.n_validation
    common = _log_odds(design, 1, n_all, rng)
    for arm in design.arms:
        drawn = is_stochastic(arm)
        n_rows = MIN_SEEDS if drawn or (design.mode == "finetuning" and arm != UNGUIDED) else 1
        # rows of the same signals share what these do to each problem; a training adds its own
        signals = _log_odds(design, n_rows if drawn else 1, n_all, rng)
        own = signals
        if design.mode == "finetuning":
            own = np.sqrt(0.5) * (signals + _log_odds(design, n_rows, n_all, rng))
        lucky = rng.standard_normal((n_rows if drawn else 1, 1)) if drawn or arm == GUIDED else 0.0
        expected = design.auc + gain * (arm == GUIDED) + design.spread * lucky
        if n_rows > 1:
            expected = expected + design.seed_spread * rng.standard_normal((n_rows, 1))
        apart = ndtri(np.clip(expected, 0.01, 0.99)) / np.sqrt(2.0)
        noise = np.sqrt(design.common) * common + np.sqrt(1.0 - design.common) * own
        sign = 1.0 - 2.0 * (np.repeat(np.arange(n_all), design.n_orders) % 2)
        odds = apart * sign + noise
        found[arm] = _answers(design, np.resize(odds, (MIN_SEEDS, odds.shape[1])))
    return found


def _log_odds(
    design: GuidanceDesign, n_rows: int, n_problems: int, rng: np.random.Generator
) -> Array:
    """(n_rows, n_problems · n_orders) of variance 1; orders of a problem are correlated."""
    of_problem = rng.standard_normal((n_rows, n_problems)).repeat(design.n_orders, axis=1)
    of_order = rng.standard_normal((n_rows, n_problems * design.n_orders))
    found: Array = (
        np.sqrt(design.of_problem) * of_problem + np.sqrt(1.0 - design.of_problem) * of_order
    )
    return found


def _answers(design: GuidanceDesign, odds: Array) -> ArmAnswers:
    """Answers to the test; the last problems are those that thresholds are chosen on."""
    n_items = design.n_base * design.n_orders
    true = np.repeat(np.arange(design.n_base + design.n_validation), design.n_orders) % 2 == 0
    thresholds = np.array([best_threshold(row[n_items:], true[n_items:]) for row in odds])
    own = odds[:, :n_items]
    return ArmAnswers(own, np.where(own > 0.0, 0, 1), thresholds=thresholds)


@dataclass(frozen=True)
class Outcome:
    """One data set by both rules.

    Attributes
    ----------
    helps : rule → whether the verdict is that brain signals help.
    found : (arm, metric, rule) → whether that comparison has an uncorrected p below 0.05, in
        either direction; ``mcnemar`` is a metric of the first rule only.
    """

    helps: dict[Rule, bool]
    found: dict[tuple[str, str, Rule], bool]


def judge(arms: Mapping[str, ArmAnswers], items: TestItems, n_draws: int, seed: int) -> Outcome:
    """Both rules on the same answers and the same draws.

    Parameters
    ----------
    arms : by name.
    items : the problems.
    n_draws : of the bootstrap; the standard error of 500 is known to 3 %.
    seed : of the bootstrap.
    """
    tables = tabulate(arms, items, n_draws, seed)
    others = [name for name in arms if name != GUIDED]
    now = {(arm, m): _change(estimate_gain(tables, arm, m, items.n_base), m)
           for arm in others for m in CLAIM}  # fmt: skip
    before = {(arm, m): _before(tables, arm, m, items.n_base) for arm in others for m in CLAIM}
    corrected = dict(before)
    for metric in CLAIM:
        p_values = holm([_p(before[arm, metric]) for arm in others])
        for arm, p in zip(others, p_values, strict=True):
            corrected[arm, metric] = before[arm, metric].model_copy(update={"p": p})
    found: dict[tuple[str, str, Rule], bool] = {}
    for rule, changes in zip(RULES, (before, now), strict=True):
        found |= {(arm, metric, rule): _p(changes[arm, metric]) < LEVEL
                  for arm, metric in changes}  # fmt: skip
    for arm in others:
        tested = mcnemar_of_arms(arms[GUIDED], arms[arm], items)
        found[arm, "mcnemar", RULES[0]] = tested is not None and tested[0] < LEVEL
    return Outcome({RULES[0]: _helps(corrected), RULES[1]: _helps(now)}, found)


def _before(tables: Mapping[str, Tables], arm: str, metric: Metric, n_base: int) -> Change:
    """The earlier rule: only arms whose own rows are drawn anew add what draws vary by."""
    ours, theirs = tables[GUIDED][metric], tables[arm][metric]
    signals = theirs if is_stochastic(arm) else None
    return _change(compare(ours, theirs, n_base, signals, ends=SHARES), metric)


def _change(found: object, metric: Metric) -> Change:
    return Change.model_validate(
        {"metric": metric, **{name: getattr(found, name) for name in ("value", "interval", "p")}}
    )


def _p(change: Change) -> float:
    return 1.0 if change.p is None else change.p


def _helps(changes: Mapping[tuple[str, Metric], Change]) -> bool:
    differences = [
        Difference(against=arm, n_seeds=MIN_SEEDS, changes=[changes[arm, m] for m in CLAIM],
                   mcnemar_p=None, mcnemar_gained=None, mcnemar_lost=None)
        for arm in AGAINST
    ]  # fmt: skip
    return decide_verdict(differences) == "brain signals help"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GuidanceRate(_Part):
    """How often something was found."""

    design: str
    gain: float
    """Planted, in AUC."""
    rule: Rule
    against: str
    """Arm of a single comparison; ``all that a claim needs`` for the verdict."""
    what: str
    """A metric, ``mcnemar``, or ``verdict``."""
    n: int
    """Data sets."""
    rate: float
    interval: Interval
    """Exact two-sided 95 % (Clopper & Pearson 1934)."""


class GuidanceCalibration(_Part):
    """Everything that was counted."""

    schema_version: int = 1
    seed: int
    draws: int
    """Of the bootstrap."""
    versions: dict[str, str]
    designs: tuple[dict[str, str | int | float | bool], ...]
    rows: tuple[GuidanceRate, ...]

    def one(
        self, design: str, gain: float, rule: Rule, what: str, against: str = ALL
    ) -> GuidanceRate:
        """The row of that name.

        Raises
        ------
        KeyError
            When there is none.
        """
        key = design, gain, rule, what, against
        for row in self.rows:
            if (row.design, row.gain, row.rule, row.what, row.against) == key:
                return row
        raise KeyError(key)


def count_outcomes(
    design: GuidanceDesign, gain: float, outcomes: Sequence[Outcome]
) -> list[GuidanceRate]:
    """Rates of the verdict by both rules; of each comparison too, where nothing is gained.

    Parameters
    ----------
    design : the test.
    gain : that was planted.
    outcomes : one for each data set.
    """
    found = [
        _rate(design, gain, rule, "verdict", ALL, [each.helps[rule] for each in outcomes])
        for rule in RULES
    ]
    if gain == 0.0:
        found += [
            _rate(design, gain, rule, what, arm, [each.found[arm, what, rule] for each in outcomes])
            for arm, what, rule in outcomes[0].found
        ]
    return found


def _rate(
    design: GuidanceDesign, gain: float, rule: Rule, what: str, against: str, found: Sequence[bool]
) -> GuidanceRate:
    counted = binomtest(sum(found), len(found)).proportion_ci(0.95, method="exact")
    return GuidanceRate(
        design=design.name, gain=gain, rule=rule, what=what, against=against, n=len(found),
        rate=sum(found) / len(found), interval=(float(counted.low), float(counted.high)),
    )  # fmt: skip


def calibrate_guidance(
    designs: Sequence[GuidanceDesign],
    n_nothing: int,
    n_planted: int,
    seed: int = 0,
    n_draws: int = 500,
    report: Progress = no_progress,
) -> GuidanceCalibration:
    """Simulate every design with every gain.

    Parameters
    ----------
    designs : tests to simulate.
    n_nothing, n_planted : data sets of each design without a gain, and with each gain.
    seed : of everything that is drawn.
    n_draws : of the bootstrap.
    report : called before each design and gain.
    """
    rows: list[GuidanceRate] = []
    steps = [(design, gain) for design in designs for gain in GAINS]
    for number, (design, gain) in enumerate(steps):
        report(Step(f"{design.name}, a gain of {gain:g}", number, len(steps)))
        outcomes = []
        for data_set in range(n_planted if gain else n_nothing):
            rng = np.random.default_rng([seed, crc32(design.name.encode()), data_set])
            arms = simulate_answers(design, gain, rng)
            outcomes.append(judge(arms, design.items, n_draws, data_set))
        rows += count_outcomes(design, gain, outcomes)
    return GuidanceCalibration(
        seed=seed,
        draws=n_draws,
        versions=versions(__name__),
        designs=tuple(asdict(design) for design in designs),
        rows=tuple(rows),
    )
