"""The words of the notation: what each means, how it is written, how else it may be spelled."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

LARGEST = 2**53
"""Whole numbers are exact up to here, as float64 as well; what would leave this range is an error."""


class Kind(StrEnum):
    """A mask says who may look (a condition); a score mod changes a score (a number)."""

    MASK = "mask"
    SCORE_MOD = "score_mod"


class Function(NamedTuple):
    """A function: how it is written, how many arguments it takes, what it is, and whether masks have it."""

    signature: str
    least: int
    most: int | None
    sentence: str
    in_masks: bool = True


POSITIONS = {
    "q": "position of the query, from 0",
    "k": "position of the key, from 0",
    "h": "head, from 0",
    "b": "batch, from 0",
    "Q": "number of queries",
    "K": "number of keys",
    "H": "number of heads",
    "s": "the score, in score mods",
}

FUNCTIONS = {
    "abs": Function("abs(a)", 1, 1, "size without the sign"),
    "min": Function("min(a, b, …)", 2, None, "the smallest of its numbers"),
    "max": Function("max(a, b, …)", 2, None, "the largest of its numbers"),
    "where": Function("where(condition, a, b)", 3, 3, "a where the condition holds, elsewhere b"),
    "hash": Function("hash(seed, a, b)", 3, 3, "a fixed pseudo-random number in [0, 1)"),
    "exp": Function("exp(a)", 1, 1, "exponential", in_masks=False),
    "log": Function("log(a)", 1, 1, "natural logarithm", in_masks=False),
    "tanh": Function("tanh(a)", 1, 1, "hyperbolic tangent", in_masks=False),
}

SPELLINGS = {
    "and": "&",
    "or": "|",
    "not": "~",
    "∧": "&",
    "∨": "|",
    "¬": "~",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "−": "-",
    "×": "*",
    "True": "true",
    "False": "false",
    "q_idx": "q",
    "kv_idx": "k",
    "score": "s",
    "torch.abs": "abs",
    "torch.minimum": "min",
    "torch.maximum": "max",
    "torch.where": "where",
    "torch.exp": "exp",
    "torch.log": "log",
    "torch.tanh": "tanh",
}
