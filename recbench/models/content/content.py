"""Content-based filtering: what a user thinks of genres, years and words, learned from the user's own ratings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

import numpy as np

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import Reason, sorted_reasons, with_extra_user
from recbench.contracts import RatingDataset, RatingModel
from recbench.models.baselines.bias import Bias
from recbench.models.batched_ridge import one_thread, padded_batches, ridge, ridge_of_one
from recbench.models.content.tfidf import no_words, word_features
from recbench.models.content.word_tastes import effects_by_word, word_effects, word_tastes
from recbench.models.item_features import named_features
from recbench.models.prediction_blocks import pairwise_products
from recbench.registry.search_space import between, searched


@dataclass
class Content(RatingModel):
    """Content-based filtering: every user's ridge regressions on what the items rated are.

        r_ui ≈ mean + b_u + b_i + θ_u · x_i + t_u · z_i
        θ_u = argmin Σ_i (e_ui − θ_u · x_i)² + reg |θ_u − θ|²
        t_u = argmin Σ_i (e_ui − θ_u · x_i − t_u · z_i)² + reg_words |t_u|²

    x_i holds the item's genres and its year's closeness to the decades around it, z_i the words of its title and
    tags by TF-IDF (see `words`); e_ui is what the biases leave of the rating; θ is the mean of the users' θ_u in a
    first pass that shrinks them to 0. An item's bias is damped toward x_i · w + z_i · v, which ridge regressions
    of all rated items' biases give: it is the bias of an item without ratings. A user without ratings has bias
    0, the taste θ and no taste for words; an item of which nothing is known has x_i = z_i = 0.

    Source: the regression of each user's ratings on content is that of Pazzani & Billsus (2007),
    "Content-based recommendation systems", The Adaptive Web, ch. 10; the shrinkage to the population
    that of a hierarchical linear model, Condliff, Lewis, Madigan & Posse (1999), "Bayesian
    mixed-effects models for recommender systems", SIGIR workshop.
    """

    requires: ClassVar[tuple[str, ...]] = ("scipy.sparse",)
    # defaults: the best compromise on validation parts cut from the training rows of ML-100K and latest-small, for
    # reg_words also of ML-1M and the embedded release. Fitting the tastes for both at once, or in turns, was worse.
    reg: float = searched(8.0, between(1, 100, log=True))  # shrinkage of a user's tastes to everyone's, in ratings
    reg_user: float = searched(5.0, between(0.5, 50, log=True))  # damping of a user's bias, in ratings
    reg_item: float = searched(2.0, between(0.5, 50, log=True))  # damping of an item's bias, in ratings
    reg_words: float = searched(2.5, between(0.5, 50, log=True))  # shrinkage of a user's tastes for words, in ratings
    words: bool = True  # whether an item is also the words of its title and tags

    def fit(self, train: RatingDataset, valid: RatingDataset | None = None) -> Self:
        """Learn the biases, `item_features_` (n_items, n_features) and `user_tastes_` (n_users, n_features).

        Beside them the words, sparse: `item_words_` as in `words.Rows`, `user_words_` as in `word_tastes.Tastes`; and,
        for people who come later, `rated_item_bias_` (n_items,), the items' biases before what they are has a part
        in them, and `shared_taste_` (n_features,). Names: `feature_names_`, `word_names_`.

        Raises:
            ValueError: `train` has no ratings, or nothing is known of its items.
        """
        self._describe(train)
        biases = Bias(self.reg_user, self.reg_item).fit(train)
        self.global_mean_, self.user_bias_ = biases.global_mean_, biases.user_bias_
        self.rated_item_bias_ = biases.item_bias_
        with one_thread():
            self.item_bias_ = biases.item_bias_ + self._missing_bias(biases, train)
            known = self.global_mean_ + self.user_bias_[train.user_idx] + self.item_bias_[train.item_idx]
            self.user_tastes_, self.shared_taste_ = self._tastes(train.ratings - known, train)
        left = train.ratings - known - self._taste_products(train.user_idx, train.item_idx)
        self.user_words_ = word_tastes(self.item_words_, train.user_idx, train.item_idx, left, self.reg_words)
        return self

    def predict(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """The biases, and the user's tastes for what the item is."""
        biases = self.global_mean_ + self.user_bias_[user_idx] + self.item_bias_[item_idx]
        words = word_effects(self.item_words_, self.user_words_, user_idx, item_idx)
        return biases + self._taste_products(user_idx, item_idx) + words

    def is_fallback(self, user_idx: IntArray, item_idx: IntArray) -> BoolArray:
        """Where the user has no training row, or nothing is known of the item; a cold item is no such case."""
        has_features: BoolArray = self.item_features_.any(axis=1) | (np.diff(self.item_words_[0]) > 0)
        return ~(self.known_users_[user_idx] & has_features[item_idx])

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """One more user, with the bias and the tastes that the fit gives; the items' biases are fixed."""
        above = ratings.astype(np.float64) - self.global_mean_
        damping = self.reg_user + len(item_idx)
        bias = float(np.sum(above - self.rated_item_bias_[item_idx])) / damping if damping > 0 else 0.0
        features = self.item_features_[item_idx]
        targets = above - bias - self.item_bias_[item_idx] - features @ self.shared_taste_
        beside = ridge_of_one(features, targets, self._penalty(1)[0])
        newcomer = np.full(len(item_idx), len(self.user_bias_))
        keys, tastes = word_tastes(self.item_words_, newcomer, item_idx, targets - features @ beside, self.reg_words)
        return with_extra_user(
            self,
            item_idx,
            user_bias_=np.append(self.user_bias_, bias),
            user_tastes_=np.vstack([self.user_tastes_, self.shared_taste_ + beside]),
            user_words_=(np.append(self.user_words_[0], keys), np.append(self.user_words_[1], tastes)),
        )

    def reasons(self, user: int, item: int) -> list[Reason]:
        """The item's genres, decades and words, each with what the user's taste makes of it."""
        pair = np.array([user]), np.array([item])
        _, words, effects = effects_by_word(self.item_words_, self.user_words_, *pair)
        names = [*self.feature_names_.tolist(), *self.word_names_[words].tolist()]
        return sorted_reasons("feature", names, np.append(self.user_tastes_[user] * self.item_features_[item], effects))

    def _describe(self, train: RatingDataset) -> None:
        self.item_features_, names = named_features(train)
        self.item_words_, words = word_features(train) if self.words else (no_words(train.n_items), [])
        if not names and not words:
            raise ValueError(
                f"nothing is known of the items of {train.name!r}: its item columns are "
                f"{list(train.item_columns or {})}; content needs 'genres' (Drama|War), 'year' (1994.0), or words in "
                f"'title' or 'tags' that two items share; choose a data set that has them, or another model"
            )
        self.feature_names_, self.word_names_ = np.array(names, np.str_), np.array(words, np.str_)

    def _taste_products(self, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
        """Return θ_u · x_i of each pair, (n_pairs,)."""
        return pairwise_products(self.user_tastes_, user_idx, self.item_features_, item_idx)

    def _missing_bias(self, biases: Bias, train: RatingDataset) -> FloatArray:
        """What damping took off the items' biases, as far as what the items are makes up for it.

        Damping toward x_i · w + z_i · v instead of 0 adds reg_item / (reg_item + n_i) times that.
        """
        n_rows = np.bincount(train.item_idx, minlength=train.n_items)
        rated = np.flatnonzero(n_rows)
        as_one = padded_batches(np.zeros_like(rated), rated, train.n_items, self.item_features_.shape[1])
        weights: FloatArray = ridge(as_one, self.item_features_, biases.item_bias_[rated], self._penalty(1))[0]
        prior: FloatArray = self.item_features_ @ weights
        no_user, everything = np.zeros(train.n_items, np.int64), np.arange(train.n_items)
        words = word_tastes(self.item_words_, no_user[rated], rated, (biases.item_bias_ - prior)[rated], self.reg)
        prior += word_effects(self.item_words_, words, no_user, everything)
        damping = self.reg_item + n_rows
        share: FloatArray = np.divide(self.reg_item, damping, out=np.ones(train.n_items), where=damping > 0)
        return share * prior

    def _tastes(self, residuals: FloatArray, train: RatingDataset) -> tuple[FloatArray, FloatArray]:
        """Each user's taste, and the one that they are shrunk to."""
        features, penalty = self.item_features_, self._penalty(train.n_users)
        batches = padded_batches(train.user_idx, train.item_idx, train.n_items, features.shape[1])
        has_rows = np.bincount(train.user_idx, minlength=train.n_users) > 0
        shared: FloatArray = ridge(batches, features, residuals, penalty)[has_rows].mean(axis=0)
        beside_shared = residuals - (features @ shared)[train.item_idx]
        return shared + ridge(batches, features, beside_shared, penalty), shared

    def _penalty(self, n_entities: int) -> FloatArray:
        return np.full((n_entities, self.item_features_.shape[1]), float(self.reg))
