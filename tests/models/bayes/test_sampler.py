"""The draws of the Gibbs sampler, each against its conditional distribution in closed form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from recbench.array_types import Float32Array, FloatArray
from recbench.models.bayes.features import identities
from recbench.models.bayes.kernel_arrays import Features, NormalEquations, Prior, RatingRows
from recbench.models.bayes.kernels import draw_coefficients, gather
from recbench.models.bayes.sampler import EntityBlock, Group, combined, draw_precisions

SETS = Features(  # two more features of three rows: the first in rows 0 and 2, the second in rows 0 and 1
    np.array([0, 2, 4]),
    np.array([0, 2, 0, 1], np.int32),
    np.array([0.7, 1.0, 0.7, 0.5], np.float32),
)
DENSE = np.array([[1, 0, 0, 0.7, 0.7], [0, 1, 0, 0, 0.5], [0, 0, 1, 1, 0]])  # the same, with the rows' ids before them


@dataclass(frozen=True, eq=False)
class Pinned(Group):
    """A group with a fixed prior."""

    mean: float = 0.0
    precision: float = 1.0

    def draw_prior(self, random: np.random.Generator) -> Prior:
        width = self.coefficients.shape[1]
        return Prior(np.full(width, self.mean, np.float32), np.full(width, self.precision, np.float32))


def within(expected: Any, draws: FloatArray) -> None:
    """Check that the mean of independent draws is within 4 standard errors of the expected one."""
    gap = np.abs(draws.mean(axis=0) - expected) / (draws.std(axis=0) / np.sqrt(len(draws)))
    assert np.all(gap < 4), f"off by {gap} standard errors"


def test_the_draws_of_a_users_factors_have_the_closed_form_mean_and_covariance() -> None:
    n_users = 20_000  # all alike: each is a draw
    ratings = RatingRows(np.arange(n_users + 1) * 3, np.tile(np.arange(3, dtype=np.int32), n_users))
    items = np.array([[0, 1, 0], [0, 1, 1], [0, 0, 2]], np.float32)
    targets = np.tile(np.array([1, 2, -1], np.float32), n_users)
    vectors: Float32Array = np.zeros((n_users, 3), np.float32)
    gram, moment = np.empty((n_users, 3, 3), np.float32), np.empty((n_users, 3), np.float32)
    gather(ratings, targets, np.full_like(targets, 2), items, gram, moment)
    prior = Prior(np.zeros(3, np.float32), np.array([1e9, 1, 1], np.float32))  # which holds the bias at 0
    normals = np.random.default_rng(0).standard_normal((n_users, 3), dtype=np.float32)
    drawn = vectors.copy()
    draw_coefficients(identities(n_users), drawn, NormalEquations(gram, moment, vectors), prior, normals)
    mean, covariance = np.array([1.294118, -0.235294]), np.array([[0.215686, -0.039216], [-0.039216, 0.098039]])
    assert np.abs(drawn[:, 0]).max() < 1e-3
    within(mean, drawn[:, 1:].astype(np.float64))
    centered = drawn[:, 1:] - mean
    within(covariance, centered[:, :, None] * centered[:, None, :])


def test_biases_with_known_prior_and_noise_average_to_the_ridge_solution() -> None:
    users, items = np.array([0, 0, 1, 1, 2], np.int32), np.array([0, 1, 1, 2, 0], np.int32)
    ratings = np.array([1.0, -2.0, 0.5, 1.5, -1.0])
    design = np.zeros((5, 6))
    design[np.arange(5), users] = design[np.arange(5), 3 + items] = 1
    precision = 4.0 * design.T @ design + 2.0 * np.eye(6)
    expected = np.linalg.solve(precision, 4.0 * design.T @ ratings + 2.0 * 0.3)
    link = np.argsort(items, kind="stable")
    starts = np.array([0, 2, 4, 5])  # of users and, as it happens, of items
    of_users, of_items = (Pinned(identities(3), np.zeros((3, 1), np.float32), 0.3, 2.0) for _ in range(2))
    by_user, by_item = (
        EntityBlock(RatingRows(starts, items), (of_users,)),
        EntityBlock(RatingRows(starts, users[link]), (of_items,)),
    )
    random, alpha, samples = np.random.default_rng(0), np.full(5, 4, np.float32), np.empty((6000, 6))
    for sample in samples:
        for own, other, order in ((by_user, by_item, np.arange(5)), (by_item, by_user, link)):
            errors = ratings - by_user.vectors[users, 0] - by_item.vectors[items, 0]
            own.draw(other, errors[order].astype(np.float32), alpha, random)
        sample[:] = np.concatenate([by_user.vectors[:, 0], by_item.vectors[:, 0]])
    batches = samples.reshape(60, 100, 6).mean(axis=1)  # long enough to be nearly independent
    within(expected, batches)
    np.testing.assert_allclose(np.cov(samples.T), np.linalg.inv(precision), atol=0.02)


def test_the_mean_and_precision_of_a_prior_follow_their_conditional_distribution() -> None:
    coefficients = np.array([[1.0], [2.0], [4.0]], np.float32)
    prior = Group(identities(3), coefficients)
    random = np.random.default_rng(0)
    means, precisions = np.array([prior.draw_prior(random) for _ in range(20_000)])[:, :, 0].T.astype(np.float64)
    # N = 3, mean 7/3: Σ (T − mean)² = 14/3, N mean² / (N + 1) = 49/12; λ ~ Gamma(2, rate (1 + 35/4) / 2)
    within(2 / 4.875, precisions)
    within(2 / 4.875**2, (precisions - 2 / 4.875) ** 2)
    within(7 / 4, means)
    within(0.25 * 4.875, (means - 7 / 4) ** 2)  # E 1/λ = rate / (shape − 1)


def test_common_noise_follows_its_conditional_distribution() -> None:
    random = np.random.default_rng(0)
    squares, counts = np.array([3.0, 6.0]), np.array([4, 5])
    draws = np.array([draw_precisions(squares, counts, np.ones(2), "common", None, random) for _ in range(10_000)])
    np.testing.assert_array_equal(draws[:, 0], draws[:, 1])
    within(10 / 10, draws[:, 0])
    within(2 * 10 / 10**2, (draws[:, 0] - 1) ** 2)


def test_the_noise_of_a_user_follows_its_conditional_distribution() -> None:
    random = np.random.default_rng(0)
    squares, counts = np.array([30.0, 0.0]), np.array([10, 0])
    draws = np.array([draw_precisions(squares, counts, np.ones(2), "user", 0.5, random) for _ in range(10_000)])
    within([15 / 32.6, 5 / 2.6], draws)  # Gamma((5 + n) / 2, rate (5 τ + 0.1 + squares) / 2)


def machine(x: FloatArray, coefficients: FloatArray) -> FloatArray:
    """Return the biases and factors of rows by the formula of the factorization machine: every pair of features."""
    bias: FloatArray = x @ coefficients[:, 0]
    for j in range(len(coefficients)):
        for other in range(j):
            bias = bias + x[:, j] * x[:, other] * (coefficients[j, 1:] @ coefficients[other, 1:])
    return np.column_stack([bias, x @ coefficients[:, 1:]])


class Scene:
    """Three rows of five features, seven ratings of four others, and the state of the sampler."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.coefficients = rng.normal(size=(5, 3)).astype(np.float32)
        self.groups = (Group(identities(3), self.coefficients[:3].copy()), Group(SETS, self.coefficients[3:].copy()))
        self.rows, self.others = np.array([0, 0, 0, 1, 1, 2, 2]), np.array([0, 1, 3, 1, 2, 0, 2], np.int32)
        self.ratings = RatingRows(np.array([0, 3, 5, 7]), self.others)
        self.other = rng.normal(size=(4, 3)).astype(np.float32)
        self.targets = rng.normal(size=7).astype(np.float32)
        self.precisions = rng.uniform(0.5, 2, 7).astype(np.float32)
        self.vectors = combined(self.groups, 3)
        self.gram, self.moment = np.empty((3, 3, 3), np.float32), np.empty((3, 3), np.float32)
        self.prior = Prior(np.array([0.1, 0.2, 0.3], np.float32), np.array([1.0, 2.0, 3.0], np.float32))
        self.gather()

    def gather(self) -> None:
        errors = self.errors(self.vectors).astype(np.float32)
        gather(self.ratings, errors, self.precisions, self.other, self.gram, self.moment)

    def errors(self, vectors: FloatArray) -> FloatArray:
        own, other = vectors[self.rows], self.other[self.others]
        predicted: FloatArray = own[:, 0] + other[:, 0] + np.sum(own[:, 1:] * other[:, 1:], axis=1)
        return self.targets - predicted

    def draw(self, normals: FloatArray) -> Float32Array:
        """Draw the two features of `SETS`; return their coefficients."""
        equations = NormalEquations(self.gram, self.moment, self.vectors)
        draw_coefficients(SETS, self.groups[1].coefficients, equations, self.prior, normals.astype(np.float32))
        return self.groups[1].coefficients

    def energy(self, change: FloatArray) -> float:
        """Return minus the log posterior after a change of the first feature of `SETS`."""
        coefficients = self.coefficients.astype(np.float64)
        coefficients[3] += change
        errors = self.errors(machine(DENSE, coefficients))
        mean, precision = self.prior
        return float(self.precisions @ errors**2 + precision @ (coefficients[3] - mean) ** 2) / 2


