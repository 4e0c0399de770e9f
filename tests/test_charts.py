"""What a chart shows."""

import math
import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import plotext  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from attn_tui import charts
from attn_tui.charts import Chart, Kind, Series, draw, points
from tests.plots import canvas, columns, picture, styled, texts

CYAN, YELLOW, DIM, BOLD = Style(color="cyan"), Style(color="yellow"), Style(dim=True), Style(bold=True)
NAN = math.nan
SIZES = [(16, 4), (24, 5), (24, 12), (36, 9), (36, 10), (60, 15), (120, 30), (77, 4), (17, 40)]


def by_query(count: int, **settings: Any) -> Chart:
    ceiling = np.log(np.arange(1, count + 1))
    entropy = ceiling * (0.55 + 0.4 * np.sin(np.arange(count)))
    series = [Series("entropy", entropy, CYAN), Series("ln(keys seen)", ceiling, YELLOW, "dashes")]
    defaults: dict[str, Any] = {"y_label": "nats", "x_label": "query", "axis_style": DIM}
    return Chart(series, **defaults | settings)


def by_head(count: int, kind: Kind = "bars", **settings: Any) -> Chart:
    entropy = 1.2 + np.cos(2.0 * np.arange(count))
    return Chart([Series("entropy", entropy, CYAN, kind)], y_label="nats", x_label="head", **settings)


def test_entropy_by_query() -> None:
    assert (
        picture(draw(by_query(16, cursor=7), 36, 9))
        == """
nats  ⠒⠒ entropy  ╌╌ ln(keys seen)
3┤               │         ╌╌╌╌╌╌⢀╌╌
 │               ╌╌⢀⡀╌╌╌╌╌╌    ⢀⠔⠁⠉⠢
2┤        ╌╌╌╌╌╌╌⢠⠒⠁⠈⠒⢄       ⢠⠃
1┤    ⢀╌╌╌      ⡰⠁     ⠣⡀    ⢠⠃
 │  ⡠⠒⠁⠉⠑⠢⡀   ⡠⠜ │      ⠑⢄ ⢀⠔⠃
0┤⡠⠊      ⠈⠑⠒⠊   │        ⠑⠁
 └┬──────────┬───┴──────┬───── query
  0          5   7      10        15
"""
    )


def test_entropy_by_head() -> None:
    assert (
        picture(draw(by_head(12, cursor=4), 36, 9))
        == """
nats  ██ entropy
3┤            │
 │ ▃       ▃  │     ▁
2┤ █       █  │     █       ▆  ▂
1┤ █       █  ▁     █  ▅    █  █
 │ █  ▅  ▁ █  █     █  █    █  █
0┤ █  █  █ █  █  ▆  █  █  ▄ █  █  ▃
 └─┬─────┬────┼─────┬─────┬──── head
   0     2    4     6     8    10
"""
    )


def test_as_low_as_it_goes() -> None:
    assert (
        picture(draw(by_query(16, cursor=7), 24, 5))
        == """
nats ⠒ entropy ╌ ln(key…
3┤         ╌╌⢀╌╌╌╌╌╌╌⢀⠔⢄
 │  ⢀╌╌╌╌╌╌⡠⠊⠁⠉⠢⡀  ⢀⠔⠁
0┤⡠⠒⠁⠉⠑⠢⠤⠤⠊ │   ⠈⠒⠔⠊
  0      5  7   10    15
"""
    )


@pytest.mark.parametrize("size", [*SIZES, (0, 0), (1, 1), (15, 9), (16, 3), (-3, 2), (9, -2), (500, 150)])
@pytest.mark.parametrize("chart", [by_query(300, cursor=200), by_head(12, "dots", cursor=0), Chart([])])
def test_has_exactly_the_size_asked_for(chart: Chart, size: tuple[int, int]) -> None:
    width, height = size
    assert [cell_len(line) for line in texts(draw(chart, *size))] == [max(width, 0)] * max(height, 0)


def test_beyond_the_largest_size_is_blank() -> None:
    width, height = charts.LARGEST
    lines = texts(draw(by_query(300), width + 50, height + 20))
    assert {line[width:] for line in lines} == {" " * 50}
    assert {line.strip() for line in lines[height:]} == {""}
    assert lines[height - 1].strip()


@pytest.mark.parametrize("size", [(15, 9), (60, 3), (8, 2)])
def test_too_small_shows_the_name(size: tuple[int, int]) -> None:
    first, *others = texts(draw(Chart([Series("entropy of the head", [1, 2])]), *size))
    assert first.rstrip() == ("entropy of the head" if size[0] > 19 else "entropy of the head"[: size[0] - 1] + "…")
    assert not "".join(others).strip()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 12, 16, 64, 100, 2000, 100_000])
