"""A factory whose return type is not that of its hook is refused with a one-line error that names it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recbench.datasets.synthetic import make_synthetic
from recbench.models.baselines.bias import Bias
from recbench.registry.factory_checks import checked_factory
from recbench.registry.options import meanings, options_of
from recbench.splits import Holdout
from tests.support.command import SMALL, recbench, write_plugin

PLUGIN = """
from recbench import hookimpl

def broken(width: int = 3):
    return width

@hookimpl
def register_{role}s():
    return {{"broken": broken}}
"""


def damped(
    reg: float = 3.0,  # of both
) -> Bias:
    """Biases with one damping."""
    return Bias(reg_user=reg, reg_item=reg)


def nothing() -> Any:
    return None


def the_class() -> Any:
    return Bias


def five() -> Any:
    return 5


@pytest.mark.parametrize(
    ("role", "factory", "message"),
    [
        ("model", five, "returned int; return a RatingModel"),
        ("model", nothing, "returned None; return a RatingModel"),
        ("model", the_class, "returned the class Bias, not an instance; return a RatingModel"),
        ("dataset", five, "returned int; return a RatingDataset"),
        ("split", five, "returned int; return a callable that yields folds"),
    ],
)
def test_wrong_return_type_names_the_plugin(role: str, factory: Callable[..., Any], message: str) -> None:
    expected = f"{role} 'x' of acme: {factory.__module__}.{factory.__qualname__} {message}"
    with pytest.raises(TypeError, match=re.escape(expected)):
        checked_factory(role, "x", "acme", factory)()


@pytest.mark.parametrize("role", ["model", "dataset", "split"])
def test_class_of_another_type_is_refused_at_registration(role: str) -> None:
    with pytest.raises(TypeError, match=f"^{role} 'x': Entirely is not a"):
        checked_factory(role, "x", "acme", type("Entirely", (), {}))


@pytest.mark.parametrize(("role", "factory"), [("model", Bias), ("split", Holdout)])
def test_correct_class_is_registered_unchanged(role: str, factory: type) -> None:
    assert checked_factory(role, "x", "acme", factory) is factory


def test_correct_function_keeps_its_options_and_docstring() -> None:
    checked = checked_factory("model", "x", "acme", damped)
    assert checked(reg=7.0) == Bias(reg_user=7.0, reg_item=7.0)
    assert options_of(checked) == options_of(damped)
    assert meanings(checked) == {"reg": "of both"}
    assert (checked.__module__, checked.__qualname__, inspect.getdoc(checked)) == (
        __name__,
        "damped",
        "Biases with one damping.",
    )
    assert checked_factory("dataset", "x", "acme", make_synthetic)(n_users=5, n_items=5, n_ratings=9).n_ratings == 9


@pytest.mark.parametrize(
    ("role", "words", "status"),
    [("model", SMALL, 1), ("split", ("model=bias", *SMALL), 2), ("dataset", ("model=bias",), 2)],
)
def test_command_line_reports_a_wrong_return_type_in_one_line(
    role: str, words: tuple[str, ...], status: int, tmp_path: Path
) -> None:
    write_plugin(tmp_path / "there", "acme-plugin", PLUGIN.format(role=role))
    run = recbench(f"{role}=broken", *words, cwd=tmp_path, PYTHONPATH=str(tmp_path / "there"))
    assert run.returncode == status
    assert run.stderr.startswith(f"error: {role} 'broken' of acme-plugin: acme_plugin.broken returned int; return a")
    assert run.stderr.count("\n") == 1
