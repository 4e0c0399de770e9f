"""What the screen calls keys: a person's own, where the settings have some for a binding."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from rich.cells import cell_len

from .keymap import BOUND, effective, shown_key

Own = Iterable[tuple[str, tuple[str, ...]]]
"""A person's own keys of bindings, by their ids."""

ARROWS = {"left": "←", "right": "→", "up": "↑", "down": "↓"}

BY_DEFAULT = {shown_key(bound.key): name for name, bound in BOUND.items()}
"""The binding that has a key where nothing else is settled."""


def drawn_key(key: str) -> str:
    """A key as the screen shows it: shift+left is shift+←, question_mark is ?."""
    modifiers, plus, last = key.rpartition("+")
    return f"{modifiers}{plus}{ARROWS.get(last) or shown_key(last)}"


class Keycaps:
    """The keys of every binding, as the screen shows them. By the id of a binding: its first key."""

    def __init__(self, own: Own) -> None:
        self._keys = {name: tuple(map(drawn_key, keys)) for name, keys in effective(own).items()}
        self._together: dict[str, str] = {}
        self.widest = max(cell_len(keys[0]) for name, keys in self._keys.items() if name.startswith("knob."))

    def __getitem__(self, name: str) -> str:
        return self._keys[name][0]

    def all_of(self, name: str) -> str:
        """Every key of an action: ← h."""
        numbered = (f"{name}.{number}" for number in range(1, len(self._keys)))
        return " ".join(key for each in (name, *numbered) for key in self._keys.get(each, ()))

    def each(self, names: str) -> str:
        """The first keys of bindings, side by side: ← → ↑ ↓."""
        return " ".join(self[name] for name in names.split())

    def together(self, names: str) -> str:
        """The keys of bindings that belong together, as short as can be: ←↑↓→, or shift+←→, or n N."""
        if names not in self._together:
            self._together[names] = _shortest([self[name] for name in names.split()])
        return self._together[names]

    def instead_of(self, key: str) -> str:
        """What a person presses in the place of a key; the key itself, where it is nobody's."""
        return self[BY_DEFAULT[key]] if key in BY_DEFAULT else key


def _shortest(keys: list[str]) -> str:
    signs, held = {key[-1] for key in keys}, {key[:-1] for key in keys}
    if len(held) == 1 and signs <= set(ARROWS.values()):
        return held.pop() + "".join(key[-1] for key in keys)
    return " ".join(keys)


@lru_cache(maxsize=8)
def keycaps(own: tuple[tuple[str, tuple[str, ...]], ...] = ()) -> Keycaps:
    """The keys of every binding with a person's own."""
    return Keycaps(own)
