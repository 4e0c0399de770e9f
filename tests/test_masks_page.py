"""The mask laboratory at the keyboard: keys, the prompt that follows what is typed, the mouse, every size."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from attn_engine import Kind, entries
from attn_tui.lab.moves import LAB_MOVES
from attn_tui.parameters import LAB, LAB_BY_KEY
from attn_tui.pictures.cells import Lines
from attn_tui.pictures.masks import sheet as sheets
from attn_tui.view import DIALECTS, MASK_PANELS, PAGES, SHEETS
from tests.drawing import scene_of
from tests.hands import SMALL, WIDE, Hands, explorer, session_of
from tests.plots import texts
from tests.stories import SAME, Step, follow

pytestmark = pytest.mark.usefixtures("plain_environment")

MASKS = "--view masks"

STORIES: dict[str, tuple[Step, ...]] = {
    "--mask causal --mask-zoom cells": (
        Step("right", "0 → 1   may not look", "--mask causal --mask-zoom cells --mask-cursor 0,1"),
        Step("down", "1 → 1   may look", "--mask causal --mask-zoom cells --mask-cursor 1,1"),
        Step("h", "1 → 0   may look", "--mask causal --mask-zoom cells --mask-cursor 1,0"),
        Step("k", "0 → 0   may look", "--mask causal --mask-zoom cells"),
        Step("up", "0 → 0", SAME),
        Step("end", "0 → 63", "--mask causal --mask-zoom cells --mask-cursor 0,63"),
        Step("end", "63 → 63", "--mask causal --mask-zoom cells --mask-cursor 63,63"),
        Step("home", "63 → 0", "--mask causal --mask-zoom cells --mask-cursor 63,0"),
        Step("home", "0 → 0", "--mask causal --mask-zoom cells"),
    ),
    "--mask-queries 1024 --mask-keys 1024": (
        Step("+", "of 16²", "--mask-queries 1024 --mask-keys 1024 --mask-zoom 16"),
        Step("=", "of 8²", "--mask-queries 1024 --mask-keys 1024 --mask-zoom 8"),
        Step("-", "of 16²", "--mask-queries 1024 --mask-keys 1024 --mask-zoom 16"),
        Step("right", "0 → 16", "--mask-queries 1024 --mask-keys 1024 --mask-zoom 16 --mask-cursor 0,16"),
    ),
    "--mask-zoom half": (
        Step("+", "may look", "--mask-zoom cells"),
        Step("+", "cells are at their largest: each is one pair"),
    ),
    "--mask-queries 2 --mask-keys 3": (
        Step("n", "0 → 0", "--mask-queries 4 --mask-keys 6"),
        Step("N", "0 → 0", "--mask-queries 2 --mask-keys 3"),
        Step("N", "0 → 0", "--mask-queries 1 --mask-keys 1"),
        Step("N", "lengths are 1 … 1,048,576"),
        Step("-", "the whole mask is in view"),
    ),
    "--mask-queries 1048576 --mask-keys 4": (Step("n", "lengths are 1 … 1,048,576"),),
    "": (
        Step("v", "[costs]", "--sheet costs"),
        Step("V", "[catalogue]", ""),
        Step("V", "[code]", "--sheet code"),
        Step("v", "[catalogue]", ""),
        Step("c", "[code]", "--sheet code"),
        Step("c", "import numpy", "--sheet code --dialect numpy"),
        Step("tab", "Blocks", "--sheet code --dialect numpy --mask-panel blocks"),
        Step("shift+tab", "Cells", "--sheet code --dialect numpy"),
    ),
    "--sheet costs": (
        Step("B", "how many queries and", SAME),
        Step(".", "Blocks of 32 × 32", "--sheet costs --block-size 32"),
        Step(",", "Blocks of 16 × 16", "--sheet costs"),
        Step("Q", "how many queries the", SAME),
        Step(".", "128", "--sheet costs --mask-queries 128"),
        Step("u", "64", "--sheet costs"),
        Step("U", "128", "--sheet costs --mask-queries 128"),
    ),
    "--mask causal": (
        Step("M", "Cells · full", ""),
        Step("M", "Cells · causal", "--mask causal"),
        Step("w", "running text, shaded by what the query reads is of the map; 1 shows it"),
        Step("/", "search a token is of the map; 1 shows it"),
        Step("!", "nothing found"),
        Step("1", "Weights", "--view map --mask causal"),
    ),
    "--mask 'k > q'": (
        Step("!", "this query sees nothing", "--mask 'k > q' --mask-cursor 63,0 --sheet checks"),
    ),
    "--mask-panel settings": (
        Step("down", "who may look where", SAME),
        Step("down", "how many queries the", SAME),
        Step("right", "128", "--mask-panel settings --mask-queries 128"),
        Step("left", "64", "--mask-panel settings"),
        Step("escape", "Mask", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize("start", STORIES)
async def test_keys_of_the_laboratory(start: str) -> None:
    await follow(start, STORIES[start], always=MASKS)


def test_every_move_of_the_laboratory_is_pressed_in_a_story() -> None:
    moves = {"left", "right", "up", "down", "home", "end", "zoom-in", "zoom-out", "search-on", "search-back"}
    moves |= {"finding", "stage-on", "stage-back", "range", "panel-on", "panel-back"}
    shared = {"page-up", "page-down", "palette", "picture-only", "head-back", "head-on"}
    assert moves | shared == {name for name in LAB_MOVES if name not in {f"page-{page}" for page in PAGES}}


# Typing a rule.


async def test_the_picture_follows_a_rule_while_it_is_typed() -> None:
    async with explorer(MASKS, size=WIDE) as hands:
        await hands.press("enter", "type causal")
        assert "Cells · causal" in hands.screen
        await hands.press("type & window(3)")
        assert "Cells · causal & window(3)" in hands.screen
        await hands.press("enter", "u")
        assert hands.session == session_of(MASKS), "typing was one turn"


async def test_a_mistake_is_pointed_at_and_the_last_good_picture_stays() -> None:
    async with explorer(MASKS, size=WIDE) as hands:
        await hands.press("enter", "type causal & @")
        *_, truth, prompt = hands.screen.rstrip("\n").splitlines()
        assert prompt.index("@") == truth.index("▼")
        assert '"@" is no part of the notation' in truth
        assert "Cells · causal" in hands.screen
        await hands.press("enter")
        assert "@" in hands.screen, "the text stays to be mended"


async def test_escape_gives_back_what_was_there_before_the_typing() -> None:
    async with explorer(f"{MASKS} --mask causal", size=WIDE) as hands:
        await hands.press("enter", "type window(2)")
        assert "Cells · window(2)" in hands.screen
        await hands.press("escape")
        assert hands.session == session_of(f"{MASKS} --mask causal")


async def test_tab_completes_the_last_word() -> None:
    async with explorer(MASKS, size=WIDE) as hands:
        await hands.press("enter", "type causal & ~stri", "tab", "type (4)", "enter")
        assert hands.session == session_of(f"{MASKS} --mask 'causal & ~strided(4)'")


async def test_a_pasted_flexattention_condition_is_understood() -> None:
    async with explorer(MASKS, size=WIDE) as hands:
        await hands.press("enter", "type q_idx >= kv_idx and not (q_idx - kv_idx > 3)", "enter")
        assert "may look" in hands.screen
        assert hands.app.scene.laboratory is not None
        assert hands.app.scene.laboratory.count is not None
        assert hands.app.scene.laboratory.count.pairs == sum(min(query + 1, 4) for query in range(64))


# The catalogue.


async def test_the_rule_stood_on_in_the_catalogue_is_taken_with_enter() -> None:
    async with explorer(f"{MASKS} --mask-panel sheet", size=WIDE) as hands:
        await hands.press("right", "enter")
        assert hands.session == session_of(f"{MASKS} --mask-panel sheet --entry causal --mask causal")


async def test_a_rule_that_needs_a_number_asks_for_it() -> None:
    async with explorer(f"{MASKS} --mask-panel sheet --entry padding", size=WIDE) as hands:
        await hands.press("enter", "end", "type 5)", "enter")
        assert hands.session.experiment.mask == "padding(5)"


async def test_a_score_mod_of_the_catalogue_becomes_the_maps() -> None:
    async with explorer(f"{MASKS} --mask-panel sheet --entry alibi", size=WIDE) as hands:
        await hands.press("enter")
        assert "the map's score mod is alibi" in hands.screen
        assert hands.session.experiment.score_mod == "alibi"


async def test_every_entry_of_the_catalogue_can_be_stood_on() -> None:
    async with explorer(f"{MASKS} --mask-panel sheet", size=SMALL) as hands:
        for entry in entries():
            assert f"{entry.signature}: "[:40] in hands.screen, entry.name
            await hands.press("right")


# The mask of the map need not fit the laboratory, nor the other way about.


async def test_a_mask_that_does_not_fit_the_plane_is_refused_and_the_picture_stays() -> None:
    async with explorer(MASKS, size=WIDE) as hands:
        await hands.press("enter", "type k % (q - 3) == 0", "enter")
        assert "division by zero" in hands.screen
        await hands.press("escape")
        assert hands.session == session_of(MASKS)


# Saving.


async def test_the_mask_is_saved_as_numbers(tmp_path: Path) -> None:
    async with explorer(f"{MASKS} --mask causal --mask-queries 3 --mask-keys 2", size=WIDE) as hands:
        await hands.press("S", f"type {tmp_path / 'mask.csv'}", "enter")
        assert (tmp_path / "mask.csv").read_text() == "query,0,1\n0,1,0\n1,1,1\n2,1,1\n"


async def test_a_mask_too_large_for_numbers_is_not_saved_as_such(tmp_path: Path) -> None:
    async with explorer(f"{MASKS} --mask-queries 65536 --mask-keys 65536", size=WIDE) as hands:
        await hands.press("S", f"type {tmp_path / 'mask.csv'}", "enter")
        assert "too many for .csv" in hands.screen
        assert not (tmp_path / "mask.csv").exists()


# Every size.


@pytest.mark.parametrize("panel", MASK_PANELS)
@pytest.mark.parametrize("size", [WIDE, SMALL, (60, 20), (30, 10), (20, 6)])
async def test_every_panel_fits_every_window(size: tuple[int, int], panel: str) -> None:
    async with explorer(f"{MASKS} --mask causal --mask-panel {panel}", size=size) as hands:
        width, height = size
        assert [sum(segment.cell_length for segment in line) for line in hands.cells] == [width] * height
        await hands.press("f")
        assert [sum(segment.cell_length for segment in line) for line in hands.cells] == [width] * height


@pytest.mark.parametrize("sheet", SHEETS)
@pytest.mark.parametrize("size", [WIDE, SMALL, (40, 12)])
async def test_every_sheet_says_something_and_scrolls(size: tuple[int, int], sheet: str) -> None:
    async with explorer(f"{MASKS} --mask causal --mask-panel sheet --sheet {sheet}", size=size) as hands:
        words = re.findall(r"\w{3,}", hands.screen)
        assert len(words) > 10
        await hands.press("down", "pagedown", "end", "home")
        assert re.findall(r"\w{3,}", hands.screen) == words or sheet == "catalogue"


# The mouse.


async def test_a_press_on_a_cell_goes_there_and_on_a_setting_chooses_it() -> None:
    async with explorer(f"{MASKS} --mask causal", size=WIDE) as hands:
        await click_on(hands, "cells", 3 + 4, 5)
        assert hands.session.lab.mask_cursor != (0, 0)
        await click_on(hands, "settings", 1, 2)
        assert hands.app.knob == LAB[1].field


async def test_a_press_on_a_preview_stands_on_it_and_on_a_sheets_name_shows_it() -> None:
    async with explorer(MASKS, size=WIDE) as hands:
        await click_on(hands, "sheet", 17, 1)
        assert hands.session.lab.entry == "causal"
        title = next(line for line in hands.screen.splitlines() if "v [catalogue]" in line)
        panel = hands.app.panel("sheet")
        await hands.click_at(title.index("checks") + 1, panel.region.y)
        assert hands.session.lab.sheet == "checks"


async def click_on(hands: Hands, panel: str, x: int, y: int) -> None:
    """Press the mouse at a column and row of a panel's picture."""
    region = hands.app.panel(panel).region
    await hands.click_at(region.x + 2 + x, region.y + 1 + y)


