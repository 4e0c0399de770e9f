"""What a move is: a function from what is on the screen to the next session, or the line that says why not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ..actions import BY_NAME
from ..pictures.plan import Plan
from ..scene import Scene
from ..view import Session

Move = Callable[[Scene, Plan], Session]

ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
"""Columns and rows of the keys that step."""


class Refusal(Exception):  # noqa: N818 - not an error: the move has nowhere to go
    """A move that cannot be made, and why."""


def named(scene: Scene, name: str) -> str:
    """The keys of an action, and what it does."""
    return f"{scene.keycaps.all_of(name)}: {BY_NAME[name].help}"


def of_the_map(scene: Scene, name: str) -> Refusal:
    """The refusal of a key that does nothing on the page on show."""
    return Refusal(f"{named(scene, name)} is of the map; {scene.keycaps['page-map']} shows it")


def with_view(scene: Scene, **changes: Any) -> Session:
    """The session with another view."""
    return replace(scene.session, view=replace(scene.session.view, **changes))
