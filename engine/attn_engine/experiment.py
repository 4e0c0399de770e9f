"""The experiment: everything that decides the numbers, as one frozen value.

Neither this module nor the notation loads NumPy, so that options and help can be read at once.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from .budget import PER_DRAWN, PER_INPUT, PER_SCORE, most_told, most_within

Align = Literal["left", "right"]
Scale = float | str

SCALED = "1/√d_k"
UNSCALED = "none"

# What a field may be, with a sentence each. A name is also a function: in sources.py, in normalisers.py.

SOURCES: dict[str, str] = {
    "sample": "a real model's attention on one sentence: all-MiniLM-L6-v2, 6 layers × 12 heads",
    "random": "independent N(0,1) queries, keys and values",
    "projected": "X·W_q, X·W_k, X·W_v of one N(0,1) sequence X, W of variance 2/d_model, and W_O",
    "cross": "queries as projected of X, keys and values of another N(0,1) sequence Y",
    "positions": "sinusoidal position codes; head h looks h positions back",
    "clusters": "four groups whose members find each other",
    "repeat": "a sequence twice over: even heads see the copy, odd heads what followed it",
    "file": "real attention from a file: .npy, .npz or .safetensors",
    "preset": "a known system's shapes and heads, numbers made: near places find each other",
}

NORMALISERS: dict[str, str] = {
    "softmax": "exp(s) over the sum of the keys seen",
    "softmax1": "softmax with one more exp(0) in the sum: a head may look nowhere",
    "sink_logit": "softmax with one learned logit more, dropped afterwards: sink_logit(x)",
    "sigmoid": "σ(s − ln n), no competition between keys",
    "sparsemax": "the nearest point of the simplex, with exact zeros",
}

ALIGNMENTS: dict[str, str] = {
    "left": "query i stands at key i",
    "right": "the last query stands at the last key, as with a KV cache",
}

ROPES: dict[str, str] = {
    "off": "queries and keys as they are",
    "on": "queries and keys rotated by their positions, base 10000",
}

HIDES_NOTHING = ("full", "true")
"""Masks as they are written that let every query see every key."""

FIRST = -1
"""The layer that is the first there is, whatever its number."""

OF_A_MADE_SOURCE = ("query_length", "key_length", "num_heads", "num_key_heads", "head_dim", "seed")
"""The fields that say what a made source is; a file has what it has."""

OF_THE_SOURCE = ("source", "preset", "file", "tokens_file", "capture_set", "batch_item", *OF_A_MADE_SOURCE)
"""The fields that decide what the inputs are of: with the layer, all that decides them before they are rotated."""

MAX_SCORES = 2**24
"""How many scores (heads × queries × keys) are made at once, 64 MiB of float32 for each stage; beyond, see `far`."""

MAX_INPUTS = 2**25
"""How many numbers may be drawn for one experiment."""

MAX_DRAWN = 2**27
"""How many of query and key may be drawn by and by, where the scores are not made: one head of 1,048,576 × 64."""

DRAWN_BY_AND_BY = ("random",)
"""The sources of which a part can be drawn after the other."""

BLOCK = 64
"""Columns are drawn in blocks of this many; wider arrays add streams instead of shifting numbers."""


class FieldError(ValueError):
    """A field of an experiment with a value that cannot be had; the message says what is possible."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Experiment:
    """Everything that decides the numbers of one picture.

    Lengths, heads, head dim and rope are those asked for; a source that brings its own (`sample`, `preset`) does not
    use them. `num_key_heads` is 0 for as many as heads; else heads share them evenly (arXiv 2305.13245).
    `mask` and `score_mod` are rules in the notation. `layer` counts from 0, or is the number that the
    file gives the layer; FIRST is the first there is. A source of one layer has no other.
    `preset` is one of `PRESETS`, for the source of that name; its mask is not set by itself. `file` is a path, for
    the source of that name; `tokens_file` another, with its tokens; `capture_set` one of its sets, the first if empty.
    """

    source: str = "sample"
    query_length: int = 20
    key_length: int = 20
    num_heads: int = 4
    head_dim: int = 64
    scale: Scale = SCALED
    temperature: float = 1.0
    mask: str = "full"
    score_mod: str = "none"
    normaliser: str = "softmax"
    align: Align = "left"
    seed: int = 0
    layer: int = 3
    num_key_heads: int = 0
    rope: str = "off"
    preset: str = "bert"
    file: str = ""
    tokens_file: str = ""
    capture_set: str = ""
    batch_item: int = 0


def parse_normaliser(text: str) -> tuple[str, tuple[float, ...]]:
    """A normaliser's name and its numbers: "sink_logit(0.5)" is ("sink_logit", (0.5,)).

    Raises ValueError, naming what is possible.
    """
    match = re.fullmatch(r"\s*(\w+)\s*(?:\(([^()]*)\))?\s*", text)
    name, argument = match.groups() if match else ("", None)
    number = _finite(argument) if argument is not None else None
    takes_number = name == "sink_logit"
    if name not in NORMALISERS or (argument is not None and (number is None or not takes_number)):
        raise ValueError(f"normaliser {text!r}; possible are {', '.join(normaliser_signatures())}")
    return (name, (number,)) if number is not None else (name, ())


