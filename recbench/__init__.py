"""recbench: which recommender predicts ratings best on your data, and at what cost."""

from typing import TYPE_CHECKING, Any

from recbench.contracts import Fold, Metric, RatingDataset, RatingModel, Split
from recbench.hookspecs import hookimpl
from recbench.registry.search_space import between, one_of, searched

if TYPE_CHECKING:
    from recbench.datasets.tabular.dataframe import from_frame
    from recbench.notebook.compare import Comparison, compare, evaluate

__all__ = [
    "Comparison",
    "Fold",
    "Metric",
    "RatingDataset",
    "RatingModel",
    "Split",
    "between",
    "compare",
    "evaluate",
    "from_frame",
    "hookimpl",
    "one_of",
    "searched",
]


def __getattr__(name: str) -> Any:
    """What a notebook uses is imported when it is used: a plugin needs none of it."""
    if name in ("Comparison", "compare", "evaluate"):
        from recbench.notebook import compare as api

        return getattr(api, name)
    if name == "from_frame":
        from recbench.datasets.tabular import dataframe as frame

        return frame.from_frame
    raise AttributeError(f"module 'recbench' has no attribute {name!r}")
