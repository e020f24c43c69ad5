"""The registry of installed plugins: names and their factories. recbench's own parts are registered the same way."""

from __future__ import annotations

import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pluggy

from recbench import hookspecs
from recbench.contracts import Metric
from recbench.registry.factory_checks import checked_factory
from recbench.registry.options import options_of
from recbench.registry.requirements import install_advice
from recbench.usage import InputError, did_you_mean

GROUP = "recbench"
ROLES = ("model", "dataset", "split", "metric")
RESERVED = ("kind", "defaults")  # keys of a configuration node besides its options
NAME = re.compile(r"[a-z][a-z0-9_]*")


class UnknownNameError(InputError, LookupError):
    """A name that no enabled plugin registers."""


class DisabledNameError(UnknownNameError):
    """A name that only a disabled plugin registers."""


class DuplicateNameError(InputError):
    """A name that more than one plugin registers."""


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


@cache
def installed() -> Registry:
    """Return the registry of everything that is installed, loaded once per process."""
    return load(entry_points(group=GROUP))


def load(points: Iterable[EntryPoint]) -> Registry:
    """Load each entry point by itself, so that an error in a plugin disables only that plugin."""
    plugins: list[tuple[str, tuple[Entry, ...]]] = []
    problems: list[Problem] = []
    conf_dirs: dict[str, Path] = {}
    for point in sorted(points, key=lambda each: (_distribution(each), each.name, each.value)):
        plugin = f"{_distribution(point)} ({point.value})"
        claimed: tuple[Entry, ...] = ()
        try:
            claimed = _claimed(point)
            registered = tuple(map(_checked, claimed))
            folder = _conf_dir(point)
        except (Exception, SystemExit) as error:  # a plugin may fail in any way; the others must still load
            problems.append(Problem(plugin, _one_line(error), claimed))
            continue
        plugins.append((plugin, registered))
        if folder is not None:
            conf_dirs[plugin] = folder
    enabled, clashes = _without_clashes(plugins)
    entries: dict[str, dict[str, Entry]] = {role: {} for role in ROLES}
    for _, registered in enabled:
        for entry in registered:
            entries[entry.role][entry.name] = entry
    enabled_dirs = {_distribution_of(plugin): conf_dirs[plugin] for plugin, _ in enabled if plugin in conf_dirs}
    return Registry(entries, tuple(problems + clashes), enabled_dirs)


def _distribution_of(plugin: str) -> str:
    """Return the distribution in a plugin's label, `distribution (module)`."""
    return plugin.partition(" (")[0]


def _conf_dir(point: EntryPoint) -> Path | None:
    """Return the folder `conf` in the package with the plugin's hooks, if it has one."""
    module = sys.modules[point.module]
    if _distribution(point) == GROUP or not module.__package__ or not module.__file__:
        return None
    folder = Path(module.__file__).parent / "conf"
    return folder if folder.is_dir() else None


def _claimed(point: EntryPoint) -> tuple[Entry, ...]:
    """Call the plugin's hooks, and return what they register, not checked yet."""
    manager = pluggy.PluginManager(GROUP)
    manager.add_hookspecs(hookspecs)
    module = point.load()
    manager.register(module, name=point.name)
    hooks = [f"register_{role}s" for role in ROLES]
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as error:
        raise TypeError(f"{_one_line(error)}; the hooks are {', '.join(hooks)}") from error
    if not manager.get_hookcallers(module):
        raise TypeError(f"no hook found; mark a function {' or '.join(hooks)} with @hookimpl")
    registered: list[Entry] = []
    for role in ROLES:
        for mapping in getattr(manager.hook, f"register_{role}s")():
            if not isinstance(mapping, Mapping):
                raise TypeError(
                    f"register_{role}s returned {type(mapping).__name__}; return a mapping from names to factories"
                )
            version = point.dist.version if point.dist else ""
            registered += [
                Entry(role, name, factory, _distribution(point), version) for name, factory in mapping.items()
            ]
    return tuple(registered)


def _checked(entry: Entry) -> Entry:
    """Check an entry's name, factory and options, and return it; a bare function becomes a `Metric`.

    Raises:
        TypeError: the factory is not a class or function, or its options cannot be set on a command line.
        ValueError: the name has characters that are not allowed.
    """
    role, name, factory = entry.role, entry.name, entry.factory
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{role} name {name!r}; use lower-case letters, digits and underscores, a letter first")
    if not (callable(factory) if role == "metric" else inspect.isclass(factory) or inspect.isroutine(factory)):
        raise TypeError(f"{role} {name!r} is {type(factory).__name__}; register a class or a function")
    if isinstance(requires := getattr(factory, "requires", ()), str):  # each letter would count as a module
        raise TypeError(f"{role} {name!r} requires {requires!r}; give a tuple of modules: requires = ('torch',)")
    if role == "metric":
        entry = replace(entry, factory=factory if isinstance(factory, Metric) else Metric(factory))
    else:
        try:
            options = options_of(factory)
        except TypeError as error:
            raise TypeError(f"{role} {name!r}: {error}") from error
        if taken := {*RESERVED} & {*options}:
            raise TypeError(f"{role} {name!r} has an option {min(taken)!r}, which is reserved; rename it")
        entry = replace(entry, factory=checked_factory(role, name, entry.distribution, factory))
    return entry


def _without_clashes(
    plugins: list[tuple[str, tuple[Entry, ...]]],
) -> tuple[list[tuple[str, tuple[Entry, ...]]], list[Problem]]:
    """Disable plugins that use a built-in's name, and all plugins that use the same name."""
    built_in = {(e.role, e.name): e for _, registered in plugins for e in registered if e.distribution == GROUP}
    others = Counter((e.role, e.name) for _, registered in plugins for e in registered if e.distribution != GROUP)
    enabled, problems = [], []
    for plugin, registered in plugins:
        cause = ""
        for entry in registered if registered and registered[0].distribution != GROUP else ():
            key = (entry.role, entry.name)
            if key in built_in:
                cause = f"the name {entry.name!r} is that of the built-in {built_in[key].path()}; rename {entry.path()}"
            elif others[key] > 1:
                rivals = [e.path() for _, b in plugins for e in b if (e.role, e.name) == key and e is not entry]
                others_too = " and ".join(rivals)
                cause = f"the name {entry.name!r} is also registered by {others_too}; rename or uninstall one of them"
        if cause:
            problems.append(Problem(plugin, cause, registered))
        else:
            enabled.append((plugin, registered))
    return enabled, problems


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"; try pip install {error.name.partition('.')[0]}"
    return text if isinstance(error, (TypeError, ValueError)) and text else f"{type(error).__name__}: {text}"
