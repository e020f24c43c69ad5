"""The text of an audit: findings that invalidate a comparison, warnings with advice, and a summary."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from recbench.audit.measures import FEW_RATINGS, Audit

BAR = 40  # characters of the longest bar
FEW_TEST_ROWS = 1_000
MANY_TIED = 0.05  # share of the test rows
MANY_COLD = 0.1


def findings(audit: Audit) -> Iterator[str]:
    """Yield what invalidates any comparison on this dataset and split."""
    if audit.n_overlapping_rows:
        yield f"{audit.n_overlapping_rows:,} rows are in both the training and the test set: the split is wrong"
    elif audit.n_overlapping_pairs:
        yield (
            f"{audit.n_overlapping_pairs:,} test rows have a user and item that the training set has, too: "
            "keep one rating per pair"
        )
    if audit.n_repeated_pairs and not audit.n_overlapping_pairs:
        yield f"{audit.n_repeated_pairs:,} rows repeat a user and item: keep one rating per pair"


def warnings(audit: Audit) -> Iterator[str]:
    """Yield what to know before trusting a comparison."""
    if audit.future_share:
        late = f"{audit.future_share:.0%} of the test ratings are older than the last training rating"
        own = f"{late} ({audit.own_future_share:.0%} than the user's own last): models know the future"
        others = f"{late}: models know what other users did later"
        yield (own if audit.own_future_share else others) + "; under split=global_time they don't"
    if audit.own_tied_share is not None and audit.own_tied_share > MANY_TIED:
        yield (
            f"{audit.own_tied_share:.0%} of the test ratings have the time of their user's last training rating: "
            "their order is unknown"
        )
    if audit.n_alike_users:
        yield (
            f"{audit.n_alike_users:,} users have all items and ratings of another: copies of one account contain each "
            "other's test rows; keep one of each"
        )
    cold = audit.cold_users + audit.cold_items - audit.cold_both
    if cold > MANY_COLD:
        yield (
            f"{cold:.0%} of the test ratings are of a new user or item: most models have only averages for them, "
            "content can use what a new item is"
        )
    if audit.n_test < FEW_TEST_ROWS:
        noise = audit.rmse_bias / np.sqrt(audit.n_test)
        yield f"{audit.n_test:,} test rows: differences below {noise:.3f} RMSE are noise"
    if audit.ratings_a_user["median"] < FEW_RATINGS:
        yield f"half of the users have fewer than {FEW_RATINGS} ratings: there is little to learn beyond a bias"
    if audit.rmse_bias >= audit.rmse_global_mean:
        yield "bias does not beat the global mean: there may be nothing to learn about users and items"


def lines(audit: Audit) -> Iterator[str]:
    """Yield the lines of the summary."""
    size = f"{audit.n_users:,} users × {audit.n_items:,} items, {audit.n_ratings:,} ratings"
    yield f"{audit.dataset} · {size}, {audit.density:.2%} of all pairs"
    most = max(audit.histogram.values())
    for value, count in audit.histogram.items():
        yield f"  {value:>6}  {'█' * round(BAR * count / most):{BAR}}  {count:,}"
    for what, counts in (("user", audit.ratings_a_user), ("item", audit.ratings_an_item)):
        quantiles = ", ".join(f"{name} {value:,.10g}" for name, value in counts.items() if name != "mean")
        yield f"ratings per {what}: {quantiles}; mean {counts['mean']:,.1f}"
    yield f"the most rated tenth of the items has {audit.popular_share:.1%} of the ratings"
    if audit.first_time is not None:
        first, last = (np.datetime64(time, "s").astype("M8[D]") for time in (audit.first_time, audit.last_time))
        yield f"from {first} to {last}"
    yield from _split_lines(audit)
    yield from (f"wrong: {finding}" for finding in audit.findings)
    yield from (f"note: {warning}" for warning in audit.warnings)
    yield f"digest {audit.digest[:16]}"


def _split_lines(audit: Audit) -> Iterator[str]:
    folds = f" in {audit.n_folds} folds" if audit.n_folds > 1 else ""
    yield f"{audit.split} · {audit.n_train:,} training rows, {audit.n_test:,} test rows{folds}"
    overlap = f"{audit.n_overlapping_rows:,} rows, {audit.n_overlapping_pairs:,} pairs"
    yield f"overlap: {overlap}; {audit.n_repeated_pairs:,} repeated pairs, {audit.n_alike_users:,} users like another"
    cold = f"{audit.cold_users:.1%} of the test rows by user, {audit.cold_items:.1%} by item"
    yield f"cold: {cold}, {audit.cold_both:.1%} by both"
    if audit.future_share is not None:
        own = f"{audit.own_future_share:.1%} than their user's last, {audit.own_tied_share:.1%} equally old"
        yield f"future: {audit.future_share:.1%} are older than the last training rating, {own}"
    yield f"mean rating {audit.mean_train:.3f} in the training set, {audit.mean_test:.3f} in the test set"
    yield f"RMSE of global_mean {audit.rmse_global_mean:.4f}, of bias {audit.rmse_bias:.4f}: the baselines to beat"
