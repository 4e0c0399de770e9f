"""Tokens: from the file, from files of their own, and counts that do not fit."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import CaptureError, describe, open_capture
from tests.capture_files import npy_of, npz_of, packed_of, random_weights, safetensors_of

WORDS = ("[CLS]", " the", "Ġcat", "猫", "")
WEIGHTS = random_weights(2, 5, 5)


def tokens_of(path: Path, **options: Any) -> tuple[tuple[str, ...], tuple[str, ...]]:
    with open_capture(path, **options) as capture:
        return capture.sets[0].query_tokens(), capture.sets[0].key_tokens()


def written(folder: Path, name: str, content: Any) -> Path:
    path = folder / name
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "array", [np.array(WORDS), np.array(WORDS, dtype=">U9"), np.char.encode(WORDS, "utf-8")], ids=str
)
@pytest.mark.parametrize("write", [npz_of, packed_of])
def test_an_archive_brings_its_tokens_as_text_or_bytes(tmp_path: Path, array: Any, write: Any) -> None:
    assert tokens_of(write(tmp_path, {"attention": WEIGHTS, "tokens": array})) == (WORDS, WORDS)


def test_queries_and_keys_have_tokens_of_their_own(tmp_path: Path) -> None:
    arrays = {"attention": random_weights(2, 2, 5), "query_tokens": np.array(["x", "y"]), "key_tokens": np.array(WORDS)}
    assert tokens_of(npz_of(tmp_path, arrays)) == (("x", "y"), WORDS)


def test_metadata_of_safetensors_hold_tokens_as_json(tmp_path: Path) -> None:
    assert tokens_of(safetensors_of(tmp_path, {"attention": WEIGHTS}, tokens=json.dumps(WORDS))) == (WORDS, WORDS)


def test_each_batch_item_has_its_row_of_tokens(tmp_path: Path) -> None:
    rows = np.array([list("abc"), list("xyz")])
    with open_capture(npz_of(tmp_path, {"attention": random_weights(1, 2, 1, 3, 3), "tokens": rows})) as capture:
        assert ["".join(capture.sets[0].key_tokens(item)) for item in range(2)] == ["abc", "xyz"]


def test_ids_stand_for_themselves(tmp_path: Path) -> None:
    ids = np.array([101, 7, 8, 9, 102])
    assert tokens_of(npz_of(tmp_path, {"attention": WEIGHTS, "tokens": ids}))[0] == ("101", "7", "8", "9", "102")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("tokens.json", list(WORDS)),
        ("tokens.json", {"tokens": list(WORDS)}),
        ("tokens.json", {"query_tokens": list(WORDS), "key_tokens": list(WORDS), "model": 3}),
        ("tokens.txt", "\n".join(WORDS) + "\n"),
        ("tokens.txt", "\r\n".join(WORDS) + "\r\n"),
        ("tokens", "\n".join(WORDS) + "\n"),
        ("tokens", list(WORDS)),
    ],
    ids=str,
)
def test_a_file_of_tokens_is_json_or_one_a_line(tmp_path: Path, name: str, content: Any) -> None:
    path = npy_of(tmp_path, WEIGHTS)
    assert tokens_of(path, tokens=written(tmp_path, name, content)) == (WORDS, WORDS)


def test_tokens_given_for_one_side_leave_the_other_its_own(tmp_path: Path) -> None:
    path = npz_of(tmp_path, {"attention": WEIGHTS, "tokens": np.array(WORDS)})
    lines = written(tmp_path, "keys.txt", "a\nb\nc\nd\ne")
    assert tokens_of(path, key_tokens=lines) == (WORDS, ("a", "b", "c", "d", "e"))
    assert tokens_of(path, query_tokens=list("vwxyz")) == (tuple("vwxyz"), WORDS)


def test_given_tokens_replace_all_of_the_files_own(tmp_path: Path) -> None:
    path = npz_of(tmp_path, {"attention": WEIGHTS, "query_tokens": np.array(WORDS), "key_tokens": np.array(WORDS)})
    assert tokens_of(path, tokens=list("abcde")) == (tuple("abcde"), tuple("abcde"))


@pytest.mark.parametrize("count", [3, 9])
def test_a_count_that_does_not_fit_opens_and_says_both_numbers(tmp_path: Path, count: int) -> None:
    with open_capture(npy_of(tmp_path, WEIGHTS), tokens=["a"] * count) as capture:
        (found,) = capture.sets
        assert str(count) in found.token_note
        assert "5" in found.token_note
        assert found.query_tokens() == ("a", "a", "a", *(["a", "a"] if count > 5 else ["", ""]))
        assert describe(capture).sets[0].token_note == found.token_note


def test_without_tokens_there_are_none(tmp_path: Path) -> None:
    assert tokens_of(npy_of(tmp_path, WEIGHTS)) == ((), ())


@pytest.mark.parametrize(
    "array",
    [
        np.array(WORDS, dtype=object),
        np.zeros(5),
        np.zeros((1, 1, 5), dtype="U1"),
    ],
    ids=["objects", "numbers", "rank 3"],
)
def test_tokens_that_are_none_are_told_and_the_weights_shown(tmp_path: Path, array: Any) -> None:
    with open_capture(npz_of(tmp_path, {"attention": WEIGHTS, "tokens": array})) as capture:
        assert any("tokens are not used" in note for note in capture.notes)
        np.testing.assert_array_equal(capture.sets[0].layer(0), WEIGHTS)


def test_characters_that_are_none_are_replaced(tmp_path: Path) -> None:
    codes = np.array([ord("a"), 0xD800, 0x7FFFFFFF, ord("b"), 0], dtype=np.uint32).view("U1")
    path = npz_of(tmp_path, {"attention": WEIGHTS, "tokens": codes})
    tokens = tokens_of(path)[0]
    assert tokens[0] == "a"
    assert "".join(tokens).encode() != b""
    given = tokens_of(path, tokens=written(tmp_path, "t.json", '["\\ud800", "b", "\\ud83d\\ude00", "", ""]'))[0]
    assert "".join(given).encode() == "�b😀".encode()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.json", "{"),
        ("t.json", "[1, 2]"),
        ("t.json", '{"words": []}'),
        ("t.json", '{"tokens": "abc"}'),
        ("t.json", "[" * 100_000),
        ("t.json", '{"tokens": [], "tokens": []}'),
        ("t.json", "7"),
        ("t.txt", "a\0b"),
    ],
    ids=lambda value: value[:20],
)
def test_a_file_that_holds_no_tokens_is_refused_by_its_own_name(tmp_path: Path, name: str, content: str) -> None:
    path = written(tmp_path, name, content)
    with pytest.raises(CaptureError, match=name) as caught:
        open_capture(npy_of(tmp_path, WEIGHTS), tokens=path)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_and_files_that_are_not_there_are_refused(tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "t.txt", tmp_path / "none.json", tmp_path):
        with pytest.raises(CaptureError, match=path.name):
            open_capture(npy_of(tmp_path, WEIGHTS), tokens=path)


def generated(queries: int, keys: int, prompt: int = 3, name: str = "attentions") -> dict[str, Any]:
    """The steps of generate(): the prompt's rows, then a row a step, which sees one key more."""
    first = random_weights(1, 2, prompt, keys - queries + prompt)
    later = [random_weights(1, 2, 1, keys - queries + at + 1) for at in range(prompt, queries)]
    return {f"{name}.{step}.0": array for step, array in enumerate([first, *later])}


