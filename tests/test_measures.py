"""Measures: each against plain loops over one row, and the laws that hold of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from attn_engine import Attention, Experiment, Measures, attend, measure, measures, run
from tests import oracles

Array = NDArray[Any]

TYPES = [np.float32, np.float64]
laws = settings(deadline=None, max_examples=50)

weight_arrays = st.tuples(st.integers(1, 3), st.integers(1, 4), st.integers(1, 7)).flatmap(
    lambda shape: arrays("f8", shape, elements=st.just(0.0) | st.floats(1e-4, 1))
)
"""Rows as they come: summing to anything, some of them empty."""


def attention(**changed: Any) -> Attention:
    stream = np.random.default_rng(0)
    query, key, value = stream.standard_normal((3, 4, 12, 5)).astype(np.float32)
    return attend(query, key, value, **changed)


def same(found: Any, expected: Any, tolerance: float = 1e-9) -> bool:
    """NaN is the same as NaN."""
    return bool(np.allclose(found, expected, rtol=0, atol=tolerance, equal_nan=True))


# Entropy


@laws
@given(weight_arrays, st.sampled_from(TYPES))
def test_entropy_is_minus_the_sum_of_p_ln_p_in_nats(weights: Array, dtype: Any) -> None:
    weights = weights.astype(dtype)
    found = measures.entropy(weights)
    assert found.dtype == dtype
    expected = [[oracles.entropy(row) for row in head] for head in weights.tolist()]
    assert same(found, expected, 1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("keys", [1, 2, 3, 20, 1000, 2**16])
def test_looking_everywhere_evenly_has_entropy_ln_n(keys: int, dtype: Any) -> None:
    weights = np.full((1, 1, keys), 1 / keys, dtype)
    assert measures.entropy(weights) == pytest.approx(math.log(keys), rel=1e-5 if dtype == np.float32 else 1e-12)


@pytest.mark.parametrize("dtype", TYPES)
def test_looking_at_one_key_has_no_entropy(dtype: Any) -> None:
    assert measures.entropy(np.eye(5, dtype=dtype)).tolist() == [0] * 5


@laws
@given(weight_arrays, st.sampled_from([1e-30, 1e-6, 0.25, 3.0, 1e6]), st.sampled_from(TYPES))
def test_entropy_of_rows_that_do_not_sum_to_1_is_that_of_their_shares(
    weights: Array, factor: float, dtype: Any
) -> None:
    found = measures.entropy((weights * factor).astype(dtype))
    # ln of a sum of 1e-34 is −78: of its seven digits in float32 five are behind the point
    assert same(found, measures.entropy(weights), 1e-4 if dtype == np.float32 else 1e-12)


def test_entropy_of_long_rows_is_as_exact_as_that_of_short_ones() -> None:
    scores = np.random.default_rng(0).standard_normal((1, 1, 2**16)).astype(np.float32)
    weights = np.exp(scores) / np.exp(scores).sum(axis=-1, keepdims=True)
    assert float(measures.entropy(weights)[0, 0]) == pytest.approx(oracles.entropy(weights[0, 0].tolist()), abs=1e-4)


def test_an_empty_row_has_no_entropy_to_speak_of() -> None:
    found = measures.entropy(np.array([[0.0, 0.0], [0.5, 0.5]]))
    assert math.isnan(found[0])
    assert found[1] == pytest.approx(math.log(2))


@pytest.mark.parametrize("mask", ["full", "causal", "window(3)", "k < q", "h <= k"])
@pytest.mark.parametrize("normaliser", oracles.NORMALISERS)
@pytest.mark.parametrize("temperature", [0.01, 1.0, 1e6])
def test_entropy_is_between_0_and_ln_of_the_keys_seen(mask: str, normaliser: str, temperature: float) -> None:
    each = measure(attention(mask=mask, normaliser=normaliser, temperature=temperature))
    seen = each.entropy[~np.isnan(each.entropy)]
    assert seen.size >= 33
    assert (seen >= 0).all()
    assert (seen <= each.ceiling[~np.isnan(each.entropy)] + 1e-5).all()


@pytest.mark.parametrize("mask", ["full", "causal", "k < q", "h <= k & k <= q"])
def test_the_ceiling_is_ln_of_the_keys_that_the_mask_shows(mask: str) -> None:
    found = attention(mask=mask)
    expected = [
        [math.log(sum(row)) if any(row) else math.nan for row in found.mask_of(head).tolist()] for head in range(4)
    ]
    assert same(measure(found).ceiling, expected)
    assert measure(found).ceiling.shape == (4, 12)
    counted = [[sum(row) for row in found.mask_of(head).tolist()] for head in range(4)]
    assert np.array_equal(np.broadcast_to(measures.keys_seen(found.mask), (4, 12)), counted)


# Where a row looks


@laws
@given(weight_arrays, st.integers(-5, 5), st.sampled_from(TYPES))
def test_distance_is_the_mean_of_position_minus_key_by_weight(weights: Array, shift: int, dtype: Any) -> None:
    weights = weights.astype(dtype)
    positions = np.arange(weights.shape[1]) + shift
    found = measures.distance_back(weights, positions)
    assert found.dtype == dtype
    expected = [
        [
            math.fsum(w * (q - k) for k, w in enumerate(row)) / math.fsum(row) if any(row) else math.nan
            for q, row in enumerate(head, start=shift)
        ]
        for head in weights.tolist()
    ]
    assert same(found, expected, 1e-5 if dtype == np.float32 else 1e-12)


def test_looking_back_is_positive_and_ahead_negative() -> None:
    back = measures.distance_back(np.eye(4, k=-1)[1:], np.arange(1, 4))
    ahead = measures.distance_back(np.eye(4, k=2)[:2], np.arange(2))
    assert back.tolist() == [1, 1, 1]
    assert ahead.tolist() == [-2, -2]


@laws
@given(weight_arrays, st.data())
def test_weight_at_a_key_is_that_weight_and_0_outside(weights: Array, data: st.DataObject) -> None:
    heads, queries, keys = weights.shape
    places = data.draw(arrays("i8", queries, elements=st.integers(-3, keys + 3)))
    expected = [
        [weights[h, q, place] if 0 <= place < keys else 0.0 for q, place in enumerate(places)] for h in range(heads)
    ]
    assert np.array_equal(measures.weight_at(weights, places), expected)


@laws
@given(weight_arrays)
def test_the_weight_that_a_key_receives_is_its_column(weights: Array) -> None:
    expected = [[math.fsum(column) for column in zip(*head, strict=True)] for head in weights.tolist()]
    assert same(measures.weight_received(weights), expected)


@laws
@given(weight_arrays, st.sampled_from([0.1, 0.5, 0.9, 0.99, 1.0]), st.sampled_from(TYPES))
def test_keys_holding_a_share_are_the_fewest_that_do(weights: Array, share: float, dtype: Any) -> None:
    weights = weights.astype(dtype)
    found = measures.keys_holding(weights, share)
    rounding = 1e-5 if dtype == np.float32 else 1e-12
    for row, count in zip(weights.reshape(-1, weights.shape[-1]).tolist(), found.ravel().tolist(), strict=True):
        if not any(row):
            assert math.isnan(count)
            continue
        heaviest, wanted = sorted(row, reverse=True), share * math.fsum(row)
        assert count == int(count) >= 1
        assert math.fsum(heaviest[: int(count)]) >= wanted - rounding
        assert math.fsum(heaviest[: int(count) - 1]) < wanted + rounding


def test_nine_tenths_of_the_weight() -> None:
    rows = np.array([[1.0, 0, 0, 0], [0.25, 0.25, 0.25, 0.25], [0.04, 0.5, 0.04, 0.42], [0.3, 0.5, 0.05, 0.15]])
    assert measures.keys_holding(rows).tolist() == [1, 4, 2, 3]
    assert measures.keys_holding(rows * 0.001).tolist() == [1, 4, 2, 3]


def test_keys_that_hold_exactly_the_share_hold_it() -> None:
    row = np.array([[0.25, 0.5, 0.125, 0.125]])
    assert [measures.keys_holding(row, share).tolist() for share in (0.5, 0.75, 0.875, 1.0)] == [[1], [2], [3], [4]]


# Of a mask, of the values


@laws
@given(st.tuples(st.integers(1, 6), st.integers(1, 6)).flatmap(lambda shape: arrays(np.bool_, shape)))
def test_density_is_the_share_of_pairs_allowed(mask: Array) -> None:
    cells = [cell for row in mask.tolist() for cell in row]
    assert measures.density(mask) == sum(cells) / len(cells)


@pytest.mark.parametrize("key_heads", [1, 2, 4])
@pytest.mark.parametrize("batch", [(), (3,)])
def test_value_weighted_is_the_weight_times_the_length_of_the_value(key_heads: int, batch: tuple[int, ...]) -> None:
    stream = np.random.default_rng(0)
    weights = stream.random((*batch, 4, 3, 5))
    value = stream.standard_normal((*batch, key_heads, 5, 6))
    found = measures.value_weighted(weights, value)
    assert found.shape == weights.shape
    for (*lead, head, query, key), cell in np.ndenumerate(found):
        vector = value[(*lead, head * key_heads // 4, key)].tolist()
        assert cell == pytest.approx(weights[(*lead, head, query, key)] * math.hypot(*vector), rel=1e-12)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e30), (np.float32, 1e-30), (np.float64, 1e200)])
def test_value_weighted_holds_for_values_of_any_size(dtype: Any, size: float) -> None:
    value = np.array([[[3 * size, -4 * size], [0, 0], [1, 0]]], dtype)
    found = measures.value_weighted(np.full((1, 1, 3), 0.5, dtype), value)
    assert found.dtype == dtype
    assert found.ravel().tolist() == pytest.approx([2.5 * size, 0, 0.5], rel=1e-6)


def test_a_value_longer_than_the_type_can_say_ends_at_its_limit() -> None:
    limit = np.finfo(np.float32).max
    found = measures.value_weighted(np.ones((1, 1, 1), np.float32), np.full((1, 1, 2), limit))
    assert found.tolist() == [[[float(limit)]]]


# Of a whole attention


@pytest.mark.parametrize("align", ["left", "right"])
def test_the_measures_of_an_attention_are_those_of_its_rows(align: Any) -> None:
    stream = np.random.default_rng(3)
    query, key, value = (stream.standard_normal((2, 3, length, 4)) for length in (3, 6, 6))
    found = attend(query, key, value, mask="k <= q + 1", align=align, normaliser="softmax1")
    each, shift = measure(found), 3 if align == "right" else 0
    for b, h, q in np.ndindex(2, 3, 3):
        row, at = found.weights[b, h, q].tolist(), q + shift
        total = math.fsum(row)
        assert each.entropy[b, h, q] == pytest.approx(oracles.entropy(row))
        assert each.ceiling[b, h, q] == pytest.approx(math.log(min(at + 2, 6)))
        assert each.distance[b, h, q] == pytest.approx(math.fsum(w * (at - k) for k, w in enumerate(row)) / total)
        assert each.first[b, h, q] == row[0]
        assert each.itself[b, h, q] == row[at]
        assert each.previous[b, h, q] == (row[at - 1] if at else 0)
        assert each.concentration[b, h, q] == measures.keys_holding(found.weights, 0.9)[b, h, q]


@pytest.mark.parametrize("name", measures.MEASURES)
def test_a_heads_measure_is_the_mean_of_its_rows_that_have_one(name: str) -> None:
    each = measure(attention(mask="k < q & q != 4 & h < 3"))
    rows = getattr(each, name)
    assert rows.shape == (4, 12)
    known = [[x for x in head if not math.isnan(x)] for head in rows.tolist()]
    expected = [math.fsum(head) / len(head) if head else math.nan for head in known]
    assert same(each.by_head(name), expected, 1e-5)
    assert math.isnan(expected[3]) == (name in ("entropy", "ceiling", "distance", "concentration"))


@pytest.mark.parametrize("broken", [math.nan, math.inf, -math.inf, -0.25])
def test_a_row_without_a_distribution_has_none_of_its_measures_and_means_say_how_many_have(broken: float) -> None:
    query, key, value = np.random.default_rng(0).standard_normal((3, 2, 6, 5))
    found = attend(query, key, value)
    found.weights[1, 4, 2] = broken
    each = Measures(found)
    for name in ("entropy", "distance", "concentration"):
        rows = getattr(each, name)
        assert np.isnan(rows).tolist() == [[False] * 6, [row == 4 for row in range(6)]]
        assert each.counted(name).tolist() == [6, 5]
        assert each.by_head(name)[1] == pytest.approx(np.delete(rows[1], 4).mean())
    assert each.first[1, 4] == found.weights[1, 4, 0], "a weight is what it is"
    assert each.counted("first").tolist() == [6, 6]


def test_measures_are_kept_for_an_attention_and_made_anew_for_another() -> None:
    first, second = attention(), attention(mask="causal")
    assert measure(first).entropy is measure(first).entropy
    assert not np.array_equal(measure(first).entropy, measure(second).entropy)


@pytest.mark.parametrize(
    ("head_dim", "scale", "published"),
    [(8, "none", 1.422), (8, "1/√d_k", 2.578), (64, "none", 0.440), (64, "1/√d_k", 2.568), (512, "none", 0.141)],
)
def test_the_entropy_of_random_attention_is_as_was_published(head_dim: int, scale: str, published: float) -> None:
    """n = 20, one head; the means are good to about 0.003."""
    draws = [
        float(measure(run(Experiment("random", num_heads=1, head_dim=head_dim, scale=scale, seed=seed))).entropy.mean())
        for seed in range(150)
    ]
    error = float(np.std(draws, ddof=1)) / math.sqrt(len(draws))
    assert error < 0.02
    assert abs(np.mean(draws) - published) < 3 * error + 0.003
