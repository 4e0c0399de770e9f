"""Every key against what a user then sees, and what must hold whatever is pressed."""

from __future__ import annotations

import asyncio
import base64
import random
import re
import shlex
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from rich.segment import Segment
from textual import events
from textual.binding import Binding
from textual.driver import Driver
from textual.screen import Screen

import attn_tui.making
from attn_engine import Attention, Experiment, pipeline
from attn_engine import run as attn_engine_run
from attn_tui.actions import ACTIONS, BY_NAME
from attn_tui.app import Explorer
from attn_tui.making import make_scene
from attn_tui.opening import open_scene
from attn_tui.options import read_options
from attn_tui.parameters import BY_FIELD, BY_KEY, EVERY_KNOB, LAB_BY_KEY
from attn_tui.pictures.ink import Tier, make_ink
from attn_tui.view import Session
from attn_tui.widgets.panel import Panel
from tests.hands import WIDE, Hands, explorer, session_of

pytestmark = pytest.mark.usefixtures("plain_environment")

KEY = "the key itself"
SAME = None


@dataclass(frozen=True)
class Step:
    """After `keys` the screen shows `sees`, and the session is that of the options `then`, or the SAME as before."""

    sees: str
    then: str | None = SAME
    keys: tuple[str, ...] = (KEY,)


Story = tuple[str, *tuple[Step, ...]]
"""The options that an explorer is opened with, and then one step after another."""

MADE = "--source random"
NUMBERS = f"{MADE} --queries 200 --keys 200 --zoom cells --cursor 100,2"
BLIND = "--mask 'k > q & q % 4 != 1'"
PINNED = "--pin '' --mask causal"

