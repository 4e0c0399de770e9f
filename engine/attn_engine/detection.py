"""How much of each head's weight lies where heads of each kind look: the published scores.

These are the share of all of a head's weight that lies on a detection pattern, as TransformerLens' `detect_head`
gives it with its error measure "mul" (https://github.com/TransformerLensOrg/TransformerLens,
transformer_lens/head_detector.py). Its patterns look back alone and count queries that have no such key, so a perfect
induction head that reads a sequence twice over scores less than a half.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .attention import Floats, Mask

Tokens = tuple[str, ...]
Shares = NDArray[np.float64]

AFTER = {"same token": 0, "induction": 1}
"""The kinds that need tokens: how many places after the query's token their keys stand."""


@np.errstate(invalid="ignore", over="ignore")
def head_scores(
    weights: Floats,
    query_tokens: Tokens = (),
    key_tokens: Tokens = (),
    positions: NDArray[np.int64] | None = None,
    *,
    exclude_bos: bool = False,
    exclude_current_token: bool = False,
) -> dict[str, Shares]:
    """The share of each head's weight that lies on the pattern of each kind, {kind: (…, heads)}, from 0 to 1.

    `weights` are (…, heads, queries, keys), `positions` where each query stands among the keys, 0 … without them.
    Of previous token, same token (TransformerLens' duplicate token) and induction heads these are the published
    scores, with its options: weight on the first key, or on the query's own place, left out of account. Patterns of
    tokens look back alone. Without tokens same token and induction are missing; a head without weight is NaN.
    """
    queries, keys = weights.shape[-2:]
    places = np.arange(queries, dtype=np.int64) if positions is None else positions
    at, here = np.arange(keys), places[:, None]
    kept = ~((exclude_bos & (at == 0)) | (exclude_current_token & (at == here)))  # (queries, keys)
    patterns = {**by_place(places, keys), **_looking_back(places, query_tokens, key_tokens)}
    total = _total(weights, kept)
    return {name: share(_total(weights, pattern & kept), total) for name, pattern in patterns.items()}


def by_place(places: NDArray[np.int64], keys: int) -> dict[str, Mask]:
    """The keys that heads of each kind without tokens look at, from each query's place: (queries, keys)."""
    at, here = np.arange(keys), places[:, None]
    first = np.broadcast_to(at == 0, (len(places), keys))
    return {"previous token": at == here - 1, "first token": first, "itself": at == here, "next token": at == here + 1}


def _looking_back(places: NDArray[np.int64], query_tokens: Tokens, key_tokens: Tokens) -> dict[str, Mask]:
    """Keys of the query's token before it, and keys after those."""
    at, here = np.arange(len(key_tokens)), places[:, None]
    found = by_token(query_tokens, key_tokens)
    return {name: found[name] & (at - after < here) for name, after in AFTER.items() if name in found}


def by_token(query_tokens: Tokens, key_tokens: Tokens) -> dict[str, Mask]:
    """Every key of the query's token, and every key after one, (queries, keys); nothing without tokens."""
    if not (query_tokens and key_tokens):
        return {}
    numbers: dict[str, int] = {}
    queries, keys = ([numbers.setdefault(token, len(numbers)) for token in side] for side in (query_tokens, key_tokens))
    same = np.array(queries)[:, None] == np.array(keys)
    after = np.zeros_like(same)
    after[:, 1:] = same[:, :-1]
    return {"same token": same, "induction": after}


def _total(weights: Floats, keys: Mask) -> Shares:
    return on(weights, keys).sum(axis=-1)


def on(weights: Floats, keys: Mask) -> Shares:
    """The weight that each query puts on some keys, (…, heads, queries); 0 where its weights are not finite."""
    with np.errstate(invalid="ignore"):
        sums: Shares = np.einsum("...qk,qk->...q", weights, keys.astype(weights.dtype)).astype(np.float64)
    return finite(sums)


def finite(sums: Shares) -> Shares:
    """The sums, 0 for those that are not finite."""
    return np.where(np.isfinite(sums), sums, 0)


def share(part: Shares, whole: Shares) -> Shares:
    """The part of a whole, from 0 to 1; NaN where the whole is 0."""
    return np.clip(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0), 0, 1)
