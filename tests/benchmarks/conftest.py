"""Benchmarks run only where they are asked for, `pytest tests/benchmarks`, and print their table at the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmarks.saved import compared, load, save
from tests.benchmarks.table import RECORDED, Row, printed

SAVED = Path(__file__).with_name("saved.json")
BEFORE = pytest.StashKey[tuple[float, dict[str, Row]]]()
"""The machine's load before anything was measured, and the rows of a saved table."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Where the table is saved, and what it is compared with."""
    group = parser.getgroup("the table of the benchmarks")
    group.addoption("--table-save", metavar="FILE", type=Path, help="save the table as JSON")
    group.addoption(
        "--table-compare",
        metavar="FILE",
        type=Path,
        default=SAVED,
        help="the saved table to compare with: aims that it reaches have to be reached again (default: %(default)s)",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Read the saved table before it may be saved anew."""
    config.stash[BEFORE] = os.getloadavg()[0], load(config.getoption("--table-compare"))


@pytest.fixture
def saved(request: pytest.FixtureRequest) -> dict[str, Row]:
    """The rows of the saved table by their names."""
    return request.config.stash[BEFORE][1]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Every row that a test has recorded, and what differs from the saved table."""
    if not RECORDED:
        return
    busy, saved = config.stash[BEFORE]
    terminalreporter.section(f"load {busy:.1f} before, on {os.cpu_count()} cores")
    terminalreporter.write_line(printed(RECORDED))
    terminalreporter.write_line(compared(RECORDED, saved))
    if path := config.getoption("--table-save"):
        save(path, RECORDED)
