"""The mean and bias models against a worked 3 x 4 example and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from recbench import RatingDataset
from recbench.metrics import rmse
from recbench.models.baselines.bias import Bias
from recbench.models.baselines.means import GlobalMean, ItemMean, UserMean
from recbench.testing.toy import toy_ratings
from tests.support.datasets import make_dataset

# user 1: (5, ?, 3, 2), user 2: (4, 3, ?, 1), user 3: (2, 5, 4, ?)
USERS = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2])
ITEMS = np.array([0, 2, 3, 0, 1, 3, 0, 1, 2])
RATINGS = np.array([5, 3, 2, 4, 3, 1, 2, 5, 4])
MISSING = (np.array([0, 1, 2]), np.array([1, 2, 3]))


def example(n_users: int = 3, n_items: int = 4) -> RatingDataset:
    return make_dataset(USERS, ITEMS, RATINGS, n_users=n_users, n_items=n_items, name="example")


@pytest.mark.parametrize(
    ("options", "user_bias", "item_bias", "predicted", "train_rmse"),
    [
        (
            (0, 0, 1),
            [0.444444, -0.388889, -0.055556],
            [0.444444, 0.777778, 0.277778, -1.722222],
            [4.444444, 3.111111, 1.444444],
            0.857069,
        ),
        (
            (1, 1, 500),
            [0.253404, -0.382960, 0.071585],
            [0.347826, 0.622310, 0.076856, -1.104963],
            [4.097936, 2.916118, 2.188845],
            0.913223,
        ),
        (
            (10, 25, 1),
            [0.030208, -0.126487, 0.092887],
            [0.047619, 0.057613, 0.020576, -0.127572],
            [3.310044, 3.116312, 3.187537],
            1.238596,
        ),
        (
            (15, 10, 10),
            [0.026273, -0.090006, 0.058831],
            [0.102941, 0.132228, 0.039204, -0.281726],
            [3.380723, 3.171420, 2.999327],
            1.188350,
        ),
    ],
)
def test_biases_match_the_worked_example(
    options: tuple[float, float, int],
    user_bias: list[float],
    item_bias: list[float],
    predicted: list[float],
    train_rmse: float,
) -> None:
    model = Bias(*options).fit(example())
    assert model.global_mean_ == pytest.approx(29 / 9)
    assert model.user_bias_ == pytest.approx(np.array(user_bias), abs=5e-7)
    assert model.item_bias_ == pytest.approx(np.array(item_bias), abs=5e-7)
    assert model.predict(*MISSING) == pytest.approx(np.array(predicted), abs=5e-7)
    assert rmse(RATINGS, model.predict(USERS, ITEMS)) == pytest.approx(train_rmse, abs=5e-7)


def test_undamped_bias_converges_to_the_additive_fit() -> None:
    model = Bias(0, 0, 500).fit(example())
    assert model.predict(*MISSING) == pytest.approx(np.array([4.8, 2.8, 1.4]), abs=1e-6)


def test_fixed_point_is_the_ridge_solution() -> None:
    toy = toy_ratings()
    rows = np.arange(toy.n_ratings)
    X = np.zeros((toy.n_ratings, toy.n_users + toy.n_items))
    X[rows, toy.user_idx] = X[rows, toy.n_users + toy.item_idx] = 1
    penalty = np.diag([3.0] * toy.n_users + [7.0] * toy.n_items)
    solved = np.linalg.solve(X.T @ X + penalty, X.T @ (toy.ratings - toy.ratings.mean(dtype=np.float64)))
    model = Bias(reg_user=3, reg_item=7, n_epochs=300).fit(toy)
    assert np.concatenate([model.user_bias_, model.item_bias_]) == pytest.approx(solved, abs=1e-10)


def test_a_cold_user_or_item_has_bias_0_and_only_both_are_a_fallback() -> None:
    model = Bias().fit(example(n_users=4, n_items=5))
    assert (model.user_bias_[3], model.item_bias_[4]) == (0, 0)
    assert model.predict(np.array([3]), np.array([4]))[0] == pytest.approx(29 / 9)
    assert model.is_fallback(np.array([0, 3, 0, 3]), np.array([0, 0, 4, 4])).tolist() == [False, False, False, True]


def test_predictions_follow_a_shift_and_a_scaling_of_ratings() -> None:
    def predicted(ratings: np.ndarray) -> np.ndarray:
        data = make_dataset(USERS, ITEMS, ratings, n_users=3, n_items=4, scale=(-100, 100), name="x")
        return Bias().fit(data).predict(*MISSING)

    plain = predicted(RATINGS)
    assert predicted(RATINGS + 10) == pytest.approx(plain + 10)
    assert predicted(RATINGS * 3) == pytest.approx(plain * 3)


def test_residuals_are_ratings_less_predictions() -> None:
    model = Bias().fit(example())
    assert model.residuals(example()) == pytest.approx(RATINGS - model.predict(USERS, ITEMS))


def test_means_match_the_worked_example() -> None:
    users, items = np.array([0, 1, 2, 3]), np.array([0, 1, 2, 3])
    data = example(n_users=4, n_items=4)
    assert GlobalMean().fit(data).predict(users, items) == pytest.approx(np.full(4, 29 / 9))
    assert UserMean().fit(data).predict(users, items) == pytest.approx(np.array([10 / 3, 8 / 3, 11 / 3, 29 / 9]))
    assert ItemMean().fit(data).predict(users, items) == pytest.approx(np.array([11 / 3, 4, 3.5, 1.5]))


def test_means_fall_back_for_cold_users_and_items() -> None:
    data = example(n_users=4, n_items=5)
    users, items = np.array([0, 3, 0]), np.array([4, 0, 0])
    assert GlobalMean().fit(data).is_fallback(users, items).tolist() == [True, True, True]
    assert UserMean().fit(data).is_fallback(users, items).tolist() == [False, True, False]
    assert ItemMean().fit(data).is_fallback(users, items).tolist() == [True, False, False]


@pytest.mark.parametrize("model", [GlobalMean(), UserMean(), ItemMean(), Bias()])
def test_an_empty_training_set_is_an_error(model: GlobalMean | UserMean | ItemMean | Bias) -> None:
    empty = example().take(np.array([], np.int64))
    with pytest.raises(ValueError, match="training set of 'example' has no ratings; give at least one"):
        model.fit(empty)
