"""A mask as a picture: its cells by the share of pairs allowed, and its blocks as full, partial or empty."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style

from attn_engine import Blocks, Plane, Rule, Verdict, block_map

from ...lab.laboratory import Laboratory
from ...scene import Scene
from ..axes import numbered, tick_labels
from ..cells import Line, Lines, page
from ..ink import MASKED, Ink
from ..levels import Levels
from ..palettes import LEVELS
from ..plan import LEAST_WITH_BAR, Plan
from ..shading import cell, half_cells, whole_cells
from .plan import plan_blocks, plan_cells

Pair = tuple[int, int]
Size = tuple[int, int]
Window = tuple[int, int, int, int]
"""First cell, how many, positions in each, and positions in all."""

SIGNS = {Verdict.FULL: "█", Verdict.PARTIAL: "▒", Verdict.EMPTY: "·"}


def cells_title(scene: Scene) -> str:
    """What one cell stands for."""
    lab = scene.laboratory
    return f"Cells · {lab.rule}" if lab else "Cells"


def blocks_title(scene: Scene) -> str:
    """The size of the blocks."""
    size = scene.session.lab.block_size
    return f"Blocks of {size:,} × {size:,}"


def mask_cells(scene: Scene, width: int, height: int) -> Lines:
    """The mask cell by cell, with the cursor."""
    lab = scene.laboratory
    return cells_picture(scene.ink, lab, (width, height), lab.cursor) if lab else []


def mask_blocks(scene: Scene, width: int, height: int) -> Lines:
    """The mask block by block, with the cursor."""
    lab = scene.laboratory
    return blocks_picture(scene.ink, lab, (width, height), lab.cursor) if lab else []


def cells_picture(ink: Ink, lab: Laboratory, size: Size, cursor: Pair | None = None) -> Lines:
    """Each cell by the share of its pairs that are allowed."""
    plan = plan_cells(lab, *size)
    levels = levels_of(_blocks(lab.rule, lab.plane, *windows(lab, plan)))
    lines = [_ticks(ink, plan, cursor), *_cell_rows(ink, plan, levels, cursor)]
    return _with_legend(lines, _cells_legend(ink, plan), ink, size)


def blocks_picture(ink: Ink, lab: Laboratory, size: Size, cursor: Pair | None = None) -> Lines:
    """Full, partial and empty blocks, by their signs and colours."""
    plan = plan_blocks(lab, *size)
    verdicts = _blocks(lab.rule, lab.plane, *windows(lab, plan)).verdicts
    lines = [_ticks(ink, plan, cursor), *_sign_rows(ink, plan, verdicts, cursor)]
    return _with_legend(lines, _signs_legend(ink, plan, lab.lab.block_size), ink, size)


@lru_cache(maxsize=32)
def _blocks(rule: Rule, plane: Plane, rows: Window, columns: Window) -> Blocks:
    return block_map(rule, plane, edges(rows), edges(columns))


def edges(window: Window) -> NDArray[np.int64]:
    """Where its cells begin, and where the last of them ends."""
    first, count, side, length = window
    return np.minimum(np.arange(first, first + count + 1, dtype=np.int64) * side, length)


def windows(lab: Laboratory, plan: Plan) -> tuple[Window, Window]:
    """The rows and the columns that a plan shows."""
    lengths = lab.plane.query_length, lab.plane.key_length
    rows, columns = (
        (first, count, plan.zoom.block, length)
        for first, count, length in zip(plan.first, plan.shown, lengths, strict=True)
    )
    return rows, columns


def levels_of(blocks: Blocks) -> Levels:
    """Masked where nothing is allowed, the highest level where everything is, else by the share that is."""
    partial = np.clip(np.rint(blocks.shares * (LEVELS - 1)), 1, LEVELS - 2).astype(np.int8)
    full = np.where(blocks.verdicts == Verdict.FULL, np.int8(LEVELS - 1), partial)
    levels: Levels = np.where(blocks.verdicts == Verdict.EMPTY, np.int8(MASKED), full)
    return levels


def _place(plan: Plan, cursor: Pair | None) -> Pair:
    """The row and column of the cursor's cell among those shown; (−1, −1) without one."""
    if cursor is None:
        return -1, -1
    row, column = (place // plan.zoom.block - first for place, first in zip(cursor, plan.first, strict=True))
    return row, column


def _ticks(ink: Ink, plan: Plan, cursor: Pair | None) -> Line:
    return tick_labels(ink, plan, cursor[1], str(cursor[1])) if cursor else tick_labels(ink, plan, 0, "")


def _label(ink: Ink, plan: Plan, row: int, query: int | None) -> Segment:
    """The number before a row; of the cursor's, its query."""
    position = (plan.first[0] + row) * plan.zoom.block if query is None else query
    return numbered(ink, plan, plan.first[0] + row, position, ink.dim if query is None else ink.mark)


def _cell_rows(ink: Ink, plan: Plan, levels: Levels, cursor: Pair | None) -> Lines:
    at_row, at_column = _place(plan, cursor)
    step = 2 if plan.zoom.halves else 1
    lines: Lines = []
    for row in range(0, len(levels), step):
        here = row <= at_row < row + step
        column = at_column if here else -1
        line = [_label(ink, plan, at_row if here else row, cursor[0] if cursor and here else None)]
        if plan.zoom.halves:
            pair = levels[row], levels[row + 1] if row + 1 < len(levels) else None
            lines.append(line + half_cells(ink, False, pair, column, at_row - row))
        else:
            lines.append(line + whole_cells(ink, False, levels[row], column))
    return lines


def _sign_rows(ink: Ink, plan: Plan, verdicts: NDArray[np.int8], cursor: Pair | None) -> Lines:
    at = _place(plan, cursor)
    blank = Segment(" " * plan.label_width, ink.dim)
    lines: Lines = []
    for row, verdict_row in enumerate(verdicts.tolist()):
        line = [_sign(ink, Verdict(verdict), plan.zoom.width) for verdict in verdict_row]
        before, here, after = line[: at[1]], line[at[1] : at[1] + 1], line[at[1] + 1 :]
        marked = [*before, *_marked(ink, here[0]), *after] if row == at[0] and here else line
        signs = _joined(marked)
        lines.append([_label(ink, plan, row, cursor[0] if cursor and row == at[0] else None), *signs])
        lines += [[blank, *signs]] * (plan.zoom.width // 2 - 1)
    return lines


def _sign(ink: Ink, verdict: Verdict, width: int) -> Segment:
    return Segment(SIGNS[verdict] * width, sign_style(ink, verdict))


def _marked(ink: Ink, sign: Segment) -> Line:
    """A sign between the cursor's brackets."""
    return [Segment("[", ink.mark), Segment(sign.text[2:], sign.style), Segment("]", ink.mark)]


def sign_style(ink: Ink, verdict: Verdict) -> Style:
    """The colour of a block: full, partial or empty."""
    return {Verdict.FULL: ink.good, Verdict.PARTIAL: ink.warning, Verdict.EMPTY: ink.dim}[verdict]


def _joined(line: Line) -> Line:
    """Neighbours of one style as one segment."""
    joined: Line = []
    for segment in line:
        if joined and joined[-1].style == segment.style:
            joined[-1] = Segment(joined[-1].text + segment.text, segment.style)
        else:
            joined.append(segment)
    return joined


def _with_legend(lines: Lines, legend: Line, ink: Ink, size: tuple[int, int]) -> Lines:
    width, height = size
    if height < LEAST_WITH_BAR:
        return page(lines, width, height, ink.text)
    lines = page(lines, width, min(len(lines), height - 1), ink.text)
    gap: Lines = [[]] if height - len(lines) > 2 else []
    return page([*lines, *gap, legend], width, height, ink.text)


def _cells_legend(ink: Ink, plan: Plan) -> Line:
    """What the colours mean, and how many positions a cell has."""
    parts = [(cell(ink, LEVELS - 1, signed=False), "may look"), (cell(ink, MASKED, signed=False), "may not")]
    side = plan.zoom.block
    if side > 1:
        parts = [(cell(ink, level, signed=False), name) for level, name in ((LEVELS - 1, "all"), (LEVELS // 2, "part"))]
        parts.append((cell(ink, MASKED, signed=False), "none"))
    line: Line = []
    for (text, style), meaning in parts:
        line += [Segment(text, style), Segment(f" {meaning}  ", ink.dim)]
    return [*line, Segment(f"of {side:,}²" if side > 1 else "", ink.dim)]


def _signs_legend(ink: Ink, plan: Plan, size: int) -> Line:
    line: Line = []
    for verdict in (Verdict.FULL, Verdict.PARTIAL, Verdict.EMPTY):
        line += [_sign(ink, verdict, 2), Segment(f" {verdict.name.lower()}  ", ink.dim)]
    times = plan.zoom.block // size
    return [*line, Segment(f"of {times:,}²" if times > 1 else "", ink.dim)]
