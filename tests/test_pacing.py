"""No faster than the terminal draws: it is asked after each frame, and the next frame waits for its answer."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
import tty
from collections.abc import Callable, Iterator

import pytest

from tests.ptys import Terminal, left_behind, opened, running

PATIENT = """
import sys
from attn_tui import cli, terminal
terminal.PATIENCE = terminal.FAREWELL = 60
sys.exit(cli.main([]))
"""
"""The explorer, which waits for an answer for as long as a test may take."""


def answering(terminal: Terminal, true: Callable[[], bool]) -> None:
    """Answer whatever is asked, at once, until something is true."""

    def answered() -> bool:
        terminal.answer()
        return true()

    terminal.wait(answered)


def stands(terminal: Terminal) -> None:
    """Wait until the first screen stands with its charts, and every question is answered."""
    answering(terminal, lambda: "mean by head" in terminal.text and "q quit" in terminal.text)
    settles(terminal)


def settles(terminal: Terminal) -> None:
    """Answer whatever is asked, at once, until nothing is written any more."""
    since = terminal.clock
    while terminal.clock < since + 0.3:
        terminal.answer()
        if terminal.read(0.05):
            since = terminal.clock


def to_the_temperature(terminal: Terminal) -> None:
    """Have the temperature as the chosen knob, and every question answered."""
    stands(terminal)
    terminal.press("t")
    settles(terminal)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal that has answered every question so far, and whose chosen knob is the temperature."""
    with opened() as here:
        to_the_temperature(here)
        yield here


@pytest.fixture
def patient() -> Iterator[Terminal]:
    """The same, of an explorer that waits for answers much longer."""
    with running("-c", PATIENT) as here:
        to_the_temperature(here)
        yield here


def asks(terminal: Terminal, keys: str) -> None:
    """Press keys, and wait for the question after the frame that they cause."""
    terminal.press(keys)
    terminal.wait(lambda: terminal.unanswered > 0, "a question")


def temperature(terminal: Terminal) -> float:
    """The value on the screen."""
    row = next(row for row in terminal.screen if "temperature" in row)
    return float(row.split("temperature")[1].split()[0])


def left_over(terminal: Terminal) -> bytes:
    """What was typed and the program has not read, up to an x that is typed now."""
    tty.setraw(terminal.slave, termios.TCSANOW)  # and not flushing what is there
    terminal.press("x")
    found = b""
    while not found.endswith(b"x") and select.select([terminal.slave], [], [], 10)[0]:
        found += os.read(terminal.slave, 1024)
    return found


def stopped(terminal: Terminal) -> None:
    """Stop the program, and wait until it has stopped."""
    terminal.signal(signal.SIGSTOP)
    options = os.WSTOPPED | os.WNOHANG | os.WNOWAIT
    terminal.wait(lambda: os.waitid(os.P_PID, terminal.process.pid, options) is not None, "the stop")


def test_keys_that_come_while_the_terminal_draws_are_shown_together_once_it_has(patient: Terminal) -> None:
    before = patient.frames
    asks(patient, ".")
    for key in ".,.,.,.,.,.,.,.....":
        patient.press(key)
        patient.read(0.005)
    patient.rests(0.3)
    assert temperature(patient) == 1.1, "as in the frame that the terminal is still drawing"
    assert patient.frames == before + 1
    settles(patient)
    assert temperature(patient) == 2
    assert patient.frames <= before + 4, "of twenty keys, and the charts"


def test_a_terminal_that_stops_answering_is_waited_for_no_longer_than_a_second(terminal: Terminal) -> None:
    began, clock = time.monotonic(), terminal.clock
    asks(terminal, ".")
    terminal.press(".")
    terminal.wait(lambda: temperature(terminal) == 1.2, "the second key")
    assert time.monotonic() - began > 0.9
    assert terminal.clock - clock < 3


def test_a_terminal_that_never_answers_gets_every_key_at_once_and_no_more_questions() -> None:
    with opened() as terminal:
        terminal.sees("mean by head", "q quit")
        terminal.press("t")
        for value in (1.1, 1.2, 1.35):
            terminal.press(".")
            terminal.wait(lambda value=value: temperature(terminal) == value, str(value))  # type: ignore[misc]
        assert terminal.unanswered == 1, "only whether it knows synchronized output"
        assert terminal.frames == 0


def test_an_answer_that_comes_after_q_is_not_left_for_the_shell(patient: Terminal) -> None:
    asks(patient, ".")
    patient.press("q")
    assert patient.read(0.1) == b"", "it waits for the answer"
    patient.answer()
    assert patient.ends() == 0
    assert left_behind(patient) == []
    assert left_over(patient) == b"x"


def test_q_does_not_wait_for_an_answer_that_never_comes(terminal: Terminal) -> None:
    asks(terminal, ".")
    start = terminal.clock
    terminal.press("q")
    assert terminal.ends() == 0
    assert terminal.clock - start < 1.5


def test_sigterm_does_not_wait_long_for_an_answer(terminal: Terminal) -> None:
    asks(terminal, ".")
    start = terminal.clock
    terminal.signal(signal.SIGTERM)
    assert terminal.ends() == 143
    assert terminal.clock - start < 1
    assert left_behind(terminal) == []


def test_after_a_stop_the_whole_screen_is_written_again(terminal: Terminal) -> None:
    screen = terminal.screen
    stopped(terminal)
    terminal.wipe()
    terminal.signal(signal.SIGCONT)
    answering(terminal, lambda: terminal.screen == screen)


def test_keys_are_paced_after_a_stop_too(terminal: Terminal) -> None:
    asks(terminal, ".")
    stopped(terminal)
    terminal.signal(signal.SIGCONT)
    settles(terminal)
    asks(terminal, ".")
    answering(terminal, lambda: temperature(terminal) == 1.2)


def test_after_another_size_the_whole_screen_is_written_again(terminal: Terminal) -> None:
    screen = terminal.screen
    terminal.resize(119, 40)
    settles(terminal)
    terminal.wipe()
    terminal.resize(120, 40)
    answering(terminal, lambda: terminal.screen == screen)


def test_when_the_window_tells_the_same_size_again_the_whole_screen_is_written_again(terminal: Terminal) -> None:
    screen = terminal.screen
    terminal.wipe()
    terminal.signal(signal.SIGWINCH)
    answering(terminal, lambda: terminal.screen == screen)
