"""Charts as text: what of a drawn chart a test looks at, and a process of its own to draw in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.style import Style

from attn_tui import charts
from attn_tui.pictures.cells import Lines


def texts(rows: Lines) -> list[str]:
    """The lines without their styles."""
    return ["".join(segment.text for segment in row) for row in rows]


def picture(rows: Lines) -> str:
    """A chart as it is written in a test."""
    return "\n" + "\n".join(line.rstrip() for line in texts(rows)) + "\n"


def styled(rows: Lines) -> list[tuple[str, Style]]:
    """Every character with its style."""
    return [(char, segment.style or Style()) for row in rows for segment in row for char in segment.text]


def canvas(rows: Lines) -> list[str]:
    """The lines between the header and the x axis, without the numbers at the left."""
    lines = texts(rows)
    stop = next((i for i, line in enumerate(lines) if "└" in line), len(lines) - 1)
    start = next(i for i, line in enumerate(lines) if "┤" in line)
    edge = lines[start].index("┤") + 1
    return [line[edge:] for line in lines[start:stop]]


def columns(lines: Sequence[str]) -> list[str]:
    """The same cells from left to right."""
    return ["".join(column) for column in zip(*lines, strict=True)]


def child(program: str) -> subprocess.CompletedProcess[str]:
    """Run it apart from the tests, where it may die or hang."""
    root = str(Path(charts.__file__).parents[2])
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env=os.environ | {"PYTHONPATH": root, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
