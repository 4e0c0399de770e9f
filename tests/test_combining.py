"""Heads, tokens and words put together, against plain loops and the laws they keep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import (
    PIECE_MARKS,
    Experiment,
    FieldError,
    combined,
    inputs_of,
    is_special,
    piece_mark,
    pooled,
    pooled_heads,
    renormalised,
    run,
    word_numbers,
)
from tests.drawing import quick

WORDPIECES = ("[CLS]", "un", "##believ", "##able", "he", "play", "##s", "[SEP]")
PIECES = ("[CLS]", "play", "##ing", "##s", "the", "[SEP]", "game")
pieces = st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).filter(lambda each: not all(map(is_special, each)))


def softmax_like(rows: int, columns: int, seed: int) -> tuple[Any, Any]:
    """Random weights whose seen rows sum to 1, and their mask."""
    random = np.random.default_rng(seed)
    mask = random.random((rows, columns)) < 0.8
    weights = np.where(mask, random.random((rows, columns)) + 0.01, 0)
    sums = weights.sum(axis=1, keepdims=True)
    return np.divide(weights, sums, out=weights, where=sums > 0), mask


def words_by_hand(tokens: list[str]) -> list[list[int]]:
    """WordPiece by a plain loop: which tokens are of one word."""
    words: list[list[int]] = []
    for at, token in enumerate(tokens):
        joins = token.startswith("##") and at > 0 and tokens[at - 1] not in ("[CLS]", "[SEP]")
        if joins:
            words[-1].append(at)
        else:
            words.append([at])
    return words


# Against plain loops


@quick
@given(pieces, pieces, st.integers(0, 99))
def test_words_are_sums_over_keys_and_means_over_queries(queries: list[str], keys: list[str], seed: int) -> None:
    weights, mask = softmax_like(len(queries), len(keys), seed)
    found = combined(weights, mask, queries, keys, merge=True)
    rows, columns = words_by_hand(queries), words_by_hand(keys)
    if not any(token.startswith("##") for token in (*queries, *keys)):
        rows, columns = [[at] for at in range(len(queries))], [[at] for at in range(len(keys))]
    assert found.query_places == tuple(map(tuple, rows))
    assert found.key_places == tuple(map(tuple, columns))
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            total = sum(sum(weights[q, k] for k in column) for q in row) / len(row)
            assert found.weights[i, j] == pytest.approx(total)
            assert found.mask[i, j] == any(mask[q, k] for q in row for k in column)


@quick
@given(pieces, st.integers(0, 99), st.booleans())
def test_hidden_tokens_are_left_out_as_rows_and_as_columns(tokens: list[str], seed: int, renormalise: bool) -> None:
    tokens = [*tokens, "game"]
    weights, mask = softmax_like(len(tokens), len(tokens), seed)
    found = combined(weights, mask, tokens, tokens, hide=("special", "the"), renormalise=renormalise)
    kept = [at for at, token in enumerate(tokens) if token not in ("[CLS]", "[SEP]", "the")]
    assert [places[0] for places in found.query_places] == kept
    assert found.key_labels == tuple(tokens[at] for at in kept)
    for i, query in enumerate(kept):
        left = sum(weights[query, key] for key in kept)
        for j, key in enumerate(kept):
            expected = weights[query, key] / left if renormalise and left > 0 else weights[query, key]
            assert found.weights[i, j] == pytest.approx(expected)


@quick
@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 6), st.integers(0, 99), st.sampled_from(["mean", "max"]))
def test_heads_are_pooled_cell_by_cell(heads: int, rows: int, columns: int, seed: int, over: str) -> None:
    pictures = [softmax_like(rows, columns, seed + head) for head in range(heads)]
    weights, mask = pooled(iter(pictures), over)
    for i in range(rows):
        for j in range(columns):
            cells = [float(each[i, j]) for each, _ in pictures]
            assert weights[i, j] == pytest.approx(max(cells) if over == "max" else sum(cells) / heads)
            assert mask[i, j] == any(seen[i, j] for _, seen in pictures)


def test_the_mean_over_heads_and_layers_of_the_sample_is_that_of_their_weights() -> None:
    weights, _, note = pooled_heads(Experiment(), "mean", (0, 5), None)
    every = [run(Experiment(layer=layer)).weights[head] for layer in range(6) for head in (0, 5)]
    np.testing.assert_allclose(weights, np.mean(every, axis=0), rtol=1e-5)
    assert note == "mean of heads 0, 5 in 6 layers"
    assert pooled_heads(Experiment(), "max")[2] == "maximum of 12 heads"


# Laws


@quick
@given(pieces, pieces, st.integers(0, 99))
def test_merging_keeps_what_a_row_sums_to(queries: list[str], keys: list[str], seed: int) -> None:
    weights, mask = softmax_like(len(queries), len(keys), seed)
    found = combined(weights, mask, queries, keys, merge=True)
    sums = [weights[list(places)].sum(axis=1).mean() for places in found.query_places]
    np.testing.assert_allclose(found.weights.sum(axis=1), sums)


@quick
@given(pieces, st.integers(0, 99), st.booleans())
def test_renormalised_rows_sum_to_1_or_see_nothing(tokens: list[str], seed: int, merge: bool) -> None:
    weights, mask = softmax_like(len(tokens), len(tokens), seed)
    weights, mask = weights.astype(np.float32), mask & (np.arange(len(tokens)) <= np.arange(len(tokens))[:, None])
    found = combined(weights * mask, mask, tokens, tokens, hide=("special",), renormalise=True, merge=merge)
    sums = found.weights.sum(axis=1)
    members = np.array([(weights * mask)[list(rows)][:, _flat(found.key_places)].sum(axis=1).min()
                        for rows in found.query_places])  # fmt: skip
    np.testing.assert_allclose(sums[members > 0], 1, rtol=1e-5)


def _flat(places: tuple[tuple[int, ...], ...]) -> list[int]:
    return [at for group in places for at in group]


@quick
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 99), st.booleans())
def test_without_special_tokens_and_pieces_nothing_changes(rows: int, columns: int, seed: int, named: bool) -> None:
    weights, mask = softmax_like(rows, columns, seed)
    tokens = (("a",) * rows, ("b",) * columns) if named else ((), ())
    found = combined(weights, mask, *tokens, hide=("special",), merge=True)
    np.testing.assert_array_equal(found.weights, weights)
    np.testing.assert_array_equal(found.mask, mask)
    assert found.query_places == tuple((at,) for at in range(rows))


def test_a_row_that_is_not_finite_or_has_nothing_left_is_not_repaired() -> None:
    rows = np.array([[0.5, np.nan], [0, 0], [0.2, 0.2]], dtype=np.float32)
    found = renormalised(rows, np.ones((3, 2), dtype=np.bool_))
    np.testing.assert_array_equal(found, [[0.5, np.nan], [0, 0], [0.5, 0.5]])


# Tokens


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ("[CLS] un ##believ ##able he play ##s [SEP]", "[CLS] unbelievable he plays [SEP]"),
        ("<s> ▁un believ able ▁he ▁play s . </s>", "<s> unbelievable he plays. </s>"),
        ("un believable Ġhe Ġplay s Ċ He <|endoftext|>", "unbelievable he plays Ċ He <|endoftext|>"),
        ("un believable</w> he</w>", "unbelievable he"),
        ("un@@ believable he", "unbelievable he"),
    ],
    ids=[mark.name for mark in PIECE_MARKS],
)
def test_each_tokenisers_marks_make_its_words(tokens: str, words: str) -> None:
    square = np.eye(len(tokens.split()))
    found = combined(square, square > 0, tokens.split(), tokens.split(), merge=True)
    assert list(found.key_labels) == words.split()
    assert found.notes == ("words",)


def test_a_word_does_not_go_on_over_a_hidden_token() -> None:
    tokens = ("▁a", "</s>", "b", "c")
    square = np.eye(4)
    found = combined(square, square > 0, tokens, tokens, hide=("special",), merge=True)
    assert found.key_labels == ("a", "bc")
    assert found.key_places == ((0,), (2, 3))


def test_numbers_of_words_count_up_one_by_one() -> None:
    mark = piece_mark(WORDPIECES)
    assert mark is not None
    assert word_numbers(WORDPIECES, mark) == [0, 1, 1, 1, 2, 3, 3, 4]


@pytest.mark.parametrize("token", ["[CLS]", "[PAD]", "</s>", "<pad>", "<|endoftext|>", "<|im_start|>", "<bos>"])
def test_tokens_that_frame_a_text_are_special(token: str) -> None:
    assert is_special(token)


@pytest.mark.parametrize("token", ["[MASK]", "[UNK]", "cls", "[", "<", "||", "[cls]x", "##s"])
def test_tokens_of_the_text_are_not_special(token: str) -> None:
    assert not is_special(token)


def test_what_was_done_is_said_in_words() -> None:
    square = np.eye(len(WORDPIECES))
    found = combined(square, square > 0, WORDPIECES, WORDPIECES, hide=("special",), renormalise=True, merge=True)
    assert found.notes == ("without 2 special", "renormalised", "words")
    plain = combined(square, square > 0, ("a",) * 8, ("a",) * 8, hide=("special",), merge=True)
    assert plain.notes == ("no special tokens", "no word pieces are marked")
    uneven = combined(np.ones((1, 3)), np.ones((1, 3)) > 0, ("a",), ("a", "<s>", "b"), hide=("special", "b"))
    assert uneven.notes == ("without 2 hidden keys, 0 queries",)


# What there is not


def test_hiding_everything_is_refused() -> None:
    with pytest.raises(ValueError, match="every query would be hidden"):
        combined(np.ones((1, 1)), np.ones((1, 1)) > 0, ("[CLS]",), ("[CLS]",), hide=("special",))


@pytest.mark.parametrize(
    ("heads", "layers", "field", "told"),
    [
        ((0, 12), (), "over_heads", "12 is no head; possible are 0 … 11"),
        ((), (6,), "over_layers", "6 is no layer; possible are 0 … 5"),
    ],
)
def test_heads_and_layers_that_are_not_there_are_named(
    heads: tuple[int, ...], layers: tuple[int, ...], field: str, told: str
) -> None:
    with pytest.raises(FieldError, match=told) as caught:
        pooled_heads(Experiment(), "mean", heads, layers)
    assert caught.value.field == field


def test_more_than_can_be_pooled_at_a_key_press_is_refused_with_the_numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.combining.MOST_POOLED", 1000)
    size = inputs_of(Experiment()).query.shape[1]
    with pytest.raises(FieldError, match=f"mean of 12 heads of {size} × {size} is 3,072 weights; at most 1,000"):
        pooled_heads(Experiment(), "mean")


def test_pictures_of_different_sizes_are_not_pooled() -> None:
    pair = [(np.ones((2, size)), np.ones((2, size)) > 0) for size in (2, 3)]
    with pytest.raises(ValueError, match="sizes differ"):
        pooled(pair, "mean")
    with pytest.raises(ValueError, match="nothing to pool"):
        pooled([], "mean")
