"""What a mask costs: floating-point operations, memory, what is computed in vain, and how that grows with n."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import takewhile
from typing import Protocol

from ..notation.errors import RuleError
from ..notation.plane import Plane
from ..notation.tree import Rule
from .counting import count

FLOPS_PER_PAIR = 4
"""Times d_k: a multiplication and an addition for each of d_k columns, in q·k and again in weight·v."""

INDEX_BYTES = 4
"""An index of a list of keys, and of FlexAttention's BlockMask, is int32."""

SIZES = tuple(2**power for power in range(4, 21))


class CountsOfBlocks(Protocol):
    """How many blocks are full and how many partial."""

    @property
    def full(self) -> int:
        """Blocks in which every pair is allowed."""

    @property
    def partial(self) -> int:
        """Blocks in which some pairs are allowed."""


@dataclass(frozen=True)
class Cost:
    """One form of computing a mask's attention, for all heads together.

    `pairs` are those computed in one head, `flops` those of QKᵀ and PV, `score_bytes` the memory of the scores if
    they are kept, `mask_bytes` of the mask as this form has it (once, whatever the heads), and `in_vain` the share
    of the computed pairs that the mask forbids.
    """

    form: str
    pairs: int
    flops: int
    score_bytes: int
    mask_bytes: int
    in_vain: float


def costs(
    pairs: int,
    plane: Plane,
    head_dim: int,
    num_heads: int,
    *,
    blocks: CountsOfBlocks | None = None,
    block_size: int = 128,
    bytes_per_number: int = 2,
) -> tuple[Cost, ...]:
    """The dense, the sparse and, where blocks were counted, the block-sparse form of a mask of `pairs` pairs.

    Dense computes all pairs, sparse those allowed, block-sparse every block that is not empty; blocks at a ragged
    end are computed whole, so that it may be more than dense. Their masks are an array of booleans, a list of keys
    for each query, and FlexAttention's BlockMask (arXiv 2412.05496).
    """
    sizes = mask_bytes(pairs, plane, block_size, bytes_per_number)
    computed = [("dense", plane.pairs, sizes["boolean"]), ("sparse", pairs, sizes["lists of keys"])]
    if blocks is not None:
        computed.append(("block-sparse", (blocks.full + blocks.partial) * block_size**2, sizes["BlockMask"]))
    return tuple(
        Cost(
            form,
            done,
            FLOPS_PER_PAIR * head_dim * done * num_heads,
            done * num_heads * bytes_per_number,
            mask,
            max(0.0, 1 - pairs / done) if done else 0.0,
        )
        for form, done, mask in computed
    )


def mask_bytes(pairs: int, plane: Plane, block_size: int = 128, bytes_per_number: int = 2) -> dict[str, int]:
    """The memory of one mask in each form that people keep it in.

    A list of keys is an int32 for each pair, and one where each query's keys begin. A BlockMask is eight int32
    tensors: for rows and for columns of blocks, partial and full ones apart, a count and room for every index.
    """
    rows, columns = -(-plane.query_length // block_size), -(-plane.key_length // block_size)
    return {
        "boolean": plane.pairs,
        "additive": plane.pairs * bytes_per_number,
        "lists of keys": (pairs + plane.query_length + 1) * INDEX_BYTES,
        "BlockMask": (4 * rows * columns + 2 * (rows + columns)) * INDEX_BYTES,
    }


def flops_text(flops: float) -> str:
    """A number of operations as people write it: 4.3 TFLOP."""
    return _scaled(flops, 1000, ("FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"))


def bytes_text(number: float) -> str:
    """A size of memory as people write it: 1.5 MiB."""
    return _scaled(number, 1024, ("B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"))


def _scaled(number: float, step: int, units: tuple[str, ...]) -> str:
    """At most three digits before the point; what would round to a whole next unit is one."""
    at = 0
    while at < len(units) - 1 and round(number, 0 if at == 0 else 1) >= step:
        number, at = number / step, at + 1
    return f"{number:,.0f} {units[at]}" if at == 0 or number >= 100 else f"{number:.1f} {units[at]}"


class Counted(Protocol):
    """How many pairs a mask allows, and the standard error where that is an estimate."""

    @property
    def pairs(self) -> int | float:
        """Pairs allowed."""

    @property
    def error(self) -> float:
        """0 where they are exact."""


@dataclass(frozen=True)
class Growth:
    """How many pairs a mask allows at each length, and the exponent of n that they grow with at the greatest."""

    lengths: tuple[int, ...]
    pairs: tuple[int, ...]
    exact: tuple[bool, ...]
    exponent: float | None
    word: str


def growth(
    rule: Rule,
    plane: Plane,
    *,
    sizes: Iterable[int] = SIZES,
    counter: Callable[[Rule, Plane], Counted] = count,
) -> Growth:
    """The pairs of n queries and n keys at rising lengths n, the rule's numbers kept.

    The exponent is the slope of log pairs against log n over the last two doublings. Lengths at which the rule has
    no value are left out.
    """
    found: list[tuple[int, Counted]] = []
    for size in sizes:
        try:
            found.append((size, counter(rule, plane.resized(size, size))))
        except RuleError:
            continue
    lengths = tuple(size for size, _ in found)
    pairs = tuple(round(count.pairs) for _, count in found)
    exponent = _exponent(lengths, pairs)
    return Growth(
        lengths, pairs, tuple(not count.error for _, count in found), exponent, _word(exponent, lengths, pairs)
    )


def _exponent(lengths: tuple[int, ...], pairs: tuple[int, ...]) -> float | None:
    seen = [(size, count) for size, count in zip(lengths, pairs, strict=True) if count > 0]
    if len(seen) < 2:
        return None
    last, many = seen[-1]
    within = list(takewhile(lambda point: 4 * point[0] >= last, reversed(seen)))
    first, few = within[-1] if len(within) > 1 else seen[-2]
    return math.log(many / few) / math.log(last / first)


BOUNDS = ((0.1, "O(1)"), (0.9, ""), (1.1, "O(n)"), (1.4, ""), (1.6, "O(n^1.5)"), (1.9, ""), (2.1, "O(n²)"))
"""Exponents up to each bound, and what is said of them; nothing is claimed between two laws."""

MANY = 8
"""Keys a query from which growth in proportion to n is called that of a window."""


def _word(exponent: float | None, lengths: tuple[int, ...], pairs: tuple[int, ...]) -> str:
    """The law that the exponent is near to; between two of them the exponent itself."""
    if exponent is None:
        return "no pairs" if not any(pairs) else "one length only"
    word = next((word for bound, word in BOUNDS if exponent <= bound), "") or f"about n^{exponent:.1f}"
    each = pairs[-1] / lengths[-1]
    return f"O(n·w), w = {each:,.0f}" if word == "O(n)" and each >= MANY else word
