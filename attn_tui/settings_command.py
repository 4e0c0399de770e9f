"""attn-tui settings: what holds, where it is from, as TOML; and settling it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from .keymap import BOUND, FIXED, shown_key
from .options import OptionError, Parser
from .settings import SETTINGS, Stored, read_setting, settings_path, stored_settings
from .settings_file import MOST_BYTES, SettingsError
from .settings_writing import keep, written

DESCRIPTION = """\
Tell where your settings are, what holds, and where that is from: as TOML, of
which lines can be copied into the file. NAME=VALUE writes a setting into the
file, which otherwise stays as it is. Options win over settings."""

EPILOG = f"""\
examples:
  attn-tui settings
  attn-tui settings palette=magma theme=light
  attn-tui settings mouse=false

The file is attn-tui/config.toml in $XDG_CONFIG_HOME, else in ~/.config, and at
most {MOST_BYTES:,} bytes long. Keys of bindings are written into its table [keys] by
hand. Nothing in it is ever executed.

Status: 0 done, 2 a wrong setting, 74 settings that could not be written.
"""


class KeepingError(SettingsError):
    """Settings that could not be written."""

    status = 74


def settings_parser() -> Parser:
    """The parser of the command's options."""
    parser = Parser(
        prog="attn-tui settings",
        usage="attn-tui settings [NAME=VALUE …]",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    possible = "; ".join(f"{name}: {setting.possible}" for name, setting in SETTINGS.items())
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE", help=possible)
    return parser


def run_settings(words: Sequence[str]) -> int:
    """Run the command; its exit status. Raises OptionError, SettingsError or OSError."""
    given = settings_parser().parse_args(words)
    if given.settings:
        sys.stdout.write(_kept(dict(map(_pair, given.settings))))
    else:
        sys.stdout.write("\n".join(settings_lines(stored_settings())) + "\n")
    sys.stdout.flush()
    return 0


def _pair(word: str) -> tuple[str, object]:
    """A setting and its value. Raises SettingsError."""
    name, equals, text = word.partition("=")
    if not equals:
        raise OptionError(f"{word!r} is no NAME=VALUE; possible are {', '.join(SETTINGS)}")
    truth = {"true": True, "false": False}
    switch = name in SETTINGS and SETTINGS[name].read is None
    return name, read_setting(name, truth.get(text.strip().lower(), text) if switch else text)


def _kept(changes: dict[str, object]) -> str:
    from .pictures.cells import printable

    path = settings_path()
    if path is None:
        raise KeepingError("no home folder is known for the settings: HOME is not set")
    try:
        keep(Path(path), changes)
    except SettingsError as error:
        raise KeepingError(f"{path}: {error}") from None
    return f"written into {printable(path)}: {', '.join(changes)}\n"


def settings_lines(stored: Stored) -> list[str]:
    """What holds, as TOML: each setting with where it is from and what is possible; every binding with its key."""
    from .pictures.cells import printable

    return [
        f"# {printable(stored.path or 'no home folder is known')}",
        *(f"# {printable(trouble)}" for trouble in stored.troubles),
        "",
        *_of_settings(stored),
        "",
        "[keys]",
        *_of_keys(stored),
    ]


def _of_settings(stored: Stored) -> Iterator[str]:
    for name, setting in SETTINGS.items():
        said = getattr(stored.settings, name)
        value, source = (setting.default, "the default") if said is None else (said, "from the file")
        yield f"{name} = {written(value)}  # {source}; {setting.help}: {setting.possible}"


def _of_keys(stored: Stored) -> Iterator[str]:
    """A person's own keys, and those that are bound else as comments."""
    own = dict(stored.settings.keys)
    for name, bound in BOUND.items():
        if name == FIXED:
            continue
        keys = tuple(map(shown_key, own.get(name, (bound.key,))))
        yield f'{"" if name in own else "# "}"{name}" = {written(keys if len(keys) > 1 else keys[0])}  # {bound.help}'
