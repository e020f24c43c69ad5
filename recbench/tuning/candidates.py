"""Candidates: the values that a search gives a model's options, as Optuna has them and as they are typed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from recbench.registry.search_space import Between, OneOf, Space, round_to_3_digits, to_override
from recbench.samplers.contract import Params
from recbench.samplers.grid import shuffled_combinations

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

Candidate = dict[str, str]  # the options' values as they are typed on a command line

MAX_LISTED = 10_000  # combinations


def candidate_of(params: Mapping[str, Any], space: Mapping[str, Space]) -> Candidate:
    """Return a trial's parameters as they are typed, fractions with three digits."""
    texts = {}
    for name, values in space.items():
        value = params[name]
        rounded = round_to_3_digits(value, values) if isinstance(values, Between) and not values.whole else value
        texts[name] = value if isinstance(values, OneOf) else repr(rounded)
    return texts


def first_params(start: Mapping[str, Any], space: Mapping[str, Space]) -> dict[str, Any]:
    """Return the model's own options as the parameters of the first trial, without those outside the space."""
    first: dict[str, Any] = {}
    for name, value in start.items():
        values = space[name]
        if isinstance(values, OneOf):
            first.update((name, to_override(each)) for each in values.values if each == value)
        elif isinstance(value, (int, float)) and values.low <= value <= values.high:
            first[name] = value
    return first


def distributions_of(space: Mapping[str, Space]) -> dict[str, BaseDistribution]:
    """Return the space as Optuna describes it."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    distributions: dict[str, BaseDistribution] = {}
    for name, each in space.items():
        if isinstance(each, OneOf):
            distributions[name] = CategoricalDistribution([to_override(value) for value in each.values])
        elif each.whole:
            distributions[name] = IntDistribution(int(each.low), int(each.high), log=each.log)
        else:
            distributions[name] = FloatDistribution(each.low, each.high, log=each.log)
    return distributions


def combinations_of(space: Mapping[str, Space], seed: int) -> list[Params]:
    """Return all candidates of a space without fractions, in random order; none if there are too many."""
    if any(isinstance(each, Between) and not each.whole for each in space.values()):
        return []
    values = {
        name: range(int(each.low), int(each.high) + 1)
        if isinstance(each, Between)
        else [to_override(value) for value in each.values]
        for name, each in space.items()
    }
    return shuffled_combinations(values, seed) if math.prod(map(len, values.values())) <= MAX_LISTED else []
