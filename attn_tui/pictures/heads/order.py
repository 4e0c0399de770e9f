"""The order in which the page of heads shows them: by number, likeness, entropy or kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attn_engine import KINDS, Attention, measure

from ...remembering import remembered
from ...scene import Scene
from .kinds import Tokens, kinds_of
from .likeness import likeness

Order = tuple[int, ...]


def ordered(scene: Scene) -> Order:
    """Every head, in the order that the view asks for."""
    inputs = scene.inputs
    return _ordered(scene.attention, inputs.query_tokens, inputs.key_tokens, scene.session.view.head_order)


@remembered
def _ordered(attention: Attention, query_tokens: Tokens, key_tokens: Tokens, name: str) -> Order:
    return ORDERS[name](attention, query_tokens, key_tokens)


def _by_number(attention: Attention, *_: Tokens) -> Order:
    return tuple(range(attention.num_heads))


def _by_likeness(attention: Attention, *_: Tokens) -> Order:
    """A chain: the head most like all others, and after each the one most like it of those that are left."""
    alike = np.nan_to_num(likeness(attention))
    left = np.ones(len(alike), dtype=np.bool_)
    chain = [int(alike.sum(axis=1).argmax())]
    while len(chain) < len(alike):
        left[chain[-1]] = False
        chain.append(int(np.where(left, alike[chain[-1]], -np.inf).argmax()))
    return tuple(chain)


def _by_entropy(attention: Attention, *_: Tokens) -> Order:
    """The lowest first, heads without any last."""
    return tuple(np.argsort(measure(attention).by_head("entropy"), kind="stable").tolist())


def _by_kind(attention: Attention, query_tokens: Tokens, key_tokens: Tokens) -> Order:
    """The kinds as they are listed, of each kind the highest score first."""
    kinds, names = kinds_of(attention, query_tokens, key_tokens), list(KINDS)
    places = [(names.index(kind.name), -np.nan_to_num(kind.score), head) for head, kind in enumerate(kinds)]
    return tuple(head for *_, head in sorted(places))


ORDERS: dict[str, Callable[[Attention, Tokens, Tokens], Order]] = {
    "number": _by_number,
    "likeness": _by_likeness,
    "entropy": _by_entropy,
    "kind": _by_kind,
}


def around(order: Order, head: int, most: int) -> Order:
    """As many heads of an order as may be, with one of them about in the middle."""
    first = min(max(order.index(head) - most // 2, 0), max(len(order) - most, 0))
    return order[first : first + max(most, 0)]
