"""Tables of records: columns, and how numbers are written in them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .study_records import Record


class Column(NamedTuple):
    """One column of a table: its title, how a record is written in it, and on which side."""

    title: str
    write: Callable[[Record], str]
    side: str = ">"


def table(columns: Iterable[Column], records: list[Record]) -> list[str]:
    """The header and the rows, as wide as what is in them, two spaces between columns."""
    written = [[column.title, *map(column.write, records)] for column in columns]
    sides = [column.side for column in columns]
    widths = [max(map(len, cells)) for cells in written]
    rows = zip(*written, strict=True)
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def fixed(name: str, digits: int) -> Callable[[Record], str]:
    """A number with some digits after the point."""
    return lambda record: "–" if record[name] is None else f"{record[name]:.{digits}f}"


def mean(record: Record) -> str:
    """The mean and its error, where it has one."""
    error = record["error"]
    return f"{record['mean']:.3f} ± {error:.3f}" if error > 0 else f"{record['mean']:.3f}"


def band(record: Record) -> str:
    """Where 95 % of single draws lie; none for what holds by definition."""
    return "–" if _without_band(record) else f"{record['low']:.3f} – {record['high']:.3f}"


def short_band(record: Record) -> str:
    """The band to two digits."""
    return "–" if _without_band(record) else f"{record['low']:.2f} – {record['high']:.2f}"


def _without_band(record: Record) -> bool:
    return record.get("heads") == 1 or math.isnan(record["low"])


def inside(record: Record) -> str:
    """Whether the published figure lies in the band."""
    return {None: "–", True: "yes", False: "no"}[record["inside"]]


def counted(name: str) -> Callable[[Record], str]:
    """A whole number."""
    return lambda record: f"{record[name]:,}" if name in record else "–"
