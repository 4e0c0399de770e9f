"""What the mouse does to a session: the cell, the head or the view under it."""

from __future__ import annotations

from .layers.moves import to_head
from .moves import go_to, with_view
from .pictures.heads.glance import head_at
from .pictures.heads.page import layers_grid
from .pictures.plan import UNBOUNDED, Plan
from .pictures.truth import page_at
from .scene import Scene
from .view import Session


def clicked(
    scene: Scene, plan: Plan, panel: str, place: tuple[int, int], width: int, *, height: int = UNBOUNDED
) -> Session | None:
    """The session after a press at a column and row of a panel of some size, or None where nothing is there."""
    x, y = place
    if panel == "map":
        cell = plan.cell_at(x, y)
        return go_to(scene, *cell) if cell else None
    if panel == "heads":
        head = head_at(scene, place, width, height)
        return None if head is None else with_view(scene, head=head)
    if panel == "all-heads":
        grid = layers_grid(scene, width, height)
        there = grid.place_at(x, y) if grid else None
        return to_head(scene, *there) if there else None
    if panel == "title":
        page = page_at(scene, x, width)
        return with_view(scene, page=page) if page else None
    return None
