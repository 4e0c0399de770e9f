"""What a terminal sends, made whole: bytes become text, keys' sequences and pastes, and what is broken is left out.

Sequences are those of ECMA-48 (CSI, SS3, strings) and of xterm (mouse reports, bracketed paste).
"""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

LONGEST = 96
"""Bytes of the longest sequence that means a key."""

MOST_PASTED = 4096
"""Bytes of a paste that are kept."""

FLOOD = 256
"""Keys at once that nobody has typed, not even by holding one down while the line stood still for seconds."""

ESCAPE = b"\x1b"
PASTE_BEGINS, PASTE_ENDS = b"\x1b[200~", b"\x1b[201~"

TEXT = re.compile(rb"[^\x1b]+")
CONTROL = re.compile(rb"\x1b\[[ -?]*(?P<last>[@-~]?)")  # in any order: there are terminals that send -1
LINUX_KEY = re.compile(rb"\x1b\[\[[A-E]?")
OLD_MOUSE = re.compile(rb"\x1b\[M[\x00-\xff]{0,3}")
SHORT = re.compile(rb"\x1bO[0-9;]*(?P<last>[@-~]?)")
STRING = re.compile(rb"\x1b[\]PX^_][^\x07\x1b]*(?P<last>\x07|\x1b\\)?")
C1 = re.compile("[\x80-\x9f]")


class Kind(Enum):
    """What has come."""

    TEXT = "characters, as typed"
    SEQUENCE = "a whole escape sequence"
    ALT = "a character, with alt"
    ESCAPE = "the escape key"
    PASTE = "what was pasted"


class Token(NamedTuple):
    """One thing that the terminal has sent."""

    kind: Kind
    text: str


@dataclass(frozen=True)
class Patience:
    """Seconds after which what has begun is taken for the escape key, for broken, for all that was pasted."""

    escape: float = 0.1
    rest: float = 0.5
    paste: float = 1.0


