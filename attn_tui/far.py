"""The scene of an attention with more scores than are made: a map that becomes exact by and by, and exact rows."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache, partial
from typing import cast

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, Experiment, Far, FarRow, FieldError, MeanMap, far_of, most_scores, pooled_map

from .desk import Desk
from .pictures.ink import Ink
from .scene import TITLES, Mask, Matrix, Scene
from .view import Session, View

FIRST, NEXT = 0.003, 0.03
"""Seconds after which a map is shown for the first time, and between two looks at how it has become."""

GROWN, MOST = 1.5, 6
"""How much more has to be known before it is shown again, and after how many looks it is at the latest."""

FINEST = 512
"""Blocks a side, about, that the map of everything has; larger blocks are made of these."""

REFUSED = frozenset({
    "search", "search-on", "search-back", "finding", "blocks", "stage-on", "stage-back", "over", "hide", "words",
    "mark-key", "mark-query", "text", "pin", "compare", "page-heads",
})  # fmt: skip
"""Keys for which all scores would have to be made, or positions have to have tokens."""

ONLY: dict[str, object] = {
    field: getattr(View(), field)
    for field in ("stage", "over", "hide", "renormalise", "merge_words", "marked_keys", "marked_queries", "text")
} | {"compare": "b", "explain": False}
"""What the view of the map has to be; on other pages the same fields are of no account."""


@dataclass(frozen=True, eq=False)
class FarScene(Scene):
    """A scene whose attention has no matrices: `far` instead. Its map is of means, its positions have numbers."""

    patience: float = FIRST
    """Seconds after which a map is to be shown, as far as it is known then."""

    @property
    def is_far(self) -> bool:
        """That it has no matrices."""
        return True

    @property
    def far(self) -> Far:
        """The queries and keys."""
        return cast("Far", self.attention)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        return self.attention.query_length, self.attention.key_length

    @property
    def grain(self) -> int:
        """How many positions a block of the map of everything has, a power of two; larger blocks are made of them."""
        return grain_of(self.far)

    @property
    def blocks(self) -> str:
        """What a block shows, whatever the view asks for."""
        return "mean"

    @property
    def refused(self) -> Mapping[str, str]:
        """Keys that do nothing here, and why."""
        why = f"not beyond {most_scores():,} scores"
        here = REFUSED if self.session.view.page == "map" else {"page-heads"}
        return dict.fromkeys(here, why)

    @cached_property
    def row(self) -> FarRow:
        """The cursor's query, exact."""
        return _row(self.far, self.head, self.cursor[0])

    @property
    def whole(self) -> MeanMap:
        """The map of everything, as far as it is known; it becomes better beside the screen."""
        ends = ((0, length, self.grain) for length in self.size)
        found = self.aside.ask(begun, self.shown, self.head, *ends, self.patience, quick=True, refine=self._further)
        assert found
        return found.map

    def part(self, rows: Ends, columns: Ends) -> MeanMap | None:
        """A map of a part, in blocks of any size; None where it is still to come. It goes before that of everything."""
        self.whole  # noqa: B018 - asked first, since what is asked last is refined first
        found = self.aside.ask(
            begun, self.shown, self.head, rows, columns, self.patience, refine=self._further, alone=True
        )
        return found.map if found else None

    def _further(self, progress: Progress) -> Progress | None:
        return further(progress, self.aside)

    @property
    def seen(self) -> NDArray[np.int64] | None:
        """How many keys each query sees, where that is known."""
        return self.far.seen(self.head)


def as_far(scene: Scene) -> FarScene:
    """The scene as what it is, where `is_far`."""
    assert isinstance(scene, FarScene)
    return scene


def to_the_end(scene: Scene) -> FarScene:
    """The scene whose maps are shown when they are exact."""
    return replace(as_far(scene), patience=math.inf)


Ends = tuple[int, int, int]
"""Where blocks begin and end, as of a range, and how large they are."""


@dataclass(frozen=True, eq=False)
class Progress:
    """A map so far, and how it goes on, unless it is exact."""

    map: MeanMap
    rest: Iterator[MeanMap] | None


def begun(experiment: Experiment, head: int, rows: Ends, columns: Ends, seconds: float) -> Progress:
    """The first estimate of a map between some ends, after about so many seconds."""
    make = partial(far_of(experiment).maps, head, _edges(*rows), _edges(*columns))
    first = next(make(seconds))
    return Progress(first, None if first.exact else make(NEXT))


def further(progress: Progress, desk: Desk) -> Progress | None:
    """The map when noticeably more is known of it, or all, or the desk is held; None where it is exact."""
    if progress.rest is None:
        return None
    found = progress.map
    for _, found in zip(range(MOST), progress.rest, strict=False):
        if desk.held or found.exact or found.share > GROWN * progress.map.share:
            break
    return Progress(found, None if found.exact else progress.rest)


def _edges(first: int, end: int, block: int) -> NDArray[np.int64]:
    return np.append(np.arange(first, end, block), end)


def grain_of(far: Far) -> int:
    """The least power of two of which FINEST blocks are as long as both sides."""
    return 1 << (max(-(-max(far.query_length, far.key_length) // FINEST), 1) - 1).bit_length()


@lru_cache(maxsize=2)
def larger(found: MeanMap, size: int) -> tuple[Matrix, Mask, Mask]:
    """The means of blocks of `size` blocks a side, where any pair is seen, and the rows of which nothing is known."""
    means, pairs = pooled_map(found, size)
    return means, pairs > 0, np.asarray(np.isnan(means).all(axis=1))


@lru_cache(maxsize=2)
def _row(far: Far, head: int, query: int) -> FarRow:
    return far.row(head, query)


def make_far_scene(session: Session, shown: Experiment, wanted: int, ink: Ink, desk: Desk) -> FarScene:
    """The scene of a session that shows such an experiment. Raises FieldError for what is not to be had of it."""
    _check(session.view)
    far = far_of(replace(shown, mask="full") if session.view.page == "masks" else shown)
    head, nothing = min(wanted, far.num_heads - 1), np.zeros((0, 0), dtype=np.float32)
    attention = cast("Attention", far)  # whatever asks it for a matrix is none of this scene's pictures
    title = TITLES["weights"]
    scene = FarScene(session, ink, shown, attention, far.inputs, head, nothing, nothing > 0, False, title, aside=desk)
    if session.view.page == "map" and desk.is_beside:
        scene.whole  # noqa: B018 - begun where the scene is made, which may be beside the screen
    return scene


def _check(view: View) -> None:
    """Raise FieldError for what a view cannot show."""
    here = ONLY if view.page == "map" else {}
    wrong = [field for field, only in here.items() if getattr(view, field) != only]
    if view.page == "heads" or view.colour_range == "heads":
        wrong.append("page" if view.page == "heads" else "colour_range")
    if wrong:
        field = wrong[0]
        value = getattr(view, field)
        name = field.replace("_", " ") if isinstance(value, bool | tuple) else f"{field.replace('_', ' ')} {value}"
        raise FieldError(
            field, f"{name} is not to be had beyond {most_scores():,} scores, of which single rows are made"
        )
