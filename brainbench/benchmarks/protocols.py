"""The default protocol, by name alone: settings hold it without reaching code that scores."""

from __future__ import annotations

DEFAULT_PROTOCOL = "controlled"
# of somebody's own data: every protocol that their structure allows
EVERY_PROTOCOL = "all"
