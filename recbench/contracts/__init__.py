"""The contracts: what a data set, a model, a split and a metric are. Read this first.

Every part of recbench, built in or installed from elsewhere, meets the others through these
classes alone. They import NumPy and nothing heavier.
"""

from recbench.contracts.dataset import Fold, RatingDataset, Split
from recbench.contracts.metric import METRIC_EXTRAS, MODEL_EXTRAS, Metric
from recbench.contracts.model import RatingModel

__all__ = ["METRIC_EXTRAS", "MODEL_EXTRAS", "Fold", "Metric", "RatingDataset", "RatingModel", "Split"]
