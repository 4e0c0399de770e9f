"""Arrays from .npy and .npz files of unknown origin: no pickles, no memory maps, nothing reserved before checks."""

from __future__ import annotations

import io
import math
import os
import stat
import sys
import warnings
import zipfile
from pathlib import Path
from typing import IO, Any, cast

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from .budget import most_within
from .notation.errors import quoted

BAD_DATA, UNREADABLE = 65, 66
MOST_BYTES = 2**28
PER_BYTE = 3
"""Bytes that one of a file takes while it is made a mask."""

MOST_ARRAYS = 4096
KINDS = "biuf"


class ArrayFileError(ValueError):
    """A file that cannot be used, in one line; `status` is 65 for bad data, 66 for what cannot be read."""

    def __init__(self, message: str, status: int = BAD_DATA) -> None:
        super().__init__(message)
        self.status = status


def open_regular(path: str | Path) -> IO[bytes]:
    """A file opened without waiting; `-` is standard input, read to its end. Raises ArrayFileError."""
    if str(path) == "-":
        return _standard_input()
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise ArrayFileError(reason or "it is no name of a file", UNREADABLE) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise ArrayFileError("it is no regular file", UNREADABLE)
    return os.fdopen(descriptor, "rb")


def _standard_input() -> IO[bytes]:
    if sys.stdin is None:
        raise ArrayFileError("standard input is closed", UNREADABLE)
    try:
        data = sys.stdin.buffer.read(MOST_BYTES + 1)
    except OSError as error:
        raise ArrayFileError(error.strerror or "standard input cannot be read", UNREADABLE) from None
    if len(data) > MOST_BYTES:
        raise ArrayFileError(f"more than {MOST_BYTES:,} bytes on standard input")
    return io.BytesIO(data)


def size_of(file: IO[bytes]) -> int:
    """How many bytes a file has, its position unchanged."""
    here = file.tell()
    size = file.seek(0, os.SEEK_END)
    file.seek(here)
    return size


def read_npy(file: IO[bytes], size: int, max_cells: int) -> NDArray[Any]:
    """The array of an open .npy file of `size` bytes: booleans or numbers. Raises ArrayFileError."""
    shape, fortran, dtype, used = npy_header(file)
    cells = math.prod(shape)
    if dtype.kind not in KINDS:  # objects, records and texts have kinds of their own
        raise ArrayFileError(f"it holds {quoted(str(dtype))}: neither numbers nor true and false")
    possible = min(max_cells, most_within(MOST_BYTES, PER_BYTE) // dtype.itemsize)
    if cells > possible:
        raise ArrayFileError(f"{cells:,} cells are too many; possible are {possible:,}")
    needed = cells * dtype.itemsize
    if size - used != needed:
        raise ArrayFileError(f"its header tells of {needed:,} bytes, and there are {size - used:,}")
    data = file.read(needed)
    if len(data) != needed:
        raise ArrayFileError(f"it ends after {len(data):,} of {needed:,} bytes")
    return np.frombuffer(data, dtype=dtype).reshape(shape, order="F" if fortran else "C")


def npy_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any], int]:
    """Shape, Fortran order, type, and the bytes that the header takes. Raises ArrayFileError."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            version = npy.read_magic(cast(Any, file))
            read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
            if read is None:
                raise ValueError("an unknown version")
            shape, fortran, dtype = read(cast(Any, file))
            used = file.tell()
    except Exception:
        raise ArrayFileError("its header is not that of a .npy array") from None
    if any(type(length) is not int or length < 0 for length in shape):
        raise ArrayFileError("its header has a length that is no whole number from 0")
    return shape, bool(fortran), dtype, used


def read_npz(file: IO[bytes], name: str | None, max_cells: int) -> NDArray[Any]:
    """The array of a name in an open .npz file; one that is alone needs no name. Raises ArrayFileError."""
    try:
        with zipfile.ZipFile(file) as archive:
            member = _member(archive, name)
            with archive.open(member) as stream:
                return read_npy(stream, member.file_size, max_cells)
    except ArrayFileError:
        raise
    except Exception:
        raise ArrayFileError("it is no sound .npz archive") from None


def _member(archive: zipfile.ZipFile, name: str | None) -> zipfile.ZipInfo:
    members = {
        info.filename.removesuffix(".npy"): info for info in archive.infolist() if info.filename.endswith(".npy")
    }
    there = ", ".join(quoted(each) for each in list(members)[:8]) + (" …" if len(members) > 8 else "")
    if not 0 < len(members) <= MOST_ARRAYS:
        raise ArrayFileError(f"{len(members):,} arrays in it; possible are 1 … {MOST_ARRAYS:,}")
    if name is None and len(members) > 1:
        raise ArrayFileError(f"it holds {len(members)} arrays, and one is to be named: {there}")
    if name is not None and name not in members:
        raise ArrayFileError(f"no array {quoted(name)} in it; there are: {there}")
    return members[name] if name is not None else next(iter(members.values()))
