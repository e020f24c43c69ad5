"""Rows with equal predictions: one is the best, the others are tied with it at a difference of 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from recbench.array_types import FloatArray
from recbench.jobs.comparison import add_comparisons
from recbench.jobs.stored_results import Result
from recbench.protocol.folds import FoldData
from recbench.report.columns import columns
from recbench.results.records import Record
from recbench.results.render import as_text, footnotes
from recbench.results.rows import Row, rows_of
from tests.support.datasets import make_dataset
from tests.support.made_records import DATA, made_record, models_of

N_USERS = 12
TEST = make_dataset(
    np.arange(N_USERS), np.zeros(N_USERS, int), np.ones(N_USERS), n_users=N_USERS, n_items=1, name="Toy"
)
ERRORS = {"a": 0.5, "b": 0.5, "worse": 1.0}


def _results(records: Sequence[Record], errors: Mapping[str, float]) -> list[Result]:
    """Return results whose predictions are all too high by the model's error."""
    return [
        Result(record, partial(_predictions, errors[record.job.model]), lambda: [FoldData(TEST, TEST)])
        for record in records
    ]


def _predictions(error: float) -> list[FloatArray]:
    return [TEST.ratings + error]


def compared(models: Sequence[str]) -> list[Row]:
    records = [made_record(model, ERRORS[model]) for model in models]
    return add_comparisons(rows_of(records), _results(records, ERRORS))


def test_only_one_of_two_equal_rows_is_the_best_in_text_and_report() -> None:
    rows = compared(["a", "b", "worse"])
    a, b, worse = as_text(rows).split("\n")[-3:]
    assert "best" in a
    assert "+0.0000 [+0.0000, +0.0000] a" in b
    assert "+0.5000 [+0.5000, +0.5000]  " in worse
    cells = next(column.cells for column in columns(rows) if "best" in column.head)
    assert [cell.text for cell in cells] == ["best", "+0.0000", "+0.5000"]


@pytest.mark.parametrize("order", list(permutations(ERRORS)), ids="-".join)
def test_equal_rows_are_sorted_by_name(order: Sequence[str]) -> None:
    rows = compared(order)
    assert models_of(rows) == ["a", "b", "worse"]
    assert [row.is_best for row in rows] == [True, False, False]


@pytest.mark.parametrize("rounding", [1e-9, -1e-9])
def test_the_first_of_rows_that_differ_only_by_rounding_is_the_best(rounding: float) -> None:
    errors = {"b": 0.5, "a": 0.5 + rounding}
    records = [made_record(model, error) for model, error in errors.items()]
    rows = add_comparisons(rows_of(records), _results(records, errors))
    assert models_of(rows) == ["a", "b"]
    assert [row.is_best for row in rows] == [True, False]
    cells = next(column.cells for column in columns(rows) if "best" in column.head)
    assert [cell.text for cell in cells] == ["best", "+0.0000"]


def test_equal_rows_of_one_model_are_sorted_by_option_values() -> None:
    records = [made_record("mf", 0.5, options={"k": k}) for k in (10, 9, 8)]
    assert [row.options["k"] for row in rows_of(records)] == [8, 9, 10]


def test_the_footnote_on_ties_appears_only_if_a_row_is_tied() -> None:
    explained = [note for note in footnotes(compared(["a", "b"])) if note.startswith("a: ")]
    assert len(explained) == 1
    assert footnotes(compared(["a", "worse"])) == []


def test_the_best_rows_of_two_datasets_are_not_tied_with_each_other() -> None:
    here: dict[str, Any] = {}
    elsewhere: dict[str, Any] = {"dataset": "Other", "data": DATA | {"digest": "d2"}}
    records = [made_record(model, ERRORS[model], **about) for about in (here, elsewhere) for model in ("a", "worse")]
    rows = add_comparisons(rows_of(records), _results(records, ERRORS))
    assert [row.is_best for row in rows] == [True, False, True, False]
    assert footnotes(rows) == []


def test_a_row_that_was_not_compared_is_not_the_best() -> None:
    (row,) = rows_of([made_record("a", 0.5)])
    assert not row.is_best
