"""Pictures and counts of blocks against looking at every cell of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import (
    BlockCounts,
    Kind,
    Plane,
    Rectangles,
    RuleError,
    Verdict,
    block_map,
    count,
    count_blocks,
    entries,
    evaluate,
    parse,
    refined_blocks,
)
from attn_engine.masks.blocks import settle
from tests.drawing import quick
from tests.rules import masks, planes

MILLION = 1_048_576
WIDE = Plane(MILLION, MILLION)


def shares_of(text: str, plane: Plane, size: int) -> NDArray[np.float64] | None:
    """The share of each block that is allowed, cell by cell; None where the rule has no value."""
    try:
        allowed = evaluate(parse(text), plane.grid())
    except RuleError:
        return None
    cells = np.broadcast_to(allowed, (plane.query_length, plane.key_length))
    return np.array([
        [cells[row : row + size, column : column + size].mean() for column in range(0, plane.key_length, size)]
        for row in range(0, plane.query_length, size)
    ])  # fmt: skip


def edges(length: int, size: int) -> list[int]:
    return [*range(0, length, size), length]


@quick
@given(masks, planes, st.integers(1, 9))
def test_small_pictures_are_exact(text: str, plane: Plane, size: int) -> None:
    expected = shares_of(text, plane, size)
    if expected is not None:
        blocks = block_map(parse(text), plane, edges(plane.query_length, size), edges(plane.key_length, size))
        assert blocks.exact
        np.testing.assert_allclose(blocks.shares, expected, rtol=1e-6)
        assert ((blocks.verdicts == Verdict.FULL) == (expected == 1)).all()
        assert ((blocks.verdicts == Verdict.EMPTY) == (expected == 0)).all()


@pytest.mark.parametrize("entry", entries(Kind.MASK), ids=lambda entry: entry.name)
def test_large_pictures_are_never_wrong_about_full_and_empty_and_near_in_share(entry: object) -> None:
    name = getattr(entry, "name", "")
    text = f"{name}(2000)" if getattr(entry, "required", 0) else f"{name} & k >= q - 900 | q // 100 == 7"
    plane, size = Plane(2400, 2400), 75
    expected = shares_of(text, plane, size)
    blocks = block_map(parse(text), plane, edges(2400, size), edges(2400, size))
    assert expected is not None
    assert (expected[blocks.verdicts == Verdict.FULL] == 1).all()
    assert (expected[blocks.verdicts == Verdict.EMPTY] == 0).all()
    assert np.abs(blocks.shares - expected).mean() < 0.1, "8 rows and 8 columns of a cell, of stripes 8 numbers"
    between = blocks.shares[blocks.verdicts == Verdict.PARTIAL]
    assert ((between > 0) & (between < 1)).all()


def test_a_picture_of_a_million_positions_shows_the_diagonal() -> None:
    places = np.linspace(0, MILLION, 33).astype(np.int64)
    blocks = block_map(parse("causal"), WIDE, places, places)
    assert (blocks.verdicts == np.sign(np.arange(32)[:, None] - np.arange(32)) + 1).all()
    np.testing.assert_allclose(np.diag(blocks.shares), 0.5, atol=0.1)


# Counts of blocks.


@quick
@given(masks, planes, st.integers(1, 9))
def test_blocks_of_small_planes_are_counted_exactly(text: str, plane: Plane, size: int) -> None:
    expected = shares_of(text, plane, size)
    if expected is not None:
        counted = count_blocks(parse(text), plane, size)
        assert counted.exact
        assert (counted.full, counted.empty, counted.total) == (
            (expected == 1).sum(),
            (expected == 0).sum(),
            expected.size,
        )


@pytest.mark.parametrize(
    ("text", "full", "partial"),
    [
        ("causal", 8192 * 8191 // 2, 8192),
        ("causal & window(4)", 0, 2 * 8192 - 1),
        ("local(3)", 0, 3 * 8192 - 2),
        ("strided(4)", 0, 8192**2),
        ("causal & window(256)", 8191, 8192 + 8190),
        ("causal & (window(4096) | sink(4))", 253_456, 24_511),
    ],
)
def test_blocks_of_a_million_positions_are_counted_exactly(text: str, full: int, partial: int) -> None:
    counted = count_blocks(parse(text), WIDE, 128)
    assert counted.exact
    assert (counted.full, counted.partial, counted.total) == (full, partial, 8192**2)


def test_a_length_that_is_no_multiple_ends_in_smaller_blocks() -> None:
    counted = count_blocks(parse("causal"), Plane(1_000_001, 1_000_001), 128)
    assert counted.total == 7813**2
    assert (counted.full, counted.partial) == (7813 * 7812 // 2, 7813)


def test_what_has_no_structure_is_estimated_and_says_so() -> None:
    counted = count_blocks(parse("random_pairs(0.5)"), WIDE, 1)
    assert not counted.exact
    assert counted.total == MILLION**2
    assert abs(counted.full - MILLION**2 / 2) < 5 * counted.error


def test_what_is_not_looked_at_within_the_budget_is_not_certain() -> None:
    rule, whole = parse("q == 123 & k == 457"), Rectangles.between([0, 1000], [0, 1000])
    verdicts, certain = settle(rule, Plane(1000, 1000), whole, budget=20)
    assert (verdicts.tolist(), certain.tolist()) == ([Verdict.PARTIAL], [False])
    verdicts, certain = settle(rule, Plane(1000, 1000), whole, budget=1000)
    assert (verdicts.tolist(), certain.tolist()) == ([Verdict.PARTIAL], [True])


def test_blocks_of_a_band_with_sinks_over_a_million_positions_are_exact() -> None:
    """Against the band's own arithmetic, row of blocks by row of blocks."""
    row = np.arange(MILLION // 16)
    first = np.maximum(row * 16 - 4095, 0) // 16  # the first block that the window reaches
    full = np.minimum(row, 255).sum()
    shown = (row - first + 1 + (first > 0)).sum()
    counted = count_blocks(parse("causal & (window(4096) | sink(4))"), WIDE, 16)
    assert counted == BlockCounts(int(full), int(shown - full), row.size**2 - int(shown))


@pytest.mark.parametrize(
    ("text", "size"),
    [("bigbird(64, 3)", 64), ("random_blocks(64, 3)", 64), ("causal & bigbird(32, 2)", 32), ("axial(1024)", 1024)],
)
def test_estimates_of_blocks_are_within_their_errors_of_what_the_pairs_tell(text: str, size: int) -> None:
    """Such blocks are full or empty but for a few on the diagonal, so that the exact count of pairs tells them."""
    rule, plane = parse(text), Plane(MILLION, MILLION)
    counted = count(rule, plane)
    assert counted.exact
    first = blocks = count_blocks(rule, plane, size)
    while True:
        told = counted.pairs / size**2
        assert told - blocks.partial - 5 * blocks.error <= blocks.full <= told + 5 * blocks.error
        if blocks.exact or blocks.samples >= 2**15:
            break
        better = refined_blocks(blocks, rule, plane, size)
        assert (better.samples, better.total) == (2 * blocks.samples, blocks.total)
        blocks = better
    assert blocks.error <= first.error


def test_blocks_that_were_counted_are_not_refined() -> None:
    counted = count_blocks(parse("causal"), Plane(1000, 1000), 16)
    assert refined_blocks(counted, parse("causal"), Plane(1000, 1000), 16) is counted
