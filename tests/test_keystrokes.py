"""What a terminal sends, sifted: however the bytes are cut, and whatever they are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual._ansi_sequences import ANSI_SEQUENCES_KEYS

from attn_tui.keystrokes import FLOOD, LONGEST, MOST_PASTED, Kind, Patience, Sieve, Token, Weir

PIECES = st.sampled_from(
    [
        b"a", b"\r", b"\xc3\xa9", "漢🙂".encode(), b"\x1b", b"\x1b[A", b"\x1bOP", b"\x1b[1;2C", b"\x1b[<0;10;20M",
        b"\x1b[113;5u", b"\x1b[M !!", b"\x1b[200~", b"\x1b[201~", b"\x1b[200~ab\x1b[201~", b"\x1b]52;c;x\x07",
        b"\x1bP1\x1b\\", b"\xff", b"\xe2\x82",
        b"\x1b[" + b"9" * 200, b"[", b";", b"\x1b[99999999u", b"\x1b[[A", b"\x9b",
    ]
)  # fmt: skip
STREAMS = st.lists(PIECES | st.binary(max_size=8), max_size=30).map(b"".join)


def sifted(*pieces: bytes) -> list[Token]:
    """The tokens of bytes that come in pieces; text side by side is one, wherever it was cut."""
    sieve, tokens = Sieve(), list[Token]()
    for piece in pieces:
        for kind, text in sieve.feed(piece):
            before = tokens.pop().text if kind is Kind.TEXT and tokens and tokens[-1].kind is Kind.TEXT else ""
            tokens.append(Token(kind, before + text))
    return tokens


@given(STREAMS, st.lists(st.integers(0, 400), max_size=6))
def test_however_the_bytes_are_cut_the_tokens_are_the_same(stream: bytes, cuts: list[int]) -> None:
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    assert sifted(*[stream[a:b] for a, b in pairwise(places)]) == sifted(stream)


@given(STREAMS)
def test_byte_by_byte_the_tokens_are_the_same(stream: bytes) -> None:
    assert sifted(*[stream[at : at + 1] for at in range(len(stream))]) == sifted(stream)


@given(STREAMS)
def test_after_a_while_anything_is_over_and_the_next_key_counts(stream: bytes) -> None:
    sieve = Sieve()
    list(sieve.feed(stream))
    list(sieve.idle(10))
    list(sieve.idle(10))
    assert list(sieve.feed(b"x")) == [Token(Kind.TEXT, "x")]


@given(STREAMS)
def test_what_comes_out_is_text_that_can_be_written_and_short_sequences(stream: bytes) -> None:
    for kind, text in sifted(stream):
        text.encode()
        assert text
        if kind is Kind.TEXT:
            assert "\x1b" not in text
            assert not any("\x80" <= character <= "\x9f" for character in text)
        elif kind is Kind.SEQUENCE:
            assert text.startswith("\x1b")
            assert len(text) <= LONGEST
            assert text.isascii()


@pytest.mark.parametrize(
    "sequence", [key for key in ANSI_SEQUENCES_KEYS if len(key) > 2 and key[0] == "\x1b" and key[-1] != "$"]
)
def test_every_sequence_that_textual_knows_is_one(sequence: str) -> None:
    assert sifted(sequence.encode()) == [Token(Kind.SEQUENCE, sequence)]


@given(
    st.text(
        st.characters(exclude_categories=["Cs"], exclude_characters="\x1b" + "".join(map(chr, range(0x80, 0xA0)))),
        min_size=1,
    )
)
def test_text_is_the_text(text: str) -> None:
    assert sifted(text.encode()) == [Token(Kind.TEXT, text)]


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x1b\0"), min_size=1))
def test_a_paste_is_its_text_and_keys_go_on_after_it(text: str) -> None:
    assert sifted(b"\x1b[200~" + text.encode() + b"\x1b[201~q") == [Token(Kind.PASTE, text), Token(Kind.TEXT, "q")]


def test_of_a_paste_without_measure_the_beginning_is_kept() -> None:
    (paste,) = sifted(b"\x1b[200~" + b"x" * (3 * MOST_PASTED) + b"\x1b[201~")
    assert paste == Token(Kind.PASTE, "x" * MOST_PASTED)


def test_an_escape_is_the_key_only_after_a_while() -> None:
    sieve = Sieve(Patience(escape=0.3))
    assert list(sieve.feed(b"\x1b")) == []
    assert list(sieve.idle(0.2)) == []
    assert list(sieve.idle(0.3)) == [Token(Kind.ESCAPE, "\x1b")]
    assert list(sieve.idle(9)) == []
    assert sifted(b"\x1bq") == [Token(Kind.ALT, "q")]


def test_what_nobody_can_type_is_no_key_until_there_is_a_gap() -> None:
    weir, flood, key = Weir(), Token(Kind.TEXT, "q" * FLOOD), Token(Kind.TEXT, "q")
    answer, arrow = Token(Kind.SEQUENCE, "\x1b[?2026;2$y"), Token(Kind.SEQUENCE, "\x1b[A")
    assert weir.pass_on([key, arrow]) == [key, arrow]
    assert weir.pass_on([flood, arrow, answer]) == [Token(Kind.PASTE, flood.text), answer]
    assert weir.pass_on([key, arrow]) == [Token(Kind.PASTE, "q")]
    weir.rest()
    assert weir.pass_on([key, arrow]) == [key, arrow]
    assert weir.pass_on([arrow] * FLOOD) == []
    weir.rest()
    assert weir.pass_on([arrow] * (FLOOD - 1)) == [arrow] * (FLOOD - 1)
