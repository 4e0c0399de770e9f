"""Saving what is shown: the screen as SVG or text, its numbers as CSV, the session as a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from .options import command
from .pictures.cells import plain
from .report import csv_text

if TYPE_CHECKING:
    from .app import Explorer

FORMS = (".svg", ".txt", ".csv", ".cmd")


def check_name(name: str) -> Path:
    """The path of a name that can be saved under; ValueError says what is possible."""
    path = Path(name.strip()).expanduser()
    if path.suffix.lower() not in FORMS:
        raise ValueError(f"{path.name!r} has none of the endings {', '.join(FORMS)}")
    return path


def save(name: str, app: Explorer) -> str:
    """Write the file in the form that its name ends with; what to tell. An existing file stays: FileExistsError."""
    path = check_name(name)
    makers: dict[str, Callable[[], str]] = {
        ".svg": app.export_screenshot,
        ".txt": lambda: plain(app.screen_lines()) + "\n",
        ".csv": lambda: csv_text(app.scene),
        ".cmd": lambda: command(app.scene.settled) + "\n",
    }
    text = makers[path.suffix.lower()]()
    with path.open("x", encoding="utf-8") as file:
        file.write(text)
    return f"saved {path}"
