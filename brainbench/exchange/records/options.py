"""What formats of others want to know and no record says."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from brainbench.errors import UnknownNameError, UsageError

RELATIONSHIPS = ("first_party", "third_party", "collaborative", "other")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class ExportOptions:
    """Said by whoever exports.

    Parameters
    ----------
    organization : who ran the evaluation, for ``every-eval-ever``.
    relationship : of that organization to the model's developer, one of ``RELATIONSHIPS``.
    model_id : of the model on the Hugging Face Hub, where the run had it from a file, for
        ``every-eval-ever``.
    hub_dataset : id of the benchmark's data set on the Hugging Face Hub, for ``hf-eval-results``.
    source_url : address where the run can be looked at, for ``hf-eval-results``.
    """

    organization: str = "not stated"
    relationship: str = "other"
    model_id: str | None = None
    hub_dataset: str | None = None
    source_url: str | None = None

    def __post_init__(self) -> None:
        if self.relationship not in RELATIONSHIPS:
            raise UnknownNameError("relationship", self.relationship, RELATIONSHIPS)
        for flag, given in (("model-id", self.model_id), ("hub-dataset", self.hub_dataset)):
            if given is not None and not _HUB_ID.fullmatch(given):
                raise UsageError(f"--{flag} {given}: write OWNER/NAME, as on the hub")
        if self.source_url is not None and not self.source_url.startswith(("https://", "http://")):
            raise UsageError(f"--source-url {self.source_url}: an address begins with https://")

    def given(self) -> dict[str, Any]:
        """Option → value, of those that differ from the defaults."""
        default = vars(ExportOptions())
        return {name: value for name, value in vars(self).items() if value != default[name]}
