"""The pages with panels, knobs and moves of their own; they are loaded once the first screen stands."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from textual.css.stylesheet import Stylesheet

    from .experiments.hall import Hall
    from .lab.bench import Bench

    Room: TypeAlias = Bench | Hall

ROOMS = {"masks": ("lab", "bench", "Bench"), "experiments": ("experiments", "hall", "Hall")}
"""Folder, module and class of each; its style sheet lies beside the module."""


def make_room(page: str, style: Stylesheet) -> Room:
    """The widget of a page, and its rules for the app's style sheet."""
    folder, file, name = ROOMS[page]
    style.read(Path(__file__).parent / folder / f"{file}.tcss")
    module = f".{folder}.{file}"
    made: Room = getattr(import_module(module, __package__), name)(id=f"{page}-page", classes="page")
    return made