STORIES: dict[str, tuple[Story, ...]] = {
    "left": (("--cursor 10,1", Step("it → [CLS]", "--cursor 10,0"), Step("it → [CLS]")),),
    "right": (("--cursor 10,14", Step("it → [SEP]", "--cursor 10,15"), Step("it → [SEP]")),),
    "up": (("--cursor 1,2", Step("[CLS] → animal", "--cursor 0,2"), Step("[CLS] → animal")),),
    "down": (("--cursor 14,2", Step("[SEP] → animal", "--cursor 15,2"), Step("[SEP] → animal")),),
    "page-up": (("", Step("[CLS] → animal", "--cursor 0,2")),),
    "page-down": (("", Step("[SEP] → animal", "--cursor 15,2")),),
    "home": (("", Step("it → [CLS]", "--cursor 10,0"), Step("[CLS] → [CLS]", "--cursor 0,0")),),
    "end": (("", Step("it → [SEP]", "--cursor 10,15"), Step("[SEP] → [SEP]", "--cursor 15,15")),),
    "head-back": (("", Step("head 0", "--head 0"), Step("heads are 0 … 11")),),
    "head-on": (("--head 10", Step("head 11", "--head 11"), Step("heads are 0 … 11")),),
    "layer-back": (("--layer 1", Step("layer 0", "--layer 0"), Step("layers are 0 … 5")),),
    "layer-on": (
        ("--layer 4", Step("layer 5", "--layer 5"), Step("layers are 0 … 5")),
        (MADE, Step("layer is fixed by the source random: x chooses another")),
    ),
    "search": (
        (
            "",
            Step("no token contains 'dog'", keys=(KEY, "type dog", "enter")),
            Step("the → the   (1, 1)", "--search the --cursor 1,1", ("escape", KEY, "type the", "enter")),
            Step("the → the   (1, 1)", "--cursor 1,1", (KEY, "backspace", "enter")),
        ),
    ),
    "search-on": (
        (
            "--search the",
            Step("the → the   (1, 1)", "--search the --cursor 1,1"),
            Step("the → the   (7, 7)", "--search the --cursor 7,7"),
            Step("nothing is searched for: / types a token", "--cursor 7,7", ("escape", KEY)),
        ),
    ),
    "search-back": (
        (
            "--search the",
            Step("the → the   (7, 7)", "--search the --cursor 7,7"),
            Step("the → the   (1, 1)", "--search the --cursor 1,1"),
        ),
    ),
    "go": (
        (
            "",
            Step("didn → '", "--cursor 3,4", (KEY, "type 3,4", "enter")),
            Step("t → t", "--cursor 5,5", (KEY, "type 5", "enter")),
            Step("queries are 0 … 15, keys 0 … 15", SAME, (KEY, "type 16", "enter")),
            Step("'x' is not QUERY,KEY: two positions counted from 0", SAME, ("escape", KEY, "type x", "enter")),
        ),
    ),
    "finding": (
        (
            BLIND,
            Step("this query sees nothing", f"{BLIND} --cursor 13,2"),
            Step("this query sees nothing", f"{BLIND} --cursor 15,2"),
            Step("layer 3, head 2: query 1 sees nothing", f"{BLIND} --cursor 1,2 --head 2"),
        ),
        ("", Step("nothing unusual in any of 12 heads of 6 layers")),
    ),
    "less": (("", Step("no knob is chosen"), Step("temperature 0.9", "--temperature 0.9", ("t", KEY))),),
    "more": (
        (
            "--temperature 50",
            Step("no knob is chosen"),
            Step("temperature 100", "--temperature 100", ("t", KEY)),
            Step("temperature 100 is the last"),
        ),
    ),
    "enter": (
        ("", Step("share of the output", "--explain"), Step("Parameters", "")),
        ("", Step("temperature 2.5", "--temperature 2.5", ("t", KEY, "type 2.5", KEY))),
        ("--view heads --head 3", Step("Weights", "--head 3")),
    ),
    "leave": (
        ("--explain", Step("Parameters", "")),
        ("--text", Step("Weights", "")),
        ("--picture-only", Step("Parameters", "")),
        ("--panel keys", Step("Parameters", "")),
        ("--view heads --search the", Step("Weights", "")),
        (
            "",
            Step("shift+↑↓ layer", keys=("t", KEY)),
            Step("Weights", keys=("?", KEY)),
            Step("it → animal", keys=("/", "type the", KEY)),
        ),
    ),
    "mask-toggle": (
        ("", Step("mask        causal", "--mask causal"), Step("mask        full", "")),
        (
            "--mask 'window(3)'",
            Step("mask        full", ""),
            Step("mask        window(3)", "--mask 'window(3)'"),
        ),
    ),
    "undo": (
        (
            "",
            Step("nothing to undo"),
            Step("temperature 1.1", "--temperature 1.1", ("t", ".", ".", KEY)),
            Step("head 1", "--temperature 1.1", ("]", KEY)),
            Step("layer 3", "--temperature 1.1", ("}", KEY)),
            Step("mask        full", "--temperature 1.1 --cursor 10,1", ("M", "left", KEY)),
        ),
    ),
    "redo": (
        (
            "",
            Step("temperature 1.2", "--temperature 1.2", ("t", ".", ".", "u", "u", KEY, KEY)),
            Step("nothing to redo", "--temperature 1", ("u", ",", KEY)),
        ),
    ),
    "zoom-in": (("--zoom cells", Step("[0.677]", "--zoom numbers"), Step("cells are at their largest")),),
    "zoom-out": (
        (
            "",
            Step("zoom        half", "--zoom half"),
            Step("max of 2", "--zoom 2"),
            Step("cells are at their smallest", "--zoom 8", (KEY, KEY, KEY)),
        ),
    ),
    "blocks": (("--zoom 4", Step("mean of 4", "--zoom 4 --blocks mean"), Step("max of 4", "--zoom 4")),),
    "picture-only": (("", Step("Weights", "--picture-only"), Step("Parameters", "")),),
    "stage-on": (
        (
            PINNED,
            Step("Weight × |value|", f"{PINNED} --stage value-weighted"),
            Step("Mask: causal", f"{PINNED} --stage mask"),
            Step("A − B: weights", f"{PINNED} --compare a-b"),
            Step("Scores q·k", f"{PINNED} --stage scores"),
            Step("Scaled scores", f"{PINNED} --stage scaled"),
        ),
        ("--stage mask", Step("Scores q·k", "--stage scores")),
    ),
    "stage-back": (
        ("", Step("Scores after the score mod", "--stage modified"), Step("Scaled scores", "--stage scaled")),
    ),
    "range": (
        (
            "",
            Step("the whole picture to its maximum", "--range picture"),
            Step("all heads alike", "--range heads"),
            Step("fixed, 0 to 1", "--range unit"),
            Step("logarithmic, four powers of ten", "--range log"),
            Step("without the first key", "--range rest"),
            Step("each row to its maximum", ""),
        ),
    ),
    "palette": (("", Step("palette     magma", "--palette magma")),),
    "over": (
        (
            "",
            Step("Weights · mean of 12 heads", "--over mean"),
            Step("Weights · maximum of 12 heads", "--over max"),
            Step("Weights · each row", ""),
        ),
        ("--stage scores", Step("of the weights alone")),
        ("--view heads", Step("is of the map; 1 shows it")),
    ),
    "hide": (
        (
            "",
            Step("Weights · without 2 special", "--hide special"),
            Step("without 2 special · renormalised", "--hide special --renormalise"),
            Step("Weights · each row", ""),
        ),
        (MADE, Step("positions have no tokens here")),
    ),
    "words": (
        ("", Step("no word pieces are marked in these tokens, as ##ing, ▁word, Ġword are")),
        ("--merge-words", Step("Weights · each row", "")),
    ),
    "mark-key": (
        (
            "",
            Step("marked key 0.677, mean 0.1", "--marked-keys 2"),
            Step("marked keys 0.6", "--marked-keys 2,3 --cursor 10,3", ("right", KEY)),
            Step("marked key", "--marked-keys 2 --cursor 10,3"),
        ),
    ),
    "mark-query": (
        (
            "",
            Step("marked query 0.677, mean 0.1", "--marked-queries 10"),
            Step("marked queries 0.395", "--marked-queries 10,11 --cursor 11,2", ("down", KEY)),
            Step("was → animal", "--cursor 11,2", ("escape", "up", "down")),
        ),
    ),
    "text": (("", Step('What "it" reads', "--text"), Step("Weights", "")),),
    "pin": (("", Step("compare     B, what the", "--pin ''")),),
    "compare": (
        ("", Step("nothing is pinned: p pins this picture as A")),
        (
            PINNED,
            Step("A, pinned: weights", f"{PINNED} --compare a"),
            Step("A − B: weights", f"{PINNED} --compare a-b"),
            Step("mask        causal", PINNED),
        ),
        (
            f"--pin '--source sample' {MADE} --compare a",
            Step(
                "A is 16 × 16 and B is 20 × 20: A − B needs equal sizes",
                f"--pin '--source sample' {MADE} --compare a-b",
            ),
        ),
    ),
    "panel-on": (
        (
            "",
            Step("Parameters", "--panel parameters"),
            Step("Top keys", "--panel keys"),
            Step("Entropy", "--panel charts"),
            Step("Heads of layer 3", "--panel heads"),
            Step("Parameters", ""),
        ),
    ),
    "panel-back": (("", Step("Heads of layer 3", "--panel heads"), Step("Entropy", "--panel charts")),),
    "page-map": (("--view heads", Step("Weights", "")),),
    "page-masks": (("", Step("Cells · full", "--view masks"), Step("Cells · full", "--view masks")),),
    "page-experiments": (("", Step("Scaling: why", "--view experiments"), Step("Scaling: why", "--view experiments")),),
    "page-heads": (
        ("", Step("All layers", "--view heads")),
        ("--heads-panel heads", Step("All heads of layer 3", "--view heads --heads-panel heads")),
    ),
    "command": (
        (
            "",
            Step("it → animal", SAME, (KEY, "enter")),
            Step("mask        causal", "--mask causal", (KEY, "type mask causal", "enter")),
            Step("mask        full", "", (KEY, "type mask=full", "enter")),
            Step('What "it" reads', "--head 3 --text", (KEY, "type --head 3 --text", "enter")),
            Step("All layers", "--head 3 --text --view heads", (KEY, "type page-heads", "enter")),
            Step("save as", SAME, (KEY, "type save", "enter")),
            Step("'dance' is no command and no option; ? lists them", SAME, ("escape", KEY, "type dance", "enter")),
            Step("possible are 0 … 5", SAME, ("escape", KEY, "type layer 6", "enter")),
            Step("no closing quotation in 'mask \"'", SAME, ("escape", KEY, 'type mask "', "enter")),
        ),
    ),
    "copy": (("--mask causal", Step("copied, and printed on leaving: attn-tui --mask causal")),),
    "save": (("", Step("save as (.svg .txt .csv .cmd)")),),
    "help": (("", Step("Help"), Step("Weights")),),
    "quit": (("", Step("")), ("", Step(""))),
}

