"""What is in a capture, as records: arrays, sets, tokens."""

from __future__ import annotations

from dataclasses import dataclass

from .opening import Capture
from .sets import CaptureSet


@dataclass(frozen=True)
class ArrayInfo:
    """An array of a file: its bytes are those it takes unpacked; `layout` is plain, compressed or Fortran order."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    layout: str


@dataclass(frozen=True)
class SetInfo:
    """A set of a capture: the sizes, what there is of it, and one text for tokens that do not fit."""

    name: str
    num_layers: int
    layer_numbers: tuple[int, ...]
    batch_size: int
    num_heads: int
    num_key_heads: int
    query_length: int
    key_length: int
    head_dim: int | None
    dtype: str
    holds: tuple[str, ...]
    prompt_length: int | None
    query_tokens: tuple[str, ...]
    key_tokens: tuple[str, ...]
    token_note: str


@dataclass(frozen=True)
class CaptureInfo:
    """A capture: its file, format and bytes on disk, its arrays, its sets, and notes in words."""

    path: str
    format: str
    nbytes: int
    arrays: tuple[ArrayInfo, ...]
    sets: tuple[SetInfo, ...]
    notes: tuple[str, ...]


def describe(capture: Capture) -> CaptureInfo:
    """What is in a capture; only headers are read."""
    arrays = tuple(
        ArrayInfo(array.name, array.shape, array.element.name, array.nbytes, array.layout) for array in capture.arrays
    )
    sets = tuple(_set_info(each) for each in capture.sets)
    return CaptureInfo(capture.path, capture.format, capture.disk.size, arrays, sets, capture.notes)


def _set_info(found: CaptureSet) -> SetInfo:
    first = found.layers[0]
    there = {
        "weights": first.weights,
        "query": first.query,
        "key": first.key,
        "value": first.value,
        "mask": found.masks.of(first.number),
        "is_causal": found.causals.of(first.number),
        "scale": found.scales.of(first.number),
    }
    return SetInfo(
        name=found.name,
        num_layers=found.num_layers,
        layer_numbers=found.layer_numbers,
        batch_size=found.batch_size,
        num_heads=found.num_heads,
        num_key_heads=found.num_key_heads,
        query_length=found.query_length,
        key_length=found.key_length,
        head_dim=found.head_dim,
        dtype=found.dtype,
        holds=tuple(name for name, picture in there.items() if picture is not None),
        prompt_length=found.prompt_length,
        query_tokens=found.query_tokens(),
        key_tokens=found.key_tokens(),
        token_note=found.token_note,
    )
