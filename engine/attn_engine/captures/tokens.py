"""Tokens: from arrays of text, from metadata, from files of their own, and how many there should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..bytelevel import decoded, is_byte_level
from ..npyfiles import ArrayFileError
from .disk import Disk, told
from .elements import Raw
from .safetensors import parsed_json
from .stored import Store, StoredArray

Tokens = tuple[str, ...]
Rows = tuple[Tokens, ...]
Table = dict[str, Rows]
TokenSource = str | Path | Sequence[str]

MOST_BYTES = 2**24
NAMES = ("tokens", "query_tokens", "key_tokens", "encoder_tokens", "decoder_tokens")
ORDER = {
    "encoder": (("query_tokens", "encoder_tokens", "tokens"), ("key_tokens", "encoder_tokens", "tokens")),
    "decoder": (("query_tokens", "decoder_tokens", "tokens"), ("key_tokens", "decoder_tokens", "tokens")),
    "cross": (("query_tokens", "decoder_tokens", "tokens"), ("key_tokens", "encoder_tokens", "tokens")),
}
"""Which tokens name the queries and the keys of a set, the first that there are."""


@dataclass(frozen=True)
class Labels:
    """The tokens of a set, one row for each batch item or one for all, and what does not fit, in words."""

    query: Rows = ((),)
    key: Rows = ((),)
    note: str = ""


def labels(table: Mapping[str, Rows], name: str, queries: int, keys: int, *, generated: bool = False) -> Labels:
    """The tokens of the set of a name with so many queries and keys: cut, or filled with empty ones, to fit.

    What generate() returns has one token more, the last, which was sampled and never attended: it is left out.
    """
    orders = ORDER.get(name, (("query_tokens", "tokens"), ("key_tokens", "tokens")))
    query, key = (_text(next((table[each] for each in order if table.get(each)), ((),))) for order in orders)
    grown = {"queries": generated, "keys": generated and name != "cross"}
    notes = [
        f"{len(rows[0]):,} tokens for {count:,} {what}"
        for rows, count, what in ((query, queries, "queries"), (key, keys, "keys"))
        if rows[0] and len(rows[0]) not in (count, count + grown[what])
    ]
    return Labels(_fitted(query, queries), _fitted(key, keys), "; ".join(notes))


def _text(rows: Rows) -> Rows:
    """The tokens as text, where they are written in the letters of byte-level BPE."""
    return tuple(tuple(map(decoded, row)) for row in rows) if is_byte_level(rows) else rows


def _fitted(rows: Rows, count: int) -> Rows:
    return tuple((*row[:count], *[""] * (count - len(row))) if row else () for row in rows)


def tokens_in(store: Store, arrays: Iterable[StoredArray], texts: Mapping[str, str]) -> tuple[Table, list[str]]:
    """A file's own tokens by their names, and which cannot be used, in words.

    They are arrays of text or of ids, [n] or [batch, n], or JSON in metadata.
    """
    table: Table = {}
    notes: list[str] = []
    sources: list[tuple[str, Callable[[], Rows]]] = [
        (_name(each.name), partial(_texts, store, each)) for each in arrays
    ]
    sources += [(name, partial(_of_metadata, texts[name])) for name in NAMES if name in texts]
    for name, read in sources:
        try:
            table[name] = read()
        except ArrayFileError as error:
            notes.append(f"{name} are not used: {error}")
    return table, notes


def _of_metadata(text: str) -> Rows:
    return (_strings(parsed_json(text.encode("utf-8", "replace"))),)


def tokens_of(source: TokenSource, name: str = "tokens") -> Table:
    """Tokens from a .json or .txt file, or as they are given; a plain list is put under `name`. Raises CaptureError."""
    if not isinstance(source, str | Path):
        return {name: (_strings(list(source)),)}
    with told(str(source)):
        disk = Disk(source)
        try:
            if disk.size > MOST_BYTES:
                raise ArrayFileError(f"{disk.size:,} bytes of tokens are too many; possible are {MOST_BYTES:,}")
            return _of_text(disk.read(0, disk.size), str(source), name)
        finally:
            disk.close()


def _of_text(data: bytes, path: str, name: str) -> Table:
    if path.endswith(".json"):
        return _of_json(parsed_json(data), name)
    try:
        return {name: (_lines(data),)} if path.endswith(".txt") else _of_json(parsed_json(data), name)
    except ArrayFileError:
        return {name: (_lines(data),)}


def _of_json(value: Any, name: str) -> Table:
    if isinstance(value, list):
        return {name: (_strings(value),)}
    named = value if isinstance(value, dict) else {}
    found: Table = {each: (_strings(named[each]),) for each in NAMES if each in named}
    if not found:
        raise ArrayFileError(f"it holds neither a list of strings nor one of {', '.join(NAMES)}")
    return found


def _lines(data: bytes) -> Tokens:
    """One token a line; spaces belong to it."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ArrayFileError("its tokens are not UTF-8 text") from None
    if "\0" in text:
        raise ArrayFileError("it is no text")
    return tuple(line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")) if text else ()


def _strings(value: Any) -> Tokens:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ArrayFileError("its tokens are not a list of strings")
    return tuple(each.encode("utf-16", "surrogatepass").decode("utf-16", "replace") for each in value)


def _name(name: str) -> str:
    words = name.lower()
    return next((each for each in NAMES[1:] if each.partition("_")[0] in words), "tokens")


def _texts(store: Store, array: StoredArray) -> Rows:
    dtype = array.element.dtype
    if dtype.kind not in "SUiu" or not 1 <= len(array.shape) <= 2:
        raise ArrayFileError(f"{array.told} holds no tokens: texts or ids are due, [n] or [batch, n]")
    if array.nbytes > MOST_BYTES:
        raise ArrayFileError(
            f"{array.told}: {array.nbytes:,} bytes of tokens are too many; possible are {MOST_BYTES:,}"
        )
    if not array.nbytes:
        return (("",) * array.shape[-1],) * (array.shape[0] if len(array.shape) == 2 else 1)
    raw = store.raw(array, 0, array.cells)
    texts = [str(number) for number in raw.tolist()] if dtype.kind in "iu" else _decoded(raw)
    width = array.shape[-1]
    return tuple(tuple(texts[at : at + width]) for at in range(0, len(texts), width))


def _decoded(raw: Raw) -> list[str]:
    """Texts of fixed width; what is no text in them is replaced."""
    coding = "utf-8" if raw.dtype.kind == "S" else "utf-32-be" if raw.dtype.str[0] == ">" else "utf-32-le"
    data, size = raw.tobytes(), raw.dtype.itemsize
    return [data[at : at + size].decode(coding, "replace").rstrip("\0") for at in range(0, len(data), size)]


def as_json(tokens: Sequence[str]) -> str:
    """Tokens as metadata hold them."""
    return json.dumps(list(tokens))
