"""What screen, studies and masks have reached stays reached, but for some slack."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.benchmarks import bench_masks, bench_screen, bench_studies
from tests.benchmarks.saved import lost
from tests.benchmarks.table import RECORDED, Row

PARTS = [
    pytest.param(module.rows, part, id=f"{module.__name__.rpartition('_')[2]} {part}")
    for module in (bench_screen, bench_studies, bench_masks)
    for part in module.PARTS
]
"""The rows of each module, in the parts that are measured by themselves."""


@pytest.mark.parametrize(("rows", "part"), PARTS)
def test_what_had_reached_its_aim_still_does(rows: Callable[..., list[Row]], part: str, saved: dict[str, Row]) -> None:
    measured = rows(part)
    RECORDED.extend(measured)
    assert not [row for row in measured if lost(row, saved.get(row.name))]
