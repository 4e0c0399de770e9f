"""A row of the table of parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Parameter:
    """One parameter: its field in the experiment or the view, its names, its range, how it is read and turned.

    `read` takes the text a person typed and raises ValueError saying what is possible; `write` is its inverse.
    `turn`, for knobs, gives the next value up (+1) or down (−1).
    """

    field: str
    options: tuple[str, ...]
    possible: str
    help: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    name: str = ""
    key: str = ""
    turn: Callable[[Any, int], Any] | None = None
    flag: bool = False
    examples: tuple[str, ...] = ()
    """Values to complete what is typed."""

    @property
    def option(self) -> str:
        """The option's first spelling."""
        return self.options[0]
