"""Settling: the settings file is replaced in one step or stays as it was, and everything else in it stays."""

from __future__ import annotations

import os
import re
import stat
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from .settings_file import MOST_BYTES, SettingsError, flat, read_text, table_of

PATIENCE = 2.0
"""Seconds to wait while another program writes the settings."""

TEXT = r"""(?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
ARRAY = rf"\[[ \t]*(?:{TEXT}[ \t]*(?:,[ \t]*|(?=\])))*\]"
FOLLOWS = rf"""[ \t]*=[ \t]*({TEXT}|{ARRAY}|[^\s#"']+)"""
HEADER = re.compile(r"[ \t]*\[")
KEYS = re.compile(r"""[ \t]*\[[ \t]*(?:keys|"keys"|'keys')[ \t]*\]""")
PAIR = re.compile(r"""[ \t]*[\w"'.-]+[ \t]*=""")


def keep(path: Path, changes: Mapping[str, Any], check: Callable[[dict[str, Any]], None] = lambda _: None) -> None:
    """Write settings into a file, or make it; everything else in it stays as it is, comments too.

    Names are those of settings, or keys.NAME for the keys of a binding. The file is replaced in one step, and only
    where it is a regular file of the user's that may be written. Programs that do this at once take turns; `check`
    is given what is there, at one's turn. Raises SettingsError and what `check` raises, and leaves the file as it was.
    """
    try:
        for missing in (path.parent.parent, path.parent):  # not the home itself
            missing.mkdir(mode=0o700, exist_ok=True)
        with _folder_locked(path.parent) as opened:
            mode = _mode_of(path)
            text = read_text(path) or ""
            check(table_of(text))
            data = changed(text, changes).encode()
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
    """A text of TOML with other values at its top, and of keys.NAME in its table of keys.

    Raises SettingsError where the rest could not stay as it is.
    """
    for name, value in changes.items():
        wanted = _pairs(text) | {name: [*value] if isinstance(value, tuple) else value}
        for candidate in _candidates(text, name, written(value)):
            if _is(candidate, wanted):
                text = candidate
                break
        else:
            raise SettingsError(f"is written so that {name} cannot be changed without the rest; it can be edited")
    return text


def _pairs(text: str) -> dict[str, Any]:
    """What a text says at its top, and of each binding under a name of its own: keys.copy."""
    table = table_of(text)
    keys = table.get("keys")
    if not isinstance(keys, dict):
        return table
    del table["keys"]
    each = [(f"keys.{name}", value) for name, value in flat(keys)]
    if len(dict(each)) < len(each):
        raise SettingsError("has the keys of a binding twice")
    return table | dict(each)


def _is(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return _pairs(text) == wanted
    except SettingsError:
        return False


def _candidates(text: str, name: str, value: str) -> Iterator[str]:
    """The text with the value in the place of the old one, after the other pairs, or before everything."""
    lines = text.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    _, of_keys, binding = name.partition(".")
    called, before = re.escape(binding or name), r"(?:keys\.)?" if of_keys else ""
    old = re.compile(rf"""(?:^|(?<=\n))([ \t]*{before}(?:{called}|"{called}"|'{called}')){FOLLOWS}""")
    for found in old.finditer(text):
        yield text[: found.start(2)] + value + text[found.end(2) :]
    if not of_keys:
        yield from _with_pair(lines, 0, f"{name} = {value}{end}")
        return
    pair = f"{binding if re.fullmatch('[a-z-]+', binding) else written(binding)} = {value}{end}"
    for at in [at for at, line in enumerate(lines) if KEYS.match(line)]:
        yield from _with_pair(lines, at + 1, pair)
    yield _with(lines, len(lines), f"{end if lines else ''}[keys]{end}{pair}")
    yield from _with_pair(lines, 0, f"keys.{pair}")


def _with_pair(lines: list[str], first: int, pair: str) -> Iterator[str]:
    """The lines with one more in the table that begins there: after its last pair, at its end, at its beginning."""
    header = next((at for at in range(first, len(lines)) if HEADER.match(lines[at])), len(lines))
    while first < header < len(lines) and lines[header - 1].startswith("#"):
        header -= 1  # what is said of the next table stays above it
    last = max((at + 1 for at in range(first, header) if PAIR.match(lines[at])), default=header)
    for at in (last, header, first):
        yield _with(lines, at, pair)


def _with(lines: list[str], at: int, more: str) -> str:
    before = "".join(lines[:at])
    gap = ("\r\n" if more.endswith("\r\n") else "\n") if before and not before.endswith("\n") else ""
    return f"{before}{gap}{more}{''.join(lines[at:])}"


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
