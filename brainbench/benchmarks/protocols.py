"""The default protocol, by name alone: settings hold it without reaching code that scores."""

from __future__ import annotations

DEFAULT_PROTOCOL = "controlled"
