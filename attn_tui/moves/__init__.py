"""What keys do to a session: pure functions from what is on the screen to the next session.

A move that cannot be made raises Refusal with the one line that says why, and the session stays.
"""

from __future__ import annotations

from ..view import PAGES
from .cursor import go_to, next_finding, screenful, search_next, step, to_edge, told_of_move
from .move import ARROWS, Move, Refusal, named, of_the_map, with_view
from .together import compare, hide, mark, panel, pin, to_page, together, words
from .turning import (
    beside,
    fixed_by_source,
    head_step,
    stage,
    toggle,
    turn,
    turn_field,
    turn_range,
    turn_view,
    turned_value,
    zoom,
)

__all__ = [
    "ARROWS",
    "MOVES",
    "Move",
    "Refusal",
    "beside",
    "fixed_by_source",
    "go_to",
    "head_step",
    "named",
    "of_the_map",
    "search_next",
    "told_of_move",
    "turn",
    "turn_field",
    "turn_view",
    "turned_value",
    "with_view",
]

MOVES: dict[str, Move] = {
    "left": step(0, -1),
    "right": step(0, 1),
    "up": step(-1, 0),
    "down": step(1, 0),
    "page-up": screenful(-1),
    "page-down": screenful(1),
    "home": lambda scene, _: to_edge(scene, end=False),
    "end": lambda scene, _: to_edge(scene, end=True),
    "head-back": turn_field("head", -1),
    "head-on": turn_field("head", 1),
    "layer-back": turn_field("layer", -1),
    "layer-on": turn_field("layer", 1),
    "search-on": search_next(1),
    "search-back": search_next(-1),
    "finding": next_finding,
    "zoom-in": zoom(-1),
    "zoom-out": zoom(1),
    "blocks": turn_view("blocks"),
    "picture-only": toggle("picture_only"),
    "stage-on": stage(1),
    "stage-back": stage(-1),
    "range": turn_range,
    "palette": turn_view("palette"),
    "over": together("over", turn_view("over")),
    "hide": together("hide", hide),
    "words": together("words", words),
    "mark-key": together("mark-key", mark("marked_keys", 1)),
    "mark-query": together("mark-query", mark("marked_queries", 0)),
    "text": toggle("text"),
    "pin": pin,
    "compare": compare,
    "panel-on": panel(1),
    "panel-back": panel(-1),
    **{f"page-{name}": to_page(name) for name in PAGES},
}
