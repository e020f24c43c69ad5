"""What an audit says: findings that spoil a comparison, notes with what to do, and a page to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from recbench.audit.measures import Audit

BAR = 40  # characters of the longest bar
FEW_TEST_ROWS = 1_000
FEW_RATINGS = 5  # of a user
MANY_TIED = 0.05  # share of the test rows
MANY_COLD = 0.1


def findings(told: Audit) -> Iterator[str]:
    """What spoils any comparison on this data and split."""
    if told.n_overlapping_rows:
        yield f"{told.n_overlapping_rows:,} rows are in train and in test: the split is wrong"
    elif told.n_overlapping_pairs:
        yield (
            f"{told.n_overlapping_pairs:,} test rows have a user and item that are rated in train too: keep one rating "
            "of each pair"
        )
    if told.n_repeated_pairs and not told.n_overlapping_pairs:
        yield f"{told.n_repeated_pairs:,} rows repeat a user and item: keep one rating of each pair"


def warnings(told: Audit) -> Iterator[str]:
    """What to know before believing a comparison."""
    if told.future_share:
        late = f"{told.future_share:.0%} of the test ratings are older than the last training rating"
        own = f"{late} ({told.own_future_share:.0%} than the user's own last): models know the future"
        others = f"{late}: models know what other users did later"
        yield (own if told.own_future_share else others) + "; under split=global_time they don't"
    if told.own_tied_share is not None and told.own_tied_share > MANY_TIED:
        yield (
            f"{told.own_tied_share:.0%} of the test ratings have the time of their user's last training rating: "
            "which came first can't be told"
        )
    if told.n_alike_users:
        yield (
            f"{told.n_alike_users:,} users have all items and ratings of another: copies of one account know each "
            "other's test rows; keep one of each"
        )
    cold = told.cold_users + told.cold_items - told.cold_both
    if cold > MANY_COLD:
        yield (
            f"{cold:.0%} of the test ratings are of a new user or item: most models have only averages for them, "
            "content knows what a new item is"
        )
    if told.n_test < FEW_TEST_ROWS:
        yield f"{told.n_test:,} test rows: differences below {told.rmse_bias / np.sqrt(told.n_test):.3f} RMSE are noise"
    if told.ratings_a_user["median"] < FEW_RATINGS:
        yield f"half of the users have fewer than {FEW_RATINGS} ratings: a model knows little more of them than a bias"
    if told.rmse_bias >= told.rmse_global_mean:
        yield "bias is no better than the global mean: there may be nothing to learn about users and items"


def lines(told: Audit) -> Iterator[str]:
    """The audit as a person reads it."""
    size = f"{told.n_users:,} users × {told.n_items:,} items, {told.n_ratings:,} ratings"
    yield f"{told.dataset} · {size}, {told.density:.2%} of all pairs"
    most = max(told.histogram.values())
    for value, count in told.histogram.items():
        yield f"  {value:>6}  {'█' * round(BAR * count / most):{BAR}}  {count:,}"
    for what, counts in (("a user", told.ratings_a_user), ("an item", told.ratings_an_item)):
        quantiles = ", ".join(f"{name} {value:,.10g}" for name, value in counts.items() if name != "mean")
        yield f"ratings of {what}: {quantiles}; mean {counts['mean']:,.1f}"
    yield f"the most rated tenth of the items has {told.popular_share:.1%} of the ratings"
    if told.first_time is not None:
        first, last = (np.datetime64(time, "s").astype("M8[D]") for time in (told.first_time, told.last_time))
        yield f"from {first} to {last}"
    yield from _of_the_split(told)
    yield from (f"wrong: {finding}" for finding in told.findings)
    yield from (f"note: {warning}" for warning in told.warnings)
    yield f"digest {told.digest[:16]}"


def _of_the_split(told: Audit) -> Iterator[str]:
    folds = f" in {told.n_folds} folds" if told.n_folds > 1 else ""
    yield f"{told.split} · {told.n_train:,} train rows, {told.n_test:,} test rows{folds}"
    overlap = f"{told.n_overlapping_rows:,} rows, {told.n_overlapping_pairs:,} pairs"
    yield f"overlap: {overlap}; {told.n_repeated_pairs:,} repeated pairs, {told.n_alike_users:,} users like another"
    cold = f"{told.cold_users:.1%} of the test rows by user, {told.cold_items:.1%} by item"
    yield f"cold: {cold}, {told.cold_both:.1%} by both"
    if told.future_share is not None:
        own = f"{told.own_future_share:.1%} than their user's, {told.own_tied_share:.1%} as old"
        yield f"future: {told.future_share:.1%} are older than the last training rating, {own}"
    yield f"mean rating {told.mean_train:.3f} in train, {told.mean_test:.3f} in test"
    yield f"RMSE of global_mean {told.rmse_global_mean:.4f}, of bias {told.rmse_bias:.4f}: what a model must beat"
