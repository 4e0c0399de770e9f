"""How it is shown: what decides only the pixels."""

from __future__ import annotations

from .. import view as views
from ..pictures.palettes import PALETTES
from ..values import around, one_of, read_kind, read_pair, read_zoom, step, whole, write_pair
from .row import Parameter

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
        f"auto, numbers, cells, half, 2 … {views.MOST_BLOCK:,}",
        "how large a cell is drawn; a number n makes each cell a block of n × n positions",
        read_zoom(views.ZOOMS, views.MOST_BLOCK),
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
    Parameter(
        "head_order",
        ("--head-order",),
        ", ".join(views.HEAD_ORDERS),
        "how view 2 sorts the heads",
        one_of(views.HEAD_ORDERS),
        turn=around(views.HEAD_ORDERS),
    ),
    Parameter(
        "heads_panel",
        ("--heads-panel",),
        ", ".join(views.HEADS_PANELS),
        "what view 2 shows of a source with several layers",
        one_of(views.HEADS_PANELS),
        turn=around(views.HEADS_PANELS),
    ),
    Parameter(
        "head_measure",
        ("--head-measure",),
        ", ".join(views.HEAD_MEASURES),
        "what colours the heads of all layers in view 2",
        one_of(views.HEAD_MEASURES),
        turn=around(views.HEAD_MEASURES),
    ),
    Parameter(
        "head_kind",
        ("--head-kind",),
        ", ".join((*views.KIND_LETTERS, "all")),
        "dim the heads of other kinds in view 2",
        read_kind,
        lambda kind: kind or "all",
        examples=(*views.KIND_LETTERS, "all"),
    ),
    Parameter("explain", ("--explain",), "", "one cell, step by step", bool, flag=True),
)  # fmt: skip
