"""What is made of an attention, kept as long as the attention is: it does not keep large arrays in memory itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

from attn_engine import Attention

P = ParamSpec("P")
R = TypeVar("R")


def remembered(function: Callable[Concatenate[Attention, P], R]) -> Callable[Concatenate[Attention, P], R]:
    """Let a function of an attention remember its results, which must not hold the attention."""
    kept: WeakKeyDictionary[Attention, dict[Any, R]] = WeakKeyDictionary()

    @wraps(function)
    def remembering(attention: Attention, /, *args: P.args, **kwargs: P.kwargs) -> R:
        known, key = kept.setdefault(attention, {}), (args, tuple(kwargs.items()))
        if key not in known:
            known[key] = function(attention, *args, **kwargs)
        return known[key]

    return remembering