@pytest.mark.parametrize("width", [24, 36, 60, 120])
def test_positions_have_whole_numbers(count: int, width: int) -> None:
    for chart in (by_query(count), by_head(count, "dots")):
        numbers = [int(word) for word in texts(draw(chart, width, 9))[-1].split()]
        steps = {after - before for before, after in pairwise(numbers)}
        assert numbers
        assert numbers[0] == 0
        assert numbers[-1] < count
        assert len(steps) <= 1
        assert len(numbers) <= 9


@pytest.mark.parametrize(
    ("highest", "numbers"),
    [
        (math.log(2), "0.8 0.6 0.4 0.2 0"),
        (math.log(16), "3 2 1 0"),
        (math.log(2000), "8 6 4 2 0"),
        (180.0, "200 150 100 50 0"),
        (0.0, "1.0 0.5 0"),
        (2e-9, "2e-9 1.5e-9 1e-9 5e-10 0"),
        (7e20, "8e20 6e20 4e20 2e20 0"),
    ],
)
def test_values_have_short_round_numbers(highest: float, numbers: str) -> None:
    lines = texts(draw(Chart([Series("entropy", [0.0, highest])]), 40, 14))
    assert [line.split("┤")[0].strip() for line in lines if "┤" in line] == numbers.split()


def test_a_low_chart_has_fewer_numbers() -> None:
    assert "".join(line.split("┤")[0] for line in texts(draw(by_query(16), 24, 5)) if "┤" in line) == "30"


def test_limits_hold_whatever_the_values() -> None:
    flat, beyond = Series("flat", [1.0, 1.0]), Series("beyond", [0.5, 1e300])
    for limits in ((0.0, 1.0), (1.0, 0.0)):
        rows = draw(Chart([flat], y_limits=limits), 36, 9)
        assert canvas(rows)[0] == "⠉" * len(canvas(rows)[0])
        assert "⠉" in canvas(draw(Chart([beyond], y_limits=limits), 36, 9))[0]
        assert texts(rows)[1].startswith("1.0┤")


@pytest.mark.parametrize("kind", ["line", "dashes", "dots", "bars"])
def test_nan_is_a_gap_and_the_series_goes_on(kind: Kind) -> None:
    y = np.ones(62)
    y[20:40] = NAN
    lines = canvas(draw(Chart([Series("y", y, kind=kind)]), 64, 9))
    shown = "".join("x" if column.strip() else " " for column in columns(lines))
    assert 19 <= shown.count(" ") <= 23
    assert shown.strip("x") == " " * shown.count(" ")
    assert 18 <= shown.index(" ") <= 21


@pytest.mark.parametrize("kind", ["line", "dashes", "dots", "bars"])
def test_a_value_between_gaps_is_seen(kind: Kind) -> None:
    rows = draw(Chart([Series("y", [NAN, NAN, 1.0, NAN, math.inf], kind=kind, x=range(5))]), 36, 9)
    assert "".join(canvas(rows)).strip(" ")


def test_a_point_on_its_own_is_more_than_a_speck() -> None:
    rows = draw(Chart([Series("y", [2.0, 2.0, NAN, 1.0, NAN, 2.0, 2.0])]), 36, 9)
    assert "".join(canvas(rows)).count("•") == 1


def test_a_gap_at_the_start_keeps_its_place() -> None:
    rows = draw(Chart([Series("y", [NAN] * 30 + [1.0] * 31), Series("all", [0.0] * 61)]), 64, 9)
    half = len(canvas(rows)[0]) // 2
    assert {line[: half - 1] for line in canvas(rows)[:-1]} == {" " * (half - 1)}
    assert "⠤" in canvas(rows)[0][half + 1 :] or "⠉" in canvas(rows)[0][half + 1 :]


def test_points_are_drawn_from_left_to_right() -> None:
    x = np.arange(30)
    mixed = np.random.default_rng(0).permutation(30)
    for kind in points.MARKERS:
        shown = [texts(draw(Chart([Series("y", o % 7, kind=kind, x=o)]), 36, 9)) for o in (x, mixed)]
        assert shown[0] == shown[1]


def test_a_head_without_entropy_is_still_a_bar() -> None:
    lines = canvas(draw(Chart([Series("entropy", [1.0, 0.0, NAN], kind="bars")]), 36, 9))
    assert lines[-1].split() == ["██████", "▁▁▁▁▁▁"]


