"""Saved tables: what is compared with them, and which rows have to reach their aim again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from tests.benchmarks.table import Row

SLACK = {"ms": 3.0, "s": 3.0, "frames": 2.0, "×": 1.5, "%": 1.5, "B": 1.2, "MiB": 1.2}
"""How many times its aim a row that had reached it may be, by its unit: times are those of a shared machine."""

MUCH = 1.25
"""How many times as large or small as a saved figure is worth telling."""


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


def compared(rows: Sequence[Row], saved: Mapping[str, Row]) -> str:
    """What differs much from the saved run, a line each."""
    known = [(row, saved[row.name]) for row in rows if row.name in saved]
    lines = [
        f"{row.name:62} {old.figure:10.3g} → {row.figure:.3g} {row.unit}"
        for row, old in known
        if _far(row.figure, old.figure)
    ]
    head = f"{len(lines)} of {len(known)} are more than {MUCH} times what was saved, or less than a {MUCH}th of it"
    return "\n".join([f"{head}; {len(rows) - len(known)} were not saved", *lines])


def _far(figure: float, saved: float) -> bool:
    return max(figure, saved) > MUCH * min(figure, saved)
