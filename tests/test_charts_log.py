"""Logarithmic axes: where things stand, and what is written beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from attn_tui.charts import Chart, Kind, Series, draw
from tests.drawing import brief
from tests.plots import canvas, columns, picture, texts

WIDTHS = [8, 32, 64, 128, 256, 512]
ENTROPIES = [1.422, 0.652, 0.440, 0.299, 0.205, 0.141]
DOUBLINGS = [2**power for power in range(21)]
KINDS: tuple[Kind, ...] = ("line", "dashes", "dots", "bars", "band")


def study(**settings: Any) -> Chart:
    series = [Series("unscaled", ENTROPIES, x=WIDTHS), Series("ln 20", [2.996] * 6, kind="dashes", x=WIDTHS)]
    return Chart(series, "d_k", "nats", x_log=True, **settings)


def powers(**settings: Any) -> Chart:
    """Straight lines where both axes are logarithmic."""
    lengths = np.array(DOUBLINGS, dtype=float)
    series = [Series("n²", lengths**2, x=lengths), Series("n", lengths, kind="dots", x=lengths)]
    return Chart(series, "n", "pairs", x_log=True, y_log=True, **settings)


def one_dot(x: Sequence[float], y: Sequence[float], **settings: Any) -> list[str]:
    """Columns of a chart from x[0] to x[-1] with a dot at each point."""
    series = [Series("dots", y, kind="dots", x=x), Series("whole", [min(y)] * 2, x=[x[0], x[-1]])]
    return columns(canvas(draw(Chart(series, x_log=True, **settings), 60, 15)))


def x_numbers(chart: Chart, width: int) -> list[str]:
    return texts(draw(chart, width, 9))[-1].split()


def y_numbers(chart: Chart, height: int) -> list[str]:
    return [line.split("┤")[0].strip() for line in texts(draw(chart, 40, height)) if "┤" in line]


def test_entropy_against_the_width_of_heads() -> None:
    assert (
        picture(draw(study(cursor=64), 50, 10))
        == """
nats  ⠒⠒ unscaled  ╌╌ ln 20
3┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
 │                        │
2┤                        │
 │⠤⣀⣀                     │
1┤   ⠉⠉⠑⠒⠢⠤⠤⣀⣀            │
 │            ⠉⠉⠒⠒⠢⠤⠤⠤⢄⣀⣀⣀⣀
0┤                        │⠉⠉⠉⠉⠉⠑⠒⠒⠒⠒⠒⠒⠒⠒⠤⠤⠤⠤⠤⠤⠤⠤⠤
 └┬───────────────┬───────┼───────┬───────┬─── d_k
  8               32     64      128     256   512
"""
    )


def test_pairs_against_the_length() -> None:
    assert (
        picture(draw(powers(cursor=16_384), 50, 10))
        == """
pairs  ⠒⠒ n²  •• n
1e12┤                               │         ⢀⣀⡠⠤
    │                               │  ⢀⣀⠤⠤⠒⠊⠉⠁
 1e9┤                           ⢀⣀⡠⠤⠒⠒⠉⠁
 1e6┤                     ⣀⣀⠤⠔⠒⠉⠁   │          • •
    │              ⣀⡠⠤⠔⠒⠉⠉        • • •  • • •
1000┤       ⣀⣀⠤⠔⠒⠉⠉ •  • • • •  •   │
   1┤⣀⣀⠤⠔⠒⠊⠉  • • •                 │
    └┬────────┬────────┬────────┬───┴────┬────── n
     1        16      256         16384 64k     1M
