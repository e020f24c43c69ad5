"""Stacking: several models, and how much to believe each."""

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
from recbench.contracts import Fold, RatingDataset, RatingModel, Split
from recbench.models.stack.members import new_member
from recbench.progress import track

VALID_SIZE = 0.1  # share of the rows that a member with `uses_valid` stops by, where they are drawn at random
MEMBER = "member_"  # how the attributes begin that hold a member's state: member_0_user_bias_
SHRINKAGE = 1e-9  # of the weights, as a share of their features' variance: makes equal members share equally


@dataclass
class Stack(RatingModel):
    """Any registered models, blended by what each adds on ratings that it was not trained on.

        r_ui ≈ c + Σ_m w_m r_ui^(m),   w_m ≥ 0

    The training rows are cut into `n_folds` random parts; each part is predicted by every member
    fitted on the other parts. The weights w and the constant c are those of the least squared error of
    these predictions; then every member is fitted on all rows. So fitting costs `n_folds` + 1 times what
    the members cost together. As giving all weight to one member is allowed, the blend is never worse
    than the best member on the predictions it is fitted to.

    A member is a registered name, after which options may stand: `svdpp n_factors=50`; what is not said is
    that model's default, and `seed` this model's. What members predict is clipped to the rating scale. A
    cold user or item gets what the members make of it.

    Sources: Wolpert (1992), "Stacked generalization", Neural Networks 5(2); Breiman (1996), "Stacked
    regressions", Machine Learning 24, for the weights that are not negative.
    """

    # defaults: chosen on validation parts cut from the training rows of ML-100K and latest-small
    models: tuple[str, ...] = ("svdpp", "item_knn")  # what to blend: names of models, each with options if need be
    n_folds: int = 5  # parts of train, each predicted by members fitted on the others
    seed: int = 0  # of the parts, and of the members
    early_stopping_split: Split | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def requires(self) -> tuple[str, ...]:  # type: ignore[override]  # which modules depends on the members
        """What the members need, and the solver."""
        needed = [module for name in self.models for module in new_member(name, self.seed).requires]
        return tuple(dict.fromkeys(["scipy.optimize", *needed]))

    @property
    def uses_time(self) -> bool:
        """Whether a member is told when each rating is given."""
        return any(getattr(new_member(name, self.seed), "uses_time", False) for name in self.models)

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn `weights_` (n_models,), `intercept_`, `errors_`, `blend_error_` and the members' states.

        `errors_` (n_models,) are the members' RMSEs on the rows that they were not trained on,
        `blend_error_` is that of the blend there. What belongs to a member begins with `member_` and
        its number; a member without weight is left out.

        Raises:
            ValueError: no model is named, one can't be fitted, or `train` has fewer rows than parts.
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
        """The constant and the members' weighted predictions; a member without weight is not asked."""
        return self._blended(user_idx, item_idx, None)

    def predict_at(self, user_idx: IntArray, item_idx: IntArray, timestamps: IntArray) -> FloatArray:
        """What `predict` gives, where members that use the times are told them."""
        return self._blended(user_idx, item_idx, timestamps)

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where every member that has weight falls back."""
        fallback = np.ones(len(user_idx), bool)
        for _, member in self._weighted():
            fallback &= member.is_fallback(user_idx, item_idx)
        return fallback

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user, whom every member that has weight takes in.

        Raises:
            CannotFoldInError: a member can't.
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
        """What the members predict for rows that they were not trained on: (n_ratings, n_models)."""
        part_of_row = np.random.default_rng(self.seed).permutation(train.n_ratings) % self.n_folds
        predicted: FloatArray = np.empty((train.n_ratings, len(self.models)))
        for part in track(range(self.n_folds), "parts"):
            kept, left_out = np.flatnonzero(part_of_row != part), np.flatnonzero(part_of_row == part)
            scored = train.take(left_out)
            for number, name in enumerate(self.models):
                member = self._fitted(name, train.take(kept))
                predicted[left_out, number] = predict_dataset(member, scored).clip(*self.scale_)
        return predicted

    def _fitted(self, name: str, train: RatingDataset) -> RatingModel:
        member = new_member(name, self.seed)
        split = self.early_stopping_split or self._random_rows
        return member.fit(*training_sets(member, train, split, self.early_stopping_split))

    def _random_rows(self, train: RatingDataset) -> Iterator[Fold]:
        rows = np.random.default_rng([self.seed, 1]).permutation(train.n_ratings)
        n_valid = int(np.ceil(VALID_SIZE * train.n_ratings))
        yield rows[n_valid:], rows[:n_valid]

    def _weighted(self) -> Iterator[tuple[int, RatingModel]]:
        """The members of a weight above 0, by number, restored."""
        for number in np.flatnonzero(self.weights_).tolist():
            new: Any = new_member(self.models[number], self.seed)
            options = {each.name: getattr(new, each.name) for each in fields(new) if each.init}
            prefix = f"{MEMBER}{number}_"
            state = {key.removeprefix(prefix): value for key, value in vars(self).items() if key.startswith(prefix)}
            yield number, type(new).from_state(options, state)

    def _check(self, train: RatingDataset) -> None:
        if not self.models:
            raise ValueError("models is empty: a stack needs members; name one registered model at least")
        if self.n_folds < 2:
            raise ValueError(f"n_folds is {self.n_folds}; it must be at least 2, so that something is left to train on")
        if train.n_ratings < self.n_folds:
            raise ValueError(
                f"training part of {train.name!r} has {train.n_ratings} ratings for {self.n_folds} parts; "
                f"give one rating a part at least, or lower n_folds"
            )


def _prefixed(number: int, member: RatingModel) -> dict[str, Any]:
    """The member's state, as the stack keeps it."""
    return {f"{MEMBER}{number}_{name}": value for name, value in member.state().items()}


def blend(predicted: FloatArray, ratings: FloatArray) -> tuple[FloatArray, float]:
    """The weights, none negative, and the constant that bring the columns of `predicted` nearest to `ratings`."""
    from scipy.optimize import nnls

    centers, mean = predicted.mean(axis=0), float(np.mean(ratings, dtype=np.float64))
    rows = np.column_stack([predicted - centers, ratings.astype(np.float64) - mean])
    triangle = np.asarray(np.linalg.qr(rows, mode="r"))  # the same problem in a few rows
    n_models = len(centers)
    damping = np.sqrt(SHRINKAGE * np.mean(np.sum(triangle[:, :-1] ** 2, axis=0)))
    damped = np.vstack([triangle[:, :-1], damping * np.eye(n_models)])
    weights: FloatArray = nnls(damped, np.append(triangle[:, -1], np.zeros(n_models)))[0]
    return weights, mean - float(centers @ weights)


def _rmse(predicted: FloatArray, ratings: FloatArray) -> float:
    return float(np.sqrt(np.mean((predicted - ratings) ** 2)))
