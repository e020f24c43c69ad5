"""The cafes pass every check of a dataset, and their file is what the rule draws."""

from importlib.resources import files

import numpy as np
import pytest
from recbench_cafe.dataset import load_cafes

from recbench import DatasetConformance


@pytest.mark.parametrize("load", [load_cafes])
class TestCafes(DatasetConformance): ...


def make_ratings() -> str:
    """Draw the file: ratings depend on guest, cafe, and what it serves; each guest skips some cafes."""
    rng = np.random.default_rng(2026)
    serves = [["coffee", "tea", "cake", "coffee|cake", "tea|cake", "coffee|tea"][number % 6] for number in range(24)]
    likes = rng.normal(size=(40, 3))
    has = np.array([[what in each for what in ("coffee", "tea", "cake")] for each in serves])
    stars = 3.2 + 0.6 * likes @ has.T + 0.5 * rng.normal(size=24) + 0.5 * rng.normal(size=(40, 24))
    lines = ["guest,cafe,stars,time,serves"]
    for guest, cafe in zip(*np.nonzero(rng.random((40, 24)) < 0.55), strict=True):
        time = 1_700_000_000 + int(rng.integers(30_000_000))
        value = int(np.clip(np.round(stars[guest, cafe]), 1, 5))
        lines.append(f"guest{guest:02},Cafe {chr(65 + cafe)},{value},{time},{serves[cafe]}")
    return "\n".join(lines) + "\n"


def test_file_has_what_make_ratings_draws() -> None:
    assert files("recbench_cafe").joinpath("ratings.csv").read_text(encoding="utf-8") == make_ratings()


def test_cafes_with_few_ratings_are_left_out() -> None:
    whole, reduced = load_cafes(), load_cafes(min_ratings=22)
    assert 0 < reduced.n_items < whole.n_items
    assert np.bincount(reduced.item_idx).min() >= 22


def test_min_ratings_above_the_maximum_is_an_error_that_names_it() -> None:
    most = np.bincount(load_cafes().item_idx).max()
    with pytest.raises(ValueError, match=f"no cafe has 1000 ratings; set min_ratings to {most} or less"):
        load_cafes(min_ratings=1000)
