"""How it is shown: what decides only the pixels."""

from __future__ import annotations

from .. import view as views
from ..pictures.palettes import PALETTES
from ..values import (
    around,
    one_of,
    read_hidden,
    read_layers,
    read_numbers,
    read_pair,
    read_zoom,
    step,
    whole,
    write_hidden,
    write_layers,
    write_numbers,
    write_pair,
)
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
    Parameter("explain", ("--explain",), "", "one cell, step by step", bool, flag=True),
    Parameter(
        "over",
        ("--over",),
        ", ".join(views.OVER),
        "what the map's weights are of: " + "; ".join(f"{key}: {text}" for key, text in views.OVER.items()),
        one_of(views.OVER),
        turn=around(views.OVER),
    ),
    Parameter(
        "over_heads",
        ("--over-heads",),
        "all, 0, 3,5-7",
        "the heads that --over puts together",
        read_numbers("all", 4095),
        write_numbers("all"),
    ),
    Parameter(
        "over_layers",
        ("--over-layers",),
        "this, all, 0, 3,5-7",
        "the layers that --over puts together",
        read_layers,
        write_layers,
    ),
    Parameter(
        "hide",
        ("--hide",),
        "off, special, tokens set apart by spaces",
        "tokens that the map leaves out; special stands for [CLS], </s>, <|endoftext|> and the like",
        read_hidden,
        write_hidden,
    ),
    Parameter("renormalise", ("--renormalise",), "", "the map's rows divided by the sum that is left", bool, flag=True),
    Parameter(
        "merge_words",
        ("--merge-words",),
        "",
        "word pieces as words: summed over keys, averaged over queries",
        bool,
        flag=True,
    ),
    Parameter(
        "marked_keys",
        ("--marked-keys",),
        "none, 3, 7,9-12",
        "keys of which to tell what they get together",
        read_numbers("none"),
        write_numbers("none"),
    ),
    Parameter(
        "marked_queries",
        ("--marked-queries",),
        "none, 3, 7,9-12",
        "queries of which to tell what they read together",
        read_numbers("none"),
        write_numbers("none"),
    ),
)  # fmt: skip
