"""Options: a factory's parameters, read from its signature.

The signature is the configuration: names, types and defaults, and the comment after each parameter is its
meaning. Nothing is declared a second time.
"""

from __future__ import annotations

import dataclasses
import inspect
import io
import sys
import tokenize
import types
import typing
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass
from enum import Enum
from functools import cache
from typing import Any, Literal

from recbench.registry.search_space import Space, check_space
from recbench.usage import did_you_mean

SCALARS = (bool, int, float, str)
EXPRESSIBLE = "bool, int, float, str, Enum, Literal, Optional, list or tuple of these, or a dataclass"


@dataclass(frozen=True)
class Option:
    """One parameter of a factory; `default` is `dataclasses.MISSING` if the user must set it."""

    name: str
    annotation: Any
    default: Any = MISSING
    search: Space | None = None  # the values that a search may try

    def type_name(self) -> str:
        """Return the name of the type in messages and listings."""
        return type_name(self.annotation)


def options_of(factory: Callable[..., Any]) -> dict[str, Option]:
    """Read the options of a class or function, in the order of its signature.

    Raises:
        TypeError: a parameter has no annotation, a type that cannot be set on a command line, or a default
            or search space that does not match its type.
    """
    hints = _type_hints(factory)
    fields = dataclasses.fields(factory) if dataclasses.is_dataclass(factory) else ()
    # the signature has a placeholder for the default of a default_factory
    produced = {each.name: each.default_factory() for each in fields if each.default_factory is not MISSING}
    spaces = {each.name: each.metadata["search"] for each in fields if "search" in each.metadata}
    options = {}
    for parameter in inspect.signature(factory).parameters.values():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise TypeError(f"parameter {parameter} has no name of its own to be set by; use keyword parameters")
        if parameter.name not in hints:
            raise TypeError(f"option {parameter.name!r} has no type; annotate it with {EXPRESSIBLE}")
        default = produced.get(parameter.name, parameter.default)
        default = MISSING if default is parameter.empty else default
        schema_type(hints[parameter.name], parameter.name)
        if default is not MISSING and not _fits(hints[parameter.name], default):
            kind, right = (
                type_name(hints[parameter.name]),
                "fix the type or the default" if default is not None else "write '| None'",
            )
            raise TypeError(f"option {parameter.name!r} of type {kind} has the default {default!r}; {right}")
        space = check_space(spaces.get(parameter.name), hints[parameter.name], parameter.name)
        options[parameter.name] = Option(parameter.name, hints[parameter.name], default, space)
    return options


def schema_type(annotation: Any, name: str) -> Any:
    """Return the nearest type that OmegaConf accepts: str for a Literal, list for a tuple.

    Raises:
        TypeError: no such type exists; the message names the option `name`.
    """
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in SCALARS or (inspect.isclass(annotation) and issubclass(annotation, Enum)):
        return annotation
    if dataclasses.is_dataclass(annotation) and inspect.isclass(annotation):
        return _nested_schema(annotation)
    if origin is Literal and len({type(value) for value in inner}) == 1 and type(inner[0]) in SCALARS:
        return type(inner[0])
    if origin in (typing.Union, types.UnionType) and len(inner) == 2 and type(None) in inner:
        return schema_type(next(each for each in inner if each is not type(None)), name) | None
    if origin in (list, tuple):
        elements = {schema_type(each, name) for each in inner if each is not Ellipsis}
        if len(elements) == 1:
            return list[elements.pop()]  # type: ignore[misc]
    raise TypeError(
        f"option {name!r} of type {type_name(annotation)} can't be set on a command line; use {EXPRESSIBLE}"
    )


@cache
def _nested_schema(annotation: type) -> type:
    """Make the schema of an option that is a dataclass; cached, since OmegaConf compares schemas by identity."""
    return schema(annotation.__name__, options_of(annotation).values())


def schema(name: str, options: Iterable[Option], **extra: Any) -> type:
    """Make a dataclass with these options as fields, for OmegaConf; `extra` fields come first."""
    first = [(key, type(value), dataclasses.field(default=value)) for key, value in extra.items()]
    return dataclasses.make_dataclass(
        name, first + [(o.name, schema_type(o.annotation, o.name), _field(o)) for o in options]
    )


def convert(annotation: Any, value: Any, name: str) -> Any:
    """Convert a configured value to what the factory expects: lists to tuples, names to enums, mappings to dataclasses.

    Raises:
        ValueError: `value` is not among the values of the Literal or enum, or has the wrong number of elements.
    """
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if value is None:
        return None
    if origin in (typing.Union, types.UnionType):
        return convert(next(each for each in inner if each is not type(None)), value, name)
    if origin is Literal:
        return _one_of(inner, value, name)
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return value if isinstance(value, annotation) else annotation[_one_of(annotation.__members__, value, name)]
    if origin in (list, tuple):
        if origin is tuple and Ellipsis not in inner and len(value) != len(inner):
            raise ValueError(f"{name}={value!r} has {len(value)} values; give {len(inner)}")
        return origin(convert(inner[0], element, name) for element in value)
    if dataclasses.is_dataclass(annotation) and isinstance(value, Mapping):
        nested = options_of(annotation)  # type: ignore[arg-type]
        return annotation(
            **{key: convert(nested[key].annotation, each, f"{name}.{key}") for key, each in value.items()}
        )  # type: ignore[operator]
    return value


