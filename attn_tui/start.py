"""Opening the explorer in a terminal."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import TextIO

from . import faults
from .options import OptionError
from .view import Session

WINDOW = ("COLUMNS", "LINES")
"""What rich would believe rather than the terminal, which may be given another size."""

COLOUR_SYSTEMS = {"truecolor": "truecolor", "256": "256", "16": "standard"}


def explore(
    session: Session,
    *,
    colour: str = "auto",
    mouse: bool = True,
    pacing: bool = True,
    guest: bool = False,
    rewrite: Callable[[str], str] = str,
    told: str = "",
) -> int:
    """Open the explorer until it is left, and print each command that was copied, as `rewrite` makes it; the status.

    As a `guest` of another program it leaves that one's settings of Python alone. `told` is what is wrong with the
    person's settings, which stands in the line of truth until the next key. Raises OptionError where it cannot run.
    """
    _check_terminal()
    if not guest:
        gc.disable()  # until the screen stands: nothing that is loaded is garbage, and looking for it takes a tenth
    _set_colours(colour)
    for name in WINDOW:
        os.environ.pop(name, None)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy reads it when loaded: small products want no threads
    from .opening import open_scene
    from .pictures.ink import Tier

    open_scene(session, Tier.NONE)  # before the screen's library is loaded: what cannot be had is said at once
    from .app import Explorer
    from .driver import HUNG_UP
    from .pictures.cells import printable
    from .terminal import exit_status, run_app, take_colours

    take_colours()
    app = Explorer(session, tier=None if colour == "auto" else Tier(colour))
    app.owns_process, app.rewrite, app.pacing = not guest, rewrite, pacing
    if told:
        app.scene = replace(app.scene, message=printable(told), trouble=True)
    copied = run_app(app, mouse=mouse)
    if app.fault:
        print(f"attn-tui: {printable(faults.told(app.fault))}", file=sys.stderr)  # noqa: T201
    status = exit_status(app)
    for line in copied.split("\n") if copied and status != HUNG_UP else ():
        print(printable(line))  # noqa: T201
    return status


def why_no_screen() -> str:
    """Why nothing can be drawn here, in words; nothing, where it can. Textual uses the streams Python began with."""
    if not _terminals(sys.stdin, sys.stdout):
        return "no terminal to open the explorer in; attn-tui print needs none"
    if os.environ.get("TERM", "") in ("", "dumb"):
        return "TERM is dumb or not set, so nothing can be drawn; attn-tui print needs no screen"
    if not _terminals(sys.__stdin__, sys.__stderr__):
        return "standard error is no terminal, and the screen is drawn on it; attn-tui print needs none"
    return ""


def _terminals(*streams: TextIO | None) -> bool:
    return all(stream is not None and not stream.closed and stream.isatty() for stream in streams)


def _check_terminal() -> None:
    if why := why_no_screen():
        raise OptionError(why)


def _set_colours(colour: str) -> None:
    """What Textual reads when it is loaded, which takes an empty NO_COLOR for one that is set."""
    if not os.environ.get("NO_COLOR"):
        os.environ.pop("NO_COLOR", None)
    if colour in COLOUR_SYSTEMS:
        os.environ["TEXTUAL_COLOR_SYSTEM"] = COLOUR_SYSTEMS[colour]
        os.environ.pop("NO_COLOR", None)
    elif colour == "none":
        os.environ["NO_COLOR"] = "1"
