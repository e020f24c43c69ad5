"""Content-based filtering: each user's tastes for genres, years and words, learned from the user's own ratings.

    r_ui ≈ mean + b_u + b_i + θ_u · x_i + t_u · z_i

`item_features` has x, the genres and years, `tfidf` has z, the words, and `word_tastes` fits t.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import Reason, sorted_reasons, with_extra_user
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.bias import Bias
from recbench.models.batched_ridge import one_thread, padded_batches, ridge, ridge_of_one
from recbench.models.content.tfidf import WordRows, no_words, word_features
from recbench.models.content.word_tastes import WordTastes, effects_by_word, word_effects, word_tastes
from recbench.models.item_features import named_features
from recbench.models.prediction_blocks import pairwise_products
from recbench.registry.search_space import between, searched


@dataclass
class Content(RatingModel):
    """Content-based filtering: every user's ridge regressions on the features of the items rated.

        r_ui ≈ mean + b_u + b_i + θ_u · x_i + t_u · z_i
        θ_u = argmin Σ_i (e_ui − θ_u · x_i)² + reg |θ_u − θ|²
        t_u = argmin Σ_i (e_ui − θ_u · x_i − t_u · z_i)² + reg_words |t_u|²

    x_i holds the item's genres and its year's closeness to the decades around it, z_i the words of its title and
    tags by TF-IDF; e_ui is the rating less mean and biases; θ is the mean of the users' θ_u in a first
    pass that shrinks them to 0. An item's bias is damped toward x_i · w + z_i · v, which ridge regressions of
    all rated items' biases fit: it is the bias of an item without ratings. A user without ratings has bias
    0, the taste θ and no tastes for words; an item without known features has x_i = z_i = 0.

    Source: the regression of each user's ratings on content is that of Pazzani & Billsus (2007),
    "Content-based recommendation systems", The Adaptive Web, ch. 10; the shrinkage to the population
    that of a hierarchical linear model, Condliff, Lewis, Madigan & Posse (1999), "Bayesian
    mixed-effects models for recommender systems", SIGIR workshop.
    """

    requires: ClassVar[tuple[str, ...]] = ("scipy.sparse",)
    # defaults: the best compromise on validation sets cut from the training rows of ML-100K and latest-small, for
    # reg_words also of ML-1M and the embedded release. Fitting θ_u and t_u at once, or in turns, was worse.
    reg: float = searched(8.0, between(1, 100, log=True))  # shrinkage of a user's tastes to everyone's, in ratings
    reg_user: float = searched(5.0, between(0.5, 50, log=True))  # damping of a user's bias, in ratings
    reg_item: float = searched(2.0, between(0.5, 50, log=True))  # damping of an item's bias, in ratings
    reg_words: float = searched(2.5, between(0.5, 50, log=True))  # shrinkage of a user's tastes for words, in ratings
    words: bool = True  # whether the words of an item's title and tags are features too

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the biases, `item_features_` (n_items, n_features) and `user_tastes_` (n_users, n_features).

        The words are sparse: `item_words_` is a `WordRows`, `user_words_` a `WordTastes`. `rated_item_bias_`
        (n_items,), the items' biases by ratings alone, and `shared_taste_` (n_features,) serve users who are
        folded in. `feature_names_` and `word_names_` are the names of features and words.

        Raises:
            ValueError: `train` has no ratings, or its items have no features.
        """
        self._describe(train)
        biases = Bias(self.reg_user, self.reg_item).fit(train)
        self.global_mean_ = biases.global_mean_
        self.user_bias_ = biases.user_bias_
        self.rated_item_bias_ = biases.item_bias_
        with one_thread():
            self.item_bias_ = biases.item_bias_ + self._missing_bias(biases, train)
            known = self.global_mean_ + self.user_bias_[train.user_idx] + self.item_bias_[train.item_idx]
            self.user_tastes_, self.shared_taste_ = self._tastes(train.ratings - known, train)
        left = train.ratings - known - self._taste_products(train.user_idx, train.item_idx)
        self.user_words_ = word_tastes(self.item_words_, train.user_idx, train.item_idx, left, self.reg_words)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return mean + b_u + b_i + θ_u · x_i + t_u · z_i, (n_pairs,)."""
        biases = self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx]
        words = word_effects(self.item_words_, self.user_words_, user_idx, item_idx)
        return biases + self._taste_products(user_idx, item_idx) + words

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Return where the user has no training row or the item no features; a cold item with features is not one."""
        has_features: BoolArray = self.item_features_.any(axis=1) | (np.diff(self.item_words_.starts) > 0)
        return ~(self.known_users_[user_idx] & has_features[item_idx])

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user with the bias and the tastes that the fit would learn; the items' biases are fixed."""
        above = ratings.astype(np.float64) - self.global_mean_
        damping = self.reg_user + len(item_idx)
        bias = float(np.sum(above - self.rated_item_bias_[item_idx])) / damping if damping > 0 else 0.0
        features = self.item_features_[item_idx]
        targets = above - bias - self.item_bias_[item_idx] - features @ self.shared_taste_
        beside = ridge_of_one(features, targets, self._penalty(1)[0])
        new_user = np.full(len(item_idx), len(self.user_bias_))
        words = word_tastes(self.item_words_, new_user, item_idx, targets - features @ beside, self.reg_words)
        return with_extra_user(
            self,
            item_idx,
            user_bias_=np.append(self.user_bias_, bias),
            user_tastes_=np.vstack([self.user_tastes_, self.shared_taste_ + beside]),
            user_words_=WordTastes(*(np.append(old, new) for old, new in zip(self.user_words_, words, strict=True))),
        )

    def reasons(self, user: int, item: int) -> list[Reason]:
        """Return the item's genres, decades and words, each with its effect on the prediction."""
        pair = np.array([user]), np.array([item])
        found = effects_by_word(self.item_words_, self.user_words_, *pair)
        names = [*self.feature_names_.tolist(), *self.word_names_[found.words].tolist()]
        effects = np.append(self.user_tastes_[user] * self.item_features_[item], found.effects)
        return sorted_reasons("feature", names, effects)

    @classmethod
    def from_state(cls, options: Mapping[str, Any], state: Mapping[str, Any]) -> Self:
        """Restore the fitted model; a saved one has plain tuples instead of named ones."""
        words = {
            "item_words_": WordRows(*state["item_words_"]),
            "user_words_": WordTastes(*state["user_words_"]),
        }
        return super().from_state(options, {**state, **words})

    def _describe(self, train: RatingDataset) -> None:
        self.item_features_, names = named_features(train)
        self.item_words_, words = word_features(train) if self.words else (no_words(train.n_items), [])
        if not names and not words:
            raise ValueError(
                f"the items of {train.name!r} have no features: its item columns are "
                f"{list(train.item_columns or {})}; content needs 'genres' (Drama|War), 'year' (1994.0), or words in "
                f"'title' or 'tags' that two items share; choose a dataset that has them, or another model"
            )
        self.feature_names_ = np.array(names, np.str_)
        self.word_names_ = np.array(words, np.str_)

    def _taste_products(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return θ_u · x_i of each pair, (n_pairs,)."""
        return pairwise_products(self.user_tastes_, user_idx, self.item_features_, item_idx)

    def _missing_bias(self, biases: Bias, train: RatingDataset) -> FloatArray:
        """Return reg_item / (reg_item + n_i) · (x_i · w + z_i · v), (n_items,).

        That is what damping an item's bias toward x_i · w + z_i · v, instead of toward 0, adds to it.
        """
        n_rows = np.bincount(train.item_idx, minlength=train.n_items)
        rated = np.flatnonzero(n_rows)
        one_entity = padded_batches(np.zeros_like(rated), rated, train.n_items, self.item_features_.shape[1])
        weights: FloatArray = ridge(one_entity, self.item_features_, biases.item_bias_[rated], self._penalty(1))[0]
        prior: FloatArray = self.item_features_ @ weights
        no_user = np.zeros(train.n_items, np.int64)
        every_item = np.arange(train.n_items)
        words = word_tastes(self.item_words_, no_user[rated], rated, (biases.item_bias_ - prior)[rated], self.reg)
        prior += word_effects(self.item_words_, words, no_user, every_item)
        damping = self.reg_item + n_rows
        share: FloatArray = np.divide(self.reg_item, damping, out=np.ones(train.n_items), where=damping > 0)
        return share * prior

    def _tastes(self, residuals: FloatArray, train: RatingDataset) -> tuple[FloatArray, FloatArray]:
        """Return each user's taste θ_u, (n_users, n_features), and θ, (n_features,), to which they are shrunk."""
        features = self.item_features_
        penalty = self._penalty(train.n_users)
        batches = padded_batches(train.user_idx, train.item_idx, train.n_items, features.shape[1])
        has_rows = np.bincount(train.user_idx, minlength=train.n_users) > 0
        shared: FloatArray = ridge(batches, features, residuals, penalty)[has_rows].mean(axis=0)
        beside_shared = residuals - (features @ shared)[train.item_idx]
        return shared + ridge(batches, features, beside_shared, penalty), shared

    def _penalty(self, n_entities: int) -> FloatArray:
        return np.full((n_entities, self.item_features_.shape[1]), float(self.reg))
