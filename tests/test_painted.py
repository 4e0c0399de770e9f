"""Only what changed is written, so after any keys the terminal has to show what the explorer thinks it does."""

from __future__ import annotations

import pyte
import pytest
from rich.style import Style

from tests.hands import Hands, explorer
from tests.ptys import Terminal, opened

pytestmark = pytest.mark.usefixtures("plain_environment")

JOURNEYS = {
    "": ("t", ".", ".", "]", "down", "v", "v", "c", "C", "e", "e", "?", "?", "p", "]", "d", "f"),
    "--source random --queries 300 --keys 200 --heads 3": ("+", "right", "down", "pagedown", "-", "B", "2", "v", "1"),
    "--view masks": ("n", "v", "+", "tab", "right", "3", "4", "1", "4"),
    "--view experiments --study patterns": ("down", "v", "right", "v", "1", "C", "4"),
}

SENT = {"down": "\x1b[B", "right": "\x1b[C", "pagedown": "\x1b[6~", "tab": "\t"}

Cell = tuple[str, str]


def shown(terminal: Terminal) -> list[list[Cell]]:
    """The character and the background of every cell of the terminal."""
    screen: pyte.Screen = terminal._screen
    return [[(cell.data, cell.bg) for cell in map(screen.buffer[y].__getitem__, range(120))] for y in range(40)]


def meant(hands: Hands) -> list[list[Cell]]:
    """The character and the background of every cell, as the explorer has them."""
    return [
        [
            (
                character,
                style.bgcolor.triplet.hex[1:] if style and style.bgcolor and style.bgcolor.triplet else "default",
            )
            for text, style, _ in row
            for character in text
        ]
        for row in hands.cells
    ]


def _back(style: Style | None) -> str:
    colour = style.bgcolor if style else None
    return colour.triplet.hex[1:] if colour and colour.triplet else "default"


@pytest.mark.parametrize(("options", "keys"), JOURNEYS.items())
async def test_the_terminal_shows_what_the_explorer_means(options: str, keys: tuple[str, ...]) -> None:
    async with explorer(options, size=(120, 40)) as hands:
        with opened(*options.split()) as terminal:
            terminal.sees("q quit")
            terminal.rests()
            for key in keys:
                await hands.press(key)
                terminal.press(SENT.get(key, key))
                terminal.rests(0.1)
            text = "\n".join(row.rstrip() for row in hands.rows)
            terminal.wait(lambda: terminal.text == text, f"this screen:\n{text}\nand not this one:")
            terminal.rests()
            assert terminal.text == text
            assert shown(terminal) == meant(hands)
