"""The audit: every number by hand, and what it makes of them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.audit import Audit, audit_of
from tests.running import SMALL, recbench

# rows: 0 u0 i0 t10, 1 u0 i1 t20, 2 u0 i2 t30, 3 u1 i0 t40, 4 u1 i1 t50, 5 u2 i3 t5
TOY = RatingDataset(
    "toy",
    np.array([0, 0, 0, 1, 1, 2]),
    np.array([0, 1, 2, 0, 1, 3]),
    np.array([1.0, 2, 3, 4, 5, 5]),
    np.arange(3),
    np.arange(4),
    (1, 5),
    np.array([10, 20, 30, 40, 50, 5]),
)
TRAIN, TEST = np.array([0, 2, 3]), np.array([1, 4, 5])


@pytest.fixture(scope="module")
def told() -> Audit:
    return audit_of(TOY, [(TRAIN, TEST)], "by hand")


def test_sizes_are_counted(told: Audit) -> None:
    assert (told.n_users, told.n_items, told.n_ratings, told.density) == (3, 4, 6, 0.5)
    assert (told.n_folds, told.n_train, told.n_test) == (1, 3, 3)
    assert (told.first_time, told.last_time) == (5, 50)
    assert told.histogram == {"1": 1, "2": 1, "3": 1, "4": 1, "5": 2}
    assert told.ratings_a_user == {"min": 1, "median": 2.0, "mean": 2.0, "max": 3}
    assert told.ratings_an_item == {"min": 1, "median": 1.5, "mean": 1.5, "max": 2}


def test_cold_rows_are_counted(told: Audit) -> None:
    # item 1 and item 3 are in test alone, and so is user 2
    assert [told.cold_users, told.cold_items, told.cold_both] == pytest.approx([1 / 3, 1, 1 / 3])


def test_the_future_is_counted(told: Audit) -> None:
    # train ends at 40: rows 1 (20) and 5 (5) are older; user 0's train ends at 30: row 1 is older
    assert told.future_share == pytest.approx(2 / 3)
    assert told.own_future_share == pytest.approx(1 / 3)


def test_the_floor_is_the_root_mean_square_around_trains_mean(told: Audit) -> None:
    mean = (1 + 3 + 4) / 3
    expected = np.sqrt(np.mean((np.array([2, 5, 5]) - mean) ** 2))
    assert told.rmse_global_mean == pytest.approx(expected, abs=1e-6)


def test_nothing_overlaps(told: Audit) -> None:
    assert (told.n_overlapping_rows, told.n_overlapping_pairs, told.n_repeated_pairs) == (0, 0, 0)
    assert told.findings == ()


def test_a_row_on_both_sides_is_found() -> None:
    found = audit_of(TOY, [(np.array([0, 1, 2, 3]), np.array([1, 4, 5]))], "wrong")
    assert found.n_overlapping_rows == 1
    assert found.findings == ("1 rows are in train and in test: the split is wrong",)


def test_a_pair_on_both_sides_is_found() -> None:
    twice = RatingDataset(
        "twice", np.array([0, 0, 1]), np.array([0, 0, 1]), np.array([1.0, 2, 3]), np.arange(2), np.arange(2), (1, 5)
    )
    found = audit_of(twice, [(np.array([0, 2]), np.array([1]))], "by hand")
    assert (found.n_overlapping_pairs, found.n_repeated_pairs, found.future_share) == (1, 1, None)
    assert found.findings == (
        "1 test rows have a user and item that are rated in train too: keep one rating of each pair",
    )


def test_shares_are_of_the_test_rows_of_all_folds() -> None:
    found = audit_of(TOY, [(TRAIN, TEST), (TEST, TRAIN)], "both ways")
    assert (found.n_folds, found.n_test) == (2, 6)
    assert found.cold_users == pytest.approx(1 / 6)


def test_the_command_prints_what_a_person_reads(tmp_path: Path) -> None:
    run = recbench("audit", *SMALL, "split=k_fold", cwd=tmp_path)
    assert run.returncode == 0, run.stderr
    assert "60 users × 40 items, 1,200 ratings, 50.00% of all pairs" in run.stdout
    assert "1,200 test rows in 5 folds" in run.stdout
    assert "overlap: 0 rows, 0 pairs; 0 repeated pairs" in run.stdout
    assert not (tmp_path / "outputs").exists()


def test_a_program_gets_the_same_as_json(tmp_path: Path) -> None:
    told = json.loads(recbench("audit", "--json", *SMALL, "split=cold_user", cwd=tmp_path).stdout)
    assert (told["cold_users"], told["cold_items"], told["findings"]) == (1.0, 0.0, [])
    assert told["split"].startswith("cold_user test_size=0.2")


def test_the_future_is_warned_of_and_a_split_by_time_has_none(tmp_path: Path) -> None:
    assert "models know the future" in recbench("audit", cwd=tmp_path).stdout
    assert "models know the future" not in recbench("audit", "split=global_time", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("model=mf",), "'model=mf': an audit is of a data set and a split alone"),
        (("dataset=moovielens",), "unknown dataset 'moovielens'; did you mean 'movielens'?"),
        (("split.test_size=2",), "test_size=2.0; it must lie between 0 and 1"),
    ],
)
def test_a_wrong_command_is_one_line(args: tuple[str, ...], message: str, tmp_path: Path) -> None:
    run = recbench("audit", *args, cwd=tmp_path)
    assert run.returncode == 2
    assert message in run.stderr
    assert "Traceback" not in run.stderr
