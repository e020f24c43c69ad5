"""The registry: installed plugins -> names -> factories. recbench's own parts are plugins too."""

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
RESERVED = ("kind", "defaults")  # which a node of the configuration has besides its options
NAME = re.compile(r"[a-z][a-z0-9_]*")


class UnknownNameError(InputError, LookupError):
    """A name that no enabled plugin registers."""


class DisabledNameError(UnknownNameError):
    """A name that only a disabled plugin registers."""


class DuplicateNameError(InputError):
    """A name that more than one plugin registers."""


@dataclass(frozen=True)
class Entry:
    """One registered thing: what it is, what makes it, and whose it is."""

    role: str
    name: str
    factory: Any  # a class or function; for a metric, the Metric
    distribution: str
    version: str

    def source(self) -> Any:
        """The class or function that carries the docstring."""
        if self.role != "metric":
            return self.factory
        function = getattr(self.factory, "function", self.factory)
        return getattr(function, "func", function)

    def path(self) -> str:
        """Import path of the factory."""
        source = self.source() if hasattr(self.source(), "__qualname__") else type(self.source())
        return f"{source.__module__}.{source.__qualname__}"

    def missing(self) -> str:
        """What it needs and is not installed, with the command that brings it; empty if all is there."""
        needed = [getattr(self.factory, name, ()) for name in ("requires", "libraries")]
        for name in (each for names in needed if isinstance(names, tuple) for each in names):
            if find_spec(name.partition(".")[0]) is None:
                return f"needs {name}; {install_advice(self.factory, name)}"
        return ""

    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.source()) or "").partition("\n")[0]


@dataclass(frozen=True)
class Problem:
    """A plugin that is disabled, with its reason."""

    plugin: str
    cause: str
    entries: tuple[Entry, ...] = ()  # what it would have brought, as far as known


@dataclass(frozen=True)
class Registry:
    """Every enabled entry by role and name, and every disabled plugin."""

    entries: Mapping[str, Mapping[str, Entry]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()
    conf_dirs: Mapping[str, Path] = field(default_factory=dict)  # of enabled plugins, by distribution

    def find(self, role: str, name: str) -> Entry:
        """The entry of that name.

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
        """The metric of that name; `ndcg@10` is `ndcg` cut at rank 10."""
        base, at, rank = name.partition("@")
        metric: Metric = self.find("metric", base).factory
        if not at:
            return metric
        if not rank.isdigit() or int(rank) == 0:
            raise ValueError(f"metric {name!r}: {rank!r} is no rank; write a whole number, {base}@10 for example")
        return metric.at(int(rank))


@cache
def installed() -> Registry:
    """Return the registry of everything that is installed, loaded once per process."""
    return load(entry_points(group=GROUP))


def load(points: Iterable[EntryPoint]) -> Registry:
    """Load each entry point by itself; what is wrong with a plugin disables that plugin alone."""
    plugins: list[tuple[str, tuple[Entry, ...]]] = []
    problems: list[Problem] = []
    conf_dirs: dict[str, Path] = {}
    for point in sorted(points, key=lambda each: (_distribution(each), each.name, each.value)):
        plugin = f"{_distribution(point)} ({point.value})"
        claimed: tuple[Entry, ...] = ()
        try:
            claimed = _claimed(point)
            brought, folder = tuple(map(_checked, claimed)), _conf_dir(point)
        except (Exception, SystemExit) as error:  # a plugin may fail in any way, and must not take the others along
            problems.append(Problem(plugin, _one_line(error), claimed))
            continue
        plugins.append((plugin, brought))
        if folder is not None:
            conf_dirs[plugin] = folder
    enabled, clashes = _without_clashes(plugins)
    entries: dict[str, dict[str, Entry]] = {role: {} for role in ROLES}
    for _, brought in enabled:
        for entry in brought:
            entries[entry.role][entry.name] = entry
    enabled_dirs = {_named(plugin): conf_dirs[plugin] for plugin, _ in enabled if plugin in conf_dirs}
    return Registry(entries, tuple(problems + clashes), enabled_dirs)


def _named(plugin: str) -> str:
    """The distribution of a plugin's label."""
    return plugin.partition(" (")[0]


def _conf_dir(point: EntryPoint) -> Path | None:
    """The folder `conf` of the package that holds a plugin's hooks, if it has one."""
    module = sys.modules[point.module]
    if _distribution(point) == GROUP or not module.__package__ or not module.__file__:
        return None
    folder = Path(module.__file__).parent / "conf"
    return folder if folder.is_dir() else None


def _claimed(point: EntryPoint) -> tuple[Entry, ...]:
    """What the plugin registers, not checked yet."""
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
        raise TypeError(f"it has no hook; mark a function {' or '.join(hooks)} with @hookimpl")
    brought = []
    for role in ROLES:
        for mapping in getattr(manager.hook, f"register_{role}s")():
            if not isinstance(mapping, Mapping):
                raise TypeError(f"register_{role}s returned {type(mapping).__name__}; return a mapping of names")
            whose = (_distribution(point), point.dist.version if point.dist else "")
            brought += [Entry(role, name, factory, *whose) for name, factory in mapping.items()]
    return tuple(brought)


def _checked(entry: Entry) -> Entry:
    """The entry, if it can be had by its name and set by its options; a bare function becomes a metric."""
    role, name, factory = entry.role, entry.name, entry.factory
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{role} name {name!r}; use lower-case letters, digits and underscores, a letter first")
    if not (callable(factory) if role == "metric" else inspect.isclass(factory) or inspect.isroutine(factory)):
        raise TypeError(f"{role} {name!r} is {type(factory).__name__}; register a class or a function")
    if isinstance(requires := getattr(factory, "requires", ()), str):  # its letters would be taken for modules
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
    """Disable whoever takes a built-in's name, and all third parties that take each other's."""
    built_in = {(e.role, e.name): e for _, brought in plugins for e in brought if e.distribution == GROUP}
    others = Counter((e.role, e.name) for _, brought in plugins for e in brought if e.distribution != GROUP)
    enabled, problems = [], []
    for plugin, brought in plugins:
        cause = ""
        for entry in brought if brought and brought[0].distribution != GROUP else ():
            key = (entry.role, entry.name)
            if key in built_in:
                cause = f"{built_in[key].path()} has the name {entry.name!r}; rename {entry.path()}"
            elif others[key] > 1:
                rivals = [e.path() for _, b in plugins for e in b if (e.role, e.name) == key and e is not entry]
                cause = f"{' and '.join(rivals)} has the name {entry.name!r} too; rename one or uninstall it"
        if cause:
            problems.append(Problem(plugin, cause, brought))
        else:
            enabled.append((plugin, brought))
    return enabled, problems


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"; pip install {error.name.partition('.')[0]} may bring it"
    return text if isinstance(error, (TypeError, ValueError)) and text else f"{type(error).__name__}: {text}"
