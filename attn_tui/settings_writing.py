"""Settling: the settings file is replaced in one step or stays as it was, and everything else in it stays."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .settings_file import MOST_BYTES, SettingsError, read_text, table_of

PATIENCE = 2.0
"""Seconds to wait while another program writes the settings."""

FOLLOWS = r"""[ \t]*=[ \t]*("[^"\\\n]*"|'[^'\n]*'|[^\s#"']+)"""
HEADER = re.compile(r"[ \t]*\[")
PAIR = re.compile(r"""[ \t]*[\w"'.-]+[ \t]*=""")


def keep(path: Path, changes: Mapping[str, Any]) -> None:
    """Write settings into a file, or make it; everything else in it stays as it is, comments too.

    The file is replaced in one step, and only where it is a regular file of the user's that may be written. Programs
    that do this at once take turns. Raises SettingsError, and leaves the file as it was.
    """
    try:
        for missing in (path.parent.parent, path.parent):  # not the home itself
            missing.mkdir(mode=0o700, exist_ok=True)
        with _folder_locked(path.parent) as opened:
            mode = _mode_of(path)
            data = changed(read_text(path) or "", changes).encode()
            if len(data) > MOST_BYTES:
                raise SettingsError(f"would be too long; at most {MOST_BYTES:,} bytes are read")
            _replace(path, data, mode)
            os.fsync(opened)
    except OSError as error:
        raise SettingsError(f"cannot be written: {error.strerror}") from None


@contextmanager
def _folder_locked(folder: Path) -> Iterator[int]:
    """The folder, opened, while no other program of ours writes in it."""
    import fcntl

    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > end:
                    raise SettingsError("cannot be written: another program is writing it") from None
                time.sleep(0.01)
        yield opened
    finally:
        os.close(opened)


def _mode_of(path: Path) -> int:
    """The permissions of what is there, or those of a new file. Raises SettingsError for what must stay."""
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return 0o666
    if stat.S_ISLNK(there.st_mode):
        raise SettingsError("is a link, which stays; the file that it leads to can be edited")
    if not stat.S_ISREG(there.st_mode):
        raise SettingsError("is no regular file, and stays")
    if there.st_uid != os.getuid():
        raise SettingsError("belongs to another user, and stays")
    if not there.st_mode & stat.S_IWUSR:
        raise SettingsError("is read-only, and stays")
    return stat.S_IMODE(there.st_mode)


def _replace(path: Path, data: bytes, mode: int) -> None:
    beside = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    opened = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    try:
        try:
            while data:
                data = data[os.write(opened, data) :]
            os.fsync(opened)
        finally:
            os.close(opened)
        os.replace(beside, path)  # noqa: PTH105 - as the other steps are written
    except BaseException:
        with suppress(OSError):
            os.unlink(beside)  # noqa: PTH108
        raise


def changed(text: str, changes: Mapping[str, Any]) -> str:
    """A text of TOML with other values at its top. Raises SettingsError where the rest could not stay as it is."""
    for name, value in changes.items():
        wanted = table_of(text) | {name: value}
        for candidate in _candidates(text, name, written(value)):
            if _is(candidate, wanted):
                text = candidate
                break
        else:
            raise SettingsError(f"is written so that {name} cannot be changed without the rest; it can be edited")
    return text


def _is(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return table_of(text) == wanted
    except SettingsError:
        return False


def _candidates(text: str, name: str, value: str) -> Iterator[str]:
    """The text with the value in the place of the old one, after the other pairs, or before everything."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    old = re.compile(rf"""(?:^|(?<=\n))([ \t]*(?:{name}|"{name}"|'{name}')){FOLLOWS}""")
    for found in old.finditer(text):
        yield text[: found.start(2)] + value + text[found.end(2) :]
    header = next((at for at, line in enumerate(lines) if HEADER.match(line)), len(lines))
    while 0 < header < len(lines) and lines[header - 1].startswith("#"):
        header -= 1  # what is said of the table stays above it
    last = max((at + 1 for at, line in enumerate(lines[:header]) if PAIR.match(line)), default=header)
    for at in (last, header, 0):
        before = "".join(lines[:at])
        gap = end if before and not before.endswith("\n") else ""
        yield f"{before}{gap}{name} = {value}{end}{''.join(lines[at:])}"


def written(value: Any) -> str:
    """A value of TOML: true or false, a text, an array of texts."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return f"[{', '.join(map(written, value))}]"
    escaped = "".join(
        f"\\u{ord(character):04x}" if character in '"\\\x7f' or character < " " else character for character in value
    )
    return f'"{escaped}"'
