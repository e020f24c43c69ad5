"""Stacking: the predictions of several models, blended by least squares.

    r_ui ≈ c + Σ_m w_m r_ui^(m),   w_m ≥ 0

`members` makes the models from their names and options.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from typing import Any, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import (
    CannotFoldInError,
    FoldsIn,
    predict_dataset,
    predict_when,
    training_sets,
    with_extra_user,
)
from recbench.contracts import RatingDataset, RatingModel, Split
from recbench.models.stack.members import new_member
from recbench.progress import track
from recbench.splits import VALID_SIZE, Holdout

MEMBER = "member_"  # prefix of the attributes that hold a member's state: member_0_user_bias_
SHRINKAGE = 1e-9  # of the weights, as a share of their features' variance: gives equal members equal weights


@dataclass
class Stack(RatingModel):
    """Any registered models, blended by how well they predict ratings that they were not trained on.

        r_ui ≈ c + Σ_m w_m r_ui^(m),   w_m ≥ 0

    The training rows are cut into `n_folds` random folds; each fold is predicted by every member
    fitted on the other folds. The weights w and the constant c minimize the squared error of these
    out-of-fold predictions; then every member is fitted on all rows. So fitting costs `n_folds` + 1 times
    as much as the members together. Since all weight may go to one member, the blend is never worse than
    the best member on the out-of-fold predictions.

    A member is a registered name, optionally with options: `svdpp n_factors=50`. Other options have that
    model's defaults, and `seed` is this model's. Members' predictions are clipped to the rating scale. For
    a cold user or item, too, the members' predictions are blended.

    Sources: Wolpert (1992), "Stacked generalization", Neural Networks 5(2); Breiman (1996), "Stacked
    regressions", Machine Learning 24, for non-negative weights.
    """

    # defaults: chosen on validation sets cut from the training rows of ML-100K and latest-small
    models: tuple[str, ...] = ("svdpp", "item_knn")  # what to blend: names of models, optionally with options
    n_folds: int = 5  # folds of the training set, each predicted by members fitted on the others
    seed: int = 0  # seed of the folds and of the members
    early_stopping_split: Split | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # a property: the modules depend on the members
        """Return the modules that the members and the solver need."""
        needed = [module for name in self.models for module in new_member(name, self.seed).requires]
        return tuple(dict.fromkeys(["scipy.optimize", *needed]))

    @property
    def uses_time(self) -> bool:
        """Whether a member uses timestamps."""
        return any(getattr(new_member(name, self.seed), "uses_time", False) for name in self.models)

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `weights_` (n_models,), `intercept_`, `errors_`, `blend_error_` and the members' states.

        `errors_` (n_models,) are the members' RMSEs on the rows that they were not trained on,
        `blend_error_` is that of the blend there. The attributes of a member's state begin with `member_`
        and its number; members without weight have none.

        Raises:
            ValueError: `models` is empty, a member can't be fitted, or `train` has fewer rows than folds.
            LookupError: no plugin registers a model of that name.
        """
        self._check(train)
        for name in [each for each in vars(self) if each.startswith(MEMBER)]:
            delattr(self, name)  # a member of an earlier fit may have no weight in this one
        self.scale_ = np.array(train.rating_scale)
        predicted = self._out_of_fold(train)
        self.weights_, self.intercept_ = blend(predicted, train.ratings)
        self.errors_ = np.array([_rmse(each, train.ratings) for each in predicted.T])
        self.blend_error_ = _rmse(self.intercept_ + predicted @ self.weights_, train.ratings)
        for number in np.flatnonzero(self.weights_).tolist():
            vars(self).update(_prefixed(number, self._fitted(self.models[number], train)))
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return c + Σ_m w_m r_ui^(m), (n_pairs,); members without weight predict nothing."""
        return self._blended(user_idx, item_idx, None)

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """Return what `predict` returns, with `timestamps` passed to the members that use them."""
        return self._blended(user_idx, item_idx, timestamps)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where every member with weight falls back, (n_pairs,)."""
        fallback = np.ones(len(user_idx), bool)
        for _, member in self._weighted():
            fallback &= member.is_fallback(user_idx, item_idx)
        return fallback

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user to every member with weight.

        Raises:
            CannotFoldInError: a member with weight can't fold in users.
        """
        learned: dict[str, Any] = {}
        for number, member in self._weighted():
            if not isinstance(member, FoldsIn):
                raise CannotFoldInError(f"its member {self.models[number]!r} can't; train a stack of models that can")
            learned |= _prefixed(number, member.with_user(item_idx, ratings))
        return with_extra_user(self, item_idx, **learned)

    def _blended(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray | None) -> FloatArray:
        predicted = np.full(len(user_idx), self.intercept_)
        for number, member in self._weighted():
            of_member = predict_when(member, user_idx, item_idx, timestamps)
            predicted += self.weights_[number] * of_member.clip(*self.scale_)
        return predicted

    def _out_of_fold(self, train: RatingDataset) -> FloatArray:
        """Return the members' predictions for rows that they were not trained on, (n_ratings, n_models)."""
        fold_of_row = np.random.default_rng(self.seed).permutation(train.n_ratings) % self.n_folds
        predicted: FloatArray = np.empty((train.n_ratings, len(self.models)))
        for fold in track(range(self.n_folds), "folds"):
            rows = np.flatnonzero(fold_of_row != fold)
            held_out = np.flatnonzero(fold_of_row == fold)
            scored = train.take(held_out)
            for number, name in enumerate(self.models):
                member = self._fitted(name, train.take(rows))
                predicted[held_out, number] = predict_dataset(member, scored).clip(*self.scale_)
        return predicted

    def _fitted(self, name: str, train: RatingDataset) -> RatingModel:
        member = new_member(name, self.seed)
        split = self.early_stopping_split or Holdout(VALID_SIZE, self.seed)
        return member.fit(*training_sets(member, train, split))

    def _weighted(self) -> Iterator[tuple[int, RatingModel]]:
        """Yield the members with weight, restored, each with its number."""
        for number in np.flatnonzero(self.weights_).tolist():
            new: Any = new_member(self.models[number], self.seed)
            options = {each.name: getattr(new, each.name) for each in fields(new) if each.init}
            prefix = f"{MEMBER}{number}_"
            state = {key.removeprefix(prefix): value for key, value in vars(self).items() if key.startswith(prefix)}
            yield number, type(new).from_state(options, state)

    def _check(self, train: RatingDataset) -> None:
        if not self.models:
            raise ValueError("models is empty: a stack needs members; name at least one registered model")
        if self.n_folds < 2:
            raise ValueError(f"n_folds is {self.n_folds}; it must be at least 2, so that rows are left to train on")
        if train.n_ratings < self.n_folds:
            raise ValueError(
                f"training set of {train.name!r} has {train.n_ratings} ratings for {self.n_folds} folds; "
                f"give at least one rating per fold, or lower n_folds"
            )


