"""The table of parameters: one row is a knob, a key, an option and a line of help.

Rows of the experiment decide the numbers, rows of the view only the pixels. This module loads neither NumPy nor
Textual, so that `--help` answers at once.
"""

from __future__ import annotations

import math
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from attn_engine import (
    ALIGNMENTS,
    SCALED,
    SOURCES,
    UNSCALED,
    Entry,
    Kind,
    entries,
    normaliser_signatures,
    parse,
    parse_normaliser,
)

from . import view as views
from .pictures.palettes import PALETTES


@dataclass(frozen=True)
class Parameter:
    """One parameter: its field in the experiment or the view, its names, its range, how it is read and turned.

    `read` takes the text a person typed and raises ValueError saying what is possible; `write` is its inverse.
    `turn`, for knobs, gives the next value up (+1) or down (−1).
    """

    field: str
    options: tuple[str, ...]
    possible: str
    help: str
    read: Callable[[str], Any]
    write: Callable[[Any], str] = str
    name: str = ""
    key: str = ""
    turn: Callable[[Any, int], Any] | None = None
    flag: bool = False
    examples: tuple[str, ...] = ()
    """Values to complete what is typed."""

    @property
    def option(self) -> str:
        """The option's first spelling."""
        return self.options[0]


# Ways to read and to turn.


def whole(least: int, most: int) -> Callable[[str], int]:
    """Whole numbers of a range; thousands may be set apart, as in 1,024."""

    def read(text: str) -> int:
        written = re.fullmatch(r"\s*([0-9]{1,15}|[0-9]{1,3}([,_][0-9]{3}){1,4})\s*", text)
        digits = written[1].replace(",", "").replace("_", "") if written else ""
        if not (digits and least <= int(digits) <= most):
            raise ValueError(f"{_quoted(text)} is not a whole number from {least} to {most:,}")
        return int(digits)

    return read


def _positive(text: str) -> float:
    number = _number(text)
    if number is None or number <= 0:
        raise ValueError(f"{_quoted(text)} is not a number above 0")
    return number


def _scale(text: str) -> float | str:
    plain = text.strip().lower().replace(" ", "")
    if plain in (SCALED, "1/sqrt(d_k)", "1/√dk", "default"):
        return SCALED
    if plain == UNSCALED:
        return UNSCALED
    number = _number(text)
    if number is None:
        raise ValueError(f"{_quoted(text)}; possible are 1/√d_k (or 1/sqrt(d_k)), none, or a number")
    return number


def _rule(kind: Kind) -> Callable[[str], str]:
    return lambda text: str(parse(text, kind))


def _normaliser(text: str) -> str:
    name, numbers = parse_normaliser(text)
    return f"{name}({_plain_number(numbers[0])})" if numbers else name


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


def _zoom(text: str) -> str:
    if text.strip().isdigit():
        return str(whole(2, views.MOST_BLOCK)(text))
    try:
        return one_of(("auto", *views.ZOOMS))(text)
    except ValueError as error:
        raise ValueError(f"{error}, 2 … {views.MOST_BLOCK}") from None


def _pair(text: str) -> tuple[int, int]:
    first, comma, second = text.partition(",")
    read = whole(0, 10**9)
    try:
        return read(first), read(second if comma else first)
    except ValueError:
        raise ValueError(f"{_quoted(text)} is not QUERY,KEY: two positions counted from 0") from None


def _write_pair(pair: tuple[int, int]) -> str:
    return f"{pair[0]},{pair[1]}"


def _number(text: str) -> float | None:
    try:
        number = float(text.strip().replace("−", "-"))
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _plain_number(number: float) -> str:
    return str(int(number)) if number == int(number) and abs(number) < 1e15 else repr(number)


def _write_scale(scale: float | str) -> str:
    return scale if isinstance(scale, str) else _plain_number(scale)


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


def ready_made(kind: Kind) -> tuple[str, ...]:
    """The rules of the catalogue that need no number, with the numbers they have: what a knob turns through."""
    rules = (entry for entry in entries(kind) if not entry.required)
    return tuple(str(parse(_with_defaults(entry), kind)) for entry in rules)


def _with_defaults(entry: Entry) -> str:
    numbers = ", ".join(repr(default) for _, default in entry.parameters)
    return f"{entry.name}({numbers})" if numbers else entry.name


_masks = ready_made(Kind.MASK)
_score_mods = ready_made(Kind.SCORE_MOD)

