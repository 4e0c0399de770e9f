"""The mask laboratory: the lengths it has of its own, and how it is shown."""

from __future__ import annotations

from attn_engine import entries

from .. import view as views
from ..values import MOST, POWERS, along, around, one_of, read_pair, read_zoom, step, whole, write_pair
from .row import Parameter

LAB: tuple[Parameter, ...] = (
    Parameter(
        field="mask_queries",
        options=("--mask-queries",),
        name="queries",
        key="Q",
        possible=f"1 … {MOST:,}",
        help="how many queries the mask is looked at with",
        read=whole(1, MOST),
        turn=along(POWERS),
    ),
    Parameter(
        field="mask_keys",
        options=("--mask-keys",),
        name="keys",
        key="K",
        possible=f"1 … {MOST:,}",
        help="how many keys the mask is looked at with",
        read=whole(1, MOST),
        turn=along(POWERS),
    ),
    Parameter(
        field="block_size",
        options=("--block-size",),
        name="block size",
        key="B",
        possible="1 … 65,536",
        help="how many queries and keys a block of a block-sparse kernel has",
        read=whole(1, 65536),
        turn=along(POWERS),
    ),
    Parameter(
        field="reach_layers",
        options=("--layers",),
        name="layers",
        key="L",
        possible="1 … 4,096",
        help="how many layers of the same mask the reach is shown for",
        read=whole(1, 4096),
        turn=step(1, 4096),
    ),
    Parameter(
        field="window",
        options=("--window",),
        name="window",
        key="W",
        possible="1 … 65,536",
        help="the one window number that libraries read differently",
        read=whole(1, 65536),
        turn=step(1, 65536),
    ),
    Parameter(
        "mask_cursor",
        ("--mask-cursor",),
        "QUERY,KEY",
        "the pair to stand on in the mask",
        read_pair,
        write_pair,
    ),
    Parameter(
        "mask_zoom",
        ("--mask-zoom",),
        f"auto, {', '.join(views.ZOOMS[1:])}, 2 … {MOST:,}",
        "size of the mask's cells, or positions a side of each; auto shows the whole mask",
        read_zoom(views.ZOOMS[1:], MOST),
    ),
    Parameter(
        "mask_panel",
        ("--mask-panel",),
        ", ".join(views.MASK_PANELS),
        "the panel of the masks that the keys go to, and that a small terminal shows",
        one_of(views.MASK_PANELS),
    ),
    Parameter(
        "sheet",
        ("--sheet",),
        ", ".join(views.SHEETS),
        "what is told of the mask",
        one_of(views.SHEETS),
        turn=around(views.SHEETS),
    ),
    Parameter(
        "dialect",
        ("--dialect",),
        ", ".join(views.DIALECTS),
        "what the mask's code is written for",
        one_of(views.DIALECTS),
        turn=around(views.DIALECTS),
    ),
    Parameter(
        "entry",
        ("--entry",),
        "a name of the catalogue",
        "the rule to stand on in the catalogue",
        one_of(entry.name for entry in entries()),
    ),
)  # fmt: skip
