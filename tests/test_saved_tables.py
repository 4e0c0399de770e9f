"""Saved tables of the benchmarks: which rows have to reach their aim again, and what differs from then."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.saved import SLACK, compared, load, lost, save
from tests.benchmarks.table import Row

AT_MOST, AT_LEAST = Row("key", 10, 16, "ms"), Row("rate", 90, 75, "%", least=True)


@pytest.mark.parametrize(
    ("row", "saved", "expected"),
    [
        (Row("key", 16 * SLACK["ms"] - 1, 16, "ms"), AT_MOST, False),
        (Row("key", 16 * SLACK["ms"] + 1, 16, "ms"), AT_MOST, True),
        (Row("key", 16 * SLACK["ms"] + 1, 16, "ms"), Row("key", 17, 16, "ms"), False),
        (Row("key", 16 * SLACK["ms"] + 1, 16, "ms"), None, False),
        (Row("rate", 75 / SLACK["%"] + 1, 75, "%", least=True), AT_LEAST, False),
        (Row("rate", 75 / SLACK["%"] - 1, 75, "%", least=True), AT_LEAST, True),
        (Row("idle", 1, 0, "B"), Row("idle", 0, 0, "B"), True),
    ],
)
def test_a_row_that_reached_its_aim_may_not_be_far_beyond_it(row: Row, saved: Row | None, expected: bool) -> None:
    assert lost(row, saved) is expected


def test_a_table_comes_back_as_it_was_saved(tmp_path: Path) -> None:
    assert load(tmp_path / "table.json") == {}
    save(tmp_path / "table.json", [AT_MOST, AT_LEAST])
    assert load(tmp_path / "table.json") == {"key": AT_MOST, "rate": AT_LEAST}


def test_only_what_differs_much_from_the_saved_run_is_told() -> None:
    rows = [Row("key", 11, 16, "ms"), Row("rate", 45, 75, "%", least=True), Row("new", 1, 1, "s")]
    head, *told = compared(rows, {"key": AT_MOST, "rate": AT_LEAST}).splitlines()
    assert head.endswith("; 1 were not saved")
    assert [line.split()[0] for line in told] == ["rate"]
