"""The types of elements that captures hold, and how each becomes float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..notation.errors import quoted

Floats = NDArray[np.float32]
Raw = NDArray[Any]


@dataclass(frozen=True, eq=False)
class Element:
    """One type: its name, how its bytes are read, and how they are written as float32; why it cannot be used, if so."""

    name: str
    dtype: np.dtype[Any]
    decode: Callable[[Raw, Floats], None]
    refusal: str = ""


def _plain(raw: Raw, out: Floats) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        out[...] = raw


def _half(raw: Raw, out: Floats) -> None:
    """By table: the processor takes several times as long over each of the small numbers that attention is full of."""
    _table_half().take(raw.view(np.uint16), mode="wrap", out=out)


def _truth(raw: Raw, out: Floats) -> None:
    """True is whatever byte is not 0."""
    out[...] = raw.view(np.uint8) != 0


def _bfloat16(raw: Raw, out: Floats) -> None:
    """The upper half of a float32."""
    np.left_shift(raw, 16, out=out.view(np.uint32), dtype=np.uint32)


def _e4m3fn(raw: Raw, out: Floats) -> None:
    _table_e4m3fn().take(raw, mode="wrap", out=out)


def _e5m2(raw: Raw, out: Floats) -> None:
    """The upper half of a float16."""
    _half(raw.astype(np.uint16) << 8, out)


@cache
def _table_half() -> Floats:
    """Every float16 as float32, by its bits."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


@cache
def _table_e4m3fn() -> Floats:
    """Sign, 4 bits of exponent (bias 7), 3 of mantissa; no infinity, NaN where all bits are set (arXiv 2209.05433)."""
    code = np.arange(256)
    exponent, mantissa = code >> 3 & 15, code & 7
    size = np.where(exponent, np.ldexp(1 + mantissa / 8, exponent - 7), np.ldexp(mantissa / 8, -6))
    size[code & 127 == 127] = np.nan
    return np.where(code & 128, -size, size).astype(np.float32)


def _of_numpy(dtype: np.dtype[Any]) -> Element:
    decode = _truth if dtype.kind == "b" else _half if dtype == np.float16 and dtype.isnative else _plain
    return Element(dtype.name, dtype, decode)


BFLOAT16 = Element("bfloat16", np.dtype("<u2"), _bfloat16)

SAFETENSORS = {
    "BF16": BFLOAT16,
    "F8_E4M3": Element("float8_e4m3fn", np.dtype("u1"), _e4m3fn),
    "F8_E5M2": Element("float8_e5m2", np.dtype("u1"), _e5m2),
} | {
    name: _of_numpy(np.dtype(code))
    for name, code in {
        "BOOL": "?",
        "U8": "u1",
        "I8": "i1",
        "U16": "<u2",
        "I16": "<i2",
        "U32": "<u4",
        "I32": "<i4",
        "U64": "<u8",
        "I64": "<i8",
        "F16": "<f2",
        "F32": "<f4",
        "F64": "<f8",
    }.items()
}

REFUSED = {
    "O": "Python objects, which are not read: they can run code; save numbers",
    "c": "complex numbers: attention is real",
    "S": "text",
    "U": "text",
}


NAMES = {"O": "objects", "S": "text", "U": "text", "V": "void"}


def element_of(dtype: np.dtype[Any]) -> Element:
    """The element of a NumPy type. Two bytes of no type are what bfloat16 is saved as (ml_dtypes, JAX)."""
    if dtype.kind in "biuf":
        return _of_numpy(dtype)
    if dtype == np.dtype("V2"):
        return BFLOAT16
    reason = REFUSED.get(dtype.kind, f"{quoted(str(dtype))}: neither numbers nor true and false")
    if dtype == np.dtype("V1"):
        reason = "bytes of no type: float8 is read from .safetensors, where its kind is told"
    return Element(NAMES.get(dtype.kind, dtype.name), dtype, _plain, reason)


def safetensors_element(code: str) -> Element:
    """The element of a name in a .safetensors header; one that is unknown can be told of, not read."""
    unknown = Element(quoted(code), np.dtype("u1"), _plain, f"elements of type {quoted(code)}, which is not read")
    return SAFETENSORS.get(code, unknown)
