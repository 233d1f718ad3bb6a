"""The report of a run: one page that opens anywhere and asks for nothing."""

from brainbench.results.report.page import LARGEST, REPORT, render_report, write_report

__all__ = ["LARGEST", "REPORT", "render_report", "write_report"]