"""
    )


@pytest.mark.parametrize(("low", "high"), [(8, 512), (1, 2**20), (0.001, 1000), (3, 7), (1e-200, 1e200)])
def test_the_geometric_mean_lies_in_the_middle(low: float, high: float) -> None:
    middle = math.sqrt(low) * math.sqrt(high)
    found = one_dot([low, middle, high], [1, 2, 1], y_limits=(0, 3))
    places = [place for place, column in enumerate(found) if "•" in column]
    assert places[0] == 0
    assert places[-1] == len(found) - 1
    assert abs(places[1] - (len(found) - 1) / 2) <= 0.5


def test_equal_factors_are_equal_steps() -> None:
    found = one_dot([3**power for power in range(9)], [1] * 9)
    places = [place for place, column in enumerate(found) if "•" in column]
    assert len(places) == 9
    assert {after - before for before, after in pairwise(places)} <= {6, 7}


def test_a_power_is_a_straight_line() -> None:
    lengths = np.geomspace(1, 4096, 30)
    curved = Chart([Series("y", lengths**3, x=lengths)], x_log=True, y_log=True, y_limits=(1, 4096**3))
    straight = Chart([Series("y", np.linspace(0, 1, 30), x=np.linspace(0, 1, 30))], y_limits=(0, 1))
    by_height = ["".join("x" if cell.strip() else " " for cell in line) for line in canvas(draw(curved, 60, 15))]
    assert len(by_height[0]) == 60 - 5
    assert by_height == [
        "".join("x" if cell.strip() else " " for cell in line) for line in canvas(draw(straight, 59, 15))
    ]


@pytest.mark.parametrize("width", [36, 41, 50, 60, 120])
def test_the_widths_of_heads_are_the_ticks(width: int) -> None:
    assert x_numbers(study(), width) == ["8", "32", "64", "128", "256", "512"]


@pytest.mark.parametrize(("width", "numbers"), [(30, "8 32 128 512"), (24, "8 32 128 512"), (16, "8 64 512")])
def test_where_they_would_touch_there_are_fewer(width: int, numbers: str) -> None:
    assert x_numbers(study(), width) == numbers.split()


@pytest.mark.parametrize(
    ("x", "numbers"),
    [
        ([1, 2, 4, 8], "1 2 4 8"),
        (DOUBLINGS, "1 4 16 64 256 1024 4096 16k 64k 256k 1M"),
        ([10, 20, 50], "10 20 50"),
        ([5, 12, 700], "5 12 700"),
        (range(1, 1001), "1 10 100 1000"),
        (range(1, 31), "1 2 5 10 20"),
        (np.geomspace(1, 1e15, 100), "1 1000 1e6 1e9 1e12 1e15"),
        (np.geomspace(1e-6, 1, 100), "1e-6 1e-5 0.0001 0.001 0.01 0.1 1"),
        (range(50, 90), "50 60 70 80"),
        ([7], "7"),
        ([2**40, 2**41], "1T 2T"),
        ([12_345, 67_890], "12345 67890"),
        ([10_000, 20_000, 1_000_000], "1e4 2e4 1e6"),
        ([1 / 3, 3], "0.333 3"),
    ],
)
def test_ticks_are_values_of_the_data_or_round(x: Sequence[float], numbers: str) -> None:
    assert x_numbers(Chart([Series("y", np.ones(len(x)), x=x)], x_log=True), 60) == numbers.split()


@pytest.mark.parametrize(
    ("low", "high", "numbers"),
    [
        (1, 1e12, "1e12 1e10 1e8 1e6 1e4 100 1"),
        (1, 1000, "1000 100 10 1"),
        (0.045, 2.996, "3 1 0.3 0.1 0.03"),
        (2.4, 2.7, "5 2"),
        (1e-300, 1e300, "1e300 1e200 1e100 1 1e-100 1e-200 1e-300"),
        (1, 1, "2 1 0.5"),
    ],
)
def test_values_have_short_round_numbers(low: float, high: float, numbers: str) -> None:
    assert y_numbers(Chart([Series("y", [low, high])], y_log=True), 14) == numbers.split()


@pytest.mark.parametrize("limits", [(1, 100), (100, 1)])
def test_limits_hold(limits: tuple[float, float]) -> None:
    chart = Chart([Series("beyond", [1e-5, 1e-5, 1e5, 1e5])], y_log=True, y_limits=limits)
    lines = texts(draw(chart, 40, 14))
    assert y_numbers(chart, 14) == ["100", "50", "20", "10", "5", "2", "1"]
    assert "⠉" in lines[1]
    assert "⣀" in lines[-3]


@pytest.mark.parametrize("limits", [(0, 10), (-1, 10), (math.nan, 10), (1, math.inf)])
def test_limits_that_have_no_logarithm_are_as_none(limits: tuple[float, float]) -> None:
    series = [Series("y", [1, 10, 100])]
    assert texts(draw(Chart(series, y_log=True, y_limits=limits), 36, 9)) == texts(
        draw(Chart(series, y_log=True), 36, 9)
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("bad", [0, -1, -math.inf, math.nan, math.inf])
def test_what_has_no_logarithm_is_a_gap(kind: Kind, bad: float) -> None:
    y = np.ones(62)
    y[20:40] = bad
    lines = canvas(draw(Chart([Series("y", y, kind=kind, high=y)], y_log=True), 64, 9))
    shown = "".join("x" if column.strip() else " " for column in columns(lines))
    assert 18 <= shown.index(" ") <= 21
    assert 19 <= shown.count(" ") <= 23
    assert shown.strip("x") == " " * shown.count(" ")


@pytest.mark.parametrize("kind", KINDS)
def test_places_that_have_no_logarithm_are_not_drawn(kind: Kind) -> None:
    good, bad = [1.0, 10.0, 100.0], [0.0, -5.0, math.nan, math.inf, -math.inf]
    clean = Chart([Series("y", [1, 2, 3], kind=kind, x=good)], x_log=True)
    mixed = Chart([Series("y", [9, 9, 9, 9, 9, 1, 2, 3], kind=kind, x=bad + good)], x_log=True)
    assert texts(draw(mixed, 36, 9)) == texts(draw(clean, 36, 9))


@pytest.mark.parametrize("axes", [(True, False), (False, True), (True, True)])
def test_nothing_positive_is_said(axes: tuple[bool, bool]) -> None:
    chart = Chart([Series("y", [0, -1], x=[0, -1])], cursor=0, x_log=axes[0], y_log=axes[1])
    assert texts(draw(chart, 36, 9))[5] == "no values".center(36)


@pytest.mark.parametrize("width", [24, 41, 60])
@pytest.mark.parametrize("chosen", WIDTHS)
def test_the_cursor_stands_on_the_value_with_its_number(chosen: int, width: int) -> None:
    plain, marked = (draw(study(cursor=cursor, y_limits=(-3, 3)), width, 9) for cursor in (None, chosen))
    (place,) = {
        index
        for before, after in zip(canvas(plain), canvas(marked), strict=True)
        for index, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
    }
    share = math.log(chosen / 8) / math.log(512 / 8)
    cells = len(canvas(plain)[0])
    assert place == min(int(share * cells + 1e-6), cells - 1)
    assert str(chosen) in texts(marked)[-1].split()


@pytest.mark.parametrize("width", range(24, 80))
def test_cursor_dot_and_tick_of_a_value_share_a_column(width: int) -> None:
    series = [Series("dots", [1] * 7, kind="dots", x=DOUBLINGS[3:10])]
    for x_log in (False, True):
        for cursor in DOUBLINGS[3:10]:
            lines = texts(draw(Chart(series, y_limits=(0, 2), x_log=x_log, cursor=cursor), width, 9))
            assert "•" in [line[lines[1].index("│")] for line in lines]
    lines = texts(draw(Chart(series, x_log=True), width, 9))
    ticks = {place for place, char in enumerate(lines[-2]) if char == "┬"}
    assert len(ticks) >= 3
    assert ticks <= {place for line in lines for place, char in enumerate(line) if char == "•"}


@pytest.mark.parametrize(
    ("cursor", "number"),
    [(16_384, "16384"), (2**20, "1048576"), (1000, "1000"), (1.5, "1.5"), (10_000, "10000"), (1e5 / 3, "3.33e4")],
)
def test_the_cursor_is_labelled_with_the_true_value(cursor: float, number: str) -> None:
    assert number in texts(draw(powers(cursor=cursor), 60, 9))[-1].split()


@brief
@given(st.lists(st.floats(1e-300, 1e300), min_size=1, max_size=9, unique=True))
def test_the_cursor_is_seen_at_every_value(x: list[float]) -> None:
    for cursor in x:
        series = [Series("y", [0] * len(x), x=x)]
        chart = Chart(series, x_log=True, cursor=cursor, y_limits=(-1, 1), cursor_style=Style(bold=True))
        assert "│" in canvas(draw(chart, 36, 9))[0]


@pytest.mark.parametrize("cursor", [0, -8, 7.9, 513, math.nan, math.inf, -math.inf, 10**400, 1e308, 5e-324])
def test_a_cursor_outside_is_not_shown(cursor: float) -> None:
    assert texts(draw(study(cursor=cursor), 41, 9)) == texts(draw(study(), 41, 9))


@brief
@given(
    st.lists(st.floats(1e-9, 1e9) | st.integers(1, 2**20), min_size=1, max_size=30),
    st.integers(16, 130),
)
def test_ticks_stand_where_their_numbers_say(x: list[float], width: int) -> None:
    lines = texts(draw(Chart([Series("y", np.ones(len(x)), x=x)], x_log=True), width, 9))
    numbers, start = lines[-1].split(), lines[-2].index("└") + 1
    low, high = math.log2(min(x)), math.log2(max(x))
    low, high = (low, high) if high - low > 1e-5 else (low - 1, high + 1)
    marks = [place - start for place, char in enumerate(lines[-2]) if char == "┬"]
    assert 1 <= len(numbers) == len(marks) <= 12
    for number, mark in zip(numbers, marks, strict=True):
        place = (math.log2(value_of(number)) - low) / (high - low) * (width - start)
        assert abs(place - 0.5 - mark) <= 0.6 + (width - start) / (high - low) * 0.008  # three digits are written


def value_of(number: str) -> float:
    units = {"k": 1024, "M": 1024**2}
    return float(number.rstrip("kM")) * units.get(number[-1], 1)
