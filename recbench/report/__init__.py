"""The report: a sweep as one HTML file that needs nothing else."""

from recbench.report.page import write_report

__all__ = ["write_report"]
