"""Writing captures: as a whole or not at all."""

from __future__ import annotations

import json
import os
import secrets
import stat
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from ..notation.errors import quoted
from ..npyfiles import ArrayFileError
from .disk import told
from .elements import SAFETENSORS
from .tokens import NAMES, as_json

Arrays = dict[str, NDArray[Any]]
NOT_WRITTEN = 73
"""EX_CANTCREAT of sysexits.h."""
INNER = {"attention": "[queries, keys]", "query": "[queries, d]", "key": "[keys, d]", "value": "[keys, d]"}
"""The last two axes of arrays that have a shape to keep to, by the first word of their names."""

BFLOAT16 = np.dtype("V2")
"""As NumPy sees what ml_dtypes saves: two bytes of no type."""

CODES = {element.dtype: code for code, element in SAFETENSORS.items() if code[:2] not in ("BF", "F8")}
CODES[BFLOAT16] = "BF16"


def save_capture(
    path: str | Path,
    weights: Any = None,
    *,
    query: Any = None,
    key: Any = None,
    value: Any = None,
    mask: Any = None,
    scale: Any = None,
    tokens: Sequence[str] | None = None,
    query_tokens: Sequence[str] | None = None,
    key_tokens: Sequence[str] | None = None,
    encoder_tokens: Sequence[str] | None = None,
    decoder_tokens: Sequence[str] | None = None,
    layers: Sequence[int] | None = None,
    extra: dict[str, Any] | None = None,
) -> Path:
    """Write a capture, .npz (uncompressed) or .safetensors by the ending; it appears as a whole or not at all.

    An array holds all layers ([layers, heads, rows, columns] and the other shapes of `open_capture`); a list holds
    one array for each layer, numbered by `layers` (0, 1, …); a list of lists holds the steps of generate(), and in
    each the layers. `extra` are arrays under names of their own (`decoder_attentions.0`). Raises CaptureError where
    it cannot be written, ValueError where there is nothing, or nothing that could be read again. Two bytes of no type
    (V2) are bfloat16.
    """
    named = {"attention": weights, "query": query, "key": key, "value": value, "mask": mask, "scale": scale}
    arrays = {name: array for stem, held in named.items() for name, array in _arrays(stem, held, layers)}
    arrays |= {name: np.asarray(array) for name, array in (extra or {}).items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biuf" and array.dtype != BFLOAT16:
            raise ValueError(f"{quoted(name)} holds {array.dtype}: numbers, or true and false, are due")
        _check_shape(name, array)
    if not any(array.ndim > 1 for array in arrays.values()):
        raise ValueError("there is nothing to save: weights, or query and key, are due")
    given = zip(NAMES, (tokens, query_tokens, key_tokens, encoder_tokens, decoder_tokens), strict=True)
    texts = {name: [str(token) for token in each] for name, each in given if each is not None}
    target = Path(os.path.realpath(path))
    writer = WRITERS.get(target.suffix)
    if writer is None:
        raise ValueError(f"{quoted(str(path), 120)} ends in no format; possible are {', '.join(WRITERS)}")
    with told(str(path)), _whole(target) as file:
        writer(file, arrays, texts)
    return target


def _check_shape(name: str, array: NDArray[Any]) -> None:
    """Raise ValueError for an array of weights, queries, keys or values that could not be read again."""
    stem, dot, _ = name.partition(".")
    if stem not in INNER or not array.size or 2 <= array.ndim <= (4 if dot else 5):
        return
    possible = f"{INNER[stem]}, [heads, …] or [batch, heads, …]"
    if not dot:
        possible = f"{INNER[stem]}, [heads, …], [layers, heads, …] or [layers, batch, heads, …]"
    shape = ", ".join(f"{length:,}" for length in array.shape)
    raise ValueError(f"{quoted(name)} has the shape [{shape}]; possible are {possible}")


def _arrays(stem: str, held: Any, layers: Sequence[int] | None) -> Iterator[tuple[str, NDArray[Any]]]:
    """The arrays under their names: a list of arrays is one a layer, a list of such lists one a step."""
    if held is None:
        return
    if _lists_arrays(held):
        yield from ((f"{stem}.{number}", np.asarray(array)) for number, array in _numbered(held, layers))
    elif isinstance(held, list | tuple) and held and _lists_arrays(held[0]):
        for step, inner in enumerate(held):
            yield from ((f"{stem}.{step}.{number}", np.asarray(array)) for number, array in _numbered(inner, layers))
    else:
        yield stem, np.asarray(held)


def _lists_arrays(held: Any) -> bool:
    return isinstance(held, list | tuple) and bool(held) and hasattr(held[0], "shape") and np.ndim(held[0]) > 1


def _numbered(held: Sequence[Any], layers: Sequence[int] | None) -> Iterator[tuple[int, Any]]:
    numbers = range(len(held)) if layers is None else layers
    if len(numbers) != len(held):
        raise ValueError(f"{len(held)} arrays and {len(numbers)} numbers of layers")
    return zip(numbers, held, strict=True)


@contextmanager
def _whole(target: Path) -> Iterator[IO[bytes]]:
    """A new file beside the target, put in its place once it is written, and gone where it could not be."""
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(target.stat().st_mode):
            raise ArrayFileError("it is there and no regular file", NOT_WRITTEN)
    beside = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            yield file
        beside.replace(target)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink()
        if isinstance(error, OSError):
            raise ArrayFileError(error.strerror or "it cannot be written", NOT_WRITTEN) from None
        raise


def _npz(file: IO[bytes], arrays: Arrays, texts: dict[str, list[str]]) -> None:
    """As np.savez does, without its way to pickles."""
    words = {name: np.array(each, dtype=np.str_) for name, each in texts.items()}
    with zipfile.ZipFile(file, "w") as archive:
        for name, array in (arrays | words).items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                npy.write_array(member, array, allow_pickle=False)


def _safetensors(file: IO[bytes], arrays: Arrays, texts: dict[str, list[str]]) -> None:
    """Larger elements first, so that each array begins where its type may."""
    plain = {name: _little(array) for name, array in arrays.items()}
    order = sorted(plain, key=lambda name: -plain[name].itemsize)
    header: dict[str, Any] = {"__metadata__": {name: as_json(each) for name, each in texts.items()}} if texts else {}
    end = 0
    for name in order:
        begin, end = end, end + plain[name].nbytes
        code = CODES[plain[name].dtype]
        header[name] = {"dtype": code, "shape": list(plain[name].shape), "data_offsets": [begin, end]}
    data = json.dumps(header).encode()
    data += b" " * (-len(data) % 8)
    file.write(len(data).to_bytes(8, "little") + data)
    for name in order:
        file.write(plain[name].data if plain[name].size else b"")


def _little(array: NDArray[Any]) -> NDArray[Any]:
    """In C order, little-endian, of a type that the format has."""
    dtype = array.dtype.newbyteorder("<")
    if dtype not in CODES:
        raise ValueError(f"{array.dtype} is no type of .safetensors; .npz takes it")
    return np.ascontiguousarray(array, dtype=dtype).reshape(array.shape)


WRITERS: dict[str, Callable[[IO[bytes], Arrays, dict[str, list[str]]], None]] = {
    ".npz": _npz,
    ".safetensors": _safetensors,
}
