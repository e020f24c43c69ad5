"""Words of items as sparse features: those of titles and tags, weighted by TF-IDF.

    x_iw = tf_iw · ln((1 + n_items) / (1 + n_w))² / length of the item's row

tf_iw is how often item i has word w, n_w how many items have it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from recbench.array_types import BoolArray, FloatArray, IntArray, RowPointers
from recbench.contracts import RatingDataset
from recbench.models.row_pointers import pointers_from_counts, row_pointers

MIN_ITEMS = 2  # items that must have a word: a word of one item alone says nothing about other items
MAX_WORDS = 20  # words per title, and per item's tags, those with most weight: popular items have hundreds of tags
_WORD = re.compile(r"[^\W_]{2,}")  # a single letter is not a word that users like or dislike


class WordRows(NamedTuple):
    """The words of each item and their weights, as a compressed sparse matrix."""

    starts: RowPointers  # (n_items + 1,) where each item's words begin
    words: IntArray  # (n_entries,) ascending within an item
    weights: FloatArray  # (n_entries,)


class WordEntries(NamedTuple):
    """Weights of words in any order."""

    items: IntArray  # (n_entries,)
    words: IntArray  # (n_entries,)
    weights: FloatArray  # (n_entries,)


def word_features(dataset: RatingDataset) -> tuple[WordRows, list[str]]:
    """Return the words of titles and tags by TF-IDF, and their names: 'title: dracula', 'tag: pixar'.

        x_iw = tf_iw · ln((1 + n_items) / (1 + n_w))² / length of the item's row

    tf_iw is how often item i has word w, n_w how many items have it. Titles and tags are separate rows, each of
    length 1 before the words that only one item has are left out. The logarithm is squared because it weighs the word
    twice, in the rated item and in the predicted one, as in a product of query and document.

    An item column `tagged_by` says who gave each tag. With it, a tag counts only if its user's rating of the
    item is in `dataset`: a tag from a user whose rating is in the test set would leak it.

    Source: Salton & Buckley (1988), "Term-weighting approaches in automatic text retrieval", Information
    Processing & Management 24(5).

    Raises:
        ValueError: `tags` and `tagged_by` differ in how many entries an item has.
    """
    columns = dataset.item_columns or {}
    kinds: list[tuple[str, IntArray, list[str]]] = []
    if "title" in columns:
        kinds.append(("title", np.arange(dataset.n_items), _texts(columns["title"])))
    if "tags" in columns:
        kinds.append(("tag", *_tags(dataset, columns["tags"], columns.get("tagged_by"))))
    names: list[str] = []
    found = [WordEntries(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0))]
    for kind, items, texts in kinds:
        entries, vocabulary = _tf_idf(items, texts, dataset.n_items)
        found.append(entries._replace(words=entries.words + len(names)))
        names += [f"{kind}: {word}" for word in vocabulary]
    together = WordEntries(*map(np.concatenate, zip(*found, strict=True)))
    order = np.lexsort((together.words, together.items))
    starts = row_pointers(together.items, dataset.n_items)
    return WordRows(starts, together.words[order], together.weights[order]), names


def no_words(n_items: int) -> WordRows:
    """Return the rows of items without words."""
    return WordRows(np.zeros(n_items + 1, np.int64), np.zeros(0, np.int64), np.zeros(0))


def spread(starts: IntArray, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return, for each entry of each of these rows, the position of its row in `rows` and the entry's index."""
    n_entries = starts[rows + 1] - starts[rows]
    number = np.repeat(np.arange(len(rows)), n_entries)
    return number, np.arange(len(number)) + (starts[rows] - np.cumsum(n_entries) + n_entries)[number]


def _tf_idf(items: IntArray, texts: Sequence[str], n_items: int) -> tuple[WordEntries, list[str]]:
    """Return the weights of the words in the texts, and the words; text n is about item `items[n]`."""
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
    return WordEntries(rows[kept], words, weights[kept] / lengths[kept]), [vocabulary[word] for word in used]


def _heaviest(rows: IntArray, weights: FloatArray) -> BoolArray:
    """Return which entries are among the `MAX_WORDS` heaviest of their row, of equal ones the first."""
    # rounded, since the last digits of a logarithm depend on the processor
    order = np.lexsort((-np.round(weights, 9), rows))
    in_row = np.arange(len(rows)) - np.searchsorted(rows[order], rows[order])
    heaviest: BoolArray = np.zeros(len(rows), bool)
    heaviest[order] = in_row < MAX_WORDS
    return heaviest


def _tags(
    dataset: RatingDataset, tags: npt.NDArray[Any], tagged_by: npt.NDArray[Any] | None
) -> tuple[IntArray, list[str]]:
    """Return the item of each tag that counts, and the tags."""
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
                f"name one user per tag, separated by |, or leave the column out"
            )
    index = {str(user): position for position, user in enumerate(dataset.user_ids.tolist())}
    users = np.array([index.get(user, -1) for user in chain.from_iterable(by)], np.int64)
    rated = dataset.user_idx.astype(np.int64) * dataset.n_items + dataset.item_idx
    kept = (users >= 0) & np.isin(users * dataset.n_items + items, rated)
    return items[kept], [texts[position] for position in np.flatnonzero(kept)]


def _texts(column: npt.NDArray[Any]) -> list[str]:
    return [text if isinstance(text, str) else "" for text in column.tolist()]  # None, NaN
