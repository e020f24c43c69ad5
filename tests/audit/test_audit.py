"""The audit: every number computed by hand, and the warnings that follow."""

from __future__ import annotations

import dataclasses
import json
import os
from pathlib import Path

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.audit import Audit, audit_of
from tests.support.command import SMALL, recbench, records_in
from tests.support.datasets import make_dataset

# rows: 0 u0 i0 t10, 1 u0 i1 t20, 2 u0 i2 t30, 3 u1 i0 t40, 4 u1 i1 t50, 5 u2 i3 t5
TOY = make_dataset(
    np.array([0, 0, 0, 1, 1, 2]),
    np.array([0, 1, 2, 0, 1, 3]),
    np.array([1.0, 2, 3, 4, 5, 5]),
    n_users=3,
    n_items=4,
    timestamps=np.array([10, 20, 30, 40, 50, 5]),
)
TRAIN, TEST = np.array([0, 2, 3]), np.array([1, 4, 5])


def _dataset(pairs: list[tuple[int, int]], ratings: list[float] | None = None) -> RatingDataset:
    users, items = np.array(pairs).T
    values = np.full(len(pairs), 1.0) if ratings is None else np.array(ratings)
    scale = (-1, 1) if values.min() <= 0 else (1, 5)
    return make_dataset(users, items, values, n_users=users.max() + 1, n_items=items.max() + 1, scale=scale)


@pytest.fixture(scope="module")
def audit() -> Audit:
    return audit_of(TOY, [(TRAIN, TEST)], "by hand")


def test_sizes_are_counted(audit: Audit) -> None:
    assert (audit.n_users, audit.n_items, audit.n_ratings, audit.density) == (3, 4, 6, 0.5)
    assert (audit.n_folds, audit.n_train, audit.n_test) == (1, 3, 3)
    assert (audit.first_time, audit.last_time) == (5, 50)
    assert audit.histogram == {"1": 1, "2": 1, "3": 1, "4": 1, "5": 2}
    assert (audit.mean_train, audit.mean_test) == pytest.approx((8 / 3, 4.0))


def test_quantiles_are_counts_that_occur() -> None:
    # users 0...9 rate 1...10 of the items, item i is rated by 10 - i of them
    pairs = [(user, item) for user in range(10) for item in range(user + 1)]
    found = audit_of(_dataset(pairs), [(np.arange(1, 55), np.array([0]))], "by hand")
    expected = {"min": 1, "10%": 1, "25%": 3, "median": 5, "75%": 8, "90%": 9, "99%": 10, "max": 10, "mean": 5.5}
    assert found.ratings_a_user == expected
    assert found.ratings_an_item == expected


def test_the_most_rated_tenth_is_at_least_one_item() -> None:
    found = audit_of(_dataset([(0, 0), (1, 0), (2, 0), (0, 1)]), [(np.array([0, 1]), np.array([2, 3]))], "by hand")
    assert found.popular_share == 0.75


@pytest.mark.parametrize(
    ("other", "n_alike"),
    [
        ([(1, i, 1 + i % 3) for i in (5, 4, 3, 2, 1, 0)], 1),  # in another order
        ([(1, i, 1 + i % 3) for i in range(5)], 0),  # one fewer
        ([(1, i, 1 + (i + 1) % 3) for i in range(6)], 0),  # the same ratings in all, of other items
        ([(1, i + 1, 1 + i % 3) for i in range(6)], 0),
    ],
)
def test_users_are_alike_if_they_rated_the_same_items_the_same(other: list[tuple[int, int, int]], n_alike: int) -> None:
    rows = [(0, i, 1 + i % 3) for i in range(6)] + other + [(2, 0, 1), (3, 0, 1)]  # too few ratings to tell
    alike = _dataset([(user, item) for user, item, _ in rows], [rating for *_, rating in rows])
    found = audit_of(alike, [(np.arange(1, len(rows)), np.array([0]))], "by hand")
    assert found.n_alike_users == n_alike
    assert any("1 users have all items and ratings" in each for each in found.warnings) == bool(n_alike)


