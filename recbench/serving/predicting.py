"""Predict the rating of a pair, or of each line of a file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from recbench.array_types import IntArray
from recbench.runtime.atomic import write_text
from recbench.serving.explain import PredictionView, predictions
from recbench.serving.input_files import read_pairs
from recbench.serving.loaded_model import LoadedModel
from recbench.usage import UsageError, relative

NOTES = np.array(["", "unknown user", "unknown item", "unknown user and item"])


def predict_pair(model: LoadedModel, user_id: str, item_id: str) -> PredictionView:
    """Return the predicted rating of one user and item, with a note if the model was not trained with them.

    An unknown user or item gets the prediction for one without ratings.
    """
    users = model.catalog.users([user_id])
    items = model.catalog.items([item_id])
    (view,) = predictions(model, int(users[0]), items)
    return replace(
        view,
        user=user_id if view.user is None else view.user,
        item=item_id if view.item is None else view.item,
        note=str(_notes(model, users, items)[0]),
    )


def predict_file(model: LoadedModel, source: Path, output: Path) -> str:
    """Write the predicted rating of each pair in a CSV file to another one; return a summary.

    Raises:
        UsageError: the two files are the same, or `source` does not hold pairs.
    """
    if source.resolve() == output.resolve():
        raise UsageError(f"{output} is the file of the pairs", "give another one to --output")
    from pandas import DataFrame

    user_ids, item_ids = read_pairs(source)
    users, items = model.catalog.users(user_ids), model.catalog.items(item_ids)
    table = DataFrame({"user": user_ids, "item": item_ids})
    table["rating"] = model.clipped(model.predict(users, items))
    if (std := model.std(users, items)) is not None:
        table["std"] = std
    notes = table["note"] = _notes(model, users, items)
    write_text(output, table.to_csv(index=False, float_format="%.4f"))
    n_unknown = int(np.count_nonzero(notes != ""))
    marked = f", {n_unknown:,} of an unknown user or item: see the column note" if n_unknown else ""
    return f"{len(table):,} predictions in {relative(output)}{marked}"


def _notes(model: LoadedModel, users: IntArray, items: IntArray) -> npt.NDArray[np.str_]:
    """Return for each pair which of its sides is unknown."""
    unknown = (users == model.catalog.n_users) + 2 * (items == model.catalog.n_items)
    return np.asarray(NOTES[unknown])