KEYS = [key for action in ACTIONS for key in action.keys]


def test_every_row_of_the_table_of_keys_has_a_story_and_every_binding_is_in_a_table() -> None:
    assert STORIES.keys() == BY_NAME.keys()
    assert {knob.key for knob in KNOBS} == BY_KEY.keys() - {"E", "I"}, "those of files have a page of tests"
    bound = [binding for binding in Explorer.BINDINGS if isinstance(binding, Binding)]
    letters = {*EVERY_KNOB} - {*KEYS}  # of the masks, the block size shares the letter of the blocks
    assert {*LAB_BY_KEY} & {*KEYS} == {"B"}
    assert {binding.key for binding in bound} == {*KEYS} | letters
    assert len(bound) == len(KEYS) + len(letters), "a key that does two things"


@pytest.mark.parametrize("name", STORIES)
async def test_a_key_does_what_the_table_says(name: str) -> None:
    keys = cycle(BY_NAME[name].keys)  # each of them takes its turn
    used: set[str] = set()
    for start, *steps in STORIES[name]:
        async with explorer(start) as hands:
            for step in steps:
                before = hands.session
                pressed = [next(keys) if key == KEY else key for key in step.keys]
                used |= {*pressed}
                await hands.press(*pressed)
                if name == "quit":
                    assert (hands.app.return_value, hands.app.return_code) == ("", 0)
                    break
                assert step.sees in hands.screen, step
                assert hands.session == (before if step.then is SAME else session_of(step.then)), step
    assert used >= {*BY_NAME[name].keys}


# Knobs.


@dataclass(frozen=True)
class Knob:
    """One knob: from the options `start`, the options that one turn up and one turn down of it make."""

    key: str
    up: str
    down: str
    typed: str
    then: str
    """The options that typing `typed` makes."""
    wrong: str
    why: str
    """What is said about the wrong value."""
    start: str = ""


SIZED = f"{MADE} --queries 8 --keys 8 --heads 2 --head-dim 8"


def sized(**changes: int | str) -> str:
    return SIZED + "".join(f" --{name.replace('_', '-')} {value}" for name, value in changes.items())


KNOBS: tuple[Knob, ...] = (
    Knob("x", MADE, "--source preset", "positions", "--source positions", "moon", "'moon'; possible are sample,"),
    Knob("Q", sized(queries=9), sized(queries=7), "3", sized(queries=3), "0", "a whole number from 1", SIZED),
    Knob("K", sized(keys=9), sized(keys=7), "3", sized(keys=3), "-1", "a whole number from 1", SIZED),
    Knob("H", sized(heads=3), sized(heads=1), "5", sized(heads=5), "many", "a whole number from 1", SIZED),
    Knob(
        "G",
        sized(key_heads=1),
        sized(),
        "2",
        sized(key_heads=2),
        "few",
        "a whole number from 1 to 4,096, or all",
        SIZED,
    ),
    Knob("R", sized(rope="on"), sized(rope="on"), "on", sized(rope="on"), "half", "possible are off, on", SIZED),
    Knob("d", sized(head_dim=16), sized(head_dim=4), "5", sized(head_dim=5), "1.5", "a whole number from 1", SIZED),
    Knob("s", "--scale none", "--scale none", "0.5", "--scale 0.5", "big", "possible are 1/√d_k"),
    Knob("t", "--temperature 1.1", "--temperature 0.9", "2.5", "--temperature 2.5", "0", "not a number above 0"),
    Knob(
        "m",
        "--mask causal",
        "--mask '" + BY_FIELD["mask"].examples[-1] + "'",
        "k <= q",
        "--mask 'k <= q'",
        "k <=",
        "expected a number or a name",
    ),
    Knob(
        "b",
        "--score-mod alibi",
        "--score-mod '{last}'",
        "s - 1",
        "--score-mod 's - 1'",
        "s -",
        "expected a number or a name",
    ),
    Knob("o", "--normaliser softmax1", "--normaliser sparsemax", "sigmoid", "--normaliser sigmoid", "max", "possible"),
    Knob("A", "--align right", "--align right", "right", "--align right", "middle", "possible are left, right"),
    Knob("r", sized(seed=4), sized(seed=2), "7", sized(seed=7), "x", "a whole number from 0", sized(seed=3)),
)


