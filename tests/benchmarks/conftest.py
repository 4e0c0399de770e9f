"""Benchmarks run only where they are asked for, `pytest tests/benchmarks`, and print their table at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.table import RECORDED, printed


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """A run of all tests leaves them out: they take a minute, and a busy machine fails them."""
    asked = any("benchmarks" in argument for argument in config.args)
    return None if asked or collection_path.is_dir() else True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Every row that a test has recorded."""
    if RECORDED:
        terminalreporter.write_line("")
        terminalreporter.write_line(printed(RECORDED))