def test_the_letters_of_the_laboratory_are_said_in_its_settings() -> None:
    assert [row.key for row in LAB_BY_KEY.values()] == ["m", "Q", "K", "B", "A", "d", "L", "W"]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_a_mask_too_large_to_be_written_as_code_says_so_in_its_sheet(dialect: str) -> None:
    """Found by seed 304: the array of a tree of 128 tokens has 16,384 numbers."""
    scene = scene_of(f"{MASKS} --mask tree --mask-queries 128 --mask-keys 128 --sheet code --dialect {dialect}")
    assert "too large to be written as code: at most 4096" in " ".join(texts(sheets.sheet(scene, 120, 30)))


@pytest.mark.parametrize("size", [7, 128, 4096])
def test_the_code_of_every_mask_is_written_or_it_is_said_why_not(size: int) -> None:
    for entry in entries(Kind.MASK):
        rule = f"{entry.name}(3)" if "padding" in entry.name else entry.name
        for dialect in DIALECTS:
            asked = f"--mask '{rule}' --mask-queries {size} --mask-keys {size} --sheet code --dialect {dialect}"
            assert len(sheets.sheet(scene_of(f"{MASKS} {asked}"), 120, 30)) > 1


@pytest.mark.parametrize(
    ("rule", "numbers"),
    [
        ("causal", ("pairs     549,756,338,176", "· full      2,147,450,880", "keys a row  1 … 1,048,576")),
        ("random_pairs(0.5)", ("pairs       ≈5.", "· partial   ≈4.2950e9", "· empty     ≈0 ")),
    ],
)
async def test_numbers_of_a_million_positions_are_never_cut(rule: str, numbers: tuple[str, ...]) -> None:
    options = f"{MASKS} --mask {rule} --mask-queries 1048576 --mask-keys 1048576"
    async with explorer(options, size=WIDE) as hands:
        for number in numbers:
            assert number in hands.screen


