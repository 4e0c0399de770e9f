"""What attn-tui mask prints: the picture and its figures, code, an array, the rules that fit a file."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment

from attn_engine import (
    Captured,
    Kind,
    LoadedMask,
    Plane,
    Rule,
    check_rule,
    code_of,
    evaluate,
    identify_mask,
    parse,
    read_mask,
)

from .check_command import file_of
from .desk import Desk
from .lab.laboratory import Laboratory
from .options import OptionError
from .pictures.cells import Lines, page, printable
from .pictures.ink import Ink, make_ink
from .pictures.masks.plan import cells_height
from .pictures.masks.raster import cells_picture
from .pictures.masks.settings import figures
from .report import rendered, tier_of, width_wanted
from .view import Lab

SIDE = 16
BLOCK_SIZES = (128, 64, 32, 16, 8, 4)
MOST_CELLS = 2**28
"""Cells of an array that is written at most: as many bytes."""

MOST_WRITTEN = 2**22
"""Pairs that are written as text."""

FILE_RULE = "mask[q, k]"


class OutputError(ValueError):
    """A file that could not be written."""

    status = 74


def print_mask(given: argparse.Namespace) -> None:
    """Print what the options ask for. Raises OptionError, RuleError, MaskFileError or OSError."""
    if given.identify is not None:
        text = _identified(_read(given.identify, given), given.head)
    else:
        lab = laboratory_for(given)
        if given.npy is not None:
            text = write_array(lab, Path(given.npy))
        elif given.code:
            text = code_of(lab.rule, given.code, lab.plane).rstrip("\n") + "\n"
        elif given.json:
            text = json.dumps(numbers_of(lab), allow_nan=False) + "\n"
        else:
            tier = tier_of(given)
            text = rendered(mask_lines(lab, make_ink(tier), width_wanted(given)), tier)
    sys.stdout.write(text)
    sys.stdout.flush()


def laboratory_for(given: argparse.Namespace) -> Laboratory:
    """The rule, or the file's mask as a rule over a named array, on the plane that the options give."""
    file = file_of(given.mask)
    rule, plane = _of_file(_read(file, given), given) if file else _of_rule(given)
    check_rule(rule, plane)
    size = given.block_size or next((size for size in BLOCK_SIZES if size * 4 <= max(_lengths(plane))), 4)
    lab = Lab(mask_queries=plane.query_length, mask_keys=plane.key_length, block_size=size)
    return Laboratory(rule, plane, lab, given.head_dim, Desk())


def _read(file: str | Path, given: argparse.Namespace) -> LoadedMask:
    """The file's mask, one head of which is looked at."""
    loaded = read_mask(file, name=given.array or None, form=given.form)
    if given.head >= len(loaded.array):
        raise OptionError(f"--head: {given.head} is not a head of the file; possible are 0 … {len(loaded.array) - 1}")
    return loaded


def _of_rule(given: argparse.Namespace) -> tuple[Rule, Plane]:
    if given.head >= given.heads:
        raise OptionError(f"--head: {given.head} is not a head; possible are 0 … {given.heads - 1}")
    rule = parse(given.mask, Kind.MASK)
    queries = given.queries or given.keys or SIDE
    return rule, Plane(queries, given.keys or queries, given.heads, given.align, given.head)


def _of_file(loaded: LoadedMask, given: argparse.Namespace) -> tuple[Rule, Plane]:
    heads, queries, keys = loaded.array.shape
    if given.queries not in (None, queries) or given.keys not in (None, keys):
        raise OptionError(f"--queries, --keys: the file's mask is {queries} × {keys}")
    captured = Captured({"mask": loaded.array[given.head]})
    return parse(FILE_RULE, Kind.MASK), Plane(queries, keys, heads, "left", given.head, captured)


def _lengths(plane: Plane) -> tuple[int, int]:
    return plane.query_length, plane.key_length


