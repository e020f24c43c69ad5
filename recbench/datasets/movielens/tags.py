"""Tags that users gave to items, as item columns."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

SEPARATOR = "|"  # between an item's tags, and between the users who gave them


def tag_columns(item_ids: Iterable[Any], tags: Iterable[tuple[Any, Any, str]]) -> dict[str, npt.NDArray[Any]]:
    """Make the item columns `tags` and `tagged_by` from (user, item, tag), in the order of the ids.

    The columns correspond: an item tagged 'pixar' by user 7 and 'fun' by user 9 has pixar|fun and 7|9; an item
    without tags has empty strings. Blank tags and tags of other items are left out. Most users who tag an item also
    rate it, possibly later: a model that uses tags must ignore those of the pairs that it predicts.
    """
    given: dict[Any, list[tuple[str, str]]] = {item: [] for item in item_ids}
    for user, item, tag in tags:
        text = " ".join(tag.replace(SEPARATOR, " ").split())
        if text and item in given:
            given[item].append((text, str(user)))
    columns = [[SEPARATOR.join(column) for column in zip(*each, strict=True)] or ["", ""] for each in given.values()]
    texts = np.array(list(chain.from_iterable(columns)), object).reshape(-1, 2)
    return {"tags": texts[:, 0], "tagged_by": texts[:, 1]}


def tagged(rows: Iterable[list[str]], label: str) -> Iterable[tuple[int, int, str]]:
    """Yield user, item and tag of each row of a MovieLens file of tags.

    Raises:
        ValueError: a row does not have four fields, of which the first two are integers.
    """
    for number, fields in enumerate(rows, start=1):
        if len(fields) != 4 or not (fields[0].isdigit() and fields[1].isdigit()):
            raise ValueError(f"tag {number} of {label} is {fields}; expected user, movie, tag and time")
        yield int(fields[0]), int(fields[1]), fields[2]
