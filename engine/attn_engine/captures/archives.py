"""Members of .npz archives: where each begins in the file, and unpacking without believing what is claimed."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections import Counter
from typing import IO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from ..notation.errors import quoted
from ..npyfiles import ArrayFileError
from .disk import PIECE, Disk

MOST_DIRECTORY = 2**21
MOST_RATIO = 1032
"""What deflate can make of a byte at most (zlib's documentation)."""
LOCAL = struct.Struct("<4s22xHH")


class Member(NamedTuple):
    """A member of an archive: its data begin at `offset` of the file, and take `packed` bytes there."""

    name: str
    offset: int
    packed: int
    unpacked: int
    checksum: int
    deflated: bool


class _Window:
    """A file as zipfile wants it, which never reads a directory larger than any capture has."""

    def __init__(self, disk: Disk) -> None:
        self.disk, self.at = disk, 0

    def read(self, count: int = -1) -> bytes:
        left = max(0, self.disk.size - self.at)
        count = left if count < 0 else min(count, left)
        if count > MOST_DIRECTORY:
            raise ArrayFileError("it holds too many arrays for an archive; .safetensors takes as many")
        data = self.disk.read(self.at, count)
        self.at += count
        return data

    def seek(self, to: int, whence: int = 0) -> int:
        self.at = (0, self.at, self.disk.size)[whence] + to
        if self.at < 0:
            raise OSError("before the beginning")  # as a file does, without the number of a failing disk
        return self.at

    def tell(self) -> int:
        return self.at

    def seekable(self) -> bool:
        return True


def members(disk: Disk) -> list[Member]:
    """The members of an archive, in its order. Raises ArrayFileError."""
    try:
        with zipfile.ZipFile(cast(IO[bytes], _Window(disk))) as archive:
            entries = archive.infolist()
    except (ArrayFileError, MemoryError):
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise ArrayFileError("it is no sound .npz archive, or was cut") from None
    names = [entry.filename for entry in entries]
    if any(name.endswith("data.pkl") for name in names):
        raise ArrayFileError("it is a PyTorch file (pickled), which is not read; save it as .npz or .safetensors")
    check_names(names)
    return [_member(disk, entry) for entry in entries if entry.filename.endswith(".npy")]


def check_names(names: list[str]) -> None:
    """Raise ArrayFileError where two arrays have one name."""
    if len(set(names)) < len(names):
        twice, _ = Counter(names).most_common(1)[0]
        raise ArrayFileError(f"two arrays in it are named {quoted(twice, 60)}")


def _member(disk: Disk, entry: zipfile.ZipInfo) -> Member:
    deflated = entry.compress_type == zipfile.ZIP_DEFLATED
    mark, name_length, extra = LOCAL.unpack(disk.read(entry.header_offset, LOCAL.size))
    offset = entry.header_offset + LOCAL.size + name_length + extra
    claimed = entry.file_size > (entry.compress_size * MOST_RATIO if deflated else entry.compress_size)
    if entry.flag_bits & 1:
        raise _unusable(entry, "is encrypted")
    if not deflated and entry.compress_type != zipfile.ZIP_STORED:
        raise _unusable(entry, "is compressed in a way that np.savez_compressed does not use")
    if mark != b"PK\3\4" or claimed or offset + entry.compress_size > disk.size:
        raise _unusable(entry, "is not where, or not as large as, the archive says")
    return Member(
        entry.filename.removesuffix(".npy"), offset, entry.compress_size, entry.file_size, entry.CRC, deflated
    )


def _unusable(entry: zipfile.ZipInfo, why: str) -> ArrayFileError:
    return ArrayFileError(f"{quoted(entry.filename, 60)} in it {why}")


def inflated(disk: Disk, member: Member, wanted: int) -> NDArray[np.uint8]:
    """The first bytes of a member, unpacked; its checksum is compared where all are wanted. Raises ArrayFileError."""
    made = np.empty(wanted, dtype=np.uint8)
    filled, read, inflater = 0, 0, zlib.decompressobj(-zlib.MAX_WBITS)
    packed = b""
    while filled < wanted:
        if not packed and not inflater.eof and read < member.packed:
            packed = disk.read(member.offset + read, min(PIECE, wanted + 1024, member.packed - read))
            read += len(packed)
        piece = _unpacked(inflater, packed, min(PIECE, wanted - filled), member)
        packed = inflater.unconsumed_tail
        if not piece and (inflater.eof or (not packed and read == member.packed)):
            raise ArrayFileError(f"{quoted(member.name, 60)} in it ends after {filled:,} of {wanted:,} bytes")
        made[filled : filled + len(piece)] = np.frombuffer(piece, dtype=np.uint8)
        filled += len(piece)
    if wanted == member.unpacked and zlib.crc32(made.data) != member.checksum:
        raise ArrayFileError(f"{quoted(member.name, 60)} in it does not match its checksum")
    return made


def _unpacked(inflater: zlib._Decompress, packed: bytes, most: int, member: Member) -> bytes:
    try:
        return inflater.decompress(packed, most)
    except zlib.error:
        raise ArrayFileError(f"{quoted(member.name, 60)} in it cannot be unpacked") from None
