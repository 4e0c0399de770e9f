"""Scenes to draw, and what is drawn of them: characters, and single cells with their styles."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import ArrayLike, NDArray
from rich.cells import cell_len
from rich.style import Style

from attn_engine import Attention, Experiment, Inputs
from attn_tui.making import make_scene
from attn_tui.options import read_options
from attn_tui.pictures.cells import Line, Lines, plain
from attn_tui.pictures.ink import Ink, Tier, make_ink
from attn_tui.scene import Scene
from attn_tui.stages import SIGNED, TITLES, stage_matrix
from attn_tui.view import Session, View

quick = settings(deadline=None, max_examples=100)
brief = settings(deadline=None, max_examples=40)

NASTY = (
    *("\x00", "\x07", "\t", "\n", "\r", "\x1b", "\x1b]52;c;aGk=\x07", "\x7f", "\x85", "\x9b", "\x9d"),
    *("\u00ad", "\u061c", "\u200b", "\u200d", "\u200e", "\u202e", "\u2066", "\u2028", "\ufeff", "\U000e0041"),
    *("\u0301", "\u0489", "\u20dd", "\ufe0f", "\u034f", "\u115f", "\u1160", "\u11a8", "\u3164", "\u2800", "\u0903"),
    *("\ud800", "\udcff", "\ue000", "\U000f0000", "\u0378", "\U0001f3fd", "\u00a0", "\u3000"),
    *("日", "한", "é", "ﬁ", "👩", "🇩", "क", "ि", "א", "Å", "\u212b", "a", "-", " "),
)
"""Text as files bring it: what terminals obey, what has no width or two cells, what is nothing, and letters."""

wild_text = st.lists(st.one_of(st.sampled_from(NASTY), st.characters(), st.text(max_size=4)), max_size=12).map("".join)


def ink_of(tier: Tier = Tier.NONE, view: View | None = None) -> Ink:
    """The ink that a view asks for."""
    view = view or View()
    return make_ink(tier, dark=view.theme == "dark", palette=view.palette)


def session_of(options: str) -> Session:
    """The session that options make."""
    return read_options(shlex.split(options))


def scene_of(options: str = "", tier: Tier = Tier.NONE, **changes: Any) -> Scene:
    """The scene that options make; `changes` are of the scene itself: a knob, a message."""
    session = session_of(options)
    return replace(make_scene(session, ink_of(tier, session.view)), **changes)


def scene_with(
    weights: ArrayLike,
    *,
    options: str = "",
    mask: ArrayLike | None = None,
    query_tokens: tuple[str, ...] = (),
    key_tokens: tuple[str, ...] = (),
    tier: Tier = Tier.NONE,
) -> Scene:
    """A scene of weights made up: (queries, keys), or (heads, queries, keys). Scores are the weights as well."""
    stack = np.atleast_3d(np.asarray(weights, dtype=np.float32))
    stack = stack.transpose(2, 0, 1) if np.ndim(weights) == 2 else stack
    heads, queries, keys = stack.shape
    allowed = np.ones((queries, keys), dtype=np.bool_) if mask is None else np.asarray(mask, dtype=np.bool_)
    identity = np.broadcast_to(np.eye(keys, dtype=np.float32), (heads, keys, keys))
    attention = Attention(stack, identity, identity, stack, stack, stack, allowed, stack, stack)
    inputs = Inputs(stack, identity, identity, None, query_tokens, key_tokens)
    session = session_of(options)
    view = session.view
    head = min(view.head, heads - 1)
    matrix, shown = stage_matrix(attention, head, view.stage)
    shown_experiment = Experiment(source="random", query_length=queries, key_length=keys, num_heads=heads)
    ink, signed, title = ink_of(tier, view), view.stage in SIGNED, TITLES[view.stage]
    return Scene(session, ink, shown_experiment, attention, inputs, head, matrix, shown, signed, title)


class Cell(NamedTuple):
    """One cell of the screen; the right half of a wide character has no text."""

    text: str
    style: Style


def cells(line: Line) -> list[Cell]:
    """The cells of a line, one after the other."""
    found: list[Cell] = []
    for text, style, _ in line:
        for character in text:
            size = cell_len(character)
            if not size:
                found[-1] = Cell(found[-1].text + character, found[-1].style)
            else:
                found += [Cell(character, style or Style()), Cell("", style or Style())][:size]
    return found


def drawn(lines: Lines) -> str:
    """A picture as it is written in a test: every line on a line of its own."""
    return "\n" + plain(lines) + "\n"


def loops(matrix: NDArray[Any]) -> list[tuple[int, int]]:
    """Every (row, column) of a matrix."""
    return [(row, column) for row in range(matrix.shape[0]) for column in range(matrix.shape[1])]
