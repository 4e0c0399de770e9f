"""What keys and the mouse do to a session, as pure functions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attn_tui.actions import ACTIONS
from attn_tui.clicks import clicked
from attn_tui.making import make_scene
from attn_tui.moves import MOVES, Refusal, go_to, head_step, turn, turn_field, with_view
from attn_tui.opening import open_scene
from attn_tui.options import read_options, words_of
from attn_tui.parameters import BY_FIELD, KNOBS
from attn_tui.pictures.heads.glance import heads_glance
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.plan import Plan, plan_map
from attn_tui.pictures.truth import title_line
from attn_tui.scene import Scene
from attn_tui.view import BLOCKS, COMPARE, PAGES, PANELS, RANGES, STAGES, View
from tests.drawing import brief, ink_of, quick, scene_of, scene_with

pytestmark = pytest.mark.usefixtures("plain_environment")

ROOM = (60, 16)
MADE = "--source random --head-dim 2 --heads 3 --layer 0"
TOKENS = ("the", "Cat", "sat", "the", "cat", "THE")


def plan_of(scene: Scene) -> Plan:
    return plan_map(scene, *ROOM)


def after(scene: Scene, *names: str) -> Scene:
    """The scene after moves, each made on the one before."""
    for name in names:
        session = MOVES[name](scene, plan_of(scene))
        view = replace(session.view, scroll=plan_map(replace(scene, session=session), *ROOM).scroll)
        scene = make_scene(replace(session, view=view), scene.ink)
    return scene


def refused(scene: Scene, name: str) -> str:
    with pytest.raises(Refusal) as caught:
        MOVES[name](scene, plan_of(scene))
    return str(caught.value)


def attempt(scene: Scene, name: str) -> tuple[Scene, str]:
    """The scene after a move; the same one, and why, where it was refused."""
    try:
        return after(scene, name), ""
    except Refusal as refusal:
        return scene, str(refusal)


def cursors(scene: Scene, name: str, count: int) -> list[tuple[int, int]]:
    """Where the cursor is after each of some presses of one key."""
    found = []
    for _ in range(count):
        scene = after(scene, name)
        found.append(scene.session.view.cursor)
    return found


options = st.builds(
    "--source {} --queries {} --keys {} --heads {} --d-k 2 --mask '{}' --zoom {} --cursor {} --search {} {}".format,
    st.sampled_from(["random", "repeat", "sample"]),
    st.integers(1, 30),
    st.integers(1, 30),
    st.integers(1, 3),
    st.sampled_from(["full", "causal", "k > q", "false"]),
    st.sampled_from(["auto", "numbers", "cells", "half", "2", "3"]),
    st.sampled_from(["0,0", "3,4", "29,29", "0,99"]),
    st.sampled_from(["''", "A", "the", "1", "zzz"]),
    st.sampled_from(["", "--pin '--source random'", "--pin '--source random' --compare a", "--pin '' --compare a-b"]),
)


@quick
@given(options, st.lists(st.sampled_from(list(MOVES)), max_size=8))
def test_every_move_leads_to_a_session_that_can_be_shown_or_says_why_not(start: str, names: list[str]) -> None:
    scene = scene_of(start)
    for name in names:
        before, unchanged = scene.session, replace(scene.session)
        scene, refusal = attempt(scene, name)
        assert refusal.isprintable()
        assert before == unchanged
        query, key = scene.cursor
        assert 0 <= query < scene.attention.query_length
        assert 0 <= key < scene.attention.key_length
        assert 0 <= scene.head < scene.attention.num_heads


def test_every_move_is_a_row_of_the_table_of_keys() -> None:
    assert set(MOVES) <= {action.name for action in ACTIONS}


# The cursor


@quick
@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 39), st.integers(0, 39), st.sampled_from([1, 2, 5]))
def test_arrows_move_by_a_cell_and_stop_at_the_edges(rows: int, columns: int, query: int, key: int, block: int) -> None:
    assume(query < rows and key < columns)
    zoom = "half" if block == 1 else str(block)
    scene = scene_of(f"{MADE} --queries {rows} --keys {columns} --cursor {query},{key} --zoom {zoom}")
    there = {name: after(scene, name).session.view.cursor for name in ("left", "right", "up", "down")}
    assert there == {
        "left": (query, max(key - block, 0)),
        "right": (query, min(key + block, columns - 1)),
        "up": (max(query - block, 0), key),
        "down": (min(query + block, rows - 1), key),
    }


def test_a_screenful_is_what_the_panel_shows() -> None:
    scene = scene_of(f"{MADE} --queries 100 --keys 5 --cursor 0,2 --zoom cells")
    shown = plan_of(scene).shown[0]
    assert shown == 14
    assert cursors(scene, "page-down", 8) == [(min(14 * n, 99), 2) for n in range(1, 9)]
    assert cursors(after(scene, "page-down", "page-down"), "page-up", 3) == [(14, 2), (0, 2), (0, 2)]


def test_home_and_end_go_along_the_row_first_and_then_along_the_column() -> None:
    scene = scene_of(f"{MADE} --queries 9 --keys 7 --cursor 4,3")
    assert cursors(scene, "home", 3) == [(4, 0), (0, 0), (0, 0)]
    assert cursors(scene, "end", 3) == [(4, 6), (8, 6), (8, 6)]


@brief
@given(st.integers(-50, 50), st.integers(-50, 50))
def test_a_cursor_is_kept_within_the_picture(query: int, key: int) -> None:
    session = go_to(scene_of(f"{MADE} --queries 9 --keys 7"), query, key)
    assert session.view.cursor == (min(max(query, 0), 8), min(max(key, 0), 6))


# Searching


def searching(text: str, cursor: tuple[int, int] = (0, 0)) -> Scene:
    scene = scene_with(np.eye(6), query_tokens=TOKENS, key_tokens=TOKENS)
    return replace(scene, session=with_view(scene, search=text, cursor=cursor))


def steps(scene: Scene, name: str, count: int) -> list[tuple[int, int]]:
    """As `cursors`, for a scene that was made up."""
    found = []
    for _ in range(count):
        scene = replace(scene, session=MOVES[name](scene, plan_of(scene)))
        found.append(scene.session.view.cursor)
    return found


def test_search_goes_round_whatever_the_case_of_the_letters() -> None:
    assert steps(searching("the"), "search-on", 4) == [(3, 3), (5, 5), (0, 0), (3, 3)]
    assert steps(searching("the"), "search-back", 4) == [(5, 5), (3, 3), (0, 0), (5, 5)]
    assert steps(searching("CAT", (2, 0)), "search-on", 2) == [(4, 4), (1, 1)]
    assert steps(searching("sat", (2, 2)), "search-on", 2) == [(2, 2), (2, 2)]


def test_search_walks_the_queries_or_the_keys_where_only_they_have_the_token() -> None:
    scene = scene_with(np.ones((3, 4)), query_tokens=("a", "b", "a"), key_tokens=("x", "b", "y", "x"))
    keys = replace(scene, session=with_view(scene, search="x", cursor=(1, 1)))
    assert steps(keys, "search-on", 2) == [(1, 3), (1, 0)]
    queries = replace(scene, session=with_view(scene, search="a", cursor=(1, 1)))
    assert steps(queries, "search-on", 2) == [(2, 1), (0, 1)]


def test_a_search_that_finds_nothing_says_so() -> None:
    assert refused(searching("zebra"), "search-on") == "no token contains 'zebra'"
    assert refused(searching(""), "search-back") == "nothing is searched for: / types a token"


def test_the_next_finding_goes_round_the_unusual_queries() -> None:
    one = scene_of(f"{MADE} --heads 1 --queries 6 --keys 6 --mask 'k > q & q != 2' --cursor 0,3")
    assert [finding.query for finding in one.findings] == [2, 5]
    assert cursors(one, "finding", 3) == [(2, 3), (5, 3), (2, 3)]
    assert refused(scene_of(f"{MADE} --heads 1"), "finding").startswith("nothing unusual in this head: every query")
    assert refused(scene_of(MADE), "finding").startswith("nothing unusual in any of 3 heads: every query")


def test_the_findings_of_a_made_source_go_on_in_its_other_heads() -> None:
    scene = scene_of(f"{MADE} --queries 6 --keys 6 --mask 'h == 1 | k > q & q != 2' --head 0 --cursor 0,3")
    places = []
    for _ in range(5):
        scene = after(scene, "finding")
        places.append((scene.shown.layer, scene.head_number, scene.cursor[0]))
    assert places == [(0, 0, 2), (0, 0, 5), (0, 2, 2), (0, 2, 5), (0, 0, 2)]


# Knobs, heads and layers


def test_heads_and_layers_end_where_the_source_ends() -> None:
    scene = scene_of("--head 10 --layer 4")
    assert after(scene, "head-on").session.view.head == 11
    assert refused(after(scene, "head-on"), "head-on") == "heads are 0 … 11"
    assert refused(scene_of("--head 0"), "head-back") == "heads are 0 … 11"
    assert after(scene, "layer-on").session.experiment.layer == 5
    assert refused(after(scene, "layer-on"), "layer-on") == "layers are 0 … 5"
    assert refused(scene_of("--layer 0"), "layer-back") == "layers are 0 … 5"


@pytest.mark.parametrize("row", [row for row in KNOBS if row.key], ids=lambda row: row.name)
def test_a_knob_turned_changes_its_field_alone_or_is_fixed(row: object) -> None:
    knob = next(each for each in KNOBS if each is row)
    for start in ("", "--source random --queries 5 --keys 5 --heads 2 --head-dim 4 --seed 5"):
        scene = scene_of(start)
        if knob.field in scene.inputs.fixed:
            with pytest.raises(Refusal, match=f"{knob.name} is fixed by the source {scene.shown.source}: x"):
                turn(scene, knob, 1)
        else:
            turned = turn(scene, knob, 1)
            assert turned != scene.session
            value = getattr(turned.experiment, knob.field)
            same = replace(scene.session, experiment=replace(scene.session.experiment, **{knob.field: value}))
            assert turned == same


def test_a_knob_at_its_end_says_so() -> None:
    scene = scene_of("--source random --queries 1")
    with pytest.raises(Refusal, match="queries 1 is the first: possible are 1 …"):
        turn_field("query_length", -1)(scene, plan_of(scene))


def test_heads_step_within_the_heads_there_are() -> None:
    scene = scene_of(f"{MADE} --head 1")
    assert [head_step(scene, by).view.head for by in (-5, -1, 0, 1, 5)] == [0, 0, 1, 2, 2]


# Zoom and the picture


def test_zoom_goes_from_numbers_to_blocks_and_back() -> None:
    scene = scene_of(f"{MADE} --queries 70 --keys 70 --zoom numbers")
    ladder = ["cells", "half", "2", "4", "8", "16", "32", "64"]
    for name in ladder:
        scene = after(scene, "zoom-out")
        assert scene.session.view.zoom == name
    assert refused(scene, "zoom-out") == "cells are at their smallest"
    for name in ["numbers", *ladder][-2::-1]:
        scene = after(scene, "zoom-in")
        assert scene.session.view.zoom == name
    assert refused(scene, "zoom-in") == "cells are at their largest: numbers are written in them"


@pytest.mark.parametrize(("zoom", "smaller", "larger"), [("3", "4", "2"), ("5", "8", "4"), ("100", "128", "64")])
def test_zoom_goes_from_any_block_to_the_next_power_of_two(zoom: str, smaller: str, larger: str) -> None:
    scene = scene_of(f"{MADE} --queries 900 --keys 900 --heads 1 --zoom {zoom}")
    assert after(scene, "zoom-out").session.view.zoom == smaller
    assert after(scene, "zoom-in").session.view.zoom == larger


def test_zoom_goes_on_from_what_automatic_zoom_has_chosen() -> None:
    scene = scene_of(f"{MADE} --queries 20 --keys 20")
    assert plan_of(scene).zoom.name == "half"
    assert after(scene, "zoom-in").session.view.zoom == "cells"
    assert after(scene, "zoom-out").session.view.zoom == "2"


@brief
@given(st.sampled_from(["zoom-in", "zoom-out"]), options)
def test_zoom_keeps_the_cursor_where_it_is(name: str, start: str) -> None:
    scene = scene_of(start)
    zoomed, _ = attempt(scene, name)
    assert zoomed.cursor == scene.cursor


@pytest.mark.parametrize(
    ("name", "field", "values"),
    [("blocks", "blocks", BLOCKS), ("range", "colour_range", RANGES), ("panel-on", "panel", PANELS)],
)
def test_parts_of_the_view_turn_round(name: str, field: str, values: dict[str, str]) -> None:
    scene = scene_of("")
    seen = [getattr(scene.session.view, field)]
    for _ in values:
        scene = after(scene, name)
        seen.append(getattr(scene.session.view, field))
    assert seen == [*values, next(iter(values))]


def test_palettes_turn_round_and_panels_turn_back() -> None:
    scene = scene_of("")
    assert after(scene, *["palette"] * 5).session == scene.session
    assert after(scene, "palette").session.view.palette == "magma"
    assert after(scene, "panel-on", "panel-back").session == scene.session
    assert after(scene, "panel-back").session.view.panel == list(PANELS)[-1]


@pytest.mark.parametrize(("name", "field"), [("picture-only", "picture_only"), ("text", "text")])
def test_flags_switch_on_and_off(name: str, field: str) -> None:
    scene = scene_of("")
    assert after(scene, name).session == with_view(scene, **{field: True})
    assert after(scene, name, name).session == scene.session


@pytest.mark.parametrize("name", PAGES)
def test_a_page_has_its_own_key(name: str) -> None:
    assert after(scene_of(""), f"page-{name}").session.view.page == name


def test_an_explanation_is_left_with_its_panel() -> None:
    assert not after(scene_of("--explain"), "panel-on").session.view.explain


# Stages and comparing


def staged(scene: Scene, name: str, count: int) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for _ in range(count):
        scene = after(scene, name)
        found.append((scene.session.view.stage, scene.session.view.compare))
    return found


def test_stages_go_round() -> None:
    scene = scene_of("--stage mask")
    assert staged(scene, "stage-on", 6) == [(name, "b") for name in STAGES]
    backwards = list(STAGES)[::-1]
    assert staged(scene_of("--stage scores"), "stage-back", 6) == [(name, "b") for name in backwards]


def test_with_a_pinned_picture_the_difference_is_a_stage() -> None:
    scene = scene_of("--stage mask --pin '--mask causal'")
    round_trip = [("weights", "a-b"), *((name, "b") for name in STAGES)]
    assert staged(scene, "stage-on", 7) == round_trip
    assert staged(after(scene, "stage-on"), "stage-back", 7) == [*round_trip[:0:-1], ("weights", "a-b")]


def test_stages_of_the_pinned_picture_are_those_of_the_pinned_picture() -> None:
    scene = scene_of("--pin '--mask causal' --compare a")
    assert staged(scene, "stage-on", 3) == [("value-weighted", "a"), ("mask", "a"), ("weights", "a-b")]
    assert "A, pinned" in after(scene, "stage-on").title


def test_comparing_goes_from_b_to_a_to_their_difference() -> None:
    scene = after(scene_of("--source random --mask causal"), "pin")
    b = make_scene(replace(scene.session, experiment=replace(scene.session.experiment, mask="window(2)")), scene.ink)
    a, difference, again = after(b, "compare"), after(b, "compare", "compare"), after(b, *["compare"] * 3)
    assert [each.session.view.compare for each in (b, a, difference, again)] == [*COMPARE, "b"]
    np.testing.assert_array_equal(a.matrix, scene.matrix)
    np.testing.assert_array_equal(difference.matrix, a.matrix - b.matrix)
    assert difference.signed
    assert again.session == b.session
    assert after(a, "pin").session.pinned == b.session.pinned
    assert after(difference, "pin").session.pinned != b.session.pinned


def test_pinning_keeps_what_is_shown_with_its_head() -> None:
    scene = after(scene_of("--source random --head 2 --mask causal"), "pin")
    assert scene.session.pinned is not None
    assert (scene.session.pinned.experiment.mask, scene.session.pinned.head) == ("causal", 2)
    moved = after(scene, "head-back")
    assert after(moved, "compare").head == 2
    assert after(after(moved, "compare"), "pin").session.pinned == scene.session.pinned


def test_without_a_pinned_picture_there_is_nothing_to_compare() -> None:
    assert refused(scene_of(""), "compare") == "nothing is pinned: p pins this picture as A"


def test_pictures_of_different_sizes_have_no_difference_and_it_is_said() -> None:
    scene = scene_of("--source random --keys 7 --pin '--source random' --compare a-b")
    assert (scene.message, scene.trouble) == (
        "A is 20 × 20 and B is 20 × 7: A − B needs equal sizes, so this is B",
        True,
    )
    assert scene.matrix.shape == (20, 7)


# The mouse


def test_a_press_on_the_map_moves_the_cursor_and_beside_it_nothing() -> None:
    scene = scene_of("--source random --queries 5 --keys 5 --zoom cells --cursor 0,0")
    plan = plan_of(scene)
    for query, key in ((0, 0), (2, 3), (4, 4)):
        place = (plan.label_width + 2 * key, plan.label_height + query)
        session = clicked(scene, plan, "map", place, ROOM[0])
        assert session is not None
        assert session.view.cursor == (query, key)
    assert clicked(scene, plan, "map", (0, 0), ROOM[0]) is None


def test_a_press_on_a_head_or_a_view_chooses_it() -> None:
    scene = scene_of("")
    text = "".join(segment.text for segment in heads_glance(scene, 34, 10)[0])
    session = clicked(scene, plan_of(scene), "heads", (text.index("7"), 0), 34, height=10)
    assert session is not None
    assert session.view.head == 7
    title = "".join(segment.text for segment in title_line(scene, 120))
    session = clicked(scene, plan_of(scene), "title", (title.index("Heads"), 0), 120)
    assert session is not None
    assert session.view.page == "heads"
    assert clicked(scene, plan_of(scene), "title", (119, 0), 120) is None
    assert clicked(scene, plan_of(scene), "charts", (3, 3), 30) is None


# What a command line has to have


@brief
@given(options, st.lists(st.sampled_from(["query_length", "key_length", "num_heads"]), max_size=25))
def test_the_settled_session_can_be_opened_from_a_command_line(start: str, fields: list[str]) -> None:
    scene = scene_of(start)
    for field in fields:
        try:
            scene = make_scene(turn(scene, BY_FIELD[field], -1), scene.ink)
        except Refusal:
            continue
    opened = open_scene(read_options(words_of(scene.settled)), Tier.NONE)
    assert (opened.head, opened.cursor) == (scene.head, scene.cursor)
    np.testing.assert_array_equal(opened.matrix, scene.matrix)


def test_what_is_there_is_settled() -> None:
    for start in ("", "--source random --queries 3", "--head 11 --cursor 15,15"):
        scene = scene_of(start)
        assert scene.settled == scene.session
    beyond = make_scene(replace(scene_of("").session, view=View(head=40, cursor=(99, 3))), ink_of())
    assert (beyond.settled.view.head, beyond.settled.view.cursor) == (11, (15, 3))


def test_no_key_does_two_things() -> None:
    keys = [key for action in ACTIONS for key in action.keys] + [row.key for row in KNOBS if row.key]
    assert len(set(keys)) == len(keys)
    assert len({action.name for action in ACTIONS}) == len(ACTIONS)
