"""Rows of attention by the stages of the house, for what is too large for the fast way, or no number."""

from __future__ import annotations

import numpy as np

from ..attention import raw_scores, scale_scores, weigh
from .packing import Packed, Singles
from .sight import Mask, Positions, Run


def plain_weights(packed: Packed, head: int, rows: Positions, runs: tuple[Run, ...]) -> Singles:
    """The weights of some rows of a head, (1, rows, keys)."""
    key = packed.keys.of(packed.key_head(head))[None]
    scaled = scale_scores(raw_scores(packed.plain[head : head + 1, rows], key), packed.factor)
    return weigh(scaled, _seen(runs, rows.size, packed.keys.length), packed.temperature, "softmax")


def _seen(runs: tuple[Run, ...], rows: int, keys: int) -> Mask:
    """What these runs let the rows see, (rows, keys)."""
    seen = np.zeros((rows, keys), dtype=np.bool_)
    for run in runs:
        seen[:, run.first : run.last] = True
        for piece in run.pieces:
            seen[:, piece.first : piece.last] = piece.seen
    return seen
