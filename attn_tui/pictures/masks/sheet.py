"""What there is to say of a mask, a sheet at a time; the names of the sheets stand in the frame."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment

from ...desk import Trouble
from ...lab.laboratory import Laboratory
from ...remembering import remembered
from ...scene import Scene
from ...view import SHEETS
from ..cells import Lines, page, wrap
from .checks import checks
from .code import code
from .conventions import conventions
from .costs import costs
from .gallery import gallery
from .reach import reach

Sheet = Callable[[Scene, Laboratory, int, int], Lines]

WRITERS: dict[str, Sheet] = {
    "costs": costs,
    "checks": checks,
    "conventions": conventions,
    "reach": reach,
    "code": code,
}


def sheet(scene: Scene, width: int, height: int) -> Lines:
    """The sheet on show, from the line that it is scrolled to."""
    if scene.session.lab.sheet == "catalogue":
        return gallery(scene, width, height)
    lines = _written(scene, width, height)
    first = min(scene.sheet_from, max(len(lines) - height, 0))
    below = len(lines) - first - height
    shown = page(lines[first:], width, height, scene.ink.text)
    if below > 0:
        to_panel, down = scene.keycaps["panel-on"], scene.keycaps["down"]
        more = f"… {below + 1} more lines: {to_panel} to this panel, {down}"
        shown[-1] = [Segment(more.ljust(width), scene.ink.dim)]
    return shown


@remembered
def _written(scene: Scene, width: int, height: int) -> Lines:
    """All lines of the sheet, or why there are none."""
    if scene.laboratory is None:
        return []
    try:
        return WRITERS[scene.session.lab.sheet](scene, scene.laboratory, width, height)
    except Trouble as trouble:
        return [[Segment(text, scene.ink.warning)] for text in wrap(str(trouble), width)]


def sheet_length(scene: Scene, width: int, height: int) -> int:
    """How many lines the sheet has in all."""
    return len(_written(scene, width, height))


def sheet_title(scene: Scene) -> str:
    """The names of the sheets, the one on show set apart."""
    here = scene.session.lab.sheet
    return "v " + " ".join(f"[{name}]" if name == here else name for name in SHEETS)


def sheet_at(scene: Scene, x: int) -> str:
    """The sheet whose name stands at a column of the frame, counted from where the lines begin, or nothing."""
    start = 1 + len("v ")
    for name in SHEETS:
        end = start + len(name) + (2 if name == scene.session.lab.sheet else 0)
        if start <= x < end:
            return name
        start = end + 1
    return ""
