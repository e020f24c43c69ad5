"""The same seed gives the same data, splits and results on every processor.

The processor's features decide which variants of their loops NumPy, OpenBLAS, Numba and the C library run. Here child
processes make them run the variants for older processors.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recbench.contracts import RatingDataset
from recbench.protocol.descriptions import split_digest
from recbench.registry.registry import installed
from recbench.splits import KFold
from tests.models.test_golden_rmse import BUILT_IN, rmse_of

ROOT = Path(__file__).parents[2]
NEURAL = ("ncf", "autorec")
CLASSIC = [name for name in BUILT_IN if name not in NEURAL]

# before NumPy 2.4 each feature was switched off by its own name; names that a version does not know it ignores
AVX512 = "X86_V4 AVX512_SPR AVX512_ICL AVX512_CNL AVX512_CLX AVX512_SKX AVX512_KNM AVX512_KNL AVX512CD AVX512F"
AVX2 = "X86_V3 AVX2 FMA3"
COMPILED = "compiled for any processor"
OLDER = {
    "without AVX-512": {"NPY_DISABLE_CPU_FEATURES": AVX512, "OPENBLAS_CORETYPE": "Haswell"},
    "without AVX2": {
        "NPY_DISABLE_CPU_FEATURES": f"{AVX512} {AVX2}",
        "OPENBLAS_CORETYPE": "SandyBridge",
        "GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA",
    },
    COMPILED: {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""},
}
DATA: dict[str, dict[str, Any]] = {
    "default": {},
    "small": {"n_users": 60, "n_items": 40, "n_ratings": 1200},
    "half stars": {"step": 0.5, "seed": 1},
    "more pairs than are drawn from": {"n_users": 6000, "n_items": 3000, "n_ratings": 60_000},
}


@pytest.fixture(scope="module")
def here() -> dict[str, Any]:
    """Return what this processor computes with all of its features."""
    return _computed(CLASSIC)


# compiling again takes longer than all of the computing
@pytest.fixture(
    scope="module", params=[pytest.param(name, marks=pytest.mark.slow if name == COMPILED else ()) for name in OLDER]
)
def there(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what an older processor computes."""
    cache = {"NUMBA_CACHE_DIR": str(tmp_path_factory.mktemp("numba"))} if request.param == COMPILED else {}
    return _computed(CLASSIC, **cache, **OLDER[request.param])


def test_synthetic_data_is_the_same_to_the_bit(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert there["data"] == here["data"]


def test_every_split_is_the_same_to_the_bit(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert there["splits"] == here["splits"]


def test_models_reach_the_same_rmse(here: dict[str, Any], there: dict[str, Any]) -> None:
    assert there["rmse"] == pytest.approx(here["rmse"], rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("processor", [name for name in OLDER if name != COMPILED])
def test_neural_models_reach_nearly_the_same_rmse(processor: str) -> None:
    here, there = _computed(NEURAL), _computed(NEURAL, **OLDER[processor])
    assert there["rmse"] == pytest.approx(here["rmse"], rel=1e-3)


def _computed(models: list[str] | tuple[str, ...], **environment: str) -> dict[str, Any]:
    """Return what `_main` prints in a process that is started with this environment."""
    command = [sys.executable, "-m", "tests.journeys.test_processors", *models]
    run = subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    computed: dict[str, Any] = json.loads(run.stdout)
    return computed


def _main(models: list[str]) -> dict[str, Any]:
    """Return digests of the data and of each split of the default data, and the models' RMSE."""
    made = {name: _synthetic(options) for name, options in DATA.items()}
    default = made["default"]
    with_folds = replace(default, folds=tuple(KFold()(default)))  # which `fixed_folds` needs
    splits = {name: entry.factory() for name, entry in installed().entries["split"].items()}
    return {
        "data": {name: dataset.digest for name, dataset in made.items()},
        "splits": {name: split_digest(list(split(with_folds))) for name, split in splits.items()},
        "rmse": {name: rmse_of(BUILT_IN[name]) for name in models},
    }


def _synthetic(options: dict[str, Any]) -> RatingDataset:
    dataset: RatingDataset = installed().find("dataset", "synthetic").factory(**options)
    return dataset


if __name__ == "__main__":
    print(json.dumps(_main(sys.argv[1:])))  # noqa: T201  read by `_computed`
