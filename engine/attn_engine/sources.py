"""Where queries, keys and values come from.

More positions, heads or (up to a block of 64) columns leave the numbers that were there as they were: see `draws`.
A name in `experiment.SOURCES` is a function here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .captured import Captured
from .draws import Floats, normal, sharp, sinusoids, stream
from .experiment import (
    FIRST,
    ROPES,
    SOURCES,
    Align,
    Experiment,
    FieldError,
    check_key_heads,
    check_projections,
    check_size,
    too_many_scores,
)
from .opened import is_long, numbered, one_at_a_time, set_of
from .places import queries_and_keys
from .presets import PRESETS
from .reading import read_layer

GROUPS = 4

OWN_SHAPE = frozenset({"query_length", "key_length", "num_heads", "num_key_heads", "head_dim", "rope"})
"""What a source decides that brings positions and heads of its own."""


OF_A_FILE = frozenset({"capture_set", "batch_item"})
"""What only a file has several of."""


@dataclass(frozen=True, eq=False)
class Inputs:
    """What attention is computed from: query (heads, queries, d), key and value (key heads, keys, d), and labels."""

    query: Floats
    key: Floats
    value: Floats
    output_projection: Floats | None = None
    query_tokens: tuple[str, ...] = ()
    key_tokens: tuple[str, ...] = ()
    layers: tuple[int, ...] = (0,)
    """The numbers of the layers there are: 0, 1, …, or those that a file gives them."""
    fixed: frozenset[str] = frozenset()
    """The fields of the experiment that this source decides by itself."""
    captured: Captured | None = None
    """What a file holds beside or instead of query, key and value."""
    query_grid: tuple[int, int] | None = None
    key_grid: tuple[int, int] | None = None
    """Rows and columns, where positions are the cells of a picture, counted row by row."""

    @property
    def num_layers(self) -> int:
        """How many layers there are."""
        return len(self.layers)


def inputs(experiment: Experiment, only: int | None = None) -> Inputs:
    """The inputs of an experiment. Raises ValueError for a source, a size, a seed or a layer that cannot be had."""
    check_inputs(experiment)
    if experiment.source == "file":
        return file(experiment, only)
    made: Inputs = globals()[experiment.source](experiment)
    return replace(made, fixed=made.fixed | OF_A_FILE)


def check_inputs(experiment: Experiment) -> None:
    """Raise ValueError for a source, a size or a seed that cannot be had; of a file nothing is read."""
    if experiment.source not in SOURCES:
        raise FieldError("source", f"{experiment.source!r} is no source; possible are {', '.join(SOURCES)}")
    if experiment.source not in ("sample", "file") and experiment.seed < 0:
        raise FieldError("seed", f"{experiment.seed} is no seed; possible are 0 …")
    if experiment.source not in ("sample", "preset", "file"):
        check_size(experiment)
        check_key_heads(experiment.num_heads, experiment.num_key_heads)
    if experiment.source in ("projected", "cross"):
        check_projections(experiment.num_heads, experiment.head_dim)


def is_far(experiment: Experiment) -> bool:
    """Whether an experiment has more scores than are made, though what they are made of can be had; see `far`."""
    if experiment.source != "file":
        return too_many_scores(experiment)
    try:
        return is_long(experiment)
    except ValueError:  # of a file that cannot be read, which is told where it is to be shown
        return False


def layer_of(experiment: Experiment) -> int:
    """The number of the layer; 0 for the FIRST where there is one. Of a file no numbers are read.

    Raises FieldError for a layer that is not there, CaptureError for a file that cannot be used.
    """
    if experiment.source == "file":
        return numbered(experiment.layer, set_of(experiment).layer_numbers)
    if experiment.source == "sample":
        return numbered(experiment.layer, range(len(_sample_file()["query"])), "no layer of the sample")
    return 0 if experiment.layer == FIRST else experiment.layer


@dataclass(frozen=True)
class Size:
    """How much an experiment is: layers, heads of each, how many of them are computed together, and positions.

    `of_weights` says that a file has weights.
    """

    num_layers: int
    num_heads: int
    heads_at_once: int
    query_length: int
    key_length: int
    of_weights: bool = False


def size_of(experiment: Experiment) -> Size:
    """The size of an experiment, of a file without reading its numbers. Raises as `inputs` does."""
    if experiment.source == "file":
        found = set_of(experiment)
        together = 1 if one_at_a_time(experiment) else found.num_heads
        lengths = found.query_length, found.key_length
        return Size(found.num_layers, found.num_heads, together, *lengths, of_weights=found.has_weights)
    if experiment.source in ("sample", "preset"):
        made = inputs(experiment)
        heads, queries, keys = made.query.shape[0], made.query.shape[1], made.key.shape[1]
        return Size(made.num_layers, heads, heads, queries, keys)
    heads, queries, keys = experiment.num_heads, experiment.query_length, experiment.key_length
    check_size(experiment)
    return Size(1, heads, heads, queries, keys)


def file(experiment: Experiment, only: int | None = None) -> Inputs:
    """One layer of a captured file; of a layer too large for all its heads, `only` one of them."""
    read = read_layer(experiment, only)
    return Inputs(
        read.query,
        read.key,
        read.value,
        None,
        read.query_tokens,
        read.key_tokens,
        read.layers,
        read.fixed,
        captured=read.captured,
    )


def sample(experiment: Experiment) -> Inputs:
    """One layer of all-MiniLM-L6-v2 reading "The animal didn't cross the street because it was too tired."."""
    arrays, layer = _sample_file(), layer_of(experiment)
    layers = tuple(range(len(arrays["query"])))
    tokens = tuple(str(token) for token in arrays["tokens"])
    query, key, value = (arrays[name][layer] for name in ("query", "key", "value"))
    return Inputs(query, key, value, None, tokens, tokens, layers, OWN_SHAPE | {"seed"})


def random(experiment: Experiment) -> Inputs:
    """Independent N(0,1) entries: the protocol of the scaling experiment."""
    query = normal("query", experiment.query_length, experiment.head_dim, experiment)
    key = normal("key", experiment.key_length, experiment.head_dim, _of_keys(experiment))
    return Inputs(query, key, _values(experiment), fixed=frozenset({"layer"}))


def projected(experiment: Experiment) -> Inputs:
    """Heads of one sequence X ~ N(0,1) by random projections of variance 2/d_model, d_model = heads · d_k."""
    x = _sequence("x", max(experiment.query_length, experiment.key_length), experiment)
    return _projections(x, x, experiment)


def cross(experiment: Experiment) -> Inputs:
    """As `projected`, with the same X for the queries; keys and values come from another sequence, Y ~ N(0,1)."""
    x = _sequence("x", experiment.query_length, experiment)
    y = _sequence("y", experiment.key_length, experiment)
    return _projections(x, y, experiment)


def positions(experiment: Experiment) -> Inputs:
    """Sinusoidal position codes (arXiv 1706.03762, 3.5), so that near positions attend."""
    heads = np.arange(experiment.num_heads)[:, None]
    query = sinusoids(np.arange(experiment.query_length) - heads, experiment.head_dim)
    key = sinusoids(np.arange(experiment.key_length) + 0 * heads[: _of_keys(experiment).num_heads], experiment.head_dim)
    return Inputs(query, key, _values(experiment), fixed=frozenset({"layer"}))


def clusters(experiment: Experiment) -> Inputs:
    """Positions of four groups, A to D, drawn at random; each key head has centres of its own for them."""
    length = max(experiment.query_length, experiment.key_length)
    members = stream("members", experiment.seed).integers(GROUPS, size=length)
    of_keys = _of_keys(experiment)
    centres = normal("centres", GROUPS, experiment.head_dim, of_keys)  # (key heads, groups, d)
    query, key = (
        sharp(at[:, members[:count]], experiment.head_dim) + normal(name, count, experiment.head_dim, heads) / 2
        for name, count, at, heads in (
            ("query", experiment.query_length, centres[_shared(experiment)], experiment),
            ("key", experiment.key_length, centres, of_keys),
        )
    )
    names = tuple("ABCD"[group] for group in members)
    query_tokens, key_tokens = names[: experiment.query_length], names[: experiment.key_length]
    return Inputs(query, key, _values(experiment), None, query_tokens, key_tokens, fixed=frozenset({"layer"}))


def repeat(experiment: Experiment) -> Inputs:
    """A sequence twice over: key_length/2 different tokens, then the same again.

    In an even key head a query finds its own token. In an odd one a key carries the token before it, so a query
    finds what followed its token: the induction pattern (Olsson et al. 2022, arXiv 2209.11895).
    """
    period = (experiment.key_length + 1) // 2
    embeddings = normal("embeddings", period, experiment.head_dim, _of_keys(experiment))  # (key heads, period, d)
    at_query = np.arange(experiment.query_length) % period
    at_key = np.arange(experiment.key_length) % period
    query, key = embeddings[_shared(experiment)][:, at_query], embeddings[:, at_key].copy()
    key[1::2] = np.roll(key[1::2], 1, axis=1)
    sharp_query, sharp_key = (sharp(array, experiment.head_dim) for array in (query, key))
    query_tokens, key_tokens = (tuple(_letters(int(at)) for at in places) for places in (at_query, at_key))
    return Inputs(
        sharp_query, sharp_key, _values(experiment), None, query_tokens, key_tokens, fixed=frozenset({"layer"})
    )


def preset(experiment: Experiment) -> Inputs:
    """One of eight known systems: its labels, lengths and heads, with made numbers (see `places`)."""
    if experiment.preset not in PRESETS:
        raise FieldError("preset", f"{experiment.preset!r} is no preset; possible are {', '.join(PRESETS)}")
    chosen = PRESETS[experiment.preset]
    query, key = queries_and_keys(chosen, experiment.seed)
    return Inputs(
        query,
        key,
        normal("value", chosen.key_length, chosen.head_dim, replace(experiment, num_heads=chosen.heads)),
        query_tokens=chosen.query_labels,
        key_tokens=chosen.key_labels,
        fixed=OWN_SHAPE | {"layer"},
        query_grid=chosen.query_grid,
        key_grid=chosen.key_grid,
    )


def rotated(given: Inputs, align: Align) -> Inputs:
    """The inputs with queries and keys rotated by their positions (RoPE, arXiv 2104.09864); values stay.

    Columns 2i and 2i + 1 turn together by position · 10000^(−2i/d), as in the paper (Llama's files pair i with
    i + d/2: the same up to an order of columns); an odd last column stays. Aligned right, the last query stands
    at the last key.
    """
    queries, keys = given.query.shape[-2], given.key.shape[-2]
    shift = keys - queries if align == "right" else 0
    return replace(given, query=turned(given.query, np.arange(queries) + shift), key=turned(given.key, np.arange(keys)))


def check_rope(rope: str) -> None:
    """Raise FieldError, naming what is possible, for a rotation that is none."""
    if rope not in ROPES:
        raise FieldError("rope", f"rope is {rope!r}; possible are {', '.join(ROPES)}")


def _sequence(name: str, length: int, experiment: Experiment) -> Floats:
    """N(0,1) numbers of a sequence that every head sees, (length, d_model)."""
    return normal(name, length, experiment.num_heads * experiment.head_dim, replace(experiment, num_heads=1))[0]


def _projections(x: Floats, y: Floats, experiment: Experiment) -> Inputs:
    """Queries X·W_q, keys Y·W_k and values Y·W_v of as many positions as asked for, and W_O."""
    model = x.shape[-1]
    deviation = np.float32(math.sqrt(2 / model))
    of_keys = _of_keys(experiment)
    query, key, value = (
        sequence @ (normal(name, model, experiment.head_dim, heads) * deviation)
        for name, sequence, heads in (("w_q", x, experiment), ("w_k", y, of_keys), ("w_v", y, of_keys))
    )
    w_o = normal("w_o", model, model, replace(experiment, num_heads=1))[0] * deviation
    queries, keys = experiment.query_length, experiment.key_length
    return Inputs(query[:, :queries], key[:, :keys], value[:, :keys], w_o, fixed=frozenset({"layer"}))


def turned(vectors: Floats, places: NDArray[Any]) -> Floats:
    """Vectors (…, positions, d) rotated by the places that they stand at, (positions,)."""
    width = vectors.shape[-1] // 2 * 2
    angles = places[:, None] * 10000.0 ** (-np.arange(0, width, 2) / vectors.shape[-1])  # (positions, pairs)
    cosine, sine = np.cos(angles).astype(vectors.dtype), np.sin(angles).astype(vectors.dtype)
    even, odd = vectors[..., 0:width:2], vectors[..., 1:width:2]
    turned = vectors.copy()
    turned[..., 0:width:2] = even * cosine - odd * sine
    turned[..., 1:width:2] = even * sine + odd * cosine
    return turned


def _of_keys(experiment: Experiment) -> Experiment:
    """The experiment with as many heads as keys and values have."""
    return replace(experiment, num_heads=experiment.num_key_heads or experiment.num_heads)


def _shared(experiment: Experiment) -> NDArray[np.int64]:
    """The key head that each head uses, (heads,)."""
    return np.arange(experiment.num_heads) * _of_keys(experiment).num_heads // experiment.num_heads


def _values(experiment: Experiment) -> Floats:
    return normal("value", experiment.key_length, experiment.head_dim, _of_keys(experiment))


def _letters(number: int) -> str:
    """A … Z, then AA, AB …, as the columns of a spreadsheet."""
    text = ""
    while number >= 0:
        number, last = divmod(number, 26)
        text, number = chr(ord("A") + last) + text, number - 1
    return text


@lru_cache(maxsize=1)
def _sample_file() -> dict[str, NDArray[Any]]:
    with files(__package__).joinpath("data/minilm-animal.npz").open("rb") as file:
        arrays = np.load(file)
        return {name: arrays[name] for name in ("query", "key", "value", "tokens")}
