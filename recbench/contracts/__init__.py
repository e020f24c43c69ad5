"""The contracts of datasets, models, splits and metrics. Plugin authors read this package first.

All parts of recbench, built in or from plugins, know each other only through these classes and types: `RatingDataset`,
`Fold` and `Split` in `dataset`, `RatingModel` in `model`, `Metric` in `metric`. They import nothing heavier than NumPy.

Terms: `user_idx` and `item_idx` are dense indices, 0 to n − 1, of the ids in `user_ids` and `item_ids`. A row is one
rating of an item by a user; a pair is a user and an item whose rating may be unknown. A cold user or item has no row
in the training set. The test set is what a fold holds out; the validation set is cut from a fold's training set.
"""

from recbench.contracts.dataset import Fold, RatingDataset, Split
from recbench.contracts.metric import METRIC_EXTRAS, MODEL_EXTRAS, Metric
from recbench.contracts.model import RatingModel

__all__ = ["METRIC_EXTRAS", "MODEL_EXTRAS", "Fold", "Metric", "RatingDataset", "RatingModel", "Split"]
