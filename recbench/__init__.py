"""recbench: which recommender predicts ratings best on your data, and at what cost."""

from recbench.contracts import Fold, Metric, RatingDataset, RatingModel, Split
from recbench.hookspecs import hookimpl
from recbench.search_space import between, one_of, searched

__all__ = ["Fold", "Metric", "RatingDataset", "RatingModel", "Split", "between", "hookimpl", "one_of", "searched"]
