"""Tokens of byte-level BPE, as GPT-2's tokeniser writes them, and the text that they stand for.

There each byte of a text is one letter, so that no token holds a space or a control character: a byte that prints in
Latin-1 (! … ~, ¡ … ¬, ® … ÿ) is that letter, and the other 68, in their order, are the letters from U+0100 on. So
Ġ is a space, Ċ a line feed. Source: bytes_to_unicode in encoder.py of github.com/openai/gpt-2.
"""

from __future__ import annotations

from collections.abc import Sequence

from .words import is_special

PRINTED = (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))
OTHERS = tuple(byte for byte in range(0x100) if byte not in PRINTED)
BYTES = {chr(byte): byte for byte in PRINTED} | {chr(0x100 + place): byte for place, byte in enumerate(OTHERS)}
"""The byte of each letter."""

SPACE = next(letter for letter, byte in BYTES.items() if byte == 0x20)

SHOWN_SPACE = "▁"
"""What a space is shown as: SentencePiece's letter for it, which begins a word where pieces are merged."""


def is_byte_level(rows: Sequence[Sequence[str]]) -> bool:
    """Whether tokens are plainly those of byte-level BPE: all letters are of its alphabet, and a token begins with Ġ.

    Special tokens are written as they are, and do not count.
    """
    tokens = [token for row in rows for token in row if not is_special(token)]
    return any(token.startswith(SPACE) for token in tokens) and all(BYTES.keys() >= set(token) for token in tokens)


def decoded(token: str) -> str:
    """The text of a byte-level token, ▁ for each space; bytes that are no text by themselves as \\xe7."""
    if is_special(token):
        return token
    text = bytes(BYTES[letter] for letter in token).decode("utf-8", "backslashreplace")
    return text.replace(" ", SHOWN_SPACE)