@pytest.mark.parametrize("queries", [3, 8])
def test_the_last_token_of_generate_was_never_attended_and_is_left_out(tmp_path: Path, queries: int) -> None:
    words = tuple(f"w{at}" for at in range(queries + 1))
    with open_capture(npz_of(tmp_path, generated(queries, queries) | {"tokens": np.array(words)})) as capture:
        (found,) = capture.sets
        assert found.token_note == ""
        assert found.query_tokens() == found.key_tokens() == words[:-1]


@pytest.mark.parametrize("count", [2, 7, 10])
def test_another_count_than_one_more_is_told_of_generate(tmp_path: Path, count: int) -> None:
    with open_capture(npz_of(tmp_path, generated(8, 8)), tokens=["a"] * count) as capture:
        assert capture.sets[0].token_note == f"{count} tokens for 8 queries; {count} tokens for 8 keys"


def test_keys_of_an_encoder_have_no_token_more_in_generate(tmp_path: Path) -> None:
    steps = {f"cross_attentions.{step}.0": random_weights(1, 2, 1, 4) for step in range(3)}
    names = {"decoder_tokens": np.array(list("abcd")), "encoder_tokens": np.array(list("vwxyz"))}
    with open_capture(npz_of(tmp_path, steps | names)) as capture:
        assert capture.sets[0].token_note == "5 tokens for 4 keys"
        assert capture.sets[0].query_tokens() == tuple("abc")
