"""Progress: a listener is called after every step, and none is needed."""

from __future__ import annotations

import pytest

from recbench.progress import progress_listener, track


def test_tracked_items_come_through_unchanged() -> None:
    assert list(track(["a", "b"], "letters")) == ["a", "b"]


def test_listener_is_called_after_each_item() -> None:
    heard: list[object] = []
    with progress_listener(lambda what, done, total: heard.append((what, done, total))):
        for item in track([10, 20], "epochs"):
            heard.append(item)  # noqa: PERF402  the order is what counts
    assert heard == [10, ("epochs", 1, 2), 20, ("epochs", 2, 2)]


def test_listener_is_not_called_after_its_block() -> None:
    heard: list[int] = []
    with progress_listener(lambda what, done, total: heard.append(done)):
        pass
    list(track([1, 2], "epochs"))
    assert heard == []


def test_inner_listener_replaces_the_outer_one() -> None:
    outer: list[str] = []
    inner: list[str] = []
    with progress_listener(lambda what, done, total: outer.append(what)):
        with progress_listener(lambda what, done, total: inner.append(what)):
            list(track([1], "folds"))
        list(track([1], "epochs"))
    assert (outer, inner) == (["epochs"], ["folds"])


def test_error_in_the_block_ends_the_listening() -> None:
    heard: list[int] = []
    with pytest.raises(KeyError), progress_listener(lambda what, done, total: heard.append(done)):
        raise KeyError
    list(track([1], "epochs"))
    assert heard == []


def test_loop_left_early_is_not_reported_as_done() -> None:
    heard: list[int] = []
    with progress_listener(lambda what, done, total: heard.append(done)):
        for item in track([1, 2, 3], "epochs"):
            if item == 2:
                break
    assert heard == [1]


def test_an_empty_loop_is_silent() -> None:
    heard: list[int] = []
    with progress_listener(lambda what, done, total: heard.append(done)):
        list(track([], "epochs"))
    assert heard == []
