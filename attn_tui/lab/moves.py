"""What keys do in the mask laboratory: from what is on the screen to the next session."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..moves import MOVES, Move, Refusal, turn, turned_value
from ..parameters import PART_OF, Parameter
from ..pictures.plan import Plan
from ..scene import Scene
from ..values import MOST
from ..view import DIALECTS, MASK_PANELS, PAGES, SHEETS, Session
from .laboratory import Laboratory


def with_lab(scene: Scene, **changes: Any) -> Session:
    """The session with another laboratory."""
    return replace(scene.session, lab=replace(scene.session.lab, **changes))


def laboratory_of(scene: Scene) -> Laboratory:
    """The laboratory on the screen. Raises Refusal where there is none."""
    if scene.laboratory is None:
        raise Refusal(f"no mask here: {scene.keycaps['page-masks']} shows the mask laboratory")
    return scene.laboratory


def go_to_pair(scene: Scene, query: int, key: int) -> Session:
    """The cursor at a pair, kept within the plane."""
    plane = laboratory_of(scene).plane
    place = min(max(query, 0), plane.query_length - 1), min(max(key, 0), plane.key_length - 1)
    return with_lab(scene, mask_cursor=place)


def step(rows: int, columns: int) -> Move:
    """The cursor some cells on."""

    def move(scene: Scene, plan: Plan) -> Session:
        query, key = laboratory_of(scene).cursor
        return go_to_pair(scene, query + rows * plan.zoom.block, key + columns * plan.zoom.block)

    return move


def screenful(direction: int) -> Move:
    """The cursor a screen of queries on."""
    return lambda scene, plan: step(direction * plan.shown[0], 0)(scene, plan)


def to_edge(*, end: bool) -> Move:
    """The cursor at the first or last key; from there, at the first or last query."""

    def move(scene: Scene, _: Plan) -> Session:
        lab = laboratory_of(scene)
        query, key = lab.cursor
        edge = lab.plane.key_length - 1 if end else 0
        other = lab.plane.query_length - 1 if end else 0
        return go_to_pair(scene, query if key != edge else other, edge)

    return move


def zoom(direction: int) -> Move:
    """Larger (−1) or smaller (+1) cells, from single positions to the whole mask."""

    def move(scene: Scene, plan: Plan) -> Session:
        names = laboratory_of(scene).zooms
        place = names.index(plan.zoom.name) + direction if plan.zoom.name in names else len(names) - 1
        if place < 0:
            raise Refusal("cells are at their largest: each is one pair")
        if place >= len(names) or (direction > 0 and plan.complete):
            raise Refusal("the whole mask is in view")
        return with_lab(scene, mask_zoom=names[place])

    return move


def lengths(direction: int) -> Move:
    """Both lengths doubled (1) or halved (−1), the cursor at the same place among them."""

    def move(scene: Scene, _: Plan) -> Session:
        lab = scene.session.lab
        sizes = [size * 2 if direction > 0 else size // 2 for size in (lab.mask_queries, lab.mask_keys)]
        if max(sizes) > MOST or min(sizes) < 1:
            raise Refusal(f"lengths are 1 … {MOST:,}")
        place = tuple(at * 2 if direction > 0 else at // 2 for at in lab.mask_cursor)
        return with_lab(scene, mask_queries=sizes[0], mask_keys=sizes[1], mask_cursor=place)

    return move


def next_of(field: str, names: dict[str, str], direction: int) -> Move:
    """The next of a few names: panels, sheets, dialects."""

    def move(scene: Scene, _: Plan) -> Session:
        known = list(names)
        here = known.index(getattr(scene.session.lab, field))
        return with_lab(scene, **{field: known[(here + direction) % len(known)]})

    return move


def next_dialect(scene: Scene, plan: Plan) -> Session:
    """The code; once it is there, the code of the next dialect."""
    if scene.session.lab.sheet != "code":
        return with_lab(scene, sheet="code")
    return next_of("dialect", DIALECTS, 1)(scene, plan)


def next_finding(scene: Scene, _: Plan) -> Session:
    """The cursor at the next query that a finding tells of, and the findings shown."""
    lab = laboratory_of(scene)
    if lab.findings is None:
        raise Refusal("the checks are still at work")
    places = lab.places
    if not places:
        raise Refusal("nothing found: every query sees a key, and every key is seen")
    beyond = [place for place in places if place > lab.cursor]
    session = go_to_pair(scene, *(beyond or places)[0])
    return replace(session, lab=replace(session.lab, sheet="checks"))


def turn_knob(scene: Scene, row: Parameter, direction: int) -> Session:
    """A knob of the laboratory, or one that it shares with the map, turned by one."""
    if PART_OF[row.field] == "experiment":
        return turn(scene, row, direction)
    turned = turned_value(row, getattr(scene.session.lab, row.field), direction)
    return with_lab(scene, **{row.field: turned})


LAB_MOVES: dict[str, Move] = {
    "left": step(0, -1),
    "right": step(0, 1),
    "up": step(-1, 0),
    "down": step(1, 0),
    "page-up": screenful(-1),
    "page-down": screenful(1),
    "home": to_edge(end=False),
    "end": to_edge(end=True),
    "zoom-in": zoom(-1),
    "zoom-out": zoom(1),
    "search-on": lengths(1),
    "search-back": lengths(-1),
    "finding": next_finding,
    "stage-on": next_of("sheet", SHEETS, 1),
    "stage-back": next_of("sheet", SHEETS, -1),
    "range": next_dialect,
    "panel-on": next_of("mask_panel", MASK_PANELS, 1),
    "panel-back": next_of("mask_panel", MASK_PANELS, -1),
    **{name: MOVES[name] for name in ("palette", "picture-only", "head-back", "head-on")},
    **{f"page-{name}": MOVES[f"page-{name}"] for name in PAGES},
}
"""The moves of the laboratory; the others are of the map alone."""
