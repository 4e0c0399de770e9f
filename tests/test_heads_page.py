"""The page of heads: what each head is, the order they stand in, and the keys that go through them."""

from __future__ import annotations

import re
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import KINDS, measure, similarity
from attn_tui.actions import IN_THE_HEADS
from attn_tui.keycaps import keycaps
from attn_tui.layers.moves import HEADS_MOVES, ordered_step
from attn_tui.pictures.cells import plain
from attn_tui.pictures.heads.gallery import thumbnails
from attn_tui.pictures.heads.glance import heads_glance
from attn_tui.pictures.heads.kinds import brief_words, kinds
from attn_tui.pictures.heads.matrix import matrix
from attn_tui.pictures.heads.order import around, ordered
from attn_tui.pictures.heads.page import heads_page, heads_title
from attn_tui.pictures.heads.table import table
from attn_tui.pictures.help import help_lines
from attn_tui.pictures.truth import hints_line
from attn_tui.view import HEAD_ORDERS
from tests.drawing import brief, ink_of, scene_of, scene_with
from tests.hands import SMALL, WIDE, explorer, session_of

pytestmark = pytest.mark.usefixtures("plain_environment")

HEADS = "--view heads --heads-panel heads"
TWICE = "--source repeat --heads 6 --queries 16 --keys 16"


def heads_in(lines: str) -> list[int]:
    """The numbers that lines begin with."""
    return [int(found) for found in re.findall(r"^ *(\d+) ", lines, re.MULTILINE)]


# What each head is


def test_the_table_says_what_each_head_is() -> None:
    kinds = [" ".join(line.split()[1:3]) for line in plain(table(scene_of("--layer 0"), 20)).split("\n")[1:]]
    assert kinds[2] == "previous 1.00"
    assert kinds[:2] == ["broad 0.90", "broad 0.89"]
    assert kinds[5] == "mixed 0.58"
    repeat = plain(table(scene_of(TWICE), 20)).split("\n")[1:]
    assert [re.sub(r" [\d.]+ .*", "", line[5:]) for line in repeat] == ["same", "induction"] * 3


def test_the_table_fits_in_80_columns_with_the_longest_words() -> None:
    blind = scene_with(np.zeros((2, 5, 5)), options="--view heads", mask=np.zeros((5, 5)))
    for scene in (scene_of(TWICE), blind, scene_of("--source random --queries 300 --keys 300")):
        lines = plain(table(scene, 20)).split("\n")
        assert {len(line) for line in lines} <= {len(lines[0])}
        assert len(lines[0]) <= 78
        assert all("…" not in line for line in lines)
    assert all(len(brief_words(kind)) < 15 for kind in kinds(scene_of(TWICE)))


@pytest.mark.parametrize(("width", "height"), [(118, 34), (78, 18)])
def test_the_page_tells_what_the_kind_of_the_head_on_show_means(width: int, height: int) -> None:
    text = " ".join(plain(heads_page(scene_of(f"{HEADS} --layer 0 --head 2"), width, height)).split())
    assert f"head 2, previous token 1.00: {KINDS['previous token']} (TransformerLens' score 0.94)" in text
    text = " ".join(plain(heads_page(scene_of(f"{HEADS} --layer 1 --head 0"), width, height)).split())
    assert f"head 0, first token 0.67: {KINDS['first token']} head kind" in text, "no score was published for it"


def test_the_glance_tells_the_kind_of_the_head_on_show() -> None:
    for options, words in (("--layer 0 --head 2", "head 2 previous token 1.00:"), ("", "head 1 mixed 0.47:")):
        assert words in " ".join(plain(heads_glance(scene_of(options), 36, 9)).split())


def test_the_glance_fits_beside_the_map() -> None:
    for layer in range(6):
        for head in range(12):
            assert len(heads_glance(scene_of(f"--layer {layer} --head {head}"), 36, 6)) <= 6


def test_a_head_without_weight_is_empty() -> None:
    scene = scene_with(np.zeros((2, 5, 5)), options="--view heads", mask=np.zeros((5, 5)))
    assert "head 1, empty –: has no weight" in plain(heads_page(scene, 78, 20))


# The order


@pytest.mark.parametrize("order", HEAD_ORDERS)
@pytest.mark.parametrize(
    "options", ["", "--layer 0", TWICE, "--source random --heads 1", "--source random --mask h==1"]
)
def test_every_order_has_every_head_once(order: str, options: str) -> None:
    scene = scene_of(f"{options} --head-order {order}")
    assert sorted(ordered(scene)) == list(range(scene.attention.num_heads))


def test_by_number_by_entropy_and_by_kind() -> None:
    assert ordered(scene_of("--layer 0")) == tuple(range(12))
    scene = scene_of("--layer 1 --head-order entropy")
    entropies = measure(scene.attention).by_head("entropy")[list(ordered(scene))]
    assert entropies.tolist() == sorted(entropies.tolist())
    scene = scene_of("--layer 1 --head-order kind")
    found = [kinds(scene)[head] for head in ordered(scene)]
    places = [list(KINDS).index(kind.name) for kind in found]
    assert places == sorted(places)
    assert len(set(places)) == 3
    assert all(a.score >= b.score for a, b in pairwise(found) if a.name == b.name), "of one kind, the clearest first"


