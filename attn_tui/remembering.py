"""What is made of an attention or a scene, kept as long as that is: it does not keep large arrays in memory itself."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar
from weakref import WeakKeyDictionary

P = ParamSpec("P")
R = TypeVar("R")
K = TypeVar("K")


def remembered(function: Callable[Concatenate[K, P], R]) -> Callable[Concatenate[K, P], R]:
    """Let a function of a value remember its results, which must not hold the value."""
    kept: WeakKeyDictionary[K, dict[Any, R]] = WeakKeyDictionary()

    @wraps(function)
    def remembering(whole: K, /, *args: P.args, **kwargs: P.kwargs) -> R:
        known, key = kept.setdefault(whole, {}), (args, tuple(kwargs.items()))
        if key not in known:
            known[key] = function(whole, *args, **kwargs)
        return known[key]

    return remembering
