"""What keys do to a session: pure functions from what is on the screen to the next session.

A move that cannot be made raises Refusal with the one line that says why, and the session stays.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from attn_engine import PIECE_MARKS, SPECIAL, is_far, listed, piece_mark

from .actions import BY_NAME
from .choices import offered, with_set
from .findings import Search, place_text, search_on
from .needs import NEEDS_INPUTS, needs_inputs
from .parameters import BY_FIELD, Parameter
from .pictures.plan import Plan, zoom_named
from .scene import Scene
from .values import around
from .view import MOST_BLOCK, PAGES, PANELS, STAGES, ZOOMS, Pinned, Session

Move = Callable[[Scene, Plan], Session]


ARROWS = {"left": (-1, 0), "right": (1, 0), "up": (0, -1), "down": (0, 1)}
"""Columns and rows of the keys that step."""


SECONDS = 0.3
"""How long a search through heads and layers may take a key press."""


class Refusal(Exception):  # noqa: N818 - not an error: the move has nowhere to go
    """A move that cannot be made, and why."""


def named(scene: Scene, name: str) -> str:
    """The keys of an action, and what it does."""
    return f"{scene.keycaps.all_of(name)}: {BY_NAME[name].help}"


def of_the_map(scene: Scene, name: str) -> Refusal:
    """The refusal of a key that does nothing on the page on show."""
    return Refusal(f"{named(scene, name)} is of the map; {scene.keycaps['page-map']} shows it")


def turned_value(row: Parameter, value: Any, direction: int) -> Any:
    """A knob's next value. Raises Refusal at its ends."""
    turned = row.turn(value, direction) if row.turn else value
    if turned == value:
        end = "first" if direction < 0 else "last"
        raise Refusal(f"{row.name or row.field} {row.write(value)} is the {end}: possible are {row.possible}")
    return turned


def with_view(scene: Scene, **changes: Any) -> Session:
    """The session with another view."""
    return replace(scene.session, view=replace(scene.session.view, **changes))


# The cursor.


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
    pinned = scene.session.pinned is not None and scene.session.view.compare == "a"  # A is of one head
    alone = pinned or (scene.session.view.over != "head" and scene.combined is not None)
    layers, heads = ((0,), 1) if alone else (scene.inputs.layers, scene.num_heads)
    shape = len(layers), heads
    found = search_on(scene.shown, 0 if pinned else scene.head_number, layers, heads, SECONDS)
    if found.finding:
        layer = found.layer if len(layers) > 1 else scene.shown.layer
        session = with_view(scene, head=found.head, cursor=(found.finding.query, key))
        return replace(session, experiment=replace(session.experiment, layer=layer))
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


# Knobs, heads and layers.


def beside(fields: list[str], here: str, by: int) -> str:
    """The field of the knob some rows below another; the first where none is chosen."""
    return fields[min(max(fields.index(here) + by, 0), len(fields) - 1)] if here in fields else fields[0]


def fixed_by_source(scene: Scene, row: Parameter) -> Refusal:
    """The refusal of a knob that the source decides, and why it does."""
    name, captured, other = row.name or row.field, scene.inputs.captured, scene.keycaps["knob.source"]
    if captured and captured.weights is not None and row.field in NEEDS_INPUTS:
        return Refusal(needs_inputs(row))
    if captured:
        return Refusal(f"{name} is as the file has it: {other} chooses another source")
    return Refusal(f"{name} is fixed by the source {scene.shown.source}: {other} chooses another")


def turn(scene: Scene, row: Parameter, direction: int) -> Session:
    """The session with one knob turned by one."""
    if row.field in scene.inputs.fixed:
        raise fixed_by_source(scene, row)
    if row.field == "head":
        return _turned_head(scene, direction)
    if row.field == "layer":
        return _turned_layer(scene, direction)
    if row.field == "capture_set":
        sets = offered(scene.inputs, row.field)
        return with_set(scene.session, around(sets)(scene.session.experiment.capture_set or sets[0], direction))
    turned = turned_value(row, getattr(scene.session.experiment, row.field), direction)
    if row.field == "batch_item" and turned not in offered(scene.inputs, row.field):
        raise Refusal(f"batch items are {listed(offered(scene.inputs, row.field))}")
    return replace(scene.session, experiment=replace(scene.session.experiment, **{row.field: turned}))


def _turned_layer(scene: Scene, direction: int) -> Session:
    layers, here = scene.inputs.layers, scene.session.experiment.layer
    place = (layers.index(here) if here in layers else 0) + direction
    if not 0 <= place < len(layers):
        raise Refusal(f"layers are {listed(layers)}")
    return replace(scene.session, experiment=replace(scene.session.experiment, layer=layers[place]))


def _turned_head(scene: Scene, direction: int) -> Session:
    head = min(scene.session.view.head, scene.num_heads - 1) + direction
    if not 0 <= head < scene.num_heads:
        raise Refusal(f"heads are 0 … {scene.num_heads - 1}")
    return with_view(scene, head=head)


def turn_field(field: str, direction: int) -> Move:
    """A knob turned by one."""
    return lambda scene, _: turn(scene, BY_FIELD[field], direction)


