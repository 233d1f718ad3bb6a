"""A metric that is broken on purpose is caught by the golden numbers of every suite it is in.

Each is held twice: as it is, which passes, and broken, which must not. Both with the tolerances
of another processor than the one that wrote the files, so that what is caught here is caught on
any machine.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import golden_files
import golden_numbers
import numpy as np
import pytest
from golden_files import alone
from guided_run import GuidedRun
from small_calibration import calibrated

from brainbench.benchmarks.behavior import consistency
from brainbench.encoding.controlled import prediction as across_runs
from brainbench.encoding.published import prediction
from brainbench.encoding.published.prediction import correlate
from brainbench.guidance.gains import compare, metrics
from brainbench.models import PHANTOM_FILE
from brainbench.reasoning import response_bias
from brainbench.run import Settings, evaluate

Golden = Callable[..., None]
CELL = "phantom.signal.syllogistic-ridge"
QUICK_ACCURACY = Path(__file__).parent.parent / "reasoning" / "golden" / "nano_accuracy.json"


@pytest.fixture(autouse=True)
def another_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are held as on a machine that no golden file was written on."""
    monkeypatch.setattr("golden_files.platform_facts", dict)


def held(check: Callable[[], None], broken: Callable[[], None]) -> None:
    """Passes as it is, and fails once it is broken."""
    check()
    broken()
    with pytest.raises(AssertionError, match=r"\.json: "):
        check()


def wrong(change: Callable[[Any], Any]) -> Callable[..., Any]:
    """Pearson r of each voxel, changed before it is added up."""

    def broken(predictors: Any, responses: Any, total: Any) -> Any:
        own = np.zeros_like(total)
        n_constant = correlate(predictors, responses, own)
        total += change(own)
        return n_constant

    return broken


class TestAlignment:
    def test_pearson_as_published(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, golden: Golden
    ) -> None:
        """The square of r in its place."""
        settings = Settings(protocol="published")

        def check() -> None:
            record = evaluate(
                PHANTOM_FILE,
                benchmarks=[CELL],
                settings=settings,
                output_path=tmp_path,
                overwrite=True,
            )
            golden(record, "phantom_builtin", only=lambda name: name.startswith(CELL))

        held(check, lambda: monkeypatch.setattr(prediction, "correlate", wrong(np.square)))

    def test_pearson_with_runs_held_out(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, golden: Golden
    ) -> None:
        """A sign lost. Of nuisance rows, which no permutation takes part in."""
        monkeypatch.setattr("brainbench.benchmarks.controlled.cell.DRAWS", 19)

        def check() -> None:
            record = evaluate(PHANTOM_FILE, benchmarks=[CELL], output_path=tmp_path, overwrite=True)
            golden(
                record, "phantom_builtin_controlled", only=lambda name: name.startswith(f"{CELL}: ")
            )

        held(check, lambda: monkeypatch.setattr(across_runs, "correlate", wrong(np.abs)))


class TestBehavior:
    @pytest.mark.parametrize("metric", ["area_under_curve", "spearman"])
    def test_a_metric(
        self, metric: str, answered: Any, monkeypatch: pytest.MonkeyPatch, golden: Golden
    ) -> None:
        """1 − AUC; ρ with its sign lost."""
        whole = getattr(consistency, metric)

        def broken(*given: Any) -> float:
            return 1.0 - whole(*given) if metric == "area_under_curve" else abs(whole(*given))

        def break_it() -> None:
            for module in ("scoring", "people", "benchmark", "consistency"):
                where = f"brainbench.benchmarks.behavior.{module}.{metric}"
                monkeypatch.setattr(where, broken, raising=False)

        held(
            lambda: golden(
                golden_numbers.behavior(answered.scores()), "behavior_nano", golden_numbers.FLOAT32
            ),
            break_it,
        )


class TestAccuracy:
    @pytest.mark.parametrize("metric", ["auc", "balanced_acc", "dprime"])
    def test_a_metric(
        self, metric: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, golden: Golden
    ) -> None:
        """1 − AUC, 1 − balanced accuracy; d′ without its sign. Answers are kept, and read back."""
        monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
        task = "brainbench_quick_syllogistic"

        def check() -> None:
            with alone(tmp_path / "cache"):
                record = evaluate(tasks=[task], output_path=tmp_path, overwrite=True)
            golden(
                golden_numbers.accuracy(record),
                QUICK_ACCURACY,
                golden_numbers.FLOAT32,
                only=lambda name: name == task,
            )

        whole = getattr(response_bias._metrics(), metric)

        def broken(items: Any) -> float:
            return -whole(items) if metric == "dprime" else 1.0 - whole(items)

        held(check, lambda: monkeypatch.setattr(response_bias._metrics(), metric, broken))


class TestGuidance:
    def test_auc(self, guided: GuidedRun, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
        """1 − AUC: pairs out of order are counted."""
        pairs = metrics.pairs_in_order

        def broken(odds: Any, items: Any) -> Any:
            return pairs(-odds, items)

        held(
            lambda: golden(again(guided), "guidance_nano", golden_numbers.of_guidance, only=scored),
            lambda: monkeypatch.setattr(metrics, "pairs_in_order", broken),
        )

    def test_p_without_other_signals(
        self, guided: GuidedRun, monkeypatch: pytest.MonkeyPatch, golden: Golden
    ) -> None:
        """From one permutation, which does not tell how much other signals vary."""

        def no_p(name: str) -> float:
            # null on any processor
            none = name.endswith("/p")
            return golden_files.EXACT if none else golden_numbers.of_guidance(name)

        held(
            lambda: golden(again(guided), "guidance_nano", no_p, only=scored),
            lambda: monkeypatch.setattr(compare, "MIN_DRAWN", 1),
        )


def scored(name: str) -> bool:
    return not name.startswith("search")


def again(guided: GuidedRun) -> dict[str, Any]:
    record = guided.record.model_copy(update={"gains": guided.scored_again(), "searches": []})
    return golden_numbers.guidance(record)


class TestCalibration:
    def test_p_values(self, monkeypatch: pytest.MonkeyPatch, golden: Golden) -> None:
        """From the other end of the null."""
        held(
            lambda: golden(calibrated(), "calibration_small"),
            lambda: monkeypatch.setattr(
                "brainbench.calibration.measure.p_value",
                lambda measured, null: float(np.mean(np.asarray(null) <= measured)),
            ),
        )
