"""attn-tui settings: what holds, where it is from, as TOML; and settling it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from .keymap import BOUND, FIXED, POSSIBLE, read_keys, shown_key, typed_keys
from .options import OptionError, Parser
from .settings import SETTINGS, Stored, read_setting, settings_path, stored_settings
from .settings_file import MOST_BYTES, SettingsError, flat
from .settings_writing import keep, written

DESCRIPTION = """\
Tell where your settings are, what holds, and where that is from: as TOML, of
which lines can be copied into the file. NAME=VALUE writes a setting into the
file, and keys.NAME=KEY the key of a binding, or several with commas between
them; otherwise the file stays as it is. Options win over settings."""

EPILOG = f"""\
examples:
  attn-tui settings
  attn-tui settings palette=magma theme=light
  attn-tui settings mouse=false
  attn-tui settings keys.copy=f5 keys.left=F,ctrl+b keys.knob.mask=@

The file is attn-tui/config.toml in $XDG_CONFIG_HOME, else in ~/.config, and at
most {MOST_BYTES:,} bytes long. Without arguments every binding is told by its name.
Nothing in the file is ever executed.

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
    parser.add_argument("settings", nargs="*", metavar="NAME=VALUE", help=f"{possible}; keys.NAME: {POSSIBLE}")
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
        raise OptionError(f"{word!r} is no NAME=VALUE; possible are {', '.join((*SETTINGS, 'keys.NAME'))}")
    part, dot, binding = name.partition(".")
    if dot and part == "keys":
        return name, _typed(binding, text)
    truth = {"true": True, "false": False}
    switch = name in SETTINGS and SETTINGS[name].read is None
    return name, read_setting(name, truth.get(text.strip().lower(), text) if switch else text)


def _typed(binding: str, text: str) -> tuple[str, ...] | str:
    """The keys of a binding, as they are written into the file."""
    try:
        keys = tuple(map(shown_key, typed_keys(binding, text)))
    except ValueError as error:
        raise OptionError(f"keys.{binding}: {error}") from None
    return keys if len(keys) > 1 else keys[0]


def _check_free(changes: dict[str, object], there: dict[str, Any]) -> None:
    """Raises OptionError where a key is another binding's, as the file has them and as they are to be."""
    wanted = {name.removeprefix("keys."): value for name, value in changes.items() if name.startswith("keys.")}
    held = there.get("keys")
    others = [pair for pair in flat(held) if pair[0] not in wanted] if isinstance(held, dict) else []
    given = {name: [*value] if isinstance(value, tuple) else value for name, value in (*others, *wanted.items())}
    keys, troubles = read_keys(given)
    for name in wanted:
        if name not in keys:
            raise OptionError(next(trouble for trouble in troubles if trouble.startswith(f"keys.{name}: ")))


def _kept(changes: dict[str, object]) -> str:
    from .pictures.cells import printable

    path = settings_path()
    if path is None:
        raise KeepingError("no home folder is known for the settings: HOME is not set")
    try:
        keep(Path(path), changes, partial(_check_free, changes))
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