def test_the_vector_of_a_row_is_that_of_the_factorization_machine() -> None:
    scene = Scene()
    np.testing.assert_allclose(scene.vectors, machine(DENSE, scene.coefficients), rtol=1e-5)


def test_the_coefficients_of_a_feature_have_their_conditional_mean() -> None:
    scene, steps = Scene(), np.eye(3)
    at = scene.energy(np.zeros(3))
    slope = np.array([(scene.energy(step) - scene.energy(-step)) / 2 for step in steps])  # exact: it is a parabola
    curvature = np.array([[scene.energy(a + b) - scene.energy(a) - scene.energy(b) + at for b in steps] for a in steps])
    drawn = scene.draw(np.zeros((2, 3)))[0]
    np.testing.assert_allclose(drawn, scene.coefficients[3] - np.linalg.solve(curvature, slope), rtol=1e-4)


def test_the_coefficients_of_a_feature_have_their_conditional_covariance() -> None:
    steps = np.eye(3)
    at = Scene().energy(np.zeros(3))
    energy = Scene().energy
    curvature = np.array([[energy(a + b) - energy(a) - energy(b) + at for b in steps] for a in steps])
    mean = Scene().draw(np.zeros((2, 3)))[0]
    spread = np.array([Scene().draw(np.array([step, np.zeros(3)]))[0] - mean for step in steps])
    np.testing.assert_allclose(spread.T @ spread, np.linalg.inv(curvature), rtol=1e-3, atol=1e-5)


def test_vectors_and_sums_are_updated_after_each_draw() -> None:
    scene = Scene()
    scene.draw(np.random.default_rng(1).normal(size=(2, 3)))
    np.testing.assert_allclose(scene.vectors, combined(scene.groups, 3), rtol=1e-4, atol=1e-5)
    followed = scene.moment.copy()
    scene.gather()
    np.testing.assert_allclose(followed, scene.moment, rtol=1e-3, atol=1e-4)
