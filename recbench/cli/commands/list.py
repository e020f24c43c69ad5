"""List every installed model, dataset, split and metric."""

from __future__ import annotations

from argparse import Namespace

from recbench.cli.command import Parser
from recbench.config.variants import origins, problems
from recbench.registry.registry import ROLES, Entry, installed
from recbench.results.tables import aligned

EXAMPLES = (
    ("recbench list", "print everything that is installed, and disabled plugins with the reason"),
    ("recbench list | grep knn", "print the nearest-neighbor models"),
)
PLURAL = {"model": "models", "dataset": "datasets", "split": "splits", "metric": "metrics"}


def add_arguments(parser: Parser) -> None:
    """Declare no arguments."""


def run(_: Namespace) -> str:
    """Return everything registered, by role: name, distribution, summary; disabled plugins last."""
    registry = installed()
    lines = []
    starts = origins()
    for role in ROLES:
        entries = registry.entries[role].values()
        rows = [[entry.name, entry.distribution, entry.summary() + unavailable(entry)] for entry in entries]
        rows += [
            [each.name, each.distribution, each.summary() + unavailable(starts[each])]
            for each in starts
            if each.role == role
        ]
        lines += [PLURAL[role], *aligned(rows), ""]
    if disabled := [*registry.problems, *problems()]:
        lines += ["disabled", *(f"  {problem.plugin}: {problem.cause}" for problem in disabled), ""]
    return "\n".join(lines[:-1])


def unavailable(entry: Entry) -> str:
    """Return what is not installed, in parentheses; an empty text if everything is."""
    missing = entry.missing()
    return f" (unavailable: {missing})" if missing else ""