def turn_view(field: str, direction: int = 1) -> Move:
    """A part of the view turned by one."""

    def move(scene: Scene, _: Plan) -> Session:
        row = BY_FIELD[field]
        if row.turn is None:
            raise Refusal(f"{field} cannot be turned")
        return with_view(scene, **{field: row.turn(getattr(scene.session.view, field), direction)})

    return move


# The picture.


def turn_range(scene: Scene, plan: Plan) -> Session:
    """The next colour range; where heads are not computed together, the one after theirs."""
    session = turn_view("colour_range")(scene, plan)
    if session.view.colour_range == "heads" and is_far(scene.shown):
        return turn_view("colour_range")(replace(scene, session=session), plan)
    return session


def zoom(direction: int) -> Move:
    """Larger (−1) or smaller (+1) cells: numbers, cells, half-block cells, then blocks of 2, 4, 8 …"""

    def move(scene: Scene, plan: Plan) -> Session:
        names = [*ZOOMS, *(str(2**power) for power in range(1, MOST_BLOCK.bit_length()))]
        sizes = [zoom_named(name).block for name in names]
        exact = plan.zoom.name in names
        place = names.index(plan.zoom.name) + direction if exact else bisect(sizes, plan.zoom.block) - (direction < 0)
        if place < 0:
            raise Refusal("cells are at their largest: numbers are written in them")
        if place >= len(names) or (direction > 0 and plan.zoom.halves and max(plan.whole) <= 2):
            raise Refusal("cells are at their smallest")
        return with_view(scene, zoom=names[place])

    return move


def toggle(field: str) -> Move:
    """A flag of the view switched."""
    return lambda scene, _: with_view(scene, **{field: not getattr(scene.session.view, field)})


def stage(direction: int) -> Move:
    """The next stage of the computation, of A or B as shown; with a pinned picture, its difference is one of them."""

    def move(scene: Scene, _: Plan) -> Session:
        view = scene.session.view
        places = [(name, "a" if view.compare == "a" else "b") for name in STAGES]
        if scene.session.pinned:
            places.append(("weights", "a-b"))
        here = (view.stage, view.compare)
        at = places.index(here) if here in places else list(STAGES).index(view.stage)
        name, compare = places[(at + direction) % len(places)]
        return with_view(scene, stage=name, compare=compare)

    return move


# Heads, tokens and words together; marks.


def together(name: str, change: Move) -> Move:
    """A move of the map's weights, refused elsewhere."""

    def move(scene: Scene, plan: Plan) -> Session:
        if scene.session.view.page != "map":
            raise of_the_map(scene, name)
        if scene.session.view.stage != "weights":
            raise Refusal(f"{named(scene, name)}: of the weights alone; {scene.keycaps['stage-on']} goes on to them")
        return change(scene, plan)

    return move


def hide(scene: Scene, _: Plan) -> Session:
    """Special tokens hidden, then hidden with rows renormalised, then shown."""
    view = scene.session.view
    if not (scene.inputs.query_tokens or scene.inputs.key_tokens):
        raise Refusal("positions have no tokens here, so none of them is special")
    if not view.hide:
        return with_view(scene, hide=(SPECIAL,), renormalise=False)
    return with_view(scene, hide=() if view.renormalise else view.hide, renormalise=not view.renormalise)


def words(scene: Scene, _: Plan) -> Session:
    """Word pieces as words, or apart again."""
    on = not scene.session.view.merge_words
    if on and piece_mark((*scene.inputs.query_tokens, *scene.inputs.key_tokens)) is None:
        possible = ", ".join(mark.name for mark in PIECE_MARKS[:3])
        raise Refusal(f"no word pieces are marked in these tokens, as {possible} are")
    return with_view(scene, merge_words=on)


def mark(field: str, axis: int) -> Move:
    """The query's or the key's mark set, or taken away."""

    def move(scene: Scene, _: Plan) -> Session:
        here, marked = set(scene.stands_for[axis]), set(getattr(scene.session.view, field))
        return with_view(scene, **{field: tuple(sorted(marked - here if marked & here else marked | here))})

    return move


# Comparing.


def pin(scene: Scene, _: Plan) -> Session:
    """This picture as A; what the knobs say stays B."""
    pinned = Pinned(scene.shown, scene.head_number)
    return replace(with_view(scene, compare="b"), pinned=pinned)


def compare(scene: Scene, _: Plan) -> Session:
    """B, then A, then A − B."""
    if not scene.session.pinned:
        raise Refusal(f"nothing is pinned: {scene.keycaps['pin']} pins this picture as A")
    order = ("b", "a", "a-b")
    here = order.index(scene.session.view.compare)
    return with_view(scene, compare=order[(here + 1) % len(order)])


# Views and panels.


def panel(direction: int) -> Move:
    """The next panel."""

    def move(scene: Scene, _: Plan) -> Session:
        names = list(PANELS)
        here = names.index(scene.session.view.panel)
        return with_view(scene, panel=names[(here + direction) % len(names)], explain=False)

    return move


def to_page(name: str) -> Move:
    """Another view."""
    return lambda scene, _: with_view(scene, page=name)


def head_step(scene: Scene, by: int) -> Session:
    """Another head, some numbers on."""
    head = min(max(scene.head_number + by, 0), scene.num_heads - 1)
    return with_view(scene, head=head)


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
