"""The line to a terminal that may be slow, stop reading, or be gone: whoever writes never waits."""

from __future__ import annotations

import os
import select
import termios
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Thread
from time import monotonic, sleep

from .encodings import encoded

CHUNK = 4096
"""Bytes that are written at once."""

MUCH = 65536
"""Bytes that wait to be written when the terminal is behind."""

WAIT = 0.1
"""Seconds that the terminal is waited for, before something else may be due."""

BREATH = 0.02
"""Seconds before what was not written is tried once more."""

PATIENCE = 0.5
"""Seconds that a terminal has, at the end, to take what is still to be written."""

CUT = b"\x1b\\\x1b[?2026l\x1b[0m"
"""Ends whatever was cut short: a string, a synchronized frame, a pen."""


class Line:
    """Writes to a terminal from a thread of its own.

    From there, `free` is called when it is no more behind, and `gone` when the terminal takes nothing any more.
    """

    def __init__(
        self, fileno: int, encoding: str, free: Callable[[], object], gone: Callable[[], object] = lambda: None
    ) -> None:
        self._file, self._encoding, self._free, self._gone = _opened(fileno), encoding, free, gone
        self._lost = False
        self._frames, self._last = bytearray(), bytearray()
        self._changed = Condition()
        self._ending = self._closed = False
        self._deadline = 0.0
        self._thread = Thread(target=self._run, name="terminal", daemon=True)
        self._thread.start()

    @property
    def behind(self) -> bool:
        """Whether more waits to be written than a frame or two."""
        return len(self._frames) > MUCH

    def write(self, text: str) -> None:
        """Have a text written, after those before it."""
        with self._changed:
            (self._last if self._ending else self._frames).extend(encoded(text, self._encoding))
            self._changed.notify()

    def end(self) -> None:
        """What is written from now on restores the terminal: it goes out even where there is no time for the rest."""
        with self._changed:
            if not self._ending:
                self._ending, self._deadline = True, monotonic() + PATIENCE

    def close(self) -> None:
        """Write what is left, for which there is a little time."""
        self.end()
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(PATIENCE + 0.5)

    def _run(self) -> None:
        """The thread: a piece after the other, until closed."""
        while chunk := self._chunk():
            written = self._push(chunk)
            with self._changed:
                behind = self.behind
                del (self._frames or self._last)[:written]
                caught_up = behind and not self.behind
            if caught_up:
                self._free()
        os.close(self._file)

    def _chunk(self) -> bytes:
        """What is due; nothing at the end."""
        with self._changed:
            while not (self._frames or self._last or self._closed):
                self._changed.wait()
            if self._ending and monotonic() > self._deadline:
                self._give_up()
            return bytes((self._frames or self._last)[:CHUNK])

    def _give_up(self) -> None:
        """Take back what the terminal has not read, so that there is room for what restores it, once."""
        self._deadline = float("inf")
        with suppress(termios.error):
            termios.tcflush(self._file, termios.TCOFLUSH)
        self._frames.clear()
        self._last[:0] = CUT

    def _push(self, chunk: bytes) -> int:
        """Write what the terminal takes now; how much that was. What it refuses twice is as good as written."""
        try:
            _, ready, _ = select.select([], [self._file], [], WAIT)
            return os.write(self._file, chunk) if ready else 0
        except (BlockingIOError, InterruptedError):
            sleep(BREATH)
            return 0
        except OSError:
            refused, self._lost = self._lost, True
            if not refused:
                self._gone()
            return len(chunk) if refused else 0


def _opened(fileno: int) -> int:
    """The terminal once more, so that not waiting for it is nobody else's matter."""
    try:
        return os.open(os.ttyname(fileno), os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError:
        return os.dup(fileno)
