"""What the benchmarks share: rows of a table with a figure beside its aim, and times taken in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """One line: what was measured, the figure of this machine, and the aim, at most or at `least` so much.

    A note is what else there is to say of the figure.
    """

    name: str
    figure: float
    aim: float
    unit: str = "ms"
    least: bool = False
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the figure is where it should be."""
        return self.figure >= self.aim if self.least else self.figure <= self.aim


RECORDED: list[Row] = []
"""The rows of this session, for the table that `pytest tests/benchmarks` prints."""


@dataclass(frozen=True)
class Times:
    """Seconds of several runs."""

    best: float
    middle: float


def in_turn(works: Mapping[str, Callable[[], Any]], rounds: int = 9, rest: float = 0) -> dict[str, Times]:
    """Each of some works once in every round, after so many seconds of rest: what disturbs one disturbs all."""
    taken: dict[str, list[float]] = {name: [] for name in works}
    for work in works.values():
        work()
    for _ in range(rounds):
        for name, work in works.items():
            if rest:
                time.sleep(rest)
            start = time.perf_counter()
            work()
            taken[name].append(time.perf_counter() - start)
    return {name: Times(min(each), statistics.median(each)) for name, each in taken.items()}


def printed(rows: Sequence[Row]) -> str:
    """The table, and how many rows reach their aim."""
    lines = [f"{'':62} {'here':>10}   {'aim':>8}"]
    for row in rows:
        sign, mark = ("≥" if row.least else "≤"), ("" if row.met else "  missed")
        note = f"  ({row.note})" if row.note else ""
        lines.append(f"{row.name:62} {row.figure:10.3g} {sign} {row.aim:8.3g} {row.unit}{mark}{note}")
    return "\n".join([*lines, f"{sum(row.met for row in rows)} of {len(rows)} reach their aim"])
