"""What the screen calls keys: where a person has settled other ones, those, wherever keys are told."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import attn_tui
from attn_tui.actions import ACTIONS, IN_THE_EXPERIMENTS, IN_THE_HEADS, IN_THE_MASKS
from attn_tui.keycaps import drawn_key, keycaps
from attn_tui.keymap import BOUND, FIXED, read_keys
from attn_tui.parameters import EVERY_KNOB
from attn_tui.pictures.studies.page import HINTS
from attn_tui.pictures.truth import IN_LAYERS, IN_MASKS, OF_LAYER, WIDE_HINTS
from attn_tui.view import Settings
from tests.hands import WIDE, Hands, explorer

SIGNS = [chr(code) for first, last in ((0x10D0, 0x10FA), (0x561, 0x586)) for code in range(first, last)]
NEW = dict(zip((name for name in BOUND if name != FIXED), SIGNS, strict=False))
"""A letter for every binding that is on no page: of the Georgian alphabet, and the Armenian."""

OWN = tuple((name, (sign,)) for name, sign in NEW.items())

NAMED = re.compile(r"(?<![\w<-])(enter|escape|tab|pageup|pagedown|insert|ctrl\+p|shift\+|f\d+)(?![\w-])|[←↑↓]")
"""Keys that have names, as no other word on a page is written."""

DOES = r"(?:asks for|chooses|goes|leaves|lists|looks (?!at)|next|pins|scroll|shows|stops|turn|types)\b"
TOLD = re.compile(rf"(?:^|[:;,·] |\band )(\S|{{}}) (?={DOES})")
"""A key of one sign and what it does, in a text."""


# Keys as they are written.


def test_by_default_keys_are_those_of_the_table() -> None:
    assert {action.name: keycaps().all_of(action.name) for action in ACTIONS} == {
        action.name: action.shown for action in ACTIONS
    }
    assert {keycaps().instead_of(key) for key in EVERY_KNOB} == set(EVERY_KNOB)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        ("left up down right", "←↑↓→"),
        ("head-back head-on", "shift+←→"),
        ("search-on search-back", "n N"),
        ("zoom-in zoom-out", "+ -"),
        ("left head-on", "← shift+→"),
        ("quit", "q"),
    ],
)
def test_keys_that_belong_together_are_written_as_short_as_can_be(names: str, written: str) -> None:
    assert keycaps().together(names) == written


@pytest.mark.parametrize(
    ("key", "drawn"),
    [("question_mark", "?"), ("ctrl+question_mark", "ctrl+?"), ("shift+left", "shift+←"), ("f5", "f5"), ("plus", "+")],
)
def test_a_key_is_drawn_as_it_is_read(key: str, drawn: str) -> None:
    assert drawn_key(key) == drawn


def test_an_own_key_stands_in_the_place_of_the_one_that_it_replaces() -> None:
    caps = keycaps((("left", ("f5", "a")), ("search-on", ("j",)), ("down.1", ("J",))))
    assert caps["left"] == "f5"
    assert caps.all_of("left") == "f5 a h"
    assert caps.together("left right") == "f5 →"
    assert caps.all_of("down") == "↓ J"
    assert caps.instead_of("n") == "j"


@pytest.mark.parametrize("table", [IN_THE_HEADS, IN_THE_MASKS, IN_THE_EXPERIMENTS])
def test_tables_of_pages_name_bindings(table: tuple[tuple[str, str], ...]) -> None:
    for names, told in table:
        assert names.split()
        assert set(names.split()) <= set(BOUND)
        assert "{" not in told.format_map(keycaps())


@pytest.mark.parametrize("hints", [WIDE_HINTS, OF_LAYER, IN_LAYERS, IN_MASKS, *HINTS.values()])
def test_hints_name_bindings(hints: tuple[tuple[str, str], ...]) -> None:
    assert all(set(names.split()) <= set(BOUND) for names, _ in hints)


# Pages.


PAGES = (
    ("", ()),
    ("--explain", ()),
    ("", ("knob.mask",)),
    ("--source random", ("knob.head_dim",)),
    ("--view heads", ()),
    ("--view heads --heads-panel layer", ()),
    ("--view masks --mask 'window(3)'", ()),
    ("--view masks --sheet costs", ("knob.mask", "leave")),
    ("--view masks --sheet checks --mask 'k > q'", ()),
    ("--view experiments --study scaling --draws 100", ()),
    ("--view experiments --study patterns --draws 100", ("right", "right", "right")),
    ("--view experiments --study cross", ()),
    ("--view experiments --preset vit", ()),
    ("--view experiments --study learning", ()),
)


async def read(hands: Hands, names: tuple[str, ...], keys: dict[str, str]) -> Iterator[str]:
    """The screen after each of some bindings' keys, and of the whole help."""
    screens = [hands.screen]
    for name in (*names, "help", *["page-down"] * 6, "help"):
        await hands.press(keys[name])
        screens.append(hands.screen)
    return iter(screens)


