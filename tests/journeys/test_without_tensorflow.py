"""recbench where TensorFlow is not installed, as under Python 3.14: everything but the neural models works."""

from __future__ import annotations

import csv
import tomllib
from pathlib import Path

import pytest

from recbench.registry import requirements
from recbench.registry.requirements import install_advice
from tests.support.command import SMALL, recbench

HIDE = """
import sys
from importlib.machinery import PathFinder

class Hiding(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        hidden = name.partition(".")[0] in ("tensorflow", "keras")
        return None if hidden else super().find_spec(name, path, target)

sys.meta_path = [Hiding if finder is PathFinder else finder for finder in sys.meta_path]
"""


@pytest.fixture
def hidden(tmp_path: Path) -> dict[str, str]:
    """Return the environment of a process, and of those it starts, that has no TensorFlow."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HIDE)
    return {"PYTHONPATH": str(tmp_path / "site")}


def test_neural_models_are_listed_as_unavailable_with_what_installs_them(
    tmp_path: Path, hidden: dict[str, str]
) -> None:
    run = recbench("list", cwd=tmp_path, **hidden)
    assert (run.returncode, run.stderr) == (0, "")
    lines = {line.split()[0]: line for line in run.stdout.splitlines() if line.startswith("  ")}
    for name in ("ncf", "ncf_classic", "autorec", "cafe_net"):
        assert lines[name].endswith("(unavailable: needs tensorflow; pip install tensorflow)")
    assert [name for name in ("mf", "item_knn", "bayes_fm", "stack") if "unavailable" in lines[name]] == []


def test_other_models_run(tmp_path: Path, hidden: dict[str, str]) -> None:
    run = recbench("model=mf", *SMALL, cwd=tmp_path, **hidden)
    assert (run.returncode, run.stderr) == (0, "")


def test_a_neural_model_says_what_is_missing(tmp_path: Path, hidden: dict[str, str]) -> None:
    run = recbench("model=ncf", *SMALL, cwd=tmp_path, **hidden)
    assert run.returncode != 0
    assert run.stderr.startswith("error: tensorflow is not installed; pip install tensorflow")
    assert run.stderr.count("\n") == 1


def test_a_sweep_has_failed_rows_with_the_cause(tmp_path: Path, hidden: dict[str, str]) -> None:
    run = recbench("-m", "experiment=compare", *SMALL, cwd=tmp_path, **hidden)
    assert run.returncode == 1
    (table,) = tmp_path.glob("outputs/*/*/table.csv")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    failed = {row["model"]: row["cause"] for row in rows if row["status"] != "ok"}
    expected = "tensorflow is not installed; pip install tensorflow"
    assert failed == dict.fromkeys(("ncf", "ncf_classic", "mf_classic"), expected)


def test_a_newer_python_gets_the_version_that_has_tensorflow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements, "NEWEST_PYTHON", {"tensorflow": (3, 9)})
    advice = "pip install tensorflow in an environment with Python 3.9 or older"
    assert install_advice(object(), "tensorflow") == advice
    assert install_advice(object(), "scipy.sparse") == "pip install scipy"


def test_no_python_is_excluded() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11"
    assert [each for each in project["dependencies"] if each.startswith("tensorflow")] == [
        "tensorflow>=2.21; python_version < '3.14'"
    ]
