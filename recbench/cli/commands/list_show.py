"""What `recbench list` and `recbench show` say: everything read from the registry and the sources."""

from __future__ import annotations

import inspect
import json
import sys
from collections.abc import Sequence
from dataclasses import MISSING
from enum import Enum
from typing import Any

from recbench.config.variants import origins, problems, variants
from recbench.contracts import RatingModel
from recbench.registry.options import meanings, options_of
from recbench.registry.registry import ROLES, Entry, Registry, installed
from recbench.results.tables import aligned
from recbench.usage import UsageError

PLURAL = {"model": "models", "dataset": "data sets", "split": "splits", "metric": "metrics"}


def list_installed(args: Sequence[str]) -> str:
    """Everything registered, by role: name, distribution, first docstring line; what is disabled last.

    Raises:
        UsageError: words that it does not know.
    """
    if args:
        raise UsageError(
            f"'recbench list' takes nothing more, got {' '.join(args)!r}; 'recbench show model=mf' shows one"
        )
    registry = installed()
    lines, starts = [], origins()
    for role in ROLES:
        entries = registry.entries[role].values()
        rows = [[entry.name, entry.distribution, entry.summary() + _unavailable(entry)] for entry in entries]
        rows += [
            [each.name, each.distribution, each.summary() + _unavailable(starts[each])]
            for each in starts
            if each.role == role
        ]
        lines += [PLURAL[role], *aligned(rows), ""]
    if disabled := [*registry.problems, *problems()]:
        lines += ["disabled", *(f"  {problem.plugin}: {problem.cause}" for problem in disabled), ""]
    return "\n".join(lines[:-1])


def _unavailable(entry: Entry) -> str:
    """What is lacking, in parentheses; nothing if all is there."""
    missing = entry.missing()
    return f" (unavailable: {missing})" if missing else ""


def show(args: Sequence[str]) -> str:
    """One entry: its docstring, its options with type, default and meaning, and its terms if it has any.

    Raises:
        UsageError: not exactly one `role=name`.
        UnknownNameError: nothing has that name.
    """
    role, _, name = args[0].partition("=") if len(args) == 1 else ("", "", "")
    if role not in ROLES or not name:
        received = " ".join(args) or "nothing"
        raise UsageError(
            f"'recbench show' got {received!r}; name one thing: recbench show model=mf ({', '.join(ROLES)})"
        )
    registry = installed()
    variant = {} if role == "metric" else _variant(role, name, registry)
    entry = registry.find(role, variant.get("kind", name.partition("@")[0] if role == "metric" else name))
    parts = [f"{role} {name}, {_origin(entry, variant)}", *_docs(entry.source())]
    if role != "metric":
        parts += ["\n".join(_option_lines(entry, variant)), _search_space(entry)]
    terms = getattr(sys.modules[entry.source().__module__], "terms", None)
    if role == "dataset" and callable(terms):
        parts.append(terms())
    return "\n\n".join(part for part in parts if part)


def _docs(source: Any) -> list[str]:
    """The docstrings of a class and of the classes it refines, up to the contract; a function's own."""
    if not inspect.isclass(source):
        return [inspect.getdoc(source) or ""]
    own = [each for each in source.__mro__ if each.__module__ not in ("builtins", "abc", RatingModel.__module__)]
    return [inspect.cleandoc(each.__doc__) for each in own if each.__doc__]


def _variant(role: str, name: str, registry: Registry) -> dict[str, Any]:
    """A YAML variant's composed options; nothing for a registered name."""
    if name in registry.entries[role]:
        return {}
    from recbench.config import schema as config

    if not any((each.role, each.name) == (role, name) for each in variants()):
        return {}
    return dict(config.compose([f"{role}={name}"])[role])


def _origin(entry: Entry, variant: dict[str, Any]) -> str:
    whose = f"of {entry.distribution} {entry.version}: {entry.path()}{_unavailable(entry)}"
    return f"a variant of {entry.name} {whose}" if variant else whose


def _option_lines(entry: Entry, variant: dict[str, Any]) -> list[str]:
    options = options_of(entry.factory).values()
    if not options:
        return ["no options"]
    told = meanings(entry.factory)
    rows = []
    for option in options:
        default = variant.get(option.name, option.default)
        rows.append([f"{entry.role}.{option.name}", _shown(default), told.get(option.name, ""), option.type_name()])
    return aligned([["option", "default", "meaning", "type"], *rows])


def _search_space(entry: Entry) -> str:
    """What a search varies, in one line; nothing if no option declares a space."""
    spaces = [f"{name} {option.search}" for name, option in options_of(entry.factory).items() if option.search]
    return f"search=auto varies: {', '.join(spaces)}" if spaces else ""


def _shown(value: Any) -> str:
    if value is MISSING:
        return "(required)"
    if isinstance(value, Enum):
        return value.name
    return value if isinstance(value, str) and value else json.dumps(value, default=str)
