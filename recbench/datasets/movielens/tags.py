"""What users tagged items with, as item columns."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

SEPARATOR = "|"  # between an item's tags, and between those who gave them


def tag_columns(item_ids: Iterable[Any], tags: Iterable[tuple[Any, Any, str]]) -> dict[str, npt.NDArray[Any]]:
    """The columns `tags` and `tagged_by` in the order of the ids, from (user, item, tag); blank without tags.

    They go together: an item tagged 'pixar' by user 7 and 'fun' by user 9 has pixar|fun and 7|9. Blank tags and
    those of other items are left out. A tag is written by somebody who mostly rated the item too, at a time of its
    own: who learns from tags must see to it that those of the ratings to be predicted are not used.
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
    """User, item and tag of each row of a file of GroupLens'.

    Raises:
        ValueError: a row has not what it should.
    """
    for number, fields in enumerate(rows, start=1):
        if len(fields) != 4 or not (fields[0].isdigit() and fields[1].isdigit()):
            raise ValueError(f"tag {number} of {label} is {fields}; user, movie, tag and time would be right")
        yield int(fields[0]), int(fields[1]), fields[2]
