"""How it ends: signals, a closed terminal, one that does not read, a fault of its own. Nothing is left behind."""

from __future__ import annotations

import re
import signal
import stat
import time
from pathlib import Path

import pytest

from attn_tui.cli import EPILOG
from attn_tui.driver import STATUS
from tests.hostile import LEAVES_SCREEN, SOON, check_idle, check_left, ends_with, first_screen, printed
from tests.ptys import Terminal, left_behind, opened, running

STALLED = 2.5
"""Seconds in which it ends though the terminal does not read."""


@pytest.mark.parametrize("number", STATUS, ids=lambda number: number.name)
@pytest.mark.parametrize("keys", ["", ":", "4", "t.\r"], ids=["map", "prompt", "training", "value"])
def test_a_signal_ends_it_within_a_second(number: signal.Signals, keys: str) -> None:
    with opened() as terminal:
        first_screen(terminal)
        check_idle(terminal)
        terminal.press(keys)
        terminal.pause(0.2)
        began = terminal.clock
        terminal.signal(number)
        terminal.wait(lambda: LEAVES_SCREEN in terminal.output, "the screen to be left", 1)
        ends_with(terminal, STATUS[number])
        assert terminal.clock - began < 1.5


@pytest.mark.parametrize("after", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4])
def test_a_signal_while_it_starts_leaves_nothing(after: float) -> None:
    with opened() as terminal:
        terminal.wait(lambda: "\x1b[?1049h" in terminal.output, "the screen")
        terminal.pause(after)
        terminal.signal(signal.SIGTERM)
        ends_with(terminal, STATUS[signal.SIGTERM])


def test_a_signal_before_anything_is_drawn_leaves_nothing() -> None:
    with opened() as terminal:
        terminal.pause(0.05)
        terminal.signal(signal.SIGTERM)
        assert terminal.ends(SOON) in (143, -signal.SIGTERM)
        check_left(terminal)  # also where it is so late that the screen was there


def test_many_signals_are_one() -> None:
    with opened() as terminal:
        first_screen(terminal)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGTERM) * 5:
            if terminal.process.poll() is None:
                terminal.signal(number)
        assert terminal.ends(SOON) in STATUS.values()
        assert left_behind(terminal) == []


HELD_UP = """
import sys, time
from attn_tui import app, cli
app.Explorer.exit = lambda self, *given, **named: time.sleep(60)
sys.exit(cli.main([]))
"""


@pytest.mark.parametrize("number", STATUS, ids=lambda number: number.name)
def test_whatever_holds_it_up_a_signal_ends_it_and_gives_the_terminal_back(number: signal.Signals) -> None:
    with running("-c", HELD_UP) as terminal:
        first_screen(terminal)
        terminal.signal(number)
        ends_with(terminal, STATUS[number])


@pytest.mark.parametrize("job", ["", "loose", "deaf", "loose deaf"])
@pytest.mark.parametrize("keys", ["", "y"], ids=["", "with something to print"])
def test_a_closed_terminal_ends_it(job: str, keys: str) -> None:
    with opened(job=job) as terminal:
        first_screen(terminal)
        terminal.press(keys)
        terminal.rests()
        terminal.hang_up()
        assert terminal.ends_unread(SOON) == STATUS[signal.SIGHUP]


@pytest.mark.parametrize("number", STATUS, ids=lambda number: number.name)
@pytest.mark.parametrize("keys", ["", "y"], ids=["", "with something to print"])
def test_while_the_terminal_does_not_read_a_signal_ends_it(number: signal.Signals, keys: str) -> None:
    with opened(size=(200, 60)) as terminal:
        first_screen(terminal)
        terminal.press(keys)
        terminal.rests()
        stall(terminal)
        terminal.signal(number)
        assert terminal.ends_unread(STALLED) == STATUS[number]
        terminal.pause(0.2)
        assert left_behind(terminal) == []


