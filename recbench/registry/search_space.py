"""Search spaces: the values of an option that a search may try, declared with the option.

    n_factors: int = searched(12, between(4, 64, log=True))  # numbers that describe a user
    solver: str = searched("als", one_of("als", "sgd"))  # how it learns

`searched(default, space)` is short for `field(default=default, metadata={"search": space})`.
"""

from __future__ import annotations

import math
import typing
from dataclasses import dataclass, field
from typing import Any, TypeVar

Value = TypeVar("Value")
EDGE = 0.02  # share of a range that counts as its edge, on either side
RESERVED = ("null", "true", "false", "nan", "inf")  # words that the command line does not read as strings


@dataclass(frozen=True)
class Between:
    """The numbers from `low` to `high`, both included; with `log`, spread evenly over orders of magnitude.

    Raises:
        ValueError: `low` is not below `high`, or `log` is set and `low` is not positive.
    """

    low: float  # use integers for an option of type int
    high: float
    log: bool = False

    def __post_init__(self) -> None:
        if not self.low < self.high or not math.isfinite(self.high - self.low):
            raise ValueError(f"search space between {self.low} and {self.high} is empty; give the lower bound first")
        if self.log and self.low <= 0:
            raise ValueError(f"search space from {self.low} has no logarithm; start above 0, or leave out log=True")

    @property
    def whole(self) -> bool:
        """Whether the range is of integers."""
        return isinstance(self.low, int) and isinstance(self.high, int)

    def grid(self, n_points: int) -> list[float]:
        """Return at most `n_points` numbers, evenly spread from end to end."""
        shares = [each / max(n_points - 1, 1) for each in range(n_points)]
        points = [self._at(share) for share in shares]
        return sorted({round(point) if self.whole else round_to_3_digits(point, self) for point in points})

    def on_edge(self, value: float) -> bool:
        """Return whether the value is within 2 % of an end of the range."""
        low, here, high = ((math.log(x) if self.log else x) for x in (self.low, max(value, self.low), self.high))
        return not EDGE < (here - low) / (high - low) < 1 - EDGE

    def __str__(self) -> str:
        return f"{self.low:g}...{self.high:g}{' (log)' if self.log else ''}"

    def _at(self, share: float) -> float:
        if self.log:
            return math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        return self.low + share * (self.high - self.low)


@dataclass(frozen=True)
class OneOf:
    """One of these values.

    Raises:
        ValueError: `values` is empty.
    """

    values: tuple[Any, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("search space one_of() has no values; give the values to try")

    def __str__(self) -> str:
        return " | ".join(to_override(value) for value in self.values)


Space = Between | OneOf


def between(low: float, high: float, *, log: bool = False) -> Between:
    """Return the search space of the numbers from `low` to `high`; with `log`, 1...10 gets as many trials as 10...100.

    Two integers make a space of integers.

    Raises:
        ValueError: `low` is not below `high`, or `log` is set and `low` is not positive.
    """
    return Between(low, high, log)


def one_of(*values: Any) -> OneOf:
    """Return the search space of these values.

    Raises:
        ValueError: there are no values.
    """
    return OneOf(values)


def searched(default: Value, space: Space) -> Value:
    """Return a dataclass field with this default, whose value a search chooses from `space`."""
    return field(default=default, metadata={"search": space})


def check_space(space: object, annotation: Any, name: str) -> Space | None:
    """Check that a search space matches its option's type; return it, with float bounds for an option of type float.

    Raises:
        TypeError: `space` is not a search space, or is of another type than the option.
    """
    if space is None or isinstance(space, OneOf):
        return space
    types = set(typing.get_args(annotation) or (annotation,)) - {type(None)}
    if not isinstance(space, Between):
        raise TypeError(f"option {name!r} has the search space {space!r}; use between(low, high) or one_of(a, b)")
    if types == {float}:
        return Between(float(space.low), float(space.high), space.log)
    if types == {int} and space.whole:
        return space
    raise TypeError(f"option {name!r} has the search space {space}, which does not match its type; use one_of(a, b)")


def round_to_3_digits(value: float, space: Between) -> float:
    """Round a hyperparameter to three significant digits, within its space."""
    return min(max(float(f"{value:.3g}"), space.low), space.high)


def to_override(value: Any) -> str:
    """Write a value as on the command line."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, (list, tuple)):
        return f"[{','.join(map(to_override, value))}]"
    if isinstance(value, dict):
        return f"{{{','.join(f'{name}:{to_override(each)}' for name, each in value.items())}}}"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace("'", "\\'")
        return value if value.isidentifier() and value.lower() not in RESERVED else f"'{escaped}'"
    return value.name if hasattr(value, "name") else repr(value)
