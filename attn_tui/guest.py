"""The explorer as a guest of a running program: what it changes of the process is put back when it is left."""

from __future__ import annotations

import asyncio
import asyncio.tasks
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .options import OptionError
from .start import explore
from .view import Session

CHANGED = tuple(
    getattr(signal, f"SIG{name}") for name in ("INT", "TERM", "HUP", "TSTP", "CONT", "WINCH", "TTOU", "TTIN")
)
"""The signals that Textual and the explorer answer while it is open."""


def explore_within(
    session: Session,
    *,
    colour: str = "auto",
    mouse: bool = True,
    pacing: bool = True,
    rewrite: Callable[[str], str] = str,
    told: str = "",
) -> int:
    """Open the explorer until it is left; the program that called goes on as it was, also where its loop is running.

    `rewrite` makes of each command that was copied what is printed on leaving; `told` stands on the first screen.
    What `hand_on` is to be given, once nothing is left to clear away. Raises OptionError where there is nothing to
    show, or in another thread than the main one.
    """
    if threading.current_thread() is not threading.main_thread():
        raise OptionError("the explorer needs the main thread, where signals arrive; attn_tui.print needs none")
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with _environment(), _signals(), _running_loop():
        looks: dict[str, Any] = {"colour": colour, "mouse": mouse, "pacing": pacing}
        return explore(session, **looks, guest=True, rewrite=rewrite, told=told)


def hand_on(status: int) -> None:
    """Raise once more the signal that ended the explorer, for the program's own handler, which may end it.

    Raises RuntimeError where the explorer failed.
    """
    if status > 128:
        signal.raise_signal(status - 128)
    elif status:
        raise RuntimeError("the explorer ended with an error, which it has printed")


@contextmanager
def _environment() -> Iterator[None]:
    """The environment's variables, which other processes of the program inherit."""
    before = dict(os.environ)
    try:
        yield
    finally:
        for name in [name for name in os.environ if name not in before]:
            del os.environ[name]
        os.environ.update(before)


@contextmanager
def _signals() -> Iterator[None]:
    """Handlers of signals, and where asyncio hears of them; those that are not Python's cannot be put back."""
    before = {number: signal.getsignal(number) for number in CHANGED}
    wakeup = signal.set_wakeup_fd(-1)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)
        with suppress(ValueError, OSError):
            signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)


@contextmanager
def _running_loop() -> Iterator[None]:
    """The loop that is running in this thread, and its task: they stand still while the explorer has a loop of its own.

    These are asyncio's functions for makers of loops. From Python 3.12 on the task of a loop is set aside by its
    own function; from 3.14 on it is the thread's, so that no other could run.
    """
    loop = asyncio._get_running_loop()
    swap = getattr(asyncio.tasks, "_swap_current_task", None)
    task = swap(loop, None) if swap and loop else None
    asyncio._set_running_loop(None)
    try:
        yield
    finally:
        asyncio._set_running_loop(loop)
        if swap and loop:
            swap(loop, task)
