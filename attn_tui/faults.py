"""Faults of our own: one line for the person, everything else in a log file."""

from __future__ import annotations

import os
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkstemp

from . import __version__

STATUS = 70


def told(error: BaseException) -> str:
    """One line about a fault, with the path of its log; no values, which may be the user's data."""
    path = log(error)
    where = f"the log is {path}" if path else "no log could be written"
    return f"a fault of attn-tui itself ({type(error).__name__}); {where}"


def log(error: BaseException) -> Path | None:
    """Write where a fault happened, for its user alone to read; None where no file can be written."""
    return next(filter(None, (_written(folder, error) for folder in _folders())), None)


def _folders() -> Iterator[Path]:
    """Where logs belong, as the XDG Base Directory Specification has it; else where temporary files go."""
    given = Path(os.environ.get("XDG_STATE_HOME", ""))
    with suppress(RuntimeError):  # no home
        yield (given if given.is_absolute() else Path.home() / ".local" / "state") / "attn-tui"
    with suppress(OSError):
        yield Path(gettempdir())


def _written(folder: Path, error: BaseException) -> Path | None:
    versions = f"attn-tui {__version__}, Python {sys.version.split()[0]}, {sys.platform}"
    text = "".join([f"{versions}, {time.strftime('%Y-%m-%d %H:%M:%S')}\n", *traceback.format_exception(error)])
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file, name = mkstemp(prefix="attn-tui-fault-", suffix=".log", dir=folder)
    except OSError:
        return None
    try:
        with open(file, "w", encoding="utf-8", errors="backslashreplace") as stream:  # noqa: PTH123 - a descriptor
            stream.write(text)
    except OSError:
        with suppress(OSError):
            os.unlink(name)  # noqa: PTH108
        return None
    return Path(name)
