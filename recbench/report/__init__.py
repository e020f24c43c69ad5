"""The report: a sweep as one self-contained HTML file."""

from recbench.report.page import write_report

__all__ = ["write_report"]
