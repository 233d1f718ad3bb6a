"""Which gains a run of guidance could find, from the simulation that is packaged."""

from __future__ import annotations

from pathlib import Path

SUMMARY = Path(__file__).parent / "data" / "guidance_power.json"