def wanted(options: str) -> Session:
    """The session of options in which {last} is the last of the ready-made score mods."""
    return session_of(options.replace("{last}", BY_FIELD["score_mod"].examples[-1]))


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.key)
async def test_a_letter_chooses_a_knob_and_comma_and_full_stop_turn_it(knob: Knob) -> None:
    async with explorer(knob.start) as hands:
        start = hands.session
        await hands.press(knob.key)
        row = BY_KEY[knob.key]
        chosen = [segment for line in hands.cells for segment in line if segment.style == hands.app.scene.ink.chosen]
        assert any(segment.text.startswith(f"{row.key} {row.name}") for segment in chosen)
        await hands.press(".")
        assert hands.session == wanted(knob.up)
        await hands.press(",")
        assert hands.session == start
        await hands.press(",")
        assert hands.session == wanted(knob.down)


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.key)
async def test_enter_types_a_value_and_a_wrong_one_gets_one_line(knob: Knob) -> None:
    async with explorer(knob.start) as hands:
        start = hands.session
        row = BY_KEY[knob.key]
        await hands.press(knob.key, "enter")
        assert hands.typed == row.write(getattr(start.experiment, row.field)), "the value there is to start from"
        await hands.press(f"type {knob.wrong}")
        before = hands.rows
        await hands.press("enter")
        after = hands.rows
        assert knob.why in hands.truth
        assert [y for y in range(len(after)) if after[y] != before[y]] == [hands.app.panel("truth").region.y]
        assert hands.session == start
        assert hands.app.prompt.is_open
        assert hands.typed == knob.wrong
        await hands.press(*["backspace"] * len(knob.wrong), f"type {knob.typed}", "enter")
        assert hands.session == wanted(knob.then)
        assert not hands.app.prompt.is_open
        await hands.press(".", "u", "u")
        assert hands.session == start, "typing a value is one step of undo"


async def test_escape_leaves_the_prompt_and_then_the_knob_and_changes_nothing() -> None:
    async with explorer() as hands:
        first = hands.screen
        await hands.press("t")
        chosen = hands.screen
        await hands.press("enter", "type 5", "escape")
        assert not hands.app.prompt.is_open
        assert hands.screen == chosen
        await hands.press("escape")
        assert hands.screen == first


@pytest.mark.parametrize("key", ["Q", "K", "H", "d", "r"])
async def test_a_knob_that_the_sample_fixes_says_so(key: str) -> None:
    async with explorer() as hands:
        start = hands.session
        await hands.press(key)
        for act in (".", ",", "enter"):
            await hands.press(act)
            assert f"{BY_KEY[key].name} is fixed by the source sample: x chooses another" in hands.truth
            assert hands.session == start
            assert not hands.app.prompt.is_open


@pytest.mark.parametrize("size", [(60, 20), (30, 10), (20, 6)])
async def test_where_the_parameters_have_no_room_a_knob_tells_its_value_in_the_line_of_truth(
    size: tuple[int, int],
) -> None:
    async with explorer(size=size) as hands:
        await hands.press("t")
        assert "temperature 1" in hands.truth
        await hands.press(".", ".")
        assert "temperature 1.2" in hands.truth


@pytest.mark.parametrize("keys", [("f", "t"), ("t", "f")])
async def test_in_the_picture_alone_a_knob_tells_its_value_in_the_line_of_truth(keys: tuple[str, ...]) -> None:
    async with explorer() as hands:
        await hands.press(*keys, ".")
        assert not hands.shows("parameters")
        assert "temperature 1.1" in hands.truth


async def test_undo_and_redo_go_one_step_a_turn_and_leave_the_view_alone() -> None:
    async with explorer() as hands:
        await hands.press("t", ".", "]", "}", "M", "left", "c")
        sessions = ["--temperature 1.1", "--temperature 1.1 --head 2", "--temperature 1.1 --head 2 --layer 4"]
        view = " --cursor 10,1 --range picture"
        for options in reversed(["", *sessions]):
            await hands.press("u")
            assert hands.session == session_of(options + view)
        await hands.press("u")
        assert "nothing to undo" in hands.truth
        for options in [*sessions, f"{sessions[-1]} --mask causal"]:
            await hands.press("U")
            assert hands.session == session_of(options + view)
        await hands.press("U")
        assert "nothing to redo" in hands.truth


async def test_the_arrows_choose_and_turn_in_the_panel_of_parameters() -> None:
    async with explorer() as hands:
        await hands.press("tab", *["down"] * (1 + list(BY_KEY).index("t")))
        assert hands.app.knob == "temperature"
        await hands.press("right", "right", "left")
        assert hands.session == session_of("--panel parameters --temperature 1.1")
        await hands.press("up", "left")
        assert hands.session == session_of("--panel parameters --temperature 1.1 --scale none"), "the knob above"
        await hands.press(*["down"] * 20)
        assert hands.app.knob == list(BY_KEY.values())[-1].field


# The screen.


async def test_a_page_is_as_many_queries_as_are_shown() -> None:
    async with explorer(NUMBERS) as hands:
        shown = hands.app.plan.shown[0]
        assert 10 < shown < 40
        await hands.press("pagedown")
        assert hands.session.view.cursor == (100 + shown, 2)
        await hands.press("pageup", "pageup")
        assert hands.session.view.cursor == (100 - shown, 2)


