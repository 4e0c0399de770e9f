"""The table of what everything costs: what had reached its aim still does, but for some slack."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from importlib.util import find_spec

import pytest

from tests.benchmarks.saved import Table, lost
from tests.benchmarks.table import Row

MODULES = ("bench_screen", "bench_engine", "bench_studies", "bench_masks")


def parts() -> Iterator[object]:
    """The rows of each module in the parts that are measured by themselves."""
    for name in MODULES:
        if find_spec(f"tests.benchmarks.{name}") is None:
            continue
        module = import_module(f"tests.benchmarks.{name}")
        yield from (pytest.param(module.rows, part, id=f"{name} {part}") for part in module.PARTS)


@pytest.mark.parametrize(("rows", "part"), parts())
def test_what_had_reached_its_aim_still_does(rows: Callable[..., list[Row]], part: str, table: Table) -> None:
    measured = rows(part)
    table.rows += measured
    assert not [row for row in measured if lost(row, table.saved.get(row.name))]
