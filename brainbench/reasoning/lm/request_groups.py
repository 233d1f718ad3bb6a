"""Which group of a steering's directions each request gets."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from brainbench.models import Steering

_LOG = logging.getLogger(__name__)


def groups_of(steering: Steering, requests: Sequence[Any], warned: set[str]) -> list[str | None]:
    """The group whose directions steer each request; one warning per task where some have none.

    Parameters
    ----------
    steering : whose directions are added.
    requests : of lm-eval; an item's reasoning type is its field ``reasoning_type``.
    warned : tasks that were warned of; those of this call are added.
    """
    kinds = [type_of(request) for request in requests]
    tasks = [str(request.task_name) for request in requests]
    for task in set(tasks) - warned:
        own = [kind for kind, other in zip(kinds, tasks, strict=True) if other == task]
        for text in steering.missing(own, "requests"):
            warned.add(task)
            _LOG.warning("%s: %s", task, text)
    return steering.groups_for(kinds)


def type_of(request: Any) -> str | None:
    """Reasoning type of a request's item, where the task states it."""
    doc = request.doc if isinstance(request.doc, Mapping) else {}
    kind = doc.get("reasoning_type")
    return kind if isinstance(kind, str) else None
