"""The anchors of `ncf`: points that its product's embeddings are regularized toward, updated after each epoch.

    z_u = n_u^-½ Σ_{j ∈ N(u)} y_j,   y = argmin Σ_u reg_gmf √n_u |g_u − z_u|² + reg_rated Σ_j |y_j|²

N(u) are the n_u items that user u rated, whatever the ratings; z_i and x are the same for items and their raters.
"""

from __future__ import annotations

import numpy as np

from recbench.array_types import FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.implicit_term import Implicit
from recbench.models.trainer import FROZEN, EpochUpdate, Params

# the share of an anchor's move by which its embedding moves too: 0 takes more epochs, 1 can diverge with weak penalties
FOLLOW = 0.5
TERMS = {"user_gmf": f"{FROZEN}rated", "item_gmf": f"{FROZEN}raters"}  # the names of y and x, by embedding


def initial_anchors(train: RatingDataset, n_factors: int) -> Params:
    """Return the anchors z of users and items, and their terms y of items and x of users, all 0."""
    n_rows = {"user_gmf": train.n_users, "item_gmf": train.n_items}
    n_terms = {"user_gmf": train.n_items, "item_gmf": train.n_users}
    anchors = {FROZEN + name: np.zeros((n, n_factors), np.float32) for name, n in n_rows.items()}
    return anchors | {TERMS[name]: np.zeros((n, n_factors), np.float32) for name, n in n_terms.items()}


def anchor_updater(train: RatingDataset, reg_gmf: float, reg_rated: float, reg_raters: float) -> EpochUpdate:
    """Return the function that refits y and x after an epoch, and moves the anchors, and the embeddings half as far."""
    of_users = _implicit(train.user_idx, train.item_idx, (train.n_users, train.n_items), reg_gmf, reg_rated)
    of_items = _implicit(train.item_idx, train.user_idx, (train.n_items, train.n_users), reg_gmf, reg_raters)

    def update(params: Params) -> Params:
        changed: Params = {}
        for name, implicit in (("user_gmf", of_users), ("item_gmf", of_items)):
            terms = implicit.refit(params[name], params[TERMS[name]])
            anchors = implicit.term(terms)
            embedding = params[name] + FOLLOW * (anchors - params[FROZEN + name])
            changed |= {TERMS[name]: terms, FROZEN + name: anchors, name: embedding}
        return changed

    return update


def _implicit(index: IntArray, others: IntArray, shape: tuple[int, int], reg_gmf: float, reg: float) -> Implicit:
    """Return the regression of y, or of x, in float32, which halves the memory."""
    from scipy.sparse import csr_array

    n_rows = np.maximum(np.bincount(index, minlength=shape[0]), 1)
    shares: FloatArray = (n_rows**-0.5).astype(np.float32)
    matrix = csr_array((shares[index], (index, others)), shape=shape)
    weights = (reg_gmf * n_rows**0.5).astype(np.float32)
    view: csr_array = matrix.T  # type: ignore[assignment]  # a view by columns, without a copy
    return Implicit(matrix, view, weights[:, None], reg)
