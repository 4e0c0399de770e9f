"""Textual's driver, mended: what it does not survive in a real terminal.

What comes is sifted before Textual sees it, what goes never waits, and stopping and ending leave the terminal whole.
"""

from __future__ import annotations

import os
import re
import select
import signal
import sys
import termios
import threading
from asyncio import TimerHandle
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from time import monotonic
from typing import Any, Protocol

from textual import events, messages
from textual.geometry import Size
from textual.keys import Keys
from textual.message import Message

from .beneath import FOCUS_IN, FOCUS_OUT, KNOWN_SEQUENCES, MODIFIED_KEYS, BareDriver, BareParser
from .keystrokes import Kind, Patience, Sieve, Token, Weir
from .line import Line

STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}
"""What ends the explorer, and the status that it ends with."""

HUNG_UP = STATUS[signal.SIGHUP]
"""The status where the terminal is gone, so that nobody can read what is printed."""

WIDEST, HIGHEST = 1000, 400
"""Cells; what a terminal tells beyond them is not believed."""

MOUSE = re.compile(r"\x1b\[<\d{1,3};\d{1,4};\d{1,4}[Mm]")

READ_AT_ONCE = 65536

TICK = 0.05
"""Seconds in which something may come before it is asked what else there is to do."""

GIVES_BACK = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?2004l\x1b[?7h\x1b[?2026l\x1b[0m\x1b[<u"
    "\x1b[?1049l\x1b[?25h\x1b[?1004l"
)
"""Turns off what Textual turns on: the mouse, bracketed paste, the keyboard's protocol, the other screen and so on."""

SETTLED = 0.5
"""Seconds after which a program that was stopped while it took the terminal, and then continued, has it."""

AGAIN = 1.0
"""Seconds after which a size is told again that the app, which may be busy, has not taken."""


class Host(Protocol):
    """What a driver asks of its app."""

    @property
    def size(self) -> Size:
        """Columns and rows that the app believes the window has."""

    def post_message(self, message: Message) -> bool:
        """Hand on a message."""

    def end_with(self, status: int) -> None:
        """Leave, because the terminal or the system wants it."""

    def go_on(self) -> None:
        """Paint again: the terminal has read what was written."""

    def fail(self, error: Exception) -> None:
        """End because of a fault."""


class TerminalDriver(BareDriver):
    """Keys from the terminal, frames to it, and its modes."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self._host: Host = app
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)  # Textual's own handlers work in the middle of anything
        signal.signal(signal.SIGCONT, signal.SIG_DFL)
        self._line: Line | None = None
        self._leaving = threading.Lock()
        self._parser = BareParser()
        self._told = Size(), 0.0
        self._look: TimerHandle | None = None
        self._ignored = [number for number in STATUS if signal.getsignal(number) is signal.SIG_IGN]

    # What is written.

    @property
    def behind(self) -> bool:
        """Whether the terminal is slow to read what is written."""
        return self._line is not None and self._line.behind

    def write(self, data: str) -> None:
        """Have it written; where the terminal has been left, nothing is."""
        if self._line is not None:
            self._line.write(data)

    def window_size(self) -> tuple[int, int]:
        """The window's size, whatever COLUMNS and LINES say."""
        try:
            width, height = os.get_terminal_size(self.fileno)
        except OSError:
            width, height = 0, 0
        return min(width or 80, WIDEST), min(height or 24, HIGHEST)

    # How it starts, stops and ends.

    def start_application_mode(self) -> None:
        """Take the terminal, ready to give it back before anything is changed."""
        for number, status in STATUS.items():
            if number not in self._ignored:
                self.loop.add_signal_handler(number, partial(self._host.end_with, status))
        self.loop.add_signal_handler(signal.SIGTSTP, self.stand_still)
        self.loop.add_signal_handler(signal.SIGCONT, self._renew)
        if self._line is None:
            screen = sys.__stderr__
            assert screen is not None, "opened only where it is a terminal"
            free, gone = partial(self._tell, self._host.go_on), partial(self._tell, self._host.end_with, HUNG_UP)
            self._line = Line(screen.fileno(), screen.encoding, free, gone)
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._look = self.loop.call_later(SETTLED, self._look_at_keys)

    def _look_at_keys(self) -> None:
        """End where nobody reads the keys: Textual gives up on a terminal that has gone meanwhile, and tells nobody."""
        if not self.reads_keys and not self._in_background:
            self._host.end_with(HUNG_UP)

    @property
    def _in_background(self) -> bool:
        """Whether the terminal is there, but another job's for now."""
        try:
            return os.tcgetpgrp(self.fileno) != os.getpgrp()
        except OSError:
            return False

    def stop_application_mode(self) -> None:
        """Give the terminal back, also where it does not read; Textual still has things to write, which nobody gets."""
        if self._look is not None:
            self._look.cancel()
        if self._line is not None:
            self._line.end()
        super().stop_application_mode()
        if line := self._leave_line():
            line.close()

    def give_back(self) -> None:
        """Give the terminal back, if that has not been done, from another thread than the one that is held up."""
        if line := self._leave_line():
            line.end()
            line.write(GIVES_BACK)
            if self.attrs_before is not None:
                with suppress(termios.error):
                    termios.tcsetattr(self.fileno, termios.TCSANOW, self.attrs_before)
            line.close()

    def _leave_line(self) -> Line | None:
        """The line, for whoever is the first to leave it."""
        with self._leaving:
            line, self._line = self._line, None
        return line

    def stand_still(self, *, whole_job: bool = False) -> None:
        """Stop, with the terminal as it was found, until continued; perhaps with all that a shell started together.

        Where no shell could continue it, nothing stops.
        """
        self.suspend_application_mode()
        self.loop.remove_signal_handler(signal.SIGCONT)
        self.loop.remove_signal_handler(signal.SIGTSTP)
        if whole_job:
            signal.signal(signal.SIGTSTP, signal.SIG_IGN)
            os.kill(0, signal.SIGTSTP)
            signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        signal.pthread_kill(threading.get_ident(), signal.SIGTSTP)  # this thread, which must not run on meanwhile
        self.resume_and_tell()

    def _renew(self) -> None:
        """After a stop that nobody can catch the terminal may be in any state: give it back, take it anew."""
        self.suspend_application_mode()
        self.resume_and_tell()

    def _tell(self, what: Callable[..., object], *arguments: object) -> None:
        """Have the host do something, from another thread, unless it has ended."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(what, *arguments)

    # What comes.

    def input_failed(self, error: Exception) -> None:
        """A fault here is one like any other."""
        self._tell(self._host.fail, error)

    def run_input_thread(self) -> None:
        """Hand on what comes, until the terminal is left or gone."""
        sieve, weir, last = Sieve(_patience()), Weir(), monotonic()
        while not self.exit_event.is_set():
            asked = monotonic()
            data = self._read()
            if data is None:  # within a tick; what has come since then, while the machine was busy, is still to be read
                weir.rest()
                tokens = list(sieve.idle(asked + TICK - last))
                self._look_at_size()
            elif data:
                last = monotonic()
                tokens = weir.pass_on(list(sieve.feed(data)))
            else:
                self._tell(self._host.end_with, HUNG_UP)
                return
            for token in tokens:
                for message in self._messages(token):
                    self.process_message(message)

    def _look_at_size(self) -> None:
        """Tell the window's size where the signal that should have told it was lost: once, and after a while again."""
        size, now = Size(*self.window_size()), monotonic()
        if size != self._host.size and (size != self._told[0] or now > self._told[1] + AGAIN):
            self._told = size, now
            self._tell(self._host.post_message, events.Resize(size, size))

    def _read(self) -> bytes | None:
        """What comes within a tick; None where nothing does, no bytes where the terminal is gone."""
        try:
            ready, _, _ = select.select([self.fileno], [], [], TICK)
            return os.read(self.fileno, READ_AT_ONCE) if ready else None
        except (BlockingIOError, InterruptedError):  # somebody else has read it, or will soon
            self.exit_event.wait(TICK)
            return None
        except OSError:
            return b""

    def _messages(self, token: Token) -> Iterator[Message]:
        """What a token means; nothing where that is not known."""
        kind, text = token
        if kind is Kind.PASTE:
            yield events.Paste(text)
        elif kind is Kind.TEXT:
            for character in text:
                yield from self._keys(character)
        elif kind is Kind.ESCAPE:
            yield events.Key("escape", text)
        elif kind is Kind.ALT:
            known = f"\x1b{text}" in KNOWN_SEQUENCES
            yield from self._keys(f"\x1b{text}") if known else self._keys(text, alt=True)
        else:
            yield from self._sequence(text)

    def _sequence(self, text: str) -> Iterator[Message]:
        if text in (FOCUS_IN, FOCUS_OUT):
            yield events.AppFocus() if text == FOCUS_IN else events.AppBlur()
        elif text.startswith("\x1b[<"):
            mouse = self._parser.parse_mouse_code(text) if MOUSE.fullmatch(text) else None
            yield from [mouse] if mouse else []
        elif text.startswith("\x1b[?2026;") and text.endswith("$y"):
            yield from [messages.TerminalSupportsSynchronizedOutput()] if text[8] != "0" else []
        elif text in KNOWN_SEQUENCES or _is_key(text):
            yield from self._keys(text)

    def _keys(self, text: str, *, alt: bool = False) -> Iterator[Message]:
        try:
            keys = list(self._parser.keys_of(text, alt))
        except ValueError:  # of sequences that only look like a key's
            return
        yield from (key for key in keys if key.key != Keys.Ignore)


def _is_key(sequence: str) -> bool:
    """Whether it is a key in the protocol that says so with `u`, or a known one with modifiers."""
    code, _, _ = sequence[2:-1].partition(";")
    return sequence[-1] == "u" or f"{code.partition(':')[0] or 1}{sequence[-1]}" in MODIFIED_KEYS


def _patience() -> Patience:
    """How long a sequence may be on its way: longer over a network; ESCDELAY, in milliseconds, as ncurses reads it."""
    far = "SSH_CONNECTION" in os.environ
    given = os.environ.get("ESCDELAY", "")
    escape = int(given) / 1000 if given.isdecimal() and len(given) < 6 else 0.3 if far else 0.1
    return Patience(escape, max(1.0 if far else 0.5, escape), max(2.0 if far else 1.0, escape))
