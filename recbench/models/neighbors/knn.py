"""User-based and item-based collaborative filtering: averages over the most similar users, or items.

    r_ui ≈ b_ui + scale_u Σ_v w_uv d_vi / (aggregation_damping + Σ_v w_uv)    over users v similar to u
    r_ui ≈ b_ui + scale_i Σ_j w_ij d_uj / (aggregation_damping + Σ_j w_ij)    over items j similar to i

`neighbors` has the formulas of b, scale, w and d, which both models share.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from recbench.array_types import Float64Array, FloatArray, IntArray
from recbench.capabilities import Reason, with_extra_user
from recbench.models.neighbors.fold_in import NewUser, append_column, append_row
from recbench.models.neighbors.neighbors import Neighbors, OfUserOrItem
from recbench.models.neighbors.similarity_inputs import means, row_spreads, similarity_values
from recbench.registry.search_space import between, searched


@dataclass
class UserKNN(Neighbors):
    """The ratings that the users most similar to this one gave the item.

    `Neighbors` has the formulas and options: rows are users, columns are items.

    Source: Resnick, Iacovou, Suchak, Bergstrom & Riedl (1994), "GroupLens", CSCW; offsets and
    shrinkage from Koren (2010), "Factor in the neighbors", ACM TKDD 4(1), §2.2.
    """

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user to compare with the others; item biases and the others' neighbors do not change."""
        new = NewUser.of(item_idx, ratings, self.global_mean_, self.item_bias_, self.reg_user)
        offset = self.global_mean_ + new.bias
        if self.centering in ("mean", "zscore"):
            offset = float(new.ratings.mean()) if len(new.ratings) else self.global_mean_
        deviations = new.ratings - offset - self.column_offset_[new.items]
        scale = row_spreads(self.centering, np.zeros(len(new.items), np.int32), deviations, 1, self.mean_square_)
        compared = similarity_values(
            self.similarity, new.ratings, new.residuals, self._moments(), lambda: self._item_means()[new.items]
        )
        return with_extra_user(
            self,
            item_idx,
            by_row_=append_row(self.by_row_, new.items, compared),
            row_offset_=np.append(self.row_offset_, offset),
            row_scale_=np.append(self.row_scale_, scale),
        )

    def reasons(self, user: int, item: int) -> list[Reason]:
        """Return the users whose ratings of the item were averaged, each with its effect on the prediction."""
        return self._reasons(user, item, "user")

    def _rows_and_columns(self, users: OfUserOrItem, items: OfUserOrItem) -> tuple[OfUserOrItem, OfUserOrItem]:
        return users, items

    def _item_means(self) -> Float64Array:
        """Return the mean rating of each item, (n_items,), recovered from the deviations."""
        starts, users, _, ratings = self.by_column_
        items = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
        if self.centering != "none":
            ratings = ratings * self.row_scale_[users] + self.row_offset_[users] + self.column_offset_[items]
        return means(items, ratings, len(starts) - 1, 0.0)


@dataclass
class ItemKNN(Neighbors):
    """The ratings that the user gave the items most similar to this one.

    `Neighbors` has the formulas and options: rows are items, columns are users.

    Source: Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering
    recommendation algorithms", WWW; offsets and shrinkage from Koren (2010), "Factor in the
    neighbors", ACM TKDD 4(1), §2.2.
    """

    n_neighbors: int = searched(
        25, between(10, 160, log=True)
    )  # at most so many of the most similar raters are averaged

    def with_user(self, item_idx: IntArray, ratings: FloatArray) -> Self:
        """Add a user whose ratings are averaged; item biases and item similarities do not change."""
        new = NewUser.of(item_idx, ratings, self.global_mean_, self.item_bias_, self.reg_user)
        offset = 0.0 if self.centering in ("mean", "zscore") else new.bias
        deviations = (new.ratings - self.row_offset_[new.items] - offset) / self.row_scale_[new.items]
        averaged = new.ratings if self.centering == "none" else deviations
        return with_extra_user(
            self,
            item_idx,
            by_column_=append_column(self.by_column_, new.items, averaged),
            column_offset_=np.append(self.column_offset_, offset),
        )

    def reasons(self, user: int, item: int) -> list[Reason]:
        """Return the items whose ratings by the user were averaged, each with its effect on the prediction."""
        return self._reasons(item, user, "item")

    def _rows_and_columns(self, users: OfUserOrItem, items: OfUserOrItem) -> tuple[OfUserOrItem, OfUserOrItem]:
        return items, users
