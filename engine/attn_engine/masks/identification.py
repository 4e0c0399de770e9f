"""Which rule of the catalogue a mask is: numbers are read off its rows, and candidates tried, on a few rows, then all.

A rule that nothing is read off for (random pairs, say) is not found.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..catalogue import ENTRIES
from ..notation.errors import RuleError
from ..notation.evaluation import evaluate
from ..notation.grid import Align
from ..notation.parser import parse
from ..notation.plane import Plane
from ..notation.tree import Named, Rule, walk

Mask = NDArray[np.bool_]
Cell = tuple[int, int]

SAMPLED_ROWS = 24
SAMPLED_CELLS = 2**17
FINALISTS = 5
MOST_NUMBERS = 7
MOST_DOCUMENTS = 64
CHUNK = 2**20

TEMPLATES: dict[str, tuple[str, ...]] = {
    "full": (),
    "causal": (),
    "window": ("back",),
    "local": ("ahead",),
    "dilated": ("steps", "gap"),
    "global": ("lead",),
    "sink": ("lead",),
    "prefix_lm": ("first",),
    "padding": ("last",),
    "left_padding": ("begin",),
    "chunked": ("first",),
    "strided": ("gap",),
    "fixed": ("first", "tail"),
    "longformer": ("width", "lead"),
    "streaming": ("lead", "back"),
    "sparse_strided": ("gap",),
    "sparse_fixed": ("gap", "tail"),
    "axial": ("first",),
    "local2d": ("gap", "few"),
    "natten1d": ("first",),
    "block_diffusion": ("half", "first"),
}
"""The numbers of a rule by what they are read off from; rules that are not in the catalogue are passed over."""


@dataclass(frozen=True)
class Identification:
    """A rule that may be the mask: in how many of its `pairs` it differs, and the first of them by row.

    `inverted` says that it fits the mask turned around: its True means masked. `numbers` is how many it has.
    """

    rule: str
    align: Align
    differs: int
    pairs: int
    first: Cell | None = None
    inverted: bool = False
    numbers: int = 0

    def __str__(self) -> str:
        told = f"{self.rule}, aligned {self.align}" + (", the mask inverted (its true means masked)" * self.inverted)
        if self.first is None:
            return f"{told}: no cell differs"
        query, key = self.first
        share = f"{self.differs:,} of {self.pairs:,} cells differ ({self.differs / self.pairs:.2%})"
        return f"{told}: {share}, the first: query {query}, key {key}"


def identify_mask(array: Mask, head: int = 0) -> tuple[Identification, ...]:
    """The catalogue's rules that fit a mask best, best first: bool (queries, keys), or one head of (heads, …).

    Fewest differing cells, then not inverted, then fewest numbers, then aligned left. Raises ValueError for
    what is no mask.
    """
    mask = np.asarray(array)
    mask = mask[head] if mask.ndim == 3 else mask
    if mask.dtype != np.bool_ or mask.ndim != 2 or not mask.size:
        raise ValueError(f"a mask is bool (queries, keys), not {mask.dtype} {mask.shape}")
    finalists: list[tuple[float, int, Rule, Plane, bool]] = []
    for align in _alignments(mask):
        for inverted in (False, True):
            finalists += _tried(~mask if inverted else mask, Plane(mask.shape[0], mask.shape[1], 1, align), inverted)
    finalists.sort(key=lambda each: each[:2])
    found = [_measured(mask, *each[2:]) for each in finalists[: 2 * FINALISTS]]
    found.sort(key=lambda each: (each.differs, each.inverted, each.numbers, each.align != "left", len(each.rule)))
    return tuple(found[:FINALISTS])


def _alignments(mask: Mask) -> tuple[Align, ...]:
    return ("left",) if mask.shape[0] == mask.shape[1] else ("left", "right")


def _tried(mask: Mask, plane: Plane, inverted: bool) -> list[tuple[float, int, Rule, Plane, bool]]:
    """The best candidates by the share of differing cells in a sample of rows."""
    rows = _sampled(mask)
    sample = mask[rows]
    tried = []
    for text in dict.fromkeys(_candidates(mask, plane)):
        try:
            rule = parse(text)
            allowed = evaluate(rule, plane.grid(rows))
        except RuleError:
            continue
        share = float(np.mean(np.not_equal(allowed, sample)))
        tried.append((share, _numbers(rule) + inverted, rule, plane, inverted))
    return sorted(tried, key=lambda each: each[:2])[:FINALISTS]


def _sampled(mask: Mask) -> NDArray[np.int64]:
    """The first rows, the last, and some between, at uneven steps."""
    queries, keys = mask.shape
    number = min(max(SAMPLED_CELLS // keys, 8), queries, max(SAMPLED_ROWS, SAMPLED_CELLS // keys))
    steps = (np.arange(number) * 0.6180339887498949 % 1 * queries).astype(np.int64)
    return np.unique(np.concatenate([steps, [0, min(1, queries - 1), queries - 1]]))


def _numbers(rule: Rule) -> int:
    return sum(len(node.arguments) for node in walk(rule.body) if isinstance(node, Named))


def _candidates(mask: Mask, plane: Plane) -> Iterator[str]:
    read = _numbers_read(mask, plane)
    for name, kinds in TEMPLATES.items():
        if name not in ENTRIES:
            continue
        for numbers in product(*(read[kind] for kind in kinds)):
            text = f"{name}({', '.join(map(str, numbers))})" if numbers else name
            yield text
            if name not in ("full", "causal"):
                yield f"causal & {text}"
    for back, lead in product(read["back"], read["lead"]):
        yield from (f"window({back}) | sink({lead})", f"local({back}) | global({lead})")
    for text, last in product(("causal", *(f"window({back})" for back in read["back"])), read["last"]):
        yield f"{text} & padding({last})"
    for begin in read["begin"]:
        yield f"causal & left_padding({begin})"
    lengths = _document_lengths(mask, plane)
    if "document" in ENTRIES and 1 < len(lengths) <= MOST_DOCUMENTS:
        text = f"document({', '.join(map(str, lengths))})"
        yield from (text, f"causal & {text}")


def _numbers_read(mask: Mask, plane: Plane) -> dict[str, list[int]]:
    """Numbers that rows, their runs and the gaps between these suggest, by kind; the likeliest first."""
    found: dict[str, Counter[int]] = {kind: Counter() for kinds in TEMPLATES.values() for kind in kinds}
    queries = mask.shape[0]
    for query in sorted({0, 1, queries // 3, queries // 2, 2 * queries // 3, queries - 2, queries - 1}):
        if 0 <= query < queries:
            _read_row(mask[query], query + plane.shift, found)
    seen = np.flatnonzero(np.logical_or.reduce(mask, axis=0))
    if seen.size:
        found["begin"][int(seen[0])] += 1
        found["last"][int(seen[-1]) + 1] += 1
    for axis in (0, 1):
        found["lead"][_leading(np.logical_and.reduce(mask, axis=axis))] += 1
    found["half"][mask.shape[1] // 2] += 1
    found["few"].update((1, 2, 3))
    found["tail"].update((1, 2))
    starts = np.flatnonzero(np.diff(np.argmax(mask, axis=1))) + 1
    found["first"].update(np.diff(starts)[:4].tolist() + starts[:2].tolist())
    found["gap"].update(np.diff(starts)[:4].tolist() + starts[:1].tolist())
    return {kind: [n for n, _ in numbers.most_common() if n > 0][:MOST_NUMBERS] for kind, numbers in found.items()}


def _read_row(row: Mask, position: int, found: dict[str, Counter[int]]) -> None:
    """What one row suggests: the runs of keys that it sees, where its own position lies in them."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    starts, ends = edges[::2], edges[1::2]
    if not starts.size:
        return
    lengths = (ends - starts)[:64]
    found["first"].update(lengths[:1].tolist())
    found["first"].update([row_length for row_length, _ in Counter(lengths.tolist()).most_common(2)])
    found["tail"].update([int(lengths.min())])
    found["lead"].update([int(ends[0])] if starts[0] == 0 else [])
    gaps = [gap for gap, _ in Counter(np.diff(starts).tolist()).most_common(2)]
    gaps += [gap for gap, _ in Counter(np.diff(np.flatnonzero(row)).tolist()).most_common(2)]
    for kind in ("gap", "first"):
        found[kind].update(gaps)
    found["few"].update([int(lengths.max()) // 2])
    found["steps"].update([int((row[max(position, 0) :]).sum()) - 1, int(row[: max(position + 1, 0)].sum()) - 1])
    own = (starts <= position) & (position < ends)
    if own.any():
        start, end = int(starts[own][0]), int(ends[own][0])
        found["back"].update([position - start + 1])
        found["ahead"].update([end - 1 - position, position - start])
        found["width"].update([2 * (end - 1 - position), 2 * (position - start)])


def _leading(flags: NDArray[Any]) -> int:
    return int(flags.size if flags.all() else np.argmin(flags))


def _document_lengths(mask: Mask, plane: Plane) -> list[int]:
    """A document begins at the first key that a query sees, where queries begin to see none, and after the last key."""
    seeing = np.logical_or.reduce(mask, axis=1)
    position = np.arange(mask.shape[0]) + plane.shift
    if not seeing.any():
        return []
    first = np.argmax(mask, axis=1)[seeing]
    blind = position[1:][seeing[:-1] & ~seeing[1:]]
    last = mask.shape[1] - int(np.argmax(mask[seeing][-1][::-1]))
    ends = [max(mask.shape), *([last] if last < mask.shape[1] else [])]
    edges = np.unique(np.concatenate([[0], first, blind, ends]))
    return np.diff(edges[edges >= 0]).tolist()


def _measured(mask: Mask, rule: Rule, plane: Plane, inverted: bool) -> Identification:
    """The candidate against every cell."""
    result = Identification(str(rule), plane.align, 0, mask.size, None, inverted, _numbers(rule))
    step = max(CHUNK // mask.shape[1], 1)
    for start in range(0, mask.shape[0], step):
        part = mask[start : start + step]
        allowed = evaluate(rule, plane.grid(np.arange(start, start + len(part))))
        wrong = np.not_equal(allowed, ~part if inverted else part)
        if wrong.any():
            row = int(np.argmax(wrong.any(axis=1)))
            first = result.first or (start + row, int(np.argmax(wrong[row])))
            result = replace(result, differs=result.differs + int(np.count_nonzero(wrong)), first=first)
    return result
