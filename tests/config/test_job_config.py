"""The configuration of a job: typed fields, and the plain values that a record holds."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import hydra
import pytest
from omegaconf import OmegaConf

from recbench.config.job_config import JobConfig
from recbench.config.schema import RunConfig, compose, contents, store_schemas
from recbench.config.variants import conf_dir
from recbench.registry.registry import installed
from recbench.usage import InputError
from tests.support.jobs import CONFIG

SEARCHED = ("search=auto", "++search._trial={ref: {number: 3}}")


def test_a_job_has_the_options_of_a_run_in_their_order() -> None:
    names = [each.name for each in fields(JobConfig)]
    assert names == [*(each.name for each in fields(RunConfig)), "unknown"]


@pytest.mark.parametrize("overrides", [(), SEARCHED, ("filters=null", "threads=2"), ("+color=red", "+unknown=1")])
def test_plain_values_are_those_that_hydra_composed(overrides: tuple[str, ...]) -> None:
    store_schemas(installed())
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        composed = hydra.compose("config", overrides=list(overrides))
    config = contents(composed)
    assert list(config.to_plain().items()) == list(_plain(composed).items())
    assert JobConfig.from_plain(config.to_plain()) == config


def _plain(composed: Any) -> dict[str, Any]:
    plain = OmegaConf.to_container(composed, resolve=True, enum_to_str=True)
    assert isinstance(plain, dict)
    return {str(name): value for name, value in plain.items()}


def test_private_values_of_a_search_are_in_its_node() -> None:
    search = compose(SEARCHED).search
    assert search is not None
    assert search["_trial"] == {"ref": {"number": 3}}


def test_unknown_keys_of_a_record_are_kept() -> None:
    config = JobConfig.from_plain(CONFIG | {"color": "red"})
    assert config.unknown == {"color": "red"}
    assert config.to_plain()["color"] == "red"


def test_options_that_a_record_lacks_have_defaults() -> None:
    config = JobConfig.from_plain(CONFIG)
    assert (config.threads, config.timeout_s, config.memory_mb, config.share_mb) == (None, None, None, 0)
    assert (config.sealed, config.resume, config.keep_predictions) == (True, True, True)
    assert (config.filters, config.search) == (None, None)


def test_a_configuration_that_no_job_can_run_names_what_it_lacks() -> None:
    plain = {name: value for name, value in CONFIG.items() if name not in ("dataset", "seed")}
    with pytest.raises(InputError, match="has no dataset, seed; a job needs dataset, split, model, metrics, seed"):
        JobConfig.from_plain(plain)
