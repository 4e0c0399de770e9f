"""The terminal and Textual's private parts: what is written and when, signals, and how the program ends."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterator
from functools import partial
from time import monotonic
from typing import Any, ClassVar, TypeVar

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from textual import constants, events, messages
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import UPDATE_PERIOD, Screen

from . import faults
from .driver import TerminalDriver
from .painting import Fragment, Painter
from .pictures.ink import Tier

Result = TypeVar("Result")
QUESTION = "\x1b[?2026$p"
"""DECRQM, which terminals that know synchronized output answer: when they do, they have drawn what came before."""

PATIENCE = 1.0
"""Seconds that the next frame waits for an answer."""

FAREWELL = 0.3
"""Seconds that leaving waits for one, which would else be typed into the shell."""

HURRY = 1.5
"""Seconds after which a signal ends the process, whatever it is waiting for."""


def calm_collector() -> None:
    """Let Python look for garbage seldom, and not among what was loaded: a search in the middle takes 30 ms."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


def find_tier() -> Tier:
    """The colours of the terminal, as Textual will find them."""
    if os.environ.get("NO_COLOR"):
        return Tier.NONE
    found = Console(color_system=constants.COLOR_SYSTEM, force_terminal=True, legacy_windows=False).color_system  # type: ignore[arg-type]
    tiers = {"truecolor": Tier.TRUECOLOR, "256": Tier.CUBE, "standard": Tier.BASIC}
    return tiers.get(found or "", Tier.NONE)


def take_colours() -> None:
    """Let Textual, which may have been loaded long ago, use the colours that the environment says now."""
    vars(constants)["COLOR_SYSTEM"] = os.environ.get("TEXTUAL_COLOR_SYSTEM", "auto")


def run_app(app: App[Result], *, mouse: bool) -> Result | None:
    """Run an app on a loop of its own, which leaves the thread's as it is; what the app was left with."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        if isinstance(app, TerminalApp):
            if app.owns_process:
                tell = runner.get_loop().call_soon_threadsafe
                threading.excepthook = lambda thread: tell(app.fail, thread.exc_value) and None
            runner.get_loop().set_exception_handler(lambda _, context: app.fail(context.get("exception")))
        return runner.run(app.run_async(mouse=mouse))


def exit_status(app: TerminalApp) -> int:
    """The status to end with."""
    return faults.STATUS if app.fault else app.return_code or 0


def screen_lines(app: App[Any]) -> list[list[Segment]]:
    """The cells on the screen, row by row."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]


class PacedScreen(Screen[None]):
    """Paints as soon as there is something to paint, once the terminal has drawn the last frame."""

    async def _on_idle(self, event: events.Idle) -> None:
        event.prevent_default()
        app = self.app
        if not isinstance(app, TerminalApp) or app._batch_count or not self.is_current or not self._is_dirty:
            await self._invoke_and_clear_callbacks()
        elif app.waits:
            return
        elif not app.paced and monotonic() - app.painted < UPDATE_PERIOD:
            self._update_timer.resume()
        else:
            self._on_timer_update()
            await self._invoke_and_clear_callbacks()

    async def _on_resize(self, event: events.Resize) -> None:
        """Let the newest size alone count: a screen tells itself every size it has had, two of which never end."""
        if event.size != self.app.size:
            event.stop()
            event.prevent_default()

    @property
    def _is_dirty(self) -> bool:
        required = self._layout_required or self._scroll_required or self._repaint_required or self._recompose_required
        return bool(required or self._dirty_widgets)

    def _on_timer_update(self) -> None:
        """Paint the newest state; while the terminal is still busy, not yet."""
        if isinstance(self.app, TerminalApp) and self.app.waits:
            self._update_timer.pause()
        else:
            super()._on_timer_update()


