"""Lines of cells: what every picture is made of, and the gate through which text from outside goes."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len, chop_cells, set_cell_size
from rich.segment import Segment
from rich.style import Style

Line = list[Segment]
Lines = list[Line]

MAX_MARKS = 2
"""How many combining marks one character keeps."""

STAND_IN = "\N{REPLACEMENT CHARACTER}"

INVISIBLE = frozenset(
    map(
        chr,
        (
            *(0x034F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, 0x1D159),
            *(*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)),
        ),
    )
)
"""Letters, marks and signs that leave nothing to see: fillers, joiners, blanks, variation selectors."""


LONGEST = 400
"""Characters of a name that are shown: nobody reads more of it, and it may be a megabyte."""

RUN = 16
"""Combining marks in a run that are looked at: to sort n of them, as Unicode wants, takes n² steps."""


def printable(text: str) -> str:
    """The text with everything that a terminal could obey, or that has no width, replaced by visible stand-ins."""
    if text.isascii() and text.isprintable():
        return text
    return _printable(text) if len(text) <= LONGEST else _printable.__wrapped__(text)


def brief(text: str) -> str:
    """The beginning of a name, made harmless, with … where it is cut."""
    return printable(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


@lru_cache(maxsize=8192)
def _printable(text: str) -> str:
    shown: list[str] = []
    marks = 0
    for character in unicodedata.normalize("NFC", _thinned(text)):
        marks = marks + 1 if _is_mark(character) else 0
        if not marks or not shown:
            shown.append(character if _stands_alone(character) else _stand_in(character))
        elif marks <= MAX_MARKS:
            shown.append(character)
    return "".join(shown)


def _thinned(text: str) -> str:
    """The text without the marks that come after RUN others."""
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.combining(character) else 0
        if marks <= RUN:
            kept.append(character)
    return "".join(kept)


def _is_mark(character: str) -> bool:
    """Whether it is drawn onto the character before it."""
    return unicodedata.category(character)[0] == "M" and character not in INVISIBLE


def _stands_alone(character: str) -> bool:
    """Whether it shows something, in cells of its own."""
    harmless = unicodedata.category(character)[0] not in "CZ" or character == " "
    return harmless and character not in INVISIBLE and cell_len(character) > 0


def _stand_in(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "\N{SYMBOL FOR DELETE}"
    return " " if unicodedata.category(character) == "Zs" else STAND_IN


def cut(text: str, width: int) -> str:
    """The text in at most `width` cells, with … where something is missing."""
    if cell_len(text) <= width:
        return text
    return set_cell_size(text, width - 1).rstrip() + "…" if width > 0 else ""


def fit(text: str, width: int, *, right: bool = False) -> str:
    """The text in exactly `width` cells, cut or padded on the right (or, with `right`, on the left)."""
    shown = cut(text, width)
    space = " " * (width - cell_len(shown))
    return space + shown if right else shown + space


def wrap(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` cells, broken between words where that is possible."""
    first, *others = text.lstrip(" ").split(" ")
    indented = first.rjust(len(first) + len(text) - len(text.lstrip(" ")))
    lines: list[str] = []
    line = ""
    for word in (indented if cell_len(indented) <= width else first, *others):
        longer = f"{line} {word}" if line else word
        if cell_len(longer) <= width:
            line = longer
            continue
        if line:
            lines.append(line)
        *full, line = chop_cells(word, max(width, 1)) or [""]
        lines += full
    return [*lines, line]


def chopped(text: str, width: int) -> list[str]:
    """The text in pieces of at most `width` cells, every character kept."""
    return chop_cells(text, max(width, 1)) or [""]


def width_of(line: Line) -> int:
    """The cells of a line."""
    return sum(cell_len(segment.text) for segment in line)


def pad(line: Line, width: int, style: Style) -> Line:
    """The line in exactly `width` cells."""
    kept: Line = []
    room = width
    for text, own, _ in line:
        if room <= 0:
            break
        size = cell_len(text)
        kept.append(Segment(text if size <= room else set_cell_size(text, room), own))
        room -= size
    if room > 0:
        kept.append(Segment(" " * room, style))
    return kept


def page(lines: Iterable[Line], width: int, height: int, style: Style) -> Lines:
    """The lines as a page of exactly `width` × `height` cells."""
    padded = [pad(line, width, style) for line, _ in zip(lines, range(height), strict=False)]
    return padded + [[Segment(" " * width, style)] for _ in range(height - len(padded))]


def beside(left: Lines, right: Lines) -> Lines:
    """Two pages of equal height side by side."""
    return [a + b for a, b in zip(left, right, strict=True)]


def harmless(text: str) -> str:
    """The text of a segment as it is, unless it has not been through the gate: the last look before it leaves."""
    return text if text.isprintable() else printable(text)


def gated(lines: Lines) -> Lines:
    """The page as it may leave."""
    return [[Segment(harmless(text), style) for text, style, _ in line] for line in lines]


def plain(lines: Lines) -> str:
    """The characters of a page, without its colours."""
    return "\n".join("".join(segment.text for segment in line).rstrip() for line in lines)


def figure(number: float, digits: int = 3) -> str:
    """A number as people read it: three decimals below ten, fewer above, powers where it is huge or tiny."""
    if math.isnan(number):
        return "NaN"
    size = abs(number)
    if math.isinf(number):
        return "∞" if number > 0 else "−∞"
    if size >= 100_000 or 0 < size < 0.5 * 10**-digits:
        return _power(number, 1)
    decimals = digits if size < 10 else 1 if size < 1000 else 0
    return f"{number + 0.0:.{decimals}f}"


def _power(number: float, digits: int) -> str:
    return f"{number:.{digits}e}".replace("e+0", "e").replace("e-0", "e-").replace("e+", "e")


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th …"""
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def squeezed(number: float, room: int) -> str:
    """A number in at most `room` characters, five or more, with as many of its digits as fit."""
    texts = [figure(number, digits) for digits in (3, 2, 1)]
    if 10 <= abs(number) < 100_000:
        texts.append(f"{number:.0f}")
    if math.isfinite(number):
        texts += [_power(number, 0), f"{number:.2f}"]
    return next((text for text in texts if len(text) <= room), "…")
