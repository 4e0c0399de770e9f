"""One set of a capture: the layers of an encoder, of a decoder, or between them, all of one shape."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ..experiment import FieldError
from ..npyfiles import ArrayFileError
from .bands import CAUSAL, EVERYTHING, Band, band_of
from .disk import told
from .elements import Floats
from .heads import HeadRows
from .masking import Around, mask_axes, read_mask, read_number
from .pictures import Picture, Slab
from .stored import Store
from .tokens import Labels, Tokens

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Layer:
    """The pictures of one layer: `number` is the file's own, `place` counts the layers of the file from 0."""

    number: int
    place: int
    weights: Picture | None = None
    query: Slab | None = None
    key: Slab | None = None
    value: Slab | None = None

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """(batch, heads, queries, keys)."""
        if self.weights is not None:
            return self.weights.shape
        assert self.query is not None
        assert self.key is not None
        return *self.query.shape[:3], self.key.shape[2]


@dataclass(frozen=True, eq=False)
class CaptureSet:
    """Layers of one shape. Layers, heads and batch items count from 0; reading raises CaptureError, or FieldError
    for a layer, a head or a batch item that there is not.
    """

    name: str
    layers: tuple[Layer, ...]
    store: Store = field(repr=False)
    layers_in_file: int
    masks: Around
    causals: Around
    scales: Around
    labels: Labels = field(default_factory=Labels)

    @property
    def num_layers(self) -> int:
        """How many layers."""
        return len(self.layers)

    @property
    def layer_numbers(self) -> tuple[int, ...]:
        """What the file calls each layer: names may leave some out, or begin at 1."""
        return tuple(layer.number for layer in self.layers)

    @property
    def batch_size(self) -> int:
        """How many batch items."""
        return self.layers[0].shape[0]

    @property
    def num_heads(self) -> int:
        """How many heads, those of the queries."""
        return self.layers[0].shape[1]

    @property
    def num_key_heads(self) -> int:
        """How many heads the keys have; as many as the queries where there are no keys."""
        key = self.layers[0].key
        return self.num_heads if key is None else key.shape[1]

    @property
    def query_length(self) -> int:
        """How many queries."""
        return self.layers[0].shape[2]

    @property
    def key_length(self) -> int:
        """How many keys."""
        return self.layers[0].shape[3]

    @property
    def scores(self) -> int:
        """How many scores, or weights, one head has."""
        return self.query_length * self.key_length

    @property
    def head_dim(self) -> int | None:
        """d_k, where there are queries and keys."""
        query = self.layers[0].query
        return None if query is None else query.shape[3]

    @property
    def has_weights(self) -> bool:
        """Whether the file holds weights."""
        return self.layers[0].weights is not None

    @property
    def has_inputs(self) -> bool:
        """Whether the file holds queries and keys."""
        return self.layers[0].query is not None

    @property
    def has_mask(self) -> bool:
        """Whether the file holds a mask, or says that there was a causal one."""
        number = self.layers[0].number
        return self.masks.of(number) is not None or self.causals.of(number) is not None

    @property
    def dtype(self) -> str:
        """The type of the weights in the file, or of the queries where there are none: float16."""
        picture = self.layers[0].weights or self.layers[0].query
        assert picture is not None
        return picture.array.element.name

    @property
    def prompt_length(self) -> int | None:
        """How many of the queries are the prompt's, in steps of generate(); None in other captures."""
        picture = self.layers[0].weights
        return None if picture is None else picture.prompt_length

    @property
    def key_counts(self) -> NDArray[np.int64] | None:
        """How many keys there were at each query's step, (queries,): weights beyond are 0; None: all of them."""
        picture = self.layers[0].weights
        return None if picture is None else picture.key_counts

    @property
    def token_note(self) -> str:
        """Both numbers, where there are more or fewer tokens than queries or keys; else nothing."""
        return self.labels.note

    def query_tokens(self, batch: int = 0) -> Tokens:
        """One token for each query, or none at all; empty ones where there are too few."""
        return self._tokens(self.labels.query, batch)

    def key_tokens(self, batch: int = 0) -> Tokens:
        """One token for each key, or none at all; empty ones where there are too few."""
        return self._tokens(self.labels.key, batch)

    def weights(self, layer: int, head: int, batch: int = 0) -> Floats:
        """One head's weights as they are in the file, float32 (queries, keys)."""
        return self.rows(layer, head, 0, self.query_length, batch)

    def layer(self, layer: int, batch: int = 0) -> Floats:
        """One layer's weights as they are in the file, float32 (heads, queries, keys)."""
        return self._read(layer, range(self.num_heads), range(self.query_length), batch)

    def rows(self, layer: int, head: int, first: int, last: int, batch: int = 0) -> Floats:
        """The weights of the queries first … last − 1 of one head, float32 (last − first, keys)."""
        _check("head", head, self.num_heads)
        if not 0 <= first <= last <= self.query_length:
            raise FieldError("query_length", f"rows {first} … {last} are none of 0 … {self.query_length}")
        return self._read(layer, range(head, head + 1), range(first, last), batch)[0]

    def inputs(self, layer: int, batch: int = 0) -> tuple[Floats, Floats, Floats | None]:
        """One layer's query (heads, queries, d), key and value (key heads, keys, d), float32; the value may be missing.

        Raises FieldError where the set has none.
        """
        at = self._layer(layer, batch)
        query, key = (self._all_of(slab, batch) for slab in _inputs_of(self, at))
        return query, key, None if at.value is None else self._all_of(at.value, batch)

    def mask(self, layer: int, batch: int = 0) -> Bools | None:
        """One layer's mask, True where a query may look, bool (heads or 1, queries, keys); None: the file has none."""
        at = self._layer(layer, batch)
        array, causal = self.masks.of(at.number), self._is_causal(at)
        earlier = np.tri(self.query_length, self.key_length, dtype=np.bool_)[None] if causal else None
        if array is None:
            return earlier
        with told(self.store.disk.path):
            mask = read_mask(self.store, array, self.lengths, at.place, batch)
        return mask if earlier is None else mask & earlier

    def band(self, layer: int, head: int, batch: int = 0) -> Band | None:
        """What one head's mask is, of which a part at a time is read; None where it is no band."""
        at = self._layer(layer, batch)
        if self.masks.of(at.number) is None:
            return CAUSAL if self._is_causal(at) else EVERYTHING
        rows = self.head_rows(layer, head, batch)
        return band_of(rows.seen, self.query_length, self.key_length)

    def mask_head(self, layer: int, head: int) -> int:
        """Whose mask a head has: its own, or that of the first, where all have the same."""
        array = self.masks.of(self._layer(layer, 0).number)
        return head if array is not None and "h" in mask_axes(array, self.lengths) else 0

    def head_rows(self, layer: int, head: int, batch: int = 0) -> HeadRows:
        """One head, of which nothing is read before it is asked for."""
        at = self._layer(layer, batch)
        return HeadRows(self, at, head, batch, self._is_causal(at))

    def _is_causal(self, at: Layer) -> bool:
        """Whether the file says of a layer that query i saw no key beyond i, as torch's is_causal does."""
        array = self.causals.of(at.number)
        with told(self.store.disk.path):
            number = 0 if array is None else read_number(self.store, array, at.place, "is_causal")
            if array is not None and number not in (0, 1):
                raise ArrayFileError(f"{array.told} holds {number:g}: true or false is due")
        return number == 1

    def head_inputs(self, layer: int, head: int, batch: int = 0) -> tuple[Floats, Floats]:
        """One head's query (1, queries, d) and the key (1, keys, d) that it uses, float32, without reading others.

        Raises FieldError where the set has none.
        """
        at = self._layer(layer, batch)
        query, key = _inputs_of(self, at)
        key_head = head * self.num_key_heads // self.num_heads
        return self._head_of(query, batch, head), self._head_of(key, batch, key_head)

    def scale(self, layer: int) -> float | None:
        """What one layer's scores were multiplied by; None where the file does not say."""
        at = self._layer(layer, 0)
        array = self.scales.of(at.number)
        with told(self.store.disk.path):
            return None if array is None else read_number(self.store, array, at.place, "scale")

    def check_beside(self, layer: int) -> None:
        """Raise ArrayFileError where one layer's mask has a shape that fits nothing, or its scale is none."""
        at = self._layer(layer, 0)
        mask = self.masks.of(at.number)
        if mask is not None:
            mask_axes(mask, self.lengths)
        self._is_causal(at)
        self.scale(layer)

    @property
    def lengths(self) -> dict[str, int]:
        """How long each axis of a mask may be."""
        inner = {"h": self.num_heads, "q": self.query_length, "k": self.key_length}
        return {"l": self.layers_in_file, "b": self.batch_size} | inner

    def _read(self, layer: int, heads: range, rows: range, batch: int) -> Floats:
        picture = self._layer(layer, batch).weights
        if picture is None:
            raise FieldError("layer", f"{self.name} holds queries and keys and no weights")
        with told(self.store.disk.path):
            return picture.read(self.store, batch, heads, rows)

    def _all_of(self, slab: Slab, batch: int) -> Floats:
        with told(self.store.disk.path):
            return slab.read(self.store, batch, range(slab.shape[1]), range(slab.shape[2]))

    def _head_of(self, slab: Slab, batch: int, head: int) -> Floats:
        with told(self.store.disk.path):
            return slab.read(self.store, batch, range(head, head + 1), range(slab.shape[2]))

    def _layer(self, layer: int, batch: int) -> Layer:
        _check("layer", layer, self.num_layers)
        _check("batch", batch, self.batch_size)
        return self.layers[layer]

    def _tokens(self, rows: tuple[Tokens, ...], batch: int) -> Tokens:
        _check("batch", batch, self.batch_size)
        return rows[min(batch, len(rows) - 1)]


def _inputs_of(found: CaptureSet, layer: Layer) -> tuple[Slab, Slab]:
    if layer.query is None or layer.key is None:
        raise FieldError("layer", f"{found.name} holds weights and no queries and keys")
    return layer.query, layer.key


def _check(field_name: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise FieldError(field_name, f"{number} is no {field_name}; possible are 0 … {count - 1}")
