"""Textual's private parts, under names of our own: nothing else touches them. Checked for the version named below.

Classes here are Textual's, with what the terminal and the driver say differently as methods that have names.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.color import ColorSystem
from rich.console import Console, RenderableType
from rich.segment import Segment
from textual import events
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual._keyboard_protocol import FUNCTIONAL_KEYS
from textual._xterm_parser import FOCUSIN, FOCUSOUT, XTermParser
from textual.app import App
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.screen import Screen

from .painting import Fragment

CHECKED = "8.2.8"
"""The version of Textual whose private parts are used here as they are there."""

KNOWN_SEQUENCES, MODIFIED_KEYS, FOCUS_IN, FOCUS_OUT = ANSI_SEQUENCES_KEYS, FUNCTIONAL_KEYS, FOCUSIN, FOCUSOUT
"""Sequences that are keys; codes of keys that come with modifiers; what tells that the window has the focus, or not."""


class BareParser(XTermParser):
    """What a whole sequence means."""

    keys_of = XTermParser._sequence_to_key_events


class BareDriver(LinuxDriver):
    """Textual's driver, which asks for the window's size, and tells that its input has failed."""

    def __init__(self, app: Any, **options: Any) -> None:
        super().__init__(app, **options)
        self.loop = self._loop

    def window_size(self) -> tuple[int, int]:
        """Columns and rows of the window."""
        return super()._get_terminal_size()

    def _get_terminal_size(self) -> tuple[int, int]:
        return self.window_size()

    def _query_in_band_window_resize(self) -> None:
        """Sizes are the kernel's: anything could be told in band, and what asks for them is not switched off again."""

    @property
    def reads_keys(self) -> bool:
        """Whether the thread that reads the keys runs."""
        return self._key_thread is not None and self._key_thread.is_alive()

    def resume_and_tell(self) -> None:
        """Take the terminal anew, and tell the app that it was away."""
        self._must_signal_resume = True
        self.resume_application_mode()

    def input_failed(self, error: Exception) -> None:
        """What is done, in the thread that reads, where reading ended with an error."""
        raise error

    def _run_input_thread(self) -> None:
        try:
            self.run_input_thread()
        except Exception as error:
            self.input_failed(error)


class BareScreen(Screen[None]):
    """Textual's screen, which paints as soon as there is something to paint, unless it is held or early."""

    @property
    def held(self) -> bool:
        """Whether nothing is painted until `check_idle` is called."""
        return False

    @property
    def early(self) -> bool:
        """Whether the next frame waits for the next tick of Textual's timer."""
        return False

    async def _on_idle(self, event: events.Idle) -> None:
        event.prevent_default()
        if self.app._batch_count or not self.is_current or not self._is_dirty:
            await self._invoke_and_clear_callbacks()
        elif self.held:
            return
        elif self.early:
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
        if self.held:
            self._update_timer.pause()
        else:
            super()._on_timer_update()


class BareApp(App[str]):
    """Textual's app, which asks what to write for a frame, and tells nothing where it ends because of a fault."""

    handle_fault = App._handle_exception
    end_at_once = App._close_messages_no_wait

    @property
    def driver(self) -> Driver | None:
        """The driver; None before there is one."""
        return self._driver

    @property
    def colours(self) -> ColorSystem:
        """The colours that are written."""
        return self.console._color_system or ColorSystem.TRUECOLOR

    @property
    def answered(self) -> bool:
        """Whether the terminal has answered what Textual asked it about synchronized output."""
        return self._sync_available

    @property
    def fault(self) -> BaseException | None:
        """What the app ended for, where that was a fault of its own."""
        return self._exception

    async def do_bound(self, key: str) -> None:
        """Do what a key is bound to where the focus is: at once, not after what has been typed meanwhile."""
        _ = await self._check_bindings(key, priority=True) or await self._check_bindings(key)

    def frame(self, fragments: Iterator[Fragment], width: int, height: int) -> str:
        """What to write so that fragments stand on a screen of width × height cells."""
        raise NotImplementedError

    def frame_written(self) -> None:
        """What is done after a frame was written."""

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        if self._batch_count or self.is_headless or not isinstance(renderable, LayoutUpdate | ChopsUpdate):
            super()._display(screen, renderable)
            return
        text = self.frame(_fragments(renderable), *screen._compositor.size)
        if text or self.screen.outer_size.clamp_offset(self.cursor_position) != self._previous_cursor_position:
            super()._display(screen, _Frame(text))  # type: ignore[arg-type] # as Textual's own updates
            self.frame_written()

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


def screen_lines(screen: Screen[Any]) -> list[list[Segment]]:
    """The cells of a screen, row by row."""
    return [list(strip) for strip in screen._compositor.render_strips()]
