"""A long study's progress on standard error, and what is kept of it when it is interrupted."""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterable
from typing import Protocol, TypeVar

PATIENCE = 0.5
"""Seconds after which someone who waits is told how far it is."""

PAUSE = 0.1
"""Seconds between two pictures of the bar."""

BAR = 24


class Study(Protocol):
    """A study so far."""

    @property
    def done(self) -> int:
        """How many draws there are."""


S = TypeVar("S", bound=Study)


def gathered(studies: Iterable[S], draws: int) -> tuple[S, bool]:
    """The last of the studies, and whether ctrl+c came before it was whole.

    Raises KeyboardInterrupt where there is no answer yet.
    """
    progress, study = Progress(draws), None
    try:
        for study in studies:
            progress.show(study.done)
    except KeyboardInterrupt:
        if study is None:
            raise
        return study, study.done < draws
    finally:
        progress.clear()
    assert study is not None
    return study, False


class Progress:
    """A bar in one line of the terminal, drawn only for those who wait, and gone when it is done."""

    def __init__(self, draws: int) -> None:
        self._draws = draws
        self._next = time.monotonic() + PATIENCE
        self._width = 0

    def show(self, done: int) -> None:
        """Draw the bar, where standard error is a terminal and it is time."""
        if time.monotonic() < self._next or sys.stderr is None or not sys.stderr.isatty():
            return
        line = bar_text(done, self._draws)[: max(shutil.get_terminal_size().columns - 1, 0)]
        self._write(f"\r{line:<{self._width}}")
        self._width, self._next = len(line), time.monotonic() + PAUSE

    def clear(self) -> None:
        """Leave the line as it was found."""
        if self._width:
            self._write(f"\r{'':{self._width}}\r")
            self._width = 0

    def _write(self, text: str) -> None:
        sys.stderr.write(text)
        sys.stderr.flush()


def bar_text(done: int, draws: int) -> str:
    """The bar: [######                  ] 250 of 1,000 draws; ctrl+c shows the answer so far."""
    full = BAR * done // draws
    return f"[{'#' * full}{' ' * (BAR - full)}] {done:,} of {draws:,} draws; ctrl+c shows the answer so far"
