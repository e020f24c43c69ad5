"""recbench: which recommender predicts ratings best on your data, and at what cost."""

from recbench.contracts import Fold, Metric, RatingDataset, RatingModel, Split
from recbench.hookspecs import hookimpl

__all__ = ["Fold", "Metric", "RatingDataset", "RatingModel", "Split", "hookimpl"]
