"""The scene: a session with its numbers, everything that a picture may draw from."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from attn_engine import (
    SCALED,
    Attention,
    Combined,
    Experiment,
    Inputs,
)

from .desk import Desk
from .findings import Finding, findings, tolerance_of
from .keycaps import Keycaps, keycaps
from .labels import columns_of, labels_of, widest
from .layers.overview import Layers
from .needs import in_use
from .pictures.ink import Ink
from .side import Side
from .stages import Mask, Matrix, stage_stack
from .view import Session, View

if TYPE_CHECKING:
    from .experiments.trial import Trial
    from .lab.laboratory import Laboratory


@dataclass(frozen=True, eq=False)
class Scene:
    """What is on the screen: the session, the attention on show (A or B), and the inputs with their labels."""

    session: Session
    ink: Ink
    shown: Experiment
    attention: Attention
    inputs: Inputs
    head: int
    matrix: Matrix
    mask: Mask
    signed: bool
    title: str
    knob: str = ""
    """The field of the chosen knob, or nothing."""
    message: str = ""
    trouble: bool = False
    """Whether the message tells of a mistake."""
    coming: bool = False
    """Whether the session is ahead: its numbers are still to come, and these are of the one before."""
    helping: bool = False
    help_from: int = 0
    """The first line of the help on show."""
    laboratory: Laboratory | None = None
    """The mask laboratory, while it is on the screen."""
    trial: Trial | None = None
    """The experiment on show, while view 4 is on the screen."""
    layers: Layers | None = None
    """All layers, while view 2 is on the screen and there are several."""
    sheet_from: int = 0
    """The first line on show of what there is to say of a mask."""
    caret: int | None = None
    """The column of the prompt that the message tells of."""
    combined: Combined | None = None
    """The weights on show, where heads or tokens are put together in them."""
    compared: tuple[Matrix, Matrix] | None = None
    """A and B, while their difference is on show."""
    pinned: Side | None = None
    """What A is of, while the difference is on show."""
    before: Side | None = None
    """What the picture is of, while the session is ahead of it."""
    aside: Desk = field(default_factory=Desk)
    """Answers what need not be known before the rest is seen."""

    @property
    def focused(self) -> str:
        """The panel that the keys go to."""
        view = self.session.view
        own = {"masks": self.session.lab.mask_panel, "experiments": self.session.studies.study_panel}
        return own.get(view.page, view.panel)

    @property
    def in_layers(self) -> bool:
        """Whether view 2 shows all layers, rather than the heads of one."""
        return self.layers is not None and self.session.view.heads_panel == "layers"

    @property
    def cursor(self) -> tuple[int, int]:
        """The cell stood on, within the picture: row and column."""
        query, key = self._wanted
        if self.combined is None:
            return query, key
        return _at(self.combined.query_places, query), _at(self.combined.key_places, key)

    @property
    def _wanted(self) -> tuple[int, int]:
        query, key = self.session.view.cursor
        return min(query, self.attention.query_length - 1), min(key, self.attention.key_length - 1)

    @property
    def stands_for(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The positions that the cursor's row and column stand for: those of a word's pieces, where words are shown."""
        return self.positions_at(*self.cursor)

    def positions_at(self, row: int, column: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The positions that a row and a column of the picture stand for."""
        if self.combined is None:
            return (row,), (column,)
        return self.combined.query_places[row], self.combined.key_places[column]

    @property
    def place(self) -> tuple[int, int]:
        """The positions of the query and the key stood on; of a word, of the piece come to, or of its first."""
        queries, keys = self.stands_for
        query, key = self._wanted
        return query if query in queries else queries[0], key if key in keys else keys[0]

    @cached_property
    def marked_rows(self) -> tuple[int, ...]:
        """The rows of the picture that are marked."""
        places = self.combined.query_places if self.combined else None
        return _marked(self.session.view.marked_queries, places, self.size[0])

    @cached_property
    def marked_columns(self) -> tuple[int, ...]:
        """The columns of the picture that are marked."""
        places = self.combined.key_places if self.combined else None
        return _marked(self.session.view.marked_keys, places, self.size[1])

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the picture."""
        rows, columns = self.matrix.shape
        return rows, columns

    @property
    def grain(self) -> int:
        """What the size of blocks that are chosen for their room is a multiple of."""
        return 1

    @property
    def is_far(self) -> bool:
        """Whether the attention has more scores than are made, so that there are no matrices of it (see `far`)."""
        return False

    @property
    def blocks(self) -> str:
        """What a block of positions shows."""
        return self.session.view.blocks

    @property
    def keycaps(self) -> Keycaps:
        """What keys are called, the person's own among them."""
        return keycaps(self.session.settings.keys)

    @property
    def refused(self) -> Mapping[str, str]:
        """Keys that do nothing in this scene, and why."""
        return {}

    @property
    def layer_name(self) -> str:
        """The layer on show by its number: layer 7; nothing, where there is one and the number is 0."""
        return f"layer {self.shown.layer}" if self.inputs.layers != (0,) else ""

    @property
    def head_number(self) -> int:
        """The number of the head on show, among all of the layer."""
        return self.first_head + self.head

    @property
    def first_head(self) -> int:
        """The number of the first head that is computed."""
        return self.inputs.captured.first_head if self.inputs.captured else 0

    @property
    def num_heads(self) -> int:
        """How many heads the layer has, of which all or one are computed."""
        return self.inputs.captured.total_heads if self.inputs.captured else self.attention.num_heads

    @property
    def settled(self) -> Session:
        """The session with a head and a cursor that are there and no idle knob, as a command line has to have them."""
        view, default = self.session.view, View()
        head = view.head if view.head == default.head or view.compare == "a" else self.head_number
        cursor = view.cursor if view.cursor == default.cursor else self.place
        pinned = self.session.pinned
        if pinned:
            pinned = replace(pinned, experiment=in_use(pinned.experiment))
        experiment, view = in_use(self.session.experiment), replace(view, head=head, cursor=cursor)
        return replace(self.session, experiment=experiment, view=view, pinned=pinned)

    @cached_property
    def query_labels(self) -> Sequence[str]:
        """A label for each row: its token or word, made harmless, or its number."""
        return labels_of(self.combined.query_labels if self.combined else self.inputs.query_tokens, self.size[0])

    @cached_property
    def key_labels(self) -> Sequence[str]:
        """A label for each column: its token or word, made harmless, or its number."""
        return labels_of(self.combined.key_labels if self.combined else self.inputs.key_tokens, self.size[1])

    @cached_property
    def widest(self) -> tuple[int, int]:
        """The columns that the widest label of a row takes, and of a column."""
        if self.combined is not None:
            return columns_of(self.query_labels), columns_of(self.key_labels)
        if self.has_tokens:
            return widest(self.inputs)
        rows, columns = self.size
        return len(str(rows - 1)), len(str(columns - 1))

    @property
    def has_tokens(self) -> bool:
        """Whether positions have words."""
        return bool(self.inputs.key_tokens)

    @property
    def weights(self) -> Matrix:
        """The weights that the map is of, (rows, columns): those of the head on show, or put together."""
        return self.head_weights if self.combined is None else self.combined.weights

    @property
    def seen_weights(self) -> Matrix:
        """The same, 0 where a query may not look."""
        return np.where(self.allowed, self.weights, 0)

    @property
    def allowed(self) -> Mask:
        """Where a query may look, (rows, columns): of the head on show, or put together."""
        return self.attention.mask_of(self.head) if self.combined is None else self.combined.mask

    @property
    def head_weights(self) -> Matrix:
        """The weights of the head on show, (queries, keys)."""
        return np.asarray(self.attention.weights[self.head])

    @property
    def has_scores(self) -> bool:
        """Whether scores are of queries and keys; else ln p stands for them, of weights from a file."""
        return bool(self.attention.head_dim)

    @property
    def captured_weights(self) -> Matrix | None:
        """The weights of the head on show where they are those of the file, as they are."""
        captured = self.inputs.captured
        given = (captured.weights, captured.own) if captured else ()
        return self.head_weights if any(each is self.attention.weights for each in given) else None

    @property
    def by_width(self) -> bool:
        """Whether scores are divided by √d_k: not where the file says another scale, unless a knob asks for it."""
        own, width = self.inputs.captured.scale if self.inputs.captured else None, self.attention.head_dim
        theirs = own is not None and width > 0 and not math.isclose(own, width**-0.5, rel_tol=1e-6)
        return self.shown.scale == SCALED and not theirs

    @property
    def as_they_are(self) -> bool:
        """Whether the weights are those of a file, and no knob asks what would be."""
        return self.captured_weights is not None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is unusual about the head on show."""
        return findings(self.attention, self.head, tolerance_of(self.inputs))

    @cached_property
    def side(self) -> Side:
        """What the picture is of; while the difference is on show, what B is of."""
        return self.before or Side(self.shown, self.attention, self.inputs, self.head, self.combined, self.session.view)

    @property
    def sides(self) -> dict[str, Side]:
        """A and B by name while their difference is on show, else the only side, which needs no name."""
        return {"A": self.pinned, "B": self.side} if self.pinned else {"": self.side}

    @cached_property
    def unusual_rows(self) -> tuple[int, ...]:
        """The rows on show about which anything is unusual, on any side."""
        return tuple(sorted({row for side in self.sides.values() for row in side.by_row}))

    @cached_property
    def highest(self) -> float:
        """The greatest size of a number of this stage over all heads."""
        stack = stage_stack(self.attention, self.session.view.stage)
        sizes = np.abs(stack[np.isfinite(stack)])
        highest = float(sizes.max()) if sizes.size else 0.0
        if self.combined is None:
            return highest
        seen = self.weights[self.allowed & np.isfinite(self.weights)]  # words and renormalised rows may exceed it
        return max(highest, float(seen.max(initial=0)))


def _at(places: Sequence[Sequence[int]], position: int) -> int:
    """The row or column of a position, or of the nearest one after it that is shown."""
    return min(bisect_left(places, position, key=lambda each: each[-1]), len(places) - 1)


def _marked(positions: Sequence[int], places: Sequence[Sequence[int]] | None, length: int) -> tuple[int, ...]:
    """The rows or columns that stand for any of some positions."""
    if places is None:
        return tuple(at for at in positions if at < length)
    wanted = set(positions)
    return tuple(row for row, each in enumerate(places) if wanted.intersection(each))