KNOBS: tuple[Parameter, ...] = (
    Parameter(
        field="source",
        options=("--source",),
        name="source",
        key="x",
        possible=", ".join(SOURCES),
        help="where queries, keys and values come from",
        read=one_of(SOURCES),
        examples=tuple(SOURCES),
        turn=around(SOURCES),
    ),
    Parameter(
        field="query_length",
        options=("--queries",),
        name="queries",
        key="Q",
        possible="1 …",
        help="how many queries a made source has",
        read=whole(1, MOST),
        turn=step(1, MOST),
    ),
    Parameter(
        field="key_length",
        options=("--keys",),
        name="keys",
        key="K",
        possible="1 …",
        help="how many keys a made source has",
        read=whole(1, MOST),
        turn=step(1, MOST),
    ),
    Parameter(
        field="num_heads",
        options=("--heads",),
        name="heads",
        key="H",
        possible="1 …",
        help="how many heads a made source has",
        read=whole(1, 4096),
        turn=step(1, 4096),
    ),
    Parameter(
        field="head_dim",
        options=("--head-dim", "--d-k"),
        name="head dim",
        key="d",
        possible="1 …",
        help="width of each query and key, d_k",
        read=whole(1, 65536),
        turn=along(POWERS),
    ),
    Parameter(
        field="scale",
        options=("--scale",),
        name="scale",
        key="s",
        possible="1/√d_k, none, a number",
        help="what the scores q·k are multiplied with",
        read=_scale,
        write=_write_scale,
        turn=around((SCALED, UNSCALED)),
    ),
    Parameter(
        field="temperature",
        options=("--temperature",),
        name="temperature",
        key="t",
        possible="> 0",
        help="what the scores are divided by before the normaliser",
        read=_positive,
        write=_plain_number,
        turn=along(TEMPERATURES),
    ),
    Parameter(
        field="mask",
        options=("--mask",),
        name="mask",
        key="m",
        possible=f"{', '.join(_masks)}, or any rule of q and k",
        help="who may look where",
        read=_rule(Kind.MASK),
        examples=_masks,
        turn=around(_masks),
    ),
    Parameter(
        field="score_mod",
        options=("--score-mod",),
        name="score mod",
        key="b",
        possible=f"{', '.join(_score_mods)}, or any rule of s, q, k, h",
        help="what changes a score",
        read=_rule(Kind.SCORE_MOD),
        examples=_score_mods,
        turn=around(_score_mods),
    ),
    Parameter(
        field="normaliser",
        options=("--normaliser", "--normalizer"),
        name="normaliser",
        key="o",
        possible=", ".join(normaliser_signatures()),
        help="how scores become weights",
        read=_normaliser,
        examples=normaliser_signatures(),
        turn=around(("softmax", "softmax1", "sink_logit(1)", "sigmoid", "sparsemax")),
    ),
    Parameter(
        field="align",
        options=("--align",),
        name="alignment",
        key="A",
        possible=", ".join(ALIGNMENTS),
        help="; ".join(f"{name}: {sentence}" for name, sentence in ALIGNMENTS.items()),
        read=one_of(ALIGNMENTS),
        turn=around(ALIGNMENTS),
    ),
    Parameter(
        field="seed",
        options=("--seed",),
        name="seed",
        key="r",
        possible="0 …",
        help="the random draw of a made source",
        read=whole(0, 2**32 - 1),
        turn=step(0, 2**32 - 1),
    ),
    Parameter(
        field="layer",
        options=("--layer",),
        possible="0 …",
        help="the layer, counted from 0",
        read=whole(0, 9999),
        turn=step(0, 9999),
    ),
)  # fmt: skip

VIEW: tuple[Parameter, ...] = (
    Parameter("head", ("--head",), "0 …", "the head, counted from 0", whole(0, 4095), turn=step(0, 4095)),
    Parameter(
        "page", ("--view",), ", ".join(views.PAGES), "the view to open", one_of(views.PAGES)
    ),
    Parameter(
        "stage",
        ("--stage",),
        ", ".join(views.STAGES),
        "what the map shows of the computation",
        one_of(views.STAGES),
        turn=around(views.STAGES),
    ),
    Parameter(
        "colour_range",
        ("--range",),
        ", ".join(views.RANGES),
        "how numbers become colours: " + "; ".join(f"{key}: {text}" for key, text in views.RANGES.items()),
        one_of(views.RANGES),
        turn=around(views.RANGES),
    ),
    Parameter(
        "palette",
        ("--palette",),
        ", ".join(PALETTES),
        "the colours of the map",
        one_of(PALETTES),
        turn=around(PALETTES),
    ),
    Parameter("theme", ("--theme",), ", ".join(views.THEMES), "the background", one_of(views.THEMES)),
    Parameter(
        "zoom",
        ("--zoom",),
        f"auto, numbers, cells, half, 2 … {views.MOST_BLOCK}",
        "how large a cell is drawn; a number n makes each cell a block of n × n positions",
        _zoom,
    ),
    Parameter(
        "blocks",
        ("--blocks",),
        ", ".join(views.BLOCKS),
        "what a block of positions shows",
        one_of(views.BLOCKS),
        turn=around(views.BLOCKS),
    ),
    Parameter(
        "cursor", ("--cursor",), "QUERY,KEY", "the cell to stand on", _pair, _write_pair
    ),
    Parameter(
        "scroll",
        ("--scroll",),
        "QUERY,KEY",
        "the first row and column shown where not all fit",
        _pair,
        _write_pair,
    ),
    Parameter(
        "compare",
        ("--compare",),
        ", ".join(views.COMPARE),
        "with --pin: " + "; ".join(f"{key}: {text}" for key, text in views.COMPARE.items()),
        one_of(views.COMPARE),
    ),
    Parameter(
        "panel",
        ("--panel",),
        ", ".join(views.PANELS),
        "the panel that the keys go to, and that a small terminal shows",
        one_of(views.PANELS),
    ),
    Parameter("search", ("--search",), "a token", "mark the tokens that contain this text", str),
    Parameter("picture_only", ("--picture-only",), "", "the map alone", bool, flag=True),
    Parameter("text", ("--text",), "", "the tokens as running text, shaded", bool, flag=True),
    Parameter("explain", ("--explain",), "", "one cell, step by step", bool, flag=True),
)  # fmt: skip

PARAMETERS = (*KNOBS, *VIEW)

BY_FIELD = {row.field: row for row in PARAMETERS}
BY_KEY = {row.key: row for row in KNOBS if row.key}
