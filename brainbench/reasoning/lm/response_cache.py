"""A cache of a model's answers, keyed by everything that an answer depends on.

lm-eval's own cache names an answer by the request alone, whatever the model (its issues 2715
and 4063), and is pickled. This one is a folder for each model, of arrays with checksums.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from brainbench.models.cache import ArrayCache, Arrays, content_key


class ResponseCache:
    """Answers of one model as it is loaded here.

    Parameters
    ----------
    root : of all models.
    identity : all that changes an answer but the request: weights, number format, revision,
        intervention, versions.
    """

    def __init__(self, root: Path, identity: dict[str, Any]) -> None:
        self.folder = root / content_key(**identity)[:32]
        self._arrays = ArrayCache(self.folder, "answers")
        self._identity = identity

    def key(self, **request: Any) -> str:
        """Name of what is asked."""
        return content_key(identity=self._identity, request=request)

    def get(self, key: str) -> Arrays | None:
        """The cached answer; None where there is none, or it is damaged."""
        return self._arrays.get(key)

    def put(self, key: str, arrays: Arrays) -> None:
        """Keep an answer."""
        self._arrays.put(key, arrays)
