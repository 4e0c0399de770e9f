"""torch's scaled_dot_product_attention, with somebody who listens; torch is found where the program has loaded it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import wraps
from threading import Lock
from typing import Any

NAME = "scaled_dot_product_attention"
HOME = "torch.nn.functional"

Listener = Callable[..., None]
"""Takes the arguments of a call that has been answered."""


class Tap:
    """Stands in the function's place while anybody listens: with the first it is put there, with the last taken away.

    It stands in every module that has the function under its own name. What somebody else has put there meanwhile
    stays.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._listeners: tuple[Listener, ...] = ()
        self._original: Any = None
        self._ours: Any = None
        self._places: list[dict[str, Any]] = []

    def open(self, listener: Listener) -> None:
        """Call the listener after each call of the function. Raises ValueError where torch is not loaded."""
        with self._lock:
            if not self._listeners:
                self._install()
            self._listeners = (*self._listeners, listener)

    def close(self, listener: Listener) -> None:
        """Call the listener no more."""
        with self._lock:
            self._listeners = tuple(each for each in self._listeners if each != listener)
            if not self._listeners:
                self._remove()

    def _install(self) -> None:
        original = getattr(sys.modules.get(HOME), NAME, None)
        if original is None:
            raise ValueError("torch is not loaded, or has no scaled_dot_product_attention: torch 2.0 or later is due")

        @wraps(original)
        def tapped(*args: Any, **kwargs: Any) -> Any:
            found = original(*args, **kwargs)
            for listener in self._listeners:
                listener(*args, **kwargs)
            return found

        self._original, self._ours = original, tapped
        self._places = [names for names in _module_names() if names.get(NAME) is original]
        for names in self._places:
            names[NAME] = tapped

    def _remove(self) -> None:
        for names in self._places:
            if names.get(NAME) is self._ours:
                names[NAME] = self._original
        self._places = []


TAP = Tap()


def _module_names() -> list[dict[str, Any]]:
    """The names of every module, but those of torch's own core."""
    modules = [module for name, module in list(sys.modules.items()) if not name.startswith("torch._C")]
    return [names for names in (getattr(module, "__dict__", None) for module in modules) if isinstance(names, dict)]