def test_zero_and_minus_zero_are_one_rating() -> None:
    pairs = [(user, item) for user in (0, 1) for item in range(5)]
    found = audit_of(_dataset(pairs, [0.0] * 5 + [-0.0] * 5), [(np.arange(1, 10), np.array([0]))], "by hand")
    assert found.n_alike_users == 1


def test_many_values_are_shown_in_ten_ranges_of_the_scale() -> None:
    values = [-1.0, -0.99, *np.linspace(0.01, 0.19, 12).tolist(), 1.0]
    found = audit_of(_dataset([(0, i) for i in range(15)], values), [(np.arange(14), np.array([14]))], "by hand")
    assert list(found.histogram) == ["-1", "-0.8", "-0.6", "-0.4", "-0.2", "0", "0.2", "0.4", "0.6", "0.8"]
    assert list(found.histogram.values()) == [2, 0, 0, 0, 0, 12, 0, 0, 0, 1]


def test_a_dataset_without_ratings_can_not_be_audited() -> None:
    with pytest.raises(ValueError, match="0 ratings in 0 folds"):
        audit_of(TOY.take(np.array([], np.int64)), [], "none")


def test_cold_rows_are_counted(audit: Audit) -> None:
    # item 1 and item 3 are in test alone, and so is user 2
    assert [audit.cold_users, audit.cold_items, audit.cold_both] == pytest.approx([1 / 3, 1, 1 / 3])


def test_the_future_is_counted(audit: Audit) -> None:
    # train ends at 40: rows 1 (20) and 5 (5) are older; user 0's train ends at 30: row 1 is older
    assert audit.future_share == pytest.approx(2 / 3)
    assert audit.own_future_share == pytest.approx(1 / 3)
    assert audit.own_tied_share == 0


def test_simultaneous_ratings_are_not_counted_as_earlier() -> None:
    tied = dataclasses.replace(TOY, timestamps=np.array([10, 30, 30, 40, 50, 5]))
    found = audit_of(tied, [(TRAIN, TEST)], "by hand")
    assert (found.own_future_share, found.own_tied_share) == pytest.approx((0, 1 / 3))
    assert any("their order is unknown" in each for each in found.warnings)


def test_the_global_mean_baseline_is_the_rmse_around_the_training_mean(audit: Audit) -> None:
    mean = (1 + 3 + 4) / 3
    expected = np.sqrt(np.mean((np.array([2, 5, 5]) - mean) ** 2))
    assert audit.rmse_global_mean == pytest.approx(expected, abs=1e-6)


def test_nothing_overlaps(audit: Audit) -> None:
    assert (audit.n_overlapping_rows, audit.n_overlapping_pairs, audit.n_repeated_pairs) == (0, 0, 0)
    assert audit.findings == ()


def test_a_row_on_both_sides_is_found() -> None:
    found = audit_of(TOY, [(np.array([0, 1, 2, 3]), np.array([1, 4, 5]))], "wrong")
    assert found.n_overlapping_rows == 1
    assert found.findings == ("1 rows are in both the training and the test set: the split is wrong",)


def test_a_pair_on_both_sides_is_found() -> None:
    twice = make_dataset(
        np.array([0, 0, 1]), np.array([0, 0, 1]), np.array([1.0, 2, 3]), n_users=2, n_items=2, name="twice"
    )
    found = audit_of(twice, [(np.array([0, 2]), np.array([1]))], "by hand")
    assert (found.n_overlapping_pairs, found.n_repeated_pairs, found.future_share) == (1, 1, None)
    assert found.findings == (
        "1 test rows have a user and item that the training set has, too: keep one rating per pair",
    )


def test_shares_are_of_the_test_rows_of_all_folds() -> None:
    found = audit_of(TOY, [(TRAIN, TEST), (TEST, TRAIN)], "both ways")
    assert (found.n_folds, found.n_test) == (2, 6)
    assert found.cold_users == pytest.approx(1 / 6)


