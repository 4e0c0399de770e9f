"""Stopped and continued: the terminal is whole while it is stopped, once it is continued, and in the end."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from attn_tui.driver import SETTLED
from tests.hostile import LEAVES_SCREEN, SOON, answers, check_idle, first_screen, withstands
from tests.ptys import Terminal, left_behind, opened, running

PROMPT = "$ "
ENTERS_SCREEN = "\x1b[?1049h"
SHELL = "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"

with_shell = pytest.mark.skipif(not shutil.which("bash"), reason="no shell with jobs")


@contextmanager
def shell() -> Iterator[Terminal]:
    """A terminal with a shell in it, which has jobs."""
    with running("-c", SHELL, changes={"PS1": PROMPT, "HISTFILE": "/dev/null"}) as terminal:
        terminal.wait(lambda: PROMPT in terminal.output, "the shell")
        yield terminal


def settings(terminal: Terminal) -> str:
    """The terminal's line settings, as a program finds them that the shell starts."""
    terminal.press("echo is $(stty -g)\r")
    terminal.wait(lambda: re.search(r"is [0-9a-f:]{20,}\r\n", terminal.output.rpartition("stty -g")[2]) is not None)
    terminal.rests(0.1)
    return terminal.output.rpartition("is ")[2].split()[0]


def modes_left(terminal: Terminal) -> list[str]:
    """Modes that are on; the shell itself turns on bracketed paste and its own line settings."""
    return [mode for mode in left_behind(terminal) if mode not in ("bracketed paste", "line settings")]


def back_in_shell(terminal: Terminal, text: str, times: int) -> None:
    """Wait until the screen has been left so many times, and the shell has written a text."""
    leaves = LEAVES_SCREEN
    there = lambda: terminal.output.count(leaves) == times and text in terminal.output.rpartition(leaves)[2]  # noqa: E731
    terminal.wait(there, f"the shell, the {times}. time", SOON)


STARTS = {
    "from a shell": f"{sys.executable} -m attn_tui",
    "through sh -c": f"sh -c '{sys.executable} -m attn_tui; true'",
    "with another beside it": f"{sys.executable} -m attn_tui; echo ended $?",
}


@with_shell
@pytest.mark.parametrize("command", STARTS.values(), ids=STARTS)
@pytest.mark.parametrize("keys", ["", ":"], ids=["on the map", "in the prompt"])
def test_ctrl_z_stops_it_and_fg_goes_on(command: str, keys: str) -> None:
    with shell() as terminal:
        before = settings(terminal)
        terminal.press(f"{command}\r")
        first_screen(terminal)
        for time in (1, 2):
            terminal.press(keys)
            terminal.rests(0.2)
            terminal.press("\x1a")
            back_in_shell(terminal, "Stopped", time)
            assert modes_left(terminal) == []
            assert settings(terminal) == before
            terminal.press("fg\r")
            if keys:
                terminal.press("\x1b")
            first_screen(terminal)
            answers(terminal)
        terminal.press("q")
        back_in_shell(terminal, PROMPT, 3)
        assert modes_left(terminal) == []
        assert settings(terminal) == before


@with_shell
@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=lambda number: number.name)
def test_a_stop_from_outside_leaves_the_terminal_whole_in_the_end(number: signal.Signals) -> None:
    with shell() as terminal:
        before = settings(terminal)
        terminal.press(f"{sys.executable} -m attn_tui\r")
        first_screen(terminal)
        terminal.rests()
        (child,) = Path(f"/proc/{terminal.process.pid}/task/{terminal.process.pid}/children").read_text().split()
        start = len(terminal.output)
        os.kill(int(child), number)
        terminal.wait(lambda: "Stopped" in terminal.output[start:], "the shell", SOON)
        if number == signal.SIGTSTP:
            assert modes_left(terminal) == []
        assert settings(terminal) == before
        terminal.press("fg\r")
        terminal.wait(lambda: terminal.output.count(ENTERS_SCREEN) == 2, "the screen", SOON)
        terminal.rests()
        first_screen(terminal)
        answers(terminal)
        terminal.press("q")
        back_in_shell(terminal, PROMPT, 2)
        assert modes_left(terminal) == []
        assert settings(terminal) == before


@with_shell
def test_started_in_the_background_it_waits_until_it_is_wanted() -> None:
    with shell() as terminal:
        before = settings(terminal)
        terminal.press(f"{sys.executable} -m attn_tui &\r")
        terminal.wait(lambda: "attn_tui &" in terminal.output, "the command")
        terminal.pause(1)
        assert settings(terminal) == before
        terminal.press("fg\r")
        first_screen(terminal)
        terminal.pause(2 * SETTLED)
        left = terminal.output.count(LEAVES_SCREEN)
        terminal.press("q")
        terminal.wait(lambda: terminal.output.count(LEAVES_SCREEN) > left, "the end", SOON)
        terminal.wait(lambda: PROMPT in terminal.output.rpartition(LEAVES_SCREEN)[2], "the shell", SOON)
        assert modes_left(terminal) == []
        assert settings(terminal) == before


@pytest.mark.parametrize("number", [signal.SIGTSTP, signal.SIGSTOP], ids=lambda number: number.name)
def test_after_it_was_stopped_and_continued_everything_is_drawn_again(number: signal.Signals) -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.rests()
        before = terminal.screen
        for _ in range(2):
            terminal.signal(number)
            terminal.rests()
            terminal.wipe()
            terminal.signal(signal.SIGCONT)
            terminal.wait(lambda: terminal.screen == before, "the screen as it was", SOON)
            terminal.rests()
            assert terminal.screen == before
        withstands(terminal)


def test_where_no_shell_could_continue_it_ctrl_z_stops_nothing() -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.press("\x1a")
        terminal.rests()
        assert terminal.state != "T"
        withstands(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_it_is_stopped_ends_it_once_continued(number: signal.Signals) -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.signal(signal.SIGSTOP)
        terminal.signal(number)
        terminal.pause(0.2)
        terminal.signal(signal.SIGCONT)
        assert terminal.ends(SOON) == 128 + number
        assert left_behind(terminal) == []


def test_a_storm_of_stops_is_weathered() -> None:
    with opened() as terminal:
        first_screen(terminal)
        for _ in range(30):
            terminal.signal(signal.SIGSTOP)
            terminal.signal(signal.SIGCONT)
            terminal.pause(0.01)
        check_idle(terminal)
        withstands(terminal)
