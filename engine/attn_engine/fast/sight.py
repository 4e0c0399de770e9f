"""Which keys a strip of queries sees, from the structure of the mask: nothing is computed of what nobody sees."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from ..attention import mask_array
from ..experiment import HIDES_NOTHING
from ..masks.structure import is_of_difference
from ..notation import Kind, Rule, evaluate, parse
from ..notation.evaluation import written_out
from ..notation.intervals import judge
from ..notation.plane import Plane, Rectangles, Verdict
from ..notation.tree import Name, walk

Mask = NDArray[np.bool_]
Positions = NDArray[np.int64]

RUN = 2048
"""Keys that are computed at once, at most: with 64 queries, half a megabyte of scores."""

FAN = 16
"""In how many parts a stretch of keys is looked at more closely."""

FEW = 2**17
"""Cells of a rule, in all heads, that are all looked at rather than judged."""

KEPT = 64
"""Pieces of a rule of q − k that are kept: the same for strips further down."""


class Piece(NamedTuple):
    """Keys first … last − 1 of which not every query of a strip sees each, (queries, keys)."""

    first: int
    last: int
    seen: Mask


@dataclass(frozen=True, eq=False)
class Run:
    """Keys first … last − 1, beginning with a block: seen by all queries of a strip, but for what pieces say."""

    first: int
    last: int
    pieces: tuple[Piece, ...] = ()


class Sight(Protocol):
    """Tells the runs of keys that strips of queries see, in their order; what is in no run, none of them sees."""

    alike: bool  # whether all heads see the same

    def runs(self, strips: Sequence[Positions], head: int) -> list[tuple[Run, ...]]:
        """For each strip, rising indices of queries, as one of the heads sees."""


class Everything:
    """No mask."""

    alike = True

    def __init__(self, key_length: int) -> None:
        self._all = tuple(_cut(0, key_length))

    def runs(self, strips: Sequence[Positions], head: int) -> list[tuple[Run, ...]]:  # noqa: ARG002
        """Every key, for every strip."""
        return [self._all] * len(strips)


class Stored:
    """A mask that is there as an array, (queries, keys) or (heads, queries, keys)."""

    def __init__(self, mask: Mask, block: int) -> None:
        self._mask, self._block, self.alike = mask, block, mask.ndim == 2

    def runs(self, strips: Sequence[Positions], head: int) -> list[tuple[Run, ...]]:
        """From the first key that any query of a strip sees to the last."""
        return [tuple(self._of(strip, head)) for strip in strips]

    def _of(self, strip: Positions, head: int) -> Iterator[Run]:
        whole = self._mask if self._mask.ndim == 2 else self._mask[head]
        near = int(strip[-1] - strip[0]) + 1 == strip.size
        seen = whole[strip[0] : strip[-1] + 1] if near else whole[strip]
        keys = np.flatnonzero(seen.any(axis=0))
        if not keys.size:
            return
        for run in _cut(int(keys[0]) // self._block * self._block, int(keys[-1]) + 1):
            part = seen[:, run.first : run.last]
            if part.all():
                yield run
            elif part.any():
                yield Run(run.first, run.last, (Piece(run.first, run.last, part),))


class Ruled:
    """A rule, judged by whole blocks: cells are looked at only where a block is neither empty nor full."""

    def __init__(self, rule: Rule, plane: Plane, block: int) -> None:
        self._rule, self._plane, self._block = rule, plane, block
        body = written_out(rule)[0]
        self.is_of_difference = is_of_difference(body)
        self._kept: dict[tuple[int, ...], Mask] = {}
        self.alike = not any(isinstance(part, Name) and part.name == "h" for part in walk(body))

    def runs(self, strips: Sequence[Positions], head: int) -> list[tuple[Run, ...]]:
        """The blocks that are not empty, those beside each other together."""
        plane = replace(self._plane, head=head)
        found: list[list[tuple[int, int, int]]] = [[] for _ in strips]
        for owner, first, last, verdict in self._judged(plane, strips):
            found[owner].append((first, last, verdict))
        return [
            tuple(self._joined(plane, strip, sorted(stretches))) for strip, stretches in zip(strips, found, strict=True)
        ]

    def _judged(self, plane: Plane, strips: Sequence[Positions]) -> Iterator[tuple[int, int, int, int]]:
        """The strip, first and last block and verdict of every stretch of blocks that is not empty."""
        low, high = (np.array([strip[at] for strip in strips], dtype=np.int64) for at in (0, -1))
        blocks = -(-plane.key_length // self._block)
        size = 1
        while size * FAN < blocks:
            size *= FAN
        first = np.arange(0, blocks, size)
        owner, first = (each.ravel() for each in np.meshgrid(np.arange(len(strips)), first, indexing="ij"))
        while owner.size:
            last = np.minimum(first + size, blocks)
            keys = first * self._block, np.minimum(last * self._block, plane.key_length) - 1
            verdicts = judge(self._rule, plane, Rectangles(low[owner], high[owner], *keys))
            verdicts = np.broadcast_to(verdicts, owner.shape)
            settled = (verdicts == Verdict.FULL) | ((verdicts == Verdict.PARTIAL) & (size == 1))
            rows = (each[settled].tolist() for each in (owner, first, last, verdicts))
            yield from zip(*rows, strict=True)
            open_ones = (verdicts == Verdict.PARTIAL) & (size > 1)
            size //= FAN
            owner, first = np.repeat(owner[open_ones], FAN), (first[open_ones, None] + np.arange(FAN) * size).ravel()
            there = first < blocks
            owner, first = owner[there], first[there]

    def _joined(self, plane: Plane, strip: Positions, stretches: list[tuple[int, int, int]]) -> Iterator[Run]:
        """Stretches of blocks beside each other as runs, with the cells of those that are partly seen."""
        begin, end = 0, 0
        partial: list[int] = []
        for first, last, verdict in [*stretches, (-1, -1, 0)]:
            if first != end:
                yield from self._cut(plane, strip, begin, end, partial)
                begin, partial = first, []
            end = last
            if verdict == Verdict.PARTIAL:
                partial.append(first)

    def _cut(self, plane: Plane, strip: Positions, begin: int, end: int, partial: list[int]) -> Iterator[Run]:
        block, length = self._block, plane.key_length
        for run in _cut(begin * block, min(end * block, length)):
            inside = [at for at in partial if run.first <= at * block < run.last]
            ends = [at for at, after in pairwise([*inside, -1]) if after != at + 1]
            starts = [after for at, after in pairwise([-2, *inside]) if after != at + 1]
            pieces = [
                self._piece(plane, strip, first * block, min((last + 1) * block, length))
                for first, last in zip(starts, ends, strict=True)
            ]
            yield Run(run.first, run.last, tuple(pieces))

    def _piece(self, plane: Plane, strip: Positions, first: int, last: int) -> Piece:
        shifts = self.is_of_difference and int(strip[-1] - strip[0]) + 1 == strip.size
        name = int(strip[0]) - first, strip.size, last - first, plane.head
        if shifts and name in self._kept:
            return Piece(first, last, self._kept[name])
        grid = plane.grid(strip, np.arange(first, last))
        seen = np.ascontiguousarray(np.broadcast_to(evaluate(self._rule, grid), grid.shape))
        if shifts and len(self._kept) < KEPT:
            self._kept[name] = seen
        return Piece(first, last, seen)


def sight_of(mask: Rule | str | Mask | None, plane: Plane, block: int) -> Sight:
    """What tells the runs of a mask: a rule, its text, booleans, or None for no mask.

    Raises RuleError for a mistake in a rule, TypeError for an array that is not boolean, ValueError for its shape.
    """
    if mask is None:
        return Everything(plane.key_length)
    if isinstance(mask, str | Rule):
        rule = mask if isinstance(mask, Rule) and mask.kind == Kind.MASK else parse(str(mask), Kind.MASK)
        if str(rule) in HIDES_NOTHING:
            return Everything(plane.key_length)
        if plane.pairs * plane.num_heads > FEW:
            return Ruled(rule, plane, block)
        mask = rule
    return Stored(mask_array(mask, (plane.num_heads, plane.query_length, plane.key_length), plane.align), block)


def _cut(first: int, last: int) -> Iterator[Run]:
    """Keys first … last − 1 in runs."""
    return (Run(start, min(start + RUN, last)) for start in range(first, last, RUN))
