"""The heat map as it is drawn: what stands where, at every size and zoom."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.style import Style

from attn_tui.making import make_scene
from attn_tui.moves import go_to
from attn_tui.pictures.cells import plain, width_of
from attn_tui.pictures.heatmap import heat_map, map_title
from attn_tui.pictures.ink import GLYPHS, Tier, make_ink
from attn_tui.pictures.palettes import PALETTES, lightness
from attn_tui.pictures.plan import plan_map, whole_size, zoom_named
from attn_tui.scene import Scene
from attn_tui.view import BLOCKS, COMPARE, MOST_BLOCK, RANGES, STAGES, THEMES, ZOOMS, Pinned, Session
from tests.drawing import Cell, brief, cells, drawn, ink_of, loops, quick, scene_of, scene_with, session_of

WEIGHTS = [
    [0.70, 0.20, 0.10, 0.00, 0.00],
    [0.10, 0.80, 0.10, 0.00, 0.00],
    [0.00, 0.30, 0.30, 0.40, 0.00],
    [0.00, 0.05, 0.05, 0.80, 0.10],
    [0.20, 0.20, 0.20, 0.20, 0.20],
]
TOKENS = ("The", "cat", "日本", "\x1b[31m", "sat")
NAMES = (*ZOOMS, "2", "3", "64")


def with_cursor(scene: Scene, query: int, key: int) -> Scene:
    return replace(scene, session=go_to(scene, query, key))


# The picture, drawn


def test_cells_with_their_numbers_written_in_them() -> None:
    scene = scene_with(WEIGHTS, options="--cursor 2,1", query_tokens=TOKENS, key_tokens=TOKENS)
    assert (
        drawn(heat_map(scene, 50, 9))
        == """
          The    cat   日本  ␛[31m    sat
The     0.700  0.200  0.100  0.000  0.000
cat     0.100  0.800  0.100  0.000  0.000
日本    0.000[0.300]  0.300  0.400  0.000
␛[31m   0.000  0.050  0.050  0.800  0.100
sat     0.200  0.200  0.200  0.200  0.200

0.000 ··░░░░▒▒▒▒▓▓▓▓██ 0.400 this row

"""
    )


def test_cells_of_two_columns_under_standing_labels() -> None:
    scene = scene_with(WEIGHTS, options="--cursor 2,1 --zoom cells", query_tokens=TOKENS, key_tokens=TOKENS)
    assert (
        drawn(heat_map(scene, 50, 11))
        == """
            ␛
            [
      T c   3 s
      h a 日1 a
      e t 本m t
The   ██░░░░····
cat   ░░██░░····
日本  ··[]▓▓██··
␛[31m ······██░░
sat   ██████████
0.000 ··░░░░▒▒▒▒▓▓▓▓██ 0.400 this row
"""
    )


def test_half_block_cells_show_the_greater_of_two_rows_where_there_are_no_colours() -> None:
    scene = scene_with(WEIGHTS, options="--cursor 2,1 --zoom half", mask=np.tri(5))
    assert (
        drawn(heat_map(scene, 50, 6))
        == """
   1 3
0 ██╱╱╱
2 ·+██╱
4 █████
0.000 ··░░░░▒▒▒▒▓▓▓▓██ 0.300 this row  ╱╱ masked

"""
    )


def test_blocks_of_positions_say_how_they_were_made() -> None:
    scene = scene_with(WEIGHTS, options="--cursor 3,1 --zoom 2 --blocks mean --range picture")
    assert (
        drawn(heat_map(scene, 56, 6))
        == """
  1 4
3 +▓·
4 ▒▒▒

0.000 ··░░░░▒▒▒▒▓▓▓▓██ 0.450  blocks of 2, mean

"""
    )


def test_a_part_of_a_large_picture_says_which_part() -> None:
    scene = scene_of("--source positions --queries 40 --keys 30 --mask causal --zoom cells --cursor 20,22")
    assert (
        drawn(heat_map(scene, 52, 8))
        == """
   0         5         10        15        20  22
15 ░░░░░░░░░░░░░░░░░░░░░░▒▒▓▓▓▓██▓▓╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱╱
   ░░░░░░░░░░░░░░░░░░░░░░░░▒▒▓▓▓▓██▓▓╱╱╱╱╱╱╱╱╱╱╱╱╱╱
   ░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▓▓▓▓██▓▓╱╱╱╱╱╱╱╱╱╱╱╱
   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▓▓▓▓██▓▓╱╱╱╱╱╱╱╱╱╱
   ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▓▓▓▓██▓▓╱╱╱╱╱╱╱╱
20 ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░▒▒▓▓▓▓██▓▓╱╱[]╱╱
0.000 ··░░▓▓██ 0.123  ╱╱ masked  15–20 × 0–23
"""
    )


def test_negative_numbers_keep_their_sign_without_colours() -> None:
    scores = [[-2.0, -1.0, 0.0, 1.0, 2.0], [-2.0, 0.0, 0.0, 0.0, 0.0], [0.5, 0.0, 0.0, 0.0, -2.0]]
    scene = scene_with(scores, options="--stage scores --cursor 1,1 --zoom cells")
    assert plain(heat_map(scene, 40, 6)).splitlines()[1:4] == ["0 -█-▒··▒▒██", "1 -█[]······", "2 ░░······-█"]
    smaller = scene_with(scores, options="--stage scores --cursor 1,1 --zoom half")
    assert plain(heat_map(smaller, 40, 6)).splitlines()[1:3] == ["1 ≣+·▒█", "2 ░···≣"]


def test_the_mask_as_a_picture_of_its_own() -> None:
    scene = scene_of("--source random --queries 4 --keys 4 --mask causal --stage mask --zoom cells --cursor 3,0")
    assert map_title(scene) == "Mask: causal"
    assert (
        drawn(heat_map(scene, 40, 6))
        == """
  0 1 2 3
0 ██╱╱╱╱╱╱
1 ████╱╱╱╱
2 ██████╱╱
3 []██████
██ may look  ╱╱ masked
"""
    )


# Every size, zoom and view


sessions = st.builds(
    lambda options, cursor, scroll, pin: f"{options} --cursor {cursor} --scroll {scroll} {pin}",
    st.builds(
        "--source {} --queries {} --keys {} --heads 2 --head-dim 4 --mask '{}' --stage {} --range {} --zoom {} "
        "--blocks {} --theme {} --palette {} --scale {} --search {}".format,
        st.sampled_from(["random", "repeat", "positions"]),
        st.sampled_from([1, 2, 5, 9, 40, 70]),
        st.sampled_from([1, 2, 5, 9, 40, 70]),
        st.sampled_from(["full", "causal", "false", "k > q", "window(2)", "h == 0"]),
        st.sampled_from(list(STAGES)),
        st.sampled_from(list(RANGES)),
        st.sampled_from(["auto", *NAMES]),
        st.sampled_from(list(BLOCKS)),
        st.sampled_from(list(THEMES)),
        st.sampled_from(list(PALETTES)),
        st.sampled_from(["none", "1e30", "1e-30", "0"]),
        st.sampled_from(["A", "1"]),
    ),
    st.sampled_from(["0,0", "3,4", "69,1", "99,99"]),
    st.sampled_from(["0,0", "1,1", "10,3", "99,99"]),
    st.sampled_from(["", *(f"--pin '--source random --keys 5' --compare {name}" for name in COMPARE)]),
)
sizes = st.tuples(st.integers(1, 90), st.integers(1, 30))


@quick
@given(sessions, sizes, st.sampled_from(list(Tier)))
def test_the_map_is_exactly_as_large_as_its_panel(options: str, size: tuple[int, int], tier: Tier) -> None:
    width, height = size
    lines = heat_map(scene_of(options, tier), width, height)
    assert [width_of(line) for line in lines] == [width] * height


@brief
@given(sessions, st.integers(20, 90))
def test_a_map_without_a_panel_is_as_high_as_it_needs(options: str, width: int) -> None:
    scene = scene_of(options)
    height = whole_size(scene, width)
    text = plain(heat_map(scene, width, height))
    plan = plan_map(scene, width, height)
    lines = -(-plan.shown[0] // (2 if plan.zoom.halves else 1))
    rest = lines == 60 or plan.shown[0] == plan.whole[0]
    assert plan.complete or (plan.shown[1] < plan.whole[1] and rest and scene.session.view.zoom != "auto")
    assert re.search(r"^(██ may look|\S+ (··|-█|≣≣).*██ \S+)", text, re.MULTILINE)


wild = st.text(st.sampled_from("aé日한🙂\x1b\u200b\u202e\u0301\ud800\n "), max_size=12)


@brief
@given(st.lists(wild, min_size=4, max_size=4), st.sampled_from(["auto", *NAMES]), sizes)
def test_columns_stay_in_line_whatever_the_tokens_are(tokens: list[str], zoom: str, size: tuple[int, int]) -> None:
    width, height = size
    names = tuple(tokens)
    scene = scene_with(np.eye(4), options=f"--zoom {zoom}", query_tokens=names, key_tokens=names)
    lines = heat_map(scene, width, height)
    assert [width_of(line) for line in lines] == [width] * height
    assert plain(lines).replace("\n", "").isprintable()


# What stands where


def tone(cell: Cell) -> float:
    """How much a cell shows: its lightness, or its place among the glyphs."""
    if cell.style.bgcolor is None or cell.style.bgcolor.is_default:
        return GLYPHS.find(cell.text)
    return lightness_of(cell.style.bgcolor)


def lightness_of(color: Any) -> float:
    red, green, blue = color.get_truecolor()
    return lightness((red, green, blue))


def labelled(scene: Scene, width: int, height: int) -> dict[tuple[str, str], Cell]:
    """Every cell of a map by the labels that a reader finds before its row and above its column."""
    header, *rows = (cells(line) for line in heat_map(scene, width, height))
    columns = {x: cell.text for x, cell in enumerate(header) if cell.text.strip()}
    found = {}
    for row in rows[: scene.matrix.shape[0]]:
        name = "".join(cell.text for cell in row[: min(columns)]).strip()
        found.update({(name, label): row[x] for x, label in columns.items()})
    return found


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("dark", [True, False])
@brief
@given(st.permutations(range(8)), st.permutations(range(8)))
def test_the_heaviest_key_of_a_query_stands_under_its_label(
    tier: Tier, dark: bool, first: list[int], second: list[int]
) -> None:
    weights = np.array([first, second, *([range(8)] * 6)]) / 7
    theme = "dark" if dark else "light"
    scene = scene_with(weights, options=f"--zoom cells --cursor 7,0 --theme {theme}", tier=tier)
    most = max if dark or not scene.ink.shaded else min
    shown = labelled(scene, 40, 10)
    for query in range(7):
        row = {key: tone(cell) for (name, key), cell in shown.items() if name == str(query)}
        assert len(row) == 8
        assert most(row, key=row.__getitem__) == str(int(weights[query].argmax()))


@quick
@given(st.sampled_from(NAMES), sizes, st.tuples(st.integers(0, 79), st.integers(0, 79)))
def test_numbers_beside_the_cells_are_the_positions_of_those_cells(
    zoom: str, size: tuple[int, int], cursor: tuple[int, int]
) -> None:
    query, key = cursor
    scene = scene_of(
        f"--source random --queries 80 --keys 80 --heads 1 --head-dim 2 --zoom {zoom} --cursor {query},{key}"
    )
    plan = plan_map(scene, *size)
    header, *rows = heat_map(scene, *size)
    edge = min(plan.label_width + plan.shown[1] * plan.zoom.width, size[0])
    for place in re.finditer(r"\d+", plain([header])):
        cell = plan.cell_at(place.start(), plan.label_height)
        if cells(header)[place.start()].style == scene.ink.mark:
            assert int(place[0]) == key or place.end() == size[0]
        elif place.end() < edge:
            assert cell == (plan.first[0] * plan.zoom.block, int(place[0]))
    for y, row in enumerate(rows[: plan.shown[0] // (2 if plan.zoom.halves else 1)]):
        label = "".join(cell.text for cell in cells(row)[: plan.label_width]).strip()
        cell = plan.cell_at(plan.label_width, y + 1)
        if label and cell and plan.label_width < size[0] and "[" not in plain([row]) and "+" not in plain([row]):
            assert cell[0] == int(label)


@pytest.mark.parametrize(("zoom", "step"), [("cells", 5), ("half", 5), ("2", 10), ("4", 20)])
def test_there_is_a_tick_at_every_fifth_column(zoom: str, step: int) -> None:
    scene = scene_of(f"--source random --queries 80 --keys 80 --heads 1 --head-dim 2 --zoom {zoom} --cursor 0,79")
    ticks = [int(text) for text in plain(heat_map(scene, 200, 40)[:1]).split()]
    assert ticks[:-1] == list(range(0, ticks[-2] + 1, step))
    assert ticks[-1] == 79


def halves(scene: Scene, width: int, height: int) -> NDArray[Any]:
    """The lightness of every half-block cell, top and bottom, found by their shape alone."""
    plan = plan_map(scene, width, height)
    rows = heat_map(scene, width, height)[plan.label_height :]
    found = np.full(plan.shown, np.nan)
    for row, column in loops(found):
        text, style = cells(rows[row // 2])[plan.label_width + column]
        assert text in "▀▄ "
        top = style.color if text == "▀" else style.bgcolor
        bottom = style.color if text == "▄" else style.bgcolor
        found[row, column] = lightness_of(bottom if row % 2 else top)
    return found


@brief
@given(st.permutations(range(30)), st.sampled_from(["half", "2", "3"]), st.sampled_from(list(BLOCKS)))
def test_half_block_cells_are_in_the_order_of_their_numbers(values: list[int], zoom: str, statistic: str) -> None:
    weights = np.array(values).reshape(6, 5) / 29
    options = f"--zoom {zoom} --blocks {statistic} --range picture --cursor 5,4"
    scene = scene_with(weights, options=options, tier=Tier.TRUECOLOR)
    size = zoom_named(zoom).block
    shown = halves(scene, 40, 12)
    summary = np.max if statistic == "max" else np.mean
    blocks = {
        (row, column): float(summary(weights[row * size : (row + 1) * size, column * size : (column + 1) * size]))
        for row, column in loops(shown)
    }
    del blocks[(5 // size, 4 // size)]  # the cursor's
    ranked = sorted(blocks, key=blocks.__getitem__)
    ordered = [(a, b) for a, b in pairwise(ranked) if blocks[a] < blocks[b] - 1e-9]  # sums may differ in the last digit
    assert all(shown[a] <= shown[b] + 1e-9 for a, b in ordered)


@quick
@given(st.permutations([0.0, 1.0, -1.5, 0.0312, 12.25, -345.6, 123456.0, -2e-7, 31415.9]))
def test_written_numbers_are_those_of_their_cells(numbers: list[float]) -> None:
    scene = scene_with([numbers], options="--stage scores --zoom numbers --cursor 0,4")
    row = plain(heat_map(scene, 80, 3)).splitlines()[1]
    shown = [float(text) for text in row.replace("[", " ").replace("]", " ").split()[1:]]
    assert shown == pytest.approx(numbers, rel=0.06, abs=6e-3)


# The cursor


def marked(lines: list[list[Any]], style: Style) -> str:
    return "".join(cell.text for line in lines for cell in cells(line) if cell.style == style)


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("zoom", ["numbers", "cells", "half"])
def test_the_cursor_and_both_its_labels_are_marked(tier: Tier, zoom: str) -> None:
    scene = scene_with(
        WEIGHTS, options=f"--cursor 1,4 --zoom {zoom}", query_tokens=TOKENS, key_tokens=TOKENS, tier=tier
    )
    lines = heat_map(scene, 60, 12)
    assert marked(lines, scene.ink.mark).replace(" ", "").replace("[0.000]", "").strip("[]+") == "satcat"
    cursor = {"numbers": "[0.000]", "cells": "[]", "half": "▄" if scene.ink.shaded else "+"}
    row = next(text for text in plain(lines).splitlines() if text.startswith("cat"))
    assert cursor[zoom] in row


@quick
@given(st.sampled_from(NAMES), sizes, st.integers(0, 49), st.integers(0, 49), st.data())
def test_a_press_on_a_cell_puts_the_cursor_there(
    zoom: str, size: tuple[int, int], query: int, key: int, data: st.DataObject
) -> None:
    options = f"--source random --queries 50 --keys 50 --heads 1 --head-dim 2 --zoom {zoom} --cursor {query},{key}"
    scene = scene_of(options)
    plan = plan_map(scene, *size)
    places = [(x, y, cell) for y in range(size[1]) for x in range(size[0]) if (cell := plan.cell_at(x, y)) is not None]
    if not places or size[1] < plan.label_height + 1:
        return
    x, y, cell = data.draw(st.sampled_from(places))
    view = replace(scene.session.view, scroll=plan.scroll, cursor=cell)
    lines = plain(heat_map(replace(scene, session=replace(scene.session, view=view)), *size)).split("\n")
    if y < len(lines) - (size[1] >= 6):
        start = max(lines[y].rfind(sign, 0, x + 1) for sign in "[+")
        assert start >= 0
        assert start <= x < start + plan.zoom.width


def test_beside_the_cells_there_is_nothing_to_press() -> None:
    plan = plan_map(scene_with(WEIGHTS, options="--zoom cells"), 50, 9)
    assert [plan.cell_at(*place) for place in ((1, 1), (2, 0), (2, 1), (11, 5), (12, 5), (11, 6))] == [
        None,
        None,
        (0, 0),
        (4, 4),
        None,
        None,
    ]


# Scrolling

places = st.tuples(st.integers(0, 79), st.integers(0, 79))


@quick
@given(st.sampled_from(NAMES), sizes, places, places)
def test_scrolling_moves_no_more_than_the_cursor_needs(
    zoom: str, size: tuple[int, int], cursor: tuple[int, int], scroll: tuple[int, int]
) -> None:
    options = f"--source random --queries 80 --keys 80 --heads 1 --head-dim 2 --zoom {zoom}"
    scene = scene_of("{} --cursor {},{} --scroll {},{}".format(options, *cursor, *scroll))
    plan = plan_map(scene, *size)
    block = plan.zoom.block
    for place, wanted, first, shown, whole in zip(cursor, scroll, plan.first, plan.shown, plan.whole, strict=True):
        possible = [at for at in range(whole - shown + 1) if at <= place // block < at + shown]
        assert abs(first - wanted // block) == min(abs(at - wanted // block) for at in possible)
        assert first in possible


def walked(scene: Scene, size: tuple[int, int], columns: Iterator[int]) -> Iterator[int]:
    """The first column shown, step by step, as the cursor walks and the scroll is kept."""
    for column in columns:
        scene = with_cursor(scene, 0, column)
        plan = plan_map(scene, *size)
        view = replace(scene.session.view, scroll=plan.scroll)
        scene = replace(scene, session=replace(scene.session, view=view))
        yield plan.first[1]


def test_the_window_stays_until_the_cursor_comes_to_its_edge() -> None:
    scene = scene_of("--source random --queries 4 --keys 20 --zoom cells --cursor 0,0")
    there = list(walked(scene, (13, 8), iter(range(20))))
    assert there == [0] * 5 + list(range(1, 16))
    back = list(walked(scene, (13, 8), iter([19, 18, 17, 16, 15, 14, 13])))
    assert back == [15, 15, 15, 15, 15, 14, 13]


# Automatic zoom


lengths = st.sampled_from([1, 3, 12, 50, 333, 2000])


@brief
@given(sizes, lengths, lengths)
def test_automatic_zoom_takes_the_largest_cells_that_show_everything(
    size: tuple[int, int], queries: int, keys: int
) -> None:
    scene = scene_of(f"--source random --queries {queries} --keys {keys} --heads 1 --head-dim 1")

    def plan(zoom: str) -> Any:
        view = replace(scene.session.view, zoom=zoom)
        return plan_map(replace(scene, session=replace(scene.session, view=view)), *size)

    chosen = plan("auto")
    names = (*ZOOMS, *map(str, range(2, 2001)), str(MOST_BLOCK))
    largest = next((name for name in names if plan(name).complete), None)
    assert chosen.zoom.name == largest if largest else not chosen.complete


# Masked is not nearly zero


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("zoom", [*ZOOMS, "2"])
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("palette", PALETTES)
def test_masked_is_hatched_and_unlike_nearly_zero(tier: Tier, zoom: str, theme: str, palette: str) -> None:
    weights = np.repeat([[1.0, 1.0, 1e-9, 1e-9, 0.0, 0.0]], 6, axis=0)
    mask = np.repeat([[True, True, True, True, False, False]], 6, axis=0)
    scene = scene_with(
        weights, options=f"--zoom {zoom} --theme {theme} --palette {palette} --cursor 5,0", mask=mask, tier=tier
    )
    plan = plan_map(scene, 60, 12)
    row = cells(heat_map(scene, 60, 12)[plan.label_height])
    starts = [plan.label_width + plan.zoom.width * (at // plan.zoom.block) for at in (0, 2, 4)]
    most, nearly, masked = (tuple(row[start : start + plan.zoom.width]) for start in starts)
    assert {cell.text for cell in masked} == {"╱"}
    assert "╱" not in {cell.text for cell in nearly}
    assert len({most, nearly, masked}) == 3
    assert "╱╱ masked" in plain(heat_map(scene, 60, 12))


def test_a_last_odd_row_that_is_masked_is_hatched_as_well() -> None:
    for tier in Tier:
        scene = scene_with(np.ones((3, 3)), options="--zoom half --cursor 0,0", mask=~np.tri(3, dtype=bool), tier=tier)
        assert plain(heat_map(scene, 30, 4)).splitlines()[2] == "2 ╱╱╱"


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("zoom", ZOOMS)
def test_what_is_not_a_number_can_be_seen(tier: Tier, zoom: str) -> None:
    weights = np.ones((4, 3))
    weights[0, 1] = weights[1, 1] = np.nan
    weights[2, 1] = np.inf
    scene = scene_with(weights, options=f"--zoom {zoom} --cursor 3,2", tier=tier)
    plan = plan_map(scene, 60, 12)
    lines = heat_map(scene, 60, 12)[plan.label_height :]
    rows = [0] if plan.zoom.halves else [0, 1, 2]
    for y in rows:
        line = cells(lines[y])[plan.label_width :]
        before, odd = ([c.text for c in line[at * plan.zoom.width :][: plan.zoom.width]] for at in (0, 1))
        assert "".join(odd).strip() in {"NaN", "∞", "??", "?"}
        assert before != odd
    if plan.zoom.halves:
        mixed, whole = (cells(lines[1])[plan.label_width + at] for at in (1, 0))
        assert mixed != whole
        assert not scene.ink.shaded or mixed.style.color == scene.ink.warning.color


# The colour bar


@pytest.mark.parametrize(
    ("options", "bar"),
    [
        ("--range row --cursor 1,1", "0.000 ··░░░░▒▒▒▒▓▓▓▓██ 0.800 this row"),
        ("--range picture --cursor 0,0", "0.000 ··░░░░▒▒▒▒▓▓▓▓██ 0.800"),
        ("--range unit", "0.000 ··░░░░▒▒▒▒▓▓▓▓██ 1.000"),
        ("--range log --cursor 0,0", "8.0e-5 ··░░░░▒▒▒▒▓▓▓▓██ 0.800"),
        ("--range rest --stage scores", "-0.800 -█-▓-▒-░░░▒▒▓▓██ 0.800"),
    ],
)
def test_the_bar_says_in_numbers_what_its_ends_mean(options: str, bar: str) -> None:
    assert plain(heat_map(scene_with(WEIGHTS, options=f"{options} --zoom cells"), 60, 8)).rstrip().endswith(bar)


def test_the_bar_is_drawn_as_the_cells_are() -> None:
    scene = scene_with(WEIGHTS, options="--stage scores --zoom half --range unit")
    assert plain(heat_map(scene, 60, 8)).rstrip().splitlines()[-1] == "-1.000 ≣≣≡≡==--░░▒▒▓▓██ 1.000"


@pytest.mark.parametrize("name", RANGES)
def test_the_title_says_what_is_shown_and_what_its_colours_mean(name: str) -> None:
    assert map_title(scene_of(f"--range {name}")) == f"Weights · {RANGES[name]}"


def test_the_difference_of_two_pictures_is_two_sided() -> None:
    b = session_of("--source random --queries 4 --keys 4 --mask causal --cursor 0,0")
    pinned = Pinned(replace(b.experiment, mask="full"), 1)
    view = replace(b.view, compare="a-b", colour_range="unit")
    scene = make_scene(Session(b.experiment, view, pinned), ink_of(Tier.TRUECOLOR))
    assert map_title(scene) == "A − B: weights · fixed, −1 to 1"
    a = make_scene(Session(pinned.experiment, b.view), make_ink(Tier.NONE))
    expected = a.weights - make_scene(b, make_ink(Tier.NONE)).weights
    np.testing.assert_array_equal(scene.matrix, expected)
