"""What the engine has reached stays reached: ratios to what is measured in the same run, with slack."""

from __future__ import annotations

import pytest

from tests.benchmarks.bench_engine import PARTS, rows
from tests.benchmarks.table import RECORDED, Row

KEPT = {
    "of plain NumPy": 0.8,
    "of plain NumPy in float64": 1.5,
    "of torch eager": 0.9,
    "times as fast as plain": 5,
    "of the machine's limit": 20,
    "memory, inputs too": 2048,
    "mask toggled": 10,
    "temperature turned": 1.8,
    "one token appended, against all": 60,
}
"""Bounds by the end of a row's name: looser than the aims, so that a busy machine does not fail them."""


def bound(row: Row) -> float | None:
    """What the row must reach here, if anything."""
    return next((limit for name, limit in KEPT.items() if row.name.endswith(name)), None)


@pytest.mark.parametrize("part", PARTS)
def test_the_engine_is_about_as_fast_as_it_was(part: str) -> None:
    found = rows(part)
    RECORDED.extend(found)
    checked = [(row, limit) for row in found if (limit := bound(row)) is not None]
    assert checked
    slow = [row for row, limit in checked if not Row(row.name, row.figure, limit, row.unit, row.least).met]
    assert not slow