@pytest.mark.parametrize("options", ["--text", "--panel keys", "--panel charts", "--explain"])
async def test_a_step_is_one_position_where_the_map_is_hidden(options: str) -> None:
    many = f"{MADE} --queries 100 --keys 100"
    async with explorer(f"{many} {options}", size=(60, 20)) as hands:
        assert not hands.shows("map")
        await hands.press("down", "right", "right")
        assert hands.session == session_of(f"{many} {options} --cursor 11,4")


async def test_the_map_stays_where_it_is_scrolled_to_while_it_is_hidden() -> None:
    async with explorer(NUMBERS, size=WIDE) as hands:
        await hands.press("pagedown", "up", "up")
        before = hands.screen
        await hands.press("2", "c", "?", "escape", "w", "1")
        assert hands.session.view.text
        await hands.press("w", *["c"] * 5)
        assert hands.screen == before


async def test_a_turn_while_a_is_on_show_shows_b_which_is_what_turns() -> None:
    async with explorer("--pin '' --compare a") as hands:
        await hands.press("t", ".")
        assert hands.session == session_of("--pin '' --temperature 1.1")
        assert "temperature 1.1" in hands.screen


async def test_explain_text_and_the_picture_alone_take_the_place_of_what_they_tell_about() -> None:
    async with explorer(size=WIDE) as hands:
        everything = {"parameters", "map", "keys", "charts", "heads"}
        for key, there in (
            ("enter", {"parameters", "map", "explain"}),
            ("w", everything - {"map"} | {"text"}),
            ("f", {"map"}),
            ("2", {"all-heads"}),
            ("?", {"help"}),
        ):
            assert {panel.id for panel in hands.app.query(Panel) if hands.shows(str(panel.id))} == everything | LINES
            await hands.press(key)
            assert {panel.id for panel in hands.app.query(Panel) if hands.shows(str(panel.id))} == there | LINES
            await hands.press("1" if key == "2" else key)


LINES = {"title", "truth", "hints"}


@pytest.mark.parametrize(("size", "beside"), [((100, 30), "map"), ((60, 20), "")])
async def test_on_small_screens_the_panels_take_turns(size: tuple[int, int], beside: str) -> None:
    async with explorer(size=size) as hands:
        for panel in ("parameters", "keys", "charts", "heads", "map"):
            await hands.press("tab")
            assert hands.shows(panel)
            shown = {name for name in ("map", "parameters", "keys", "charts", "heads") if hands.shows(name)}
            assert shown == {panel, beside or panel} | ({"parameters"} if beside and panel == "map" else set())


async def test_the_arrows_choose_a_head_on_the_page_of_heads_and_enter_takes_it_to_the_map() -> None:
    async with explorer("--view heads --heads-panel heads --head 0") as hands:
        await hands.press("right", "right")
        assert hands.session.view.head == 2
        await hands.press("down")
        beside_each = hands.session.view.head - 2
        assert beside_each > 1
        await hands.press("up", "left")
        assert hands.session.view.head == 1
        await hands.press("enter")
        assert hands.session == session_of("--heads-panel heads --head 1")


async def test_the_arrows_choose_a_head_in_the_panel_of_heads() -> None:
    async with explorer("--panel heads") as hands:
        await hands.press("right", "right", "left")
        assert hands.session == session_of("--panel heads --head 2")
        await hands.press("down")
        assert hands.session == session_of("--panel heads --head 2 --cursor 11,2"), "up and down are the cursor's"


async def test_the_help_scrolls_to_its_end_and_any_act_leaves_it() -> None:
    async with explorer() as hands:
        await hands.press("?")
        seen = set(hands.rows)
        for _ in range(20):
            await hands.press("pagedown")
            seen |= set(hands.rows)
        text = "\n".join(seen)
        assert all(action.shown in text and action.help.partition(":")[0] in text for action in ACTIONS)
        assert all(row.name in text for row in BY_KEY.values())
        await hands.press("home", "down", "end", "up")
        assert hands.shows("help")
        await hands.press("v")
        assert hands.shows("map")
        assert hands.session == session_of("--stage value-weighted")


async def test_a_message_stays_until_the_next_key() -> None:
    async with explorer() as hands:
        await hands.press("n")
        assert "nothing is searched for" in hands.truth
        await hands.press("left")
        assert "it → the" in hands.truth


async def test_while_a_mask_is_chosen_from_what_was_typed_the_catalogue_completes() -> None:
    async with explorer() as hands:
        await hands.press("m", "enter", "type caus", "right", "enter")
        assert hands.session == session_of("--mask causal")


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        ("--explain", ["enter"]),
        ("--text", ["w"]),
        ("--picture-only", ["f"]),
        ("--view heads", ["1"]),
        ("--panel parameters", ["shift+tab"]),
        ("--search the", ["/", "backspace", "enter"]),
        ("", ["t", "t"]),
        ("", ["?", "?"]),
        ("", ["t", "enter", "enter", "t"]),
        ("", [":", "enter"]),
    ],
)
async def test_escape_is_never_the_only_way_out(options: str, keys: list[str]) -> None:
    async with explorer() as hands:
        first = hands.cells
    async with explorer(options) as hands:
        *way_in, way_out = keys
        await hands.press(*way_in)
        assert hands.cells != first
        await hands.press(way_out)
        assert hands.cells == first
        assert (hands.session.view.search, hands.app.knob, hands.app.prompt.is_open) == ("", "", False)


def test_no_act_needs_a_ctrl_chord() -> None:
    assert all(any(not key.startswith("ctrl+") for key in action.keys) for action in ACTIONS)


