"""Arrays as they lie in a file, and reading parts of them as float32 within a budget of memory."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock

import numpy as np

from ..fast.pool import shared
from ..masks.costs import bytes_text
from ..notation.errors import quoted
from ..npyfiles import ArrayFileError
from .archives import Member, inflated
from .disk import PIECE, Disk
from .elements import Element, Floats, Raw


@dataclass(frozen=True, eq=False)
class StoredArray:
    """An array of a file: its data begin at `offset` of the file, or of what the compressed member unpacks to."""

    name: str
    shape: tuple[int, ...]
    element: Element
    offset: int
    fortran: bool = False
    member: Member | None = None

    @property
    def cells(self) -> int:
        """How many elements it has."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        """How many bytes its elements take in the file, unpacked."""
        return self.cells * self.element.dtype.itemsize

    @property
    def layout(self) -> str:
        """How it lies in the file: what is not plain has to be read as a whole."""
        packed = "compressed" if self.member is not None else ""
        return ", ".join(filter(None, (packed, "Fortran order" if self.fortran else ""))) or "plain"

    @property
    def told(self) -> str:
        """Its name and shape, for one line."""
        return f"{quoted(self.name, 60)} [{', '.join(f'{length:,}' for length in self.shape)}]"


class Store:
    """A file's arrays, read by offset; those that can only be read as a whole are kept, the oldest given up first."""

    def __init__(self, disk: Disk, memory: int) -> None:
        self.disk = disk
        self.memory = memory
        self._kept: OrderedDict[StoredArray, Raw] = OrderedDict()
        self._lock = Lock()

    def cells(self, array: StoredArray, first: int, count: int) -> Floats:
        """Elements in C order as float32, (count,). Raises ArrayFileError."""
        self.afford(count * 4)
        whole = None if array.layout == "plain" else self._whole(array)
        made = np.empty(count, dtype=np.float32)
        step = PIECE // array.element.dtype.itemsize

        def fill(start: int) -> None:
            some = min(step, count - start)
            at = first + start
            raw = self._raw(array, at, some) if whole is None else whole[at : at + some]
            array.element.decode(raw, made[start : start + some])

        shared(fill, range(0, count, step))
        return made

    def raw(self, array: StoredArray, first: int, count: int) -> Raw:
        """Elements in C order in their own type, (count,). Raises ArrayFileError."""
        if array.layout != "plain":
            return self._whole(array)[first : first + count]
        self.afford(count * array.element.dtype.itemsize)
        return self._raw(array, first, count)

    def afford(self, needed: int, remedy: str = "read some of its rows at a time") -> None:
        """Raise ArrayFileError where so many bytes are beyond the budget."""
        if needed > self.memory:
            raise ArrayFileError(
                f"{bytes_text(needed)} of memory are needed at once; possible are {bytes_text(self.memory)}: {remedy}"
            )

    def _raw(self, array: StoredArray, first: int, count: int) -> Raw:
        size = array.element.dtype.itemsize
        return np.frombuffer(self.disk.read(array.offset + first * size, count * size), dtype=array.element.dtype)

    def _whole(self, array: StoredArray) -> Raw:
        """All of an array, in C order."""
        with self._lock:
            if array in self._kept:
                self._kept.move_to_end(array)
                return self._kept[array]
            remedy = f"{quoted(array.name, 60)} is {array.layout}; saved plain (np.savez, C order) it is read in parts"
            self.afford(array.nbytes * (2 if array.fortran else 1), remedy)
            while self._kept and sum(kept.nbytes for kept in self._kept.values()) + array.nbytes > self.memory:
                self._kept.popitem(last=False)
            self._kept[array] = self._loaded(array)
            return self._kept[array]

    def _loaded(self, array: StoredArray) -> Raw:
        dtype, cells = array.element.dtype, array.cells
        if array.member is None:
            flat = self._raw(array, 0, cells)
        else:
            unpacked = inflated(self.disk, array.member, array.member.unpacked)
            flat = np.frombuffer(unpacked, dtype, cells, array.offset)
        return flat.reshape(array.shape, order="F").ravel(order="C") if array.fortran else flat
