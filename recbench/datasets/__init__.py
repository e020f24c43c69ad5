"""The built-in datasets: MovieLens, your own ratings file, and synthetic ratings."""

from collections.abc import Callable, Mapping

from recbench.contracts import RatingDataset
from recbench.datasets.movielens.loader import load_movielens
from recbench.datasets.synthetic import make_synthetic
from recbench.datasets.tabular.ratings_file import load_ratings_file
from recbench.hookspecs import hookimpl


@hookimpl
def register_datasets() -> Mapping[str, Callable[..., RatingDataset]]:
    """Return the loaders of the built-in datasets by name."""
    return {"movielens": load_movielens, "ratings_file": load_ratings_file, "synthetic": make_synthetic}
