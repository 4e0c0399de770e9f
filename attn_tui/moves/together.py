"""Moves that put together, hide, mark, pin and compare; and those from panel to panel."""

from __future__ import annotations

from dataclasses import replace

from attn_engine import PIECE_MARKS, SPECIAL, is_far, piece_mark

from ..pictures.plan import Plan
from ..scene import Scene
from ..view import COMPARE, PANELS, Pinned, Session
from .move import Move, Refusal, named, of_the_map, with_view


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
    """B, then A, then A − B, unless either has more scores than are made."""
    pinned, here = scene.session.pinned, scene.session.view.compare
    if not pinned:
        raise Refusal(f"nothing is pinned: {scene.keycaps['pin']} pins this picture as A")
    far = is_far(pinned.experiment) or is_far(scene.session.experiment)
    order = [name for name in COMPARE if not (far and name == "a-b")]
    return with_view(scene, compare=order[(order.index(here) + 1) % len(order)] if here in order else order[0])


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
