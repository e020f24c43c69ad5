"""Content-based filtering: what a user thinks of genres and of years, learned from the user's own ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from recbench.abilities import Reason, one_more, ordered
from recbench.contracts import BoolArray, FloatArray, IntArray, RatingDataset, RatingModel
from recbench.models.als import blocks, one_thread, ridge, ridge_of_one
from recbench.models.bias import Bias
from recbench.search_space import between, searched

NO_GENRES = "(no genres listed)"  # how MovieLens says that there are none


@dataclass
class Content(RatingModel):
    """Content-based filtering: every user's ridge regression on the genres and the year of what was rated.

        r_ui ≈ mean + b_u + b_i + θ_u · x_i
        θ_u = argmin Σ_i (e_ui − θ_u · x_i)² + reg |θ_u − θ|²

    x_i holds the item's genres and its year's closeness to the decades around it; e_ui is what the
    biases leave of the rating; θ is the mean of the users' θ_u in a first pass that shrinks them to 0.
    An item's bias is damped towards x_i · w, w being a ridge regression of all rated items' biases: it
    is the bias of an item without ratings. A user without ratings has bias 0 and the taste θ; an
    item without genres and year has x_i = 0.

    Source: the regression of each user's ratings on content is that of Pazzani & Billsus (2007),
    "Content-based recommendation systems", The Adaptive Web, ch. 10; the shrinkage to the population
    that of a hierarchical linear model, Condliff, Lewis, Madigan & Posse (1999), "Bayesian
    mixed-effects models for recommender systems", SIGIR workshop.
    """

    # defaults: the best compromise on validation parts cut from the training rows of ML-100K and latest-small
    reg: float = searched(8.0, between(1, 100, log=True))  # shrinkage of a user's tastes to everyone's, in ratings
    reg_user: float = searched(5.0, between(0.5, 50, log=True))  # damping of a user's bias, in ratings
    reg_item: float = searched(2.0, between(0.5, 50, log=True))  # damping of an item's bias, in ratings

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the biases, `item_features_` (n_items, n_features) and `user_tastes_` (n_users, n_features).

        Beside them, for people who come later: `rated_item_bias_` (n_items,), the items' biases before their
        features have a part in them, and `shared_taste_` (n_features,); and `feature_names_` (n_features,).

        Raises:
            ValueError: `train` has no ratings, or its items have neither genres nor years.
        """
        self.item_features_, names = named_features(train)
        self.feature_names_ = np.array(names)
        biases = Bias(self.reg_user, self.reg_item).fit(train)
        self.global_mean_, self.user_bias_ = biases.global_mean_, biases.user_bias_
        self.rated_item_bias_ = biases.item_bias_
        with one_thread():
            self.item_bias_ = biases.item_bias_ + self._missing_bias(biases, train)
            known = self.global_mean_ + self.user_bias_[train.user_idx] + self.item_bias_[train.item_idx]
            self.user_tastes_, self.shared_taste_ = self._tastes(train.ratings - known, train)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The biases, and the user's taste for what the item is."""
        taste: FloatArray = np.einsum("nf,nf->n", self.user_tastes_[user_idx], self.item_features_[item_idx])
        return self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx] + taste

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where the user has no training row, or the item neither genre nor year; a cold item is no such case."""
        has_features: BoolArray = np.count_nonzero(self.item_features_, axis=1) > 0
        return ~(self.known_users_[user_idx] & has_features[item_idx])

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user, with the bias and the taste that the fit gives; the items' biases are fixed."""
        above = ratings.astype(np.float64) - self.global_mean_
        damping = self.reg_user + len(item_idx)
        bias = float(np.sum(above - self.rated_item_bias_[item_idx])) / damping if damping > 0 else 0.0
        features = self.item_features_[item_idx]
        targets = above - bias - self.item_bias_[item_idx] - features @ self.shared_taste_
        taste = self.shared_taste_ + ridge_of_one(features, targets, self._penalty(1)[0])
        return one_more(
            self,
            item_idx,
            user_bias_=np.append(self.user_bias_, bias),
            user_tastes_=np.vstack([self.user_tastes_, taste]),
        )

    def reasons(self, user: int, item: int) -> list[Reason]:
        """The genres and decades of the item, each with what the user's taste makes of it."""
        return ordered("feature", self.feature_names_.tolist(), self.user_tastes_[user] * self.item_features_[item])

    def _missing_bias(self, biases: Bias, train: RatingDataset) -> FloatArray:
        """What damping took off the items' biases, as far as the items' features make up for it.

        Damping towards x_i · w instead of 0 adds reg_item / (reg_item + n_i) · x_i · w.
        """
        n_rows = np.bincount(train.item_idx, minlength=train.n_items)
        rated = np.flatnonzero(n_rows)
        as_one = blocks(np.zeros_like(rated), rated, train.n_items, self.item_features_.shape[1])
        weights: FloatArray = ridge(as_one, self.item_features_, biases.item_bias_[rated], self._penalty(1))[0]
        damping = self.reg_item + n_rows
        share: FloatArray = np.divide(self.reg_item, damping, out=np.ones(train.n_items), where=damping > 0)
        prior: FloatArray = self.item_features_ @ weights
        return share * prior

    def _tastes(self, residuals: FloatArray, train: RatingDataset) -> tuple[FloatArray, FloatArray]:
        """Each user's taste, and the one that they are shrunk to."""
        features, penalty = self.item_features_, self._penalty(train.n_users)
        grouped = blocks(train.user_idx, train.item_idx, train.n_items, features.shape[1])
        has_rows = np.bincount(train.user_idx, minlength=train.n_users) > 0
        shared: FloatArray = ridge(grouped, features, residuals, penalty)[has_rows].mean(axis=0)
        beside_shared = residuals - (features @ shared)[train.item_idx]
        return shared + ridge(grouped, features, beside_shared, penalty), shared

    def _penalty(self, n_entities: int) -> FloatArray:
        return np.full((n_entities, self.item_features_.shape[1]), float(self.reg))


