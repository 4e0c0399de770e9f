"""Bands: which cells they cover, what lies on them, and how they are told apart."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.style import Style

from attn_tui.charts import Chart, Series, draw
from attn_tui.charts.chart import Numbers
from tests.drawing import brief
from tests.plots import canvas, columns, picture, styled, texts

NAN = math.nan
WIDTHS = [8, 32, 64, 128, 256, 512]
LINE, PAPER, SHADE = Style(color="cyan"), Style(color="white"), Style(color="blue", bgcolor="green")
MARK = Style(color="black", bgcolor="yellow")


def band(low: Numbers, high: Numbers, x: Numbers | None = None, name: str = "95 %") -> Series:
    return Series(name, low, SHADE, "band", x=x, high=high)


def shaded(*series: Series, size: tuple[int, int] = (64, 14), char: str = "░", **settings: Any) -> list[str]:
    """The columns of a chart, x where the band is to be seen."""
    found = columns(canvas(draw(Chart(series, **settings), *size)))
    return ["".join("x" if cell == char else " " for cell in column) for column in found]


def scaling(**settings: Any) -> Chart:
    """The study of the scale: means, bands, published figures."""
    unscaled, scaled = [1.422, 0.652, 0.440, 0.299, 0.205, 0.141], [2.578, 2.571, 2.568, 2.567, 2.567, 2.567]
    low, high = [1.109, 0.438, 0.264, 0.153, 0.085, 0.045], [1.730, 0.876, 0.631, 0.463, 0.347, 0.262]
    published = [1.50, 0.51, 0.42, 0.25, 0.13, 0.07, 2.65, 2.55, 2.54, 2.51, 2.54, 2.56]
    series = [
        Series("published", published, kind="dots", x=WIDTHS * 2),
        Series("scaled", scaled, x=WIDTHS),
        Series("unscaled", unscaled, x=WIDTHS),
        Series("ln 20", [2.996] * 6, kind="dashes", x=WIDTHS),
        band([2.42] * 6, [2.70] * 6, WIDTHS),
        band(low, high, WIDTHS, name=""),
    ]
    return Chart(series, "d_k", "nats", x_log=True, **settings)


def test_the_scaling_study() -> None:
    assert (
        picture(draw(scaling(), 50, 14))
        == """
nats  •• published  ⠒⠒ scaled  ×× unscaled
╌╌ ln 20  ░░ 95 %
3┤╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌╌
 │•⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒•⠒⠒⠒⠒⠒⠒⠒•⠒⠒⠒⠒⠒⠒⠒•⠒⠒⠒⠒⠒⠒⠒•⠒⠒⠒⠒⠒⠒•
 │
2┤
 │•···
 │×××××·····
1┤·····××××××·····
 │     ······×××××××·······
 │            ····•·××××××•××××××·············
0┤                      ·········×•×××××××•××××××•
 └┬───────────────┬───────┬───────┬───────┬─── d_k
  8               32      64     128     256   512
"""
    )


def test_the_scaling_study_as_small_as_it_gets() -> None:
    assert (
        picture(draw(scaling(cursor=128), 30, 8))
        == """
nats  •• published  ⠒⠒ scaled
×× unscaled  ╌╌ ln 20  ░░ 95 %
3┤•⠤⠤⠤⠤⠤⠤⠤⠤•⠤⠤⠤⠤•⠤⠤⠤•⠤⠤⠤⠤•⠤⠤⠤•
 │•··               │
 │××××××××····      │
0┤     ···×•××××•×××•××××•×××•
 └┬────────┬────────┼───── d_k
  8        32      128     512
