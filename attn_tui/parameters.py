"""The table of parameters: one row is a knob, a key, an option and a line of help.

Rows of the experiment decide the numbers, rows of the view only the pixels. This module loads neither NumPy nor
Textual, so that `--help` answers at once.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from attn_engine import ALIGNMENTS, SCALED, SOURCES, UNSCALED, Kind, normaliser_signatures

from . import view as views
from .pictures.palettes import PALETTES
from .values import (
    MOST,
    POWERS,
    TEMPERATURES,
    along,
    around,
    one_of,
    read_normaliser,
    read_pair,
    read_positive,
    read_rule,
    read_scale,
    read_zoom,
    ready_made,
    step,
    whole,
    write_number,
    write_pair,
    write_scale,
)


@dataclass(frozen=True)
class Parameter:
    """One parameter: its field in the experiment or the view, its names, its range, how it is read and turned.

    `read` takes the text a person typed and raises ValueError saying what is possible; `write` is its inverse.
    `turn`, for knobs, gives the next value up (+1) or down (−1).
    """

    field: str
    options: tuple[str, ...]
    possible: str
    help: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    name: str = ""
    key: str = ""
    turn: Callable[[Any, int], Any] | None = None
    flag: bool = False
    examples: tuple[str, ...] = ()
    """Values to complete what is typed."""

    @property
    def option(self) -> str:
        """The option's first spelling."""
        return self.options[0]


_masks = ready_made(Kind.MASK)
_score_mods = ready_made(Kind.SCORE_MOD)

KNOBS: tuple[Parameter, ...] = (
    Parameter(
        field="source",
        options=("--source",),
        name="source",
        key="x",
        possible=", ".join(SOURCES),
        help="where queries, keys and values come from",
        read=one_of(SOURCES),
        examples=tuple(SOURCES),
        turn=around(SOURCES),
    ),
    Parameter(
        field="query_length",
        options=("--queries",),
        name="queries",
        key="Q",
        possible="1 …",
        help="how many queries a made source has",
        read=whole(1, MOST),
        turn=step(1, MOST),
    ),
    Parameter(
        field="key_length",
        options=("--keys",),
        name="keys",
        key="K",
        possible="1 …",
        help="how many keys a made source has",
        read=whole(1, MOST),
        turn=step(1, MOST),
    ),
    Parameter(
        field="num_heads",
        options=("--heads",),
        name="heads",
        key="H",
        possible="1 …",
        help="how many heads a made source has",
        read=whole(1, 4096),
        turn=step(1, 4096),
    ),
    Parameter(
        field="head_dim",
        options=("--head-dim", "--d-k"),
        name="head dim",
        key="d",
        possible="1 …",
        help="width of each query and key, d_k",
        read=whole(1, 65536),
        turn=along(POWERS),
    ),
    Parameter(
        field="scale",
        options=("--scale",),
        name="scale",
        key="s",
        possible="1/√d_k, none, a number",
        help="what the scores q·k are multiplied with",
        read=read_scale,
        write=write_scale,
        turn=around((SCALED, UNSCALED)),
    ),
    Parameter(
        field="temperature",
        options=("--temperature",),
        name="temperature",
        key="t",
        possible="> 0",
        help="what the scores are divided by before the normaliser",
        read=read_positive,
        write=write_number,
        turn=along(TEMPERATURES),
    ),
    Parameter(
        field="mask",
        options=("--mask",),
        name="mask",
        key="m",
        possible=f"{', '.join(_masks)}, or any rule of q and k",
        help="who may look where",
        read=read_rule(Kind.MASK),
        examples=_masks,
        turn=around(_masks),
    ),
    Parameter(
        field="score_mod",
        options=("--score-mod",),
        name="score mod",
        key="b",
        possible=f"{', '.join(_score_mods)}, or any rule of s, q, k, h",
        help="what changes a score",
        read=read_rule(Kind.SCORE_MOD),
        examples=_score_mods,
        turn=around(_score_mods),
    ),
    Parameter(
        field="normaliser",
        options=("--normaliser", "--normalizer"),
        name="normaliser",
        key="o",
        possible=", ".join(normaliser_signatures()),
        help="how scores become weights",
        read=read_normaliser,
        examples=normaliser_signatures(),
        turn=around(("softmax", "softmax1", "sink_logit(1)", "sigmoid", "sparsemax")),
    ),
    Parameter(
        field="align",
        options=("--align",),
        name="alignment",
        key="A",
        possible=", ".join(ALIGNMENTS),
        help="; ".join(f"{name}: {sentence}" for name, sentence in ALIGNMENTS.items()),
        read=one_of(ALIGNMENTS),
        turn=around(ALIGNMENTS),
    ),
    Parameter(
        field="seed",
        options=("--seed",),
        name="seed",
        key="r",
        possible="0 …",
        help="the random draw of a made source",
        read=whole(0, 2**32 - 1),
        turn=step(0, 2**32 - 1),
    ),
    Parameter(
        field="layer",
        options=("--layer",),
        possible="0 …",
        help="the layer, counted from 0",
        read=whole(0, 9999),
        turn=step(0, 9999),
    ),
)  # fmt: skip

