"""Windows of every size, and sizes that change faster than anything is drawn; COLUMNS and LINES are not believed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from random import Random

import pytest

from tests.hostile import SOON, answers, check_idle, check_left, first_screen, withstands
from tests.ptys import Terminal, opened

SIZES = [(1, 1), (2, 2), (1, 300), (1000, 1), (5, 3), (19, 5), (20, 6), (79, 23), (80, 24), (300, 100), (1000, 300)]


@pytest.fixture(scope="module")
def explorer() -> Iterator[Terminal]:
    with opened() as terminal:
        first_screen(terminal)
        yield terminal
        terminal.resize(120, 40)
        first_screen(terminal)
        withstands(terminal)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_in_a_window_of_any_size_keys_are_answered(explorer: Terminal, size: tuple[int, int]) -> None:
    explorer.resize(*size, seen=size[0] * size[1] < 50_000)
    for key in "1234fvt.u":
        explorer.press(key)
        explorer.pause(0.02)
    explorer.press("\x1b1f")
    explorer.resize(120, 40)
    explorer.sees("Map", "q quit")
    answers(explorer)
    explorer.press("\x1b\x1b")
    explorer.pause(0.3)


@pytest.mark.parametrize("size", [(1, 1), (1000, 300)], ids=str)
def test_it_starts_and_ends_in_a_window_of_any_size(size: tuple[int, int]) -> None:
    with opened(size=size if size == (1, 1) else (120, 40)) as terminal:
        terminal.resize(*size, seen=False)
        terminal.wait(lambda: "\x1b[?1049h" in terminal.output, "the screen")
        terminal.rests(0.5)
        terminal.press("q")
        assert terminal.ends(SOON) == 0
        check_left(terminal)


def test_a_window_without_a_size_or_larger_than_any_is_drawn_all_the_same() -> None:
    with opened() as terminal:
        first_screen(terminal)
        for size in (0, 0), (65_535, 65_535), (0, 40), (120, 40):
            terminal.resize(*size, seen=False)
            terminal.rests(1)
        check_idle(terminal)
        withstands(terminal)


def test_five_hundred_sizes_a_second_leave_the_last() -> None:
    drawn = Random(0)
    with opened() as terminal:
        first_screen(terminal)
        terminal.rests()
        before, end = terminal.screen, time.monotonic() + 2
        while time.monotonic() < end:
            terminal.resize(drawn.randint(1, 300), drawn.randint(1, 100), seen=False)
            terminal.pause(0.002)
        terminal.resize(121, 41)
        terminal.resize(120, 40)
        terminal.wait(lambda: terminal.screen == before, "the first screen", SOON)
        withstands(terminal)


def test_columns_and_lines_do_not_keep_it_from_following_the_window() -> None:
    with opened(COLUMNS="40", LINES="10") as terminal:
        first_screen(terminal)
        assert terminal.screen[-1].rstrip().endswith("q quit"), "the hints are in the last row of forty"
        terminal.resize(100, 30)
        terminal.wait(lambda: terminal.screen[-1].rstrip().endswith("q quit"), "the hints in the last row", SOON)
        terminal.rests()
        withstands(terminal)
