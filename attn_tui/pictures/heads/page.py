"""The page of heads: all layers at a glance above thumbnails of one; or, of one, thumbnails, table and likeness."""

from __future__ import annotations

from rich.segment import Segment

from attn_engine import measure

from ...layers.overview import Layers
from ...scene import Scene
from ...view import HEAD_MEASURES, HEAD_ORDERS
from ..cells import Lines, beside, page, wrap
from .gallery import gallery_shape, thumbnails
from .kinds import definition
from .layers import Grid, counted_text, grid, grid_of, legend, range_line
from .matrix import matrix
from .numbers import over
from .table import COLUMNS, TABLE_WIDTH, table

LEAST_MATRIX = 20
LEAST_THUMBNAILS = 4
"""Rows from which thumbnails are shown below all layers."""

TALL = 12
"""Rows from which there is room for a second line of what a head is."""


def heads_title(scene: Scene) -> str:
    """The title of the page: the layer, and the order; over how many queries means are, where that is not all."""
    if scene.layers and scene.in_layers:
        measure_name = scene.session.view.head_measure
        counted = counted_text(scene.layers.known(scene.shown.layer), measure_name)
        return f"All layers · {HEAD_MEASURES[measure_name]}, mean {counted or 'over queries'}"
    layer = f" of {scene.layer_name}" if scene.layer_name else ""
    figures = measure(scene.attention)
    counted = over([figures.counted(name) for name, *_ in COLUMNS], scene.attention.query_length)
    means = f" · means {counted}" if counted else ""
    return f"All heads{layer} · {HEAD_ORDERS[scene.session.view.head_order]}{means}"


def heads_page(scene: Scene, width: int, height: int) -> Lines:
    """Thumbnails of all heads; below them the table, and the likeness matrix where it fits beside. Or all layers."""
    if scene.layers and scene.in_layers:
        return _all_layers(scene, scene.layers, width, height)
    below, text = _below(scene, height), scene.ink.text
    told = [[Segment(line, scene.ink.text)] for line in _told(scene, width, height)]
    above = height - below - len(told)
    gallery = page(thumbnails(scene, width, above), width, above, text)
    room = width - TABLE_WIDTH - 3
    if room < min(3 * scene.attention.num_heads + 4, LEAST_MATRIX):
        return [*gallery, *page(told, width, len(told), text), *page(table(scene, below), width, below, text)]
    rows = page(table(scene, below), TABLE_WIDTH + 3, below, text)
    lower = beside(rows, page(matrix(scene, room, below), room, below, text))
    return [*gallery, *page(told, width, len(told), text), *lower]


def _all_layers(scene: Scene, layers: Layers, width: int, height: int) -> Lines:
    """The grid, what its colours and letters mean, what the head on show is, and thumbnails where they fit below."""
    below = _below_grid(scene, layers, width, height)
    tall = height - len(below)
    lines = [*grid(scene, layers, width, min(tall, len(layers.numbers) + 1)), *below]
    room = height - len(lines) - 1
    return [*lines, [], *thumbnails(scene, width, room)] if room >= LEAST_THUMBNAILS else lines


def _below_grid(scene: Scene, layers: Layers, width: int, height: int) -> Lines:
    """What stands below the grid, as much of it as there is room for."""
    told: Lines = [[Segment(line, scene.ink.text)] for line in _told(scene, width, height)]
    lines = [range_line(scene, layers, width), *told, *legend(scene, layers, width)]
    least = 1 if height < TALL else 3
    return lines[: max(height - len(layers.numbers) - 1, least)]


def layers_grid(scene: Scene, width: int, height: int) -> Grid | None:
    """Where the cells of all layers stand on a page of some size; None where they are not on show."""
    if not (scene.layers and scene.in_layers):
        return None
    tall = height - len(_below_grid(scene, scene.layers, width, height))
    return grid_of(scene, scene.layers, width, min(tall, len(scene.layers.numbers) + 1))


def heads_beside(scene: Scene, width: int, height: int) -> int:
    """How many thumbnails stand beside each other on a page of some size."""
    above = height - _below(scene, height) - len(_told(scene, width, height))
    return gallery_shape(scene, width, above)[0]


def _below(scene: Scene, height: int) -> int:
    """The rows of the table."""
    return min(scene.attention.num_heads + 3, max(height // 2, 5), height - 1)


def _told(scene: Scene, width: int, height: int) -> list[str]:
    """What the head on show is, in one line, or in two where there is room."""
    return wrap(definition(scene), width)[: 2 if height >= TALL else 1]