# Copying, saving, leaving.


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the explorer draws, as a terminal would get it."""
    texts: list[str] = []
    display = Explorer._display

    def spied(app: Explorer, screen: Screen[Any], update: Any) -> None:
        if update is not None:
            texts.append(update.render_segments(app.console))
        display(app, screen, update)

    monkeypatch.setattr(Explorer, "_display", spied)
    return texts


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the explorer asks of its terminal, beside drawing."""
    texts: list[str] = []
    build = Explorer._build_driver

    def spied(app: Explorer, *args: Any, **kwargs: Any) -> Driver:
        driver = build(app, *args, **kwargs)
        monkeypatch.setattr(driver, "write", texts.append)
        return driver

    monkeypatch.setattr(Explorer, "_build_driver", spied)
    return texts


def clipboard(texts: list[str]) -> list[str]:
    """What the terminal was asked to copy, by OSC 52."""
    return [base64.b64decode(code).decode() for code in re.findall(r"\x1b\]52;c;([^\a]*)\a", "".join(texts))]


async def test_y_copies_shows_and_hands_on_the_command_which_makes_the_same_session(written: list[str]) -> None:
    options = "--mask 'causal & window(3)' --pin '--temperature 2 --head 4' --compare a-b --cursor 9,1 --theme light"
    async with explorer(options, size=(200, 24)) as hands:
        await hands.press("y", "v", "y", "y")
        commands = clipboard(written)
        assert commands[1:] == [commands[1]] * 2
        assert f"copied, and printed on leaving: {commands[1]}" in hands.truth
        assert read_options(shlex.split(commands[0])[1:]) == session_of(options)
        assert read_options(shlex.split(commands[1])[1:]) == hands.session
        await hands.press("q")
    assert hands.app.return_value == "\n".join(commands[:2])


@pytest.mark.parametrize("keys", [("x", ","), (":", "type queries 3", "enter"), ("x", ".")])
async def test_the_command_copied_opens_even_where_a_source_is_smaller_than_the_one_before(
    keys: tuple[str, ...],
) -> None:
    async with explorer(f"{MADE} --queries 40 --keys 40 --heads 20 --head 15 --cursor 30,30") as hands:
        await hands.press(*keys, "y")
        screen = hands.rows[: hands.app.panel("truth").region.y]
        session = read_options(shlex.split(hands.app.commands[0])[1:])
        assert open_scene(session, Tier.NONE).cursor == hands.app.scene.cursor
    async with explorer(shlex.join(shlex.split(hands.app.commands[0])[1:])) as other:
        assert [row for row in other.rows if "→" not in row][:10] == [row for row in screen if "→" not in row][:10]


SAVED = {
    "picture.svg": r"<svg class=\"rich-terminal\"",
    "picture.txt": r"Parameters.*Weights",
    "picture.csv": r",\[CLS\],the,animal",
    "picture.cmd": r"^attn-tui --mask causal\n$",
}


