"""The scene of an attention with more scores than are made: a map that becomes exact by and by, and exact rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import cast

import numpy as np

from attn_engine import SCALED, Attention, Experiment, Far, FieldError, MeanMap, far_of, layer_of, most_scores, size_of

from .desk import Desk, Question, Trouble
from .estimates import FIRST, Ends, Progress, begun, further, none_for
from .labels import Labels
from .pictures.ink import Ink
from .rows import AT_ONCE, Ceiling, Reading, ceiling_of, read, reading_of
from .scene import Scene
from .stages import TITLES
from .view import Session, View

FINEST = 512
"""Blocks a side, about, that the map of everything has; larger blocks are made of these."""

SEARCHES = frozenset({"search", "search-on", "search-back"})
"""Keys for which positions have to have tokens."""

REFUSED = frozenset({
    "finding", "blocks", "stage-on", "stage-back", "over", "hide", "words",
    "mark-key", "mark-query", "text", "page-heads",
})  # fmt: skip
"""Keys for which all scores would have to be made."""

ONLY: dict[str, object] = {
    field: getattr(View(), field)
    for field in ("stage", "over", "hide", "renormalise", "merge_words", "marked_keys", "marked_queries", "text")
} | {"explain": False}
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
    def as_they_are(self) -> bool:
        """Whether the weights are those of a file, and no knob asks what would be."""
        return self.far.as_they_are

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
        here = REFUSED if self.session.view.page == "map" else {"page-heads"}
        here = here if self.has_scores else here - {"finding"}
        refused = dict.fromkeys(here, f"not beyond {most_scores():,} scores")
        return refused if self.has_tokens else refused | dict.fromkeys(SEARCHES, "positions have no tokens")

    @cached_property
    def query_labels(self) -> Sequence[str]:
        """The token of each query, made harmless, or its number."""
        return Labels(self.inputs.query_tokens, self.size[0])

    @cached_property
    def key_labels(self) -> Sequence[str]:
        """The token of each key, made harmless, or its number."""
        return Labels(self.inputs.key_tokens, self.size[1])

    @property
    def reading(self) -> Reading | None:
        """What the cursor's query reads, exact; None where it is still to come, or cannot be had."""
        return self._found if isinstance(self._found, Reading) else None

    @cached_property
    def _found(self) -> Reading | str | None:
        """What the query reads, or why it cannot be had: a file may have shrunk."""
        far, query = self.far, self.cursor[0]
        if not self.aside.is_beside:
            return reading_of(far, self.head, query)
        if self.progress.drawing:
            return None
        try:
            if far.key_length <= AT_ONCE:
                return reading_of(far, self.head, query)
            return self.aside.ask(read, self.far.experiment, self.head, query, alone=True)
        except (ValueError, MemoryError, Trouble) as trouble:
            return str(trouble) or "not enough memory for this row"

    @property
    def missing(self) -> str:
        """Why the row stood on, or the map, cannot be had; nothing where they can."""
        told = self._found if isinstance(self._found, str) else self.progress.trouble
        return told.rpartition('": ')[-1]  # which file it is, is known

    @property
    def progress(self) -> Progress:
        """The map of everything, as far as it is known, and what has to be drawn first; it becomes better by itself."""
        rows, columns = ((0, length, self.grain) for length in self.size)
        asked = self.far.experiment, self.head, rows, columns, self.patience
        try:
            found = self.aside.ask(begun, *asked, quick=True, refine=self._further)
        except Trouble as trouble:
            if not self.aside.is_beside:
                begun(*asked)  # which raises what it is
            return none_for(str(trouble), rows, columns)
        assert found
        return found

    @property
    def unusual_rows(self) -> tuple[int, ...]:
        """The queries of which something is unusual, as far as they were looked at."""
        found = self.whole.unusual
        return () if found is None else tuple(np.flatnonzero(found).tolist())

    @property
    def whole(self) -> MeanMap:
        """The map of everything, as far as it is known."""
        return self.progress.map

    def part(self, rows: Ends, columns: Ends) -> MeanMap | None:
        """A map of a part, in blocks of any size; None where it is still to come. It goes before that of everything."""
        if self.progress.drawing:  # asked first, since what is asked last is refined first
            return None
        asked = self.far.experiment, self.head, rows, columns, self.patience
        try:
            found = self.aside.ask(begun, *asked, refine=self._further, alone=True)
        except Trouble:  # which is told where the map of everything is
            return None
        return found.map if found and found.map.known.any() else None

    def _further(self, progress: Progress) -> Progress | None:
        return further(progress, self.aside)

    @cached_property
    def ceiling(self) -> Ceiling | None:
        """The most that entropies can be; None where that is still to come, or would have to be looked up."""
        deciding = replace(self.far.experiment, temperature=1.0, scale=SCALED, seed=0)
        try:
            return self.aside.ask(ceiling_of, deciding, self.head, alone=True)
        except Trouble:
            return None


