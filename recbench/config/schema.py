"""Configuration: typed Hydra options from registered factories, and objects from composed nodes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, field
from typing import Any, cast

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING as UNSET
from omegaconf import DictConfig, OmegaConf

from recbench.config.job_config import JobConfig
from recbench.config.search_options import Budget, SearchOptions
from recbench.config.variants import conf_dir
from recbench.contracts import Metric
from recbench.protocol.filters import Filters
from recbench.registry.options import Option, convert, options_of, plain, schema
from recbench.registry.registry import Entry, Registry, installed
from recbench.registry.removed_options import removal_advice
from recbench.usage import did_you_mean

GROUPS = ("dataset", "split", "model")


@dataclass
class RunConfig:
    """The options of a run, with types and meanings; the default values are in `conf/config.yaml`."""

    dataset: Any = UNSET
    split: Any = UNSET
    model: Any = UNSET
    metrics: list[str] = field(default_factory=list)  # metrics to compute; the table is sorted by the first
    seed: int = UNSET  # seed of models and validation sets, not of the split
    valid_size: float = UNSET  # share of the training set cut off for validation
    threads: int | None = UNSET  # threads per job; null: the default of each library
    timeout_s: float | None = UNSET  # wall seconds per job; null: no limit
    memory_mb: float | None = UNSET  # resident memory per job in megabytes; null: no limit
    sealed: bool = UNSET  # only the winner of a sweep is scored on the test set
    resume: bool = UNSET  # reuse results from the store
    keep_predictions: bool = UNSET  # store predictions, to compare models row by row
    share_mb: float = UNSET  # megabytes of memory for shared work; 0: share none
    store: str = UNSET  # results store, a folder or a URL
    budget: Budget = field(default_factory=Budget)  # how much a search may spend per model
    filters: Any = field(default_factory=schema("Filters", options_of(Filters).values()))  # which ratings are used
    search: SearchOptions | None = None  # how to search, with search=auto or search=quick


NODES: dict[str, type] = {"budget": Budget, "filters": Filters, "search": SearchOptions}  # nodes with options inside


def store_schemas(registry: Registry) -> None:
    """Make every registered model, dataset and split a typed option of its config group."""
    store = ConfigStore.instance()
    store.store(name="run_schema", node=RunConfig)
    for group in GROUPS:
        for entry in registry.entries[group].values():
            store.store(group=group, name=entry.name, node=node_of(entry), provider=entry.distribution)


def compose(overrides: Sequence[str]) -> JobConfig:
    """Return the configuration that a command line with these overrides composes.

    Raises:
        Exception: Hydra's and OmegaConf's errors, which `config.explain` turns into readable messages.
    """
    import hydra

    store_schemas(installed())
    with hydra.initialize_config_dir(str(conf_dir()), version_base="1.3"):
        return contents(hydra.compose("config", overrides=list(overrides)))


def node_of(entry: Entry) -> type:
    """Return the structured config of an entry: `kind`, which is its name, then its options.

    The default `seed` of a model is that of the run.
    """
    options = options_of(entry.factory)
    if entry.role == "model" and "seed" in options:
        options["seed"] = Option("seed", options["seed"].annotation, "${seed}")
    return schema(entry.name, options.values(), kind=entry.name)


def defaults_of(entry: Entry) -> dict[str, Any]:
    """Return the default values of an entry's options as plain values; options without a default are left out."""
    return {o.name: plain(o.default) for o in options_of(entry.factory).values() if o.default is not MISSING}


def contents(config: DictConfig) -> JobConfig:
    """Return the composed configuration of a job, interpolations resolved, enums by name."""
    container = OmegaConf.to_container(config, resolve=True, enum_to_str=True)
    return JobConfig.from_plain(cast("dict[str, Any]", container))


def arguments(group: str, node: Mapping[str, Any], registry: Registry) -> tuple[Entry, dict[str, Any]]:
    """Return the entry that a node names, and the keyword arguments for its factory.

    Raises:
        UnknownNameError: `kind` is not registered.
        DuplicateNameError: several plugins register `kind`.
        ValueError: an option is unknown, unset, or has a value that is not allowed.
    """
    entry = registry.find(group, node["kind"])
    options = options_of(entry.factory)
    values = {name: value for name, value in node.items() if name != "kind"}
    for name, value in values.items():
        if name not in options:
            hint = removal_advice(entry.factory, name) or did_you_mean(name, options)
            raise ValueError(
                f"{group} {entry.name!r} has no option {name!r}{hint} (options: {', '.join(options) or 'none'})"
            )
        if value == UNSET:
            raise ValueError(f"{group} {entry.name!r} needs {group}.{name}=...: it has no default")
    return entry, {name: convert(options[name].annotation, value, f"{group}.{name}") for name, value in values.items()}


def make(group: str, node: Mapping[str, Any], registry: Registry) -> Any:
    """Return the object that a node describes: a loaded dataset, or a split."""
    entry, values = arguments(group, node, registry)
    return entry.factory(**values)


def filters_of(node: Mapping[str, Any] | None) -> Filters:
    """Return the filters that the configuration's node `filters` describes.

    Raises:
        ValueError: a filter is not valid.
    """
    filters: Filters = convert(Filters, node or {}, "filters")
    return filters


def metrics_of(names: Sequence[str], registry: Registry) -> dict[str, Metric]:
    """Return the metrics of these names, in this order.

    Raises:
        ValueError: `names` is empty.
        UnknownNameError: a metric is not registered.
    """
    if not names:
        raise ValueError("metrics=[] is empty; name at least one metric: metrics=[rmse,mae]")
    return {name: registry.metric(name) for name in names}
