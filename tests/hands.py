"""An explorer without a terminal, with hands that press its keys and eyes that read its screen."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from rich.cells import cell_len
from rich.segment import Segment
from textual import events
from textual._styles_cache import StylesCache
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot
from textual.widgets import Input

from attn_tui import charts, terminal
from attn_tui.app import Explorer
from attn_tui.options import read_options
from attn_tui.pictures.cells import plain
from attn_tui.pictures.ink import Tier
from attn_tui.view import UNSETTLED, Session, Settings
from attn_tui.widgets.panel import Panel

WIDE = (120, 40)
SMALL = (80, 24)
TYPED = "type "
"""What a text to type begins with, among keys to press."""


def session_of(options: str) -> Session:
    """The session that options make."""
    return read_options(shlex.split(options))


class Hands:
    """Presses keys and the mouse, and reads the screen once everything has come to rest."""

    def __init__(self, app: Explorer, pilot: Pilot[str]) -> None:
        self.app = app
        self.pilot = pilot

    async def press(self, *keys: str) -> None:
        """Press keys by their names or characters; `type some text` types it."""
        for key in keys:
            await self.burst(*(key.removeprefix(TYPED) if key.startswith(TYPED) else [key]))

    async def burst(self, *keys: str) -> None:
        """Press keys faster than they can be acted on."""
        self.send(*keys)
        await self.settle()

    def send(self, *keys: str) -> None:
        """Press keys, and wait for nothing."""
        for key in keys:
            name = _character_to_key(key) if len(key) == 1 else key
            self.app.post_message(events.Key(name, key if len(key) == 1 else key_to_character(name)))

    async def settle(self) -> None:
        """Let every message go its way and every question be answered, until nothing is drawn any more.

        Answers that become finer for more than a second are not waited for.
        """
        before: list[object] = []
        waits = rests = 0
        while waits < 1000 and rests < 100:
            for _ in range(2):
                await self.pilot.pause(0)
            if not self.app.is_running or self.app._exit or self.app._exception:
                return
            desk = self.app.desk
            working = any(not worker.is_finished for worker in self.app.workers)
            if self.app.coming or desk.busy or working or (desk.refining and waits < 100):
                waits += 1
                await self.pilot.pause(0.01)
                continue
            drawn: list[object] = [(panel.region, panel._strips) for panel in self.app.query(Panel)]
            if drawn == before or desk.refining:
                return
            before = drawn
            rests += 1
        raise AssertionError("the explorer does not come to rest")

    async def resize(self, width: int, height: int) -> None:
        """Give the window another size."""
        await self.pilot.resize_terminal(width, height)
        await self.settle()

    async def click(self, text: str, *, panel: str = "") -> None:
        """Press the mouse on the first place of the screen, or of a panel, where a text stands."""
        region = self.app.panel(panel).region if panel else self.app.screen.region
        cells = self.cells
        for y in range(region.y, region.bottom):
            line = "".join(segment.text for segment in cells[y])
            at = line.find(text, region.x)
            if region.x <= at < region.right:
                await self.pilot.click(offset=(cell_len(line[:at]), y))
                return await self.settle()
        raise AssertionError(f"{text!r} is not on the screen:\n{self.screen}")

    async def click_at(self, x: int, y: int) -> None:
        """Press the mouse at a column and row of the screen."""
        await self.pilot.click(offset=(x, y))
        await self.settle()

    async def wheel(self, panel: str, *, down: bool) -> None:
        """Turn the wheel over a panel by one."""
        kind = events.MouseScrollDown if down else events.MouseScrollUp
        widget = self.app.panel(panel)
        x, y = widget.region.x + 3, widget.region.y + 3
        self.app.screen._forward_event(kind(widget, x, y, 0, 1 if down else -1, 0, False, False, False, x, y))
        await self.settle()

    @property
    def session(self) -> Session:
        """What the explorer shows."""
        return self.app.session

    @property
    def cells(self) -> list[list[Segment]]:
        """The cells of the screen, row by row."""
        return terminal.screen_lines(self.app)

    @property
    def screen(self) -> str:
        """The characters of the screen."""
        return plain(self.cells)

    @property
    def rows(self) -> list[str]:
        """The rows of the screen."""
        return self.screen.split("\n")

    @property
    def truth(self) -> str:
        """The line of truth, where messages stand too."""
        return self.rows[self.app.panel("truth").region.y]

    @property
    def typed(self) -> str:
        """What stands in the prompt."""
        return self.app.query_one(Input).value

    def shows(self, panel: str) -> bool:
        """Whether a panel is on the screen."""
        return self.app.panel(panel).is_on_screen and bool(self.app.panel(panel).region.area)


@asynccontextmanager
async def explorer(
    options: str = "",
    *,
    size: tuple[int, int] = SMALL,
    tier: Tier = Tier.TRUECOLOR,
    settings: Settings = UNSETTLED,
) -> AsyncIterator[Hands]:
    """An explorer opened with options in a window of a size, by a person who has settled something."""
    charts.load()
    app = Explorer(replace(session_of(options), settings=settings), tier=tier)
    async with app.run_test(size=size) as pilot:
        hands = Hands(app, pilot)
        await hands.settle()
        yield hands
    StylesCache.get_inner_outer.cache_clear()  # or Textual keeps the cells of all explorers that ever were
