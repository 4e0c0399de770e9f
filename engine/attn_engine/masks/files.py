"""Masks from files in the forms that people have: boolean, additive, 0 and 1, padding, cu_seqlens."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..notation.errors import quoted
from ..npyfiles import UNREADABLE, ArrayFileError, open_regular, read_npy, read_npz, size_of

Mask = NDArray[np.bool_]

FORMS = ("auto", "mask", "additive", "padding", "cu_seqlens")
ENDINGS = (".npy", ".npz", ".json", ".txt", ".csv")
MOST_CELLS = 2**26
MOST_TEXT = 2**24
MASKING = -100.0
"""What an additive mask adds to a masked score at most: Swin's; others add −10000, −1e9, −3.4e38, −∞."""


class MaskFileError(ArrayFileError):
    """A file that holds no usable mask, in one line; `status` is 65 for bad data, 66 for what cannot be read."""


@dataclass(frozen=True, eq=False)
class LoadedMask:
    """A mask, True where a query may look: bool (heads, queries, keys), read-only.

    `form` is how the file was understood, `note` says so in words; `axis` names what the first index counts;
    `lengths` are those of the documents where the file told them.
    """

    array: Mask
    form: str
    note: str
    axis: str = "head"
    lengths: tuple[int, ...] = ()


def read_mask(
    path: str | Path,
    *,
    name: str | None = None,
    form: str = "auto",
    inverted: bool = False,
    max_cells: int = MOST_CELLS,
) -> LoadedMask:
    """The mask of a .npy, .npz, .json, .txt or .csv file; `-` is standard input.

    `name` chooses an array of an .npz file, `form` is one of FORMS, `inverted` says that True (or 1) means masked.
    Raises MaskFileError, in one line, for whatever is wrong with the file.
    """
    try:
        return mask_of(read_array(path, name, max_cells), form=form, inverted=inverted, max_cells=max_cells)
    except ArrayFileError as error:
        raise MaskFileError(f"{quoted(str(path), 120)}: {error}", error.status) from None
    except MemoryError:
        raise MaskFileError(f"{quoted(str(path), 120)}: there is no memory for it") from None
    except OSError as error:
        raise MaskFileError(f"{quoted(str(path), 120)}: {error.strerror or 'unreadable'}", UNREADABLE) from None


def read_lengths(path: str | Path, *, name: str | None = None) -> tuple[int, ...]:
    """The lengths of documents from a file of cu_seqlens. Raises MaskFileError."""
    try:
        array = read_array(path, name, MOST_CELLS)
        if array.size and array.dtype.kind == "f" and np.array_equal(array, np.rint(array)):
            array = array.astype(np.int64)  # text
        return tuple(_lengths_of(array).tolist())
    except ArrayFileError as error:
        raise MaskFileError(f"{quoted(str(path), 120)}: {error}", error.status) from None


def read_array(path: str | Path, name: str | None, max_cells: int) -> NDArray[Any]:
    """The numbers of a file, by what the file begins with rather than by its ending."""
    with open_regular(path) as file:
        start, size = file.read(6), size_of(file)
        file.seek(0)
        if not size:
            raise ArrayFileError("it is empty")
        if start.startswith(b"PK"):
            return read_npz(file, name, max_cells)
        if name is not None:
            raise ArrayFileError("it is no .npz archive, and has no arrays with names")
        return read_npy(file, size, max_cells) if start == b"\x93NUMPY" else _from_text(file, size)


def _from_text(file: IO[bytes], size: int) -> NDArray[Any]:
    if size > MOST_TEXT:
        raise ArrayFileError(f"{size:,} bytes of text are too many; possible are {MOST_TEXT:,}, or as .npy more")
    try:
        text = file.read(size).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ArrayFileError("it is neither .npy, .npz nor text") from None
    try:
        return _from_json(text) if text.lstrip().startswith("[") else _from_rows(text)
    except (ValueError, RecursionError, OverflowError) as error:
        told = str(error) if isinstance(error, ArrayFileError) else "its rows are not numbers in rows of equal length"
        raise ArrayFileError(told) from None