def test_a_ceiling_that_jumps_is_seen_at_both_ends() -> None:
    y = [math.log(i % 20 + 1) for i in range(2000)]
    lines = canvas(draw(Chart([Series("ceiling", y, kind="dashes")]), 36, 9))
    assert set(lines[0]) == set(lines[-1]) == {"╌"}


def test_one_peak_among_many_is_seen() -> None:
    y = np.zeros(5000)
    y[3210] = 3.0
    lines = canvas(draw(Chart([Series("y", y)]), 36, 9))
    peak = columns(lines)[int(3210 / 5000 * len(lines[0]))]
    assert all(char != " " for char in peak)
    assert lines[0].count(" ") == len(lines[0]) - 1


def test_the_ceiling_lies_above_the_line_in_its_own_style() -> None:
    rows = draw(by_query(200), 60, 15)
    assert {style for char, style in styled(rows) if char == "╌"} == {YELLOW}
    for column in columns(canvas(rows)):
        assert "╌" not in column.lstrip(" ╌")


def test_each_series_has_its_style_and_the_frame_another() -> None:
    cells = styled(draw(by_query(64), 36, 9))
    assert {style for char, style in cells if "⠀" < char <= "⣿"} == {CYAN}
    assert {style for char, style in cells if char in "┤└┬─│"} == {DIM}


@pytest.mark.parametrize("kind", ["line", "dashes", "dots", "bars"])
def test_series_differ_without_colour(kind: Kind) -> None:
    series = [Series(f"{level}", [level] * 16, kind=kind) for level in (1, 2, 3)]
    lines = texts(draw(Chart(series, y_limits=(0, 3.5)), 60, 15))
    legend = dict(zip("123", lines[0].replace("1", "").replace("2", "").replace("3", "").split(), strict=True))
    assert len({mark[0] for mark in legend.values()}) == 3
    for mark in legend.values():
        assert any(mark[0] in line for line in lines[1:]) or mark[0] == "⠒"


def test_kinds_differ_without_colour() -> None:
    kinds: tuple[Kind, ...] = ("line", "dashes", "dots", "bars", "band")
    marks = [texts(draw(Chart([Series("y", [1, 2], kind=kind)]), 36, 9))[0][0] for kind in kinds]
    assert len(set(marks)) == 5


@pytest.mark.parametrize("width", [36, 60])
@pytest.mark.parametrize("head", range(12))
def test_the_cursor_is_a_marked_column_with_its_number(head: int, width: int) -> None:
    plain, marked = (draw(by_head(12, cursor=cursor), width, 9) for cursor in (None, head))
    (place,) = {
        index
        for before, after in zip(canvas(plain), canvas(marked), strict=True)
        for index, (old, new) in enumerate(zip(before, after, strict=True))
        if old != new
    }
    assert set(columns(canvas(marked))[place]) <= {"│", *columns(canvas(plain))[place]}
    assert columns(canvas(marked))[place][0] == "│"
    assert str(head) in texts(marked)[-1].split()
    assert not [char for char, style in styled(marked) if style.reverse]


MARK = Style(color="black", bgcolor="yellow", bold=True)
BAR = Style(color="yellow", bgcolor="blue", bold=True)


@pytest.mark.parametrize(("width", "wide"), [(36, 1), (60, 3), (120, 6)])
@pytest.mark.parametrize("head", range(12))
def test_the_bar_under_the_cursor_is_a_bar_in_its_colour(head: int, width: int, wide: int) -> None:
    paper = Style(color="white", bgcolor="blue")
    settings: dict[str, Any] = {"axis_style": paper, "cursor_style": MARK}
    plain, marked = (styled(draw(by_head(12, cursor=cursor, **settings), width, 9)) for cursor in (None, head))
    taken = [old for old, new in zip(plain, marked, strict=True) if new[1] == BAR and new[0] != "│"]
    assert [char for char, style in marked if style == BAR and char != "│"] == [char for char, _ in taken]
    assert {style for _, style in taken} == {CYAN}
    bars = columns(canvas(draw(by_head(12), width, 9)))
    tops = [column for before, column in pairwise(["", *bars]) if column.strip() and not before.strip()]
    assert sorted(char for char, _ in taken) == sorted(tops[head].strip() * wide)


