"""Tokens and words: which tokens are special, and which pieces make one word.

Tokenisers mark pieces in one of a few ways; which of them, is seen from the marks that occur.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SPECIAL = "special"
"""What stands for every special token in a list of tokens to hide."""

SPECIAL_TOKENS = frozenset(
    (
        *("[CLS]", "[SEP]", "[PAD]", "[BOS]", "[EOS]", "[INST]", "[/INST]"),
        *("<s>", "</s>", "<pad>", "<cls>", "<sep>", "<bos>", "<eos>", "<eod>", "<start_of_turn>", "<end_of_turn>"),
    )
)
"""Tokens that frame a text and are not of it; so is all that is written <|…|>. [MASK] and [UNK] stand for words."""

FRAMED = re.compile(r"<[|\uff5c].*[|\uff5c]>", re.DOTALL)


@dataclass(frozen=True)
class PieceMark:
    """One way to mark word pieces: how a mark is seen, whether a piece goes on with the word before, its bare text."""

    name: str
    occurs: Callable[[str], bool]
    goes_on: Callable[[str, str], bool]
    bare: Callable[[str], str]


def _continued(mark: str) -> PieceMark:
    """A mark before each piece but a word's first."""
    return PieceMark(
        f"{mark}ing",
        lambda token: len(token) > len(mark) and token.startswith(mark),
        lambda _, token: token.startswith(mark),
        lambda token: token.removeprefix(mark),
    )


def _started(mark: str, ends: tuple[str, ...] = ()) -> PieceMark:
    """A mark, of a space, before a word's first piece; `ends` are of breaks, which are no part of a word."""
    return PieceMark(
        f"{mark}word",
        lambda token: token.startswith(mark),
        lambda before, token: not (token.startswith((mark, *ends)) or before.endswith(ends)),
        lambda token: token.lstrip(mark),
    )


def _ended(mark: str) -> PieceMark:
    """A mark after a word's last piece."""
    return PieceMark(
        f"word{mark}",
        lambda token: len(token) > len(mark) and token.endswith(mark),
        lambda before, _: not before.endswith(mark),
        lambda token: token.removesuffix(mark),
    )


def _unended(mark: str) -> PieceMark:
    """A mark after each piece but a word's last."""
    return PieceMark(
        f"play{mark}",
        lambda token: len(token) > len(mark) and token.endswith(mark),
        lambda before, _: before.endswith(mark),
        lambda token: token.removesuffix(mark),
    )


PIECE_MARKS = (
    _continued("##"),
    _started("▁", ("\n", "\t")),
    _started("Ġ", ("Ċ", "ĉ")),
    _ended("</w>"),
    _unended("@@"),
)
"""WordPiece, SentencePiece or decoded byte-level BPE, that BPE as it is (GPT-2), BPE of CLIP and of subword-nmt."""


def is_special(token: str) -> bool:
    """Whether a token frames the text: [CLS], </s>, <|endoftext|> and the like."""
    return token in SPECIAL_TOKENS or bool(FRAMED.fullmatch(token))


def is_hidden(token: str, hide: Sequence[str]) -> bool:
    """Whether a token is one of those to hide, among which `SPECIAL` stands for the special ones."""
    return token in hide or (SPECIAL in hide and is_special(token))


def piece_mark(tokens: Sequence[str]) -> PieceMark | None:
    """How these tokens mark word pieces; None where no mark occurs."""
    words = [token for token in tokens if not is_special(token)]
    return next((mark for mark in PIECE_MARKS if any(map(mark.occurs, words))), None)


def word_numbers(tokens: Sequence[str], mark: PieceMark) -> list[int]:
    """The number of the word that each token is of; a special token is a word by itself."""
    numbers: list[int] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1] if place else ""
        alone = not place or is_special(token) or is_special(before)
        numbers.append((numbers[-1] if place else -1) + (alone or not mark.goes_on(before, token)))
    return numbers
