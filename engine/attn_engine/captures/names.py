"""What the names of arrays say: which role an array has, in which set, of which layer and step."""

from __future__ import annotations

import re
from dataclasses import dataclass

ROLES = {
    "tokens": ("tokens",),
    "mask": ("mask", "masks"),
    "scale": ("scale", "scaling"),
    "query": ("query", "queries", "q"),
    "key": ("key", "keys", "k"),
    "value": ("value", "values", "v"),
}
"""Words that give an array its role, the first that is found."""

CAUSAL = (["causal"], ["is", "causal"])
"""Whole names of what says that a mask is causal: a causal_mask is a mask, and causal_attention weights."""

WEIGHTS = {
    3: ("weights", "pattern", "patterns", "probs", "prob", "probabilities"),
    2: ("attention", "attentions", "attn", "attns", "att", "crossattention", "crossattentions"),
    1: ("layer", "layers", "block", "blocks", "h", "arr", "step", "steps", ""),
}
"""Words of weights: where several families of arrays could be weights, the higher rank is."""

NUMBERED = {*WEIGHTS[2], *WEIGHTS[1], *WEIGHTS[3], "head", "heads"} | {
    word for words in ROLES.values() for word in words
}
PARAMETER = re.compile(r".[.](weight|bias)$")


@dataclass(frozen=True)
class Named:
    """A name understood. `role` is empty where it is not; `template` is the name with # for its numbers."""

    role: str
    set: str
    rank: int
    template: str
    layer: int | None = None
    step: int | None = None


def understood(name: str) -> Named:
    """What a name says: `decoder_attentions.12.3` is step 12 of layer 3 of the decoder's weights."""
    pairs = _pairs(name)
    words = [word for word, _ in pairs]
    template = re.sub(r"\d+", "#", name)
    role, rank = ("parameter", 0) if PARAMETER.search(name) else _role(words)
    if any(word in ("head", "heads") and number is not None for word, number in pairs):
        role, rank = "", 0  # one array a head
    return Named(role, _set(words), rank, template, *_numbers(pairs))


def _pairs(name: str) -> list[tuple[str, int | None]]:
    """Words with the number that follows: layer3, layer_3 and layer.3 are ("layer", 3); 3 alone is ("", 3)."""
    pairs: list[tuple[str, int | None]] = []
    for piece in re.findall(r"[^\W_]+", name.lower()):
        word, digits = re.fullmatch(r"(.*?)(\d*)", piece).groups()  # type: ignore[union-attr]
        if len(digits) > 9 or (word and digits and word not in NUMBERED):
            word, digits = piece, ""  # wav2vec2
        number = int(digits) if digits else None
        if not word and pairs and pairs[-1][1] is None:
            pairs[-1] = (pairs[-1][0], number)
        else:
            pairs.append((word, number))
    return pairs


def _role(words: list[str]) -> tuple[str, int]:
    if words in CAUSAL:
        return "causal", 3
    for role, known in ROLES.items():
        if any(word in known for word in words):
            return role, 3 - (words[-1] not in known)
    for rank, known in WEIGHTS.items():
        if any(word in known for word in words):
            return "weights", rank
    return "", 0


def _set(words: list[str]) -> str:
    has = {word for word in words if word in ("encoder", "decoder", "cross")}
    if "cross" in has or has >= {"encoder", "decoder"} or any(word.startswith("crossatt") for word in words):
        return "cross"
    return next(iter(has), "")


def _numbers(pairs: list[tuple[str, int | None]]) -> tuple[int | None, int | None]:
    """Layer and step: named ones, else the last number and the one before it."""
    layer = next((number for word, number in pairs if word in ("layer", "layers", "block", "blocks", "h")), None)
    step = next((number for word, number in pairs if word in ("step", "steps")), None)
    free = [number for word, number in pairs if number is not None and word not in ("step", "steps")]
    if layer is None and free:
        layer = free[-1]
        if step is None and len(free) > 1:
            step = free[-2]
    return layer, step
