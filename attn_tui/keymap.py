"""The table of bindings: which key does what, by the ids that a person's settings name. It loads no Textual."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from .actions import ACTIONS
from .parameters import EVERY_KNOB


class Bound(NamedTuple):
    """A binding: its key, what Textual is to do, a line of help."""

    key: str
    action: str
    help: str


BOUND: dict[str, Bound] = {
    action.name if key == action.keys[0] else f"{action.name}.{number}": Bound(
        key, "quit" if key == "ctrl+c" else f"act('{action.name}')", action.help
    )
    for action in ACTIONS
    for number, key in enumerate(action.keys)
}
"""Every binding by its id: the name of the action, with a number for its second key."""

_taken = {bound.key for bound in BOUND.values()}
BOUND |= {
    f"knob.{row.field}": Bound(key, f"choose('{key}')", f"{row.name}: {row.help}")
    for key, row in EVERY_KNOB.items()
    if key not in _taken
}

NAMED = frozenset(
    (
        *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "insert", "delete"),
        *("tab", "enter", "escape", "space", "backspace", *(f"f{number}" for number in range(1, 25))),
    )
)
RENAMED = {
    "solidus": "slash",
    "reverse_solidus": "backslash",
    "commercial_at": "at",
    "hyphen_minus": "minus",
    "plus_sign": "plus",
    "low_line": "underscore",
}
"""Characters that Textual calls otherwise than Unicode does."""

MODIFIERS = r"((?:(?:ctrl|alt|shift|super|hyper|meta)\+)*)"
POSSIBLE = "a character, or a name such as f5, pageup, ctrl+y, shift+left"


FIXED = "quit.1"
"""The binding that stays: ctrl+c quits, whatever else does."""

STAY = ("ctrl+c", "ctrl+z")
"""Keys that stay what they are; the second is the shell's."""


def key_name(text: str) -> str:
    """What Textual calls a key: ? is question_mark. Raises ValueError for what is none."""
    found = re.fullmatch(MODIFIERS + r"(.+)", text.strip(), re.DOTALL)
    modifiers, key = found.groups() if found else ("", "")
    name = _sign_name(key) if len(key) == 1 and not key.isalnum() else key
    if name in NAMED or name in SIGN_NAMES or (len(name) == 1 and name.isalnum()):
        return modifiers + name
    raise ValueError(f"{_short(text)} is no key; possible are {POSSIBLE}")


def _sign_name(sign: str) -> str:
    name = unicodedata.name(sign, "").lower().replace("-", "_").replace(" ", "_")
    return RENAMED.get(name, name)


SIGN_NAMES = {_sign_name(sign): sign for sign in string.punctuation}


def shown_key(name: str) -> str:
    """A key as a person writes it: question_mark is ?."""
    return SIGN_NAMES.get(name, name)


def typed_keys(name: str, text: str) -> tuple[str, ...]:
    """The keys that are typed for a binding, with commas between them. Raises ValueError with what is possible."""
    _known(name)
    return _keys_of([text] if len(text) == 1 else text.split(","))


def read_keys(given: Mapping[str, object]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """The keys of bindings as a person wants them, and a line for each that cannot be had, which keeps its default.

    A value is a key, or an array of them.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    troubles: list[str] = []
    for name, value in given.items():
        try:
            wanted[_known(name)] = _keys_of(value)
        except ValueError as error:
            troubles.append(f"keys.{_short(name, quoted=False)}: {error}")
    return _apart(wanted, troubles), troubles


def _known(name: str) -> str:
    if name == FIXED:
        raise ValueError(f"{BOUND[FIXED].key} always quits")
    if name in BOUND:
        return name
    near = get_close_matches(name[:40], BOUND, n=1)
    hint = f"do you mean {near[0]}?" if near else "attn-tui settings lists them"
    raise ValueError(f"no binding is called so; {hint}")


def _keys_of(value: object) -> tuple[str, ...]:
    each = value if isinstance(value, list) else [value]
    if not each or not all(isinstance(one, str) for one in each):
        raise ValueError(f"a text is due, or an array of texts: {POSSIBLE}")
    keys = tuple(dict.fromkeys(map(key_name, each)))
    for key in STAY:
        if key in keys:
            raise ValueError(f"{key} stays what it is")
    return keys


def _apart(wanted: dict[str, tuple[str, ...]], troubles: list[str]) -> dict[str, tuple[str, ...]]:
    """The wanted keys without those that another binding has; a line is added for each."""
    while clash := _clash(wanted):
        name, key, other = clash
        troubles.append(f"keys.{name}: {key} is the key of {other}, which would need another")
        wanted = {each: keys for each, keys in wanted.items() if each != name}
    return wanted


def _clash(wanted: Mapping[str, tuple[str, ...]]) -> tuple[str, str, str] | None:
    """A binding that wants a key of another, the key, and the other."""
    owners: dict[str, str] = {}
    for name in (*(name for name in BOUND if name not in wanted), *wanted):
        for key in wanted.get(name, (BOUND[name].key,)):
            if key in owners:
                return name, key, owners[key]
            owners[key] = name
    return None


def effective(own: Iterable[tuple[str, tuple[str, ...]]]) -> dict[str, tuple[str, ...]]:
    """The keys of every binding, with a person's own."""
    return {name: (bound.key,) for name, bound in BOUND.items()} | dict(own)


def _short(text: str, *, quoted: bool = True) -> str:
    cut = text if len(text) <= 40 else text[:39] + "…"
    return repr(cut) if quoted else cut