class TerminalApp(App[str]):
    """An app that writes only the cells that changed, and no faster than the terminal draws them."""

    pacing = True
    """Whether the terminal is asked if it has drawn a frame."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", "stop", priority=True, show=False)]

    owns_process = False
    """Whether nothing else runs in this process, so that its settings are the explorer's to change."""

    def __init__(self, *, ansi_color: bool) -> None:
        super().__init__(ansi_color=ansi_color, driver_class=TerminalDriver)
        self.painter = Painter(self.console._color_system or ColorSystem.TRUECOLOR)
        self.painted = 0.0
        self._question: asyncio.TimerHandle | None = None
        self._leave: Any = None

    def get_default_screen(self) -> Screen[Any]:
        """The screen that paints at once."""
        return PacedScreen(id="_default")

    @property
    def paced(self) -> bool:
        """Whether the terminal tells when it has drawn a frame."""
        return self.pacing and self._sync_available

    @property
    def waits(self) -> bool:
        """Whether the terminal is still drawing the last frame."""
        return self._question is not None or (isinstance(self._driver, TerminalDriver) and self._driver.behind)

    def on_mount(self) -> None:
        """After it was stopped, the shell and other programs have written to the terminal."""
        self.app_resume_signal.subscribe(self, lambda _: self.paint_anew())

    def on_resize(self, _: events.Resize) -> None:
        """Terminals do as they like with what stood there, also when the size is the same again."""
        self.paint_anew()

    def paint_anew(self) -> None:
        """Write the whole screen, as nothing is known of what stands on the terminal."""
        self.painter.forget()
        self.screen.refresh()

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Write what changed, and ask the terminal to tell when it has drawn it."""
        if self._batch_count or self.is_headless or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        text = self.painter.paint(_fragments(renderable), *screen._compositor.size)
        if text or self.screen.outer_size.clamp_offset(self.cursor_position) != self._previous_cursor_position:
            super()._display(screen, _Frame(text))  # type: ignore[arg-type] # as Textual's own updates
            self.painted = monotonic()
            self._ask()

    def _ask(self) -> None:
        if self.paced and self._driver is not None and self._leave is None:
            self._driver.write(QUESTION)
            self._end_question()
            self._question = asyncio.get_running_loop().call_later(PATIENCE, self.go_on)

    def on_terminal_supports_synchronized_output(self, _: messages.TerminalSupportsSynchronizedOutput) -> None:
        """The terminal has drawn all that was written."""
        self.go_on()

    def _end_question(self) -> None:
        if self._question is not None:
            self._question.cancel()
            self._question = None

    def go_on(self) -> None:
        """Paint what has changed meanwhile, or leave."""
        self._end_question()
        if self._leave is not None:
            leave, self._leave = self._leave, lambda: None
            leave()
        else:
            self.screen.check_idle()

    def exit(self, result: str | None = None, return_code: int = 0, message: RenderableType | None = None) -> None:
        """Leave, once the terminal has answered, or soon."""
        if self._leave is not None:
            return
        self._leave = partial(super().exit, result, return_code, message)
        if self._question is None:
            self.go_on()
        else:
            self._end_question()
            self._question = asyncio.get_running_loop().call_later(FAREWELL, self.go_on)

    async def do_bound(self, key: str) -> None:
        """Do what a key is bound to where the focus is: at once, not after what has been typed meanwhile."""
        _ = await self._check_bindings(key, priority=True) or await self._check_bindings(key)

    # How it ends otherwise.

    def action_suspend_process(self) -> None:
        """What ctrl+z does: stop, with whatever the shell started together with it."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.stand_still(whole_job=True)

    def end_with(self, status: int) -> None:
        """Leave because of a signal, soon: whatever holds it up, the terminal is restored by then."""
        self.exit(return_code=status)
        if self.owns_process:
            end = threading.Timer(HURRY, os._exit, [status])
            end.daemon = True
            end.start()

    def fail(self, error: BaseException | None) -> None:
        """End because of a fault outside of any message."""
        self._handle_exception(error if isinstance(error, Exception) else RuntimeError("in a callback"))

    @property
    def fault(self) -> BaseException | None:
        """What the app ended for, where that was a fault of its own."""
        return self._exception

    def panic(self, *_: RenderableType) -> None:
        """End; nothing is printed, which might be the user's data: a log tells what there is to tell."""
        self._close_messages_no_wait()

    def _fatal_error(self) -> None:
        self.panic()


class _Frame(CompositorUpdate):
    """A frame that has been made into what is written."""

    def __init__(self, text: str) -> None:
        self._text = text

    def render_segments(self, console: Console) -> str:  # noqa: ARG002
        return self._text


def _fragments(update: LayoutUpdate | ChopsUpdate) -> Iterator[Fragment]:
    """What is to stand on the screen after an update: row, column, segments."""
    if isinstance(update, LayoutUpdate):
        for y, strips in enumerate(update.strips, update.region.y):
            yield y, update.region.x, [segment for strip in strips for segment in strip]
        return
    for y, first, last in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is not None and x < last and end > first:
                yield y, x, strip.crop(0, min(end, last) - x)  # beyond the span, widgets were not asked to draw
