"""attn-tui print: the picture and its figures without a screen, as text, JSON, CSV or SVG."""

from __future__ import annotations

import argparse
import csv
import io
import json
import math
import os
import shutil
import sys
from dataclasses import asdict, replace
from typing import Any

import numpy as np
from rich.color import ColorSystem
from rich.console import Console
from rich.segment import Segment
from rich.style import Style

from attn_engine import (
    Combined,
    compared_queries,
    mean_similarity,
    measure,
    measures,
    most_scores,
    most_told,
    most_within,
    random_similarity,
    similarity,
)

from .moves import with_view
from .opening import open_scene
from .options import WIDTHS, OptionError, command
from .pictures.cells import Lines, gated, pad, plain, printable, width_of, wrap
from .pictures.heads.glance import alone_text
from .pictures.heads.kinds import kinds, scores
from .pictures.heads.likeness import likeness_text
from .pictures.heatmap import heat_map, map_title
from .pictures.ink import Tier
from .pictures.keys import keys_title, top_keys
from .pictures.of_files import lost_of
from .pictures.plan import plan_map, whole_size
from .pictures.state import different_tokens
from .pictures.svg import svg_of
from .pictures.truth import formula, truth_lines
from .query_report import query_csv, query_json, query_lines, reads_of
from .scene import Scene
from .side import Side
from .view import Session

WIDTH = 100
TOP = 10
"""Keys that are printed of a query as text."""

MOST_JSON = 2**23
"""Numbers that are written as JSON."""

MOST_CSV = 2**24
"""Numbers that are written as CSV."""

PER_NUMBER = 80
"""Bytes that a number takes while it is made text."""

SYSTEMS = {Tier.TRUECOLOR: ColorSystem.TRUECOLOR, Tier.CUBE: ColorSystem.EIGHT_BIT, Tier.BASIC: ColorSystem.STANDARD}


def print_report(session: Session, given: argparse.Namespace) -> None:
    """Print what the options ask for on standard output. Raises OptionError for what cannot be had."""
    sys.stdout.write(report_text(session, given))
    sys.stdout.flush()


def report_text(session: Session, given: argparse.Namespace, *, commanded: bool = True) -> str:
    """What the options ask for, perhaps without the command. Raises OptionError for what cannot be had."""
    session = replace(session, view=replace(session.view, page="map"))  # whatever view the explorer would open
    scene = open_scene(session, tier_of(given))
    _check_query(scene, given)
    if scene.is_far:
        from .far import to_the_end

        _check_far(given)
        scene = to_the_end(scene)
    if given.query is not None:
        return query_text(scene, given)
    if given.json:
        check_written("--json", 5 * scene.attention.weights[0].size, MOST_JSON)
        return json.dumps(figures(scene), allow_nan=False) + "\n"
    if given.csv:
        return csv_text(scene)
    if given.svg:
        return svg_text(scene, width_wanted(given), given.height, commanded=commanded)
    return rendered(report(scene, width_wanted(given), given.height, commanded=commanded), scene.ink.tier)


def query_text(scene: Scene, given: argparse.Namespace) -> str:
    """What one query reads: as text TOP keys, as JSON and CSV all that it sees, unless the options say how many."""
    if given.json:
        check_written("--json", 2 * scene.size[1], MOST_JSON)
        return query_json(reads_of(scene, given.query, given.top))
    if given.csv:
        check_written("--csv", 2 * scene.size[1], MOST_CSV)
        return query_csv(reads_of(scene, given.query, given.top))
    return rendered(query_lines(reads_of(scene, given.query, given.top or TOP), _place(scene)), scene.ink.tier)


def report(scene: Scene, width: int, height: int | None = None, *, commanded: bool = True) -> Lines:
    """The picture, in so many lines at most, with its figures: where it is from, the cursor's query, the heads.

    `commanded`: with the command that shows the same.
    """
    ink = scene.ink
    blank = [Segment("", ink.text)]
    where = f"{map_title(scene)}   {formula(scene)}   {_place(scene)}"
    again = [[Segment(printable(command(scene.session)), ink.dim)]] if commanded else []
    lines = [[Segment(where, ink.strong)], *again, blank]
    size = width, whole_size(scene, width, height)
    lines += heat_map(_round_cursor(scene, *size), *size)
    lines += [
        blank,
        *([Segment(text, ink.strong)] for text in wrap(keys_title(scene), width)),
        *top_keys(scene, min(width, 60), 10 if scene.compared else 5),
    ]
    heads = (alone_text if scene.is_far else likeness_text)(scene)
    likeness = [[Segment(f" {text}", ink.dim)] for text in wrap(heads, width - 1)]
    return [*lines, blank, *truth_lines(scene, width), *likeness]


