"""Tables of any items: alignment, formats, and columns that are left out."""

from __future__ import annotations

from recbench.results.tables import Column, aligned, csv_table, markdown_table, text_table

Pair = tuple[str, float | None]

NAME: Column[Pair] = Column("name", "name", lambda pair: pair[0], csv_key="name", numeric=False)
SIZE: Column[Pair] = Column(
    "size",
    "size",
    lambda pair: pair[1],
    ".1f",
    "size",
    shown="any",
    detail=lambda pair: "cm" if pair[1] else "",
    badges=lambda pair: ["a"] if pair[1] == 2 else [],
)
PAIRS: list[Pair] = [("long name", 2.0), ("b|c", 10.25), ("d", None)]


def test_numbers_are_aligned_to_the_right_with_room_for_a_badge() -> None:
    assert text_table([NAME, SIZE], PAIRS) == [
        "name            size",
        "long name   2.0 cm a",
        "b|c        10.2 cm",
        "d                –",
    ]


def test_markdown_escapes_bars_and_aligns_numbers() -> None:
    assert markdown_table([NAME, SIZE], PAIRS).split("\n") == [
        "| name | size |",
        "| --- | ---: |",
        "| long name | 2.0 cm a |",
        "| b\\|c | 10.2 cm |",
        "| d | – |",
    ]


def test_csv_has_every_digit() -> None:
    assert csv_table([NAME, SIZE], PAIRS) == "name,size\nlong name,2.0\nb|c,10.25\nd,\n"


def test_a_column_without_values_is_not_shown() -> None:
    assert SIZE.is_shown(PAIRS)
    assert not SIZE.is_shown([("d", None)])


def test_a_column_may_be_shown_only_where_values_differ() -> None:
    varying: Column[Pair] = Column("name", "name", lambda pair: pair[0], shown="varies")
    assert varying.is_shown(PAIRS)
    assert not varying.is_shown(PAIRS[:1] * 2)


def test_cells_are_aligned_to_the_left() -> None:
    assert aligned([["a", "bb", "c"], ["aaa", "b", "c"]]) == ["  a    bb  c", "  aaa  b   c"]
    assert aligned([]) == []
