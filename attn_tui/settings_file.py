"""The settings file as text: read whatever it is."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MOST_BYTES = 2**14
"""The longest settings file that is read."""

MOST_IN_LINE = 500
"""The longest line of one: to read a key of n parts takes n² steps."""


class SettingsError(ValueError):
    """Settings that cannot be read or written, in one line that says what is possible."""


def read_text(path: str | Path) -> str | None:
    """The text of a settings file; None where there is none. Raises SettingsError where it cannot be read.

    A FIFO does not make it wait, and what is no regular file is not read.
    """
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}") from None
    try:
        try:
            return decoded(_bytes_of(opened))
        finally:
            os.close(opened)
    except OSError as error:
        raise SettingsError(f"cannot be read: {error.strerror}") from None


def _bytes_of(opened: int) -> bytes:
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        raise SettingsError("is no regular file")
    data = b""
    while len(data) <= MOST_BYTES and (part := os.read(opened, MOST_BYTES + 1 - len(data))):
        data += part
    if len(data) > MOST_BYTES:
        raise SettingsError(f"is too long; at most {MOST_BYTES:,} bytes are read")
    return data


def decoded(data: bytes) -> str:
    """The text of a file's bytes. Raises SettingsError with the line that is wrong."""
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n") + 1
        raise SettingsError(f"is no text in UTF-8 (at line {number})") from None
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MOST_IN_LINE:
            raise SettingsError(f"is too long at line {number}; at most {MOST_IN_LINE} characters are read in a line")
    return text


def table_of(text: str) -> dict[str, Any]:
    """The table that a text of TOML is. Raises SettingsError with the place where it is none."""
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = str(error)
        raise SettingsError(f"is no TOML: {told[:1].lower()}{told[1:]}") from None
    except (ValueError, RecursionError):
        raise SettingsError("is no TOML that can be read: a number too long, or nested too deeply") from None


def flat(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The pairs of the table of keys: knob.head_dim, written with quotes or without, is one name."""
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from ((f"{name}.{inner}", held) for inner, held in value.items())
        else:
            yield name, value
