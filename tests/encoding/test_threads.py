"""Work on all cores: order of results, and no threads inside threads."""

from __future__ import annotations

import threading

from brainbench.encoding.threads import n_workers, parallel


def test_results_come_in_the_order_of_the_items() -> None:
    assert parallel(lambda number: number**2, range(20)) == [number**2 for number in range(20)]


def test_work_within_work_stays_in_its_thread() -> None:
    def outer(_: int) -> set[str]:
        here = threading.current_thread().name
        return {here, *parallel(lambda _: threading.current_thread().name, range(8))}

    assert all(len(names) == 1 for names in parallel(outer, range(8)))
    # the caller's thread is none of them: it may start threads again
    names = parallel(lambda _: threading.current_thread().name, range(8))
    assert threading.current_thread().name not in names
    assert len(set(names)) <= n_workers()
