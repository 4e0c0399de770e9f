"""What each head is: previous token, first token, itself, next token, same token, induction, broad, mixed.

`head_scores` are the published ones: the share of all of a head's weight that lies on a detection pattern, as
TransformerLens' `detect_head` gives it with its error measure "mul" (https://github.com/TransformerLensOrg/
TransformerLens, transformer_lens/head_detector.py). Its patterns look back alone and count queries that have no such
key, so a perfect induction head that reads a sequence twice over scores less than a half.

`head_kinds` name a head by the weight of those queries that may see such a key, looking ahead where the mask allows
that. Even weights over the keys seen are worth 0 and all the weight on such keys 1; a head is what it is worth most
as, from LEAST on. Of the sample's 72 heads one comes to 1.00 as a previous token head, one to 0.54 as a next token
head, 27 to 0.50 … 0.89 as first token heads, the others stay below; none of 4,000 random heads comes to 0.3. A head
that is none of these is broad where its entropy is near what the mask lets it be, as that of random heads is, and
else mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .attention import Attention, Floats, Mask
from .measures import measure

KINDS: dict[str, str] = {
    "previous token": "looks at the key before the query's own place",
    "first token": "looks at the first key",
    "itself": "looks at the key of the query's own place",
    "next token": "looks at the key after the query's own place",
    "same token": "looks for the query's token where it stands elsewhere, beside itself",
    "induction": "looks at what followed the query's token elsewhere, beside the key after itself",
    "broad": "is none of the others, and spreads its weight nearly as evenly as the mask lets it",
    "mixed": "is none of the others",
    "empty": "has no weight",
}
"""Every kind and what a head of it does. Same token and induction need tokens."""

LEAST = 0.5
"""How far from even weights (0) to all the weight on such keys (1) a head of a kind has to be."""

ELSEWHERE = 1 / 3
"""How much of the weight on its token, or on what follows it, has to lie beyond the query's own place."""

FEWEST = 4
"""How many queries that may see such a key a kind is judged by at least."""

ENOUGH = 0.25
"""How great a share of all queries they have to be."""

BROAD = 0.8
"""The share of the entropy's ceiling from which a head is broad."""

Tokens = tuple[str, ...]
Shares = NDArray[np.float64]


@dataclass(frozen=True)
class HeadKind:
    """What a head is: a name of KINDS, and a score from 0 to 1.

    The score is the share of the weight of the queries that may see such a key; of a broad, mixed or empty head, its
    entropy as a share of the ceiling, NaN where it has no weight.
    """

    name: str
    score: float


class Pattern(NamedTuple):
    """The keys that tell a kind, and all those that count for it: (queries, keys)."""

    telling: Mask
    counted: Mask


# The published scores.


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
    patterns = {**_by_place(places, keys), **_looking_back(places, query_tokens, key_tokens)}
    total = _total(weights, kept)
    return {name: _share(_total(weights, pattern & kept), total) for name, pattern in patterns.items()}


def _by_place(places: NDArray[np.int64], keys: int) -> dict[str, Mask]:
    at, here = np.arange(keys), places[:, None]
    first = np.broadcast_to(at == 0, (len(places), keys))
    return {"previous token": at == here - 1, "first token": first, "itself": at == here, "next token": at == here + 1}


def _looking_back(places: NDArray[np.int64], query_tokens: Tokens, key_tokens: Tokens) -> dict[str, Mask]:
    """Keys of the query's token before it, and keys after those."""
    at, here = np.arange(len(key_tokens)), places[:, None]
    found = _by_token(query_tokens, key_tokens)
    return {name: found[name] & (at - after < here) for name, after in AFTER.items() if name in found}


AFTER = {"same token": 0, "induction": 1}
"""The kinds that need tokens: how many places after the query's token their keys stand."""


def _by_token(query_tokens: Tokens, key_tokens: Tokens) -> dict[str, Mask]:
    """Every key of the query's token, and every key after one."""
    if not (query_tokens and key_tokens):
        return {}
    numbers: dict[str, int] = {}
    queries, keys = ([numbers.setdefault(token, len(numbers)) for token in side] for side in (query_tokens, key_tokens))
    same = np.array(queries)[:, None] == np.array(keys)
    after = np.zeros_like(same)
    after[:, 1:] = same[:, :-1]
    return {"same token": same, "induction": after}


# What a head is.