def _from_json(text: str) -> NDArray[Any]:
    array = np.array(json.loads(text))
    if array.dtype.kind not in "biuf":
        raise ArrayFileError("its lists hold other things than numbers, true and false")
    return array


DRAWN = str.maketrans(dict.fromkeys("#xX█", "1") | dict.fromkeys(".·-", "0"))


def _from_rows(text: str) -> NDArray[Any]:
    """Rows of numbers apart from each other, of 0 and 1 without a space, or drawn with . and #."""
    lines = [line.replace(",", " ").replace(";", " ").split() for line in text.splitlines()]
    rows = [words for words in lines if words]
    if rows and all(len(words) == 1 for words in rows):
        digits = [list(words[0].translate(DRAWN)) for words in rows]
        if all(set(row) <= {"0", "1"} for row in digits):
            return np.array(digits).astype(np.int8)
    return np.array([[_number(word) for word in words] for words in rows])


def _number(word: str) -> float:
    truth = {"true": 1.0, "false": 0.0, "#": 1.0, ".": 0.0}.get(word.lower())
    return float(word) if truth is None else truth


class _Meant(NamedTuple):
    """What values mean, and how that is said."""

    allowed: Mask
    note: str


def mask_of(
    array: NDArray[Any], *, form: str = "auto", inverted: bool = False, max_cells: int = MOST_CELLS
) -> LoadedMask:
    """The mask that an array of any of the forms stands for. Raises ArrayFileError where it is none."""
    if form not in FORMS:
        raise ArrayFileError(f"the form {quoted(form)} is unknown; possible are {', '.join(FORMS)}")
    if array.dtype.kind not in "biuf":
        raise ArrayFileError(f"it holds {quoted(str(array.dtype))}: neither numbers nor true and false")
    if not array.size or array.ndim == 0:
        raise ArrayFileError(f"shape {array.shape} holds no mask")
    if array.dtype.kind == "f" and np.isnan(array).any():
        raise ArrayFileError("it holds NaN")
    if form == "cu_seqlens" or (form == "auto" and _looks_like_offsets(array)):
        loaded = _of_offsets(array, max_cells)
    else:
        loaded = _of_values(array, form, max_cells)
    mask = ~loaded.array if inverted else loaded.array
    mask = mask.view()
    mask.flags.writeable = False
    note = loaded.note + (", inverted" if inverted else "")
    return LoadedMask(mask, loaded.form, note, loaded.axis, loaded.lengths)


def _looks_like_offsets(array: NDArray[Any]) -> bool:
    """Whether it is cu_seqlens; rows of nothing but 0 and 1 are taken for padding."""
    return array.ndim == 1 and array.dtype.kind in "iu" and _are_offsets(array) and array[-1] > 1


def _are_offsets(array: NDArray[Any]) -> bool:
    return bool(array[0] == 0 and (array[:-1] <= array[1:]).all())


def _lengths_of(array: NDArray[Any]) -> NDArray[np.int64]:
    row = array[0] if array.ndim == 2 and array.shape[0] == 1 else array
    if row.ndim != 1 or row.dtype.kind not in "iu" or row.size < 2 or not _are_offsets(row) or row[-1] < 1:
        raise ArrayFileError("cu_seqlens are whole numbers in one row that start at 0 and never fall")
    if row[-1] > 2**53:
        raise ArrayFileError("cu_seqlens end at too large a number")
    return np.diff(row.astype(np.int64))


def _of_offsets(array: NDArray[Any], max_cells: int) -> LoadedMask:
    lengths = _lengths_of(array)
    total = int(lengths.sum())
    if total**2 > max_cells:
        raise ArrayFileError(f"{total:,} positions are {total**2:,} cells, too many; possible are {max_cells:,}")
    document = np.repeat(np.arange(lengths.size), lengths)
    mask = (document[:, None] == document[None, :])[None]
    note = f"cu_seqlens of {lengths.size} documents: each sees itself"
    return LoadedMask(mask, "cu_seqlens", note, "head", tuple(lengths.tolist()))


