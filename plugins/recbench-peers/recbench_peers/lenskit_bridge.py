"""Into LensKit and back: a pipeline that predicts ratings, with LensKit's own fallback, its biases."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from recbench import RatingDataset
from recbench.array_types import FloatArray, IntArray
from recbench_peers.peer import library

lenskit = library("lenskit", "lenskit")
als, basic, batch, data, diagnostics, knn, pipeline, training = (
    library(f"lenskit.{name}", "lenskit")
    for name in ("als", "basic", "batch", "data", "diagnostics", "knn", "pipeline", "training")
)


def fitted(scorer: Any, train: RatingDataset, seed: int) -> Any:
    """The pipeline around the scorer, trained."""
    from pandas import DataFrame

    frame = DataFrame({"user_id": _user_ids(train.user_idx), "item_id": train.item_idx, "rating": train.ratings})
    built = pipeline.predict_pipeline(scorer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", diagnostics.DataWarning)
        built.train(data.from_interactions_df(frame), training.TrainingOptions(rng=seed))
    return built


def rated(built: Any, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
    """The pipeline's batch prediction in this process, each different pair once, back in the order of the pairs."""
    from pandas import DataFrame

    n = int(item_idx.max()) + 1
    keys, places = np.unique(user_idx.astype(np.int64) * n + item_idx, return_inverse=True)
    users, items = np.divmod(keys, n)
    asked = DataFrame({"user_id": _user_ids(users), "item_id": items})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", diagnostics.DataWarning)  # it has fields of its own that it does not know
        lists = batch.predict(built, data.ItemListCollection.from_df(asked, ["user_id"]), n_jobs=1)
        answered = lists.to_df()
    # its answers come in an order of its own
    order = np.lexsort((answered["item_id"].to_numpy(), answered["user_id"].to_numpy()))
    return np.asarray(answered["score"].to_numpy()[order][places], np.float64)


def _user_ids(user_idx: IntArray) -> IntArray:
    # a user with the id 0 counts as nobody in its batches, and gets a stranger's predictions
    return user_idx.astype(np.int64) + 1