def head_kinds(attention: Attention, query_tokens: Tokens = (), key_tokens: Tokens = ()) -> tuple[HeadKind, ...]:
    """What each head is, (heads,), by the definitions of KINDS; without tokens none is same token or induction."""
    worth = {
        name: _worth(attention, pattern)
        for name, pattern in _patterns(attention, query_tokens, key_tokens).items()
    }  # fmt: skip
    evenness = _evenness(attention)
    return tuple(
        _kind({name: (worths[head], scores[head]) for name, (scores, worths) in worth.items()}, evenness[head])
        for head in range(attention.num_heads)
    )


def _kind(worth: dict[str, tuple[float, float]], evenness: float) -> HeadKind:
    """The kind of one head, from what it is worth as each and its scores; of equals, the first."""
    best = max(worth, key=lambda name: worth[name][0])
    if worth[best][0] >= LEAST:
        return HeadKind(best, float(worth[best][1]))
    spread = "empty" if np.isnan(evenness) else "broad" if evenness >= BROAD else "mixed"
    return HeadKind(spread, float(evenness))


def _patterns(attention: Attention, query_tokens: Tokens, key_tokens: Tokens) -> dict[str, Pattern]:
    """Where heads of each kind look, before and after the query."""
    places, keys = attention.positions, attention.key_length
    at, here = np.arange(keys), places[:, None]
    found = _by_token(query_tokens, key_tokens)
    return {
        **{name: Pattern(there, there) for name, there in _by_place(places, keys).items()},
        **{name: Pattern(found[name] & (at - after != here), found[name]) for name, after in AFTER.items() if found},
    }


def _worth(attention: Attention, pattern: Pattern) -> tuple[Shares, Shares]:
    """The share of the weight that counts for a kind, and how far that is above even weights: both (heads,)."""
    weights, mask = attention.weights, attention.mask
    row_totals = _rows(weights, np.ones(mask.shape[-2:], dtype=np.bool_))  # (heads, queries)
    judged = (mask & pattern.telling).any(axis=-1) & (row_totals > 0)
    total = np.where(judged, row_totals, 0).sum(axis=-1)
    telling, counted = (np.where(judged, _rows(weights, keys), 0).sum(axis=-1) for keys in pattern)
    score, even = _share(counted, total), _even(mask, pattern.counted, judged)
    worth = np.divide(score - even, 1 - even, out=np.full(score.shape, -np.inf), where=even < 1)
    queries = np.count_nonzero(judged, axis=-1)
    possible = (queries >= max(FEWEST, ENOUGH * judged.shape[-1])) & (telling >= ELSEWHERE * counted)
    return score, np.where(possible, worth, -np.inf)


def _even(mask: Mask, counted: Mask, judged: Mask) -> Shares:
    """The share of the keys seen that counts, the mean over the queries judged by: (heads,); 1 where none is."""
    seen = np.count_nonzero(mask, axis=-1)
    shares = np.count_nonzero(mask & counted, axis=-1) / np.maximum(seen, 1)
    sums, queries = np.where(judged, shares, 0).sum(axis=-1), np.count_nonzero(judged, axis=-1)
    return np.divide(sums, queries, out=np.ones(sums.shape), where=queries > 0)


def _evenness(attention: Attention) -> Shares:
    """Entropy as a share of its ceiling, (heads,): 1 where the mask leaves no choice, NaN where there is no weight."""
    rows = measure(attention)
    known = ~np.isnan(rows.entropy)
    entropy, ceiling = (np.where(known, each, 0).sum(axis=-1, dtype=np.float64) for each in (rows.entropy, rows.ceiling))
    shares = np.divide(entropy, ceiling, out=np.ones(entropy.shape), where=ceiling > 0)
    return np.where(known.any(axis=-1), np.minimum(shares, 1), np.nan)


def _total(weights: Floats, keys: Mask) -> Shares:
    return _rows(weights, keys).sum(axis=-1)


def _rows(weights: Floats, keys: Mask) -> Shares:
    """The weight that each query puts on some keys, (…, heads, queries); 0 where its weights are not finite."""
    sums: NDArray[Any] = np.einsum("...qk,qk->...q", weights, keys.astype(weights.dtype)).astype(np.float64)
    return np.where(np.isfinite(sums), sums, 0)


def _share(part: Shares, whole: Shares) -> Shares:
    return np.clip(np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0), 0, 1)
