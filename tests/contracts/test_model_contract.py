"""The contract of a model: what `RatingModel` adds to the methods that a model writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import pytest

from recbench import RatingDataset, RatingModel
from recbench.array_types import FloatArray, IntArray
from tests.support.datasets import make_dataset


def _dataset() -> RatingDataset:
    return make_dataset([0, 0, 1, 2], [0, 1, 1, 2], [5, 3, -1, 0], n_users=4, n_items=4, scale=(-1, 5))


@dataclass
class Offset(RatingModel):
    """The mean training rating and an offset."""

    offset: float = 1.0

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        self.mean_ = float(train.ratings.mean())
        self.note = "not learned"
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        return np.full(len(user_idx), self.mean_ + self.offset)


@dataclass
class DoubledOffset(Offset):
    """Overrides `fit` and calls the one above."""

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        super().fit(train, valid)
        self.mean_ *= 2
        return self


def test_predict_before_fit_is_refused() -> None:
    with pytest.raises(RuntimeError, match=r"Offset is not fitted; call fit\(train\) first"):
        Offset().predict(np.array([0]), np.array([0]))


def test_fit_returns_the_model() -> None:
    model = Offset()
    assert model.fit(_dataset()) is model


def test_fit_records_users_and_items_with_training_rows() -> None:
    model = Offset().fit(_dataset())
    assert model.known_users_.tolist() == [True, True, True, False]
    assert model.known_items_.tolist() == [True, True, True, False]


def test_users_and_items_only_in_the_validation_set_are_known() -> None:
    dataset = _dataset()
    model = Offset().fit(dataset.take(np.array([0, 1])), dataset.take(np.array([3])))
    assert model.known_users_.tolist() == [True, False, True, False]
    assert model.known_items_.tolist() == [True, True, True, False]


def test_a_second_fit_forgets_the_first_training_rows() -> None:
    dataset = _dataset()
    model = Offset().fit(dataset).fit(dataset.take(np.array([3])))
    assert model.known_users_.tolist() == [False, False, True, False]


def test_an_overriding_fit_remembers_too() -> None:
    model = DoubledOffset().fit(_dataset())
    assert model.mean_ == 3.5
    assert model.known_users_.tolist() == [True, True, True, False]


def test_a_model_may_predict_within_its_fit() -> None:
    @dataclass
    class Watching(Offset):
        def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
            super().fit(train)
            self.watched_ = self.predict(train.user_idx, train.item_idx)
            return self

    assert Watching().fit(_dataset()).watched_.tolist() == [2.75] * 4


def test_model_whose_fit_failed_does_not_predict() -> None:
    @dataclass
    class Failing(Offset):
        def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
            raise ValueError("no")

    model = Failing()
    with pytest.raises(ValueError, match="no"):
        model.fit(_dataset())
    with pytest.raises(RuntimeError, match="Failing is not fitted"):
        model.predict(np.array([0]), np.array([0]))


def test_fit_keeps_its_docstring_and_name() -> None:
    assert Offset.fit.__name__ == "fit"


def test_fallback_is_where_user_or_item_is_cold() -> None:
    model = Offset().fit(_dataset())
    answers = model.is_fallback(np.array([0, 3, 0, 3]), np.array([0, 0, 3, 3]))
    assert answers.tolist() == [False, True, True, True]


def test_state_has_the_attributes_that_end_in_an_underscore() -> None:
    assert set(Offset().fit(_dataset()).state()) == {"mean_", "known_users_", "known_items_"}


def test_model_is_restored_from_options_and_state() -> None:
    fitted = Offset(offset=2.0).fit(_dataset())
    again = Offset.from_state({"offset": 2.0}, fitted.state())
    pairs = np.array([0, 3]), np.array([1, 3])
    assert again.predict(*pairs).tolist() == fitted.predict(*pairs).tolist()
    assert again.is_fallback(*pairs).tolist() == [False, True]


def test_model_without_predict_cannot_be_constructed() -> None:
    class Half(RatingModel):
        def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
            return self

    with pytest.raises(TypeError, match="predict"):
        Half()  # type: ignore[abstract]