def test_by_likeness_every_head_is_followed_by_the_most_like_it_of_those_left() -> None:
    scene = scene_of("--head-order likeness")
    alike, order = similarity(scene.attention.weights), ordered(scene)
    assert alike.sum(axis=1).argmax() == order[0]
    for place in range(1, 12):
        left = order[place:]
        assert max(alike[order[place - 1], list(left)]) == alike[order[place - 1], left[0]]


def test_heads_without_entropy_come_last() -> None:
    assert ordered(scene_of("--source random --mask 'h == 2' --head-order entropy"))[0] == 2


@pytest.mark.parametrize("order", HEAD_ORDERS)
def test_thumbnails_table_and_matrix_follow_the_order(order: str) -> None:
    scene = scene_of(f"{HEADS} --layer 0 --head-order {order}")
    assert heads_in(plain(table(scene, 20))) == list(ordered(scene))
    assert heads_in(plain(matrix(scene, 60, 20))) == list(ordered(scene))
    titles = re.findall(r"(\d+)  H", plain(thumbnails(scene, 110, 20)))
    assert [int(title) for title in titles] == list(ordered(scene))
    assert HEAD_ORDERS[order] in heads_title(scene)


def test_the_columns_of_the_matrix_are_in_the_order_of_its_rows() -> None:
    for order in HEAD_ORDERS:
        cells = plain(matrix(scene_of(f"--head-order {order}"), 60, 20)).split("\n")[1:]
        assert all(line[4 + 2 * row : 6 + 2 * row] == "██" for row, line in enumerate(cells))


@brief
@given(st.permutations(range(9)), st.integers(0, 8), st.integers(0, 12))
def test_of_an_order_as_many_are_shown_as_may_be_and_the_head_on_show(order: list[int], head: int, most: int) -> None:
    shown = around(tuple(order), head, most)
    assert len(shown) == min(most, 9)
    assert most == 0 or head in shown
    assert "".join(map(str, shown)) in "".join(map(str, order))


# Keys


async def test_v_turns_the_order_on_the_page_of_heads_and_the_stage_on_the_map() -> None:
    async with explorer(f"{HEADS} --layer 0", size=WIDE) as hands:
        for order in ("likeness", "entropy", "kind"):
            await hands.press("v")
            assert hands.session == session_of(f"{HEADS} --layer 0 --head-order {order}")
            assert HEAD_ORDERS[order] in hands.screen
        await hands.press("V", "V")
        assert hands.session == session_of(f"{HEADS} --layer 0 --head-order likeness")
        await hands.press("1", "v")
        assert hands.session == session_of("--heads-panel heads --layer 0 --head-order likeness --stage value-weighted")


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_the_arrows_go_through_the_heads_as_they_are_shown(size: tuple[int, int]) -> None:
    options = f"{HEADS} --layer 0 --head-order kind"
    order = ordered(scene_of(options))
    async with explorer(f"{options} --head {order[0]}", size=size) as hands:
        await hands.press("left")
        assert hands.session.view.head == order[0]
        for head in order[1:5]:
            await hands.press("right")
            assert hands.session.view.head == head
        await hands.press("left", "left")
        assert hands.session.view.head == order[2]
        await hands.press("enter")
        assert hands.session == session_of(f"--heads-panel heads --layer 0 --head-order kind --head {order[2]}")
        assert "Weights" in hands.screen


@pytest.mark.parametrize("size", [WIDE, SMALL, (100, 30)])
async def test_down_goes_to_the_thumbnail_below(size: tuple[int, int]) -> None:
    async with explorer(f"{HEADS} --layer 0 --head 0 --head-order entropy", size=size) as hands:
        order = [str(head) for head in ordered(hands.app.scene)]
        await hands.press(*["left"] * 12)
        titles = [re.sub(r"H [\d.]+", "", row).strip("│ ").split() for row in hands.rows]
        rows = [row for row in titles if row and row[0].isdigit() and row == order[order.index(row[0]) :][: len(row)]]
        await hands.press("down")
        assert str(hands.session.view.head) == rows[1][0]


def test_a_step_stays_within_the_heads_there_are() -> None:
    scene = scene_of("--layer 0 --head 2 --head-order kind")
    order = ordered(scene)
    assert order[0] == 2
    assert [ordered_step(scene, by).view.head for by in (-5, 0, 3, 99)] == [2, 2, order[3], order[-1]]


def test_the_help_and_the_hints_tell_the_keys_of_the_page() -> None:
    text = " ".join(plain(help_lines(ink_of(), 100)).split())
    caps = keycaps()
    assert all(f"{caps.each(names)} {told.format_map(caps)}" in text for names, told in IN_THE_HEADS)
    assert all(order in " ".join(told for _, told in IN_THE_HEADS) for order in HEAD_ORDERS)
    assert "v order" in plain([hints_line(scene_of(HEADS), 78)])
    assert set(HEADS_MOVES) == {"stage-on", "stage-back", "panel-on", "panel-back", "search-on", "search-back"}