def _prefixed(number: int, member: RatingModel) -> dict[str, Any]:
    """Return the member's state under the names that it has in the stack's."""
    return {f"{MEMBER}{number}_{name}": value for name, value in member.state().items()}


def blend(predicted: FloatArray, ratings: FloatArray) -> tuple[FloatArray, float]:
    """Return the weights, (n_models,), none negative, and the constant of the least squared error.

    `predicted` is (n_ratings, n_models), `ratings` (n_ratings,).
    """
    from scipy.optimize import nnls

    centers = predicted.mean(axis=0)
    mean = float(np.mean(ratings, dtype=np.float64))
    rows = np.column_stack([predicted - centers, ratings.astype(np.float64) - mean])
    triangle = np.asarray(np.linalg.qr(rows, mode="r"))  # the same problem in a few rows
    n_models = len(centers)
    damping = np.sqrt(SHRINKAGE * np.mean(np.sum(triangle[:, :-1] ** 2, axis=0)))
    damped = np.vstack([triangle[:, :-1], damping * np.eye(n_models)])
    weights: FloatArray = nnls(damped, np.append(triangle[:, -1], np.zeros(n_models)))[0]
    return weights, mean - float(centers @ weights)


def _rmse(predicted: FloatArray, ratings: FloatArray) -> float:
    return float(np.sqrt(np.mean((predicted - ratings) ** 2)))
