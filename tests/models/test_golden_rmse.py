"""Golden RMSE: what each built-in model reaches on the default synthetic data, so that a change is a number in a diff.

`make golden` rewrites golden_rmse.json.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from recbench.contracts import RatingDataset
from recbench.protocol.runner import evaluate
from recbench.registry.options import options_of
from recbench.registry.registry import Entry, installed
from recbench.splits import Holdout

GOLDEN = Path(__file__).with_name("golden_rmse.json")
BUILT_IN = {name: e for name, e in installed().entries["model"].items() if e.distribution == "recbench"}

SYNTHETIC = installed().find("dataset", "synthetic").factory
NOISE = options_of(SYNTHETIC)["noise"].default  # no honest model can do better


@pytest.fixture(scope="module")
def golden() -> dict[str, float]:
    expected: dict[str, float] = json.loads(GOLDEN.read_text())
    return expected


def test_every_built_in_model_has_a_golden_number(golden: dict[str, float]) -> None:
    assert set(golden) == set(BUILT_IN)


@pytest.mark.parametrize("name", BUILT_IN)
def test_rmse_is_the_golden_one(name: str, golden: dict[str, float]) -> None:
    reached = rmse_of(BUILT_IN[name])
    # rounding depends on the processor: with other instruction sets, ncf and autorec moved by up to 2e-5
    assert golden[name] == pytest.approx(reached, rel=1e-3)


def test_no_model_is_below_the_noise_and_all_beat_the_global_mean(golden: dict[str, float]) -> None:
    # clipping eats a little of the noise; below that, a model has seen what it should not have
    assert min(golden.values()) > 0.9 * NOISE
    assert sorted(golden, key=lambda name: golden[name])[-1] == "global_mean"


def rmse_of(entry: Entry) -> float:
    metrics = {"rmse": installed().metric("rmse")}
    return evaluate(dataset(), Holdout(), entry.factory, metrics).outcome.scores["rmse"].mean


@cache
def dataset() -> RatingDataset:
    made: RatingDataset = SYNTHETIC()
    return made


if __name__ == "__main__":
    reached = {name: round(rmse_of(entry), 6) for name, entry in BUILT_IN.items()}
    GOLDEN.write_text(json.dumps(reached, indent=2) + "\n")