def normaliser_signatures() -> tuple[str, ...]:
    """The normalisers as they are typed."""
    return tuple(f"{name}(x)" if name == "sink_logit" else name for name in NORMALISERS)


def too_many_scores(experiment: Experiment) -> bool:
    """Whether the scores are more than are made at once: of a source that draws numbers, not of a file."""
    made = experiment.source not in ("sample", "preset", "file")
    return made and experiment.num_heads * experiment.query_length * experiment.key_length > most_scores()


def most_scores() -> int:
    """How many scores are made at once, on this machine."""
    return most_within(MAX_SCORES, PER_SCORE)


def most_scores_told() -> str:
    """The same in words."""
    return most_told(MAX_SCORES, PER_SCORE)


def check_scores(experiment: Experiment) -> None:
    """Raise ValueError, with the arithmetic, for an experiment with more scores than are made at once."""
    if too_many_scores(experiment):
        raise ValueError(f"{arithmetic(experiment)}; at most {most_scores_told()} are computed")


def arithmetic(experiment: Experiment) -> str:
    """How many scores there are, and of what."""
    heads, queries, keys = experiment.num_heads, experiment.query_length, experiment.key_length
    told = f"{heads:,} head{'s' if heads > 1 else ''} × {queries:,} queries × {keys:,} keys"
    return f"{told} is {heads * queries * keys:,} scores"


def check_size(experiment: Experiment) -> None:
    """Raise ValueError, with the arithmetic, for an experiment with too many numbers to draw, or empty."""
    heads, queries, keys = experiment.num_heads, experiment.query_length, experiment.key_length
    if min(heads, queries, keys, experiment.head_dim) < 1:
        raise ValueError(
            f"{heads} heads, {queries} queries, {keys} keys, d_k {experiment.head_dim}; each is at least 1"
        )
    if drawn_by_and_by(experiment):
        _check_drawn(experiment)
        return
    positions, wide = queries + 2 * keys, _drawn(experiment.head_dim)
    if (inputs := heads * positions * wide) > most_within(MAX_INPUTS, PER_INPUT):
        raise ValueError(
            f"{heads:,} heads × {positions:,} positions × {_width(experiment)} is {inputs:,} "
            f"numbers of query, key and value; at most {most_told(MAX_INPUTS, PER_INPUT)} are made"
        )


def drawn_by_and_by(experiment: Experiment) -> bool:
    """Whether queries and keys are drawn a part after the other, and no values."""
    return too_many_scores(experiment) and experiment.source in DRAWN_BY_AND_BY


def _check_drawn(experiment: Experiment) -> None:
    heads, queries, keys = experiment.num_heads, experiment.query_length, experiment.key_length
    numbers = heads * (queries + keys) * _drawn(experiment.head_dim)
    if numbers > most_within(MAX_DRAWN, PER_DRAWN):
        raise ValueError(
            f"{heads:,} heads × ({queries:,} queries + {keys:,} keys) × {_width(experiment)} is {numbers:,} "
            f"numbers of query and key; at most {most_told(MAX_DRAWN, PER_DRAWN)} are made"
        )


def _width(experiment: Experiment) -> str:
    wide = _drawn(experiment.head_dim)
    told = f"d_k {experiment.head_dim:,}"
    return told if wide == experiment.head_dim else f"{told} (drawn {wide:,} wide)"


def check_key_heads(num_heads: int, num_key_heads: int) -> None:
    """Raise FieldError, naming what is possible, unless the heads share that many key heads evenly; 0 is all."""
    if num_key_heads < 0 or (num_key_heads and num_heads % num_key_heads):
        even = [count for count in range(1, num_heads + 1) if num_heads % count == 0]
        possible = ", ".join(map(str, even if len(even) <= 12 else [*even[:11], "…", even[-1]]))
        message = f"{num_heads:,} heads cannot share {num_key_heads:,} key heads evenly; possible are {possible}"
        raise FieldError("num_key_heads", f"{message}, and 0 for as many as heads")


def check_projections(num_heads: int, head_dim: int) -> None:
    """Raise ValueError, with the arithmetic, for projections too large to draw at a key press."""
    model = num_heads * head_dim
    numbers = model * (3 * num_heads * _drawn(head_dim) + _drawn(model))
    if numbers > most_within(MAX_INPUTS, PER_INPUT):
        raise ValueError(
            f"{num_heads:,} heads × d_k {head_dim:,} is a model of width {model:,}, with {numbers:,} numbers in "
            f"W_q, W_k, W_v and W_O; at most {most_told(MAX_INPUTS, PER_INPUT)} are made"
        )


def _drawn(columns: int) -> int:
    return -(-columns // BLOCK) * BLOCK


def _finite(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
