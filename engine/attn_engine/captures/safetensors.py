"""The header of a .safetensors file: eight bytes of its length, JSON, then the data without a gap."""

from __future__ import annotations

import json
from typing import Any

from ..notation.errors import quoted
from ..npyfiles import ArrayFileError
from .archives import check_names
from .disk import Disk
from .elements import safetensors_element
from .stored import StoredArray

MOST_HEADER = 2**24
METADATA = "__metadata__"


def claimed_header(start: bytes) -> int | None:
    """How long the header of a file that begins so says it is; None for a file of another kind."""
    return int.from_bytes(start[:8], "little") if start[8:9] == b"{" else None


def read_header(disk: Disk) -> tuple[list[StoredArray], dict[str, str]]:
    """The arrays of a .safetensors file and its metadata. Raises ArrayFileError."""
    length = int.from_bytes(disk.read(0, 8), "little")
    if length > disk.size - 8:
        raise ArrayFileError(f"its header claims {length:,} bytes, and {disk.size - 8:,} follow: cut?")
    if length > MOST_HEADER:
        raise ArrayFileError(f"its header of {length:,} bytes is too long; possible are {MOST_HEADER:,}")
    table = parsed_json(disk.read(8, length))
    if not isinstance(table, dict):
        raise ArrayFileError("its header is no table of arrays")
    metadata = table.pop(METADATA, {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        raise ArrayFileError("its metadata are not texts")
    arrays = [_array(name, entry, 8 + length) for name, entry in table.items()]
    _check_offsets(arrays, table, disk.size - 8 - length)
    return arrays, metadata


def parsed_json(data: bytes) -> Any:
    """What a JSON text holds. Raises ArrayFileError where it is none, or too deep, or names a thing twice."""
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_once)
    except ArrayFileError:
        raise
    except (ValueError, RecursionError):
        raise ArrayFileError("its JSON cannot be read") from None


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    check_names([name for name, _ in pairs])
    return dict(pairs)


def _array(name: str, entry: Any, data: int) -> StoredArray:
    try:
        shape, (begin, end), code = entry["shape"], entry["data_offsets"], entry["dtype"]
        whole = all(type(number) is int and 0 <= number < 2**63 for number in [*shape, begin, end])
    except (TypeError, KeyError, ValueError):
        whole = False
    if not whole or not isinstance(code, str) or len(shape) > 32:
        raise ArrayFileError(
            f"its header says of {quoted(name, 60)} what cannot be: a type, a shape and offsets are due"
        )
    return StoredArray(name, tuple(shape), safetensors_element(code), data + begin)


def _check_offsets(arrays: list[StoredArray], table: dict[str, Any], size: int) -> None:
    """Every byte of the data belongs to one array. Raises ArrayFileError."""
    end = 0
    for begin, stop, array in sorted(((*table[each.name]["data_offsets"], each) for each in arrays), key=_offsets):
        if begin != end or stop < begin:
            raise ArrayFileError(f"{array.told} {'leaves a gap before it' if begin > end else 'overlaps another'}")
        if not array.element.refusal and stop - begin != array.nbytes:
            raise ArrayFileError(f"{array.told} takes {stop - begin:,} bytes, and its shape and type {array.nbytes:,}")
        if stop > size:
            raise ArrayFileError(f"{array.told} ends at byte {stop:,} of {size:,}: cut?")
        end = stop
    if end != size:
        raise ArrayFileError(f"its arrays take {end:,} bytes, and there are {size:,}")


def _offsets(row: tuple[int, int, StoredArray]) -> tuple[int, int]:
    return row[0], row[1]
