"""Pictures that are drawn again only when what they show has changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from ..scene import Scene
from .cells import Lines

Picture = Callable[[Scene, int, int], Lines]


def kept(decides: Callable[[Scene], tuple[Any, ...]]) -> Callable[[Picture], Picture]:
    """Let a picture keep its last lines while what `decides` them, and its size, are the same."""

    def keeping(picture: Picture) -> Picture:
        last: list[tuple[tuple[Any, ...], Lines]] = []

        @wraps(picture)
        def drawn(scene: Scene, width: int, height: int) -> Lines:
            key = width, height, *decides(scene)
            if not last or last[0][0] != key:
                last[:] = [(key, picture(scene, width, height))]
            return last[0][1]

        return drawn

    return keeping
