"""Preparation: from a job's configuration to the objects that the protocol takes."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

from recbench.config import schema as configuration
from recbench.contracts import Fold, Metric, RatingDataset, RatingModel
from recbench.jobs.job import Job
from recbench.protocol.descriptions import split_digest
from recbench.protocol.filters import Filters
from recbench.protocol.folds import FoldData, ValidationSplits, fold_data, validation_splits
from recbench.registry.registry import installed
from recbench.runtime.memo import digest_of, memoize
from recbench.runtime.process_state import cached
from recbench.runtime.threads import limit_threads

N_BYTES_PER_RATING = 20  # two indices, a rating and a timestamp


@dataclass(frozen=True)
class Parts:
    """The objects that a job consists of, ready for the protocol."""

    dataset: RatingDataset
    folds: Sequence[Fold]
    validation: ValidationSplits  # how validation sets are cut
    make_models: Sequence[Callable[[], RatingModel]]  # one per fold
    metrics: Mapping[str, Metric]
    filters: Filters  # for the training sets; filters of the whole dataset have been applied

    @cached_property
    def split_digest(self) -> str:
        """The SHA-256 over the training and test rows of all folds."""
        return split_digest(self.folds)


def prepare(job: Job, given: RatingDataset | None = None) -> Parts:
    """Make the objects that the configuration names; an error here is a mistake in the command.

    The dataset `given`, if any, replaces the one that the configuration names.

    Raises:
        LookupError, ValueError, OSError: a name, an option or a file is wrong.
    """
    registry = installed()
    if (n_threads := job.config.threads) is not None:
        limit_threads(n_threads)
    makers = [_maker(node) for node in job.nodes()]
    metrics = configuration.metrics_of(job.config.metrics, registry)
    split = configuration.make("split", job.config.split, registry)
    filters = configuration.filters_of(job.config.filters)
    of_whole_set, of_training_set = (filters, Filters()) if filters.whole_set else (Filters(), filters)
    node = json.dumps(job.config.dataset, sort_keys=True)
    dataset = _dataset(node, of_whole_set) if given is None else _filtered(given, of_whole_set)
    folds = list(split(dataset))
    return Parts(
        dataset=dataset,
        folds=folds,
        validation=validation_splits(split, job.config.valid_size, job.config.seed),
        make_models=makers if job.options_per_fold else makers * len(folds),
        metrics=metrics,
        filters=of_training_set,
    )


def load_folds(job: Job, parts: Parts) -> list[Callable[[], FoldData]]:
    """Return one function per fold that loads its data; jobs of one process reuse the same data."""
    return [partial(_fold_data, job, parts, fold) for fold in parts.folds]


def _fold_data(job: Job, parts: Parts, fold: Fold) -> FoldData:
    dataset, filters = parts.dataset, parts.filters
    drawn = (job.config.seed, job.config.valid_size)
    split = json.dumps(job.config.split, sort_keys=True)  # it cuts the validation set, too
    return memoize(
        "fold",
        lambda: (dataset.digest, digest_of(*fold), job.scored_on, *drawn, filters, split),
        lambda: fold_data(dataset, fold, job.scored_on, parts.validation.scored, filters),
        N_BYTES_PER_RATING * dataset.n_ratings,
    )


def _maker(node: Mapping[str, object]) -> Callable[[], RatingModel]:
    entry, options = configuration.arguments("model", node, installed())
    return partial(entry.factory, **options)


@cached(maxsize=1)
def _dataset(node: str, filters: Filters) -> RatingDataset:
    """Load the dataset; the last one is cached for the next job of this process, which usually needs the same."""
    return _filtered(configuration.make("dataset", json.loads(node), installed()), filters)


def _filtered(dataset: RatingDataset, filters: Filters) -> RatingDataset:
    return replace(filters.apply(dataset), name=f"{dataset.name} {filters}") if filters else dataset
