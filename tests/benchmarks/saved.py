"""Saved tables: what is compared with them, and which rows have to reach their aim again."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.benchmarks.table import Row

SLACK = {"ms": 3.0, "s": 3.0, "frames": 2.0, "×": 1.5, "%": 1.5, "B": 1.2, "MiB": 1.2}
"""How many times its aim a row that had reached it may be, by its unit: times are those of a shared machine."""

MUCH = 1.25
"""How many times as large or small as a saved figure is worth telling."""


@dataclass
class Table:
    """The machine's load before, the rows of a saved run, and those that were measured."""

    load: float
    saved: dict[str, Row]
    rows: list[Row] = field(default_factory=list)


def load(path: Path) -> dict[str, Row]:
    """The rows of a saved table by their names; none where there is no such file."""
    rows = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return {row["name"]: Row(**row) for row in rows}


def save(path: Path, rows: Sequence[Row]) -> None:
    """Save a table."""
    lines = ",\n".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows)
    path.write_text(f"[\n{lines}\n]\n", encoding="utf-8")


def lost(row: Row, saved: Row | None) -> bool:
    """Whether a row that had reached its aim is beyond it by more than the slack."""
    slack = SLACK[row.unit]
    beyond = row.figure < row.aim / slack if row.least else row.figure > row.aim * slack
    return saved is not None and saved.met and beyond


def compared(table: Table) -> str:
    """What differs much from the saved run, a line each."""
    lines = [
        f"{row.name:62} {table.saved[row.name].figure:10.3g} → {row.figure:.3g} {row.unit}"
        for row in table.rows
        if row.name in table.saved and _far(row.figure, table.saved[row.name].figure)
    ]
    new = sum(row.name not in table.saved for row in table.rows)
    head = f"{len(lines)} of {len(table.rows)} are more than {MUCH} times the saved figure or less than a {MUCH}th"
    return "\n".join([f"{head}; {new} were not saved", *lines])


def _far(figure: float, saved: float) -> bool:
    return max(figure, saved) > MUCH * min(figure, saved)