def as_far(scene: Scene) -> FarScene:
    """The scene as what it is, where `is_far`."""
    assert isinstance(scene, FarScene)
    return scene


def drawn_of(scene: FarScene) -> tuple[Experiment, int]:
    """What decides the numbers that are kept: the experiment as far as it does, and of a file the head."""
    return scene.far.drawn_of, scene.head if scene.shown.source == "file" else 0


def of_others(scene: Scene) -> Callable[[Question], bool]:
    """Whether an answer holds other numbers than a scene's, of which some have none; a ceiling holds none."""
    own: tuple[object, ...] = ()
    if isinstance(scene, FarScene):
        own = (scene.far.experiment, scene.head)[: 2 if scene.shown.source == "file" else 1]
    return lambda question: question[0] is not ceiling_of and (not own or question[1][: len(own)] != own)


def told_of_stop(scene: Scene) -> str:
    """What is to be said where what comes beside the screen was stopped."""
    nothing = isinstance(scene, FarScene) and scene.progress.drawing
    return "stopped" if nothing else "stopped, the map is an estimate"


def to_the_end(scene: Scene) -> FarScene:
    """The scene whose maps are shown when they are exact, or about as exact as can be waited for."""
    return replace(as_far(scene), patience=math.inf)


def grain_of(far: Far) -> int:
    """The least power of two of which FINEST blocks are as long as both sides."""
    return 1 << (max(-(-max(far.query_length, far.key_length) // FINEST), 1) - 1).bit_length()


def make_far_scene(session: Session, ink: Ink, desk: Desk) -> FarScene:
    """The scene of a session that shows such an experiment. Raises FieldError for what is not to be had of it."""
    _check(session.view)
    check_apart(session.view)
    shown = replace(session.shown, layer=layer_of(session.shown))
    head = min(session.head_shown, size_of(shown).num_heads - 1)
    far = far_of(replace(shown, mask="full") if session.view.page == "masks" else shown, head)
    inputs, nothing = far.inputs(), np.zeros((0, 0), dtype=np.float32)
    shown = replace(far.experiment, mask=shown.mask)
    attention = cast("Attention", far)  # whatever asks it for a matrix is none of this scene's pictures
    title = f"A, pinned: {TITLES['weights'].lower()}" if session.shows_pinned else TITLES["weights"]
    scene = FarScene(session, ink, shown, attention, inputs, head, nothing, nothing > 0, False, title, aside=desk)
    scene.widest  # noqa: B018 - of many tokens, known before the scene is on the screen
    if session.view.page == "map" and desk.is_beside:
        scene.progress  # noqa: B018 - begun where the scene is made, which may be beside the screen
    return scene


def check_apart(view: View) -> None:
    """Raise FieldError where A − B is asked for, of which all weights would have to be there."""
    if view.page == "map" and view.compare == "a-b":
        raise _not_to_be_had("compare", "A − B")


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
        raise _not_to_be_had(field, name)


def _not_to_be_had(field: str, name: str) -> FieldError:
    return FieldError(field, f"{name} is not to be had beyond {most_scores():,} scores, of which single rows are made")
