"""Show one model, dataset, split or metric with its options."""

from __future__ import annotations

import inspect
import json
import sys
from argparse import Namespace
from dataclasses import MISSING
from enum import Enum
from typing import Any

from recbench.cli.command import Parser
from recbench.cli.commands.list import unavailable
from recbench.config.variants import variants
from recbench.contracts import RatingModel
from recbench.registry.options import meanings, options_of
from recbench.registry.registry import ROLES, Entry, Registry, installed
from recbench.results.tables import aligned
from recbench.usage import UsageError

EXAMPLES = (
    ("recbench show model=mf", "print the formula, the source and every option of a model"),
    ("recbench show dataset=movielens", "print the options and the terms of use of a dataset"),
)


def add_arguments(parser: Parser) -> None:
    """Declare the one thing to show."""
    parser.add_argument("thing", metavar="ROLE=NAME", help=f"what to show; a role is one of {', '.join(ROLES)}")


def run(options: Namespace) -> str:
    """Return the docstring of one entry, its options with default, meaning and type, and its terms of use if any.

    Raises:
        UsageError: the argument is not `role=name`.
        UnknownNameError: nothing has that name.
    """
    role, _, name = options.thing.partition("=")
    if role not in ROLES or not name:
        known = ", ".join(f"{each}=..." for each in ROLES)
        raise UsageError(f"{options.thing!r} is not a role and a name", f"write one of {known}: recbench show model=mf")
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
    """Return the docstrings of a class and of its bases up to the contract; a function's own."""
    if not inspect.isclass(source):
        return [inspect.getdoc(source) or ""]
    own = [each for each in source.__mro__ if each.__module__ not in ("builtins", "abc", RatingModel.__module__)]
    return [inspect.cleandoc(each.__doc__) for each in own if each.__doc__]


def _variant(role: str, name: str, registry: Registry) -> dict[str, Any]:
    """Return a YAML variant's composed options; nothing for a registered name."""
    if name in registry.entries[role]:
        return {}
    from recbench.config import schema as config

    if not any((each.role, each.name) == (role, name) for each in variants()):
        return {}
    return dict(getattr(config.compose([f"{role}={name}"]), role))


def _origin(entry: Entry, variant: dict[str, Any]) -> str:
    whose = f"of {entry.distribution} {entry.version}: {entry.path()}{unavailable(entry)}"
    return f"a variant of {entry.name} {whose}" if variant else whose


def _option_lines(entry: Entry, variant: dict[str, Any]) -> list[str]:
    options = options_of(entry.factory).values()
    if not options:
        return ["no options"]
    meaning_of = meanings(entry.factory)
    rows = []
    for option in options:
        default = variant.get(option.name, option.default)
        rows.append(
            [f"{entry.role}.{option.name}", _shown(default), meaning_of.get(option.name, ""), option.type_name()]
        )
    return aligned([["option", "default", "meaning", "type"], *rows])


def _search_space(entry: Entry) -> str:
    """Return what a search varies, in one line; an empty text if no option declares a search space."""
    spaces = [f"{name} {option.search}" for name, option in options_of(entry.factory).items() if option.search]
    return f"search=auto varies: {', '.join(spaces)}" if spaces else ""


def _shown(value: Any) -> str:
    if value is MISSING:
        return "(required)"
    if isinstance(value, Enum):
        return value.name
    return value if isinstance(value, str) and value else json.dumps(value, default=str)
