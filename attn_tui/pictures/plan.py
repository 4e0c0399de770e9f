"""Where everything of a map goes: the zoom, the labels, the window of cells that a panel has room for."""

from __future__ import annotations

from dataclasses import dataclass

from ..presets import preset_of
from ..scene import Scene
from ..view import MOST_BLOCK, PRINTED_PART, PRINTED_ROWS, ZOOMS

NUMBER_WIDTH = 7
MOST_LABEL_WIDTH = 10
MOST_LABEL_HEIGHT = 8
UNBOUNDED = 10**7

LEAST_WITH_BAR = 6
"""Rows of a panel from which there is a colour bar below the cells."""


@dataclass(frozen=True)
class Zoom:
    """How positions become cells: `block` positions a side, cells `width` columns wide; halves share a row."""

    name: str
    block: int = 1
    width: int = 1
    halves: bool = False


def zoom_named(name: str) -> Zoom:
    """The zoom of a name of `view.ZOOMS`."""
    if name == "numbers":
        return Zoom(name, width=NUMBER_WIDTH)
    if name in ("cells", "thin"):
        return Zoom(name, width=2 if name == "cells" else 1)
    return Zoom(name, block=1 if name == "half" else int(name), halves=True)


@dataclass(frozen=True)
class Plan:
    """Where everything of a map goes, in a panel of a given size; rows and columns are counted in cells."""

    zoom: Zoom
    label_width: int
    label_height: int
    first: tuple[int, int]
    shown: tuple[int, int]
    whole: tuple[int, int]

    @property
    def complete(self) -> bool:
        """Whether the whole picture is in view."""
        return self.shown == self.whole

    @property
    def scroll(self) -> tuple[int, int]:
        """The position of the first cell shown; (0, 0) where all are."""
        return (0, 0) if self.complete else (self.first[0] * self.zoom.block, self.first[1] * self.zoom.block)

    def cell_at(self, x: int, y: int) -> tuple[int, int] | None:
        """The (query, key) drawn at a column and row of the panel, or None beside the cells."""
        row, column = y - self.label_height, (x - self.label_width) // self.zoom.width
        row = row * 2 if self.zoom.halves else row
        if x < self.label_width or not (0 <= row < self.shown[0] and 0 <= column < self.shown[1]):
            return None
        return (self.first[0] + row) * self.zoom.block, (self.first[1] + column) * self.zoom.block


def plan_map(scene: Scene, width: int, height: int) -> Plan:
    """The plan of a scene's map; `auto` zoom takes the largest cells that show the whole picture.

    Of a preset it takes cells that are labelled one by one, and shows a part where not all fit: what the positions
    are says more than all of them at once.
    """
    name = scene.session.view.zoom
    if name != "auto":
        return _plan(scene, zoom_named(name), width, height)
    labelled = bool(preset_of(scene.session)) and scene.session.view.page == "experiments"
    for name in ("numbers", "cells", "thin") if labelled and not scene.inputs.query_grid else ZOOMS:
        plan = _plan(scene, zoom_named(name), width, height)
        if plan.complete:
            return plan
    if labelled:
        return plan
    least = max(2, *(-(-total // shown) for total, shown in zip(plan.whole, plan.shown, strict=True)))
    block = -(-least // scene.grain) * scene.grain
    while not plan.complete and block <= MOST_BLOCK:
        plan = _plan(scene, zoom_named(str(block)), width, height)
        block += scene.grain
    return plan


def _plan(scene: Scene, zoom: Zoom, width: int, height: int) -> Plan:
    whole = tuple(-(-length // zoom.block) for length in scene.size)
    label_width = _label_width(scene, zoom, width)
    columns = max(min((width - label_width) // zoom.width, whole[1]), 1)
    rows_wanted = -(-whole[0] // 2) if zoom.halves else whole[0]
    bar = height >= LEAST_WITH_BAR
    label_height = _label_height(scene, zoom, height - bar - rows_wanted, height)
    rows = max(height - bar - label_height, 1) * (2 if zoom.halves else 1)
    shown = min(rows, whole[0]), columns
    first = tuple(
        _first(place // zoom.block, start // zoom.block, count, total)
        for place, start, count, total in zip(scene.cursor, scene.session.view.scroll, shown, whole, strict=True)
    )
    return Plan(zoom, label_width, label_height, (first[0], first[1]), shown, (whole[0], whole[1]))


def _first(cursor: int, wanted: int, count: int, total: int) -> int:
    """The first cell shown: the one wanted, moved no more than needed to keep the cursor in view."""
    nearest = min(max(wanted, cursor - count + 1), cursor)
    return min(max(nearest, 0), total - count)


def _label_width(scene: Scene, zoom: Zoom, width: int) -> int:
    widest = len(f"{scene.size[0] - 1:,}")
    if zoom.block == 1:
        widest = max(widest, scene.widest[0]) if scene.has_tokens else widest
    return min(widest, MOST_LABEL_WIDTH, max(width // 4, 3)) + 1


def _label_height(scene: Scene, zoom: Zoom, spare: int, height: int) -> int:
    """Rows for the labels of columns: written downwards where cells are narrow and there is room."""
    if not scene.has_tokens or zoom.block > 1 or zoom.name == "numbers":
        return 1
    room = spare if spare >= 1 else height // 4
    return max(min(scene.widest[1], MOST_LABEL_HEIGHT, room), 1)


def whole_size(scene: Scene, width: int, most: int | None = None) -> int:
    """The rows that the whole map takes at a width: labels, cells, colour bar; of those, `most`.

    Cells become smaller to fit, into PRINTED_ROWS where nothing is asked; cells of a size that was chosen do not, and
    where not all of their columns fit, PRINTED_PART rows of them are enough.
    """
    chosen = scene.session.view.zoom != "auto"
    plan = plan_map(scene, width, UNBOUNDED if chosen else most or PRINTED_ROWS)
    rows = -(-plan.whole[0] // 2) if plan.zoom.halves else plan.whole[0]
    if plan.shown[1] < plan.whole[1]:
        rows = min(rows, most or PRINTED_PART)
    return max(min(plan.label_height + rows + 1, most or UNBOUNDED), LEAST_WITH_BAR)
