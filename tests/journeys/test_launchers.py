"""Every launcher gives the same table, the same stored results and the same failed rows."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.support.command import SMALL, recbench, records_in, write_plugin

FAILING = """
from dataclasses import dataclass
from recbench import RatingModel, hookimpl

@dataclass
class Failing(RatingModel):
    def fit(self, train, valid=None):
        raise ValueError("nothing works")

    def predict(self, user_idx, item_idx):
        return 0.0 * user_idx

@hookimpl
def register_models():
    return {"failing": Failing}
"""
LAUNCHERS = {
    "basic": (),
    "joblib": (),
    "ray": ("+hydra.launcher.ray.init.num_cpus=2", "+hydra.launcher.ray.init.logging_level=error"),
    "submitit_local": (),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("site")
    write_plugin(folder, "acme-failing", FAILING)
    return str(folder)


@pytest.mark.slow
@pytest.mark.parametrize("launcher", LAUNCHERS)
def test_every_launcher_gives_the_same_table_store_and_failures(launcher: str, site: str, tmp_path: Path) -> None:
    sweep = ["-m", "model=bias,mf,slope_one,failing", *SMALL, f"hydra/launcher={launcher}", *LAUNCHERS[launcher]]
    environment = {"PYTHONPATH": site, "RAY_AUTH_MODE": "disabled"}
    run = recbench(*sweep, cwd=tmp_path, **environment)
    assert run.returncode == 1, run.stderr
    assert "5 models, 4 ok" in run.stdout
    (table,) = tmp_path.glob("outputs/*/*/table.csv")
    rows = {row["model"]: row for row in csv.DictReader(table.read_text().splitlines())}
    assert (rows["failing"]["status"], rows["failing"]["cause"]) == ("failed", "nothing works")
    here = {name: _score_here(name, tmp_path / "here") for name in ("bias", "mf", "slope_one")}
    assert {name: float(rows[name]["rmse"]) for name in here} == here
    # the workers' results are in one store: a second sweep, in this process, takes them from it
    again = recbench("-m", "model=bias,mf,slope_one", *SMALL, cwd=tmp_path)
    assert again.stdout.count("cached") == 4


def _score_here(model: str, folder: Path) -> float:
    folder.mkdir(exist_ok=True)
    assert recbench(f"model={model}", *SMALL, cwd=folder).returncode == 0
    return next(record.outcome.scores["rmse"].mean for record in records_in(folder) if record.job.model == model)
