"""Files of arrays for the tests of captures, written from the formats' specifications."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import CaptureError, open_capture
from attn_engine.captures.disk import Disk

STREAM = np.random.default_rng(0)
CODES = {
    "bool": "BOOL",
    "uint8": "U8",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}


def safetensors_bytes(arrays: dict[str, Any], codes: dict[str, str] | None = None, **metadata: str) -> bytes:
    """The bytes of a .safetensors file: eight of the header's length, JSON, data. `codes` name types NumPy has not."""
    header: dict[str, Any] = {"__metadata__": metadata} if metadata else {}
    data = b""
    for name, array in arrays.items():
        little = np.ascontiguousarray(array.astype(array.dtype.newbyteorder("<")))
        code = (codes or {}).get(name) or CODES[array.dtype.name]
        span = [len(data), len(data) + little.nbytes]
        header[name] = {"dtype": code, "shape": list(array.shape), "data_offsets": span}
        data += little.tobytes()
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def safetensors_of(folder: Path, arrays: dict[str, Any], codes: dict[str, str] | None = None, **metadata: str) -> Path:
    path = folder / "capture.safetensors"
    path.write_bytes(safetensors_bytes(arrays, codes, **metadata))
    return path


def npy_of(folder: Path, array: Any) -> Path:
    path = folder / "capture.npy"
    np.save(path, array, allow_pickle=True)
    return path


def npz_of(folder: Path, arrays: dict[str, Any]) -> Path:
    path = folder / "capture.npz"
    np.savez(path, **arrays)
    return path


def packed_of(folder: Path, arrays: dict[str, Any]) -> Path:
    path = folder / "packed.npz"
    np.savez_compressed(path, **arrays)
    return path


WRITERS = {"npz": npz_of, "compressed npz": packed_of, "safetensors": safetensors_of}


def random_weights(*shape: int) -> Any:
    """Numbers in 0 … 1, float32, others at every call."""
    return STREAM.random(shape, dtype=np.float32)


def bytes_read(patch: pytest.MonkeyPatch) -> list[int]:
    """How many bytes each read of a file takes from now on."""
    counts: list[int] = []
    first = Disk.read

    def counted(self: Disk, offset: int, count: int) -> bytes:
        counts.append(count)
        return first(self, offset, count)

    patch.setattr(Disk, "read", counted)
    return counts


def refused(path: Path | str, **options: Any) -> CaptureError:
    """The error of a file that is refused: one line, with nothing in it that a terminal obeys."""
    with pytest.raises(CaptureError) as caught:
        open_capture(path, **options)
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()
    assert "allow_pickle" not in str(caught.value)
    return caught.value
