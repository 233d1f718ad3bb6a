"""What a board needs to know of published scores."""

from __future__ import annotations

EVERYBODY = "all"
