"""Entries of the registry: a name, its factory and where it comes from; and plugins that are disabled."""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from recbench.registry.requirements import install_advice

GROUP = "recbench"
ROLES = ("model", "dataset", "split", "metric")
RESERVED = ("kind", "defaults")  # keys of a configuration node besides its options
NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Entry:
    """One registered model, dataset, split or metric, and the distribution that it comes from."""

    role: str
    name: str
    factory: Any  # a class or function; for a metric, the `Metric` itself
    distribution: str
    version: str

    def source(self) -> Any:
        """Return the class or function that has the docstring."""
        if self.role != "metric":
            return self.factory
        function = getattr(self.factory, "function", self.factory)
        return getattr(function, "func", function)

    def path(self) -> str:
        """Return the import path of the factory."""
        source = self.source() if hasattr(self.source(), "__qualname__") else type(self.source())
        return f"{source.__module__}.{source.__qualname__}"

    def missing(self) -> str:
        """Return which needed package is not installed and how to install it; empty if none is missing."""
        needed = [getattr(self.factory, name, ()) for name in ("requires", "libraries")]
        for name in (each for names in needed if isinstance(names, tuple) for each in names):
            if find_spec(name.partition(".")[0]) is None:
                return f"needs {name}; {install_advice(self.factory, name)}"
        return ""

    def summary(self) -> str:
        """Return the first line of the docstring."""
        return (inspect.getdoc(self.source()) or "").partition("\n")[0]


@dataclass(frozen=True)
class Problem:
    """A disabled plugin and the reason."""

    plugin: str
    cause: str
    entries: tuple[Entry, ...] = ()  # what it would register, as far as known
