"""What users read about an option: its meaning, its type, and suggestions for misspelled names."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import pytest

from recbench.registry.options import meanings, type_name
from recbench.usage import did_you_mean


class Color(Enum):
    """Two colors."""

    RED = 1
    BLUE = 2


@dataclass
class Parent:
    """n: not an option  # not a meaning."""

    n_factors: int = 8  # length of a vector
    reg: float = 0.1  # per rating  # fmt: skip
    silent: int = 0
    # a comment on its own line is not a meaning
    layers: tuple[int, ...] = (8, 4)  # sizes, # included

    def fit(self) -> None:
        """Nothing here is an option."""
        total = 0  # sum: so far
        self.total_ = total


@dataclass
class Child(Parent):
    """Inherits meanings and has its own."""

    n_factors: int = 16  # more of them
    search: int = field(default=1, metadata={"help": "from metadata"})  # the comment is overridden


class Undecorated:
    """A class with its own constructor."""

    def __init__(
        self,
        n_users: int = 3,  # number of users
        *,
        seed: int = 0,  # of the draw
    ) -> None:
        self.n_users, self.seed = n_users, seed


def _loader(
    path: str,  # the file
    sep: str = "#",  # between columns
    *,
    scale: tuple[float, float] | None = None,  # lowest and highest: {"a": 1}
) -> None:
    """Load nothing."""


def test_comments_after_fields_are_their_meanings() -> None:
    assert meanings(Parent) == {
        "n_factors": "length of a vector",
        "reg": "per rating",
        "layers": "sizes, # included",
    }


def test_a_subclass_inherits_meanings_and_overrides_them() -> None:
    inherited = meanings(Child)
    assert (inherited["n_factors"], inherited["reg"]) == ("more of them", "per rating")


def test_help_metadata_overrides_the_comment() -> None:
    assert meanings(Child)["search"] == "from metadata"


def test_comments_after_a_functions_parameters_are_their_meanings() -> None:
    assert meanings(_loader) == {
        "path": "the file",
        "sep": "between columns",
        "scale": 'lowest and highest: {"a": 1}',
    }


def test_comments_after_a_constructors_parameters_are_their_meanings() -> None:
    assert meanings(Undecorated) == {"n_users": "number of users", "seed": "of the draw"}


def test_class_inside_a_function_has_meanings_too() -> None:
    @dataclass
    class Inner:
        n: int = 1  # the number

    assert meanings(Inner) == {"n": "the number"}


def test_a_factory_without_source_has_no_meanings() -> None:
    space: dict[str, Any] = {}
    exec("def factory(n: int = 1): ...", space)  # noqa: S102  its source is in no file
    assert meanings(space["factory"]) == {}


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (int, "int"),
        (Literal["cosine", "pearson"], "cosine | pearson"),
        (float | None, "float or null"),
        (Literal["a", "b"] | None, "a | b or null"),
        (list[int], "list of int"),
        (tuple[int, ...], "list of int"),
        (tuple[float, float], "list of 2 float"),
        (Color, "RED | BLUE"),
        (Parent, "Parent"),
    ],
)
def test_types_are_named_for_users(annotation: Any, expected: str) -> None:
    assert type_name(annotation) == expected


def test_a_similar_name_is_suggested() -> None:
    assert did_you_mean("n_factor", ["n_epochs", "n_factors"]) == "; did you mean 'n_factors'?"


def test_nothing_is_suggested_if_no_name_is_similar() -> None:
    assert did_you_mean("zzz", ["n_epochs", "n_factors"]) == ""
