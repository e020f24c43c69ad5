"""Bayesian matrix factorization: the Bayesian factorization machine whose only features are the user and the item.

r_ui ~ N(mean + b_u + b_i + p_u · q_i, 1/α_u)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from recbench.models.bayes.fm import BayesFM
from recbench.models.bayes.samples import Likelihood


@dataclass
class BayesMF(BayesFM):
    """Biased matrix factorization, averaged over its posterior distribution by Gibbs sampling.

        r_ui ~ N(mean + b_u + b_i + p_u · q_i, 1/α_u)
        (b_u, p_u) ~ N(m, diag(λ)⁻¹),   the same for items; m, λ and α are drawn too

    It is the model `bayes_fm`, described below, without its other features, and with a normal likelihood.

    Source: Salakhutdinov & Mnih (2008), "Bayesian probabilistic matrix factorization using MCMC", ICML.
    """

    # fixed, and so not options of this model
    implicit: bool = field(default=False, init=False)
    side_information: bool = field(default=False, init=False)
    likelihoods: tuple[Likelihood, ...] = field(default=("regression",), init=False)
