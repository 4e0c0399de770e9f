"""The one rule for every hostile case: the explorer answers or ends, and leaves the terminal as it was."""

from __future__ import annotations

from tests.ptys import Terminal, left_behind

SOON = 3.0
"""Seconds on a terminal's clock in which it ends or answers."""

ANSWER = 2.0
"""Seconds on a terminal's clock in which the next key is answered."""

LEAVES_SCREEN, GIVES_BACK = "\x1b[?1049l", "\x1b[?25h\x1b[?1004l"


def first_screen(terminal: Terminal) -> None:
    """Wait for the first screen, with its charts."""
    terminal.sees("it → animal", "weight 0.677", "mean by head", "q quit")


def printed(terminal: Terminal) -> str:
    """What was written after the explorer has left its screen, and given the terminal back."""
    return terminal.output.rpartition(LEAVES_SCREEN)[-1].removeprefix(GIVES_BACK)


def check_idle(terminal: Terminal, seconds: float = 0.6) -> None:
    """Assert that nothing is computed while nobody types, once it has done what there was to do."""
    begun = terminal.busy
    while (spent := _spent(terminal, seconds)) >= 0.05:
        assert terminal.busy < begun + 1, f"{spent:.0%} of a processor while nobody types"


def _spent(terminal: Terminal, seconds: float) -> float:
    """The part of a processor that it takes for a while in which it writes nothing."""
    terminal.rests()
    before, began = terminal.busy, terminal.clock
    terminal.pause(seconds)
    return (terminal.busy - before) / (terminal.clock - began)


def answers(terminal: Terminal) -> None:
    """Assert that the next key is answered: the help comes, and goes."""
    for there in (True, False):
        terminal.press("?")
        terminal.wait(lambda there=there: ("Help ·" in terminal.text) == there, "the help", ANSWER)  # type: ignore[misc]


def check_left(terminal: Terminal) -> None:
    """Assert that nothing is left on the terminal, nor printed."""
    assert left_behind(terminal) == []
    assert "Traceback" not in terminal.output
    assert printed(terminal) == ""


def withstands(terminal: Terminal) -> None:
    """Assert that it goes on, rests, answers, and ends with q as it should."""
    check_idle(terminal)
    answers(terminal)
    terminal.press("q")
    assert terminal.ends(SOON) == 0
    check_left(terminal)


def ends_with(terminal: Terminal, status: int, seconds: float = SOON) -> None:
    """Assert that it ends with a status, and leaves nothing."""
    found = terminal.ends(seconds)
    assert found == status, f"status {found} rather than {status}: {printed(terminal)}"
    check_left(terminal)
