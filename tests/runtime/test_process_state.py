"""Process-wide state: caches keep their values until `reset` empties them all."""

from __future__ import annotations

from recbench.config.schema import compose
from recbench.jobs.job import Job
from recbench.jobs.preparation import prepare
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


def test_memoized_values_are_computed_again_after_a_reset() -> None:
    calls: list[str] = []
    with memoizing(1):
        for _ in range(2):
            memoize("value", lambda: (1,), lambda: calls.append("computed"), 8)
        reset()
        memoize("value", lambda: (1,), lambda: calls.append("computed"), 8)
    assert calls == ["computed", "computed"]


def test_plugins_are_loaded_again_after_a_reset() -> None:
    before = installed()
    assert installed() is before
    reset()
    assert installed() is not before


def test_the_dataset_of_the_last_job_is_loaded_again_after_a_reset() -> None:
    job = Job(compose(["dataset=synthetic", "model=global_mean"]), "global_mean")
    before = prepare(job).dataset
    assert prepare(job).dataset is before
    reset()
    assert prepare(job).dataset is not before
