"""A terminal that measures: when the frames that a key causes arrive, and how many bytes they are."""

from __future__ import annotations

import os
import re
import select
import time
from collections.abc import Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from tests.ptys import FRAME_END, Terminal, running_in

KEYS = {
    "right": "\x1b[C",
    "left": "\x1b[D",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "shift+right": "\x1b[1;2C",
    "shift+left": "\x1b[1;2D",
}
QUIET, SETTLED, ANSWERED = 0.1, 0.4, 0.5
"""Seconds without a byte after which a key's frames, and the first screen, are complete; and a key changes nothing."""

EXPLORER_STANDS = b"quit"
"""What the last row of the explorer's first frame has."""


@dataclass(frozen=True)
class Frames:
    """What a key caused: seconds until the end of the first frame and until the last byte, bytes, and CPU seconds."""

    first: float
    last: float
    size: int
    cpu: float


class Probe(Terminal):
    """A terminal that answers at once, and draws nothing."""

    START: ClassVar[tuple[str, ...]] = ()

    def read(self, seconds: float) -> bytes:
        """What the program writes within a time."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        data = os.read(self.master, 1 << 16) if ready else b""
        self.written += data
        if data:
            self.answer()
        return data

    def stand(self, mark: bytes = EXPLORER_STANDS) -> None:
        """Read until the first screen stands, with what is drawn after it."""
        self.until(mark)
        self.rests(SETTLED)

    def key(self, name: str) -> Frames | None:
        """Press a key and read what it causes; None where that is nothing."""
        before, cpu, first, last = len(self.written), cpu_seconds(self.process.pid), 0.0, 0.0
        pressed = time.perf_counter()
        self.press(KEYS.get(name, name))
        while self.read(QUIET if last else ANSWERED):
            last = time.perf_counter() - pressed
            first = first or (last if FRAME_END in self.written[before:] else 0.0)
        cpu = cpu_seconds(self.process.pid) - cpu
        return Frames(first or last, last, len(self.written) - before, cpu) if last else None

    def keys(self, text: str) -> list[Frames]:
        """Press keys one after the other, each when the last one's frames are complete."""
        return [frames for name in names(text) if (frames := self.key(name))]

    def until(self, mark: bytes) -> None:
        """Read until the first frame with a mark in it is complete."""
        self.wait(lambda: FRAME_END in self.written.partition(mark)[2], repr(mark))


def probed(*words: str, size: tuple[int, int] = (120, 40)) -> AbstractContextManager[Probe]:
    """A probe with Python in it, started with these words."""
    return running_in(Probe, *words, size=size)


def names(text: str) -> list[str]:
    """The keys of a script in which `right*3` is three times `right`."""
    found: list[str] = []
    for word in text.split():
        name, _, times = word.partition("*")
        found += [name] * int(times or 1)
    return found


def share(values: Iterable[float], part: float = 0.95) -> float:
    """The value that a part of them does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def cpu_seconds(pid: int) -> float:
    """Seconds that all threads of a process have run, as Linux tells."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9


def peak_memory(pid: int) -> float:
    """The most memory that a process has had, in MiB, as Linux tells."""
    found = re.search(r"VmHWM:\s*(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else float("nan")