async def test_turning_over_the_sheet_brings_it_into_view_where_there_is_no_room_beside_the_pictures() -> None:
    async with explorer(MASKS, size=SMALL) as hands:
        assert not hands.shows("sheet")
        await hands.press("v")
        assert hands.shows("sheet")
        assert "[costs]" in hands.screen
        await hands.press("escape")
        assert hands.shows("cells")
        await hands.press("c")
        assert "flex_attention" in hands.screen


async def test_a_small_screen_says_what_it_leaves_out_and_how_to_get_there() -> None:
    async with explorer(f"{MASKS} --mask bigbird(4)", size=SMALL) as hands:
        assert re.search(r"… \d more: v shows them", hands.screen)
        assert "tab panel" in hands.screen
        await hands.press("v")
        assert re.search(r"FLOPs +scores +mask +in vain", hands.screen)
        assert re.search(r"blocks +2\.7 MFLOP|blocks +6\.3 MFLOP", hands.screen)


async def test_a_sheet_that_is_at_its_end_is_not_written_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with explorer("--view masks --mask-panel sheet --sheet conventions", size=(60, 14)) as hands:
        await hands.press("end")
        assert hands.app.scene.sheet_from > 0
        written: list[str] = []
        conventions = sheets.WRITERS["conventions"]

        def counted(*given: Any) -> Lines:
            written.append("conventions")
            return conventions(*given)

        monkeypatch.setitem(sheets.WRITERS, "conventions", counted)
        await hands.press("end", "end", "end")
        assert written == []
        await hands.press("home")
        assert written


@pytest.mark.parametrize("sheet", [name for name in SHEETS if name != "catalogue"])
async def test_a_sheet_that_is_not_on_the_screen_is_not_written_to_be_scrolled(
    sheet: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Found by seed 205: ten million lines were written for a sheet whose room was not known, and no key counted."""
    written: list[str] = []

    def writing(*_: Any) -> Lines:
        written.append(sheet)
        return []

    async with explorer(f"--view masks --mask-panel sheet --sheet {sheet}", size=(10, 3)) as hands:
        monkeypatch.setitem(sheets.WRITERS, sheet, writing)
        await hands.press("end", "pagedown", "down", "home")
        assert (written, hands.app.scene.sheet_from) == ([], 0)
