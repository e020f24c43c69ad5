"""`recbench audit`: what a data set and a split are, what leaks between train and test, what noise is left."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import fmean

import numpy as np

from recbench import config, jobs
from recbench.contracts import Fold, IntArray, Metric, RatingDataset
from recbench.messages import Parser, Unmet, UsageError
from recbench.metrics.errors import rmse
from recbench.models.bias import Bias
from recbench.models.means import GlobalMean
from recbench.runner import fold_parts, run_fold

BAR = 40  # characters of the longest bar
N_BARS = 10  # of a histogram of ratings that take more values than this
FEW_TEST_ROWS = 1_000
FEW_RATINGS = 5


@dataclass(frozen=True)
class Audit:
    """What was found; shares are of the test rows, times in seconds since 1970."""

    dataset: str
    split: str
    n_users: int
    n_items: int
    n_ratings: int
    density: float  # share of all pairs that is rated
    digest: str
    histogram: Mapping[str, int]  # number of ratings by value, or by the lower end of a range
    ratings_a_user: Mapping[str, float]  # min, median, mean, max
    ratings_an_item: Mapping[str, float]
    n_repeated_pairs: int  # rows whose user and item stand in an earlier row
    first_time: int | None
    last_time: int | None
    n_folds: int
    n_train: int  # of all folds together, as what follows
    n_test: int
    n_overlapping_rows: int  # rows that are in train and in test of a fold
    n_overlapping_pairs: int  # test rows whose pair is in train too
    future_share: float | None  # test rows older than the latest training row
    own_future_share: float | None  # test rows older than the latest training row of the same user
    cold_users: float  # test rows of a user without a training row
    cold_items: float
    cold_both: float
    rmse_global_mean: float  # what any model must beat
    rmse_bias: float  # what a model of two averages reaches
    findings: Sequence[str] = field(default_factory=tuple)  # what spoils a comparison
    warnings: Sequence[str] = field(default_factory=tuple)  # what to know


def audit(args: Sequence[str]) -> str:
    """Audit the data set and the split that the overrides name.

    Raises:
        UsageError: an override is about something else.
        Unmet: train and test overlap, or a pair stands in the data twice.
    """
    usage = "recbench audit [dataset=... dataset.<option>=...] [split=...] [--json]"
    parser = Parser("recbench audit", usage, add_help=False)
    parser.add_argument("overrides", nargs="*")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_intermixed_args(args)
    if strange := [each for each in asked.overrides if not each.startswith(("dataset", "split"))]:
        raise UsageError(f"{strange[0]!r}: an audit is of a data set and a split alone ({usage})")
    composed = config.compose(["model=bias", *asked.overrides])
    try:
        parts = jobs.prepare(jobs.Job(composed, "bias"))
    except jobs.PLAIN_ERRORS as error:  # a path, a time or a number that can't be had
        raise UsageError(jobs.cause_of(error)) from error
    found = audit_of(parts.dataset, parts.folds, jobs.split_label(composed))
    text = json.dumps(asdict(found), indent=1, ensure_ascii=False) if asked.json else "\n".join(_lines(found))
    if found.findings:
        raise Unmet(text)
    return text


def audit_of(dataset: RatingDataset, folds: Sequence[Fold], split: str) -> Audit:
    """The audit of a data set and its folds."""
    pairs = dataset.user_idx.astype(np.int64) * dataset.n_items + dataset.item_idx
    tests = np.concatenate([test for _, test in folds])
    n_test = max(1, len(tests))
    leaks = [_leaks(dataset, pairs, fold) for fold in folds]
    floors = [_floors(dataset, fold) for fold in folds]
    total = {name: sum(each[name] for each in leaks) for name in leaks[0]}
    times = dataset.timestamps
    told = Audit(
        dataset=dataset.name,
        split=split,
        n_users=dataset.n_users,
        n_items=dataset.n_items,
        n_ratings=dataset.n_ratings,
        density=dataset.n_ratings / max(1, dataset.n_users * dataset.n_items),
        digest=dataset.digest,
        histogram=_histogram(dataset),
        ratings_a_user=_activity(dataset.user_idx, dataset.n_users),
        ratings_an_item=_activity(dataset.item_idx, dataset.n_items),
        n_repeated_pairs=len(pairs) - len(np.unique(pairs)),
        first_time=None if times is None else int(times.min()),
        last_time=None if times is None else int(times.max()),
        n_folds=len(folds),
        n_train=sum(len(train) for train, _ in folds),
        n_test=len(tests),
        n_overlapping_rows=total["rows"],
        n_overlapping_pairs=total["pairs"],
        future_share=None if times is None else total["future"] / n_test,
        own_future_share=None if times is None else total["own_future"] / n_test,
        cold_users=total["cold_users"] / n_test,
        cold_items=total["cold_items"] / n_test,
        cold_both=total["cold_both"] / n_test,
        rmse_global_mean=fmean(mean for mean, _ in floors),
        rmse_bias=fmean(bias for _, bias in floors),
    )
    values = {name: getattr(told, name) for name in told.__dataclass_fields__}
    return Audit(**values | {"findings": tuple(_findings(told)), "warnings": tuple(_warnings(told))})


def _leaks(dataset: RatingDataset, pairs: IntArray, fold: Fold) -> dict[str, int]:
    """Numbers of one fold's test rows, by what is the matter with them."""
    train, test = fold
    cold = []
    for index, n in ((dataset.user_idx, dataset.n_users), (dataset.item_idx, dataset.n_items)):
        known = np.zeros(n, bool)
        known[index[train]] = True
        cold.append(~known[index[test]])
    counts = {
        "rows": len(np.intersect1d(train, test)),
        "pairs": int(np.isin(pairs[test], pairs[train]).sum()),
        "cold_users": int(cold[0].sum()),
        "cold_items": int(cold[1].sum()),
        "cold_both": int((cold[0] & cold[1]).sum()),
        "future": 0,
        "own_future": 0,
    }
    if dataset.timestamps is not None and len(train):
        times, users = dataset.timestamps, dataset.user_idx
        latest = np.full(dataset.n_users, np.iinfo(np.int64).min)
        np.maximum.at(latest, users[train], times[train])
        counts["future"] = int((times[test] < times[train].max()).sum())
        counts["own_future"] = int((times[test] < latest[users[test]]).sum())
    return counts