def test_the_command_prints_a_summary(tmp_path: Path) -> None:
    run = recbench("audit", *SMALL, "split=k_fold", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "60 users × 40 items, 1,200 ratings, 50.00% of all pairs" in run.stdout
    assert "1,200 test rows in 5 folds" in run.stdout
    assert "overlap: 0 rows, 0 pairs; 0 repeated pairs" in run.stdout
    assert not (tmp_path / "outputs").exists()


def test_json_has_the_same_numbers(tmp_path: Path) -> None:
    audit = json.loads(recbench("audit", "--json", *SMALL, "split=cold_user", cwd=tmp_path).stdout)
    assert (audit["cold_users"], audit["cold_items"], audit["findings"]) == (1.0, 0.0, [])
    assert audit["split"].startswith("cold_user test_size=0.2")


def test_filters_apply_to_the_training_set_unless_to_the_whole_set(tmp_path: Path) -> None:
    plain, filtered, whole = (
        json.loads(recbench("audit", "--json", *SMALL, *words, cwd=tmp_path).stdout)
        for words in ([], ["filters.min_rating=4"], ["filters.min_rating=4", "filters.whole_set=true"])
    )
    assert (plain["n_ratings"], plain["n_train"], plain["n_test"]) == (1200, 960, 240)
    assert (filtered["n_ratings"], filtered["n_test"], filtered["mean_test"]) == (1200, 240, plain["mean_test"])
    assert filtered["n_train"] < plain["n_train"]
    assert filtered["mean_train"] >= 4
    assert filtered["split"].endswith("train[min_rating=4.0]")
    assert whole["n_ratings"] == whole["n_train"] + whole["n_test"] == sum(whole["histogram"].values()) < 1200
    assert whole["mean_test"] >= 4


def test_the_baselines_of_an_audit_are_those_of_a_run_with_the_same_filters(tmp_path: Path) -> None:
    words = (*SMALL, "filters.min_user_ratings=20")
    audit = json.loads(recbench("audit", "--json", *words, cwd=tmp_path).stdout)
    recbench("model=bias", *words, cwd=tmp_path)
    (record,) = records_in(tmp_path)
    assert (audit["rmse_bias"], audit["n_train"]) == (record.outcome.scores["rmse"].mean, record.outcome.n_train)


def test_the_future_is_warned_of_and_a_split_by_time_has_none(tmp_path: Path) -> None:
    assert "models know the future" in recbench("audit", cwd=tmp_path).stdout
    assert "models know the future" not in recbench("audit", "split=global_time", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("model=mf",), "'model=mf' does not concern an audit; give only dataset, split and filters options"),
        (("dataset=moovielens",), "unknown dataset 'moovielens'; did you mean 'movielens'?"),
        ((*SMALL, "filters.min_rating=9"), "filters min_rating=9.0 leave none of 960 training rows; loosen them"),
        (("filters.k_cor=9",), "filters has no option 'k_cor'; did you mean 'k_core'?"),
        (("split.test_size=2",), "test_size=2.0; it must lie between 0 and 1"),
    ],
)
def test_a_wrong_command_is_one_line(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    run = recbench("audit", *args, cwd=tmp_path)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.realdata
@pytest.mark.skipif("RECBENCH_DATA" not in os.environ, reason="RECBENCH_DATA names no folder with MovieLens")
@pytest.mark.parametrize("split", ["per_user_last", "global_time", "cold_user", "cold_item"])
def test_movielens_100k_is_split_as_the_names_say(split: str, tmp_path: Path) -> None:
    path = Path(os.environ["RECBENCH_DATA"]) / "ml-100k"
    words = ("dataset=movielens", "dataset.release=100k", f"dataset.path={path}", f"split={split}")
    audit = json.loads(recbench("audit", "--json", *words, cwd=tmp_path).stdout)
    assert (audit["n_ratings"], audit["n_train"] + audit["n_test"]) == (100_000, 100_000)
    assert (audit["n_overlapping_pairs"], audit["n_repeated_pairs"], audit["findings"]) == (0, 0, [])
    assert audit["cold_users"] == 1 if split == "cold_user" else audit["cold_users"] < 1
    assert audit["cold_items"] == 1 if split == "cold_item" else audit["cold_items"] < 1
    if split == "global_time":
        assert audit["future_share"] == 0
    if split == "per_user_last":
        assert (audit["n_test"], audit["own_future_share"]) == (943, 0)