@pytest.mark.parametrize("name", SAVED)
async def test_save_writes_what_its_name_ends_with(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    async with explorer("--mask causal") as hands:
        screen = hands.screen
        await hands.press("S", f"type {path}", "enter")
        assert "saved " in hands.truth
        text = path.read_text(encoding="utf-8")
        assert re.search(SAVED[name], text)
        if path.suffix == ".txt":
            assert "save as" not in text
            kept = zip(text.split("\n"), screen.split("\n"), strict=False)
            assert all(a == b for a, b in kept if "→ animal" not in b)
        if path.suffix == ".svg":
            assert "http" not in re.sub(r"<!--.*?-->|xmlns=\"[^\"]*\"", "", text)
        assert hands.session == session_of("--mask causal")


BAD_NAMES = (
    ("there.txt", "there.txt: File exists"),
    ("picture.png", "'picture.png' has none of the endings .svg, .txt, .csv, .cmd"),
    ("nowhere/picture.txt", "nowhere/picture.txt: No such file or directory"),
    ("there.txt/picture.txt", "there.txt/picture.txt: Not a directory"),
    ("full.txt", "full.txt: File exists"),
    ("~nobody-of-that-name/picture.txt", "~nobody-of-that-name"),
    (f"{'n' * 300}.txt", "File name too long"),
    ("", "'' has none of the endings"),
    (".txt", "'.txt' has none of the endings"),
)


@pytest.mark.parametrize(("name", "why"), BAD_NAMES, ids=[name[:30] for name, _ in BAD_NAMES])
async def test_save_refuses_in_one_line_and_touches_nothing(
    name: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there.txt").write_text("mine")
    (tmp_path / "full.txt").mkdir()
    async with explorer(size=(400, 12)) as hands:
        before = hands.rows
        await hands.press("S", *([f"type {name}"] if name else ["backspace"]), "enter")
        assert why in hands.truth
        await hands.press("escape")
        assert hands.rows[: hands.app.panel("truth").region.y] == before[: hands.app.panel("truth").region.y]
    assert (tmp_path / "there.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["full.txt", "there.txt"]


async def test_save_refuses_a_directory_that_cannot_be_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionError(13, "Permission denied", "locked/picture.svg")

    monkeypatch.setattr(Path, "open", refuse)
    async with explorer() as hands:
        await hands.press("S", "type locked/picture.svg", "enter")
        assert "locked/picture.svg: Permission denied" in hands.truth


@pytest.mark.parametrize(
    "keys", [("q",), ("ctrl+c",), (":", "ctrl+c"), ("t", "enter", "ctrl+c"), ("?", "q"), ("ctrl+q",)]
)
async def test_quitting_works_from_everywhere_and_hands_on_what_was_copied(keys: tuple[str, ...]) -> None:
    async with explorer() as hands:
        await hands.press("y", *keys)
        assert hands.app._exit
    assert hands.app.return_value == "attn-tui"


async def test_nothing_that_a_terminal_would_obey_can_be_pasted_into_the_prompt(drawn: list[str]) -> None:
    async with explorer() as hands:
        await hands.press(":", "type mask")
        hands.app.post_message(events.Paste(" \x1b]0;title\x07\x9b5m\u202e causal\nescape"))
        await hands.settle()
        assert hands.typed == "mask ␛]0;title␇�5m� causal"
        assert "␛]0;title" in "".join(drawn)
        assert not re.search("\x1b\\]0|[\x07\x9b\u202e]", "".join(drawn))


async def test_no_key_is_lost_that_is_typed_ahead() -> None:
    async with explorer() as hands:
        await hands.burst("t", ".", ".", "left", ":", *"mask causal", "enter")
        assert hands.session == session_of("--temperature 1.2 --cursor 10,1 --mask causal")
        await hands.burst("enter", *"3", "enter")
        await hands.burst("]", "/", *"the", "escape")
        await hands.burst("]", "g", *"4,5", "enter")
        assert hands.session == session_of("--temperature 3 --cursor 4,5 --mask causal --head 3")


async def test_letters_typed_into_the_prompt_are_text_and_not_keys() -> None:
    async with explorer() as hands:
        await hands.press(":", "type qyS?12")
        assert hands.typed == "qyS?12"
        assert (hands.session, hands.app.commands) == (Session(), [])


# The mouse.


async def test_the_mouse_chooses_cells_knobs_heads_and_views() -> None:
    async with explorer(size=WIDE) as hands:
        region, plan = hands.app.panel("map").region, hands.app.plan
        place = (region.x + 2 + plan.label_width + 2 * 7 + 1, region.y + 1 + plan.label_height + 6)
        await hands.pilot.click(offset=place)
        await hands.settle()
        assert hands.session == session_of("--cursor 6,7")
        await hands.click("temperature", panel="parameters")
        assert hands.app.knob == "temperature"
        await hands.click(" 5 ", panel="heads")
        assert hands.session == session_of("--cursor 6,7 --head 5")
        await hands.click("2 Heads")
        assert hands.session == session_of("--cursor 6,7 --head 5 --view heads")
        await hands.click("1 Map")
        assert hands.session == session_of("--cursor 6,7 --head 5")


async def test_a_press_beside_everything_changes_nothing() -> None:
    async with explorer(size=WIDE) as hands:
        first = hands.screen
        for panel in ("map", "keys", "charts", "heads", "parameters", "truth", "hints"):
            region = hands.app.panel(panel).region
            await hands.pilot.click(offset=(region.right - 1, region.bottom - 1))
            await hands.settle()
        assert hands.screen == first


async def test_the_wheel_moves_the_cursor_of_the_map_whichever_panel_the_keys_go_to() -> None:
    for panel in ("map", "parameters"):
        async with explorer(f"--panel {panel}") as hands:
            await hands.wheel("map", down=True)
            await hands.wheel("map", down=True)
            await hands.wheel("map", down=False)
            assert hands.session == session_of(f"--panel {panel} --cursor 11,2")


async def test_the_wheel_scrolls_the_help() -> None:
    async with explorer() as hands:
        await hands.press("?")
        first = hands.screen
        await hands.wheel("help", down=True)
        assert hands.rows[2:10] == first.split("\n")[3:11]


async def test_while_the_prompt_is_open_the_mouse_changes_nothing() -> None:
    async with explorer(size=WIDE) as hands:
        await hands.press(":")
        await hands.click("2 Heads")
        await hands.click("temperature", panel="parameters")
        assert (hands.session, hands.app.knob) == (Session(), "")
        assert hands.app.prompt.is_open


async def test_a_head_is_chosen_where_the_list_of_heads_is_scrolled() -> None:
    async with explorer(f"{MADE} --heads 200 --queries 4 --keys 4 --head 199", size=WIDE) as hands:
        await hands.click("197 ", panel="heads")
        assert hands.session.view.head == 197


# Sizes.

SIZES = ((80, 24), (20, 6), (19, 6), (20, 5), (1, 1), (2, 30), (200, 60), (71, 16), (72, 15), (110, 17), (109, 40))


@pytest.mark.parametrize("options", ["", "--view heads", "--text --panel charts"])
async def test_growing_and_shrinking_comes_back_to_the_same_screen(options: str) -> None:
    async with explorer(options, size=WIDE) as hands:
        first = hands.cells
        for size in SIZES:
            await hands.resize(*size)
            check_cells(hands)
        await hands.resize(*WIDE)
        assert hands.cells == first
        assert hands.session == session_of(options)


@pytest.mark.parametrize("size", [(19, 6), (20, 5), (19, 40), (120, 5)])
async def test_below_twenty_by_six_one_line_says_what_is_missing(size: tuple[int, int]) -> None:
    async with explorer(size=size) as hands:
        text = " ".join(hands.screen.split())
        assert text == f"attn-tui needs 20×6, this is {size[0]}×{size[1]}"
        await hands.press("left", "t")
        assert " ".join(hands.screen.split()) == text
        await hands.resize(20, 6)
        assert "needs" not in hands.screen
        assert hands.session == session_of("--cursor 10,1")


def check_cells(hands: Hands) -> None:
    """Every row is as wide as its panel, and every cell of the screen has both its colours."""
    width, height = hands.app.size
    cells = hands.cells
    assert [sum(segment.cell_length for segment in line) for line in cells] == [width] * height
    for panel in hands.app.query(Panel):
        if hands.shows(str(panel.id)):
            widths = [strip.cell_length for strip in panel._strips]
            assert widths == [panel.size.width] * panel.size.height, panel.id
    if hands.app.scene.ink.shaded:
        assert not [segment for line in cells for segment in line if not coloured(segment)]


def coloured(segment: Segment) -> bool:
    """Whether a segment has a background of its own, and, if there is anything to read, a colour."""
    style = segment.style
    behind = bool(style and style.bgcolor and not style.bgcolor.is_default)
    return behind and bool(not segment.text.strip() or (style and style.color and not style.color.is_default))


# Computing.


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Experiment]:
    """The experiments that were run."""
    asked: list[Experiment] = []
    run = attn_engine_run

    def spied(experiment: Experiment) -> Attention:
        asked.append(experiment)
        return run(experiment)

    monkeypatch.setattr(attn_tui.making, "run", spied)
    return asked


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[Experiment]:
    """The experiments whose numbers were computed and not remembered."""
    made: list[Experiment] = []
    stage = pipeline._pipeline.attention
    compute = stage._function

    def spied(experiment: Experiment, only: int | None) -> Attention:
        made.append(experiment)
        return compute(experiment, only)

    monkeypatch.setattr(stage, "_function", spied)
    return made


async def test_a_turn_of_a_knob_runs_once(runs: list[Experiment], computed: list[Experiment]) -> None:
    async with explorer("--temperature 7") as hands:
        await hands.press("t")
        runs.clear()
        computed.clear()
        await hands.press(".")
        assert runs == computed == [hands.session.experiment]


async def test_a_key_of_the_view_never_computes(computed: list[Experiment]) -> None:
    async with explorer() as hands:
        computed.clear()
        await hands.press("C", "c", "v", "left", "pagedown", "+", "-", "f", "w", "w", "]", "2", "1", "tab", "?", "y")
        assert hands.session != Session()
        assert computed == []


async def test_a_mistake_in_computing_leaves_the_screen_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(experiment: Experiment) -> Attention:
        raise ValueError("the numbers\nhave gone for a walk")

    async with explorer(size=WIDE) as hands:
        await hands.press("t")
        before, session = hands.rows, hands.session
        with monkeypatch.context() as patch:
            patch.setattr(attn_tui.making, "run", broken)
            await hands.press(".")
            truth = hands.app.panel("truth").region.y
            assert hands.truth.strip() == "the numbers have gone for a walk"
            assert [row for y, row in enumerate(hands.rows) if y != truth] == [
                row for y, row in enumerate(before) if y != truth
            ]
            assert hands.session == session
        await hands.press(".", "u")
        assert hands.rows[:truth] == before[:truth]
        await hands.press("u")
        assert "nothing to undo" in hands.truth, "what could not be computed is no step"


# At rest.


@pytest.mark.parametrize("keys", [(), ("t", ".", "enter", "type 2"), ("2", "y")], ids=" ".join)
async def test_nothing_is_drawn_while_nobody_types(keys: tuple[str, ...], drawn: list[str]) -> None:
    async with explorer(size=WIDE) as hands:
        await hands.press(*keys)
        await asyncio.sleep(0.1)
        assert drawn
        drawn.clear()
        await asyncio.sleep(0.5)
        assert drawn == []


async def test_a_key_that_changes_nothing_draws_nothing(drawn: list[str]) -> None:
    async with explorer("--cursor 0,0", size=WIDE) as hands:
        await hands.press("up")
        assert drawn
        drawn.clear()
        await hands.press("up", "left", "Z", "shift+f5", "ctrl+g", "é")
        assert drawn == []


# Whatever is pressed.

TEXTS = (
    *("3", "7", "0", "-1", "1.5", "1048576", "causal", "causal & window(3)", "k <=", "window(", "q % 3 == k % 3"),
    *("mask causal", "--head 2 --text", "source random", "source repeat", "queries 40", "zoom 3", "theme light"),
    *("theme dark", "palette grey", "layer 9", "heads 130", "compare a-b", "quit now", "text", "help", "pin", ""),
    *("5,5", "999,0", "the", "it", "[", "\\", "'", '"', "picture.txt", "picture.svg", "no/where.csv", "~x/y.cmd"),
    *("1e308", "1e-30", "nan", "∞", "s * 1000", "-inf", "sink_logit(3)", "sigmoid", "日本語", "🙂"),
)
LIVING = [key for key in KEYS if key not in BY_NAME["quit"].keys] + list(BY_KEY)


def any_key(chance: random.Random, *, asked: bool) -> str:
    """Any key of the tables; where the prompt asks for something, mostly a text or an end."""
    if asked and chance.random() < 0.8:
        return chance.choice((f"type {chance.choice(TEXTS)}", "enter", "escape"))
    return chance.choice(LIVING)


@pytest.mark.parametrize(
    ("seed", "size", "tier"),
    [
        (1, (110, 30), Tier.TRUECOLOR),
        (2, (72, 16), Tier.CUBE),
        (3, (31, 9), Tier.NONE),
    ],
)
async def test_after_any_keys_the_explorer_lives_and_every_row_is_whole(
    seed: int, size: tuple[int, int], tier: Tier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    chance = random.Random(seed)
    pressed: list[str] = []
    async with explorer(size=size, tier=tier) as hands:
        for _ in range(150):
            pressed.append(any_key(chance, asked=hands.app.prompt.is_open))
            await hands.press(pressed[-1])
            assert hands.app.is_running, pressed
            assert not any((hands.app._exit, hands.app._exception)), pressed
            check_cells(hands)
            assert make_scene(hands.session, make_ink(tier)).matrix.size, pressed