class Sieve:
    """Takes bytes in pieces of any size. What it hands out is the same, however they were cut."""

    def __init__(self, patience: Patience | None = None) -> None:
        self._patience = patience or Patience()
        self._held = b""
        self._pasted: bytearray | None = None
        self._decode = getincrementaldecoder("utf-8")("ignore")

    def feed(self, data: bytes) -> Iterator[Token]:
        """What has become whole with these bytes."""
        self._held += data
        while self._held:
            before = len(self._held), self._pasted is None
            yield from self._next() if self._pasted is None else self._paste()
            if before == (len(self._held), self._pasted is None):
                return

    def idle(self, seconds: float) -> Iterator[Token]:
        """What was meant, now that nothing has come for so long."""
        if self._pasted is not None:
            if seconds >= self._patience.paste:
                yield from self._end_paste(self._held)
                self._held = b""
        elif self._held == ESCAPE:
            if seconds >= self._patience.escape:
                self._held = b""
                yield Token(Kind.ESCAPE, "\x1b")
        elif seconds >= self._patience.rest:
            self._held = b""
            self._decode.reset()

    def _next(self) -> Iterator[Token]:
        """The first thing of what is held, if it is whole; what is broken goes."""
        held = self._held
        if not held.startswith(ESCAPE):
            yield from self._text()
            return
        self._decode.reset()  # a character that an escape cuts short is none
        if held.startswith(b"\x1b["):
            yield from self._control()
        elif held.startswith(b"\x1bO"):
            yield from self._short()
        elif held[1:2] and held[1:2] in b"]PX^_":
            self._string()
        elif held.startswith(b"\x1b\x1b"):
            self._held = held[1:]
            yield Token(Kind.ESCAPE, "\x1b")
        elif len(held) > 1:
            letter, self._held = (held[1:2], held[2:]) if held[1] < 0x80 else (b"", held[1:])
            if letter:
                yield Token(Kind.ALT, letter.decode())

    def _text(self) -> Iterator[Token]:
        match = TEXT.match(self._held)
        assert match
        self._held = self._held[match.end() :]
        text = C1.sub("", self._decode.decode(match[0]))
        if text:
            yield Token(Kind.TEXT, text)

    def _control(self) -> Iterator[Token]:
        """CSI: a key, a report of the mouse or of a mode, or where a paste begins."""
        held = self._held
        if match := OLD_MOUSE.match(held):
            if match.end() == 6:
                self._held = held[6:]  # as what it tells is not read, whatever its bytes are
        elif match := LINUX_KEY.match(held):
            if match.end() == 4:
                yield from self._whole(match[0])
            elif len(held) > 3:
                self._held = held[3:]
        elif match := CONTROL.match(held):
            if match["last"]:
                yield from self._whole(match[0])
            elif match.end() < len(held):
                self._held = held[match.end() :]
            else:
                self._held = held[: LONGEST + 1]  # of endless digits

    def _short(self) -> Iterator[Token]:
        match = SHORT.match(self._held)
        assert match
        if match["last"]:
            yield from self._whole(match[0])
        elif match.end() < len(self._held):
            self._held = self._held[match.end() :]
        else:
            self._held = self._held[: LONGEST + 1]

    def _string(self) -> None:
        """OSC, DCS and their like: answers to what was not asked."""
        match = STRING.match(self._held)
        assert match
        rest = self._held[match.end() :]
        if match["last"] or len(rest) > 1:
            self._held = rest
        else:
            self._held = self._held[:2] + rest

    def _whole(self, sequence: bytes) -> Iterator[Token]:
        self._held = self._held[len(sequence) :]
        if sequence == PASTE_BEGINS:
            self._pasted = bytearray()
        elif len(sequence) <= LONGEST and sequence != PASTE_ENDS and _sensible(sequence):
            yield Token(Kind.SEQUENCE, sequence.decode())

    def _paste(self) -> Iterator[Token]:
        """Collect until the end, of which the first bytes may be here already."""
        text, end, rest = self._held.partition(PASTE_ENDS)
        if end:
            yield from self._end_paste(text)
            self._held = rest
            return
        most = next(size for size in range(len(PASTE_ENDS) - 1, -1, -1) if text.endswith(PASTE_ENDS[:size]))
        self._collect(text[: len(text) - most])
        self._held = text[len(text) - most :]

    def _collect(self, data: bytes) -> None:
        assert self._pasted is not None
        self._pasted += data[: MOST_PASTED - len(self._pasted)]

    def _end_paste(self, data: bytes) -> Iterator[Token]:
        assert self._pasted is not None
        self._collect(data)
        text, self._pasted = self._pasted.decode(errors="ignore").replace("\0", ""), None
        if text:
            yield Token(Kind.PASTE, text)


class Weir:
    """Holds back what nobody typed: of a flood, characters are a paste that nobody marked, and keys are none."""

    def __init__(self) -> None:
        self._flooded = False

    def pass_on(self, tokens: list[Token]) -> list[Token]:
        """What of the tokens counts that came together."""
        self._flooded = self._flooded or _keys(tokens) >= FLOOD
        return list(_calmed(tokens)) if self._flooded else tokens

    def rest(self) -> None:
        """Nothing has come when it was waited for: a flood is over."""
        self._flooded = False


def _keys(tokens: list[Token]) -> int:
    return sum(len(token.text) if token.kind is Kind.TEXT else token.kind is not Kind.PASTE for token in tokens)


def _calmed(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        if token.kind in (Kind.TEXT, Kind.PASTE):
            yield Token(Kind.PASTE, token.text)
        elif token.text.startswith("\x1b[?"):
            yield token  # an answer to a question


def _sensible(sequence: bytes) -> bool:
    """Whether every number could be a character's, which is more than any place or size is."""
    numbers = [int(digits[:9]) for digits in re.findall(rb"\d+", sequence)]
    return all(number < 0xD800 or 0xE000 <= number <= 0x10FFFF for number in numbers)
