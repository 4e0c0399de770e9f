"""The terminal and Textual's private parts: signals, and how the program ends."""

from __future__ import annotations

import asyncio
import os
import signal
from functools import partial
from typing import Any, TypeVar

from rich.console import Console
from rich.segment import Segment
from textual import constants
from textual.app import App

from .pictures.ink import Tier

Result = TypeVar("Result")
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}


def end_on_signals(app: App[Any]) -> None:
    """Let these signals leave the app as `q` does, so that the terminal is restored."""
    loop = asyncio.get_running_loop()
    for number, status in STATUS.items():
        loop.add_signal_handler(number, partial(app.exit, return_code=status))


def find_tier() -> Tier:
    """The colours of the terminal, as Textual will find them."""
    if "NO_COLOR" in os.environ:
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
        return runner.run(app.run_async(mouse=mouse))


def exit_status(app: App[Any]) -> int:
    """The status to end with."""
    return app.return_code or 0


def screen_lines(app: App[Any]) -> list[list[Segment]]:
    """The cells on the screen, row by row."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]
