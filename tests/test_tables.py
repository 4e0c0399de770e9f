"""Named arrays: single entries and the bounds of ranges against every entry of the range."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import arrays
from attn_engine.catalogue import Lengths
from attn_engine.notation.tables import DenseTable, Table, as_table
from tests.drawing import quick

lengths = st.builds(Lengths, st.integers(1, 40), st.integers(1, 40), st.just(1))
seeds = st.integers(0, 2**32 - 1)


def stored(shape: tuple[int, ...], kind: str, seed: int) -> np.ndarray[Any, Any]:
    """An array of one of the kinds that rules read."""
    random = np.random.default_rng(seed)
    match kind:
        case "conditions":
            return random.random(shape) < random.random()
        case "documents":
            return np.sort(random.integers(0, 5, shape), axis=None).reshape(shape)
        case "whole":
            return random.integers(-9, 9, shape).astype(np.int32)
        case _:
            return random.normal(size=shape)


def whole(table: Table) -> np.ndarray[Any, Any]:
    """All entries, one index after the other."""
    return table.at(*np.ix_(*map(np.arange, table.shape)))


def ranges(shape: tuple[int, ...], seed: int, number: int = 40) -> list[Any]:
    """First and last index along each axis, a few of them of single entries."""
    random = np.random.default_rng(seed)
    ends = [np.sort(random.integers(0, length, (2, number)), axis=0) for length in shape]
    single = random.random(number) < 0.2
    return [(low, np.where(single, low, high)) for low, high in ends]


def assert_bounds_hold(table: Table, seed: int) -> None:
    """No entry outside its bounds, and a single entry told exactly."""
    entries, chosen = whole(table), ranges(table.shape, seed)
    found = np.broadcast_arrays(*table.bounds(*chosen), chosen[0][0])[:2]
    for place, (low, high) in enumerate(zip(*found, strict=True)):
        part = entries[tuple(slice(first[place], last[place] + 1) for first, last in chosen)]
        assert low <= part.min()
        assert part.max() <= high
        if part.size == 1:
            assert low == part.item() == high


@quick
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=3).map(tuple),
    st.sampled_from(["conditions", "documents", "whole", "other"]),
    seeds,
)
def test_bounds_of_a_stored_array_hold(shape: tuple[int, ...], kind: str, seed: int) -> None:
    array = stored(shape, kind, seed)
    table = DenseTable(array)
    assert (table.shape, table.ndim, table.dtype) == (array.shape, array.ndim, array.dtype)
    assert (whole(table) == array).all()
    assert_bounds_hold(table, seed)


@quick
@given(lengths, st.integers(1, 9), st.integers(0, 9), st.integers(0, 99), seeds)
def test_bounds_of_random_blocks_hold(lengths: Lengths, size: int, number: int, seed: int, places: int) -> None:
    table = arrays.random_blocks(lengths, size, number, seed)
    assert_bounds_hold(table, places)
    entries = whole(table)
    assert entries.shape == (-(-max(lengths[:2]) // size), -(-lengths.key_length // size))
    for row, columns in enumerate(table.columns(np.arange(table.shape[0]))):
        assert np.flatnonzero(entries[row]).tolist() == columns.tolist()


@quick
@given(lengths, seeds)
def test_bounds_of_a_tree_hold(lengths: Lengths, places: int) -> None:
    table = arrays.ancestors(lengths)
    assert_bounds_hold(table, places)
    entries = whole(table)
    for node, columns in enumerate(table.columns(np.arange(table.shape[0]))):
        lineage = {node}
        while min(lineage):
            lineage.add((min(lineage) - 1) // 2)
        assert set(np.flatnonzero(entries[node])) == set(columns) == lineage


@given(st.integers(1, 60), seeds)
def test_bounds_of_rising_entries_are_exact(length: int, seed: int) -> None:
    array = stored((length,), "documents", seed)
    (chosen,) = ranges(array.shape, seed)
    low, high = DenseTable(array).bounds(chosen)
    assert low.tolist() == array[chosen[0]].tolist()
    assert high.tolist() == array[chosen[1]].tolist()


@quick
@given(st.integers(1, 20), st.integers(1, 20), seeds)
def test_bounds_of_conditions_on_a_square_are_exact(rows: int, columns: int, seed: int) -> None:
    array = stored((rows, columns), "conditions", seed)
    chosen = ranges(array.shape, seed)
    low, high = DenseTable(array).bounds(*chosen)
    for place in range(low.size):
        part = array[tuple(slice(first[place], last[place] + 1) for first, last in chosen)]
        assert (low[place], high[place]) == (part.all(), part.any())


def test_bounds_of_other_entries_stay_near_the_range() -> None:
    """A peak far from the range is not taken for one within it."""
    array = np.zeros(1000)
    array[500] = 9
    low, high = DenseTable(array).bounds((np.array([0, 498, 700]), np.array([200, 502, 999])))
    assert (low.tolist(), high.tolist()) == ([0, 0, 0], [0, 9, 0])


def test_ranges_broadcast() -> None:
    low, high = DenseTable(np.eye(6, dtype=np.bool_)).bounds(
        (np.array([[0], [3]]), np.array([[2], [5]])), (np.array([0, 3]), np.array([2, 5]))
    )
    assert low.tolist() == [[0, 0], [0, 0]]
    assert high.tolist() == [[1, 0], [0, 1]]


def test_a_table_is_taken_as_it_is_and_anything_else_stored() -> None:
    tree = arrays.ancestors(Lengths(5, 5, 1))
    assert as_table(tree) is tree
    assert whole(as_table([3, 1, 2])).tolist() == [3, 1, 2]


@pytest.mark.parametrize("maker", [lambda sizes: arrays.random_blocks(sizes, 64, 3, 0), arrays.ancestors])
def test_a_million_positions_are_read_without_their_square(maker: Any) -> None:
    table = maker(Lengths(2**20, 2**20, 1))
    last = np.array([table.shape[0] - 1])
    for column in np.unique(table.columns(last)):
        assert table.at(last, np.array([column])).all()
        assert [bound.item() for bound in table.bounds((last, last), (np.array([column]),) * 2)] == [1, 1]
