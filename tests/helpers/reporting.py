"""How a timing is told: seconds of both ways, their ratio, the share of the limit."""

from __future__ import annotations

from typing import Any


def tell(
    benchmark: Any,
    what: str,
    baseline: str,
    baseline_seconds: tuple[float, float],
    flops: float,
    matmul_rate: float,
) -> float:
    """Print the timing, keep it in pytest-benchmark's record, and return the ratio.

    ``baseline_seconds`` are those on all cores and on one; the faster counts, for its
    products are small and threads may cost more than they bring.
    """
    all_cores, one_core = baseline_seconds
    median = benchmark.stats.stats.median
    ratio = min(baseline_seconds) / median
    benchmark.extra_info.update(
        baseline=baseline,
        baseline_seconds_all_cores=all_cores,
        baseline_seconds_one_core=one_core,
        ratio=ratio,
        gflop=flops / 1e9,
        gflop_per_second=flops / median / 1e9,
        matmul_gflop_per_second=matmul_rate / 1e9,
        share_of_matmul=flops / median / matmul_rate,
    )
    print(
        f"\n{what}: {median:.3f} s; {baseline}: {all_cores:.1f} s on all cores, {one_core:.1f} s "
        f"on one; ratio {ratio:.1f}; {flops / median / 1e9:.1f} of {matmul_rate / 1e9:.1f} GFLOP/s"
    )
    return ratio
