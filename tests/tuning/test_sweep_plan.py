"""The plan of a sweep: which set its jobs are scored on."""

from __future__ import annotations

from pathlib import Path

import pytest

from recbench.tuning.sweep_plan import read_scored_part, write_sweep_plan


@pytest.mark.parametrize(
    ("overrides", "sealed", "scored_on"),
    [
        (["model=mf,ncf"], True, "test"),
        (["model=mf", "model.n_factors=8"], True, "test"),
        (["model=mf", "model.n_factors=8,16"], True, "valid"),
        (["model=mf", "model.reg=range(1,3)"], True, "valid"),
        (["model=mf", "model.reg=choice(1,2)"], True, "valid"),
        (["model=ncf", "model.hidden_layers=[8,4]"], True, "test"),
        (["model=mf", "seed=1,2", "dataset.release=100k,1m"], True, "test"),
        (["model=mf", "model.n_factors=8,16"], False, "test"),
    ],
)
def test_sealed_sweeps_over_options_are_scored_on_the_validation_set(
    overrides: list[str], sealed: bool, scored_on: str, tmp_path: Path
) -> None:
    write_sweep_plan(tmp_path, overrides, sealed=sealed)
    assert read_scored_part(tmp_path) == scored_on
