"""The registry of installed plugins: names and their factories. recbench's own parts are registered the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path

from recbench.contracts import Metric
from recbench.registry.entry import GROUP, NAME, RESERVED, ROLES, Entry, Problem
from recbench.registry.loading import load_plugins
from recbench.runtime.process_state import cached
from recbench.usage import InputError, did_you_mean

__all__ = [
    "GROUP",
    "NAME",
    "RESERVED",
    "ROLES",
    "DisabledNameError",
    "DuplicateNameError",
    "Entry",
    "Problem",
    "Registry",
    "UnknownNameError",
    "installed",
    "load",
]


class UnknownNameError(InputError, LookupError):
    """A name that no enabled plugin registers."""


class DisabledNameError(UnknownNameError):
    """A name that only a disabled plugin registers."""


class DuplicateNameError(InputError):
    """A name that more than one plugin registers."""


@dataclass(frozen=True)
class Registry:
    """The enabled entries by role and name, and the disabled plugins."""

    entries: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    conf_dirs: Mapping[str, Path] = field(default_factory=dict)  # of enabled plugins, by distribution

    def find(self, role: str, name: str) -> Entry:
        """Return the entry of this role and name.

        Raises:
            UnknownNameError: no enabled plugin registers `name`; the message lists the registered names.
            DisabledNameError: only a disabled plugin registers `name`; the message has the reason.
            DuplicateNameError: several plugins claim `name`, so all of them are disabled.
        """
        known = self.entries[role]
        if name in known:
            return known[name]
        claims = [(p, e) for p in self.problems for e in p.entries if (e.role, e.name) == (role, name)]
        if len(claims) > 1:
            paths = " and ".join(entry.path() for _, entry in claims)
            raise DuplicateNameError(f"{role} {name!r} is registered by {paths}", "uninstall one of them or rename it")
        if claims:
            problem, _ = claims[0]
            raise DisabledNameError(f"{role} {name!r} of {problem.plugin} is disabled: {problem.cause}")
        raise UnknownNameError(
            f"unknown {role} {name!r}{did_you_mean(name, known)} (registered: {', '.join(sorted(known))})"
        )

    def metric(self, name: str) -> Metric:
        """Return the metric of this name; `ndcg@10` is `ndcg` with the cutoff 10.

        Raises:
            UnknownNameError: no enabled plugin registers the metric.
            ValueError: the cutoff is not a positive integer, or the metric has no cutoff.
        """
        base, at, cutoff = name.partition("@")
        metric: Metric = self.find("metric", base).factory
        if not at:
            return metric
        if not cutoff.isdigit() or int(cutoff) == 0:
            raise ValueError(
                f"metric {name!r}: invalid cutoff {cutoff!r}; use a positive integer, {base}@10 for example"
            )
        return metric.at(int(cutoff))


@cached()
def installed() -> Registry:
    """Return the registry of everything that is installed, loaded once per process."""
    return load(entry_points(group=GROUP))


def load(points: Iterable[EntryPoint]) -> Registry:
    """Load each entry point by itself, so that an error in a plugin disables only that plugin."""
    enabled, problems, conf_dirs = load_plugins(points)
    entries: dict[str, dict[str, Entry]] = {role: {} for role in ROLES}
    for entry in enabled:
        entries[entry.role][entry.name] = entry
    return Registry(entries, tuple(problems), conf_dirs)
