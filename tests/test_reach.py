"""Reach against walking from key to key, at every length that can be walked."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import Plane, RuleError, evaluate, parse
from attn_engine.masks import reach as module
from attn_engine.masks.following import by_rectangles
from attn_engine.masks.reach import layers_until_settled, reach, reach_of, settled_after
from tests.drawing import quick
from tests.rules import masks

Booleans = NDArray[np.bool_]


def walked(allowed: Booleans, layers: int) -> Booleans:
    """Every position's set of positions, grown layer by layer."""
    sets = [{row} for row in range(len(allowed))]
    for _ in range(layers):
        sets = [seen | {int(key) for at in seen for key in np.flatnonzero(allowed[at])} for seen in sets]
    return np.array([[key in seen for key in range(len(allowed))] for seen in sets])


def dense(text: str, length: int) -> Booleans:
    return np.broadcast_to(evaluate(parse(text), Plane(length, length).grid()), (length, length))


squares = st.integers(1, 20).flatmap(
    lambda n: st.tuples(st.just(n), st.floats(0.02, 0.5), st.integers(0, 999)).map(
        lambda of: np.random.default_rng(of[2]).random((of[0], of[0])) < of[1]
    )
)


@quick
@given(squares, st.integers(1, 24))
def test_reach_is_walking_from_key_to_key(allowed: Booleans, layers: int) -> None:
    assert (reach(allowed, layers) == walked(allowed, layers)).all()


@quick
@given(squares)
def test_settled_is_the_first_number_of_layers_after_which_nothing_grows(allowed: Booleans) -> None:
    layers = settled_after(allowed)
    everything = walked(allowed, len(allowed))
    assert (walked(allowed, layers) == everything).all()
    assert layers == 0 or (walked(allowed, layers - 1) != everything).any()


def test_more_than_a_word_of_positions() -> None:
    allowed = np.random.default_rng(3).random((150, 150)) < 0.02
    assert (reach(allowed, 3) == walked(allowed, 3)).all()


@pytest.mark.parametrize(
    ("text", "length", "layers"),
    [
        ("false", 9, 0),
        ("q == k", 9, 0),
        ("causal", 9, 1),
        ("global(1)", 64, 2),
        ("window(5)", 17, 4),
        ("window(5)", 18, 5),
        ("causal & window(128)", 1024, 9),  # 127 keys further back with each layer: 1023 / 127
        ("window(2)", 2048, 2047),
        ("local(3)", 100, 33),
        ("causal & window(128)", 1_048_576, 8257),
        ("local(1)", 1_048_576, 1_048_575),
        ("dilated(2, 3)", 1_000_001, 166_667),
        ("0 <= k - q < 3", 4097, 2048),
        ("full", 1_048_576, 1),
        ("causal & strided(4)", 1_048_576, 1),
    ],
)
def test_layers_until_nothing_grows(text: str, length: int, layers: int) -> None:
    assert layers_until_settled(parse(text), Plane(length, length)).layers == layers


@pytest.mark.parametrize("text", ["longformer(4, 1)", "axial(8)"])
def test_where_it_is_not_known_that_is_said(text: str) -> None:
    found = layers_until_settled(parse(text), Plane(4096, 4096))
    assert found.layers is None
    assert "q - k alone" in found.note


RULES = (
    "window(4)",
    "local(2)",
    "dilated(2, 3)",
    "causal & (q - k == 3 | q - k == 7)",
    "k - q == 5 | k - q == 8",
    "q - k == 3 | k - q == 2",
    "longformer(4, 1)",
    "causal & (sink(2) | window(3))",
    "axial(6)",
)


@pytest.mark.parametrize("text", RULES)
def test_one_query_of_a_long_mask_reaches_what_its_row_of_the_whole_says(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_DENSE", 16)
    for layers in (1, 2, 5, 60):
        whole = walked(dense(text, 41), layers)
        for query in (0, 17, 40):
            found = reach_of(parse(text), Plane(41, 41), query, layers)
            assert found.exact
            assert (found.keys == whole[query]).all()


@pytest.mark.parametrize("text", RULES[:6])
def test_long_masks_settle_as_short_ones_do_or_say_nothing(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = settled_after(dense(text, 41))
    monkeypatch.setattr(module, "MOST_DENSE", 16)
    assert layers_until_settled(parse(text), Plane(41, 41)).layers in (expected, None)
    assert (layers_until_settled(parse(text), Plane(41, 41)).layers is None) == (text == RULES[5])


@quick
@given(masks, st.integers(2, 20), st.integers(1, 4), st.data())
def test_following_by_rectangles_is_walking(text: str, length: int, layers: int, data: st.DataObject) -> None:
    query = data.draw(st.integers(0, length - 1))
    try:
        whole = walked(dense(text, length), layers)
    except RuleError:
        assume(False)
    found = by_rectangles(parse(text), Plane(length, length), query, layers)
    assert found is not None
    assert (found == whole[query]).all()


def test_two_layers_of_a_million_positions_with_sinks_and_a_window() -> None:
    found = reach_of(parse("causal & (sink(4) | window(4096))"), Plane(2**20, 2**20), 1_000_000, 2)
    assert found.exact
    expected = np.zeros(2**20, dtype=np.bool_)
    expected[:4] = expected[1_000_000 - 2 * 4095 : 1_000_001] = True
    assert (found.keys == expected).all()


def test_what_is_too_long_to_follow_is_computed_smaller_and_says_so() -> None:
    found = reach_of(parse("hash(3, q, k) < 0.001 & causal"), Plane(2**20, 2**20), 1_000_000, 3)
    assert not found.exact
    assert (found.query, found.keys.size) == (2047, 2048)
    assert "2,048 positions" in found.note


def test_queries_and_keys_have_to_be_as_many() -> None:
    with pytest.raises(ValueError, match=r"3 queries and 4 keys: .* as many queries as keys"):
        layers_until_settled(parse("causal"), Plane(3, 4))
    with pytest.raises(ValueError, match="as many queries as keys"):
        reach(np.ones((3, 4), dtype=np.bool_), 2)


@pytest.mark.parametrize(
    ("allowed", "layers"), [(np.ones((2, 2)), 1), (np.ones(4, bool), 1), (np.ones((2, 2), bool), 0)]
)
def test_what_is_no_mask_or_no_layer_is_refused(allowed: NDArray[np.generic], layers: int) -> None:
    with pytest.raises(ValueError, match=r"expected booleans|at least one"):
        reach(allowed, layers)


def test_the_slowest_mask_of_2048_positions_settles_quickly() -> None:
    allowed = dense("window(2)", 2048)
    began = time.process_time()
    assert settled_after(allowed) == 2047
    assert time.process_time() - began < 3
