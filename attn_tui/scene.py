"""The scene: a session with its numbers, everything that a picture may draw from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attn_engine import Attention, Experiment, Inputs, inputs_of, measures, num_heads_of, one_at_a_time, run

from .desk import Desk
from .experiments.trial import Trial, trial_of
from .findings import Finding, findings, tolerance_of
from .lab.laboratory import Laboratory, laboratory_of
from .layers.overview import Layers, layers_of
from .pictures.cells import printable
from .pictures.ink import Ink
from .view import Session, View

Matrix = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]


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
        """The cell stood on, within the picture."""
        query, key = self.session.view.cursor
        return min(query, self.attention.query_length - 1), min(key, self.attention.key_length - 1)

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
        """The session with a head and a cursor that are there, as a command line has to have them."""
        view, default = self.session.view, View()
        head = view.head if view.head == default.head or view.compare == "a" else self.head_number
        cursor = view.cursor if view.cursor == default.cursor else self.cursor
        return replace(self.session, view=replace(view, head=head, cursor=cursor))

    @cached_property
    def query_labels(self) -> tuple[str, ...]:
        """A label for each query: its token, made harmless, or its number."""
        return _labels(self.inputs.query_tokens, self.attention.query_length)

    @cached_property
    def key_labels(self) -> tuple[str, ...]:
        """A label for each key: its token, made harmless, or its number."""
        return _labels(self.inputs.key_tokens, self.attention.key_length)

    @property
    def has_tokens(self) -> bool:
        """Whether positions have words."""
        return bool(self.inputs.key_tokens)

    @property
    def weights(self) -> Matrix:
        """The weights of the head on show, (queries, keys)."""
        return np.asarray(self.attention.weights[self.head])

    @property
    def has_scores(self) -> bool:
        """Whether scores are of queries and keys; else ln p stands for them, of weights from a file."""
        return bool(self.attention.query.shape[-1])

    @property
    def captured_weights(self) -> Matrix | None:
        """The weights of the head on show where they are those of the file, as they are."""
        captured = self.inputs.captured
        return self.weights if captured and captured.weights is self.attention.weights else None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is unusual about the head on show."""
        return findings(self.attention, self.head, tolerance_of(self.inputs))

    @cached_property
    def highest(self) -> float:
        """The greatest size of a number of this stage over all heads."""
        stack = stage_stack(self.attention, self.session.view.stage)
        sizes = np.abs(stack[np.isfinite(stack)])
        return float(sizes.max()) if sizes.size else 0.0


def make_scene(
    session: Session,
    ink: Ink,
    *,
    knob: str = "",
    message: str = "",
    trouble: bool = False,
    desk: Desk | None = None,
) -> Scene:
    """The scene of a session. Raises ValueError or RuleError where there is nothing to show.

    The mask laboratory, the experiments and the layers ask the desk; without one, every question is answered at once.
    """
    view = session.view
    pinned = None if view.page == "experiments" else session.pinned  # there, B alone is shown
    show_pinned = pinned is not None and view.compare == "a"
    shown, wanted = (pinned.experiment, pinned.head) if pinned and show_pinned else (session.experiment, view.head)
    in_laboratory = view.page == "masks"  # there the mask need not fit the map
    attention, inputs, head = _computed(replace(shown, mask="full") if in_laboratory else shown, wanted)
    matrix, mask = stage_matrix(attention, head, view.stage)
    signed = view.stage in SIGNED
    title = TITLES[view.stage] if attention.query.shape[-1] else LOG_TITLES.get(view.stage, TITLES[view.stage])
    if pinned and view.compare == "a-b":
        other, _, other_head = _computed(pinned.experiment, pinned.head)
        other_matrix, other_mask = stage_matrix(other, other_head, view.stage)
        if other_matrix.shape == matrix.shape:
            matrix, mask, signed = _difference(other_matrix, other_mask, matrix, mask)
            title = f"A − B: {title.lower()}"
        else:
            message, trouble = _different_sizes(other_matrix.shape, matrix.shape), True
    elif show_pinned:
        title = f"A, pinned: {title.lower()}"
    scene = Scene(session, ink, shown, attention, inputs, head, matrix, mask, signed, title, knob, message, trouble)
    if in_laboratory:
        return replace(scene, laboratory=laboratory_of(session, attention, head, desk or Desk()))
    if view.page == "heads":
        return replace(scene, layers=layers_of(shown, attention, inputs, desk or Desk()))
    return replace(scene, trial=trial_of(session, desk or Desk())) if view.page == "experiments" else scene


def _computed(experiment: Experiment, wanted: int) -> tuple[Attention, Inputs, int]:
    """The attention, its inputs, and which of its heads is the one wanted, or the last there is.

    Of a file's layer too large for all its heads, only that one is computed.
    """
    if one_at_a_time(experiment):
        head = min(wanted, num_heads_of(experiment) - 1)
        return run(experiment, head), inputs_of(experiment, head), 0
    attention = run(experiment)
    return attention, inputs_of(experiment), min(wanted, attention.num_heads - 1)


TITLES = {
    "scores": "Scores q·k",
    "scaled": "Scaled scores",
    "modified": "Scores after the score mod",
    "weights": "Weights",
    "value-weighted": "Weight × |value|",
    "mask": "Mask",
}
LOG_TITLES = {
    "scores": "ln p of the file's weights",
    "scaled": "ln p of the file's weights",
    "modified": "ln p after the score mod",
}
"""Titles of the stages where a file has weights alone."""

SIGNED = ("scores", "scaled", "modified")


def stage_matrix(attention: Attention, head: int, stage: str) -> tuple[Matrix, Mask]:
    """One stage of one head, (queries, keys), and where the picture is not hatched."""
    allowed = attention.mask_of(head)
    if stage == "mask":
        return allowed.astype(np.float32), allowed
    matrix = np.asarray(stage_stack(attention, stage)[head])
    return matrix, np.ones_like(allowed) if stage in SIGNED else allowed


def stage_stack(attention: Attention, stage: str) -> Matrix:
    """One stage of all heads, (heads, queries, keys)."""
    if stage == "mask":
        return np.ones((1, 1, 1), dtype=np.float32)
    if stage == "value-weighted":
        if not attention.value.shape[-1]:
            raise ValueError("weight × |value| needs the values, which the file does not have")
        return _value_weighted(attention)
    stack: Matrix = getattr(attention, stage)
    return stack


@lru_cache(maxsize=2)
def _value_weighted(attention: Attention) -> Matrix:
    return measures.value_weighted(attention.weights, attention.value)


def _difference(a: Matrix, a_mask: Mask, b: Matrix, b_mask: Mask) -> tuple[Matrix, Mask, bool]:
    return np.where(a_mask, a, 0) - np.where(b_mask, b, 0), a_mask | b_mask, True


def _different_sizes(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    return f"A is {a[0]} × {a[1]} and B is {b[0]} × {b[1]}: A − B needs equal sizes, so this is B"


@lru_cache(maxsize=8)
def _labels(tokens: tuple[str, ...], length: int) -> tuple[str, ...]:
    if not tokens:
        return tuple(str(position) for position in range(length))
    return tuple(printable(token) or "∅" for token in tokens)