def mask_lines(lab: Laboratory, ink: Ink, width: int) -> Lines:
    """The rule, its picture, and its figures below."""
    plane = lab.plane
    where = f"{plane.query_length:,} queries × {plane.key_length:,} keys, aligned {plane.align}"
    head = [Segment(printable(str(lab.rule)), ink.strong)], [Segment(where, ink.dim)]
    picture = cells_picture(ink, lab, (width, cells_height(lab, width)))
    rows = [[Segment(f"{name:<13}", ink.dim), Segment(text, ink.text)] for name, text in figures(lab)]
    lines = [*head, *picture, [], *rows]
    lines += [[Segment(finding.text, ink.warning if finding.serious else ink.dim)] for finding in lab.findings or ()]
    return page(lines, width, len(lines), ink.text) if ink.shaded else lines


def numbers_of(lab: Laboratory) -> dict[str, Any]:
    """The figures, for programs."""
    plane, counted, blocks = lab.plane, lab.count, lab.blocks
    seen = lab.row_range
    if counted is None or blocks is None:
        raise OptionError("not enough memory to count this mask")
    return {
        "rule": str(lab.rule),
        "queries": plane.query_length,
        "keys": plane.key_length,
        "align": plane.align,
        "head": plane.head,
        "pairs": counted.pairs,
        "pairs_error": counted.error,
        "exact": counted.exact,
        "density": counted.pairs / plane.pairs,
        "keys_seen": {"fewest": seen[0], "most": seen[1]} if seen else None,
        "blocks": {
            "size": lab.lab.block_size,
            **{name: getattr(blocks, name) for name in ("full", "partial", "empty", "error")},
        },
        "costs": [asdict(cost) for cost in lab.costs or ()],
        "findings": [asdict(finding) for finding in lab.findings or ()],
    }


def write_array(lab: Laboratory, path: Path) -> str:
    """Write the mask as a boolean array, (queries, keys), and say so. An existing file stays: OutputError."""
    plane = lab.plane
    if plane.pairs > MOST_CELLS:
        raise OptionError(f"--npy: {plane.pairs:,} cells are too many for an array; possible are {MOST_CELLS:,}")
    try:
        with path.open("xb") as file:
            _write(file, lab)
    except OSError as error:
        raise OutputError(f"--npy: {path}: {error.strerror or error}") from None
    return f"wrote {printable(str(path))}: {plane.query_length} × {plane.key_length}, true may look\n"


def _write(file: BinaryIO, lab: Laboratory) -> None:
    """The mask as .npy, band by band; a file that cannot be finished is removed."""
    try:
        header = {"descr": "|b1", "fortran_order": False, "shape": _lengths(lab.plane)}
        np.lib.format.write_array_header_1_0(file, header)
        file.writelines(band.tobytes() for band in _bands(lab))
        file.flush()
    except BaseException:
        Path(file.name).unlink()
        raise


def _bands(lab: Laboratory) -> Iterator[NDArray[np.bool_]]:
    """The mask in bands of rows, (rows, keys), none of which takes much memory to evaluate."""
    plane = lab.plane
    rows = max(1, MOST_WRITTEN // plane.key_length)
    for first in range(0, plane.query_length, rows):
        queries = np.arange(first, min(first + rows, plane.query_length))
        allowed = evaluate(lab.rule, plane.grid(queries=queries))
        yield np.ascontiguousarray(np.broadcast_to(allowed, (len(queries), plane.key_length)))


def mask_csv(lab: Laboratory) -> str:
    """The mask as 0 and 1, a row for each query under a header of keys. Raises ValueError where it is too large."""
    plane = lab.plane
    if plane.pairs > MOST_WRITTEN:
        raise ValueError(f"{plane.pairs:,} pairs are too many for .csv: at most {MOST_WRITTEN:,}")
    allowed = np.broadcast_to(evaluate(lab.rule, plane.grid()), _lengths(plane)).astype(np.int8)
    rows = (",".join([str(query), *map(str, row)]) for query, row in enumerate(allowed.tolist()))
    return "\n".join([",".join(["query", *map(str, range(plane.key_length))]), *rows, ""])


def _identified(loaded: LoadedMask, head: int) -> str:
    heads, queries, keys = loaded.array.shape
    lines = [f"{queries} × {keys}, {loaded.note}"]
    if heads > 1:
        lines.append(f"head {head} of {heads}; --head shows another")
    return "\n".join(map(printable, [*lines, *map(str, identify_mask(loaded.array, head))])) + "\n"
