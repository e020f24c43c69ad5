"""Derived seeds: stable, independent of each other, and the seed itself if there is no name."""

from __future__ import annotations

import numpy as np
import pytest

from recbench.runtime.seeds import derive_seed


@pytest.mark.parametrize("seed", [0, 7, -3, 2**40])
def test_without_names_the_seed_does_not_change(seed: int) -> None:
    assert derive_seed(seed) == seed


def test_derived_seeds_are_stable_across_releases() -> None:
    # the first 8 digits of `printf '[0, "network", 1]' | sha256sum`, modulo 2**31
    assert derive_seed(0, "network", 1) == 2077789775
    assert derive_seed(42, "é") == 903253811


def test_consecutive_seeds_and_names_give_different_seeds() -> None:
    derived = {derive_seed(seed, name, number) for seed in range(20) for name in ("a", "b") for number in range(20)}
    assert len(derived) == 20 * 2 * 20
    assert derived.isdisjoint(range(20))


def test_a_number_and_its_text_are_different_names() -> None:
    assert derive_seed(0, 1) != derive_seed(0, "1")
    assert derive_seed(0, "a", "b") != derive_seed(0, "ab")


def test_derived_seeds_are_accepted_by_numpy_and_spread_over_their_range() -> None:
    derived = np.array([derive_seed(seed, "spread") for seed in range(1000)])
    np.random.RandomState(int(derived.max()))  # refuses a seed outside its range
    assert 0 <= derived.min() < 2**31 * 0.02
    assert 2**31 * 0.98 < derived.max() < 2**31
