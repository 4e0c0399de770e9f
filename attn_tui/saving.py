"""Saving what is shown: the screen as SVG or text, its numbers as CSV, the session as a command."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attn_engine import is_far, most_scores

from .encodings import as_bytes
from .options import command
from .pictures.cells import Lines, gated, plain
from .scene import Scene

FORMS = (".svg", ".txt", ".csv", ".cmd")


def check_name(name: str) -> Path:
    """The path of a name that can be saved under; ValueError says what is possible."""
    try:
        path = Path(name.strip()).expanduser()
    except RuntimeError:
        raise ValueError(f"{name.strip()!r} begins with ~ and the name of nobody here") from None
    if path.suffix.lower() not in FORMS:
        raise ValueError(f"{path.name!r} has none of the endings {', '.join(FORMS)}")
    return path


def save(name: str, scene: Scene, screen: Lines, picture: Callable[[], str]) -> str:
    """Write the scene in the form that the name ends with, and say so. An existing file stays:
    FileExistsError; what is too large for a form: ValueError.

    `screen` is what .txt keeps, and `picture` makes the SVG.
    """
    path = check_name(name)
    makers: dict[str, Callable[[], str]] = {
        ".svg": picture,
        ".txt": lambda: plain(gated(screen)) + "\n",
        ".csv": lambda: _csv(scene),
        ".cmd": lambda: command(scene.settled) + "\n",
    }
    data = as_bytes(makers[path.suffix.lower()]())
    with path.open("xb") as file:
        file.write(data)
    return f"saved {path}"


def _csv(scene: Scene) -> str:
    """The numbers of the masks or of the map; what makes them is loaded when it is asked for."""
    if scene.laboratory:
        from .mask_report import mask_csv

        return mask_csv(scene.laboratory)
    if is_far(scene.shown):
        raise ValueError(f".csv is of every weight: at most {most_scores():,} are made; possible are .svg, .txt, .cmd")
    from .report import csv_text

    return csv_text(scene)
