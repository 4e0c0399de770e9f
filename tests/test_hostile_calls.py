"""Calls that fail: what reads keys and writes frames gets an error at the n-th call, for n = 1, 2, 3 …"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from attn_tui.driver import STATUS
from tests.hostile import ANSWER, SOON, answers, check_idle, ends_with, first_screen
from tests.ptys import Terminal, left_behind, running

START = """
import errno, importlib, itertools, sys, types

def fail(module, name, outcome, *numbers):
    place, (library, name) = importlib.import_module(module), name.split(".")
    whole, calls, first = getattr(place, library), itertools.count(1), int(numbers[0])
    real, error = getattr(whole, name), getattr(whole, "error", OSError)
    def call(*given):
        number = next(calls)
        if str(number) not in numbers and (numbers[-1] != "on" or number < first):
            return real(*given)
        if outcome == "short":
            return real(given[0], given[1][:1])
        if outcome == "nothing":
            return b""
        raise error(getattr(errno, outcome), "")
    setattr(place, library, types.SimpleNamespace(**(vars(whole) | {name: call})))

for words in sys.argv[1:]:
    fail(*words.split())
from attn_tui.cli import main
sys.exit(main([]))
"""
"""The explorer; each word is a module, a call in it, how that fails, and when; `4 on` is from then."""

HUNG_UP = STATUS[signal.SIGHUP]
READ, WAIT = "attn_tui.driver os.read", "attn_tui.driver select.select"
WRITE, WAIT_TO_WRITE = "attn_tui.line os.write", "attn_tui.line select.select"


@contextmanager
def failing(*calls: str) -> Iterator[Terminal]:
    """A terminal with the explorer, some calls of which fail."""
    with running("-c", START, *calls) as terminal:
        yield terminal


def goes_on(terminal: Terminal) -> None:
    """Assert that it answers key after key, and ends with q as it should."""
    first_screen(terminal)
    answers(terminal)
    answers(terminal)
    terminal.press("q")
    ends_with(terminal, 0)


@pytest.mark.parametrize("outcome", ["EINTR", "EAGAIN"])
def test_what_was_interrupted_or_had_nothing_is_done_again(outcome: str) -> None:
    calls = (READ, WAIT, WRITE, WAIT_TO_WRITE)
    with failing(*(f"{call} {outcome} 1 2 3 5 8" for call in calls)) as terminal:
        goes_on(terminal)


def test_what_was_written_in_part_is_written_whole() -> None:
    with failing(f"{WRITE} short 1 2 3 5 8 13 21") as terminal:
        goes_on(terminal)


def test_keys_that_can_never_be_read_cost_nothing_and_a_signal_still_ends_it() -> None:
    with failing(f"{READ} EAGAIN 2 on") as terminal:
        first_screen(terminal)
        terminal.press("?")
        terminal.wait(lambda: "Help ·" in terminal.text, "the help", ANSWER)
        terminal.press("?")
        check_idle(terminal)
        terminal.signal(signal.SIGTERM)
        ends_with(terminal, STATUS[signal.SIGTERM])


@pytest.mark.parametrize(("outcome", "number"), [("EIO", 1), ("nothing", 2), ("EIO", 3)])
def test_a_terminal_that_nothing_can_be_read_from_has_gone(outcome: str, number: int) -> None:
    with failing(f"{READ} {outcome} {number}") as terminal:
        first_screen(terminal)
        for there in (True, False)[: number - 1]:  # what is seen was read before the next key is pressed
            terminal.press("?")
            terminal.wait(lambda there=there: ("Help ·" in terminal.text) == there, "the help")  # type: ignore[misc]
        terminal.press("?")
        ends_with(terminal, HUNG_UP)


@pytest.mark.parametrize(
    "call", [f"{WAIT} EBADF 1", f"{WAIT} EBADF 5", f"{WRITE} EIO 1", f"{WRITE} EIO 3", f"{WAIT_TO_WRITE} EBADF 2"]
)
def test_a_terminal_that_cannot_be_waited_for_or_written_to_has_gone(call: str) -> None:
    with failing(call) as terminal:
        shown(terminal)
        ends_with(terminal, HUNG_UP)


def test_a_terminal_that_never_takes_anything_again_has_gone() -> None:
    with failing(f"{WRITE} EIO 3 on") as terminal:
        shown(terminal)
        assert terminal.ends(SOON) == HUNG_UP
        assert "Traceback" not in terminal.output
        assert "line settings" not in left_behind(terminal)


@pytest.mark.parametrize("call", ["tcgetattr", "tcsetattr"])
def test_a_terminal_whose_settings_cannot_be_had_or_changed_has_gone(call: str) -> None:
    with failing(f"textual.drivers.linux_driver termios.{call} EIO 1") as terminal:
        assert terminal.ends() == HUNG_UP
        assert left_behind(terminal) == []


def test_a_terminal_that_may_not_be_opened_again_is_written_to_as_it_is() -> None:
    with failing("attn_tui.line os.open EACCES 1") as terminal:
        goes_on(terminal)


@pytest.mark.parametrize("numbers", ["1", "2 3"])
def test_a_size_that_was_not_told_is_asked_for_again(numbers: str) -> None:
    with failing(f"attn_tui.driver os.get_terminal_size EIO {numbers}") as terminal:
        goes_on(terminal)


def shown(terminal: Terminal) -> None:
    """Wait until something is on the screen, or the end."""
    terminal.wait(lambda: "\x1b[?1049h" in terminal.output or terminal.process.poll() is not None, "the screen")