VIEW: tuple[Parameter, ...] = (
    Parameter("head", ("--head",), "0 …", "the head, counted from 0", whole(0, 4095), turn=step(0, 4095)),
    Parameter(
        "page", ("--view",), ", ".join(views.PAGES), "the view to open", one_of(views.PAGES)
    ),
    Parameter(
        "stage",
        ("--stage",),
        ", ".join(views.STAGES),
        "what the map shows of the computation",
        one_of(views.STAGES),
        turn=around(views.STAGES),
    ),
    Parameter(
        "colour_range",
        ("--range",),
        ", ".join(views.RANGES),
        "how numbers become colours: " + "; ".join(f"{key}: {text}" for key, text in views.RANGES.items()),
        one_of(views.RANGES),
        turn=around(views.RANGES),
    ),
    Parameter(
        "palette",
        ("--palette",),
        ", ".join(PALETTES),
        "the colours of the map",
        one_of(PALETTES),
        turn=around(PALETTES),
    ),
    Parameter("theme", ("--theme",), ", ".join(views.THEMES), "the background", one_of(views.THEMES)),
    Parameter(
        "zoom",
        ("--zoom",),
        f"auto, numbers, cells, half, 2 … {views.MOST_BLOCK}",
        "how large a cell is drawn; a number n makes each cell a block of n × n positions",
        read_zoom,
    ),
    Parameter(
        "blocks",
        ("--blocks",),
        ", ".join(views.BLOCKS),
        "what a block of positions shows",
        one_of(views.BLOCKS),
        turn=around(views.BLOCKS),
    ),
    Parameter(
        "cursor", ("--cursor",), "QUERY,KEY", "the cell to stand on", read_pair, write_pair
    ),
    Parameter(
        "scroll",
        ("--scroll",),
        "QUERY,KEY",
        "the first row and column shown where not all fit",
        read_pair,
        write_pair,
    ),
    Parameter(
        "compare",
        ("--compare",),
        ", ".join(views.COMPARE),
        "with --pin: " + "; ".join(f"{key}: {text}" for key, text in views.COMPARE.items()),
        one_of(views.COMPARE),
    ),
    Parameter(
        "panel",
        ("--panel",),
        ", ".join(views.PANELS),
        "the panel that the keys go to, and that a small terminal shows",
        one_of(views.PANELS),
    ),
    Parameter("search", ("--search",), "a token", "mark the tokens that contain this text", str),
    Parameter("picture_only", ("--picture-only",), "", "the map alone", bool, flag=True),
    Parameter("text", ("--text",), "", "the tokens as running text, shaded", bool, flag=True),
    Parameter("explain", ("--explain",), "", "one cell, step by step", bool, flag=True),
)  # fmt: skip

PARAMETERS = (*KNOBS, *VIEW)

BY_FIELD = {row.field: row for row in PARAMETERS}
BY_KEY = {row.key: row for row in KNOBS if row.key}
