"""Conversion to LensKit and back: a pipeline that predicts ratings, with biases as LensKit's fallback."""

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
    """Train a pipeline around the scorer and return it."""
    from pandas import DataFrame

    frame = DataFrame({"user_id": _user_ids(train.user_idx), "item_id": train.item_idx, "rating": train.ratings})
    built = pipeline.predict_pipeline(scorer)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", diagnostics.DataWarning)
        built.train(data.from_interactions_df(frame), training.TrainingOptions(rng=seed))
    return built


def rated(built: Any, user_idx: IntArray, item_idx: IntArray) -> FloatArray:
    """Predict each distinct pair once, in this process, and return the predictions in the order of the pairs."""
    from pandas import DataFrame

    n = int(item_idx.max()) + 1
    keys, positions = np.unique(user_idx.astype(np.int64) * n + item_idx, return_inverse=True)
    users, items = np.divmod(keys, n)
    pairs = DataFrame({"user_id": _user_ids(users), "item_id": items})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", diagnostics.DataWarning)  # about LensKit's own fields
        lists = batch.predict(built, data.ItemListCollection.from_df(pairs, ["user_id"]), n_jobs=1)
        predicted = lists.to_df()
    # LensKit returns the predictions in another order
    order = np.lexsort((predicted["item_id"].to_numpy(), predicted["user_id"].to_numpy()))
    return np.asarray(predicted["score"].to_numpy()[order][positions], np.float64)


def _user_ids(user_idx: IntArray) -> IntArray:
    # in LensKit's batches, a user with the id 0 is treated as unknown and gets an unknown user's predictions
    return user_idx.astype(np.int64) + 1