def plain(value: Any) -> Any:
    """Convert an option's value to JSON types: enums to names, tuples to lists, dataclasses to mappings."""
    if dataclasses.is_dataclass(value) and not inspect.isclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    return value.name if isinstance(value, Enum) else value


def meanings(factory: Callable[..., Any]) -> dict[str, str]:
    """Return the meaning of each option: the comment after it in the source, or its field's `help` metadata."""
    comments: dict[str, str] = {}
    sources = reversed(factory.__mro__[:-1]) if inspect.isclass(factory) else [factory]
    for source in sources:
        try:
            comments |= _trailing_comments(inspect.getsource(source))
        except (OSError, TypeError):
            continue  # no source, as in an interactive session: no meanings
    if dataclasses.is_dataclass(factory):
        comments |= {f.name: f.metadata["help"] for f in dataclasses.fields(factory) if "help" in f.metadata}
    return comments


def type_name(annotation: Any) -> str:
    """Name a type for users: `int`, `cosine | pearson`, `float or null`, `list of int`."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is Literal:
        return " | ".join(map(str, inner))
    if origin in (typing.Union, types.UnionType):
        return " or ".join("null" if each is type(None) else type_name(each) for each in inner)
    if origin in (list, tuple):
        elements = [type_name(each) for each in inner if each is not Ellipsis]
        fixed = origin is tuple and Ellipsis not in inner
        return f"list of {len(elements)} {elements[0]}" if fixed else f"list of {elements[0]}"
    if inspect.isclass(annotation) and issubclass(annotation, Enum):
        return " | ".join(annotation.__members__)
    return str(getattr(annotation, "__name__", annotation))


def _one_of(known: Iterable[Any], value: Any, name: str) -> Any:
    if value not in known:
        listed = ", ".join(map(str, known))
        raise ValueError(f"{name}={value!r}{did_you_mean(value, known)} (one of: {listed})")
    return value


def _fits(annotation: Any, value: Any) -> bool:
    """Return whether a default is of its option's type."""
    origin, inner = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (typing.Union, types.UnionType):
        return any(value is None if each is type(None) else _fits(each, value) for each in inner)
    if origin is Literal:
        return value in inner
    if origin in (list, tuple):
        any_length = origin is list or Ellipsis in inner
        fitting_length = isinstance(value, (list, tuple)) and (any_length or len(value) == len(inner))
        return fitting_length and all(_fits(inner[0], each) for each in value)
    if dataclasses.is_dataclass(annotation) and isinstance(value, annotation):  # type: ignore[arg-type]
        return all(_fits(o.annotation, getattr(value, o.name)) for o in options_of(type(value)).values())
    if isinstance(value, bool):
        return annotation is bool
    return isinstance(value, (int, float) if annotation is float else annotation)


def _field(option: Option) -> Any:
    default = list(option.default) if isinstance(option.default, tuple) else option.default
    if default is MISSING:
        return dataclasses.field(default="???")
    if isinstance(default, list):
        return dataclasses.field(default_factory=lambda: list(default))
    if dataclasses.is_dataclass(default) and not inspect.isclass(default):
        nested = _nested_schema(type(default))
        return dataclasses.field(default_factory=lambda: nested(**plain(default)))
    return dataclasses.field(default=default)


def _type_hints(factory: Callable[..., Any]) -> dict[str, Any]:
    """Return parameter types, each resolved in the module that defines its class or function."""
    if not dataclasses.is_dataclass(factory):
        return typing.get_type_hints(factory.__init__ if inspect.isclass(factory) else factory)
    names = {field.name for field in dataclasses.fields(factory)}
    hints: dict[str, Any] = {}
    for each in reversed(factory.__mro__):
        own = {name: kind for name, kind in inspect.get_annotations(each).items() if name in names}
        module = vars(sys.modules[each.__module__])
        hints |= typing.get_type_hints(types.SimpleNamespace(__annotations__=own), module, dict(vars(each)))
    return hints


def _trailing_comments(source: str) -> dict[str, str]:
    """Map names to comments, from statements `name: type = default,  # comment` of one line or several."""
    found: dict[str, str] = {}
    line: list[tokenize.TokenInfo] = []
    for token in tokenize.generate_tokens(io.StringIO(inspect.cleandoc(source) + "\n").readline):
        is_field = len(line) > 2 and line[0].type == tokenize.NAME and line[1].string == ":"
        brackets = [each.string for each in line if is_field and each.string in "()[]{}"]
        if token.type == tokenize.NEWLINE or (token.type == tokenize.NL and not _unclosed(brackets)):
            line = []
        elif token.type == tokenize.COMMENT and is_field:
            found.setdefault(line[0].string, token.string.lstrip("# ").partition("  #")[0])
        elif token.type not in (tokenize.INDENT, tokenize.DEDENT):
            line.append(token)
    return found


def _unclosed(brackets: list[str]) -> bool:
    return sum(1 if each in "([{" else -1 for each in brackets) > 0
