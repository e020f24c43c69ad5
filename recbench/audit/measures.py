"""The measurements of an audit: counts over the rows of a dataset and the folds of a split."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from recbench.array_types import BoolArray, IntArray
from recbench.contracts import Fold, Metric, RatingDataset, RatingModel
from recbench.metrics.errors import rmse
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import GlobalMean
from recbench.protocol.runner import evaluate

FEW_RATINGS = 5  # fewer ratings of a user say little
N_BARS = 10  # of the histogram where the ratings have more values than this
QUANTILES = {"min": 0.0, "10%": 0.1, "25%": 0.25, "median": 0.5, "75%": 0.75, "90%": 0.9, "99%": 0.99, "max": 1.0}
CHUNK = 21  # bits that a float64 sums exactly, over 2**32 rows


@dataclass(frozen=True)
class Audit:
    """The measurements; shares are of the test rows of all folds, times in seconds since 1970."""

    dataset: str
    split: str
    n_users: int
    n_items: int
    n_ratings: int
    density: float  # share of all pairs that are rated
    digest: str
    histogram: Mapping[str, int]  # number of ratings by value, or by the lower end of a range
    ratings_a_user: Mapping[str, float]  # quantiles and mean, users without ratings included
    ratings_an_item: Mapping[str, float]
    popular_share: float  # share of the ratings that the most rated tenth of the items has
    n_repeated_pairs: int  # rows whose user and item occur in an earlier row
    n_alike_users: int  # users with all items and ratings of an earlier user
    first_time: int | None
    last_time: int | None
    n_folds: int
    n_train: int  # of all folds together, like the numbers below
    n_test: int
    n_overlapping_rows: int  # rows in both the training and the test set of a fold
    n_overlapping_pairs: int  # test rows whose pair is in the training set, too
    mean_train: float  # rating
    mean_test: float
    future_share: float | None  # test rows older than the latest training row
    own_future_share: float | None  # test rows older than the latest training row of the same user
    own_tied_share: float | None  # test rows as old as the latest training row of the same user
    cold_users: float  # test rows of a user without a training row
    cold_items: float
    cold_both: float
    rmse_global_mean: float  # the weakest baseline
    rmse_bias: float  # the baseline to beat
    findings: Sequence[str] = field(default_factory=tuple)  # what invalidates a comparison
    warnings: Sequence[str] = field(default_factory=tuple)  # what to know before trusting a comparison


def measure(dataset: RatingDataset, folds: Sequence[Fold], split: str) -> Audit:
    """Measure a dataset and its folds; `split` is the label of the split.

    Raises:
        ValueError: the dataset has no ratings, or there are no folds.
    """
    if dataset.n_ratings == 0 or not folds:
        raise ValueError(f"{dataset.n_ratings} ratings in {len(folds)} folds; an audit needs at least one of each")
    pairs = dataset.user_idx.astype(np.int64) * dataset.n_items + dataset.item_idx
    in_order = np.sort(pairs)
    n_repeated = int(np.count_nonzero(in_order[1:] == in_order[:-1]))
    leaks = [_leaks(dataset, pairs if n_repeated else None, fold) for fold in folds]
    total = {name: sum(each[name] for each in leaks) for name in leaks[0]}
    n_train, n_test = (sum(len(fold[side]) for fold in folds) for side in (0, 1))
    times = dataset.timestamps
    return Audit(
        dataset=dataset.name,
        split=split,
        n_users=dataset.n_users,
        n_items=dataset.n_items,
        n_ratings=dataset.n_ratings,
        density=dataset.n_ratings / (dataset.n_users * dataset.n_items),
        digest=dataset.digest,
        histogram=_histogram(dataset),
        ratings_a_user=_activity(dataset.user_idx, dataset.n_users),
        ratings_an_item=_activity(dataset.item_idx, dataset.n_items),
        popular_share=_popular_share(dataset),
        n_repeated_pairs=n_repeated,
        n_alike_users=_alike_users(dataset),
        first_time=None if times is None else int(times.min()),
        last_time=None if times is None else int(times.max()),
        n_folds=len(folds),
        n_train=n_train,
        n_test=n_test,
        n_overlapping_rows=int(total["rows"]),
        n_overlapping_pairs=int(total["pairs"]),
        mean_train=total["train_sum"] / n_train,
        mean_test=total["test_sum"] / n_test,
        **_shares(total, n_test, has_times=times is not None),
        rmse_global_mean=_rmse_of(GlobalMean, dataset, folds),
        rmse_bias=_rmse_of(Bias, dataset, folds),
    )


def _rmse_of(model: type[RatingModel], dataset: RatingDataset, folds: Sequence[Fold]) -> float:
    record = evaluate(dataset, lambda _: iter(folds), model, {"rmse": Metric(rmse)})
    return record.outcome.scores["rmse"].mean


def _shares(total: Mapping[str, float], n_test: int, *, has_times: bool) -> dict[str, Any]:
    """Return the shares of late and cold test rows; None where there are no times."""
    late = {
        f"{name}_share": total[name] / n_test if has_times else None for name in ("future", "own_future", "own_tied")
    }
    return late | {name: total[name] / n_test for name in ("cold_users", "cold_items", "cold_both")}


def _leaks(dataset: RatingDataset, pairs: IntArray | None, fold: Fold) -> dict[str, float]:
    """Count one fold's test rows by problem; `pairs` is None if no pair is repeated."""
    train, test = fold
    users = dataset.user_idx
    items = dataset.item_idx
    new_user = ~_known(users[train], dataset.n_users)[users[test]]
    new_item = ~_known(items[train], dataset.n_items)[items[test]]
    rows = int(np.count_nonzero(_known(train, dataset.n_ratings)[test]))
    return {
        "rows": rows,
        "pairs": rows if pairs is None else int(np.count_nonzero(np.isin(pairs[test], pairs[train]))),
        "cold_users": int(np.count_nonzero(new_user)),
        "cold_items": int(np.count_nonzero(new_item)),
        "cold_both": int(np.count_nonzero(new_user & new_item)),
        "train_sum": float(dataset.ratings[train].sum(dtype=np.float64)),
        "test_sum": float(dataset.ratings[test].sum(dtype=np.float64)),
        **(_late(dataset.timestamps, users, fold, dataset.n_users) if dataset.timestamps is not None else {}),
    }


