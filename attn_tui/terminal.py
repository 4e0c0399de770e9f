"""The terminal: what is written and when, signals, and how the program ends."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
from collections.abc import Iterable, Iterator
from functools import partial
from time import monotonic
from typing import Any, ClassVar, TypeVar

from rich.console import Console, RenderableType
from rich.segment import Segment
from textual import constants, events, messages
from textual.app import App
from textual.binding import Binding, BindingType
from textual.screen import UPDATE_PERIOD, Screen

from . import beneath, faults
from .beneath import BareApp, BareScreen
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
    gc.enable()
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
    return beneath.screen_lines(app.screen)


class PacedScreen(BareScreen):
    """Paints as soon as there is something to paint, once the terminal has drawn the last frame."""

    @property
    def held(self) -> bool:
        """While the terminal is still busy."""
        return isinstance(self.app, TerminalApp) and self.app.waits

    @property
    def early(self) -> bool:
        """Where the terminal does not tell when it is done, a while after the last frame."""
        app = self.app
        return isinstance(app, TerminalApp) and not app.paced and monotonic() - app.painted < UPDATE_PERIOD


class TerminalApp(BareApp):
    """An app that writes only the cells that changed, and no faster than the terminal draws them."""

    pacing = True
    """Whether the terminal is asked if it has drawn a frame."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+z", "suspend_process", "stop", priority=True, show=False)]

    owns_process = False
    """Whether nothing else runs in this process, so that its settings are the explorer's to change."""

    def __init__(self, *, ansi_color: bool) -> None:
        super().__init__(ansi_color=ansi_color, driver_class=TerminalDriver)
        self.painter = Painter(self.colours)
        self.painted = 0.0
        self._question: asyncio.TimerHandle | None = None
        self._leave: Any = None

    def get_default_screen(self) -> Screen[Any]:
        """The screen that paints at once."""
        return PacedScreen(id="_default", classes=" ".join(self.first_classes()))

    def first_classes(self) -> Iterable[str]:
        """The classes that the screen begins with: each change of them styles all widgets anew."""
        return ()

    def begin_with_theme(self, name: str) -> None:
        """Have a theme from the first style sheet on, which is parsed again for one that comes later."""
        self.set_reactive(App.theme, name)
        self.stylesheet.set_variables(self.get_css_variables())

    @property
    def paced(self) -> bool:
        """Whether the terminal tells when it has drawn a frame."""
        return self.pacing and self.answered

    @property
    def waits(self) -> bool:
        """Whether the terminal is still drawing the last frame."""
        return self._question is not None or (isinstance(self.driver, TerminalDriver) and self.driver.behind)

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

    def frame(self, fragments: Iterator[Fragment], width: int, height: int) -> str:
        """What changed."""
        return self.painter.paint(fragments, width, height)

    def frame_written(self) -> None:
        """Ask the terminal to tell when it has drawn it."""
        self.painted = monotonic()
        self._ask()

    def _ask(self) -> None:
        if self.paced and self.driver is not None and self._leave is None:
            self.driver.write(QUESTION)
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

    # How it ends otherwise.

    def action_suspend_process(self) -> None:
        """What ctrl+z does: stop, with whatever the shell started together with it."""
        if isinstance(self.driver, TerminalDriver):
            self.driver.stand_still(whole_job=True)

    def end_with(self, status: int) -> None:
        """Leave because of a signal, soon: whatever holds it up, the terminal is restored by then."""
        if self.owns_process:
            end = threading.Timer(HURRY, self._end_now, [status])
            end.daemon = True
            end.start()
        self.exit(return_code=status)

    def _end_now(self, status: int) -> None:
        """End from another thread: the loop is held up, or the machine slow."""
        try:
            if isinstance(self.driver, TerminalDriver):
                self.driver.give_back()
        finally:
            os._exit(status)

    def fail(self, error: BaseException | None) -> None:
        """End because of a fault outside of any message."""
        self.handle_fault(error if isinstance(error, Exception) else RuntimeError("in a callback"))

    def panic(self, *_: RenderableType) -> None:
        """End; nothing is printed, which might be the user's data: a log tells what there is to tell."""
        self.end_at_once()
