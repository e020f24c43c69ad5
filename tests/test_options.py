"""Options: what a signature says, and which signatures are refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from types import ModuleType
from typing import Any, ClassVar, Literal

import pytest

from recbench.options import Option, options_of


@dataclass
class Stopping:
    """A nested group of options."""

    patience: int = 3
    how: Literal["loss", "rmse"] = "rmse"
    bounds: tuple[float, float] = (0.0, 1.0)


@dataclass
class Model:
    """Fields that are options, and fields that are none."""

    layers: list[int] = field(default_factory=lambda: [64, 32])
    stopping: Stopping = field(default_factory=lambda: Stopping(patience=7))
    learned: int = field(default=0, init=False)
    shared: ClassVar[int] = 1


def _loader(path: str, *, n_rows: int = 10, scale: tuple[float, float] | None = None) -> None:
    """A function with options."""


def test_options_stand_in_the_order_of_the_signature() -> None:
    assert list(options_of(_loader)) == ["path", "n_rows", "scale"]


def test_options_have_types_and_defaults() -> None:
    assert options_of(_loader)["n_rows"] == Option("n_rows", int, 10)


def test_an_option_without_a_default_is_missing_one() -> None:
    assert options_of(_loader)["path"].default is MISSING


def test_fields_that_are_not_of_the_constructor_are_no_options() -> None:
    assert list(options_of(Model)) == ["layers", "stopping"]


def test_a_default_that_is_made_anew_is_the_one_made() -> None:
    options = options_of(Model)
    assert (options["layers"].default, options["stopping"].default) == ([64, 32], Stopping(patience=7))


def test_a_class_without_a_constructor_has_no_options() -> None:
    class Plain:
        pass

    assert options_of(Plain) == {}


def test_a_subclass_in_another_module_keeps_the_types_of_its_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("recbench_other_module")
    monkeypatch.setitem(sys.modules, other.__name__, other)
    code = "from __future__ import annotations\n@dataclass\nclass Child(Parent):\n    extra: int = 1\n"
    vars(other).update(dataclass=dataclass, Parent=Stopping)
    exec(compile(code, "child.py", "exec", dont_inherit=True), vars(other))  # noqa: S102  a module as a file would be
    assert list(options_of(other.Child)) == ["patience", "how", "bounds", "extra"]


def _untyped(n) -> None:  # type: ignore[no-untyped-def]
    """An option without a type."""


def _variadic(*rows: int) -> None:
    """No options."""


def _positional(rows: int, /) -> None:
    """An option without a name."""


def _mapping(weights: dict[str, float]) -> None:
    """An option that no command line can express."""


def _either(n: int | str) -> None:
    """Two types."""


def _mixed(values: tuple[int, str]) -> None:
    """Two types in a list."""


def _mixed_literal(value: Literal["a", 1]) -> None:
    """Two types of one literal."""


def _anything(value: Any) -> None:
    """No type in truth."""


def _nested(values: dict[str, int] | None = None) -> None:
    """Optional of what can't be expressed."""


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (_untyped, r"option 'n' has no type; annotate it with bool, int, float, str, Enum"),
        (_variadic, r"parameter \*rows: .*; every option has a name of its own: use keyword parameters"),
        (_positional, r"parameter rows: .*use keyword parameters"),
        (_mapping, r"option 'weights' of type dict.* can't be set on a command line; use bool, int"),
        (_either, r"option 'n' of type int or str can't be set on a command line"),
        (_mixed, r"option 'values' of type list of 2 int can't be set|option 'values' of type .*int.*str.* can't"),
        (_mixed_literal, r"option 'value' of type a \| 1 can't be set"),
        (_anything, r"option 'value' of type Any can't be set"),
        (_nested, r"option 'values' of type dict.* can't be set"),
    ],
)
def test_what_a_command_line_can_not_express_is_refused(factory: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        options_of(factory)
