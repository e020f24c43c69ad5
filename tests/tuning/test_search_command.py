"""The command line of a search: what varies in it, and what is rejected."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from recbench.registry.search_space import Between, OneOf
from recbench.tuning.search_request import parse_request
from recbench.usage import UsageError
from tests.support.command import SMALL, recbench


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["search=auto", "sealed=false"], "sealed=false: a search scores its candidates on the validation set only"),
        (
            ["search.n_trials=3"],
            "search.n_trials=3 is an option of a search; choose one: search=auto search.n_trials=3",
        ),
        (["search=auto,quick"], "search=auto,quick: a run has one search; choose one of these"),
        (["search=atuo"], "unknown search 'atuo'; did you mean 'auto'? (available: auto, quick)"),
        (["search=auto", "search.n_trials=0"], "search.n_trials=0; it must be at least 1"),
        (
            ["search=auto", "search.sampler=tp"],
            "unknown sampler 'tp'; did you mean 'tpe'? (available: grid, random, tpe)",
        ),
        (["search=auto", "search.trials=9"], "search has no option 'trials'; did you mean 'n_trials'?"),
        (["search=auto", "model=mf", "model.n_factors=8,x"], "model.n_factors=x: give a whole number"),
        (["search=auto", "model=mf,bias", "model.n_factors=8,16"], "model has no option 'n_factors'"),
    ],
)
def test_an_invalid_command_is_one_line_with_status_2(args: list[str], message: str, tmp_path: Path) -> None:
    run = recbench("-m", *args, *SMALL, cwd=tmp_path)
    assert run.returncode == 2
    assert message in run.stderr
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.seed=1,2", "model.seed is averaged over, not chosen; write seed=1,2"),
        ("search.n_trials=3,4", "search.n_trials=3,4 can't vary in a search; give it one value"),
        ("valid_size=interval(0.1,0.2)", r"can't vary in a search"),
    ],
)
def test_an_option_that_a_search_cant_vary_is_rejected(override: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_request(OverridesParser.create().parse_overrides([override]))


def test_a_command_line_is_sorted_by_what_varies() -> None:
    words = ["model=mf,ncf", "seed=1,2", "model.reg=3", "model.n=1,2", "model.x=tag(log,interval(0.1,9))", "threads=1"]
    request = parse_request(OverridesParser.create().parse_overrides(words))
    assert request.outer == [["model=mf", "model=ncf"]]
    assert request.seeds == [["seed=1"], ["seed=2"]]
    assert request.fixed == ["model.reg=3", "threads=1"]
    assert request.pinned == {"reg"}
    assert request.swept == {"n": OneOf((1, 2)), "x": Between(0.1, 9.0, log=True)}
