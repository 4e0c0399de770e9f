"""Tokens in the letters of byte-level BPE are shown as the text that they stand for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import open_capture
from attn_engine.bytelevel import decoded, is_byte_level
from attn_engine.words import piece_mark, word_numbers
from tests.capture_files import npz_of
from tests.test_cli import program

TOKENS = ("The", "Ġanimal", "Ġdid", "n", "âĢĻ", "t", "Ċ", "ĠÃ©t", "Ã©", "<|endoftext|>")
SHOWN = ("The", "▁animal", "▁did", "n", "’", "t", "\n", "▁ét", "é", "<|endoftext|>")


def letters(text: str) -> str:
    """The text as GPT-2's tokeniser writes it: bytes that do not print are counted up from U+0100."""
    unprinted = [
        byte for byte in range(256) if not ("!" <= chr(byte) <= "~" or (chr(byte).isprintable() and byte > 160))
    ]
    return "".join(chr(256 + unprinted.index(byte)) if byte in unprinted else chr(byte) for byte in text.encode())


def saved(folder: Path, *tokens: str) -> Path:
    weights = np.full((len(tokens), len(tokens)), 1 / len(tokens), dtype=np.float32)
    return npz_of(folder, {"attention": weights, "tokens": np.array(tokens)})


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_what_the_tokeniser_writes_is_read_back_with_a_mark_for_each_space(text: str) -> None:
    token = letters(f" {text}")
    assert is_byte_level([[token]])
    assert decoded(token) == f" {text}".replace(" ", "▁")


def test_a_character_cut_in_two_stays_two_different_tokens() -> None:
    first, second = letters("猫")[:2], letters("猫")[2:]
    assert (decoded(first), decoded(second)) == ("\\xe7\\x8c", "\\xab")


def test_the_tokens_of_a_file_are_text(tmp_path: Path) -> None:
    with open_capture(saved(tmp_path, *TOKENS)) as capture:
        assert capture.sets[0].query_tokens() == capture.sets[0].key_tokens() == SHOWN


@pytest.mark.parametrize(
    "tokens",
    [
        ("the", "cat", "naïve"),
        ("Ġthe", "猫"),
        ("Ġthe", "a b"),
        ("▁the", "▁Ġ"),
        ("[CLS]", "##ing"),
    ],
    ids=["no Ġ", "a letter of no byte", "a space", "SentencePiece", "WordPiece"],
)
def test_tokens_that_are_not_plainly_byte_level_stay_as_they_are(tmp_path: Path, tokens: tuple[str, ...]) -> None:
    with open_capture(saved(tmp_path, *tokens)) as capture:
        assert capture.sets[0].key_tokens() == tokens


def test_special_tokens_of_other_letters_do_not_count(tmp_path: Path) -> None:
    begin = "<\uff5cbegin▁of▁sentence\uff5c>"
    with open_capture(saved(tmp_path, begin, "Hi", "Ġyou")) as capture:
        assert capture.sets[0].key_tokens() == (begin, "Hi", "▁you")


def test_pieces_are_merged_into_the_same_words_as_before() -> None:
    numbers = []
    for tokens in (TOKENS, SHOWN):
        mark = piece_mark(tokens)
        assert mark is not None
        numbers.append(word_numbers(tokens, mark))
    assert numbers[0] == numbers[1] == [0, 1, 2, 2, 2, 2, 3, 4, 4, 5]


def test_print_and_info_show_them(tmp_path: Path) -> None:
    path = saved(tmp_path, *TOKENS)
    told = program("info", str(path)).stdout
    assert "The ▁animal ▁did n ’ t ␊ ▁ét é <|endoftext|>" in told
    words = program("print", str(path), "--query", "0", "--merge-words").stdout
    assert " animal\n" in words
    assert " didn’t\n" in words
    assert "Ġ" not in told + words + program("print", str(path)).stdout