def test_a_terminal_that_does_not_read_costs_nothing_and_gets_the_newest_picture() -> None:
    with opened(size=(200, 60)) as terminal:
        first_screen(terminal)
        stall(terminal)
        assert min(spent_unread(terminal) for _ in range(4)) < 0.05
        terminal.press("?")
        terminal.wait(lambda: "Help ·" in terminal.text, "the help", SOON)
        terminal.press("q")
        ends_with(terminal, 0)


def spent_unread(terminal: Terminal) -> float:
    """The part of a processor that it takes while nothing is read."""
    before = terminal.busy
    time.sleep(0.6)
    return (terminal.busy - before) / 0.6


def stall(terminal: Terminal) -> None:
    """Make it write more than the terminal takes, and read nothing of it."""
    for number in range(500):
        if number >= 16 and terminal.full:
            break
        terminal.press("12")
        time.sleep(0.05)
    assert terminal.full
    terminal.press("1")
    time.sleep(0.3)


FAULTY = """
import sys, threading
from attn_tui import app, cli, showing
def fail(self, *_):
    secret = "the user's own words"
    raise TypeError(secret)
{patch}
sys.exit(cli.main([]))
"""

FAULTS = {
    "in a key": ("app.Explorer.do_over = fail", "a"),
    "while it draws": ("from attn_tui.widgets import panel; panel.Panel.render_lines = fail", ""),
    "while it starts": ("showing.Showing.on_mount = fail", ""),
    "before the screen": ("showing.Showing.__init__ = fail", ""),
    "in a message": ("app.Explorer.on_prompt_typed = fail", ":x"),
    "in a callback": (
        "app.Explorer.do_over = lambda self: __import__('asyncio').get_running_loop().call_soon(fail, 1)",
        "a",
    ),
    "in a thread": ("app.Explorer.do_over = lambda self: threading.Thread(target=fail, args=[1]).start()", "a"),
    "in a worker": ("from attn_tui import charts; charts.load = lambda: fail(1)", ""),
    "in what comes in": ("from attn_tui import driver; driver.TerminalDriver._messages = fail", "a"),
}


@pytest.mark.parametrize(("patch", "keys"), FAULTS.values(), ids=FAULTS)
def test_a_fault_of_its_own_is_one_line_and_a_log(tmp_path: Path, patch: str, keys: str) -> None:
    state = tmp_path / "state"
    with running("-c", FAULTY.format(patch=patch), changes={"XDG_STATE_HOME": str(state)}) as terminal:
        if keys:
            first_screen(terminal)
        terminal.press(keys)
        assert terminal.ends(2 * SOON) == 70
        assert left_behind(terminal) == []
        (log,) = (state / "attn-tui").iterdir()
        lines = told(terminal)
        assert len(lines) == 1
        assert lines[0].startswith("attn-tui: a fault of attn-tui itself (")
        assert lines[0].endswith(str(log))
        assert "the user's own words" not in terminal.output
        assert "TypeError" in log.read_text()
        assert stat.S_IMODE(log.stat().st_mode) == 0o600


def test_help_lists_every_status() -> None:
    listed = set(re.findall(r"\d+", EPILOG.partition("Status:")[2]))
    assert listed == {"0", "1", "2", "65", "66", "70", "74", "129", "130", "143"}


def told(terminal: Terminal) -> list[str]:
    """What is printed once the screen has been left, if there was one; the terminal breaks lines, not the program."""
    return printed(terminal).splitlines()


@pytest.mark.parametrize("state", ["relative", "/dev/null", ""])
def test_a_log_without_a_place_of_its_own_goes_elsewhere(tmp_path: Path, state: str) -> None:
    (tmp_path / "tmp").mkdir()
    changes = {"XDG_STATE_HOME": state, "HOME": str(tmp_path), "TMPDIR": str(tmp_path / "tmp")}
    with running("-c", FAULTY.format(patch="app.Explorer.do_over = fail"), changes=changes) as terminal:
        first_screen(terminal)
        terminal.press("a")
        assert terminal.ends(2 * SOON) == 70
        folder = tmp_path / ("tmp" if state == "/dev/null" else ".local/state/attn-tui")
        (log,) = folder.iterdir()
        assert told(terminal)[0].endswith(str(log))
