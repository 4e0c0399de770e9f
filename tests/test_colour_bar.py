"""The line below the map: whole at every width, with the words that matter for longest."""

from __future__ import annotations

import re

import pytest

from attn_tui.pictures.cells import plain, width_of
from attn_tui.pictures.heatmap import map_lines
from attn_tui.pictures.knobs import knobs
from attn_tui.scene import Scene
from attn_tui.view import BLOCKS, RANGES
from tests.drawing import scene_of

LARGE = "--source random --queries 900 --keys 900 --heads 1 --mask causal"
WORDS = {
    "blocks of 64, mean": "blocks of 64, mean",
    "this row": "this row",
    "masked": "╱╱ masked",
    "part": "0–",
    "mean of 64": "mean of 64|blocks of 64, mean",
    "mean": "mean",
}
"""What the bar says, in the order in which it is left out, and how it is known."""


def bar(scene: Scene, width: int) -> str:
    line = map_lines(scene, width, 8)[-1]
    assert width_of(line) <= width
    return plain([line])


def said(scene: Scene, width: int) -> list[str]:
    text = bar(scene, width)
    return [name for name, known_by in WORDS.items() if re.search(known_by, text)]


def test_the_less_room_there_is_the_fewer_words_and_what_a_block_shows_is_said_for_longest() -> None:
    scene = scene_of(f"{LARGE} --zoom 64 --blocks mean --range row --cursor 700,3")
    names = list(WORDS)
    seen = {tuple(said(scene, width)) for width in range(20, 100)}
    assert seen == {tuple(names[at:]) for at in range(len(names))}


@pytest.mark.parametrize("blocks", BLOCKS)
@pytest.mark.parametrize("colour_range", RANGES)
@pytest.mark.parametrize("size", [2, 128, 4096])
def test_what_a_block_shows_is_whole_in_the_smallest_windows(blocks: str, colour_range: str, size: int) -> None:
    scene = scene_of(f"{LARGE} --zoom {size} --blocks {blocks} --range {colour_range}")
    for width in (36, 45):
        assert re.search(rf"  ({blocks} of {size}|blocks of {size}, {blocks})( ·|$)", bar(scene, width))


@pytest.mark.parametrize("colour_range", RANGES)
def test_numbers_of_one_row_are_told_from_those_of_all(colour_range: str) -> None:
    text = bar(scene_of(f"--range {colour_range} --cursor 3,2"), 60)
    assert ("this row" in text) == (colour_range == "row")


@pytest.mark.parametrize(
    ("size", "width", "value"),
    [(16, 40, "16 × 16, mean"), (16, 27, "16 × 16, mean"), (128, 27, "mean of 128"), (2048, 27, "mean of 2048"),
     (16384, 27, "mean of 16384"), (16384, 26, "mean 16384")],
)  # fmt: skip
def test_the_zoom_is_said_in_the_words_there_is_room_for(size: int, width: int, value: str) -> None:
    lines = plain(knobs(scene_of(f"{LARGE} --zoom {size} --blocks mean"), width, 40)).splitlines()
    assert [line.split(maxsplit=2)[2] for line in lines if line.startswith("+ zoom")] == [value]
