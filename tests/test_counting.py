"""Counts of a mask against looking at every cell, and against sums that are known."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from numpy.typing import NDArray

from attn_engine import (
    Kind,
    Plane,
    RuleError,
    count,
    count_blocks,
    entries,
    evaluate,
    key_counts,
    parse,
    refined,
    row_count,
    row_counts,
)
from attn_engine.masks import counting, rows
from attn_engine.masks.structure import is_of_difference
from attn_engine.notation.evaluation import written_out
from attn_engine.notation.plane import Captured
from tests.drawing import quick
from tests.rules import masks, planes

MILLION = 1_048_576
WIDE = Plane(MILLION, MILLION)


def dense(text: str, plane: Plane) -> NDArray[np.bool_] | None:
    """Every cell of the plane; None where one of them has no value."""
    try:
        allowed = evaluate(parse(text), plane.grid())
    except RuleError:
        return None
    return np.broadcast_to(allowed, (plane.query_length, plane.key_length))


# Every method against the cells.


@quick
@given(masks, planes)
def test_rows_by_stretches_are_those_of_the_cells(text: str, plane: Plane) -> None:
    cells = dense(text, plane)
    plan = rows.plan_rows(parse(text), plane) if cells is not None else None
    if cells is not None and plan is not None:
        assert rows.counts_of(plan).tolist() == cells.sum(axis=1).tolist()


@quick
@given(masks, planes)
def test_rules_of_the_difference_alone_are_the_same_along_diagonals(text: str, plane: Plane) -> None:
    cells = dense(text, plane)
    if cells is not None and is_of_difference(written_out(parse(text))[0]):
        assert (cells[1:, 1:] == cells[:-1, :-1]).all()
        assert counting._by_diagonals(parse(text), plane).tolist() == cells.sum(axis=1).tolist()


@quick
@given(masks, planes)
def test_counts_of_small_planes_are_exact(text: str, plane: Plane) -> None:
    cells = dense(text, plane)
    if cells is not None:
        rule = parse(text)
        counted = count(rule, plane)
        assert (counted.pairs, counted.exact) == (cells.sum(), True)
        seen, seen_by = row_counts(rule, plane), key_counts(rule, plane)
        assert seen is not None
        assert seen.tolist() == cells.sum(axis=1).tolist()
        assert seen_by is not None
        assert seen_by.tolist() == cells.sum(axis=0).tolist()
        assert row_count(rule, plane, plane.query_length - 1) == cells[-1].sum()


@pytest.mark.parametrize("align", ["left", "right"])
@pytest.mark.parametrize("entry", entries(Kind.MASK), ids=lambda entry: entry.name)
def test_every_rule_of_the_catalogue_on_a_ragged_plane_too_large_for_cells(entry: object, align: str) -> None:
    name = getattr(entry, "name", "")
    text = f"{name}(700)" if getattr(entry, "required", 0) else name
    plane = Plane(1500, 1789, align=align)  # type: ignore[arg-type]
    cells = dense(text, plane)
    assert cells is not None
    counted = count(parse(text), plane)
    assert abs(counted.pairs - int(cells.sum())) <= 5 * counted.error


@pytest.mark.parametrize(
    "text",
    ["t[k] == (q < 3)", "t[k] == t[q]", "(q < 9) != t[k]", "where(q % 2 == 0, t[k], t[q]) == (k < 5)"],
)
def test_arrays_of_conditions_are_compared_on_planes_too_large_for_cells(text: str) -> None:
    holds = np.arange(2000) // 150 % 2 == 0
    plane = Plane(1700, 1500, captured=Captured({"t": holds}))
    cells = dense(text, plane)
    assert cells is not None
    assert plane.pairs > counting.MOST_CELLS
    seen, seen_by = row_counts(parse(text), plane), key_counts(parse(text), plane)
    assert seen is not None
    assert seen.tolist() == cells.sum(axis=1).tolist()
    assert seen_by is not None
    assert seen_by.tolist() == cells.sum(axis=0).tolist()


# Sums that are known.

KNOWN = {
    "full": MILLION**2,
    "causal": MILLION * (MILLION + 1) // 2,
    "causal & (window(4096) | sink(4))": 4_290_758_650,
    "causal & window(128)": 128 * MILLION - 127 * 128 // 2,
    "chunked(1024)": 1024 * MILLION,
    "strided(1024)": MILLION * MILLION // 1024,
    "axial(1024)": MILLION * (1024 + 1024 - 1),
    "global(2)": 4 * MILLION - 4,
    "~causal": MILLION * (MILLION - 1) // 2,
    "abs(q - k) <= 3 | k % 8 == 0": (7 * MILLION - 12) + MILLION * MILLION // 8 - (7 * MILLION // 8 - 3),
}


@pytest.mark.parametrize("text", KNOWN)
def test_a_million_positions_are_counted_exactly(text: str) -> None:
    counted = count(parse(text), WIDE)
    assert counted.exact
    assert counted.pairs == KNOWN[text]


def test_keys_of_a_million_positions_are_counted_too() -> None:
    counted = key_counts(parse("causal & (window(4096) | sink(4))"), WIDE)
    assert counted is not None
    assert counted.sum() == 4_290_758_650
    assert counted[:5].tolist() == [MILLION, MILLION - 1, MILLION - 2, MILLION - 3, 4096]


# Estimates.


def test_what_has_no_structure_is_estimated_with_an_error_that_shrinks() -> None:
    rule = parse("random_pairs(0.25)")
    first = count(rule, WIDE)
    second = refined(first, rule, WIDE)
    assert not first.exact
    assert second.error < first.error
    for estimate in (first, second):
        assert abs(estimate.pairs - MILLION**2 / 4) < 5 * estimate.error


def test_an_estimate_is_the_same_each_time() -> None:
    rule = parse("random_pairs(0.1)")
    assert count(rule, WIDE) == count(rule, WIDE)


def test_an_exact_count_cannot_be_refined() -> None:
    rule = parse("causal")
    assert refined(count(rule, WIDE), rule, WIDE) == count(rule, WIDE)


def test_arrays_that_are_read_alike_by_two_rules_are_told_apart_where_queries_and_keys_change_places() -> None:
    text, plane = "(random_blocks == bigbird) == (q < q)", Plane(1, 3)
    cells, seen_by = dense(text, plane), key_counts(parse(text), plane)
    assert cells is not None
    assert seen_by is not None
    assert seen_by.tolist() == cells.sum(axis=0).tolist()


@pytest.mark.parametrize(
    "text",
    [
        "q + 0.1 - k == 0.1",
        "0.1 * q - 0.1 * k <= 0.3",
        "0.1 * q <= 0.1 * k + 0.3",
        "(q - k) * 0.1 <= 0.3",
        "q / 3 - k / 3 < 1",
    ],
)
def test_numbers_that_are_rounded_are_not_taken_for_the_same_along_a_diagonal(text: str) -> None:
    plane = Plane(2048, 1100)
    cells = dense(text, plane)
    assert cells is not None
    assert plane.pairs > counting.MOST_CELLS
    counted = count(parse(text), plane)
    assert abs(counted.pairs - int(cells.sum())) <= 5 * counted.error
    blocks = count_blocks(parse(text), plane, 100)
    shares = np.add.reduceat(
        np.add.reduceat(cells, range(0, 2048, 100), axis=0, dtype=int), range(0, 1100, 100), axis=1
    )
    assert blocks.error or blocks.empty == np.count_nonzero(shares == 0)


NESTED = {
    "chains": "true == (" * 20 + "q < k" + ") == true" * 20,
    "chains of wheres": "0 <= " + "where(0 <= " * 14 + "q" + " < 9, q, 2 * k)" * 14 + " < 9",
    "wheres": "where(" * 14 + "q < k" + ", q, 2 * k) < 9" * 14,
    "sizes": "abs(" * 22 + "q + k" + ")" * 22 + " < 5",
    "many sizes": " + ".join(f"abs(q - {number} * k)" for number in range(2, 24)) + " < 5",
    "many parts of k": " | ".join(f"q < k * k // 3 + {number}" for number in range(40)),
}


@pytest.mark.parametrize("text", NESTED.values(), ids=NESTED)
def test_deep_rules_on_a_million_positions_are_counted_without_a_hang_or_much_memory(text: str) -> None:
    plane = Plane(2**20, 2**20)
    tracemalloc.start()
    try:
        count(parse(text), plane)
        count_blocks(parse(text), plane, 4096)
        assert tracemalloc.get_traced_memory()[1] < 2**27
    finally:
        tracemalloc.stop()
