"""The terminal and Textual's private parts: signals, and how the program ends."""

from __future__ import annotations

import asyncio
import signal
from functools import partial
from typing import Any

from rich.segment import Segment
from textual.app import App

from .pictures.ink import Tier

STATUS = {signal.SIGTERM: 143, signal.SIGHUP: 129}


def end_on_signals(app: App[Any]) -> None:
    """Let SIGTERM and SIGHUP leave the app as `q` does, so that the terminal is restored."""
    loop = asyncio.get_running_loop()
    for number, status in STATUS.items():
        loop.add_signal_handler(number, partial(app.exit, return_code=status))


def tier_of(app: App[Any]) -> Tier:
    """The colours of the terminal, as Textual found them."""
    if app.no_color:
        return Tier.NONE
    tiers = {"truecolor": Tier.TRUECOLOR, "256": Tier.CUBE, "standard": Tier.BASIC}
    return tiers.get(app.console.color_system or "", Tier.NONE)


def exit_status(app: App[Any]) -> int:
    """The status to end with."""
    return app.return_code or 0


def screen_lines(app: App[Any]) -> list[list[Segment]]:
    """The cells on the screen, row by row."""
    return [list(strip) for strip in app.screen._compositor.render_strips()]
