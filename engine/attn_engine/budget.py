"""How much of what is asked for fits into memory: by arithmetic, before anything is reserved."""

from __future__ import annotations

from functools import lru_cache

PER_SCORE = 48
"""Bytes that a score takes while a picture is made: its stages, and what rules need (measured: 25 to 48)."""

PER_INPUT = 32
"""Bytes that a number of query, key or value takes while it is drawn (measured: 28)."""

PER_DRAWN = 6
"""Bytes that a number of query or key takes where it is drawn by and by: 4, and what a map needs (measured: 5.9)."""


def most_within(limit: int, size: int) -> int:
    """How many things of `size` bytes are made: at most `limit`, and no more than fit into the memory there was."""
    return min(limit, _budget() // size)


def most_told(limit: int, size: int) -> str:
    """The same in words."""
    most = most_within(limit, size)
    return f"{most:,}" if most == limit else f"{most:,}, for lack of memory,"


@lru_cache(maxsize=1)
def _budget() -> int:
    """Asked for once, so that what is possible stays so."""
    from .captures.memory import memory_budget

    return memory_budget()
