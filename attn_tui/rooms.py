"""The pages with panels, knobs and moves of their own; they are loaded once the first screen stands."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .experiments.hall import Hall
    from .lab.bench import Bench

    Room: TypeAlias = Bench | Hall

ROOMS = {"masks": (".lab.bench", "Bench"), "experiments": (".experiments.hall", "Hall")}
"""Module and class of each."""


def make_room(page: str) -> Room:
    """The widget of a page."""
    module, name = ROOMS[page]
    made: Room = getattr(import_module(module, __package__), name)(id=f"{page}-page", classes="page")
    return made
