"""recbench benchmarks rating-prediction recommenders; `__all__` is its public API, all else is private."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.capabilities import CannotFoldInError, Reason
from recbench.contracts import Fold, Metric, RatingDataset, RatingModel, Split
from recbench.hookspecs import hookimpl
from recbench.progress import checkpoint, track
from recbench.registry.search_space import between, one_of, searched

if TYPE_CHECKING:
    from recbench.datasets.tabular.dataframe import from_frame
    from recbench.notebook.compare import Comparison, compare, evaluate
    from recbench.results.records import Record
    from recbench.testing import DatasetConformance, MetricConformance, ModelConformance

    __version__: str

__all__ = [
    "BoolArray",
    "CannotFoldInError",
    "Comparison",
    "DatasetConformance",
    "FloatArray",
    "Fold",
    "IntArray",
    "Metric",
    "MetricConformance",
    "ModelConformance",
    "RatingDataset",
    "RatingModel",
    "Reason",
    "Record",
    "Split",
    "__version__",
    "between",
    "checkpoint",
    "compare",
    "evaluate",
    "from_frame",
    "hookimpl",
    "one_of",
    "searched",
    "track",
]
LATE = {  # name to module: imported when it is used, because most plugins and commands use none of it
    "Comparison": "recbench.notebook.compare",
    "compare": "recbench.notebook.compare",
    "evaluate": "recbench.notebook.compare",
    "from_frame": "recbench.datasets.tabular.dataframe",
    "Record": "recbench.results.records",
    "DatasetConformance": "recbench.testing",
    "MetricConformance": "recbench.testing",
    "ModelConformance": "recbench.testing",
}


def __getattr__(name: str) -> Any:
    """Import a name of the public API that is not imported from the start."""
    if name == "__version__":
        from importlib.metadata import version

        return version("recbench")
    if name in LATE:
        return getattr(import_module(LATE[name]), name)
    raise AttributeError(f"module 'recbench' has no attribute {name!r}")


def __dir__() -> list[str]:
    """Return the public API, then the names that every module has."""
    return [*__all__, *(name for name in globals() if name.startswith("__") and name not in __all__)]
