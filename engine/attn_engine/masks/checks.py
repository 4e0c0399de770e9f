"""The linter of masks: what is wrong with one, in lines that a person can act on.

Without an expectation, these are serious: a query that sees nothing, a look into another document or (where
`causal` is asked for) into the future, a mask that looks inverted. With one, only the differences from it are, and
what was asked for besides. Keys that nobody sees and the figures of blocks are told, and never serious.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..experiment import ALIGNMENTS
from ..notation.evaluation import evaluate, written_out
from ..notation.plane import Captured, Plane
from ..notation.tree import And, Comparison, Expression, Name, Not, Number, Read, Rule, Sum, Xor, substituted
from .counting import count, key_counts, row_counts
from .finding import Found, find_cells, is_walkable, walk_rows
from .tally import BlockCounts, count_blocks

NAMED = 8
"""Queries or keys that a finding lists."""

BLIND = (
    "their weights are zeros here, in flash-attention and in PyTorch from 2.5; NaN where −∞ is added; uniform over all "
    "keys where scores are replaced by a finite number or −1e9 is added in float32; the unmasked row where a small "
    "number such as −10000 is added"
)

QUERY, KEY = Name("q"), Name("k")
FUTURE = Rule(Comparison(KEY, ((">", QUERY),)))


@dataclass(frozen=True)
class CheckFinding:
    """One finding: `queries` and `keys` are the first few concerned, `count` is how many there are in all.

    `kind` is blind, unseen, future, documents, differs, inverted, aligned or blocks; `count` is of queries, keys
    or pairs.
    """

    kind: str
    text: str
    queries: tuple[int, ...] = ()
    keys: tuple[int, ...] = ()
    count: int = 0
    serious: bool = True
    heads: tuple[int, ...] = ()


def check_mask(
    subject: Rule | NDArray[np.bool_],
    plane: Plane | None = None,
    block_size: int = 128,
    *,
    expect: Rule | None = None,
    causal: bool = False,
    documents: Sequence[int] = (),
    axis: str = "head",
) -> tuple[CheckFinding, ...]:
    """What is to be said of a mask: a rule on its plane, or bool (queries, keys) or (heads, queries, keys).

    `expect` is what it should be, `causal` that nothing of the future should be seen, `documents` the lengths of
    documents that should not see each other (what is left over is one more). `axis` names an array's first index.
    Raises RuleError where a rule has no value, ValueError where shapes or lengths do not fit.
    """
    if not isinstance(subject, Rule):
        return tuple(_of_array(np.asarray(subject), plane, axis, (block_size, expect, causal, documents)))
    if plane is None:
        raise ValueError("a rule is checked on a plane, and there is none")
    return tuple(_findings(subject, plane, (block_size, expect, causal, documents)))


Asked = tuple[int, Rule | None, bool, Sequence[int]]


def _of_array(array: NDArray[np.bool_], plane: Plane | None, axis: str, asked: Asked) -> Iterator[CheckFinding]:
    if array.dtype != np.bool_ or array.ndim not in (2, 3) or not array.size:
        raise ValueError(f"a mask is bool (queries, keys) or (heads, queries, keys), not {array.dtype} {array.shape}")
    heads = array if array.ndim == 3 else array[None]
    number, queries, keys = heads.shape
    plane = plane or Plane(queries, keys, number)
    if (plane.query_length, plane.key_length) != (queries, keys):
        raise ValueError(f"the mask is {queries} × {keys}; expected {plane.query_length} × {plane.key_length}")
    for same in _alike(heads, differing=asked[1] is not None):
        chosen = replace(plane, num_heads=max(number, plane.num_heads), head=same[0] if number > 1 else plane.head)
        for finding in _findings(*_stored(heads[same[0]], chosen), asked):
            if number == 1:
                yield finding
            else:
                yield replace(finding, text=f"{axis} {_listed(same, len(same))}: {finding.text}", heads=tuple(same))


def _alike(heads: NDArray[np.bool_], differing: bool) -> list[list[int]]:
    """Heads of equal masks together; each by itself where what is expected may differ by head."""
    groups: dict[bytes | int, list[int]] = {}
    for head, mask in enumerate(heads):
        groups.setdefault(head if differing else np.packbits(mask).tobytes(), []).append(head)
    return list(groups.values())


def _stored(mask: NDArray[np.bool_], plane: Plane) -> tuple[Rule, Plane]:
    """An array as a rule that reads it, at any alignment."""
    query = Sum(QUERY, (("-", Number(plane.shift)),))
    captured = Captured({**plane.captured.arrays, "_mask": mask})
    return Rule(Read("_mask", (query, KEY))), replace(plane, captured=captured)


def _findings(rule: Rule, plane: Plane, asked: Asked) -> Iterator[CheckFinding]:
    size, expect, causal, documents = asked
    rows, keys, blocks = _survey(rule, plane, size)
    if expect is not None:
        yield from _differences(rule, expect, plane)
    else:
        yield from _inverted(rule, plane)
    if rows is not None:
        yield from _blind(rows, serious=expect is None)
    if keys is not None:
        yield from _unseen(keys)
    if causal:
        yield from _forbidden("future", "into the future", _both(rule, FUTURE), plane)
    if documents:
        other, there = _other_document(plane, documents)
        yield from _forbidden("documents", "into another document", _both(rule, other), there)
    pairs = int(rows.sum()) if rows is not None else count(rule, plane).pairs
    yield _block_note(blocks, size, pairs)


def _both(one: Rule, other: Rule) -> Rule:
    return Rule(And((one.body, other.body)))


def _not(rule: Rule) -> Rule:
    return Rule(Not(rule.body))


Counts = NDArray[np.int64] | None


def _survey(rule: Rule, plane: Plane, size: int) -> tuple[Counts, Counts, BlockCounts]:
    """How many keys each query sees, how many queries see each key, and the blocks; None where nothing tells."""
    if not is_walkable(plane):
        return row_counts(rule, plane), key_counts(rule, plane), count_blocks(rule, plane, size)
    rows, keys = [], np.zeros(plane.key_length, dtype=np.int64)
    kinds = np.zeros(3, dtype=np.int64)
    edges = np.arange(0, plane.key_length, size)
    for _, allowed in walk_rows(rule, plane, size):
        rows.append(allowed.sum(axis=1))
        keys += allowed.sum(axis=0)
        down = np.arange(0, len(allowed), size)
        some, every = (
            function.reduceat(function.reduceat(allowed, edges, axis=1), down, axis=0)
            for function in (np.logical_or, np.logical_and)
        )
        kinds += (int((~some).sum()), int((some & ~every).sum()), int(every.sum()))
    return np.concatenate(rows), keys, BlockCounts(full=int(kinds[2]), partial=int(kinds[1]), empty=int(kinds[0]))


def _listed(places: Sequence[int], total: int) -> str:
    """The first few of them: `0, 1, 2 … (12 in all)`."""
    shown = ", ".join(f"{place:,}" for place in places[:NAMED])
    return shown if total <= NAMED else f"{shown} … ({total:,} in all)"


def _first(places: NDArray[np.intp]) -> tuple[int, ...]:
    return tuple(places[:NAMED].tolist())


def _blind(rows: NDArray[np.int64], serious: bool) -> Iterator[CheckFinding]:
    blind = np.flatnonzero(rows == 0)
    if blind.size:
        who = "query sees" if blind.size == 1 else "queries see"
        text = f"{blind.size:,} {who} nothing: {_listed(_first(blind), blind.size)}; {BLIND}"
        yield CheckFinding("blind", text, queries=_first(blind), count=int(blind.size), serious=serious)


def _unseen(keys: NDArray[np.int64]) -> Iterator[CheckFinding]:
    unseen = np.flatnonzero(keys == 0)
    if unseen.size:
        who = "key is" if unseen.size == 1 else "keys are"
        text = f"{unseen.size:,} {who} seen by no query: {_listed(_first(unseen), unseen.size)}; padding, or a mistake"
        yield CheckFinding("unseen", text, keys=_first(unseen), count=int(unseen.size), serious=False)


def _forbidden(kind: str, what: str, rule: Rule, plane: Plane) -> Iterator[CheckFinding]:
    found = find_cells(rule, plane)
    if found.pairs:
        yield _told(kind, f"{_pairs(found)} {'looks' if found.pairs == 1 else 'look'} {what}{_at(found)}", found)


def _told(kind: str, text: str, found: Found) -> CheckFinding:
    queries, keys = ((place,) for place in found.first) if found.first else ((), ())
    return CheckFinding(kind, text, queries, keys, found.pairs)


def _pairs(found: Found) -> str:
    return f"{'' if found.exact else '≈ '}{found.pairs:,} {'pair' if found.pairs == 1 else 'pairs'}"


def _at(found: Found) -> str:
    if found.first is None:
        return ""
    which = "the first" if found.sure else "one of them"
    return f", {which}: query {found.first[0]:,}, key {found.first[1]:,}"


def _other_document(plane: Plane, lengths: Sequence[int]) -> tuple[Rule, Plane]:
    """Where query and key are of different documents, on a plane that knows whose each position is."""
    total = max(plane.query_length, plane.key_length)
    if min(lengths) < 0 or sum(lengths) > total:
        raise ValueError(f"documents of {sum(lengths):,} positions in all do not fit into {total:,}")
    parts = [*lengths, total - sum(lengths)]
    captured = Captured({**plane.captured.arrays, "_document": np.repeat(np.arange(len(parts)), parts)})
    position = Sum(QUERY, (("+", Number(max(-plane.shift, 0))),))  # where the first queries stand before key 0
    body = Comparison(Read("_document", (position,)), (("!=", Read("_document", (_key_position(plane),))),))
    return Rule(body), replace(plane, captured=captured)


def _key_position(plane: Plane) -> Sum:
    return Sum(KEY, (("+", Number(max(-plane.shift, 0))),))


def _differences(rule: Rule, expect: Rule, plane: Plane) -> Iterator[CheckFinding]:
    found = find_cells(Rule(Xor((rule.body, expect.body))), plane)
    if not found.pairs:
        if not found.sure:
            yield CheckFinding("differs", "no difference was found, but not all could be looked at", serious=False)
        return
    more = find_cells(_both(rule, _not(expect)), plane)
    less = find_cells(_both(expect, _not(rule)), plane)
    sides = [
        f"{_pairs(side)} {what}{_at(side)}"
        for side, what in ((more, "allowed but not expected"), (less, "expected but not allowed"))
        if side.pairs
    ]
    yield _told("differs", f"{_pairs(found)} of {plane.pairs:,} differ: {'; '.join(sides)}", found)
    if found.exact and found.pairs * 10 > plane.pairs * 9:
        yield _told("inverted", "it looks inverted: turned around it is what is expected, or nearly", found)
    other = _other_alignment(plane)
    if (
        other.shift != plane.shift
        and not find_cells(Rule(Xor((rule.body, _standing(expect, plane, other)))), plane).pairs
    ):
        text = f"aligned {other.align} it is what is expected: there {ALIGNMENTS[other.align]}"
        yield _told("aligned", text, found)


def _other_alignment(plane: Plane) -> Plane:
    return replace(plane, align="right" if plane.align == "left" else "left")


def _standing(expect: Rule, plane: Plane, other: Plane) -> Expression:
    """What is expected where the queries stand as on another plane, in the positions of this one."""
    moved = Sum(QUERY, (("+", Number(other.shift)), ("-", Number(plane.shift))))
    return substituted(written_out(expect)[0], {QUERY: moved})


def _inverted(rule: Rule, plane: Plane) -> Iterator[CheckFinding]:
    """No query sees itself, half of all others or more are seen, and of these no fewer in the future than before."""
    at = np.arange(plane.query_length)
    at = at[(at + plane.shift >= 0) & (at + plane.shift < plane.key_length)]
    if at.size < 2 or np.any(evaluate(rule, plane.points(at, at + plane.shift))):
        return
    counted, future = count(rule, plane), count(_both(rule, FUTURE), plane)
    if 0 < (plane.pairs - at.size) <= counted.pairs * 2 and future.pairs * 2 >= counted.pairs:
        text = "it looks inverted: no query sees itself, and half of the other pairs or more are allowed; ~ turns it"
        yield CheckFinding("inverted", text, count=counted.pairs)


def _block_note(blocks: BlockCounts, size: int, pairs: int) -> CheckFinding:
    computed = (blocks.full + blocks.partial) * size**2
    vain = max(1 - pairs / computed, 0.0) if computed else 0.0
    about = "" if blocks.exact else "≈ "
    text = (
        f"blocks of {size}: {about}{blocks.full:,} full, {blocks.partial:,} partial, {blocks.empty:,} empty; "
        f"{vain:.1%} of what a block-sparse kernel computes is masked"
    )
    return CheckFinding("blocks", text, serious=False)
