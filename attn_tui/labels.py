"""Labels of positions: their tokens made harmless, or their numbers; and how wide they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

from rich.cells import cell_len

from attn_engine import Inputs

from .pictures.cells import brief
from .remembering import remembered


def label(token: str) -> str:
    """A token made harmless, as it stands beside a row or column."""
    return brief(token) or "∅"


@lru_cache(maxsize=8)
def labels_of(tokens: tuple[str, ...], length: int) -> tuple[str, ...]:
    """A label for each of so many positions: its token, or where there are none its number."""
    return tuple(map(label, tokens)) if tokens else tuple(map(str, range(length)))


def columns_of(labels: Iterable[str]) -> int:
    """The columns that the widest takes."""
    return max(map(cell_len, labels), default=0)


@remembered
def widest(inputs: Inputs) -> tuple[int, int]:
    """The columns that the widest token of a query takes, and of a key."""
    return columns_of(map(label, inputs.query_tokens)), columns_of(map(label, inputs.key_tokens))


class Labels(Sequence[str]):
    """The tokens of positions, or their numbers where they have none, as text that is made when it is looked at."""

    def __init__(self, tokens: Sequence[str], length: int) -> None:
        self._tokens, self._numbers = tokens, range(length)

    def __len__(self) -> int:
        return len(self._numbers)

    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:  # type: ignore[override]
        found = self._numbers[place]
        return self._at(found) if isinstance(found, int) else tuple(map(self._at, found))

    def _at(self, number: int) -> str:
        return label(self._tokens[number]) if self._tokens else str(number)
