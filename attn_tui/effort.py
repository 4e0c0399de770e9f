"""How much a session has to compute: what fits in a frame is computed at the key, the rest beside the screen."""

from __future__ import annotations

from typing import Any

from attn_engine import Experiment, Size, is_far, size_of

from .view import Session, View

FRAME = 2**22
"""Scores up to which a session is computed within the frame that asks for it."""


def takes_long(session: Session, before: Session) -> bool:
    """Whether a session has more to compute than fits in a frame, beyond what is on the screen before it.

    Not where the page changes, which needs more than numbers, and not where nothing can be computed.
    """
    view = session.view
    if view.page == "masks" or view.page != before.view.page or _decided(session) == _decided(before):
        return False
    try:
        return effort(session) > FRAME
    except ValueError:
        return False


def effort(session: Session) -> int:
    """How many scores the picture of a session is made of. Raises ValueError where there is none."""
    view = session.view
    size = size_of(session.experiment)
    own = max(size.heads_at_once, _put_together(view, size)) * size.query_length * size.key_length
    other = size_of(session.pinned.experiment) if session.pinned and view.compare != "b" else None
    return own + (other.heads_at_once * other.query_length * other.key_length if other else 0)


def _decided(session: Session) -> tuple[Any, ...]:
    """What decides the numbers on the screen; the rest decides how they are shown."""
    view = session.view
    head = view.head if is_far(session.experiment) or _one_by_one(session.experiment) else None
    return session.experiment, head, session.pinned, view.compare, view.over, view.over_heads, view.over_layers


def _one_by_one(experiment: Experiment) -> bool:
    try:
        size = size_of(experiment)
    except ValueError:
        return False
    return size.heads_at_once < size.num_heads


def _put_together(view: View, size: Size) -> int:
    """How many heads, of all layers together, the map puts together."""
    if view.over == "head" or view.page != "map" or view.stage != "weights":
        return 0
    layers = size.num_layers if view.over_layers is None else len(view.over_layers) or 1
    return layers * (len(view.over_heads) or size.num_heads)