@pytest.mark.parametrize(("options", "names"), PAGES, ids=[" ".join((options, *names)) for options, names in PAGES])
async def test_no_page_shows_a_key_that_is_no_more(options: str, names: tuple[str, ...]) -> None:
    async with explorer(options, size=WIDE, settings=Settings(keys=OWN)) as hands:
        hints = hands.rows[-1]
        text = "\n".join(await read(hands, names, NEW))
    assert not {found[0] for found in NAMED.finditer(text)}
    assert {found[1] for found in TOLD.finditer(text)} <= set(SIGNS)
    keys = {hint.split()[0] for hint in re.split("  +", hints.strip())}
    assert {NEW["help"], NEW["quit"]} < keys
    assert set("".join(keys)) <= set(SIGNS)


async def test_with_the_default_keys_pages_are_full_of_them() -> None:
    keys = {"help": "?", "page-down": "pagedown"}
    async with explorer(size=WIDE) as hands:
        text = "\n".join(await read(hands, (), keys))
    named = {found[0] for found in NAMED.finditer(text)}
    assert named >= {"enter", "escape", "tab", "pageup", "shift+", "ctrl+p", "←", "↑"}
    assert {found[1] for found in TOLD.finditer(text)} >= {"?", ".", "f"}


@pytest.mark.parametrize("options", ["", "--view heads", "--view masks", "--view experiments", "--source random"])
async def test_what_is_told_of_a_key_names_a_persons_own(options: str) -> None:
    told = set()
    async with explorer(options, size=WIDE, settings=Settings(keys=OWN)) as hands:
        for action in ACTIONS:
            if action.name not in ("quit", "copy"):
                await hands.press(NEW[action.name])
                told.add(hands.truth.strip())
                await hands.press("escape" if hands.app.prompt.is_open else NEW["undo"])
    texts = "\n".join(told)
    assert not NAMED.search(texts)
    assert {found[1] for found in TOLD.finditer(texts)} <= set(SIGNS)


async def test_keys_with_long_names_have_room() -> None:
    keys, troubles = read_keys({"knob.temperature": "f12", "page-heads": "f2", "copy": "ctrl+shift+left"})
    assert not troubles
    async with explorer(size=WIDE, settings=Settings(keys=tuple(keys.items()))) as hands:
        assert "f12 temperature " in hands.screen
        assert "m   mask " in hands.screen
        assert " f2 Heads " in hands.rows[0]
        await hands.click("f2 Heads")
        assert hands.session.view.page == "heads"
        await hands.press("?")
        assert "ctrl+shift+← copy the command" in hands.screen


# Texts.


TABLES = (
    *("actions.py", "keymap.py", "keycaps.py", "settings_command.py"),
    *("keystrokes.py", "driver.py", "terminal.py", "prompt.py"),
)
"""The modules that say which keys there are, or could be, and those that read what a terminal sends."""

FILES = sorted(path for path in Path(attn_tui.__file__).parent.rglob("*.py") if path.name not in TABLES)


def texts_of(tree: ast.AST) -> Iterator[str]:
    """Every text that is said, which no docstring is, nor a text that is the name of an action alone."""
    silent = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    silent |= {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            yield node.value


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_texts_name_keys_by_their_bindings_so_that_own_keys_are_told(path: Path) -> None:
    for text in texts_of(ast.parse(path.read_text(encoding="utf-8"))):
        if text in BOUND or all(name in BOUND for name in text.split()):
            continue
        assert not NAMED.search(text), text
        assert {found[1] for found in TOLD.finditer(text)} <= {"{}"}, text


@pytest.mark.parametrize(
    "source",
    ['say("enter goes on")', 'f"{one}: x chooses another"', 'say("nothing: / types one")', '(("tab", "next"),)'],
)
def test_the_check_sees_a_key_in_a_text(source: str) -> None:
    found = [text for text in texts_of(ast.parse(source)) if NAMED.search(text) or TOLD.search(text)]
    assert found
