"""Which tests run in one process: those of a file, and of files that share what is dear to make.

xdist's own groups are a suffix of a test's name, which pytest 9.2 does not let it set: each test
went to any process, and fixtures of a module were made in all of them.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from xdist.scheduler import LoadScopeScheduling

ROOT = Path(__file__).parent.parent.parent
# arguments that are session fixtures which take long, used by several files, by what they share
COSTLY = {
    "costly fixtures": re.compile(r"\b(guided: GuidedRun|controlled_run: Any)\b"),
    "a real language model": re.compile(r"\bsmollm2: Path\b"),
}
# long ones first, or one process waits for the other at the end
LONG = ("tests/real/", "tests/calibration/", "tests/guidance/", "tests/run/", "tests/cli/")


@cache
def group_of(file: str) -> str:
    """The file itself, or one name for all files whose tests take the same costly fixture."""
    path = ROOT / file
    text = path.read_text("utf-8") if path.is_file() else ""
    return next((group for group, fixture in COSTLY.items() if fixture.search(text)), file)


def rank_of(group: str) -> int:
    """Order in which groups are begun."""
    if group in COSTLY:
        return 0
    return next((n for n, start in enumerate(LONG, 1) if group.startswith(start)), len(LONG) + 1)


class SharingScheduler(LoadScopeScheduling):
    """Tests of a group run in one process."""

    def _split_scope(self, nodeid: str) -> str:
        return group_of(nodeid.split("::", 1)[0])

    def _assign_work_unit(self, node: Any) -> None:
        self.workqueue.move_to_end(min(self.workqueue, key=rank_of), last=False)
        super()._assign_work_unit(node)
