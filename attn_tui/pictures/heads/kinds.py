"""What heads are, in words."""

from __future__ import annotations

import math

from attn_engine import KINDS, Attention, HeadKind, LayerOverview, head_kinds, head_scores, measure

from ...remembering import remembered
from ...scene import Scene
from .numbers import number, over

Tokens = tuple[str, ...]

PUBLISHED = ("previous token", "same token", "induction")
"""The kinds that TransformerLens gives a score."""


@remembered
def kinds_of(attention: Attention, query_tokens: Tokens, key_tokens: Tokens) -> tuple[HeadKind, ...]:
    """What each head is; remembered."""
    return head_kinds(attention, query_tokens, key_tokens)


def kinds(scene: Scene) -> tuple[HeadKind, ...]:
    """What each head on the screen is; where all layers are read, as that found."""
    known = scene.layers and scene.layers.of(scene.shown.layer)
    if isinstance(known, LayerOverview):
        return known.kinds[scene.first_head : scene.first_head + scene.attention.num_heads]
    return kinds_of(scene.attention, scene.inputs.query_tokens, scene.inputs.key_tokens)


def scores(scene: Scene) -> dict[str, list[float]]:
    """The published scores of every head, {kind: (heads,)}."""
    return _scores(scene.attention, scene.inputs.query_tokens, scene.inputs.key_tokens)


@remembered
def _scores(attention: Attention, query_tokens: Tokens, key_tokens: Tokens) -> dict[str, list[float]]:
    found = head_scores(attention.weights, query_tokens, key_tokens, attention.positions)
    return {name: score.tolist() for name, score in found.items()}


def words(kind: HeadKind) -> str:
    """A kind and its score: previous token 0.99."""
    return f"{kind.name} {number(kind.score)}"


def brief_words(kind: HeadKind) -> str:
    """The same in at most 15 characters: previous 0.99."""
    return f"{kind.name.removesuffix(' token')} {number(kind.score)}"


def definition(scene: Scene) -> str:
    """What the head on show is, what that means, and the published score where there is one."""
    head, kind = scene.head, kinds(scene)[scene.head]
    counted = over([measure(scene.attention).counted("entropy")[head]], scene.attention.query_length)
    judged = f" {counted}" if counted and not math.isnan(kind.score) else ""
    text = f"head {scene.head_number}, {words(kind)}{judged}: {KINDS[kind.name]}"
    if kind.name not in PUBLISHED:
        return text
    return f"{text} (TransformerLens' score {number(scores(scene)[kind.name][head])})"