def _of_values(array: NDArray[Any], form: str, max_cells: int) -> LoadedMask:
    allowed, meaning = _meaning(array, form)
    padded = form == "padding" or (form == "auto" and (allowed.ndim == 1 or _broadcasts(allowed.shape)))
    mask, axis, shaped = _padding(allowed) if padded else _square(allowed)
    if mask.size > max_cells:
        raise ArrayFileError(f"{mask.size:,} cells are too many; possible are {max_cells:,}")
    return LoadedMask(mask, "padding" if padded else "mask", f"{shaped}; {meaning}", axis)


def _broadcasts(shape: tuple[int, ...]) -> bool:
    """Whether it is [batch, 1, 1, keys], which stands for every query."""
    return len(shape) == 4 and shape[1:3] == (1, 1) and shape[3] > 1


def _meaning(array: NDArray[Any], form: str) -> _Meant:
    if array.dtype.kind == "b":
        if form == "additive":
            raise ArrayFileError("an additive mask holds numbers, and this one true and false")
        return _Meant(array, "true may look")
    zero_or_one = bool(((array == 0) | (array == 1)).all())
    only_zeros = array.dtype.kind == "f" and not array.any()
    if form != "additive" and zero_or_one and not only_zeros:
        return _Meant(array == 1, "1 may look")
    if form == "additive" or (array.max() <= 0 and ((array == 0) | (array <= MASKING)).all()):
        if array.max() == np.inf:
            raise ArrayFileError("it adds +∞ to a score")
        allowed: Mask = np.asarray(array > MASKING)
        least = float(array.min())
        return _Meant(allowed, f"additive: 0 may look, {least:g} may not" if least < 0 else "additive: all may look")
    low, high = float(array.min()), float(array.max())
    raise ArrayFileError(
        f"values from {low:g} to {high:g} are neither 0 and 1 nor additive (0 and at most {MASKING:g})"
    )


def _padding(allowed: Mask) -> tuple[Mask, str, str]:
    """[keys], [batch, keys] or [batch, 1, 1, keys]: the keys that every query of as many may look at."""
    rows = allowed.reshape(-1, allowed.shape[-1])
    if allowed.ndim > 2 and rows.shape[0] != allowed.shape[0]:
        raise ArrayFileError(f"shape {allowed.shape} is no padding: [keys], [batch, keys] or [batch, 1, 1, keys]")
    keys = rows.shape[1]
    mask = np.broadcast_to(rows[:, None, :], (rows.shape[0], keys, keys))
    return mask, "batch entry", "padding [batch, keys], the same for each query"


SHAPES: dict[int, Callable[[Mask], tuple[Mask, str, str]]] = {
    2: lambda mask: (mask[None], "head", "[queries, keys] (or padding [batch, keys], which the form padding reads)"),
    3: lambda mask: (mask, "head", "[heads, queries, keys]"),
    4: lambda mask: (mask.reshape(-1, *mask.shape[2:]), *_names_of(mask.shape)),
}


def _square(allowed: Mask) -> tuple[Mask, str, str]:
    if allowed.ndim not in SHAPES:
        raise ArrayFileError(f"shape {allowed.shape}: a mask has 2, 3 or 4 dimensions")
    return SHAPES[allowed.ndim](allowed)


def _names_of(shape: tuple[int, ...]) -> tuple[str, str]:
    """What the first index counts once batch and heads are one."""
    batch, heads = shape[:2]
    if batch == 1:
        return "head", "[1, heads, queries, keys]"
    if heads == 1:
        return "batch entry", "[batch, 1, queries, keys]"
    return "batch entry and head", f"[batch, heads, queries, keys], {heads} heads for each batch entry"
