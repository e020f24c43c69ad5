"""Options: what a signature defines, and which signatures are refused."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import MISSING, dataclass, field
from enum import Enum
from types import ModuleType
from typing import Any, ClassVar, Literal, Optional

import pytest
from omegaconf import OmegaConf

from recbench.registry.options import Option, convert, options_of, schema


@dataclass
class Stopping:
    """A nested group of options."""

    patience: int = 3
    how: Literal["loss", "rmse"] = "rmse"
    bounds: tuple[float, float] = (0.0, 1.0)


@dataclass
class Model:
    """Fields that are options, and fields that are not."""

    layers: list[int] = field(default_factory=lambda: [64, 32])
    stopping: Stopping = field(default_factory=lambda: Stopping(patience=7))
    learned: int = field(default=0, init=False)
    shared: ClassVar[int] = 1


def _loader(path: str, *, n_rows: int = 10, scale: tuple[float, float] | None = None) -> None:
    """A function with options."""


def test_options_have_the_order_of_the_signature() -> None:
    assert list(options_of(_loader)) == ["path", "n_rows", "scale"]


def test_options_have_types_and_defaults() -> None:
    assert options_of(_loader)["n_rows"] == Option("n_rows", int, 10)


def test_an_option_without_a_default_has_none() -> None:
    assert options_of(_loader)["path"].default is MISSING


def test_fields_outside_the_constructor_are_not_options() -> None:
    assert list(options_of(Model)) == ["layers", "stopping"]


def test_a_default_factory_gives_the_default() -> None:
    options = options_of(Model)
    assert (options["layers"].default, options["stopping"].default) == ([64, 32], Stopping(patience=7))


def test_a_class_without_a_constructor_has_no_options() -> None:
    class Plain:
        pass

    assert options_of(Plain) == {}


def test_a_subclass_in_another_module_inherits_option_types(monkeypatch: pytest.MonkeyPatch) -> None:
    other = ModuleType("recbench_other_module")
    monkeypatch.setitem(sys.modules, other.__name__, other)
    code = "from __future__ import annotations\n@dataclass\nclass Child(Parent):\n    extra: int = 1\n"
    vars(other).update(dataclass=dataclass, Parent=Stopping)
    exec(compile(code, "child.py", "exec", dont_inherit=True), vars(other))  # noqa: S102  as if imported from a file
    assert list(options_of(other.Child)) == ["patience", "how", "bounds", "extra"]


class Color(Enum):
    """Two colors."""

    RED = 1
    BLUE = 2


DEFAULTS: list[tuple[Any, list[Any], list[Any]]] = [  # a type, valid defaults, invalid defaults
    (int, [3, -1], [None, "3", 1.5, True]),
    (float, [0.5, 3, float("inf")], [None, "3", True]),
    (bool, [True], [None, 1, "true"]),
    (str, ["", "a"], [None, 3]),
    (float | None, [None, 1.5], ["1.5"]),
    (Optional[int], [None, 1], [1.5]),  # noqa: UP045  older plugins write it so
    (Color, [Color.RED], ["RED", 1, None]),
    (Literal["a", "b"], ["a"], ["c", None]),
    (Literal["a", "b"] | None, ["a", None], ["c"]),
    (list[int], [[], [1, 2]], [3, [1, "x"], None]),
    (tuple[int, ...], [(), (1, 2, 3)], [(1, None)]),
    (tuple[float, float], [(0, 1.5)], [(0.0,), (0.0, 1.0, 2.0)]),
    (Stopping, [Stopping(), Stopping(patience=1)], [{"patience": 1}, Stopping(patience="many"), None]),  # type: ignore[arg-type]
]


def _factory(annotation: Any, default: Any) -> Callable[..., None]:
    def make(n: Any = default) -> None:
        """One option."""

    make.__annotations__["n"] = annotation
    return make


@pytest.mark.parametrize(("annotation", "default"), [(kind, each) for kind, fits, _ in DEFAULTS for each in fits])
def test_omegaconf_accepts_a_default_of_the_right_type(annotation: Any, default: Any) -> None:
    options = options_of(_factory(annotation, default))
    node = OmegaConf.structured(schema("made", options.values()))
    assert convert(annotation, OmegaConf.to_container(node)["n"], "n") == default  # type: ignore[call-overload, index]


@pytest.mark.parametrize(("annotation", "default"), [(kind, each) for kind, _, wrong in DEFAULTS for each in wrong])
def test_a_default_of_the_wrong_type_is_refused_with_the_options_name(annotation: Any, default: Any) -> None:
    with pytest.raises(
        TypeError, match=r"option '\w+' of type .* has the default .*; (fix the type or the default|write '\| None')"
    ):
        options_of(_factory(annotation, default))


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
    """An option of any type."""


def _nested(values: dict[str, int] | None = None) -> None:
    """An optional option that no command line can express."""


@pytest.mark.parametrize(
    ("factory", "message"),
    [
        (_untyped, r"option 'n' has no type; annotate it with bool, int, float, str, Enum"),
        (_variadic, r"parameter \*rows: .* has no name of its own to be set by; use keyword parameters"),
        (_positional, r"parameter rows: .*use keyword parameters"),
        (_mapping, r"option 'weights' of type dict.* can't be set on a command line; use bool, int"),
        (_either, r"option 'n' of type int or str can't be set on a command line"),
        (_mixed, r"option 'values' of type list of 2 int can't be set|option 'values' of type .*int.*str.* can't"),
        (_mixed_literal, r"option 'value' of type a \| 1 can't be set"),
        (_anything, r"option 'value' of type Any can't be set"),
        (_nested, r"option 'values' of type dict.* can't be set"),
    ],
)
def test_type_that_a_command_line_cannot_express_is_refused(factory: Callable[..., Any], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        options_of(factory)