def _round_cursor(scene: Scene, width: int, height: int) -> Scene:
    """The scene scrolled to have the cursor amid the part of the map for which there is room, where none is chosen."""
    plan = plan_map(scene, width, height)
    if plan.complete or scene.session.view.scroll != (0, 0):
        return scene
    row, column = (max(at - n * plan.zoom.block // 2, 0) for at, n in zip(scene.cursor, plan.shown, strict=True))
    return replace(scene, session=with_view(scene, scroll=(row, column)))


def _place(scene: Scene) -> str:
    """Where the numbers are from: of heads put together, the note of the picture says of which they are."""
    source = printable(scene.shown.file) if scene.shown.source == "file" else scene.shown.source
    captured, together = scene.inputs.captured, scene.combined and scene.session.view.over != "head"
    parts = {
        source: True,
        printable(captured.set_name) if captured else "": captured and len(captured.sets) > 1,
        f"batch item {scene.shown.batch_item}": captured and captured.batch_size > 1,
        scene.layer_name: scene.layer_name and not together,
        f"head {scene.head_number} of {scene.num_heads}": not together,
    }
    return ", ".join(text for text, there in parts.items() if there)


def figures(scene: Scene) -> dict[str, Any]:
    """Everything about the picture: settings, every stage of its head, and the measures of all heads."""
    attention, head = scene.attention, scene.head
    per_row, alike = measure(attention), similarity(attention.weights)
    random = random_similarity(scene.shown, attention)
    stages = {name: _numbers(getattr(attention, name)[head]) for name in ("scores", "scaled", "modified", "weights")}
    return {
        "command": command(scene.session),
        "experiment": asdict(scene.shown),
        "layer": scene.shown.layer if scene.layer_name else 0,
        "head": head,
        "shape": {
            "layers": scene.inputs.num_layers,
            "heads": attention.num_heads,
            "queries": attention.query_length,
            "keys": attention.key_length,
            "head_dim": attention.head_dim,
        },
        "query_tokens": list(scene.inputs.query_tokens) or None,
        "key_tokens": list(scene.inputs.key_tokens) or None,
        "scale": attention.scale,
        "mask": attention.mask_of(head).tolist(),
        "mask_density": measures.density(attention.mask_of(head)),
        **stages,
        "output": _numbers(attention.output[head]),
        "weight_received": _numbers(measures.weight_received(attention.weights[head])),
        "rows": {name: _numbers(getattr(per_row, name)[head]) for name in measures.MEASURES},
        "heads": {name: _numbers(per_row.by_head(name)) for name in measures.MEASURES},
        "queries_counted": {name: per_row.counted(name).tolist() for name in measures.MEASURES},
        "kinds": {
            "names": [kind.name for kind in kinds(scene)],
            "scores": _rounded([kind.score for kind in kinds(scene)], 8),
            "detection": {name: _rounded(found, 8) for name, found in scores(scene).items()},
        },
        "similarity": {
            "pairs": _numbers(alike),
            "mean": _rounded(mean_similarity(alike), 16),
            "queries_compared": compared_queries(attention.weights).tolist(),
            "random_heads": random[0] if random else None,
            "random_heads_standard_error": random[1] if random else None,
        },
        "findings": [asdict(finding) for finding in scene.findings],
        **({"what_if": asdict(lost)} if (lost := lost_of(scene.side)) else {}),
        **({"combined": _combined(scene.side, scene.combined)} if scene.combined else {}),
        **({"compared": _compared(scene, scene.pinned)} if scene.pinned else {}),
    }


def _compared(scene: Scene, pinned: Side) -> dict[str, Any]:
    """A − B; all else is of B."""
    return {
        "difference": _numbers(scene.matrix),
        "findings_of_a": [asdict(finding) for finding in pinned.findings],
        "different_tokens": bool(different_tokens(scene)),
    }


def _combined(side: Side, combined: Combined) -> dict[str, Any]:
    """The weights put together, as the map shows them; all else is of the head."""
    return {
        "findings": [asdict(finding) for finding in side.findings],
        "notes": list(combined.notes),
        "query_labels": list(combined.query_labels) or None,
        "key_labels": list(combined.key_labels) or None,
        "query_positions": combined.query_places,
        "key_positions": combined.key_places,
        "weights": _numbers(combined.weights),
        "mask": combined.mask.tolist(),
    }


def _numbers(array: Any) -> Any:
    """Nested lists of numbers as they are, to the type's precision; what JSON has no number for is null."""
    digits = 8 if array.dtype == np.float32 else 16
    return _rounded(array.tolist(), digits)


def _rounded(value: Any, digits: int) -> Any:
    if isinstance(value, list):
        return [_rounded(item, digits) for item in value]
    return float(f"{value:.{digits}g}") if math.isfinite(value) else None


def check_written(form: str, numbers: int, most: int) -> None:
    """Raise OptionError, with the arithmetic, for more numbers than are made text."""
    if numbers > most_within(most, PER_NUMBER):
        raise OptionError(
            f"{form}: {numbers:,} numbers are too many to write; at most {most_told(most, PER_NUMBER)} are"
        )


def csv_text(scene: Scene) -> str:
    """The picture's numbers: a header of key labels, then a row for each query; masked cells are empty."""
    check_written("csv", scene.matrix.size, MOST_CSV)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["query", *scene.key_labels])
    for label, numbers, allowed in zip(scene.query_labels, scene.matrix.tolist(), scene.mask.tolist(), strict=True):
        writer.writerow([label, *(f"{x:.8g}" if may else "" for x, may in zip(numbers, allowed, strict=True))])
    return text.getvalue()


def svg_text(scene: Scene, width: int, height: int | None = None, *, commanded: bool = True) -> str:
    """The report as an SVG picture, as wide as its longest line, in characters that every encoding has."""
    lines = report(scene, width, height, commanded=commanded)
    width = max(map(width_of, lines))
    svg = svg_of([pad(line, width, scene.ink.text) for line in lines], width)
    return svg.encode("ascii", "xmlcharrefreplace").decode()


def rendered(lines: Lines, tier: Tier) -> str:
    """The lines as a terminal takes them; without any escape where there are no colours."""
    lines = gated(lines)
    if tier is Tier.NONE:
        return plain(lines) + "\n"
    system = SYSTEMS[tier]
    return "".join(
        "".join((style or Style()).render(text, color_system=system) for text, style, _ in line) + "\n"
        for line in lines
    )


def tier_of(given: argparse.Namespace) -> Tier:
    """The colours asked for; else plain in a pipe and under NO_COLOR, else what the terminal has."""
    if given.colour != "auto":
        return Tier(given.colour)
    if getattr(given, "svg", False):
        return Tier.TRUECOLOR
    found = Console().color_system if sys.stdout.isatty() and not os.environ.get("NO_COLOR") else None
    return {"truecolor": Tier.TRUECOLOR, "256": Tier.CUBE, "standard": Tier.BASIC}.get(found or "", Tier.NONE)


def width_wanted(given: argparse.Namespace) -> int:
    """The columns asked for; else those of the terminal, or WIDTH in a pipe."""
    if given.width is not None:
        return int(given.width)
    return max(shutil.get_terminal_size((WIDTH, 40)).columns if sys.stdout.isatty() else WIDTH, WIDTHS[0])


def _check_far(given: argparse.Namespace) -> None:
    """Raise OptionError for what is of every weight."""
    if given.query is not None:
        return
    for option in ("json", "csv"):
        if getattr(given, option):
            raise OptionError(
                f"--{option}: of every weight, and at most {most_scores():,} are made; without it the map is printed, "
                "with --query N one row"
            )


def _check_query(scene: Scene, given: argparse.Namespace) -> None:
    last = scene.attention.query_length - 1
    if given.query is not None and given.query > last:
        raise OptionError(f"--query: {given.query} is not a query; possible are 0 … {last}")
    if given.query is not None and scene.combined:
        shown = {place for places in scene.combined.query_places for place in places}
        if given.query not in shown:
            raise OptionError(f"--query: {given.query} is hidden by --hide")
    if given.top is not None and given.query is None:
        raise OptionError("--top: it goes with --query")
    if given.query is not None and given.svg:
        raise OptionError("--query: it is printed as text, with --json or with --csv, not with --svg")
