"""What goes to the terminal: of each frame, only the cells that differ from what stands there, in the fewest bytes.

Control sequences are those of ECMA-48: CUP and CUF move, SGR colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import NamedTuple

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from .pictures.cells import harmless

SHORT_GAP = 4
"""Cells in between that are written again rather than jumped over: a jump takes as many bytes."""

RESET = "\x1b[0m"

EFFECTS = {
    "bold": "1",
    "dim": "2",
    "italic": "3",
    "underline": "4",
    "blink": "5",
    "reverse": "7",
    "conceal": "8",
    "strike": "9",
    "underline2": "21",
    "overline": "53",
}
ON_SPACES = frozenset(EFFECTS[name] for name in ("underline", "reverse", "strike", "underline2", "overline"))
"""Effects that show where there is no character."""


class Pen(NamedTuple):
    """How cells are drawn: codes of SGR for effects, the colour of the character and the one behind it."""

    effects: tuple[str, ...] = ()
    front: str = ""
    back: str = ""


class Cell(NamedTuple):
    """What stands in a cell. Of a text that is not a cell to each character, the first holds all, the others nothing.

    A `blank` cell shows only what is behind it, whatever its pen would do to a character.
    """

    text: str
    pen: Pen
    blank: bool = False


PLAIN = Pen()
UNKNOWN = Cell("\0", PLAIN)
"""What stands where nothing was drawn yet."""

Fragment = tuple[int, int, Iterable[Segment]]
"""Row, column, and the segments from there on."""


class Painter:
    """Knows what stands on the terminal, and writes what has to change."""

    def __init__(self, colours: ColorSystem = ColorSystem.TRUECOLOR) -> None:
        self._colours = colours
        self._rows: list[list[Cell]] = []
        self._size = (0, 0)

    def forget(self) -> None:
        """Nothing is known of what stands on the terminal."""
        self._size = (0, 0)

    def paint(self, fragments: Iterable[Fragment], width: int, height: int) -> str:
        """What to write so that the fragments stand on a terminal of width × height cells; nothing, where they do.

        The pen is plain afterwards, and the cursor anywhere. Fragments beyond the size are left out.
        """
        if self._size != (width, height):
            self._size = (width, height)
            self._rows = [[UNKNOWN] * width for _ in range(height)]
        hand = _Hand()
        for y, x, segments in fragments:
            if 0 <= y < height:
                self._paint_row(hand, y, x, cells_of(segments, self._colours)[: max(width - x, 0)])
        return hand.written()

    def _paint_row(self, hand: _Hand, y: int, x: int, cells: list[Cell]) -> None:
        row = self._rows[y]
        old = row[x : x + len(cells)]
        if old == cells:
            return
        for start, end in _runs([at for at, (new, was) in enumerate(zip(cells, old, strict=True)) if new != was]):
            hand.put(y, x + start, cells[start:end])
        row[x : x + len(cells)] = cells


def _runs(changed: list[int]) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) of what is written together."""
    start = end = changed[0]
    for at in changed[1:]:
        if at - end > SHORT_GAP:
            yield start, end + 1
            start = at
        end = at
    yield start, end + 1


class _Hand:
    """Writes cells one after the other, and remembers where the cursor is and which pen is in use."""

    def __init__(self) -> None:
        self._written: list[str] = []
        self._pen = PLAIN
        self._y = self._x = -1

    def put(self, y: int, x: int, cells: list[Cell]) -> None:
        """Write cells side by side, from a place on."""
        write, held = self._written.append, self._pen
        there = (y, x) == (self._y, self._x)
        for at, (text, own, blank) in enumerate(cells, x):
            if not text:  # terminals differ in how wide they draw what is not a cell to each character
                self._y, there = -1, False
                continue
            if not there:
                ahead = at - self._x
                write(f"\x1b[{ahead}C" if y == self._y and ahead > 0 else f"\x1b[{y + 1};{at + 1}H")
            pen = own
            if blank and not _shows_on_spaces(held):  # no more is seen of it than the colour behind
                pen = held if own.back == held.back else Pen(held.effects, held.front, own.back)
            if pen is not held and pen != held:
                write(_change(held, pen))
            held, there = pen, len(text) == 1
            write(text)
            self._y, self._x = (y, at + 1) if there else (-1, -1)
        self._pen = held

    def written(self) -> str:
        """Everything, with a plain pen at the end."""
        if self._pen != PLAIN:
            self._written.append(RESET)
        return "".join(self._written)


@lru_cache(maxsize=4096)
def _shows_on_spaces(pen: Pen) -> bool:
    return not ON_SPACES.isdisjoint(pen.effects)


def _change(old: Pen, new: Pen) -> str:
    """From one pen to another."""
    if old.effects == new.effects:  # by far the most: not worth a cache
        front, back = (new.front or "39"), (new.back or "49")
        if new.front == old.front:
            return f"\x1b[{back}m"
        return f"\x1b[{front}m" if new.back == old.back else f"\x1b[{front};{back}m"
    return _changed_effects(old, new)


@lru_cache(maxsize=8192)
def _changed_effects(old: Pen, new: Pen) -> str:
    codes: list[str] = []
    if set(old.effects) - set(new.effects):
        codes, old = ["0"], PLAIN
    codes += [code for code in new.effects if code not in old.effects]
    if new.front != old.front:
        codes.append(new.front or "39")
    if new.back != old.back:
        codes.append(new.back or "49")
    return f"\x1b[{';'.join(codes)}m"


def cells_of(segments: Iterable[Segment], colours: ColorSystem) -> list[Cell]:
    """The cells of segments."""
    cells: list[Cell] = []
    for text, style, _ in segments:
        cells += _cells(text, style or Style.null(), colours)
    return cells


@lru_cache(maxsize=8192)
def _cells(text: str, style: Style, colours: ColorSystem) -> tuple[Cell, ...]:
    text = harmless(text)
    pen, width = _pen(style, colours), cell_len(text)
    if width == len(text):
        space = Cell(" ", Pen(back=pen.back), blank=True) if ON_SPACES.isdisjoint(pen.effects) else Cell(" ", pen)
        return tuple(space if character == " " else Cell(character, pen) for character in text)
    return (Cell(text, pen), *[Cell("", pen)] * (width - 1)) if width else ()


@lru_cache(maxsize=4096)
def _pen(style: Style, colours: ColorSystem) -> Pen:
    effects = tuple(code for name, code in EFFECTS.items() if getattr(style, name))
    front, back = (
        ";".join(colour.downgrade(colours).get_ansi_codes(foreground=foreground)) if colour else ""
        for colour, foreground in ((style.color, True), (style.bgcolor, False))
    )
    return Pen(effects, front, back)
