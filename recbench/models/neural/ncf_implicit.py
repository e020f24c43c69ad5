"""Who rated what, for `ncf`: the points that its product's embeddings are pulled to, moved after each epoch."""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.factorization.implicit_term import Implicit
from recbench.models.neural.trainer import FROZEN, EpochUpdate, Params

ALONG = 0.5  # with 0 it takes more epochs; with 1 the embeddings can run away where the penalties are weak
PARTS = {"user_gmf": f"{FROZEN}rated", "item_gmf": f"{FROZEN}raters"}  # what the sums of each embedding are over


def initial_anchors(train: RatingDataset, n_factors: int) -> Params:
    """The points where they start, at 0, and what they are sums of: y_j of items and x_v of users."""
    n_rows = {"user_gmf": train.n_users, "item_gmf": train.n_items}
    n_parts = {"user_gmf": train.n_items, "item_gmf": train.n_users}
    points = {FROZEN + name: np.zeros((n, n_factors), np.float32) for name, n in n_rows.items()}
    return points | {PARTS[name]: np.zeros((n, n_factors), np.float32) for name, n in n_parts.items()}


def anchor_updater(train: RatingDataset, reg_gmf: float, reg_rated: float, reg_raters: float) -> EpochUpdate:
    """What moves the points after an epoch.

    z_u = n_u^-½ Σ_{j ∈ N(u)} y_j,   y = argmin Σ_u reg_gmf √n_u |g_u − z_u|² + reg_rated Σ_j |y_j|²

    and x likewise. The embeddings go half the way along with their points.
    """
    of_users = _implicit(train.user_idx, train.item_idx, (train.n_users, train.n_items), reg_gmf, reg_rated)
    of_items = _implicit(train.item_idx, train.user_idx, (train.n_items, train.n_users), reg_gmf, reg_raters)

    def move(params: Params) -> Params:
        changed: Params = {}
        for name, implicit in (("user_gmf", of_users), ("item_gmf", of_items)):
            parts = implicit.refit(params[name], params[PARTS[name]])
            point = implicit.term(parts)
            along = params[name] + ALONG * (point - params[FROZEN + name])
            changed |= {PARTS[name]: parts, FROZEN + name: point, name: along}
        return changed

    return move


def _implicit(index: IntArray, others: IntArray, shape: tuple[int, int], reg_gmf: float, reg: float) -> Implicit:
    """The regression of y, or x, in single precision: of many ratings there is no room for more."""
    from scipy.sparse import csr_array

    n_rows = np.maximum(np.bincount(index, minlength=shape[0]), 1)
    shares: FloatArray = (n_rows**-0.5).astype(np.float32)
    matrix = csr_array((shares[index], (index, others)), shape=shape)
    weights = (reg_gmf * n_rows**0.5).astype(np.float32)
    view: csr_array = matrix.T  # type: ignore[assignment]  # by columns, of the same memory
    return Implicit(matrix, view, weights[:, None], reg)
