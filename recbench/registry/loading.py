"""Loading of plugins: their hooks are called, and what they register is checked. A failing plugin is disabled."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pluggy

from recbench import hookspecs
from recbench.contracts import Metric
from recbench.registry.entry import GROUP, NAME, RESERVED, ROLES, Entry, Problem
from recbench.registry.factory_checks import checked_factory
from recbench.registry.name_clashes import without_clashes
from recbench.registry.options import options_of


def load_plugins(points: Iterable[EntryPoint]) -> tuple[list[Entry], list[Problem], dict[str, Path]]:
    """Return the entries of the enabled plugins, the disabled plugins, and the enabled plugins' `conf` folders."""
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
    enabled, clashes = without_clashes(plugins)
    entries = [entry for _, registered in enabled for entry in registered]
    enabled_dirs = {_distribution_of(plugin): conf_dirs[plugin] for plugin, _ in enabled if plugin in conf_dirs}
    return entries, problems + clashes, enabled_dirs


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


def _distribution(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, ModuleNotFoundError) and error.name:
        text += f"; try pip install {error.name.partition('.')[0]}"
    return text if isinstance(error, (TypeError, ValueError)) and text else f"{type(error).__name__}: {text}"
