"""Tokens that come one by one: each step is the causal attention of the tokens so far."""

from __future__ import annotations

import numpy as np
import pytest

from attn_engine import Growing, attend
from tests.fast import case, entropy_of, near


@pytest.mark.parametrize(("scale", "temperature"), [("1/√d_k", 1.0), (0.3, 2.0)])
def test_after_each_token_the_rows_are_those_of_all_tokens_at_once(scale: float | str, temperature: float) -> None:
    tokens = case(4, 9, 9, 5, key_heads=2)
    growing = Growing(4, 5, capacity=9, key_heads=2, value_width=3, scale=scale, temperature=temperature)
    for at in range(9):
        rows = growing.append(tokens.query[:, at], tokens.key[:, at], tokens.value[:, at])
        sides = (side[:, : at + 1].astype(np.float64) for side in (tokens.query, tokens.key, tokens.value))
        exact = attend(*sides, mask="causal", scale=scale, temperature=temperature)
        near(rows.weights, exact.weights, 5e-7)
        near(rows.output, exact.output, 2e-6)
        near(rows.entropy, entropy_of(exact), 2e-6)
    assert growing.length == 9


def test_earlier_rows_are_not_computed_again() -> None:
    tokens = case(1, 3, 3, 2)
    growing = Growing(1, 2, capacity=3, value_width=3)
    first = growing.append(tokens.query[:, 0], tokens.key[:, 0], tokens.value[:, 0])
    first.weights[0, 0, 0] = 7
    rows = growing.append(tokens.query[:, 1], tokens.key[:, 1], tokens.value[:, 1])
    assert rows.weights[0, 0].tolist() == [7, 0]
    assert np.shares_memory(rows.weights, first.weights)


def test_a_token_too_many_or_of_another_shape_is_refused() -> None:
    growing = Growing(2, 3, capacity=1)
    with pytest.raises(ValueError, match=r"key has shape \(1, 3\); expected \(2, 3\)"):
        growing.append(np.ones((2, 3)), np.ones((1, 3)), np.ones((2, 3)))
    growing.append(*np.ones((3, 2, 3)))
    with pytest.raises(ValueError, match="room for 1 tokens"):
        growing.append(*np.ones((3, 2, 3)))
    with pytest.raises(ValueError, match="3 query heads"):
        Growing(3, 4, capacity=2, key_heads=2)
