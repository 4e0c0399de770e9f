"""Moves of the cursor: by cells, to the next match, to the next query that something is unusual about."""

from __future__ import annotations

from ..choices import at_layer
from ..findings import Search, place_text, search_on
from ..pictures.plan import Plan
from ..scene import Scene
from ..view import Session
from .move import Move, Refusal, with_view

SECONDS = 0.3
"""How long a search through heads and layers may take a key press."""


def go_to(scene: Scene, query: int, key: int) -> Session:
    """The cursor at a row and a column, kept within the picture."""
    rows, columns = scene.size
    row, column = min(max(query, 0), rows - 1), min(max(key, 0), columns - 1)
    queries, keys = scene.positions_at(row, column)
    return with_view(scene, cursor=(queries[0], keys[0]))


def step(rows: int, columns: int) -> Move:
    """The cursor some cells on; on the heads page, another head."""

    def move(scene: Scene, plan: Plan) -> Session:
        query, key = scene.cursor
        block = plan.zoom.block
        return go_to(scene, query + rows * block, key + columns * block)

    return move


def screenful(direction: int) -> Move:
    """The cursor a screen of queries on."""

    def move(scene: Scene, plan: Plan) -> Session:
        query, key = scene.cursor
        return go_to(scene, query + direction * plan.shown[0] * plan.zoom.block, key)

    return move


def to_edge(scene: Scene, *, end: bool) -> Session:
    """The cursor at the first or last key; from there, at the first or last query."""
    query, key = scene.cursor
    last_query, last_key = scene.size[0] - 1, scene.size[1] - 1
    edge = last_key if end else 0
    return go_to(scene, query if key != edge else last_query if end else 0, edge)


def search_next(direction: int) -> Move:
    """The cursor at the next token that contains the text searched: its query, and its key where both are one text."""

    def move(scene: Scene, _: Plan) -> Session:
        wanted = scene.session.view.search.casefold()
        if not wanted:
            raise Refusal(f"nothing is searched for: {scene.keycaps['search']} types a token")
        query, key = scene.cursor
        queries, keys = (
            [at for at, label in enumerate(labels) if wanted in label.casefold()]
            for labels in (scene.query_labels, scene.key_labels)
        )
        if not queries and not keys:
            raise Refusal(f"no token contains {scene.session.view.search!r}")
        if not queries:
            return go_to(scene, query, _next_place(keys, key, direction))
        there = _next_place(queries, query, direction)
        return go_to(scene, there, there if there in keys else key)

    return move


def _next_place(places: list[int], here: int, direction: int) -> int:
    """The nearest place beyond here, round and round."""
    beyond = [at for at in places if (at - here) * direction > 0]
    return (min if direction > 0 else max)(beyond or places)


def next_finding(scene: Scene, _: Plan) -> Session:
    """The cursor at the next query that something is unusual about: of this head, then of the next heads and layers.

    Where none is found in SECONDS, Refusal says how far it looked; the next key press goes on from there.
    """
    key, own = scene.place[1], scene.unusual_rows
    if beyond := [row for row in own if row > scene.cursor[0]]:
        return _at_row(scene, beyond[0])
    if scene.is_far:
        if own:
            return _at_row(scene, own[0])
        raise Refusal("nothing unusual in the queries of this head that were looked at")
    pinned = scene.session.pinned is not None and scene.session.view.compare == "a"  # A is of one head
    alone = pinned or (scene.session.view.over != "head" and scene.combined is not None)
    layers, heads = ((0,), 1) if alone else (scene.inputs.layers, scene.num_heads)
    shape = len(layers), heads
    found = search_on(scene.shown, 0 if pinned else scene.head_number, layers, heads, SECONDS)
    if found.finding:
        layer = found.layer if len(layers) > 1 else scene.shown.layer
        session = with_view(scene, head=found.head, cursor=(found.finding.query, key))
        return at_layer(session, layer, scene.inputs.layers)
    if found.everywhere and own:
        return _at_row(scene, own[0])
    if found.everywhere and scene.side.findings:
        raise Refusal("nothing unusual in the queries on show, but in hidden ones")
    here = "this head" if pinned or not alone else "the heads put together"
    raise Refusal(_nothing(found, shape, here, scene.keycaps["finding"]))


def _at_row(scene: Scene, row: int) -> Session:
    return with_view(scene, cursor=(scene.positions_at(row, 0)[0][0], scene.place[1]))


def _nothing(found: Search, shape: tuple[int, int], alone: str, key: str) -> str:
    """What to say of a search that found nothing; `key` looks further."""
    if not found.everywhere:
        unread = f"; {found.trouble}" if found.trouble else ""
        return f"nothing unusual up to {place_text(found.layer, found.head, shape[0])}: {key} looks further{unread}"
    if found.trouble:
        return f"nothing unusual in what can be read; {found.trouble}"
    layers = f" of {shape[0]} layers" if shape[0] > 1 else ""
    heads = f"any of {shape[1]} heads{layers}" if shape != (1, 1) else alone
    return f"nothing unusual in {heads}: every query sees a key, all rows sum to 1"


def told_of_move(name: str, before: Scene, after: Scene) -> str:
    """What is to be said after a move: where another head is that something is unusual about, and what."""
    if name != "finding" or (before.shown.layer, before.head_number) == (after.shown.layer, after.head_number):
        return ""
    place = place_text(after.shown.layer, after.head_number, after.inputs.num_layers)
    query = after.session.view.cursor[0]
    found = [finding.text for finding in after.findings if finding.query == query]
    hidden = "" if query in after.stands_for[0] else ", which is hidden,"
    return f"{place}: query {query}{hidden} {found[0]}" if found else place
