"""From numbers to shades, against plain loops over plain numbers."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from attn_tui.pictures.ink import MASKED, NOT_FINITE
from attn_tui.pictures.levels import DECADES, Shades, blocked, shades
from attn_tui.pictures.palettes import LEVELS
from attn_tui.view import BLOCKS, RANGES
from tests.drawing import loops, quick

TOP = LEVELS - 1
EXACT = 1e-4
"""How far, in shades, float32 may be from plain floats."""

shapes = hnp.array_shapes(min_dims=2, max_dims=2, max_side=7)
numbers = st.one_of(
    st.floats(-1e6, 1e6, width=32, allow_subnormal=False),
    st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-3, 0.5, 3.0e38, 1e-30, math.nan, math.inf, -math.inf]),
)


class Picture(NamedTuple):
    matrix: NDArray[Any]
    mask: NDArray[np.bool_]


@st.composite
def pictures(draw: st.DrawFn, elements: st.SearchStrategy[float] = numbers) -> Picture:
    shape = draw(shapes)
    return Picture(draw(hnp.arrays(np.float32, shape, elements=elements)), draw(hnp.arrays(np.bool_, shape)))


ranges = st.sampled_from(list(RANGES))


# One shade for each number


def counts(picture: Picture, row: int, column: int) -> bool:
    return bool(picture.mask[row, column]) and math.isfinite(picture.matrix[row, column])


def greatest(picture: Picture, row: int, colour_range: str, highest: float) -> float:
    """The size that gets the last shade in a row, looked for number by number."""
    if colour_range in ("unit", "heads"):
        return 1.0 if colour_range == "unit" else highest
    columns = picture.matrix.shape[1]
    found = 0.0
    for i, k in loops(picture.matrix):
        elsewhere = colour_range == "row" and i != row
        first = colour_range == "rest" and k == 0 and columns > 1
        if counts(picture, i, k) and not elsewhere and not first:
            found = max(found, abs(float(picture.matrix[i, k])))
    return found


def shade(number: float, high: float, colour_range: str, signed: bool) -> float:
    """The shade of a number, before it is rounded to a whole one."""
    share = min(abs(number) / high, 1.0) if high > 0 else 0.0
    if colour_range == "log":
        share = max(1 + math.log10(share) / DECADES, 0.0) if share > 0 else 0.0
    if signed:
        share = (1 + math.copysign(share, number)) / 2
    return share * TOP


@quick
@given(pictures(), ranges, st.booleans(), st.floats(0, 1e6, width=32, allow_subnormal=False))
def test_every_number_gets_the_shade_of_its_share(
    picture: Picture, colour_range: str, signed: bool, highest: float
) -> None:
    tones = shades(*picture, colour_range, signed=signed, highest=highest)
    for row, column in loops(picture.matrix):
        level = int(tones.levels[row, column])
        if not picture.mask[row, column]:
            assert level == MASKED
        elif not math.isfinite(picture.matrix[row, column]):
            assert level == NOT_FINITE
        else:
            high = greatest(picture, row, colour_range, highest)
            expected = shade(float(picture.matrix[row, column]), high, colour_range, signed)
            assert 0 <= level < LEVELS
            assert abs(level - expected) <= 0.5 + EXACT


@quick
@given(pictures(), ranges, st.booleans())
def test_the_bar_says_what_the_first_and_the_last_shade_mean(picture: Picture, colour_range: str, signed: bool) -> None:
    tones = shades(*picture, colour_range, signed=signed, highest=2.5)
    for row in range(len(picture.matrix)):
        high = greatest(picture, row, colour_range, 2.5)
        least = -high if signed else high * 10**-DECADES if colour_range == "log" else 0
        assert tones.high[row] == pytest.approx(high, rel=1e-6)
        assert tones.low[row] == pytest.approx(least, rel=1e-6)


@quick
@given(pictures(), ranges, st.booleans())
def test_a_greater_number_of_a_row_never_gets_a_lesser_shade(picture: Picture, colour_range: str, signed: bool) -> None:
    matrix = picture.matrix if signed else np.abs(picture.matrix)
    levels = shades(matrix, picture.mask, colour_range, signed=signed, highest=1.0).levels
    for row in range(len(matrix)):
        shown = [(float(matrix[row, k]), int(levels[row, k])) for k in range(matrix.shape[1]) if levels[row, k] >= 0]
        assert [level for _, level in sorted(shown)] == sorted(level for _, level in shown)


def levels_of(rows: list[list[float]], colour_range: str, **settings: Any) -> list[list[int]]:
    matrix = np.array(rows, dtype=np.float32)
    settings = {"signed": False, "highest": 1.0} | settings
    tones: Shades = shades(matrix, np.ones_like(matrix, dtype=np.bool_), colour_range, **settings)
    return [[int(level) for level in row] for row in tones.levels]


ROWS = [[0.8, 0.1, 0.2], [0.0, 0.4, 0.4]]


@pytest.mark.parametrize(
    ("colour_range", "full"),
    [
        ("row", [(0, 0), (1, 1), (1, 2)]),
        ("picture", [(0, 0)]),
        ("heads", []),
        ("unit", []),
        ("log", [(0, 0)]),
        ("rest", [(0, 0), (1, 1), (1, 2)]),
    ],
)
def test_each_range_gives_its_greatest_number_the_last_shade(colour_range: str, full: list[tuple[int, int]]) -> None:
    levels = levels_of(ROWS, colour_range, highest=0.9)
    assert [(i, k) for i in (0, 1) for k in (0, 1, 2) if levels[i][k] == TOP] == full


def test_a_logarithmic_range_spends_a_quarter_of_the_shades_on_each_power_of_ten() -> None:
    assert levels_of([[1, 0.12, 0.012, 0.0012, 0.0001, 1e-9, 0]], "log") == [[31, 24, 16, 8, 0, 0, 0]]


def test_nothing_is_the_middle_of_a_two_sided_range() -> None:
    assert levels_of([[-2, -1, -0.0, 0, 1, 2]], "row", signed=True) == [[0, 8, 16, 16, 23, 31]]


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("colour_range", RANGES)
def test_a_picture_of_nothing_is_empty(colour_range: str, signed: bool) -> None:
    assert levels_of([[0, 0], [0, 0]], colour_range, signed=signed) == [[16 if signed else 0] * 2] * 2


def test_a_first_key_of_any_size_is_left_out() -> None:
    assert levels_of([[3e38, 1e-3, 5e-4]], "rest") == [[TOP, TOP, 16]]


def test_masked_numbers_do_not_decide_what_the_others_look_like() -> None:
    matrix, mask = np.array([[9.0, np.inf, 1.0]]), np.array([[False, True, True]])
    assert shades(matrix, mask, "row", signed=False, highest=1).levels.tolist() == [[MASKED, NOT_FINITE, TOP]]


# Blocks of positions


def block_of(picture: Picture, size: int, row: int, column: int, statistic: str) -> float | None:
    """One block's number, cell by cell; None where all its cells are masked."""
    inside = [
        float(picture.matrix[i, k])
        for i, k in loops(picture.matrix)
        if i // size == row and k // size == column and picture.mask[i, k]
    ]
    if not inside:
        return None
    return sum(inside) / len(inside) if statistic == "mean" else max(inside, key=abs)


