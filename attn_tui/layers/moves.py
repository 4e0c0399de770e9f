"""What keys do on the page of heads: from what is on the screen to the next session."""

from __future__ import annotations

from attn_engine import LayerOverview

from ..choices import at_layer
from ..moves import Move, Refusal, head_step, search_next, turn_view, with_view
from ..pictures.heads.order import ordered
from ..pictures.plan import Plan
from ..scene import Scene
from ..view import Session


def ordered_step(scene: Scene, by: int) -> Session:
    """Another head, some places on in the order that the thumbnails stand in."""
    if scene.num_heads > scene.attention.num_heads:
        return head_step(scene, by)
    order = ordered(scene)
    place = min(max(order.index(scene.head) + by, 0), len(order) - 1)
    return with_view(scene, head=order[place])


def arrow(scene: Scene, x: int, y: int, beside_each: int) -> Session:
    """The head some columns and rows on: among all layers, or among thumbnails, so many beside each other."""
    if not scene.in_layers:
        return ordered_step(scene, x + y * beside_each)
    layers = scene.inputs.layers
    place = min(max(layers.index(scene.shown.layer) + y, 0), len(layers) - 1)
    return to_head(scene, layers[place], min(max(scene.head_number + x, 0), scene.num_heads - 1))


def to_head(scene: Scene, layer: int, head: int) -> Session:
    """A head of a layer."""
    return at_layer(with_view(scene, head=head), layer, scene.inputs.layers)


def turn_shown(direction: int) -> Move:
    """Of all layers, the next measure; of one, the next order of its heads."""

    def move(scene: Scene, plan: Plan) -> Session:
        return turn_view("head_measure" if scene.in_layers else "head_order", direction)(scene, plan)

    return move


def turn_panel(scene: Scene, plan: Plan) -> Session:
    """From all layers to the heads of one, and back."""
    if scene.layers is None:
        raise Refusal("there is one layer: its heads are on show")
    return turn_view("heads_panel")(scene, plan)


def next_of_kind(direction: int) -> Move:
    """The next head of the kind that is looked for, round and round the layers read so far; of one layer, the token."""

    def move(scene: Scene, plan: Plan) -> Session:
        wanted, layers = scene.session.view.head_kind, scene.layers
        if layers is None:
            return search_next(direction)(scene, plan)
        if not wanted:
            raise Refusal(f"no kind is looked for: {scene.keycaps['search']} types one")
        found = [
            (layer.layer, head)
            for layer in layers.known(scene.shown.layer)
            if isinstance(layer, LayerOverview)
            for head, kind in enumerate(layer.kinds)
            if kind.name == wanted
        ]
        if not found:
            raise Refusal(f"no head is {wanted} in the layers read so far" if layers.desk.busy else f"none is {wanted}")
        here = (scene.shown.layer, scene.head_number)
        beyond = [place for place in found if (place > here if direction > 0 else place < here)]
        return to_head(scene, *(beyond or found)[0 if direction > 0 else -1])

    return move


HEADS_MOVES: dict[str, Move] = {
    "stage-on": turn_shown(1),
    "stage-back": turn_shown(-1),
    "panel-on": turn_panel,
    "panel-back": turn_panel,
    "search-on": next_of_kind(1),
    "search-back": next_of_kind(-1),
}
"""What keys do on the page of heads, where that is not what they do on the map; arrows take `arrow`."""
