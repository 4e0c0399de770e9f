"""Moves that turn: knobs, heads and layers, and how the picture is drawn."""

from __future__ import annotations

from bisect import bisect
from dataclasses import replace
from typing import Any

from attn_engine import is_far, listed

from ..choices import at_layer, offered, sources_of, with_set, with_source
from ..files import as_the_file_has_it
from ..needs import NEEDS_INPUTS, needs_inputs
from ..parameters import BY_FIELD, Parameter
from ..pictures.plan import Plan, zoom_named
from ..scene import Scene
from ..values import around
from ..view import MOST_BLOCK, STAGES, ZOOMS, Session
from .move import Move, Refusal, with_view


def turned_value(row: Parameter, value: Any, direction: int) -> Any:
    """A knob's next value. Raises Refusal at its ends."""
    turned = row.turn(value, direction) if row.turn else value
    if turned == value:
        end = "first" if direction < 0 else "last"
        raise Refusal(f"{row.name or row.field} {row.write(value)} is the {end}: possible are {row.possible}")
    return turned


def beside(fields: list[str], here: str, by: int) -> str:
    """The field of the knob some rows below another; the first where none is chosen."""
    return fields[min(max(fields.index(here) + by, 0), len(fields) - 1)] if here in fields else fields[0]


def fixed_by_source(scene: Scene, row: Parameter) -> Refusal:
    """The refusal of a knob that the source decides, and why it does."""
    name, captured, other = row.name or row.field, scene.inputs.captured, scene.keycaps["knob.source"]
    if captured and row.field in NEEDS_INPUTS:
        return Refusal(needs_inputs(row))
    if captured:
        return Refusal(as_the_file_has_it(row, other))
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
    if row.field == "source":
        experiment = scene.session.experiment
        return with_source(scene.session, around(sources_of(experiment))(experiment.source, direction))
    turned = turned_value(row, getattr(scene.session.experiment, row.field), direction)
    if row.field == "batch_item" and turned not in offered(scene.inputs, row.field):
        raise Refusal(f"batch items are {listed(offered(scene.inputs, row.field))}")
    return replace(scene.session, experiment=replace(scene.session.experiment, **{row.field: turned}))


def _turned_layer(scene: Scene, direction: int) -> Session:
    layers, here = scene.inputs.layers, scene.session.experiment.layer
    place = (layers.index(here) if here in layers else 0) + direction
    if not 0 <= place < len(layers):
        raise Refusal(f"layers are {listed(layers)}")
    return at_layer(scene.session, layers[place], layers)


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


def head_step(scene: Scene, by: int) -> Session:
    """Another head, some numbers on."""
    head = min(max(scene.head_number + by, 0), scene.num_heads - 1)
    return with_view(scene, head=head)


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
