"""Process-wide state: what is cached stays cached until the one reset."""

from __future__ import annotations

from recbench.config.variants import variants
from recbench.jobs import preparation
from recbench.registry.registry import installed
from recbench.runtime.memo import memoize, memoizing
from recbench.runtime.process_state import cached, reset


def test_a_cached_function_computes_again_after_a_reset() -> None:
    calls: list[int] = []

    @cached(maxsize=2)
    def double(number: int) -> int:
        calls.append(number)
        return 2 * number

    assert [double(1), double(1)] == [2, 2]
    reset()
    assert double(1) == 2
    assert calls == [1, 1]


def test_shared_values_are_forgotten_at_a_reset() -> None:
    calls: list[str] = []
    with memoizing(1):
        for _ in range(2):
            memoize("value", lambda: (1,), lambda: calls.append("computed"), 8)
        reset()
        memoize("value", lambda: (1,), lambda: calls.append("computed"), 8)
    assert calls == ["computed", "computed"]


def test_a_reset_looks_for_plugins_and_variants_again() -> None:
    before = installed()
    variants()
    reset()
    assert installed() is not before
    assert preparation._dataset.cache_info().currsize == 0
