"""The table of all benchmarks, printed when they have been run: `pytest tests/benchmarks`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.benchmarks.saved import Table, compared, load, save
from tests.benchmarks.table import printed

SAVED = Path(__file__).with_name("saved.json")
TABLE = pytest.StashKey[Table]()


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
    """Before anything is measured."""
    config.stash[TABLE] = Table(os.getloadavg()[0], load(config.getoption("--table-compare")))


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    """The table that the rows of each part come into."""
    return request.config.stash[TABLE]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Print the table, and save it."""
    table = config.stash[TABLE]
    if not table.rows:
        return
    terminalreporter.section(f"load {table.load:.1f} before, on {os.cpu_count()} cores")
    terminalreporter.write_line(printed(table.rows))
    terminalreporter.write_line(compared(table))
    if path := config.getoption("--table-save"):
        save(path, table.rows)
