"""A pseudo-terminal with a program in it: press keys, read the screen, see every byte that was written."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import ClassVar, TypeVar

import pyte

PATIENCE = 30.0
"""Seconds after which what is waited for will not come."""

START = """\
import fcntl, os, signal, sys, termios
job = os.environ.pop("JOB", "")
if "loose" not in job:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
if "deaf" in job:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
"""Makes the terminal the program's own, as a shell would, unless the JOB is loose, and becomes Python with the words;
deaf to SIGHUP as under nohup."""


QUESTION, ANSWER = b"\x1b[?2026$p", "\x1b[?2026;2$y"
"""Whether synchronized output is known, and that it is: answered by terminals that have drawn what came before."""

FRAME_END = b"\x1b[?2026l"
"""The end of a frame, on a terminal that knows synchronized output."""


class Terminal:
    """A terminal in which Python runs."""

    START: ClassVar[tuple[str, ...]] = ("-c", START)
    """What Python runs before the words."""

    def __init__(
        self, words: tuple[str, ...], size: tuple[int, int], environment: dict[str, str], folder: Path | None = None
    ) -> None:
        self.master, self.slave = pty.openpty()
        self._set_size(*size)
        self.modes = termios.tcgetattr(self.slave)
        self.written = b""
        self.answered = 0
        self._waited: dict[Path, float] = {}
        self._screen = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._screen)
        self.process = subprocess.Popen(
            [sys.executable, *self.START, *words],
            stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environment, start_new_session=True, cwd=folder,
        )  # fmt: skip

    def _set_size(self, width: int, height: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    # What a person does.

    def press(self, keys: str) -> None:
        """Send characters, as the keyboard does."""
        os.write(self.master, keys.encode())

    def send(self, data: bytes) -> None:
        """Send bytes, as many as they are, reading meanwhile what the program writes."""
        end = time.monotonic() + PATIENCE
        os.set_blocking(self.master, False)
        while data:
            assert time.monotonic() < end, f"{len(data)} bytes are not read"
            readable, writable, _ = select.select([self.master], [self.master], [], 0.1)
            if readable:
                self.read(0)
            if writable:
                with suppress(BlockingIOError):
                    data = data[os.write(self.master, data) :]
        os.set_blocking(self.master, True)

    def resize(self, width: int, height: int, *, seen: bool = True) -> None:
        """Give the window another size, which the kernel tells the program; the screen may be left as it is."""
        if seen:
            self._screen.resize(lines=height, columns=width)
        self._set_size(width, height)

    def signal(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    # What a terminal does.

    @property
    def unanswered(self) -> int:
        """How many questions were asked that it has not answered."""
        return self.written.count(QUESTION) - self.answered

    def answer(self) -> None:
        """Answer the questions that were asked."""
        missing = self.unanswered
        self.answered += missing
        if missing:
            self.press(ANSWER * missing)

    @property
    def full(self) -> bool:
        """Whether so much was written that has not been read that it takes no more."""
        return not select.select([], [self.slave], [], 0)[1]

    def wipe(self) -> None:
        """Lose what stands on the screen."""
        self._screen.reset()

    # What a person sees.

    @property
    def frames(self) -> int:
        """How many frames were written to a terminal that answers."""
        return self.written.count(FRAME_END)

    @property
    def screen(self) -> list[str]:
        """The rows of the screen."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The characters of the screen."""
        return "\n".join(self.screen)

    @property
    def output(self) -> str:
        """Everything that was written."""
        return self.written.decode(errors="replace")

    def read(self, seconds: float) -> bytes:
        """What the program writes within a time; nothing means that it wrote nothing."""
        ready, _, _ = select.select([self.master], [], [], seconds)
        data = os.read(self.master, 65536) if ready else b""
        self.written += data
        self._stream.feed(_for_pyte(data))
        return data

    def pause(self, seconds: float) -> None:
        """Read for a time on the clock, whatever comes."""
        end = self.clock + seconds
        while (left := end - self.clock) > 0:
            self.read(left)

    def wait(self, true: Callable[[], bool], what: str = "", seconds: float = PATIENCE) -> None:
        """Read until something is true, for which there are so many seconds on the clock."""
        self._wait(true, what, seconds, self.read)

    def _wait(self, true: Callable[[], bool], what: str, seconds: float, rest: Callable[[float], object]) -> None:
        end, latest = self.clock + seconds, time.monotonic() + max(10 * seconds, PATIENCE)
        while not true():
            left = min(end - self.clock, latest - time.monotonic())
            assert left > 0, f"waited in vain for {what}\n{self.text}\n{self.written[-500:]!r}"
            rest(0.05)

    def sees(self, *texts: str) -> None:
        """Wait until the screen shows some texts."""
        self.wait(lambda: all(text in self.text for text in texts), repr(texts))

    def rests(self, seconds: float = 0.3) -> None:
        """Wait until nothing is written for a while on the clock."""
        latest, since = time.monotonic() + PATIENCE, self.clock
        while (left := since + seconds - self.clock) > 0:
            assert time.monotonic() < latest, "it never rests"
            if self.read(left):
                since = self.clock

    def ends(self, seconds: float = PATIENCE) -> int:
        """Wait for the end of the program; its status."""
        self.wait(lambda: self.process.poll() is not None, "the end", seconds)
        while self.read(0.1):
            pass
        return self.process.returncode

    def ends_unread(self, seconds: float = PATIENCE) -> int:
        """Wait for the end of the program without reading what it writes; its status."""
        self._wait(lambda: self.process.poll() is not None, "the end", seconds, time.sleep)
        return self.process.returncode

    @property
    def clock(self) -> float:
        """Seconds, without those in which the program, or what watches it here, waited for a processor.

        What is to be done within a time takes longer where other programs take the processors; of that, this one
        is not to blame. On a machine that has nothing else to do, these are the seconds of any clock.
        """
        for task in [Path("/proc/thread-self"), *_tasks(self.process.pid)]:
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                self._waited[task] = int((task / "schedstat").read_text().split()[1]) / 1e9
        return time.monotonic() - sum(self._waited.values())

    @property
    def busy(self) -> float:
        """Seconds that the threads that it has now have computed."""
        spent = 0
        for task in Path(f"/proc/{self.process.pid}/task").glob("*"):
            with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
                spent += int((task / "schedstat").read_text().split()[0])
        return spent / 1e9

    @property
    def state(self) -> str:
        """The state of the process, as the kernel has it: T where it is stopped."""
        return Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()[0]

    def hang_up(self) -> None:
        """Close the window."""
        for end in (self.master, self.slave):
            if end >= 0:
                os.close(end)
        self.master = self.slave = -1

    def close(self) -> None:
        """End the program if it still runs, and close the window."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self.hang_up()


def _tasks(process: int) -> Iterator[Path]:
    """The threads of a process and of those that it has started, as the kernel lists them."""
    with suppress(FileNotFoundError, ProcessLookupError):  # it has ended meanwhile
        for task in Path(f"/proc/{process}/task").glob("*"):
            yield task
            for child in (task / "children").read_text().split():
                yield from _tasks(int(child))


def _for_pyte(data: bytes) -> bytes:
    """What pyte understands: it knows no keyboard protocol, and no other screen, which would be empty when entered."""
    return re.sub(rb"\x1b\[[<>]\d*u", b"", data).replace(b"\x1b[?1049h", b"\x1b[?1049h\x1b[2J")


@contextmanager
def opened(*words: str, size: tuple[int, int] = (120, 40), job: str = "", **changes: str) -> Iterator[Terminal]:
    """A terminal with the explorer in it; `changes` are of its environment."""
    with running("-m", "attn_tui", *words, size=size, changes=changes | {"JOB": job}) as terminal:
        yield terminal


AnyTerminal = TypeVar("AnyTerminal", bound=Terminal)


@contextmanager
def running(
    *words: str,
    size: tuple[int, int] = (120, 40),
    folder: Path | None = None,
    changes: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[Terminal]:
    """A terminal with Python in it, started with these words in a folder."""
    with running_in(Terminal, *words, size=size, folder=folder, changes=changes) as terminal:
        yield terminal


@contextmanager
def running_in(
    kind: type[AnyTerminal],
    *words: str,
    size: tuple[int, int] = (120, 40),
    folder: Path | None = None,
    changes: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[AnyTerminal]:
    """A terminal of some kind with Python in it."""
    environment = {"PATH": os.defpath, "LANG": "C.UTF-8", "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    kept = ("HOME", "XDG_CONFIG_HOME", "VIRTUAL_ENV", "PYTHONPATH")
    environment |= {name: os.environ[name] for name in kept if name in os.environ}
    environment["XDG_STATE_HOME"] = os.devnull  # so that logs of faults go where temporary files do
    environment |= changes
    terminal = kind(words, size, {name: text for name, text in environment.items() if text}, folder)
    try:
        yield terminal
    finally:
        terminal.close()


MODES = {
    "alternate screen": 1049,
    "mouse": 1000,
    "mouse, every movement": 1003,
    "mouse, extended": 1006,
    "mouse, as urxvt": 1015,
    "mouse, in pixels": 1016,
    "focus": 1004,
    "bracketed paste": 2004,
    "synchronized output": 2026,
    "messages about the size": 2048,
}
"""What a program may switch on in a terminal, and has to switch off again."""


def left_behind(terminal: Terminal) -> list[str]:
    """What of the terminal is not as it was found."""

    def last(sequence: str) -> int:
        return terminal.written.rfind(f"\x1b[{sequence}".encode())

    found = {name: last(f"?{mode}h") > last(f"?{mode}l") for name, mode in MODES.items()}
    found["cursor hidden"] = last("?25l") > last("?25h")
    found["no line wrap"] = last("?7l") > last("?7h")
    found["other keyboard protocol"] = last(">25u") > last("<u")
    found["line settings"] = termios.tcgetattr(terminal.slave) != terminal.modes
    return [name for name, here in found.items() if here]
