"""The public API is `recbench.__all__`; our plugins use nothing else."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

import recbench

PLUGINS = Path(__file__).parents[1] / "plugins"
FILES = sorted(path for name in ("cafe", "slope-one") for path in (PLUGINS / f"recbench-{name}").rglob("*.py"))


def imported(source: str) -> Iterator[tuple[str, str]]:
    """Yield each module that a source imports from recbench, with the name that is imported."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((each.name, "") for each in node.names if each.name.split(".")[0] == "recbench")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "recbench":
            yield from ((node.module, each.name) for each in node.names)


def test_dir_is_the_public_api() -> None:
    assert {name for name in dir(recbench) if not name.startswith("__")} | {"__version__"} == set(recbench.__all__)
    assert recbench.__all__ == sorted(recbench.__all__)


@pytest.mark.parametrize("name", recbench.__all__)
def test_every_public_name_can_be_imported(name: str) -> None:
    assert getattr(recbench, name) is not None


def test_the_version_is_that_of_the_distribution() -> None:
    assert recbench.__version__ == version("recbench")


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'recbench' has no attribute 'comparee'"):
        recbench.comparee  # noqa: B018 the access raises


def test_importing_recbench_imports_nothing_heavy() -> None:
    heavy = "{'pandas', 'scipy', 'hydra', 'omegaconf', 'numba', 'tensorflow', 'optuna', 'pytest'}"
    code = f"import recbench, sys; print(sorted({heavy} & set(sys.modules)))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_our_plugins_import_the_public_api_only(path: Path) -> None:
    for module, name in imported(path.read_text(encoding="utf-8")):
        if module == "recbench.testing":
            assert "tests" in path.parts
        else:
            assert (module, name in recbench.__all__) == ("recbench", True), f"{path}: from {module} import {name}"


def test_there_are_plugins_to_look_at() -> None:
    assert {"model.py", "dataset.py", "metric.py", "split.py", "recbench_slope_one.py"} <= {path.name for path in FILES}
