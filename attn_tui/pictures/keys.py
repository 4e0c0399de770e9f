"""The top keys of a query, who looks at a key, and the tokens as running text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

from ..scene import Scene
from ..stages import Matrix
from .cells import Line, Lines, figure, fit, squeezed
from .changes import changed_cells
from .ink import MASKED, Ink
from .levels import shades

LABEL_WIDTH = 12
LEAST_WITH_PLACES = 28
EIGHTHS = "▏▎▍▌▋▊▉█"


@np.errstate(invalid="ignore", over="ignore")
def top_keys(scene: Scene, width: int, height: int) -> Lines:
    """The keys that the cursor's query reads most: token, weight, bar, running sum; then who looks at the key."""
    if scene.compared:
        return changed_cells(scene, *scene.compared, width, height)
    if scene.is_far:
        return _far_keys(scene, width, height)
    query, key = scene.cursor
    weights, rows, columns = scene.weights, list(scene.marked_rows), list(scene.marked_columns)
    listed = max((height - 2) * 3 // 5, 1)
    lines = _ranking(scene, _row(weights, rows, query), scene.key_labels, width, listed, running=True, here=key)
    if height - len(lines) < 4:
        return lines
    given = weights[:, columns].sum(axis=1) if columns else weights[:, key]
    received = float(given.sum())
    title = f"looking at {_several(scene.key_labels, columns, 'key', key)}"
    total = f"receives {figure(received)}" if width >= 34 else f"Σ {figure(received)}"
    gap = max(width - len(total) - 1, 1)
    lines += [[], [Segment(fit(title, gap) + " ", scene.ink.strong), Segment(total, scene.ink.dim)]]
    return lines + _ranking(scene, given, scene.query_labels, width, height - len(lines), running=False, here=query)


def _far_keys(scene: Scene, width: int, height: int) -> Lines:
    """The keys that the cursor's query reads most, where there is a row and no matrix."""
    from ..far import as_far

    found = as_far(scene).reading
    if found is None:
        return [[Segment("…", scene.ink.dim)]]
    keys = found.heaviest[:height]
    if not keys:
        return [[Segment(fit(_left_out(found.row.weights), width), scene.ink.warning)]]
    labels = [scene.key_labels[key] for key in keys]
    here = keys.index(scene.cursor[1]) if scene.cursor[1] in keys else -1
    return _ranking(scene, found.row.weights[keys], labels, width, height, running=True, here=here, places=keys)


@np.errstate(invalid="ignore", over="ignore")
def _row(weights: Matrix, marked: list[int], query: int) -> Matrix:
    """The weights of the query stood on, or the mean over those that are marked."""
    mean: Matrix = weights[marked].mean(axis=0) if marked else weights[query]
    return mean


def _left_out(numbers: Matrix) -> str:
    """What a ranking by size has no place for, in words."""
    counts = {"NaN or ∞": int(np.count_nonzero(~np.isfinite(numbers))), "below 0": int(np.count_nonzero(numbers < 0))}
    return ", ".join(f"{count} {name}" for name, count in counts.items() if count)


def _ranking(
    scene: Scene,
    given: Matrix,
    labels: Sequence[str],
    width: int,
    count: int,
    *,
    running: bool,
    here: int,
    places: Sequence[int] | None = None,
) -> Lines:
    """The greatest of some numbers with their labels; their places, where they are not all, are to be given."""
    ink, left_out, places = scene.ink, _left_out(given), range(len(given)) if places is None else places
    numbers = np.where(np.isfinite(given), given, -1)
    order = heaviest(numbers, count)
    most, tiny = max(float(numbers[order[0]]), 1e-30), scene.is_far
    place_width = len(str(max(places))) + 1 if scene.has_tokens and width >= LEAST_WITH_PLACES else 0
    numbers_width = 14 if running else 8
    longest = max((cell_len(labels[index]) for index in order), default=1)
    label_width = min(longest, LABEL_WIDTH, max(width - place_width - numbers_width, 1))
    room = max(width - place_width - label_width - numbers_width, 0)
    lines: Lines = []
    total = 0.0
    for index in order:
        weight = float(numbers[index])
        if weight <= 0:
            break
        total += weight
        style = ink.strong if index == here else ink.text
        line = [
            Segment(f"{places[index]:>{place_width - 1}} " if place_width else "", ink.dim),
            Segment(fit(labels[index], label_width + 1), style),
            Segment(f"{squeezed(weight, 6):>6} " if tiny else f"{_short(weight, 3)} ", style),
            Segment(fit(bar(weight / most, room), room), ink.accent),
        ]
        lines.append([*line, Segment(_short(total, 2), ink.dim)] if running else line)
    if left_out and (count > 1 or not lines):
        return [*lines[: count - 1], [Segment(fit(left_out, width), ink.warning)]]
    return lines or [[Segment("sees nothing" if running else "nobody looks here", ink.warning)]]


def _short(number: float, digits: int) -> str:
    """A number in six characters."""
    return f"{number:6.{digits}f}" if number < 100 else f"{squeezed(number, 6):>6}"


def heaviest(numbers: Matrix, count: int) -> list[int]:
    """The places of the greatest numbers, greatest first; equal ones in order."""
    least = np.partition(numbers, -count)[-count] if count < numbers.size else -np.inf
    there = np.flatnonzero(numbers >= least)
    return [int(index) for index in there[np.argsort(-numbers[there], kind="stable")[:count]]]


def bar(share: float, width: int) -> str:
    """A horizontal bar of a share of a width, to an eighth of a cell."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    full, rest = divmod(eighths, 8)
    return "█" * full + (EIGHTHS[rest - 1] if rest else "")


def _name(labels: Sequence[str], index: int) -> str:
    return f'"{labels[index]}"' if not labels[index].isdigit() else labels[index]


def keys_title(scene: Scene) -> str:
    """The title of the panel."""
    if scene.compared:
        return "Most changed: A, B, A − B"
    return f"Top keys of {_several(scene.query_labels, list(scene.marked_rows), 'query', scene.cursor[0])}"


def _several(labels: Sequence[str], marked: list[int], kind: str, here: int) -> str:
    """The one stood on, or those that are marked."""
    if len(marked) < 2:
        return _name(labels, marked[0] if marked else here)
    return f"{len(marked)} marked {'keys' if kind == 'key' else 'queries'}"


def running_text(scene: Scene, width: int, height: int) -> Lines:
    """The keys as running text, each shaded by the weight that the cursor's query puts on it."""
    ink = scene.ink
    query, key = scene.cursor
    tones = shades(scene.weights[query : query + 1], scene.allowed[query : query + 1],
                   "row", signed=False, highest=1.0)  # fmt: skip
    levels = tones.levels[0].tolist()
    lines: Lines = [[]]
    used, cursor_line = 0, 0
    for index, label in enumerate(scene.key_labels):
        text = label if scene.has_tokens else label.rjust(3)
        size = min(cell_len(text) + 1, width)
        if used + size > width and used:
            lines.append([])
            used = 0
        lines[-1] += _word(ink, fit(text, size - 1), levels[index], marked=index == key)
        cursor_line = len(lines) - 1 if index == key else cursor_line
        used += size
    first = min(max(cursor_line - height // 2, 0), max(len(lines) - height, 0))
    return lines[first : first + height]


def text_title(scene: Scene) -> str:
    """The title of the running text."""
    return f"What {_name(scene.query_labels, scene.cursor[0])} reads"


def _word(ink: Ink, text: str, level: int, *, marked: bool) -> Line:
    if ink.shaded:
        style = ink.hatch if level == MASKED else ink.cell(level, signed=False)
    else:
        strong = level >= 16
        style = ink.hatch if level == MASKED else Style(bold=strong, reverse=strong, dim=0 <= level < 4) + ink.text
        text = text if level != MASKED else "╱" * cell_len(text)
    if marked:
        style += Style(underline=True, bold=True)
    return [Segment(text, style), Segment(" ", ink.text)]
