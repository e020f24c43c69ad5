"""A plain multirun: which jobs there are, in which order, and that they are those of Hydra's own sweeper."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from recbench.tuning.multirun import jobs_of
from recbench.usage import UsageError
from tests.support.command import SMALL, recbench, records_in


def _jobs(*overrides: str) -> list[list[str]]:
    return jobs_of(OverridesParser.create().parse_overrides(list(overrides)))


def test_jobs_are_all_combinations_the_last_key_varying_fastest() -> None:
    assert _jobs("model=mf,ncf", "threads=1", "seed=range(1,3)") == [
        ["model=mf", "threads=1", "seed=1"],
        ["model=mf", "threads=1", "seed=2"],
        ["model=ncf", "threads=1", "seed=1"],
        ["model=ncf", "threads=1", "seed=2"],
    ]


def test_of_two_overrides_of_one_key_the_later_counts() -> None:
    assert _jobs("seed=1,2", "model=mf", "seed=3") == [["seed=3", "model=mf"]]


def test_without_values_to_vary_there_is_one_job() -> None:
    assert _jobs("model=mf") == [["model=mf"]]
    assert _jobs() == [[]]


def test_an_interval_needs_a_search() -> None:
    with pytest.raises(UsageError, match=r"model\.reg=interval\(1,2\): only a search varies .*; add search=auto"):
        _jobs("model.reg=interval(1,2)")


def test_the_jobs_and_their_folders_are_those_of_hydras_basic_sweeper(tmp_path: Path) -> None:
    command = ("-m", "model=user_mean,item_mean", "seed=1,2", *SMALL)
    written = {}
    for name, more in {
        "basic": ("hydra/sweeper=basic",),
        "own": (),
        "batches": ("hydra.sweeper.max_batch_size=3",),
    }.items():
        (tmp_path / name).mkdir()
        run = recbench(*command, *more, cwd=tmp_path / name)
        assert run.returncode == 0, run.stderr
        assert len(list((tmp_path / name).glob("outputs/*/*/multirun.yaml"))) == 1
        overrides = (tmp_path / name).glob("outputs/*/*/*/.hydra/overrides.yaml")
        written[name] = {path.parts[-3]: path.read_text() for path in overrides}
        assert [(record.job.model, record.job.seed) for record in records_in(tmp_path / name)][:4] == [
            ("user_mean", 1),
            ("user_mean", 2),
            ("item_mean", 1),
            ("item_mean", 2),
        ]
    assert sorted(written["basic"]) == ["0", "1", "2", "3"]
    assert written["own"] == written["basic"]
    assert written["batches"] == written["basic"]


def test_a_batch_of_no_jobs_is_refused(tmp_path: Path) -> None:
    run = recbench("-m", "model=user_mean", "hydra.sweeper.max_batch_size=0", *SMALL, cwd=tmp_path)
    assert run.returncode == 2
    assert "hydra.sweeper.max_batch_size=0; it must be at least 1, or null" in run.stderr
