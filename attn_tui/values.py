"""Values as people type them: ways to read, to write and to turn them, for the table of parameters.

A reader takes a text and raises ValueError saying what is possible.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from typing import Any

from attn_engine import FIRST, SCALED, UNSCALED, Entry, Kind, entries, parse, parse_normaliser

from .view import KIND_LETTERS


def whole(least: int, most: int) -> Callable[[str], int]:
    """Whole numbers of a range; thousands may be set apart, as in 1,024."""

    def read(text: str) -> int:
        written = re.fullmatch(r"\s*([0-9]{1,15}|[0-9]{1,3}([,_][0-9]{3}){1,4})\s*", text)
        digits = written[1].replace(",", "").replace("_", "") if written else ""
        if not (digits and least <= int(digits) <= most):
            raise ValueError(f"{_quoted(text)} is not a whole number from {least} to {most:,}")
        return int(digits)

    return read


def read_key_heads(text: str) -> int:
    """A number of key heads; all, or 0, is as many as heads."""
    if text.strip().lower() in ("all", "0"):
        return 0
    try:
        return whole(1, 4096)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or all") from None


def write_key_heads(number: int) -> str:
    """The number as it is typed."""
    return str(number or "all")


def read_positive(text: str) -> float:
    """A number above 0."""
    number = _number(text)
    if number is None or number <= 0:
        raise ValueError(f"{_quoted(text)} is not a number above 0")
    return number


def read_scale(text: str) -> float | str:
    """1/√d_k, none or a number."""
    plain = text.strip().lower().replace(" ", "")
    if plain in (SCALED, "1/sqrt(d_k)", "1/√dk", "default"):
        return SCALED
    if plain == UNSCALED:
        return UNSCALED
    number = _number(text)
    if number is None:
        raise ValueError(f"{_quoted(text)}; possible are 1/√d_k (or 1/sqrt(d_k)), none, or a number")
    return number


def read_rule(kind: Kind) -> Callable[[str], str]:
    """A rule of the notation, as its canonical text."""
    return lambda text: str(parse(text, kind))


def read_normaliser(text: str) -> str:
    """A normaliser with its number."""
    name, numbers = parse_normaliser(text)
    return f"{name}({write_number(numbers[0])})" if numbers else name


def one_of(names: Iterable[str]) -> Callable[[str], str]:
    """One of a few names; a beginning that fits only one is enough."""
    known = tuple(names)

    def read(text: str) -> str:
        word = text.strip()
        fitting = [name for name in known if name.startswith(word)] if word else []
        if word in known or len(fitting) == 1:
            return word if word in known else fitting[0]
        raise ValueError(f"{_quoted(text)}; possible are {', '.join(known)}")

    return read


def read_kind(text: str) -> str:
    """A kind of head by its name or beginning; nothing for all."""
    found = one_of((*KIND_LETTERS, "all"))(text)
    return "" if found == "all" else found


def read_zoom(names: Iterable[str], most: int) -> Callable[[str], str]:
    """A zoom by its name, auto among them, or the side of a block, up to `most`."""
    named = one_of(("auto", *names))

    def read(text: str) -> str:
        if text.strip().isdigit():
            return str(whole(2, most)(text))
        try:
            return named(text)
        except ValueError as error:
            raise ValueError(f"{error}, 2 … {most:,}") from None

    return read


def read_pair(text: str) -> tuple[int, int]:
    """Two positions as QUERY,KEY; one number stands for both."""
    first, comma, second = text.partition(",")
    read = whole(0, 10**9)
    try:
        return read(first), read(second if comma else first)
    except ValueError:
        raise ValueError(f"{_quoted(text)} is not QUERY,KEY: two positions counted from 0") from None


def write_pair(pair: tuple[int, int]) -> str:
    """The pair as it is typed."""
    return f"{pair[0]},{pair[1]}"


def read_numbers(nothing: str, most: int = 1_048_575) -> Callable[[str], tuple[int, ...]]:
    """Numbers such as 3,7,9-12, counted from 0, in order; the word `nothing` is none of them."""

    def read(text: str) -> tuple[int, ...]:
        if text.strip().lower() == nothing:
            return ()
        found: set[int] = set()
        for part in text.split(","):
            first, dash, last = part.strip().partition("-")
            ends = [int(end) for end in (first, last if dash else first) if re.fullmatch(r"[0-9]{1,9}", end.strip())]
            if len(ends) < 2 or ends[0] > ends[1] or ends[1] > most or ends[1] - ends[0] + len(found) >= MOST_NUMBERS:
                raise ValueError(f"{_quoted(text)} is no list of numbers such as 3,7,9-12, nor {nothing}")
            found.update(range(ends[0], ends[1] + 1))
        return tuple(sorted(found))

    return read


def write_numbers(nothing: str) -> Callable[[tuple[int, ...]], str]:
    """The inverse: neighbours as a range."""

    def write(numbers: tuple[int, ...]) -> str:
        runs: list[list[int]] = []
        for number in numbers:
            if runs and number == runs[-1][1] + 1:
                runs[-1][1] = number
            else:
                runs.append([number, number])
        return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs) or nothing

    return write


def read_layer(text: str) -> int:
    """The number of a layer, or first."""
    if text.strip().lower() == "first":
        return FIRST
    try:
        return whole(0, 9999)(text)
    except ValueError as error:
        raise ValueError(f"{error}, or first") from None


def write_layer(layer: int) -> str:
    """The layer as it is typed."""
    return "first" if layer == FIRST else str(layer)


def read_layers(text: str) -> tuple[int, ...] | None:
    """Numbers of layers; this, the one on show, is empty, and all is None."""
    try:
        return None if text.strip().lower() == "all" else read_numbers("this", 4095)(text)
    except ValueError as error:
        raise ValueError(f"{error} or all") from None


def write_layers(layers: tuple[int, ...] | None) -> str:
    """The layers as they are typed."""
    return "all" if layers is None else write_numbers("this")(layers)


def read_hidden(text: str) -> tuple[str, ...]:
    """Tokens to hide, set apart by spaces, among which special stands for the special ones; off is none."""
    words = tuple(dict.fromkeys(text.split()))
    if not words:
        raise ValueError(f"{_quoted(text)}; possible are off, special, or tokens set apart by spaces")
    return () if words == ("off",) else words


def write_hidden(tokens: tuple[str, ...]) -> str:
    """The tokens as they are typed."""
    return " ".join(tokens) or "off"


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace("−", "-"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def write_number(number: float) -> str:
    """The number as it is typed, whole where it is."""
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def write_scale(scale: float | str) -> str:
    """The scale as it is typed."""
    return scale if isinstance(scale, str) else write_number(scale)


def _quoted(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:39] + "…")


def step(least: int, most: int) -> Callable[[int, int], int]:
    """One up or down, within a range."""
    return lambda value, direction: min(max(value + direction, least), most)


def along(ladder: tuple[float, ...]) -> Callable[[Any, int], Any]:
    """The next rung of a ladder of numbers, which stays where it is at its ends."""

    def turn(value: float, direction: int) -> float:
        if direction > 0:
            return ladder[min(bisect_right(ladder, value), len(ladder) - 1)]
        return ladder[max(bisect_left(ladder, value) - 1, 0)]

    return turn


def around(names: Iterable[Any]) -> Callable[[Any, int], Any]:
    """The next of a few names, round and round; from a value that is none of them, the first."""
    known = tuple(names)

    def turn(value: Any, direction: int) -> Any:
        return known[(known.index(value) + direction) % len(known)] if value in known else known[0]

    return turn


TEMPERATURES = (
    *(0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    *(1.1, 1.2, 1.35, 1.5, 1.75, 2.0, 2.5, 3.0, 4.0, 5.0, 7.0, 10.0, 20.0, 50.0, 100.0),
)
POWERS = tuple(2**power for power in range(17))
MOST = 1_048_576
MOST_NUMBERS = 4096
"""The longest list of numbers that is read."""


def ready_made(kind: Kind) -> tuple[str, ...]:
    """The rules of the catalogue that need no number, with the numbers they have: what a knob turns through."""
    rules = (entry for entry in entries(kind) if not entry.required)
    return tuple(str(parse(ready_text(entry), kind)) for entry in rules)


def ready_text(entry: Entry) -> str:
    """The rule with the numbers that it has by default."""
    numbers = ", ".join(repr(default) for _, default in entry.parameters)
    return f"{entry.name}({numbers})" if numbers else entry.name
