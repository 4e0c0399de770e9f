"""Text → words, numbers and signs, each with its column."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from .errors import RuleError, quoted
from .words import SPELLINGS

MAX_LENGTH = 2000

HINTS = {
    "=": ': equal is "==", and numbers are given without names, as in window(4)',
    "!": ': not is "~", not equal "!="',
    ".": ": a number is written 0.5",
}

_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>//|<=|>=|==|!=|[-+*/%<>&|^~(),\[\]≤≥≠−×∧∨¬])"
)


class Token(NamedTuple):
    """A word of the notation as the grammar names it (`text`) and as it was typed."""

    kind: str
    text: str
    typed: str
    column: int


def tokens(text: str) -> Iterator[Token]:
    """The tokens of a text, last one of kind "end". Raises RuleError for what is no part of the notation."""
    if len(text) > MAX_LENGTH:
        raise RuleError(f"too long: a rule has at most {MAX_LENGTH} characters", text, MAX_LENGTH)
    column = 0
    while match := _TOKEN.match(text, column):
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), SPELLINGS.get(match[0], match[0]), match[0], column)
        column = match.end()
    if column < len(text):
        char = text[column]
        raise RuleError(f"{quoted(char)} is no part of the notation{HINTS.get(char, '')}", text, column)
    yield Token("end", "", "", len(text.rstrip()))
