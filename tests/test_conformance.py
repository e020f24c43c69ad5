"""The conformance kits, run over everything that recbench registers; plugins run them over themselves."""

from collections.abc import Callable
from pathlib import Path

import pytest

from recbench import RatingDataset
from recbench.registry import installed
from recbench.testing import DatasetConformance, MetricConformance, ModelConformance
from recbench.testing import models as laws

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


def test_every_law_of_a_model_is_in_the_suite() -> None:
    named = {name.removeprefix("check_") for name in vars(laws) if name.startswith("check_")}
    assert {name.removeprefix("test_") for name in vars(ModelConformance) if name.startswith("test_")} == named
