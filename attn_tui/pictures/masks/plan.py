"""Where the cells and the blocks of a mask go: as many positions in each as it takes, at any length."""

from __future__ import annotations

from collections.abc import Iterator

from ...lab.laboratory import Laboratory
from ..plan import LEAST_WITH_BAR, Plan, Zoom, zoom_named

Size = tuple[int, int]

MOST_SIGN = 4
"""Rows, and half the columns, that the sign of one block has at most."""


def plan_cells(lab: Laboratory, width: int, height: int) -> Plan:
    """The plan of the mask's cells; `auto` takes the largest cells that show the whole mask."""
    name = lab.lab.mask_zoom
    if name != "auto":
        return _plan(lab, zoom_named(name), width, height)
    return next(plan for plan in _ladder(lab, width, height) if plan.complete or plan.zoom.block >= max(_lengths(lab)))


def _ladder(lab: Laboratory, width: int, height: int) -> Iterator[Plan]:
    for name in lab.zooms:
        yield _plan(lab, zoom_named(name), width, height)


def plan_blocks(lab: Laboratory, width: int, height: int) -> Plan:
    """The plan of the signs for blocks: one for each where they fit, or where the cells are no larger than they."""
    size = lab.lab.block_size
    blocks = max(-(-length // size) for length in _lengths(lab))
    if lab.lab.mask_zoom == "auto":
        scale = 0
        while not (plan := _plan_signs(lab, size << scale, width, height)).complete and blocks >> scale:
            scale += 1
        return plan
    block = zoom_named(lab.lab.mask_zoom).block
    return _plan_signs(lab, size * max(1 << max((block // size).bit_length() - 1, 0), 1), width, height)


def _plan_signs(lab: Laboratory, side: int, width: int, height: int) -> Plan:
    """Signs of equal rows and double columns, enlarged while all of them fit."""
    for rows in range(MOST_SIGN, 0, -1):
        plan = _plan(lab, Zoom(str(side), block=side, width=2 * rows), width, height, rows)
        if plan.complete:
            break
    return plan


def _lengths(lab: Laboratory) -> Size:
    return lab.plane.query_length, lab.plane.key_length


def _plan(lab: Laboratory, zoom: Zoom, width: int, height: int, tall: int = 1) -> Plan:
    whole = tuple(-(-length // zoom.block) for length in _lengths(lab))
    label_width = min(len(str(lab.plane.query_length - 1)), max(width // 4, 3)) + 1
    lines = max(height - (height >= LEAST_WITH_BAR) - 1, 1)
    room = lines * 2 if zoom.halves else lines // tall, (width - label_width) // zoom.width
    shown = tuple(max(min(each, total), 1) for each, total in zip(room, whole, strict=True))
    first = tuple(
        _first(place // zoom.block, count, total) for place, count, total in zip(lab.cursor, shown, whole, strict=True)
    )
    return Plan(zoom, label_width, 1, (first[0], first[1]), (shown[0], shown[1]), (whole[0], whole[1]))


def _first(cursor: int, count: int, total: int) -> int:
    """The first cell shown: the window moves by half of itself, and keeps the cursor off its edges."""
    half = max(count // 2, 1)
    return min(max((cursor - count // 4) // half * half, 0), total - count)


MOST_ROWS = 40
"""Rows of cells of a picture without a screen."""


def cells_height(lab: Laboratory, width: int) -> int:
    """The rows that the whole mask takes at a width: ticks, cells, legend."""
    plan = plan_cells(lab, width, MOST_ROWS + 2)
    rows = -(-plan.shown[0] // 2) if plan.zoom.halves else plan.shown[0]
    return max(rows + 2, LEAST_WITH_BAR)