@pytest.mark.parametrize(
    ("cursor", "bar"),
    [
        (MARK, Style(color="yellow", bold=True)),
        (Style(color="red"), Style(color="red")),
        (Style(color="red", bgcolor="default"), Style(color="red")),
        (Style(color="default", bgcolor="default", reverse=True, bold=True), Style(color="default", bold=True)),
        (Style(color="red", bgcolor="green", reverse=True), Style(color="red")),
        (BOLD, BOLD),
    ],
)
def test_the_bar_takes_the_colour_that_fills_the_cursor(cursor: Style, bar: Style) -> None:
    cells = styled(draw(by_head(12, cursor=1, cursor_style=cursor), 36, 9))
    assert "█" not in {char for char, style in cells if style not in (CYAN, bar)}
    assert [char for char, style in cells if style == bar][:6] == ["│"] * 4 + ["▅", "█"]
    assert [char for char, style in cells if style == cursor][-1] == "1"


def test_a_line_over_the_bar_under_the_cursor_keeps_its_own_style() -> None:
    line = Series("line", np.full(12, 0.7), YELLOW)
    bars = Series("bars", np.full(12, 1.0), CYAN, "bars")
    rows = draw(Chart([line, bars], y_limits=(0, 2), cursor=3, cursor_style=MARK), 60, 9)
    shown = {style: char for char, style in styled(rows) if style not in (CYAN, YELLOW, Style())}
    assert shown.pop(YELLOW + Style(reverse=True)) in "⠉⠒⠤⣀"
    assert set(shown) == {MARK, Style(color="yellow", bold=True)}


def test_bars_that_touch_are_marked_in_one_column() -> None:
    cells = styled(draw(by_head(200, cursor=77, cursor_style=MARK), 60, 9))
    chosen = [char for char, style in cells if style == Style(color="yellow", bold=True)]
    assert len(chosen) == len(canvas(draw(by_head(200), 60, 9)))


def test_no_bar_is_marked_where_none_stands() -> None:
    chart = Chart([Series("entropy", [1.0, NAN, 1.0], CYAN, "bars")], cursor=1, cursor_style=MARK)
    cells = styled(draw(chart, 36, 9))
    assert {char for char, style in cells if style == Style(color="yellow", bold=True)} == {"│"}


@pytest.mark.parametrize(("query", "place"), [(0, 0), (1999, -1)])
def test_the_cursor_is_seen_at_either_end(query: int, place: int) -> None:
    rows = draw(by_query(2000, cursor=query, cursor_style=BOLD), 36, 9)
    assert str(query) in texts(rows)[-1].split()
    for row in rows[1:7]:
        char, style = styled([row])[2:][place]
        assert (char, style) == ("│", BOLD) or (char != " " and style.reverse)


@pytest.mark.parametrize("cursor", [-1, 16, NAN, math.inf, -1e300, 10**400])
def test_a_cursor_outside_is_not_shown(cursor: float) -> None:
    assert texts(draw(by_query(16, cursor=cursor), 36, 9)) == texts(draw(by_query(16), 36, 9))


