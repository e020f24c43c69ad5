"""Configuration: what is registered becomes a typed Hydra option, and a composed node an object."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

import numpy as np
import pytest
from hydra import compose, initialize_config_dir
from omegaconf import OmegaConf

from recbench import RatingDataset
from recbench.config.job_config import JobConfig
from recbench.config.schema import arguments, contents, defaults_of, make, metrics_of, node_of, store_schemas
from recbench.config.variants import conf_dir
from recbench.registry.registry import Entry, Registry, UnknownNameError, installed
from recbench.splits import Holdout, KFold


class Color(Enum):
    """Two colors."""

    RED = 1
    BLUE = 2


@dataclass
class Stopping:
    """A nested group of options."""

    patience: int = 3
    how: Literal["loss", "rmse"] = "rmse"


@dataclass
class Machine:
    """A model with options of every kind."""

    width: int
    color: Color = Color.BLUE
    similarity: Literal["cosine", "pearson"] = "pearson"
    layers: tuple[int, ...] = (8, 4)
    seed: int = 5


@dataclass
class Nesting:
    """A model with a nested group."""

    stopping: Stopping = field(default_factory=Stopping)


def _entry(factory: Any, role: str = "model") -> Entry:
    return Entry(role, factory.__name__.lower(), factory, "acme", "1.0")


def _registry(*factories: Any) -> Registry:
    return Registry({"model": {entry.name: entry for entry in map(_entry, factories)}})


def _compose(*overrides: str) -> JobConfig:
    store_schemas(installed())
    with initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return contents(compose("config", overrides=list(overrides)))


# composing


def test_the_shipped_configuration_is_found() -> None:
    assert (conf_dir() / "config.yaml").is_file()


def test_every_registered_choice_composes_to_its_kind() -> None:
    for group in ("model", "split"):
        for name in installed().entries[group]:
            assert getattr(_compose(f"{group}={name}"), group)["kind"] == name


def test_a_composed_model_has_the_options_and_defaults_of_its_signature() -> None:
    assert _compose("model=bias").model == {"kind": "bias", "reg_user": 5.0, "reg_item": 2.0, "n_epochs": 10}


def test_an_option_is_overridden_by_its_path_and_typed() -> None:
    assert _compose("model=bias", "model.reg_user=3").model["reg_user"] == 3.0


def test_top_level_options_are_typed() -> None:
    composed = _compose("dataset=synthetic", "seed=7", "metrics=[mae]")
    assert (composed.seed, composed.metrics, composed.valid_size) == (7, ["mae"], 0.1)


def test_a_split_keeps_its_own_seed() -> None:
    assert _compose("seed=7").split["seed"] == 42


def test_a_models_seed_follows_the_runs() -> None:
    node = OmegaConf.create({"seed": 7, "model": OmegaConf.structured(node_of(_entry(Machine)))})
    assert node.model.seed == 7


def test_a_datasets_seed_is_independent_of_the_runs() -> None:
    node = OmegaConf.structured(node_of(_entry(Machine, "dataset")))
    assert node.seed == 5


def test_a_node_begins_with_its_kind() -> None:
    node = OmegaConf.structured(node_of(_entry(Machine)))
    assert list(node) == ["kind", "width", "color", "similarity", "layers", "seed"]
    assert node.kind == "machine"


def test_contents_have_interpolations_resolved_and_enums_by_name() -> None:
    rest = {"dataset": {}, "split": {}, "metrics": [], "seed": 7, "valid_size": 0.1}
    node = OmegaConf.create(rest | {"model": OmegaConf.structured(node_of(_entry(Machine)))})
    node.model.width = 2
    assert contents(node).model == {
        "kind": "machine",
        "width": 2,
        "color": "BLUE",
        "similarity": "pearson",
        "layers": [8, 4],
        "seed": 7,
    }


# defaults


def test_defaults_are_plain_values_of_the_options_that_have_one() -> None:
    expected = {"color": "BLUE", "similarity": "pearson", "layers": [8, 4], "seed": 5}
    assert defaults_of(_entry(Machine)) == expected


def test_defaults_of_a_nested_group_are_plain_values() -> None:
    assert defaults_of(_entry(Nesting)) == {"stopping": {"patience": 3, "how": "rmse"}}


@pytest.mark.parametrize("group", ["model", "dataset", "split"])
def test_defaults_are_those_of_the_composed_node(group: str) -> None:
    for entry in installed().entries[group].values():
        node = OmegaConf.to_container(OmegaConf.structured(node_of(entry)), enum_to_str=True)
        assert isinstance(node, dict)
        expected = {key: value for key, value in node.items() if key not in ("kind", "seed") and value != "???"}
        assert {key: value for key, value in defaults_of(entry).items() if key != "seed"} == expected


# objects


def test_a_node_becomes_the_arguments_of_its_factory() -> None:
    node = {"kind": "machine", "width": 3, "color": "RED", "layers": [2, 1], "seed": 0}
    entry, values = arguments("model", node, _registry(Machine))
    assert entry.factory(**values) == Machine(3, Color.RED, "pearson", (2, 1), 0)


def test_a_variant_is_made_by_its_kind() -> None:
    split = make("split", {"kind": "k_fold", "n_folds": 3, "seed": 1}, installed())
    assert split == KFold(3, 1)


def test_a_dataset_is_loaded() -> None:
    node = {"kind": "synthetic", "n_users": 30, "n_items": 20, "n_ratings": 100}
    dataset = make("dataset", node, installed())
    assert isinstance(dataset, RatingDataset)
    assert (dataset.n_users, dataset.n_ratings) == (30, 100)


@pytest.mark.parametrize(
    ("node", "message"),
    [
        (
            {"kind": "machine", "width": 1, "widht": 3},
            r"model 'machine' has no option 'widht'; did you mean 'width'\? "
            r"\(options: width, color, similarity, layers, seed\)",
        ),
        ({"kind": "machine", "width": "???"}, r"model 'machine' needs model\.width=\.\.\.: it has no default"),
        (
            {"kind": "machine", "width": 1, "similarity": "persons"},
            r"model\.similarity='persons'; did you mean 'pearson'\? \(one of: cosine, pearson\)",
        ),
    ],
)
def test_a_node_that_does_not_fit_its_factory_is_rejected(node: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        arguments("model", node, _registry(Machine))


def test_an_unregistered_kind_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown model 'machin'; did you mean 'machine'\?"):
        arguments("model", {"kind": "machin"}, _registry(Machine))


def test_metrics_come_in_the_order_named() -> None:
    metrics = metrics_of(["mae", "rmse"], installed())
    assert list(metrics) == ["mae", "rmse"]
    assert metrics["mae"](np.array([1.0]), np.array([3.0])) == 2.0


def test_an_empty_list_of_metrics_is_rejected() -> None:
    with pytest.raises(ValueError, match=r"metrics=\[\] is empty; name at least one metric"):
        metrics_of([], installed())


def test_an_unknown_metric_is_rejected() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown metric 'rsme'; did you mean 'rmse'\?"):
        metrics_of(["rmse", "rsme"], installed())


def test_the_composed_split_makes_the_registered_one() -> None:
    assert make("split", _compose("split=holdout", "split.test_size=0.5").split, installed()) == Holdout(0.5, 42)