"""
    )


edges = st.lists(st.tuples(st.floats(0, 10), st.floats(0, 10)), min_size=2, max_size=9)


@brief
@given(edges, st.integers(20, 90), st.integers(5, 30))
def test_it_covers_the_cells_between_its_edges_and_no_others(
    edges: list[tuple[float, float]], width: int, height: int
) -> None:
    low, high = np.sort(edges, axis=1).T
    found = shaded(band(low, high), size=(width, height), y_limits=(0, 10))
    cells, rows = len(found), len(found[0])
    x = np.arange(len(low)) / (len(low) - 1) * cells
    for place, column in enumerate(found):
        within = np.append(np.linspace(place, place + 1, 5), x[(place <= x) & (x <= place + 1)])
        bottom, top = (np.interp(within, x, edge) / 10 * rows for edge in (low, high))
        for row, cell in enumerate(reversed(column)):
            if bottom.max() <= row + 1e-9 and top.min() >= row + 1 - 1e-9:
                assert cell == "x"
            if bottom.min() > row + 1 + 1e-9 or top.max() < row - 1e-9:
                assert cell == " "


@brief
@given(edges)
def test_marks_inside_it_are_drawn_on_it(edges: list[tuple[float, float]]) -> None:
    low, high = np.sort(edges, axis=1).T
    marks = Series("marks", (low + high) / 2, kind="dots")
    assert "•" not in "".join(canvas(draw(Chart([band(low, high), marks]), 64, 14)))
    assert "•" in "".join(canvas(draw(Chart([marks, band(low, high)]), 64, 14)))


@brief
@given(edges)
def test_the_order_of_its_edges_does_not_matter(edges: list[tuple[float, float]]) -> None:
    one, other = np.array(edges).T
    assert shaded(band(one, other)) == shaded(band(other, one))


def test_it_is_as_wide_as_from_the_first_x_to_the_last() -> None:
    whole = Series("whole", [0.0, 0.0], x=[0, 60])
    found = shaded(whole, band([1, 1], [2, 2], [20, 40]), y_limits=(0, 3))
    covered = [place for place, column in enumerate(found) if "x" in column]
    assert covered == list(range(covered[0], covered[-1] + 1))
    assert abs(covered[0] - len(found) / 3) <= 1
    assert abs(covered[-1] - 2 * len(found) / 3) <= 1


def test_between_two_x_it_is_straight_on_a_logarithmic_axis() -> None:
    by_log = shaded(band([1, 5], [2, 10], [1, 2**20]), x_log=True, y_limits=(0, 10))
    assert by_log == shaded(band([1, 5], [2, 10], [0, 20]), y_limits=(0, 10))


@pytest.mark.parametrize("edge", ["low", "high"])
@pytest.mark.parametrize("bad", [NAN, math.inf, -math.inf])
def test_a_gap_in_either_edge_ends_it(edge: str, bad: float) -> None:
    values = {"low": np.ones(62), "high": np.full(62, 2.0)}
    values[edge][20:40] = bad
    shown = "".join("x" if "x" in column else " " for column in shaded(band(values["low"], values["high"])))
    assert 18 <= shown.index(" ") <= 21
    assert 19 <= shown.count(" ") <= 23
    assert shown.strip("x") == " " * shown.count(" ")


def test_one_x_between_gaps_is_a_column() -> None:
    found = shaded(band([NAN, 1, NAN], [NAN, 3, NAN], [0, 1, 2]), Series("y", [0, 0, 0]), y_limits=(0, 4))
    assert [place for place, column in enumerate(found) if "x" in column] == [len(found) // 2]
    assert found[len(found) // 2].split() == ["x" * 7]  # of eleven rows those from 2.75 to 8.25


def test_its_edges_are_in_the_scale() -> None:
    assert texts(draw(Chart([band([-8, -8], [1, 40])]), 36, 9))[1].startswith(" 40┤")
    assert texts(draw(Chart([band([-8, -8], [1, 40])]), 36, 9))[-3].startswith("-20┤")


def test_without_another_edge_it_is_thin() -> None:
    assert texts(draw(Chart([Series("y", [1, 3], kind="band")]), 36, 9)) == texts(
        draw(Chart([Series("y", [1, 3], kind="band", high=[1, 3])]), 36, 9)
    )


def test_only_a_band_has_another_edge() -> None:
    for kind in ("line", "dashes", "dots", "bars"):
        plain, edged = (Chart([Series("y", [1, 2], kind=kind, high=high)]) for high in (None, [9, NAN]))
        assert texts(draw(plain, 36, 9)) == texts(draw(edged, 36, 9))


def test_what_is_listed_before_it_lies_on_it_whole() -> None:
    x = [1, 2, 4]
    above = [
        Series("dots", [1, 2, 1.5], kind="dots", x=x),
        Series("line", [0.5, 1, 2], x=x),
        Series("dashes", [3, 3, 3], kind="dashes", x=x),
    ]
    plain, on_band = (
        canvas(draw(Chart(series, y_limits=(0, 4), x_log=True), 50, 12))
        for series in (above, [*above, band([0] * 3, [4] * 3, x)])
    )
    assert [line.replace(" ", "░") for line in plain] == on_band


def test_its_background_goes_on_under_what_lies_on_it() -> None:
    line = Series("line", [1, 1], LINE)
    cells = styled(draw(Chart([line, band([0, 0], [1.5, 1.5])], y_limits=(0, 3), axis_style=PAPER), 50, 12)[1:])
    assert {style for char, style in cells if "⠀" < char <= "⣿"} == {LINE + Style(bgcolor="green")}
    assert {style for char, style in cells if char == "░"} == {SHADE}
    above = styled(draw(Chart([Series("line", [2, 2], LINE), band([0, 0], [1, 1])], y_limits=(0, 3)), 50, 12)[1:])
    assert {style for char, style in above if "⠀" < char <= "⣿"} == {LINE}


def test_up_to_three_differ_without_colour() -> None:
    series = [band([level] * 2, [level + 0.5] * 2, name=str(level)) for level in (1, 2, 3)]
    lines = texts(draw(Chart(series, y_limits=(0, 4)), 60, 15))
    marks = lines[0].split()[::2]
    assert lines[0].split()[1::2] == ["1", "2", "3"]
    assert len({mark[0] for mark in marks}) == 3
    for mark in marks:
        assert any(mark[0] * 50 in line for line in lines[1:])


def test_its_name_is_as_readable_as_the_axes() -> None:
    cells = styled(draw(Chart([band([1, 1], [2, 2])], axis_style=PAPER), 36, 9)[:1])
    assert cells[:2] == [("░", SHADE)] * 2
    assert {style for char, style in cells if char in "95%"} == {PAPER}


def test_the_cursor_goes_through_it() -> None:
    rows = draw(Chart([band([0] * 3, [4] * 3)], y_limits=(0, 4), cursor=1, cursor_style=MARK), 37, 9)
    middle = columns(canvas(rows))[17]
    assert set(middle) == {"│"}
    assert len([char for char, style in styled(rows) if char == "│" and style == MARK]) == len(middle)
    assert "".join(canvas(rows)).count("│") == len(middle)


def test_one_spike_among_many_is_seen() -> None:
    high = np.ones(5000)
    high[3210] = 3.0
    found = shaded(band(np.zeros(5000), high))
    assert [place for place, column in enumerate(found) if column[0] == "x"] == [int(3210 / 5000 * len(found))]
