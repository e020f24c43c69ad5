"""Search spaces: how authors of models declare them, and what is refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from recbench import between, one_of, searched
from recbench.registry.options import meanings, options_of
from recbench.registry.registry import installed
from recbench.registry.search_space import Between, to_override
from tests.support.command import recbench


@dataclass
class Tuned:
    n_factors: int = searched(12, between(4, 64, log=True))  # length of a vector
    reg: float = searched(0.1, between(0, 1))  # penalty
    solver: Literal["als", "sgd"] = field(default="als", metadata={"search": one_of("als", "sgd")})  # how it learns
    damping: float | None = searched(None, between(1, 10))  # of the average
    seed: int = 0  # of the start


def test_a_field_declares_its_default_and_its_space() -> None:
    assert Tuned() == Tuned(12, 0.1, "als", None, 0)
    spaces = {name: str(option.search) for name, option in options_of(Tuned).items()}
    assert spaces == {
        "n_factors": "4...64 (log)",
        "reg": "0...1",
        "solver": "als | sgd",
        "damping": "1...10",
        "seed": "None",
    }


def test_a_space_has_the_type_of_its_option() -> None:
    whole = {
        name: option.search.whole for name, option in options_of(Tuned).items() if isinstance(option.search, Between)
    }
    assert whole == {"n_factors": True, "reg": False, "damping": False}


def test_the_comment_after_a_field_of_several_lines_is_its_meaning() -> None:
    assert meanings(Tuned) == {
        "n_factors": "length of a vector",
        "reg": "penalty",
        "solver": "how it learns",
        "damping": "of the average",
        "seed": "of the start",
    }


@pytest.mark.parametrize(
    ("default", "space", "annotation", "message"),
    [
        (1, between(0.5, 2), int, "option 'x' has the search space 0.5...2, which does not match its type"),
        ("a", between(1, 2), str, "which does not match its type; use one_of"),
        (1, (1, 2), int, r"option 'x' has the search space \(1, 2\); use between\(low, high\) or one_of\(a, b\)"),
    ],
)
def test_a_space_that_does_not_fit_its_option_is_an_error(
    default: Any, space: Any, annotation: type, message: str
) -> None:
    factory: Any = dataclass(type("Wrong", (), {"__annotations__": {"x": annotation}, "x": searched(default, space)}))
    factory.__module__ = __name__
    with pytest.raises(TypeError, match=message):
        options_of(factory)


@pytest.mark.parametrize(
    ("low", "high", "log", "message"),
    [
        (2, 1, False, "between 2 and 1 is empty; give the lower bound first"),
        (1, 1, False, "is empty"),
        (0, 1, True, "from 0 has no logarithm; start above 0, or leave out log=True"),
        (0, float("inf"), False, "is empty"),
    ],
)
def test_an_impossible_range_is_an_error(low: float, high: float, log: bool, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        between(low, high, log=log)


def test_a_choice_without_values_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"one_of\(\) has no values"):
        one_of()


def test_a_grid_divides_its_range_linearly_or_logarithmically() -> None:
    assert between(1.0, 100.0, log=True).grid(3) == [1.0, 10.0, 100.0]
    assert between(0.0, 1.0).grid(5) == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert between(4, 64, log=True).grid(5) == [4, 8, 16, 32, 64]
    assert between(1, 3).grid(9) == [1, 2, 3]


@pytest.mark.parametrize(
    ("value", "text"),
    [(8, "8"), (0.1, "0.1"), (True, "true"), (None, "null"), ("als", "als"), ("null", "'null'"), ("a b", "'a b'")],
)
def test_values_are_formatted_as_on_the_command_line(value: object, text: str) -> None:
    assert to_override(value) == text


def test_lists_are_formatted_in_brackets() -> None:
    assert to_override((64, 32)) == "[64,32]"


@pytest.mark.parametrize("name", ["bias", "user_knn", "item_knn", "mf", "content"])
def test_model_defaults_are_inside_their_search_spaces(name: str) -> None:
    options = options_of(installed().find("model", name).factory).values()
    spaces = {each.name: each for each in options if isinstance(each.search, Between)}
    assert len(spaces) >= 2
    on_edge = [each.name for each in spaces.values() if each.search.on_edge(each.default)]  # type: ignore[union-attr]
    assert not on_edge


def test_show_lists_the_search_space(tmp_path: Any) -> None:
    shown = recbench("show", "model=mf", cwd=tmp_path).stdout
    assert "search=auto varies: n_factors 4...64 (log), reg 0.1...20 (log), reg_exponent 0...1" in shown
