"""Everything that recbench registers passes the conformance kits; plugins run them in their own tests."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recbench import RatingDataset
from recbench.cli.commands.check import checks
from recbench.registry.registry import installed
from recbench.testing import DatasetConformance, MetricConformance, ModelConformance, costs

MODELS = {
    name: entry.factory for name, entry in installed().entries["model"].items() if entry.distribution == "recbench"
}
METRICS = {name: entry.factory for name, entry in installed().entries["metric"].items()}
NEED_A_PATH = ["ratings_file"]
DATASETS = {name: e.factory for name, e in installed().entries["dataset"].items() if name not in NEED_A_PATH}


def test_every_plugin_is_enabled() -> None:
    assert installed().problems == ()


@pytest.mark.parametrize("make_model", MODELS.values(), ids=MODELS)
class TestEveryModel(ModelConformance): ...


@pytest.mark.parametrize("load", DATASETS.values(), ids=DATASETS)
class TestEveryDataset(DatasetConformance): ...


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
class TestEveryMetric(MetricConformance): ...


@pytest.fixture(params=["csv", "tsv", "csv.gz"])
def load(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], RatingDataset]:
    path = tmp_path / f"ratings.{request.param}"
    import pandas as pd

    frame = pd.DataFrame({"user": ["b", "a", "a"], "item": [10, 10, 7], "rating": [4.5, 1.0, 3.0]})
    frame.to_csv(path, index=False, sep="\t" if request.param == "tsv" else ",")
    return lambda: installed().find("dataset", "ratings_file").factory(path=str(path))


class TestRatingsFile(DatasetConformance): ...


@pytest.mark.parametrize(
    ("role", "suite"), [("model", ModelConformance), ("dataset", DatasetConformance), ("metric", MetricConformance)]
)
def test_suite_has_every_check_except_those_of_cost(role: str, suite: type) -> None:
    named = {check.__name__.removeprefix("check_") for check in checks(role) if check.__module__ != costs.__name__}
    assert {name.removeprefix("test_") for name in vars(suite) if name.startswith("test_")} == named
