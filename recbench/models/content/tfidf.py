"""Words of items as sparse features: those of titles and tags, weighted by TF-IDF."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, FloatArray, IntArray
from recbench.contracts import RatingDataset
from recbench.models.row_pointers import pointers_from_counts, row_pointers

Rows = tuple[IntArray, IntArray, FloatArray]  # where each item's words begin (n_items + 1,), the words, their weights
Entries = tuple[IntArray, IntArray, FloatArray]  # item, word, weight

MIN_ITEMS = 2  # that have a word: what is said of one item alone tells nothing of another
MAX_WORDS = 20  # of an item's title, and of its tags, those that weigh most: popular items have hundreds of tags
_WORD = re.compile(r"[^\W_]{2,}")  # a letter alone is no name for what somebody likes


def word_features(dataset: RatingDataset) -> tuple[Rows, list[str]]:
    """The words of titles and tags as features, by TF-IDF, and their names: 'title: dracula', 'tag: pixar'.

        x_iw = tf_iw · ln((1 + n_items) / (1 + n_w))² / length of the item's row

    tf_iw is how often item i has the word, n_w how many items have it. Titles and tags are rows of their
    own, each of length 1, less the words that only one item has. The logarithm is squared since it weighs both
    what a user tells of a word and the word that is asked for, as in a product of query and document.

    An item column `tagged_by` says who gave each tag. With it, a tag counts only if its user's rating of the
    item is in `dataset`: one from somebody whose rating is to be predicted would give it away.

    Source: Salton & Buckley (1988), "Term-weighting approaches in automatic text retrieval", Information
    Processing & Management 24(5).

    Raises:
        ValueError: `tags` and `tagged_by` differ in how many they have of an item.
    """
    columns = dataset.item_columns or {}
    kinds: list[tuple[str, IntArray, list[str]]] = []
    if "title" in columns:
        kinds.append(("title", np.arange(dataset.n_items), _texts(columns["title"])))
    if "tags" in columns:
        kinds.append(("tag", *_tags(dataset, columns["tags"], columns.get("tagged_by"))))
    names: list[str] = []
    entries: list[Entries] = [(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for kind, items, texts in kinds:
        (rows, words, weights), found = _tf_idf(items, texts, dataset.n_items)
        entries.append((rows, words + len(names), weights))
        names += [f"{kind}: {word}" for word in found]
    rows, words, weights = map(np.concatenate, zip(*entries, strict=True))
    order = np.lexsort((words, rows))
    starts = row_pointers(rows, dataset.n_items)
    return (starts, words[order], weights[order]), names


def no_words(n_items: int) -> Rows:
    """Items of which no word is known."""
    return np.zeros(n_items + 1, np.int64), np.zeros(0, np.int64), np.zeros(0)


def spread(starts: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """For each entry of each of these rows: the row's number among them, and where the entry stands."""
    n_entries = starts[rows + 1] - starts[rows]
    number = np.repeat(np.arange(len(rows)), n_entries)
    return number, np.arange(len(number)) + (starts[rows] - np.cumsum(n_entries) + n_entries)[number]


def _tf_idf(items: IntArray, texts: Sequence[str], n_items: int) -> tuple[Entries, list[str]]:
    """Weights of the words in the texts, text n being about item `items[n]`; and the words."""
    number = {text: position for position, text in enumerate(dict.fromkeys(texts))}
    split = [_WORD.findall(text.casefold()) for text in number]
    vocabulary = sorted(set(chain.from_iterable(split)))
    code = {word: position for position, word in enumerate(vocabulary)}
    flat = np.array([code[word] for word in chain.from_iterable(split)], np.int64)
    starts = pointers_from_counts(np.array([len(words) for words in split], np.int64))
    owner, at = spread(starts, np.array([number[text] for text in texts], np.int64))
    keys, frequency = np.unique(items[owner] * max(len(vocabulary), 1) + flat[at], return_counts=True)
    rows, words = np.divmod(keys, max(len(vocabulary), 1))
    n_having = np.bincount(words, minlength=len(vocabulary))
    weights = frequency * np.log((1 + n_items) / (1 + n_having))[words] ** 2
    lengths = np.sqrt(np.bincount(rows, weights**2, minlength=n_items))[rows]
    kept = _heaviest(rows, weights) & (n_having[words] >= MIN_ITEMS) & (weights > 0)
    used, words = np.unique(words[kept], return_inverse=True)
    return (rows[kept], words, weights[kept] / lengths[kept]), [vocabulary[word] for word in used]


def _heaviest(rows: IntArray, weights: FloatArray) -> BoolArray:
    """Which entries are among the `MAX_WORDS` heaviest of their row; of equal ones the first."""
    order = np.lexsort((-weights, rows))
    in_row = np.arange(len(rows)) - np.searchsorted(rows[order], rows[order])
    heaviest: BoolArray = np.zeros(len(rows), bool)
    heaviest[order] = in_row < MAX_WORDS
    return heaviest


def _tags(
    dataset: RatingDataset, tags: npt.NDArray[Any], tagged_by: npt.NDArray[Any] | None
) -> tuple[IntArray, list[str]]:
    """The item of each tag, and the tags."""
    of_items = [text.split("|") if text else [] for text in _texts(tags)]
    items = np.repeat(np.arange(dataset.n_items), [len(each) for each in of_items])
    texts = list(chain.from_iterable(of_items))
    if tagged_by is None:
        return items, texts
    by = [text.split("|") if text else [] for text in _texts(tagged_by)]
    for item, (given, givers) in enumerate(zip(of_items, by, strict=True)):
        if len(given) != len(givers):
            raise ValueError(
                f"item {dataset.item_ids[item].item()!r} has {len(given)} tags and {len(givers)} users in 'tagged_by'; "
                f"name one user a tag, separated by |, or leave the column out"
            )
    index = {str(user): position for position, user in enumerate(dataset.user_ids.tolist())}
    users = np.array([index.get(user, -1) for user in chain.from_iterable(by)], np.int64)
    rated = dataset.user_idx.astype(np.int64) * dataset.n_items + dataset.item_idx
    kept = (users >= 0) & np.isin(users * dataset.n_items + items, rated)
    return items[kept], [texts[position] for position in np.flatnonzero(kept)]


def _texts(column: npt.NDArray[Any]) -> list[str]:
    return [text if isinstance(text, str) else "" for text in column.tolist()]  # None, NaN
