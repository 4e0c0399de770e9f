"""Output in an encoding that lacks the characters of the pictures: the nearest ASCII, one for one where cells count."""

from __future__ import annotations

import codecs
import io
from typing import TextIO

# fmt: off
NEAREST = {
    "·": ".", "░": ":", "▒": "+", "▓": "%", "█": "#", "╱": "/", "≡": "=", "≣": "%",
    "▏": " ", "▎": " ", "▍": " ", "▌": "#", "▋": "#", "▊": "#", "▉": "#",
    "…": "~", "×": "x", "÷": "/", "−": "-", "–": "-", "Σ": "S", "σ": "s",
    "√": "sqrt ", "ᵀ": "^T", "→": "->", "∞": "inf", "≤": "<=", "≥": ">=",
}
# fmt: on


def accept_any_text(stream: TextIO | None) -> None:
    """Let a stream take any text: what its encoding lacks becomes the nearest ASCII, or a question mark."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="nearest")


def for_encoding(text: str, encoding: str) -> str:
    """The text with what an encoding lacks as the nearest ASCII, or a question mark."""
    return encoded(text, encoding).decode(encoding)


def encoded(text: str, encoding: str) -> bytes:
    """The text in an encoding, with what that lacks as the nearest ASCII, or a question mark."""
    return text.encode(encoding, "nearest")


def well_formed(text: str) -> str:
    """The text without lone surrogates, which no encoding has: � for bytes that are no text and for half characters."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def as_bytes(text: str) -> bytes:
    """The text in UTF-8; names of files that are no text as the bytes that they are."""
    try:
        return text.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        return well_formed(text).encode()


def _nearest(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(NEAREST.get(character, "?") for character in error.object[error.start : error.end]), error.end


codecs.register_error("nearest", _nearest)
