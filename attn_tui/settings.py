"""What a person has settled once and for all: the settings file, and what it says. Settings are values.

Whatever is wrong with the file, the defaults hold for it, the rest holds as it says, and one line tells of it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from .options import TIERS, Parser
from .parameters import BY_FIELD
from .settings_file import SettingsError, flat, read_text, table_of
from .values import one_of
from .view import Session, Settings, View


@dataclass(frozen=True)
class Setting:
    """One setting: what it may be, in words; how its text is read, or None where it is true or false; its default."""

    possible: str
    help: str
    default: Any
    read: Callable[[str], str] | None = None


SETTINGS: dict[str, Setting] = {
    name: Setting(row.possible, row.help, getattr(View(), name), row.read)
    for name, row in ((name, BY_FIELD[name]) for name in ("palette", "theme"))
} | {
    "colour": Setting(", ".join(TIERS), "how many colours to use, on a terminal", "auto", one_of(TIERS)),
    "mouse": Setting("true, false", "whether the mouse is the explorer's", True),
    "pacing": Setting("true, false", "whether a frame waits until the terminal has drawn the last one", True),
}
"""Every setting but the keys, by its name in the file."""


@dataclass(frozen=True)
class Stored:
    """What the settings file says: its path, None where there can be none; and a line for each thing that is wrong."""

    path: str | None
    settings: Settings = field(default_factory=Settings)
    troubles: tuple[str, ...] = ()

    @property
    def told(self) -> str:
        """One line about what is wrong, or nothing."""
        if not self.troubles:
            return ""
        more = len(self.troubles) - 1
        rest = f"; and {more} more, which attn-tui settings tells" if more else ""
        return f"{self.path or 'settings'}: {self.troubles[0]}{rest}"


def settings_path() -> str | None:
    """Where the settings are: config.toml in the folder attn-tui of $XDG_CONFIG_HOME, or of ~/.config.

    None where no home is known. A folder that is not absolute is ignored, as the XDG Base Directory Specification says.
    """
    folder = os.environ.get("XDG_CONFIG_HOME", "")
    if not folder.startswith("/"):
        home = os.environ.get("HOME", "")
        home = home if home.startswith("/") else _home_of_user()
        if not home:
            return None
        folder = f"{home}/.config"
    return f"{folder}/attn-tui/config.toml"


def _home_of_user() -> str:
    try:
        import pwd

        return pwd.getpwuid(os.getuid()).pw_dir
    except (ImportError, KeyError, OSError):
        return ""


def stored_settings() -> Stored:
    """What the settings file says. Never raises: what is wrong is told, and the defaults hold."""
    path = settings_path()
    if path is None:
        return Stored(None, troubles=("no home folder is known: HOME is not set; the defaults hold",))
    try:
        text = read_text(path)
        if text is None:
            return Stored(path)
        return Stored(path, *settings_of(table_of(text)))
    except SettingsError as error:
        return Stored(path, troubles=(f"{error}; the defaults hold",))


def settings_of(table: Mapping[str, Any]) -> tuple[Settings, tuple[str, ...]]:
    """The settings of a table, and a line for each thing in it that is none."""
    said: dict[str, Any] = {}
    troubles: list[str] = []
    for name, value in table.items():
        try:
            if name == "keys":
                said["keys"], wrong = _keys(value)
                troubles += wrong
            else:
                said[name] = read_setting(name, value)
        except ValueError as error:
            troubles.append(str(error))
    return Settings(**said), tuple(troubles)


def read_setting(name: str, value: Any) -> Any:
    """The value of a setting, from a value of TOML. Raises SettingsError, naming the setting and what is possible."""
    setting = SETTINGS.get(name)
    if setting is None:
        called = name if len(name) <= 40 else name[:39] + "…"
        raise SettingsError(f"{called!r} is no setting; possible are {', '.join((*SETTINGS, 'keys'))}")
    if setting.read is None:
        if isinstance(value, bool):
            return value
        raise SettingsError(f"{name}: {_kind(value)}; possible are {setting.possible}")
    if type(value) is int and 0 <= value < 1000:
        value = str(value)  # colour = 256
    if not isinstance(value, str):
        raise SettingsError(f"{name}: {_kind(value)}; possible are {setting.possible}")
    try:
        return setting.read(value)
    except ValueError as error:
        raise SettingsError(f"{name}: {error}") from None


KINDS = {bool: "true or false", str: "a text", int: "a number", float: "a number", list: "an array", dict: "a table"}


def _kind(value: Any) -> str:
    return KINDS.get(type(value), "a date or a time")


def _keys(value: Any) -> tuple[tuple[tuple[str, tuple[str, ...]], ...], list[str]]:
    from .keymap import read_keys

    if not isinstance(value, dict):
        raise SettingsError(f"keys: {_kind(value)}; a table is due, with the keys of each binding")
    keys, troubles = read_keys(dict(flat(value)))
    return tuple(keys.items()), troubles


def with_defaults(parser: Parser, settings: Settings) -> Parser:
    """The parser with what the settings say of the terminal as defaults of its options."""
    said = {name: getattr(settings, name) for name in ("colour", "mouse", "pacing")}
    parser.set_defaults(**{name: value for name, value in said.items() if value is not None})
    return parser


def session_with(settings: Settings) -> Session:
    """The session that options are over: what the explorer opens with, as the settings want it."""
    session = Session(settings=settings)
    return replace(session, view=replace(session.view, **settings.of_view))