def item_features(dataset: RatingDataset) -> FloatArray:
    """Genres, scaled so that an item's have length 1, and years: (n_items, n_features), 0 where unknown.

    A year counts for the decades before and after it, in proportion to its closeness.

    Raises:
        ValueError: no item has a genre or a year.
    """
    return named_features(dataset)[0]


def named_features(dataset: RatingDataset) -> tuple[FloatArray, list[str]]:
    """What `item_features` gives, and the features' names (n_features,).

    Raises:
        ValueError: no item has a genre or a year.
    """
    columns = dataset.item_columns or {}
    features = [_genres(columns["genres"])] if "genres" in columns else []
    features += [_decades(columns["year"])] if "year" in columns else []
    together = np.hstack([np.zeros((dataset.n_items, 0)), *(values for values, _ in features)])
    if not together.shape[1]:
        raise ValueError(
            f"no genres and no years in {dataset.name!r}: its item columns are {list(columns)}; "
            f"content needs 'genres' (Drama|War) or 'year' (1994.0); choose a data set that has them, or another model"
        )
    return together, [name for _, names in features for name in names]


def _genres(column: npt.NDArray[Any]) -> tuple[FloatArray, list[str]]:
    """The genres of each distinct combination, spread over the items that have it; and their names."""
    texts = np.array([text if isinstance(text, str) else "" for text in column.tolist()], dtype=str)  # None, NaN
    combinations, which = np.unique(texts, return_inverse=True)
    split = [set(text.split("|")) - {"", NO_GENRES} for text in combinations]
    names = sorted(set().union(*split))
    present = np.array([[name in genres for name in names] for genres in split], float).reshape(len(split), len(names))
    lengths = np.sqrt(np.maximum(present.sum(axis=1, keepdims=True), 1.0))
    spread: FloatArray = (present / lengths)[which]
    return spread, names


def _decades(column: npt.NDArray[Any]) -> tuple[FloatArray, list[str]]:
    years = column.astype(np.float64)
    known = np.isfinite(years)
    if not known.any():
        return np.zeros((len(years), 0)), []
    turns = np.arange(np.floor(years[known].min() / 10.0), np.ceil(years[known].max() / 10.0) + 1.0) * 10.0
    closeness = np.maximum(0.0, 1.0 - np.abs(years[:, None] - turns) / 10.0)
    return np.where(known[:, None], closeness, 0.0), [f"around {turn:.0f}" for turn in turns]
