"""A thin line between a terminal and a program, as ssh has it: delayed, limited, with a window of bytes in flight."""

from __future__ import annotations

import heapq
import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

from tests.ptys import ANSWER, FRAME_END, QUESTION, Terminal, running_in

from .probe import KEYS, names

ROUND_TRIP, RATE, WINDOW = 0.06, 250_000, 1 << 21
"""Seconds; bytes a second; bytes that sshd reads from the program before the first of them are acknowledged."""

KEYS_A_SECOND, HELD, SETTLED = 30, 3.0, 1.0


class FarTerminal(Terminal):
    """A terminal at the other end of a thin line: it gets bytes late, and its keys and answers arrive late."""

    START: ClassVar[tuple[str, ...]] = ()

    def attach(self) -> None:
        """Lay the line."""
        self.seen, self.last_frame, self.last_byte = b"", 0.0, time.perf_counter()
        self._free_at, self._in_flight = 0.0, 0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = iter(range(1 << 60))

    def at(self, moment: float, act: Callable[[], None]) -> None:
        """Do something at a moment."""
        heapq.heappush(self._coming, (moment, next(self._numbers), act))

    def type(self, moment: float, keys: str) -> None:
        """Press keys at a moment, which arrive half a round trip later."""
        self.at(moment + ROUND_TRIP / 2, lambda: self.press(keys))

    def pass_time(self, until: Callable[[], bool]) -> None:
        """Let the line work until something is true."""
        end = time.perf_counter() + 60
        while not until():
            now = time.perf_counter()
            assert now < end, "the line is never quiet"
            while self._coming and self._coming[0][0] <= now:
                heapq.heappop(self._coming)[2]()
            due = self._coming[0][0] - time.perf_counter() if self._coming else 0.02
            reads = [self.master] if self._in_flight < WINDOW else []
            if select.select(reads, [], [], min(max(due, 0), 0.02))[0]:
                self._send(os.read(self.master, 4096))

    def quiet(self) -> bool:
        """Whether nothing has come for a while, and nothing is on its way."""
        return not self._coming and time.perf_counter() - self.last_byte > SETTLED

    def _send(self, data: bytes) -> None:
        """Bytes of the program start on their way, one after the other."""
        self._free_at = max(self._free_at, time.perf_counter()) + len(data) / RATE
        self._in_flight += len(data)
        arrival = self._free_at + ROUND_TRIP / 2
        self.at(arrival, lambda: self._arrive(data))
        self.at(arrival + ROUND_TRIP / 2, lambda: self._acknowledge(len(data)))

    def _arrive(self, data: bytes) -> None:
        asked, frames = self.seen.count(QUESTION), self.seen.count(FRAME_END)
        self.seen += data
        self.last_byte = time.perf_counter()
        if self.seen.count(FRAME_END) > frames:
            self.last_frame = self.last_byte
        for _ in range(self.seen.count(QUESTION) - asked):
            self.type(self.last_byte, ANSWER)

    def _acknowledge(self, size: int) -> None:
        self._in_flight -= size


@dataclass(frozen=True)
class Held:
    """What a held key costs: seconds from the last press until the last frame is there; bytes; frames."""

    behind: float
    size: int
    frames: int


def hold(script: str, *words: str, keys_a_second: int = KEYS_A_SECOND, seconds: float = HELD) -> Held:
    """Press the first key of a script, then the others again and again, at the end of a thin line."""
    with running_in(FarTerminal, *words) as far:
        far.attach()
        far.pass_time(lambda: bool(far.seen) and far.quiet())
        first, *rest = names(script)
        far.type(time.perf_counter(), first)
        far.pass_time(far.quiet)
        size, frames = len(far.seen), far.seen.count(FRAME_END)
        start, presses = time.perf_counter() + 0.05, int(keys_a_second * seconds)
        for number in range(presses):
            key = rest[number % len(rest)]
            far.type(start + number / keys_a_second, KEYS.get(key, key))
        far.pass_time(far.quiet)
        last_press = start + (presses - 1) / keys_a_second
        return Held(far.last_frame - last_press, len(far.seen) - size, far.seen.count(FRAME_END) - frames)
