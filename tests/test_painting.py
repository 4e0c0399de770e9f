"""What is written makes the terminal show the frame: a terminal emulator is the judge."""

from __future__ import annotations

import pyte
from hypothesis import given
from hypothesis import strategies as st
from rich.color import ColorSystem
from rich.segment import Segment
from rich.style import Style

from attn_tui.painting import Painter, cells_of

WIDTH, HEIGHT = 12, 4

STYLES = [
    Style.parse(text)
    for text in (
        "#ff0000 on #000010",
        "#00ff00 on #000010",
        "bold #00ff00 on #102030",
        "bold underline #ffffff on #102030",
        "italic on #405060",
        "reverse #ff0000 on #000010",
        "none",
    )
]


@st.composite
def rows(draw: st.DrawFn) -> list[Segment]:
    """A row of exactly WIDTH cells."""
    segments: list[Segment] = []
    room = WIDTH
    while room:
        text = draw(st.sampled_from(["a", "b ", "  ", "│", "ab cd", "漢", "e\u0301"]))
        width = len(cells_of([Segment(text)], ColorSystem.TRUECOLOR))
        if width <= room:
            segments.append(Segment(text, draw(st.sampled_from(STYLES))))
            room -= width
    return segments


FRAMES = st.lists(st.lists(rows(), min_size=HEIGHT, max_size=HEIGHT), min_size=1, max_size=4)


class Screen:
    """A terminal emulator that is written to."""

    def __init__(self) -> None:
        self._screen = pyte.Screen(WIDTH, HEIGHT)
        self._stream = pyte.Stream(self._screen)
        self.feed("\x1b[?7l")  # pyte wraps a combining mark at the end of a row

    def feed(self, text: str) -> None:
        """What the program writes."""
        self._stream.feed(text)

    def seen(self) -> list[list[tuple[object, ...]]]:
        """What is seen of every cell: of a blank one only what is behind it."""
        return [
            [_seen(self._screen.buffer[y][x]) for x in range(WIDTH) if self._screen.buffer[y][x].data]
            for y in range(HEIGHT)
        ]


def _seen(cell: pyte.screens.Char) -> tuple[object, ...]:
    effects = cell.underscore, cell.reverse
    if cell.data == " " and not any(effects):
        return " ", cell.bg
    return cell.data, cell.fg, cell.bg, cell.bold, cell.italics, *effects


def plainly(frame: list[list[Segment]]) -> list[list[tuple[object, ...]]]:
    """What is seen of a frame that is written as a whole, each segment by itself."""
    screen = Screen()
    for y, row in enumerate(frame, 1):
        screen.feed(f"\x1b[{y};1H" + "".join(style.render(text) if style else text for text, style, _ in row))
    return screen.seen()


@given(FRAMES)
def test_each_frame_stands_on_the_terminal_whatever_stood_there_before(frames: list[list[list[Segment]]]) -> None:
    painter, screen = Painter(), Screen()
    for frame in frames:
        screen.feed(painter.paint(((y, 0, row) for y, row in enumerate(frame)), WIDTH, HEIGHT))
        assert screen.seen() == plainly(frame)
