"""Work shared among threads: NumPy releases the lock while it computes."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .machine import threads

Rows = tuple[int | slice, ...]  # all, a head, or some rows of it

Job = TypeVar("Job")
Result = TypeVar("Result")

BUFFER = 1024
"""Numbers in NumPy's buffer: with its usual 8192, a row times a column's number takes twice as long."""

TOGETHER = 2**16
"""Numbers of some rows that are worked on together: with what is made of them they stay in the cache."""

WORTH = 2**18
"""Scores, or numbers to be moved, from which threads are worth their while."""

MUCH = 2**22
"""Numbers of which that is so where little is done with each: fewer stay in the cache of one core."""

LINE, FEW = 64, 2**15
"""Bytes of a cache line; numbers that are so few that they need not begin at one."""

_own = threading.local()


def shared(work: Callable[[Job], Result], jobs: Sequence[Job], apart: bool = True) -> list[Result]:
    """`work` of every job, in their order; the calling thread does its part, and all of it if not `apart`.

    What a job raises is raised here.
    """
    helpers = min(threads(), len(jobs)) - 1 if apart else 0
    if helpers < 1:
        with np.errstate(all="ignore"):
            np.setbufsize(BUFFER)  # until the end of errstate
            return [work(job) for job in jobs]
    results: list[Any] = [None] * len(jobs)
    waiting = deque(range(len(jobs)))

    def drain() -> None:
        with np.errstate(all="ignore"):
            np.setbufsize(BUFFER)
            while waiting:
                try:
                    at = waiting.popleft()
                except IndexError:  # another thread was faster
                    return
                results[at] = work(jobs[at])

    futures = [_helpers().submit(drain) for _ in range(helpers)]
    try:
        drain()
    finally:
        waiting.clear()
        for future in futures:
            future.cancel()
        for future in futures:
            if not future.cancelled():
                future.result()
    return results


def by_rows(work: Callable[[Rows], None], shape: tuple[int, ...]) -> None:
    """`work` of an array (…, rows, columns) that is small, or of some rows of one head at a time: an index of it."""
    if math.prod(shape) <= TOGETHER:
        shared(work, [()])
        return
    heads, rows = list(np.ndindex(shape[:-2])), max(TOGETHER // max(shape[-1], 1), 1)
    jobs: list[Rows] = [*heads]
    if len(shape) > 1 and shape[-2] > rows:
        jobs = [(*head, slice(start, start + rows)) for head in heads for start in range(0, shape[-2], rows)]
    shared(work, jobs, apart=math.prod(shape) >= MUCH)


@lru_cache(maxsize=1)
def _helpers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(threads() - 1, 1), thread_name_prefix="attention")


def scratch(name: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """An array of this thread's own, with anything in it, the same memory each time it is asked for by this name."""
    size, kept = math.prod(shape), getattr(_own, name, None)
    if kept is None or kept.size < size:
        kept = empty((size,))
        setattr(_own, name, kept)
    array: NDArray[np.float32] = kept[:size].reshape(shape)
    return array


def empty(shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Like `np.empty`, but where vectors of the processor do not straddle its cache lines."""
    size = math.prod(shape)
    if size < FEW:
        return np.empty(shape, dtype=np.float32)
    bytes_ = np.empty(4 * size + LINE, dtype=np.uint8)
    first = -bytes_.ctypes.data % LINE
    array: NDArray[np.float32] = bytes_[first : first + 4 * size].view(np.float32).reshape(shape)
    return array