def _floors(dataset: RatingDataset, fold: Fold) -> tuple[float, float]:
    train, scored = fold_parts(dataset, fold, "test", 0.1, 0)
    metrics = {"rmse": Metric(rmse)}
    mean, bias = (run_fold(train, scored, model, metrics, 0.1, 0).scores["rmse"] for model in (GlobalMean(), Bias()))
    return mean, bias


def _histogram(dataset: RatingDataset) -> dict[str, int]:
    values, counts = np.unique(dataset.ratings, return_counts=True)
    if len(values) > N_BARS:
        counts, edges = np.histogram(dataset.ratings, N_BARS, dataset.rating_scale)
        values = edges[:-1]
    return {f"{value:g}": int(count) for value, count in zip(values.tolist(), counts.tolist(), strict=True)}


def _activity(index: IntArray, n: int) -> dict[str, float]:
    counts = np.bincount(index, minlength=n)
    return {
        "min": int(counts.min()),
        "median": float(np.median(counts)),
        "mean": float(counts.mean()),
        "max": int(counts.max()),
    }


def _findings(told: Audit) -> Iterator[str]:
    if told.n_overlapping_rows:
        yield f"{told.n_overlapping_rows:,} rows are in train and in test: the split is wrong"
    elif told.n_overlapping_pairs:
        yield (
            f"{told.n_overlapping_pairs:,} test rows have a user and item that are rated in train too: keep one rating "
            "of each pair"
        )
    if told.n_repeated_pairs and not told.n_overlapping_pairs:
        yield f"{told.n_repeated_pairs:,} rows repeat a user and item: keep one rating of each pair"


def _warnings(told: Audit) -> Iterator[str]:
    if told.future_share:
        own = f" ({told.own_future_share:.0%} older than the user's own last)"
        yield (
            f"{told.future_share:.0%} of the test ratings are older than the last training rating{own}: models know "
            "the future; split=global_time and split=per_user_last don't have them"
        )
    if told.n_test < FEW_TEST_ROWS:
        yield f"{told.n_test:,} test rows: differences below {told.rmse_bias / np.sqrt(told.n_test):.3f} RMSE are noise"
    if told.ratings_a_user["median"] < FEW_RATINGS:
        yield f"half of the users have fewer than {FEW_RATINGS} ratings: a model knows little more of them than a bias"
    if told.rmse_bias >= told.rmse_global_mean:
        yield "bias is no better than the global mean: there may be nothing to learn about users and items"


def _lines(told: Audit) -> Iterator[str]:
    size = f"{told.n_users:,} users × {told.n_items:,} items, {told.n_ratings:,} ratings"
    yield f"{told.dataset} · {size}, {told.density:.2%} of all pairs"
    most = max(told.histogram.values())
    for value, count in told.histogram.items():
        yield f"  {value:>6}  {'█' * round(BAR * count / most):{BAR}}  {count:,}"
    for what, counts in (("user", told.ratings_a_user), ("item", told.ratings_an_item)):
        yield (
            f"ratings of a{'n' if what == 'item' else ''} {what}: {counts['min']:,} to {counts['max']:,}, "
            f"median {counts['median']:g}, mean {counts['mean']:.1f}"
        )
    if told.first_time is not None:
        first, last = (np.datetime64(time, "s").astype("M8[D]") for time in (told.first_time, told.last_time))
        yield f"from {first} to {last}"
    folds = f" in {told.n_folds} folds" if told.n_folds > 1 else ""
    yield f"{told.split} · {told.n_train:,} train rows, {told.n_test:,} test rows{folds}"
    overlap = f"{told.n_overlapping_rows:,} rows, {told.n_overlapping_pairs:,} pairs"
    yield f"overlap: {overlap}; {told.n_repeated_pairs:,} repeated pairs"
    cold = f"{told.cold_users:.1%} of the test rows by user, {told.cold_items:.1%} by item"
    yield f"cold: {cold}, {told.cold_both:.1%} by both"
    if told.future_share is not None:
        own = f"{told.own_future_share:.1%} than their user's"
        yield f"future: {told.future_share:.1%} are older than the last training rating, {own}"
    yield f"RMSE of global_mean {told.rmse_global_mean:.4f}, of bias {told.rmse_bias:.4f}: what a model must beat"
    yield from (f"wrong: {finding}" for finding in told.findings)
    yield from (f"note: {warning}" for warning in told.warnings)
    yield f"digest {told.digest[:16]}"