def times_drawn(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A list that becomes longer by the points of each curve that plotext is given."""
    counts: list[int] = []
    signal = type(plotext.figure).signal

    def counted(self: object, x: Sequence[float], *rest: Any, **settings: Any) -> object:
        counts.append(len(x))
        return signal(self, x, *rest, **settings)

    monkeypatch.setattr(type(plotext.figure), "signal", counted)
    return counts


def test_moving_the_cursor_does_not_draw_again(monkeypatch: pytest.MonkeyPatch) -> None:
    draw(by_query(99, cursor=0), 36, 9)
    counts = times_drawn(monkeypatch)
    for query in range(1, 99):
        draw(by_query(99, cursor=query), 36, 9)
    assert counts == []


def test_only_a_curve_that_is_new_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    ceiling = Series("ceiling", np.log(np.arange(1.0, 40)), kind="dashes")
    counts = times_drawn(monkeypatch)
    for turn in range(3):
        draw(Chart([Series("a", np.sin(np.arange(39.0) + turn) + 1), ceiling]), 61, 11)
    assert len(counts) == 4


def test_plotext_is_given_two_points_for_a_column_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = times_drawn(monkeypatch)
    y = np.sin(np.arange(50_000.0))
    draw(Chart([Series("a", y), Series("b", y, kind="dots"), Series("c", y, kind="dashes")]), 36, 10)
    assert len(counts) == 3
    assert max(counts) <= 2 * 36


def test_the_figure_of_others_stays_as_it_was() -> None:
    plotext.figure.plot_size(30, 8)
    plotext.figure.draw(plotext.figure.signal([1, 2, 3]))
    before = plotext.figure.build().string()
    draw(by_query(17), 36, 9)
    assert plotext.figure.build().string() == before
    plotext.figure.clear()


@pytest.mark.parametrize(
    ("width", "height", "header"),
    [
        (60, 9, ["entropy (nats)  ⠒⠒ entropy  ╌╌ ln(keys seen)"]),
        (41, 9, ["entropy (nats) ⠒ entropy ╌ ln(keys seen)"]),
        (36, 9, ["entropy (nats) ⠒ entropy ╌ ln(keys…"]),
        (36, 12, ["entropy (nats)  ⠒⠒ entropy", "╌╌ ln(keys seen)"]),
        (24, 5, ["entro… ⠒ entro… ╌ ln(ke…"]),
    ],
)
def test_the_legend_takes_the_room_there_is(width: int, height: int, header: list[str]) -> None:
    lines = texts(draw(by_query(16, y_label="entropy (nats)"), width, height))
    assert [line.rstrip() for line in lines[: len(header)]] == header
    assert "┤" in lines[len(header)]


def test_the_names_of_many_series_take_a_second_row() -> None:
    series = [Series(name, [1.0, 2.0]) for name in ("published", "scaled", "unscaled", "ceiling")]
    lines = texts(draw(Chart(series, y_label="nats"), 30, 8))
    assert [line.rstrip() for line in lines[:2]] == ["nats  ⠒⠒ published  ×× scaled", "++ unscaled  ⠒⠒ ceiling"]
    assert "┤" in lines[2]
    assert "┤" in texts(draw(Chart(series[:3], y_label="nats"), 30, 8))[1]


def test_a_series_without_a_name_is_drawn_but_not_in_the_legend() -> None:
    named, nameless = Series("mean", [1.0, 2.0]), Series("", [2.0, 1.0], kind="dots")
    lines = texts(draw(Chart([nameless, named]), 36, 9))
    assert lines[0].rstrip() == "⠒⠒ mean"
    assert "".join(lines).count("•") == 2


def test_nothing_to_draw_is_said() -> None:
    for series in ([], [Series("entropy", [])], [Series("entropy", [NAN, math.inf])]):
        lines = texts(draw(Chart(series, y_label="nats", cursor=0), 36, 9))
        assert lines[0].startswith("nats")
        assert lines[5] == "no values".center(36)


HOSTILE_WORDS = [
    "a\nb\tc",
    "\x1b[31mred\x1b]52;c;x\x07",
    "[bold]x[/]",
    "漢字 かな 漢字 かな",
    "e\u0301\u202eabc",
    "q\u0301q\u0301q\u0301",
    "👩\u200d💻❤\ufe0f🇩🇪",
    "\ud800",
    "",
]


@pytest.mark.parametrize("word", [*HOSTILE_WORDS, "word " * 100_000])
def test_words_are_shown_not_obeyed(word: str) -> None:
    chart = Chart([Series(word, [1, 2, 3])], x_label=word, y_label=word, cursor=1)
    for width, height in [*SIZES, (9, 2)]:
        lines = texts(draw(chart, width, height))
        assert [cell_len(line) for line in lines] == [width] * height
        assert all(line.isprintable() for line in lines)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_any_words_keep_the_width(word: str) -> None:
    chart = Chart([Series(word, [1, 2, 3])], x_label=word, y_label=word, cursor=1)
    assert {cell_len(line) for line in texts(draw(chart, 36, 9))} == {36}


def test_words_are_whole_where_they_fit() -> None:
    chart = Chart([Series("nom cafe\u0301", [1, 2])], x_label="位q\u0301置", y_label="漢字")
    lines = texts(draw(chart, 36, 9))
    assert lines[0].rstrip() == "漢字  ⠒⠒ nom café"
    assert lines[-2].endswith("─ 位q\u0301置")


def test_a_long_x_label_leaves_the_axis() -> None:
    lines = texts(draw(Chart([Series("y", [1, 2])], x_label="position of the query"), 36, 9))
    assert lines[-2].endswith("─ position o…")


def test_markup_is_written_out() -> None:
    assert "[bold]x[/]" in texts(draw(Chart([Series("[bold]x[/]", [1, 2])]), 36, 9))[0]


def test_without_plotext_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotext", None)
    lines = texts(draw(by_query(18), 36, 9))
    assert [line.rstrip() for line in lines[:2]] == ["nats", "no chart: plotext does not load"]
    assert [len(line) for line in lines] == [36] * 9


def test_it_waits_until_loading_was_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    charts.load.cache_clear()
    assert charts.waiting()
    assert charts.load()
    assert not charts.waiting()
    charts.load.cache_clear()
    monkeypatch.setitem(sys.modules, "plotext", None)
    assert not charts.load()
    assert not charts.waiting()
    charts.load.cache_clear()