@quick
@given(pictures(st.floats(-100, 100, width=16)), st.integers(2, 9), st.sampled_from(list(BLOCKS)))
def test_a_block_is_the_greatest_or_the_mean_of_its_cells(picture: Picture, size: int, statistic: str) -> None:
    matrix, mask = blocked(*picture, size, statistic)
    assert matrix.shape == mask.shape == tuple(-(-length // size) for length in picture.matrix.shape)
    for row, column in loops(matrix):
        expected = block_of(picture, size, row, column, statistic)
        assert mask[row, column] == (expected is not None)
        if expected is not None and statistic == "max":
            assert abs(matrix[row, column]) == abs(expected)
            assert matrix[row, column] in picture.matrix
        elif expected is not None:
            assert matrix[row, column] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("statistic", BLOCKS)
def test_a_block_with_a_number_that_is_none_says_so(statistic: str) -> None:
    matrix = np.array([[1.0, np.nan, 2.0, 3.0]])
    shown = blocked(matrix, np.ones_like(matrix, dtype=np.bool_), 2, statistic)
    assert shades(*shown, "row", signed=False, highest=1).levels.tolist() == [[NOT_FINITE, TOP]]


@pytest.mark.parametrize("statistic", BLOCKS)
def test_masked_cells_take_no_part_in_their_block(statistic: str) -> None:
    matrix, mask = np.array([[-1.0, 9.0, np.nan, np.inf]]), np.array([[True, False, False, False]])
    numbers, seen = blocked(matrix, mask, 2, statistic)
    assert numbers[0, 0] == -1
    assert seen.tolist() == [[True, False]]
