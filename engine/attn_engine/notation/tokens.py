"""Text → words, numbers and signs, each with its column.

What is pasted from FlexAttention code is understood: `lambda b, h, q_idx, kv_idx: …`, a function that is nothing
but a `return` of one expression (with annotations and a docstring, if it has them), `torch.abs` and the like. What
is around the expression is passed over. Its signs are read with the notation's precedence, not with Python's.
"""

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
    r"|(?P<name>(?:torch\.(?=[a-z]))?[A-Za-z_][A-Za-z_0-9]*)"
    r"|(?P<sign>//|<=|>=|==|!=|[-+*/%<>&|^~(),\[\]≤≥≠−×∧∨¬])"
)


_FUNCTION = re.compile(
    r"\s*(?:def\s+\w+\s*\((?P<defined>[^()]*)\)\s*(?:->[^:]*)?:\s*(?:\"\"\"[^\"]*\"\"\"|\"[^\"\n]*\")?\s*return\b"
    r"|(?:\w+\s*=\s*)?lambda\b(?P<given>[^:()]*):)"
)
_STARTS = re.compile(r"\s*(?:def\b|lambda\b|\w+\s*=\s*lambda\b)")
_PARAMETERS = ("b,h,q_idx,kv_idx", "score,b,h,q_idx,kv_idx", "b,h,q,k", "s,b,h,q,k")


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
    column = _beginning(text)
    while match := _TOKEN.match(text, column):
        if match.lastgroup != "space":
            yield Token(str(match.lastgroup), SPELLINGS.get(match[0], match[0]), match[0], column)
        column = match.end()
    if column < len(text):
        char = text[column]
        raise RuleError(f"{quoted(char)} is no part of the notation{HINTS.get(char, '')}", text, column)
    yield Token("end", "", "", len(text.rstrip()))


def _beginning(text: str) -> int:
    """Where the expression begins: at 0, or behind the head of a function."""
    starts = _STARTS.match(text)
    if not starts:
        return 0
    match = _FUNCTION.match(text)
    if not match:
        raise RuleError("of a function only one return with an expression is understood", text, starts.end())
    names = (name.partition(":")[0].strip() for name in (match["defined"] or match["given"] or "").split(","))
    if ",".join(names) not in _PARAMETERS:
        raise RuleError(
            "a function is understood with b, h, q_idx, kv_idx; in score mods score first", text, starts.end()
        )
    return match.end()
