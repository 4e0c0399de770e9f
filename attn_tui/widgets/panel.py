"""A panel: shows a picture of the scene, and repaints only the rows that changed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region, Size
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from ..pictures.cells import Line, Lines, pad
from ..pictures.frame import Frame
from ..scene import Scene

Picture = Callable[[Scene, int, int], Lines]
Title = Callable[[Scene], str]


class Panel(Widget):
    """Draws `picture` in a frame with a title, or without a frame where `title` is None.

    A panel that is `unhurried` may be drawn after the others are on the screen.
    """

    LEAST_FRAMED = (24, 8)
    """Columns and rows from which there is room for a frame."""

    class Clicked(Message):
        """A press of the mouse at a column and row of the picture; `wheel` is −1, 0 or 1."""

        def __init__(self, panel: Panel, x: int, y: int, wheel: int = 0) -> None:
            super().__init__()
            self.panel, self.x, self.y, self.wheel = panel, x, y, wheel

    def __init__(
        self,
        picture: Picture,
        title: Title | None = None,
        *,
        id: str,  # noqa: A002
        unhurried: bool = False,
    ) -> None:
        super().__init__(id=id)
        self._unhurried = unhurried
        self._picture = picture
        self._title = title
        self._scene: Scene | None = None
        self._strips: list[Strip] = []
        self._drawn_from: tuple[Any, Sequence[Line | str]] = None, []
        self._drawn_for: tuple[Scene | None, Size] | None = None

    @property
    def room(self) -> tuple[int, int]:
        """Columns and rows of the picture inside the frame."""
        return self._room_in(self.size)

    def _room_in(self, size: Size) -> tuple[int, int]:
        width, height = size
        return (width - 4, height - 2) if self._is_framed(size) else (width, height)

    def _is_framed(self, size: Size) -> bool:
        width, height = size
        return self._title is not None and width >= self.LEAST_FRAMED[0] and height >= self.LEAST_FRAMED[1]

    @property
    def can_wait(self) -> bool:
        """Whether it shows something already, and may show the next scene a little later than others do."""
        return self._unhurried and bool(self._strips) and self.is_on_screen

    def show(self, scene: Scene) -> None:
        """Draw the scene, now if the panel is on the screen, else once it is."""
        self._scene = scene
        if self.is_on_screen and (size := self.size):  # asked for once: Textual finds it anew each time
            self._replace(self._drawn(size), size)
        elif self._drawn_for:
            self._drawn_for = None
            self.refresh()  # or rows that Textual remembers would come back

    def leave(self) -> None:
        """Let go of the scene: the panel is on a page that is not on show."""
        self._scene = self._drawn_for = None
        self._strips, self._drawn_from = [], (None, [])
        self.refresh()  # or rows that Textual remembers would come back

    @property
    def page(self) -> str:
        """The id of the page that the panel is on; nothing, where it is on all."""
        return next((each.id for each in self.ancestors if each.id and each.has_class("page")), "")

    def on_resize(self) -> None:
        """Draw at the new size."""
        size = self.size
        if self._drawn_for != (self._scene, size):
            self._replace(self._drawn(size), size)

    on_show = on_resize

    def _drawn(self, size: Size) -> list[Strip]:
        """The picture of the scene at a size; rows that are as they were are the same strips."""
        scene, (width, height) = self._scene, size
        self._drawn_for = scene, size
        if scene is None or not (width and height):
            return []
        framed, focused = self._is_framed(size), scene.focused == self.id
        rows: list[Line | str] = [*self._lines(scene, size)]
        if framed and self._title:
            rows = [self._title(scene), *rows, ""]
        look = scene.ink, width, height, framed, focused
        old = self._drawn_from[1] if self._drawn_from[0] == look else []
        kept = len(self._strips) if old else 0
        around = Frame(width, height, scene.ink, focused) if framed else None
        self._drawn_from = look, rows

        def strip(y: int, row: Line | str) -> Strip:
            if y < kept and old[y] == row:
                return self._strips[y]
            return Strip(_cells(row, around, y, width, scene.ink.text), width)

        return [strip(y, row) for y, row in enumerate(rows)]

    def _lines(self, scene: Scene, size: Size) -> Lines:
        """The picture's lines, exactly as many as there is room for."""
        width, height = self._room_in(size)
        lines = self._picture(scene, width, height)[: max(height, 0)]
        return [*lines, *([] for _ in range(height - len(lines)))]

    def _replace(self, strips: list[Strip], size: Size) -> None:
        """Take the new strips and mark the rows that differ, neighbouring ones as one region."""
        old, self._strips = self._strips, strips
        changed = [y for y in range(len(strips)) if y >= len(old) or old[y] != strips[y]]
        regions: list[Region] = []
        for y in changed:
            if regions and regions[-1].bottom == y:
                regions[-1] = regions[-1].grow((0, 0, 1, 0))
            else:
                regions.append(Region(0, y, size.width, 1))
        if regions:
            self.refresh(*regions)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Rows of the picture, which has all its colours: nothing is added beneath it or around it.

        The first asked for at a new size draw it, so that nothing blank is shown before.
        """
        size = self.size
        if self._drawn_for != (self._scene, size):
            self._strips = self._drawn(size)
        width, strips = size.width, self._strips[crop.y : crop.bottom]
        if len(strips) < crop.height:
            style = self._scene.ink.text if self._scene else None
            strips += [Strip([Segment(" " * width, style)], width)] * (crop.height - len(strips))
        if crop.column_span == (0, width):
            return strips
        return [strip.crop(*crop.column_span) for strip in strips]

    def on_click(self, event: events.Click) -> None:
        """Tell the app where in the picture the mouse was pressed."""
        self._tell(event, 0)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """The wheel, towards the end."""
        self._tell(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """The wheel, towards the beginning."""
        self._tell(event, -1)

    def _tell(self, event: events.MouseEvent, wheel: int) -> None:
        event.stop()
        left, top = (2, 1) if self._is_framed(self.size) else (0, 0)
        self.post_message(self.Clicked(self, int(event.x) - left, int(event.y) - top, wheel))


def _cells(row: Line | str, around: Frame | None, y: int, width: int, style: Style) -> Line:
    """A row of a panel: a line of its picture, or the title or nothing of the border above and below it."""
    if isinstance(row, str):
        return (around.bottom() if y else around.top(row)) if around else []
    return around.row(row) if around else pad(row, width, style)
