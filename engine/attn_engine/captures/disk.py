"""A file that stays open and is read by offset: no memory maps, which kill the process where a file shrinks."""

from __future__ import annotations

import io
import os
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..notation.errors import quoted
from ..npyfiles import UNREADABLE, ArrayFileError, open_regular

PIECE = 2**19
"""Bytes of one read: large enough for a disk, small enough to be converted while they are in the cache."""


class CaptureError(ArrayFileError):
    """A capture that cannot be used, in one line; `status` is 65 for bad data, 66 for what cannot be read."""


@contextmanager
def told(path: str) -> Iterator[None]:
    """Whatever goes wrong with a file, as a CaptureError that begins with the file's name."""
    try:
        yield
    except CaptureError:
        raise
    except ArrayFileError as error:
        raise CaptureError(f"{quoted(path, 120)}: {error}", error.status) from None
    except MemoryError:
        raise CaptureError(f"{quoted(path, 120)}: there is no memory for it") from None
    except OSError as error:
        raise CaptureError(f"{quoted(path, 120)}: {error.strerror or 'unreadable'}", UNREADABLE) from None


class Disk:
    """An open file, read from several threads if need be; `-` is standard input, held in memory."""

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        file = open_regular(path)
        self._file = file
        self._held = file.getvalue() if isinstance(file, io.BytesIO) else None
        self.close = weakref.finalize(self, file.close)
        self._opened = None if self._held is not None else _identity(os.fstat(file.fileno()))
        self.size = len(self._held) if self._held is not None else os.fstat(file.fileno()).st_size

    def read(self, offset: int, count: int) -> bytes:
        """So many bytes from an offset on. Raises ArrayFileError where the file ends before."""
        if not self.close.alive:
            raise ArrayFileError("it was closed", UNREADABLE)
        if offset < 0 or offset + count > self.size:
            raise ArrayFileError(f"it ends after {self.size:,} bytes, and byte {offset + count:,} belongs to it: cut?")
        if self._held is not None:
            return self._held[offset : offset + count]
        pieces = list(self._pieces(offset, count))
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _pieces(self, offset: int, count: int) -> Iterator[bytes]:
        end = offset + count
        while offset < end:
            piece = os.pread(self._file.fileno(), min(PIECE, end - offset), offset)
            if not piece:
                now = os.fstat(self._file.fileno()).st_size
                raise ArrayFileError(f"it ends after {now:,} of {self.size:,} bytes: it changed or was cut while open")
            yield piece
            offset += len(piece)

    def changed(self) -> str:
        """What happened to the file at this path since it was opened; nothing, where it is the same."""
        if self._opened is None:
            return ""
        try:
            now = _identity(Path(self.path).stat())
        except OSError:
            return "the file is gone; what is shown was read from it before"
        if now == self._opened:
            return ""
        return "the file was replaced on disk" if now[0] != self._opened[0] else "the file changed on disk"


def _identity(status: os.stat_result) -> tuple[tuple[int, int], int, int]:
    return (status.st_dev, status.st_ino), status.st_size, status.st_mtime_ns
