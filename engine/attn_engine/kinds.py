"""What each head is: previous token, first token, itself, next token, same token, induction, broad, mixed.

A head is named by the weight of those queries that may see such a key, and looks ahead where the mask allows that;
the published scores, in `detection`, look back alone and count every query. Even weights over the keys seen are worth
0 and all the weight on such keys 1; a head is what it is worth most as, from LEAST on. Of the sample's 72 heads one
comes to 1.00 as a previous token head, one to 0.54 as a next token head and 27 to 0.50 … 0.89 as first token heads;
the others stay below. None of 4,000 random heads of 20 positions comes to 0.3, with a causal mask none to 0.4. A head
that is none of these is broad where its entropy is near what the mask lets it be, as that of the random source's
heads is (0.82 … 0.88), and else mixed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .attention import Attention, Mask
from .detection import AFTER, Shares, Tokens, by_place, by_token, on, share
from .measures import Measures, measure

BROAD = 0.8
"""The share of the entropy's ceiling from which a head is broad."""

KINDS: dict[str, str] = {
    "previous token": "looks at the key before its own place",
    "first token": "looks at the first key",
    "itself": "looks at the key at its own place",
    "next token": "looks at the key after its own place",
    "same token": "looks at its own token where that stands elsewhere; itself counts as well",
    "induction": "looks at what followed its own token elsewhere; the key after itself counts as well",
    "broad": f"is none of the others, with {BROAD:g} or more of the entropy that the mask lets it have",
    "mixed": f"is none of the others, with less than {BROAD:g} of the entropy that the mask lets it have",
    "empty": "has no weight, or none in rows that can be judged",
}
"""Every kind and what a query of such a head does, or what the head is. Same token and induction need tokens."""

LEAST = 0.5
"""How far from even weights (0) to all the weight on such keys (1) a head of a kind has to be."""

ELSEWHERE = 1 / 3
"""How much of the weight on its token, or on what follows it, has to lie beyond the query's own place."""

FEWEST = 4
"""How many queries that may see such a key a kind is judged by at least."""

ENOUGH = 0.25
"""How great a share of all queries they have to be."""


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


@np.errstate(invalid="ignore", over="ignore")
def head_kinds(
    attention: Attention, query_tokens: Tokens = (), key_tokens: Tokens = (), measures: Measures | None = None
) -> tuple[HeadKind, ...]:
    """What each head is, (heads,), by the definitions of KINDS; without tokens none is same token or induction.

    `measures` are those of the attention, where they are at hand; else those that `measure` keeps.
    """
    rows = measures or measure(attention)
    known = ~np.isnan(rows.entropy)
    totals = np.where(known, attention.weights.sum(axis=-1), 0).astype(np.float64)  # (heads, queries)
    patterns = _patterns(attention, query_tokens, key_tokens)
    worth = {name: _worth(attention, totals, pattern) for name, pattern in patterns.items()}
    evenness = _evenness(rows)
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
    found = by_token(query_tokens, key_tokens)
    return {
        **{name: Pattern(there, there) for name, there in by_place(places, keys).items()},
        **{name: Pattern(found[name] & (at - after != here), found[name]) for name, after in AFTER.items() if found},
    }


def _worth(attention: Attention, totals: Shares, pattern: Pattern) -> tuple[Shares, Shares]:
    """The share of the weight that counts for a kind, and how far that is above even weights: both (heads,)."""
    weights, mask = attention.weights, attention.mask
    judged = (mask & pattern.telling).any(axis=-1) & (totals > 0)
    total = np.where(judged, totals, 0).sum(axis=-1)
    counted = np.where(judged, on(weights, pattern.counted), 0).sum(axis=-1)
    one = pattern.telling is pattern.counted
    telling = counted if one else np.where(judged, on(weights, pattern.telling), 0).sum(axis=-1)
    score, even = share(counted, total), _even(mask, pattern.counted, judged)
    worth = np.divide(score - even, 1 - even, out=np.full(score.shape, -np.inf), where=even < 1)
    queries = np.count_nonzero(judged, axis=-1)
    enough = queries >= max(FEWEST, ENOUGH * judged.shape[-1])
    return score, np.where(enough & (telling >= ELSEWHERE * counted), worth, -np.inf)


def _even(mask: Mask, counted: Mask, judged: Mask) -> Shares:
    """The share of the keys seen that counts, the mean over the queries judged by: (heads,); 1 where none is."""
    seen = np.count_nonzero(mask, axis=-1)
    shares = np.count_nonzero(mask & counted, axis=-1) / np.maximum(seen, 1)
    sums, queries = np.where(judged, shares, 0).sum(axis=-1), np.count_nonzero(judged, axis=-1)
    return np.divide(sums, queries, out=np.ones(sums.shape), where=queries > 0)


def _evenness(rows: Measures) -> Shares:
    """Entropy as a share of its ceiling, (heads,): 1 where the mask leaves no choice, NaN where there is no weight."""
    known = ~np.isnan(rows.entropy)
    entropy, ceiling = (
        np.where(known, each, 0).sum(axis=-1, dtype=np.float64) for each in (rows.entropy, rows.ceiling)
    )
    shares = np.divide(entropy, ceiling, out=np.ones(entropy.shape), where=ceiling > 0)
    return np.where(known.any(axis=-1), np.minimum(shares, 1), np.nan)