def _late(times: IntArray, users: IntArray, fold: Fold, n_users: int) -> dict[str, int]:
    """Count one fold's test rows that are older than training rows."""
    train, test = fold
    latest = np.full(n_users, np.iinfo(np.int64).min)  # training row of each user
    np.maximum.at(latest, users[train], times[train])
    own = latest[users[test]]
    return {
        "future": int(np.count_nonzero(times[test] < times[train].max())),
        "own_future": int(np.count_nonzero(times[test] < own)),
        "own_tied": int(np.count_nonzero(times[test] == own)),
    }


def _known(index: IntArray, n: int) -> BoolArray:
    known = np.zeros(n, bool)
    known[index] = True
    return known


def _alike_users(dataset: RatingDataset) -> int:
    """Count the users with `FEW_RATINGS` or more whose items and ratings equal those of an earlier user.

    Each row is mixed to 64 bits (as in SplitMix64) and summed over the user's rows, in three exact parts
    of 21 bits: two users with different rows have equal sums with a probability of 2**-63.
    """
    mixed = dataset.item_idx.astype(np.uint64) << np.uint64(32) | (dataset.ratings + 0.0).view(np.uint32)
    for factor, shift in ((0x9E3779B97F4A7C15, 30), (0xBF58476D1CE4E5B9, 27), (0x94D049BB133111EB, 31)):
        mixed *= np.uint64(factor)
        mixed ^= mixed >> np.uint64(shift)
    n_rows = np.bincount(dataset.user_idx, minlength=dataset.n_users)
    chunks = ((mixed >> np.uint64(CHUNK * part) & np.uint64(2**CHUNK - 1)).astype(np.float64) for part in range(3))
    sums = [np.bincount(dataset.user_idx, chunk, minlength=dataset.n_users) for chunk in chunks]
    marks = np.stack([n_rows, *sums], axis=1)[n_rows >= FEW_RATINGS]
    return len(marks) - len(np.unique(marks, axis=0))


def _histogram(dataset: RatingDataset) -> dict[str, int]:
    values, counts = np.unique(dataset.ratings, return_counts=True)
    if len(values) > N_BARS:
        counts, edges = np.histogram(dataset.ratings, N_BARS, dataset.rating_scale)
        values = edges[:-1]
    return {f"{value:g}": int(count) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


def _activity(index: IntArray, n: int) -> dict[str, float]:
    counts = np.bincount(index, minlength=n)
    quantiles = np.quantile(counts, list(QUANTILES.values()), method="inverted_cdf").tolist()  # counts that occur
    return dict(zip(QUANTILES, quantiles, strict=True)) | {"mean": float(counts.mean())}


def _popular_share(dataset: RatingDataset) -> float:
    counts = np.sort(np.bincount(dataset.item_idx, minlength=dataset.n_items))
    return float(counts[-int(np.ceil(len(counts) / 10)) :].sum() / dataset.n_ratings)
