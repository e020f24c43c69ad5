"""Names that more than one plugin registers: which plugins stay enabled, and why the others do not."""

from __future__ import annotations

from collections import Counter

from recbench.registry.entry import GROUP, Entry, Problem


def without_clashes(
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
