"""Which arrays a file holds, by what it begins with rather than by its ending."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from ..notation.errors import quoted
from ..npyfiles import ArrayFileError, npy_header
from .archives import Member, inflated, members
from .disk import Disk
from .elements import Element, element_of
from .safetensors import claimed_header, read_header
from .stored import StoredArray

START = 256
MOST_NPY_HEADER = 2**14
FORMATS = ("npy", "npz", "safetensors")

OTHERS: tuple[tuple[bytes, str], ...] = (
    (b"version https://git-lfs", "it is a Git LFS pointer, not the data: git lfs pull fetches them"),
    (b"<", "it is a page of HTML or XML, not data: was a login or an error page downloaded?"),
    (b"\x89HDF", "it is an HDF5 file; save the array with np.savez"),
    (b"\x1f\x8b", "it is compressed with gzip; unpack it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd; unpack it first"),
    (b"GGUF", "it is a GGUF file: parameters of a model, not the attention that it computed"),
    (b"\x80", "it is a Python pickle (a PyTorch file?), which is not read; save it as .npz or .safetensors"),
    (b"[", "it is text: JSON is read for tokens only; save arrays as .npy, .npz or .safetensors"),
    (b"{", "it is text: JSON is read for tokens only; save arrays as .npy, .npz or .safetensors"),
)


@dataclass(frozen=True, eq=False)
class Contents:
    """What a file holds: its format, its arrays, and texts by name (the metadata of .safetensors)."""

    format: str
    arrays: tuple[StoredArray, ...]
    texts: Mapping[str, str] = field(default_factory=dict)


def contents(disk: Disk) -> Contents:
    """The arrays of a file: only headers are read. Raises ArrayFileError."""
    start = disk.read(0, min(START, disk.size))
    if not start:
        raise ArrayFileError("it is empty")
    if start.startswith(b"\x93NUMPY"):
        return Contents("npy", (_npy(disk, start),))
    if start.startswith((b"PK\3\4", b"PK\5\6")):
        return Contents("npz", tuple(_of_member(disk, member) for member in members(disk)))
    claimed = claimed_header(start)
    if claimed is not None and (claimed <= disk.size - 8 or disk.path.endswith(".safetensors")):
        return Contents("safetensors", *_tupled(read_header(disk)))
    raise ArrayFileError(_other(start.lstrip(b"\xef\xbb\xbf \t\r\n")))


def _tupled(read: tuple[list[StoredArray], dict[str, str]]) -> tuple[tuple[StoredArray, ...], dict[str, str]]:
    return tuple(read[0]), read[1]


def _other(start: bytes) -> str:
    found = (told for mark, told in OTHERS if start.startswith(mark))
    return next(found, "it is neither .npy, .npz nor .safetensors, or was cut")


def _npy(disk: Disk, start: bytes) -> StoredArray:
    array = _header("array", start, lambda count: disk.read(0, min(count, disk.size)))
    _check_size(array, disk.size)
    return array


def _of_member(disk: Disk, member: Member) -> StoredArray:
    def beginning(count: int) -> bytes:
        count = min(count, member.unpacked)
        return inflated(disk, member, count).tobytes() if member.deflated else disk.read(member.offset, count)

    start = beginning(START)
    try:
        array = _header(member.name, start, beginning)
    except ArrayFileError as error:
        raise ArrayFileError(f"{quoted(member.name, 60)} in it: {error}", error.status) from None
    _check_size(array, member.unpacked)
    if member.deflated:
        return StoredArray(array.name, array.shape, array.element, array.offset, array.fortran, member)
    return StoredArray(array.name, array.shape, array.element, member.offset + array.offset, array.fortran)


def _header(name: str, start: bytes, beginning: Callable[[int], bytes]) -> StoredArray:
    """An array by its .npy header: the length of it is in the bytes after the magic."""
    width = 2 if start[6:7] == b"\1" else 4
    length = 8 + width + int.from_bytes(start[8 : 8 + width], "little")
    if length > MOST_NPY_HEADER:
        raise ArrayFileError("its header is not that of a .npy array: too long")
    shape, fortran, element, used = _parsed((start if length <= len(start) else beginning(length))[:length])
    return StoredArray(name, shape, element, used, fortran and len(shape) > 1)


@lru_cache(maxsize=64)
def _parsed(header: bytes) -> tuple[tuple[int, ...], bool, Element, int]:
    """What a header says: shape, Fortran order, type, its own bytes. The layers of a step have one in common."""
    shape, fortran, dtype, used = npy_header(io.BytesIO(header))
    return shape, fortran, element_of(dtype), used


def _check_size(array: StoredArray, size: int) -> None:
    """Raise ArrayFileError where the header's arithmetic does not fit what is there."""
    if array.element.dtype.hasobject:
        return  # pickled: as long as it likes, and not read
    if size - array.offset != array.nbytes:
        told = f"the header of {array.told} tells of {array.nbytes:,} bytes"
        raise ArrayFileError(f"{told}, and there are {size - array.offset:,}{': cut?' * (size < array.nbytes)}")
