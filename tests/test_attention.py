"""attend: every stage against plain loops, the laws that hold of it, numbers of any size, and its errors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import (
    ALIGNMENTS,
    SCALED,
    UNSCALED,
    Attention,
    Kind,
    RuleError,
    attend,
    normalisers,
    parse,
    parse_normaliser,
)
from attn_engine.fast import pool
from tests import oracles

Array = NDArray[Any]

NORMALISERS = tuple(oracles.NORMALISERS)
STAGES = ("scores", "scaled", "modified", "weights", "output")
FACTORS: dict[float | str, Callable[[int], float]] = {
    SCALED: lambda d: 1 / math.sqrt(d),
    UNSCALED: lambda d: 1.0,
    0.25: lambda d: 0.25,
    -2: lambda d: -2.0,
    0: lambda d: 0.0,
}
MASKS: dict[str, Callable[[int, int, int], bool]] = {
    "full": lambda h, q, k: True,
    "causal": lambda h, q, k: k <= q,
    "window(2) | k == 0": lambda h, q, k: q - k in (0, 1) or k == 0,
    "h % 2 == k % 2": lambda h, q, k: h % 2 == k % 2,
    "k < q": lambda h, q, k: k < q,
    "false": lambda h, q, k: False,
}
SCORE_MODS: dict[str, Callable[[float, int, int, int], float]] = {
    "none": lambda s, h, q, k: s,
    "distance_penalty(0.5)": lambda s, h, q, k: s - abs(q - k) / 2,
    "softcap(2)": lambda s, h, q, k: 2 * math.tanh(s / 2),
    "s * (h + 1) - where(k > q, 1, 0)": lambda s, h, q, k: s * (h + 1) - (k > q),
    "q - k": lambda s, h, q, k: q - k,
}


def normal(*shape: int, dtype: Any = np.float64, seed: int = 0) -> Array:
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype(dtype)


def inputs(
    *,
    heads: int = 2,
    key_heads: int = 2,
    queries: int = 4,
    keys: int = 5,
    width: int = 3,
    value_width: int = 2,
    batch: tuple[int, ...] = (),
    dtype: Any = np.float64,
    seed: int = 0,
) -> tuple[Array, Array, Array]:
    return (
        normal(*batch, heads, queries, width, dtype=dtype, seed=3 * seed),
        normal(*batch, key_heads, keys, width, dtype=dtype, seed=3 * seed + 1),
        normal(*batch, key_heads, keys, value_width, dtype=dtype, seed=3 * seed + 2),
    )


def stages_by_loops(query: Array, key: Array, value: Array, **named: Any) -> dict[str, Array]:
    """The plain loops for each entry of the leading axes."""
    lead = query.shape[:-3]
    sides = [side.reshape(-1, *side.shape[-3:]).tolist() for side in (query, key, value)]
    entries = [oracles.attend(*entry, **named) for entry in zip(*sides, strict=True)]
    arrays = {name: np.array([getattr(entry, name) for entry in entries]) for name in STAGES}
    return {name: array.reshape(*lead, *array.shape[1:]) for name, array in arrays.items()}


def close(actual: Array, expected: Any) -> bool:
    tolerance = 1e-11 if actual.dtype == np.float64 else 3e-5
    return np.shape(actual) == np.shape(expected) and bool(np.all(np.abs(actual - expected) <= tolerance))


# Against plain loops


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_every_stage_is_what_plain_loops_give(data: st.DataObject) -> None:
    key_heads, group, queries, keys, width, value_width = (
        data.draw(st.integers(1, most)) for most in (3, 3, 5, 5, 4, 3)
    )
    batch = data.draw(st.sampled_from([(), (1,), (2,), (2, 2)]))
    dtype = data.draw(st.sampled_from([np.float32, np.float64]))
    seed = data.draw(st.integers(0, 5))
    heads = key_heads * group
    query, key, value = inputs(
        heads=heads,
        key_heads=key_heads,
        queries=queries,
        keys=keys,
        width=width,
        value_width=value_width,
        batch=batch,
        dtype=dtype,
        seed=seed,
    )
    mask, score_mod = data.draw(st.sampled_from(list(MASKS))), data.draw(st.sampled_from(list(SCORE_MODS)))
    scale, normaliser = data.draw(st.sampled_from(list(FACTORS))), data.draw(st.sampled_from(NORMALISERS))
    temperature = data.draw(st.sampled_from([1.0, 0.5, 3.0]))
    align: Literal["left", "right"] = data.draw(st.sampled_from(["left", "right"]))

    attention = attend(
        query,
        key,
        value,
        mask=mask,
        score_mod=score_mod,
        scale=scale,
        temperature=temperature,
        normaliser=normaliser,
        align=align,
    )

    expected = stages_by_loops(
        query,
        key,
        value,
        factor=FACTORS[scale](width),
        score_mod=SCORE_MODS[score_mod],
        temperature=temperature,
        sees=MASKS[mask],
        normaliser=oracles.NORMALISERS[normaliser],
        shift=keys - queries if align == "right" else 0,
    )
    for name in STAGES:
        assert getattr(attention, name).dtype == dtype, name
        assert close(getattr(attention, name), expected[name]), name


@pytest.mark.parametrize(
    "shape",
    [(), (1,), (5,), (1, 1), (1, 5), (4, 1), (4, 5), (1, 4, 5), (6, 1, 5), (6, 4, 1), (6, 1, 1), (6, 4, 5)],
    ids=str,
)
@pytest.mark.parametrize("normaliser", NORMALISERS)
def test_a_boolean_mask_may_have_any_shape_that_broadcasts(shape: tuple[int, ...], normaliser: str) -> None:
    query, key, value = inputs(heads=6, key_heads=3)
    mask = normal(*shape, seed=8) > -0.3
    attention = attend(query, key, value, mask=mask, normaliser=normaliser)
    whole = np.broadcast_to(mask, (6, 4, 5)).tolist()
    expected = stages_by_loops(
        query,
        key,
        value,
        factor=1 / math.sqrt(3),
        sees=lambda h, q, k: whole[h][q][k],
        normaliser=oracles.NORMALISERS[normaliser],
    )
    assert close(attention.weights, expected["weights"])
    assert close(attention.output, expected["output"])
    assert attention.mask.shape == ((6, 4, 5) if len(shape) == 3 else (4, 5))
    assert np.array_equal(np.broadcast_to(attention.mask, (6, 4, 5)), whole)


@pytest.mark.parametrize(("text", "sees"), MASKS.items(), ids=MASKS)
def test_a_mask_is_the_same_as_text_as_a_rule_as_an_array_and_as_lists(
    text: str, sees: Callable[[int, int, int], bool]
) -> None:
    arrays = inputs(heads=3, key_heads=1)
    cells = [[[sees(h, q, k) for k in range(5)] for q in range(4)] for h in range(3)]
    nested: Any = cells
    for mask in (text, parse(text), np.array(cells), nested):
        attention = attend(*arrays, mask=mask)
        assert np.array_equal([attention.mask_of(head) for head in range(3)], cells)
        assert np.array_equal(attention.weights, attend(*arrays, mask=np.array(cells)).weights)


def test_without_a_mask_everything_is_seen() -> None:
    arrays = inputs()
    assert attend(*arrays).mask.all()
    assert np.array_equal(attend(*arrays).weights, attend(*arrays, mask="full").weights)


@pytest.mark.parametrize("text", list(SCORE_MODS))
def test_a_score_mod_is_the_same_as_text_and_as_a_rule(text: str) -> None:
    arrays = inputs()
    rule = parse(text, Kind.SCORE_MOD)
    assert np.array_equal(attend(*arrays, score_mod=text).modified, attend(*arrays, score_mod=rule).modified)


@pytest.mark.parametrize("key_heads", [1, 2, 3, 6])
def test_query_head_h_uses_key_head_h_times_key_heads_over_heads(key_heads: int) -> None:
    query, key, value = inputs(heads=6, key_heads=key_heads, batch=(2,))
    attention = attend(query, key, value)
    for head in range(6):
        shared = slice(head * key_heads // 6, head * key_heads // 6 + 1)
        alone = attend(query[:, head : head + 1], key[:, shared], value[:, shared])
        assert close(attention.weights[:, head : head + 1], alone.weights)
        assert close(attention.output[:, head : head + 1], alone.output)


@pytest.mark.parametrize("normaliser", NORMALISERS)
@pytest.mark.parametrize("mask", ["causal", "h % 3 <= k % 3"])
def test_large_matrices_are_weighed_as_small_ones_are(normaliser: str, mask: str) -> None:
    query, key, value = inputs(heads=2, key_heads=1, queries=130, keys=131, batch=(2,), dtype=np.float32)
    whole = attend(query, key, value, mask=mask, normaliser=normaliser, temperature=0.7)
    first = attend(query[:, :, :3], key, value, mask=mask, normaliser=normaliser, temperature=0.7)
    assert np.allclose(whole.weights[:, :, :3], first.weights, rtol=1e-6, atol=1e-8)
    assert np.allclose(whole.output[:, :, :3], first.output, rtol=1e-5, atol=1e-6)


# Types and shapes


@pytest.mark.parametrize(
    ("given_type", "computed"),
    [
        (np.float16, np.float32),
        (np.float32, np.float32),
        (np.float64, np.float64),
        (np.int8, np.float64),
        (np.int64, np.float64),
        (np.bool_, np.float64),
    ],
)
@pytest.mark.parametrize("normaliser", NORMALISERS)
@pytest.mark.parametrize("score_mod", ["none", "alibi", "0"])
def test_the_type_of_the_inputs_is_kept_or_widened(
    given_type: Any, computed: Any, normaliser: str, score_mod: str
) -> None:
    arrays = [(array * 2).astype(given_type) for array in inputs()]
    w_o = normal(4, 3).astype(given_type)
    attention = attend(*arrays, normaliser=normaliser, score_mod=score_mod, temperature=2, output_projection=w_o)
    for name in ("query", "key", "value", *STAGES, "projected"):
        assert getattr(attention, name).dtype == computed, name


def test_lists_of_numbers_are_taken() -> None:
    attention = attend([[[1, 0]]], [[[3, 1], [1, 2]]], [[[1], [5]]], scale="none")
    assert attention.scores.tolist() == [[[3, 1]]]
    assert attention.output[0, 0, 0] == pytest.approx((math.e**3 + 5 * math.e) / (math.e**3 + math.e))


def test_the_inputs_are_not_changed() -> None:
    arrays = inputs(dtype=np.float32)
    before = [array.copy() for array in arrays]
    attend(*arrays, mask="causal", score_mod="softcap(1)", normaliser="sparsemax", scale="none", temperature=0.3)
    assert all(np.array_equal(old, new) for old, new in zip(before, arrays, strict=True))


def test_lengths_and_heads_are_named() -> None:
    attention = attend(*inputs(heads=4, key_heads=2, queries=3, keys=7, batch=(2,)))
    assert (attention.num_heads, attention.query_length, attention.key_length) == (4, 3, 7)


@pytest.mark.parametrize(
    ("queries", "keys", "align", "positions"),
    [
        (3, 3, "left", [0, 1, 2]),
        (3, 3, "right", [0, 1, 2]),
        (2, 5, "left", [0, 1]),
        (2, 5, "right", [3, 4]),
        (5, 2, "left", [0, 1, 2, 3, 4]),
        (5, 2, "right", [-3, -2, -1, 0, 1]),
    ],
)
def test_the_alignment_says_where_queries_stand(queries: int, keys: int, align: Any, positions: list[int]) -> None:
    attention = attend(*inputs(queries=queries, keys=keys), mask="causal", align=align)
    assert attention.positions.tolist() == positions
    assert attention.align == align
    assert attention.mask.tolist() == [[k <= q for k in range(keys)] for q in positions]


def test_queries_before_the_first_key_see_nothing_when_aligned_right() -> None:
    attention = attend(*inputs(queries=5, keys=2), mask="causal", align="right")
    assert not attention.weights[:, :3].any()
    assert not attention.output[:, :3].any()
    assert np.allclose(attention.weights[:, 3:].sum(axis=-1), 1)


# The stages, one after the other


@pytest.mark.parametrize(
    ("scale", "factor"), [(SCALED, 0.5), (UNSCALED, 1.0), (0.3, 0.3), (-1.5, -1.5), (0, 0.0), (3, 3.0)]
)
def test_the_scale_is_one_number_and_kept(scale: float | str, factor: float) -> None:
    attention = attend(*inputs(width=4), scale=scale)
    assert attention.scale == factor
    assert np.array_equal(attention.scaled, attention.scores * factor)


def test_scale_then_score_mod_then_temperature_then_normaliser() -> None:
    query, key, value = [[[3.0, 0, 0, 0]]], [[[2.0, 0, 0, 0], [4.0, 0, 0, 0], [-6.0, 0, 0, 0]]], [[[1.0]] * 3]
    attention = attend(query, key, value, score_mod="s * s - k", temperature=4.0, mask="k < 2")
    assert attention.scores.ravel().tolist() == [6, 12, -18]
    assert attention.scaled.ravel().tolist() == [3, 6, -9]
    assert attention.modified.ravel().tolist() == [9, 35, 79]
    assert attention.temperature == 4
    odds = math.exp((35 - 9) / 4)
    assert attention.weights.ravel().tolist() == pytest.approx([1 / (1 + odds), odds / (1 + odds), 0])


def test_the_mask_comes_after_the_score_mod() -> None:
    """A score mod sees the scores of masked keys as they are, and cannot bring these keys back."""
    attention = attend(*inputs(), mask="causal", score_mod="where(k > q, 1000, s)")
    assert (attention.modified[:, ~attention.mask] == 1000).all()
    assert (attention.weights[:, ~attention.mask] == 0).all()


def test_each_stage_is_one_function_of_the_stage_before() -> None:
    arrays = inputs(heads=2, key_heads=1)
    plain = attend(*arrays)
    changed = attend(*arrays, mask="causal", temperature=2, normaliser="sigmoid", score_mod="alibi", scale=0.1)
    assert np.array_equal(plain.scores, changed.scores)
    assert np.array_equal(plain.modified, plain.scaled)
    softer = attend(*arrays, temperature=2)
    assert np.array_equal(plain.modified, softer.modified)
    assert not np.allclose(plain.weights, softer.weights)


def test_the_output_projection_joins_the_heads() -> None:
    query, key, value = inputs(heads=4, key_heads=2, value_width=3, batch=(2,))
    w_o = normal(12, 5)
    attention = attend(query, key, value, output_projection=w_o)
    assert attention.projected is not None
    assert attention.projected.shape == (2, 4, 5)
    for b, q, column in np.ndindex(2, 4, 5):
        concatenated = [x for head in range(4) for x in attention.output[b, head, q].tolist()]
        expected = math.fsum(x * w for x, w in zip(concatenated, w_o[:, column].tolist(), strict=True))
        assert attention.projected[b, q, column] == pytest.approx(expected, abs=1e-12)


def test_without_an_output_projection_there_is_nothing_projected() -> None:
    assert attend(*inputs()).projected is None


# Laws


small = st.builds(lambda seed, queries, keys: inputs(queries=queries, keys=keys, seed=seed), *[st.integers(1, 6)] * 3)
laws = settings(deadline=None, max_examples=40)


@laws
@given(small, st.sampled_from(NORMALISERS), st.randoms(use_true_random=False))
def test_keys_in_another_order_give_columns_in_another_order(
    arrays: tuple[Array, Array, Array], normaliser: str, random: Any
) -> None:
    query, key, value = arrays
    order = random.sample(range(key.shape[1]), key.shape[1])
    mask = normal(query.shape[1], key.shape[1]) > -0.5
    plain = attend(query, key, value, mask=mask, normaliser=normaliser)
    permuted = attend(query, key[:, order], value[:, order], mask=mask[:, order], normaliser=normaliser)
    assert close(permuted.weights, plain.weights[..., order])
    assert close(permuted.output, plain.output)


@laws
@given(small, st.sampled_from(NORMALISERS), st.sampled_from(list(MASKS)))
def test_what_a_query_sees_does_not_depend_on_other_queries(
    arrays: tuple[Array, Array, Array], normaliser: str, mask: str
) -> None:
    query, key, value = arrays
    together = attend(query, key, value, mask=mask, normaliser=normaliser)
    alone = attend(query[:, -1:], key, value, mask=together.mask[..., -1:, :], normaliser=normaliser)
    assert close(alone.weights, together.weights[:, -1:])


@laws
@given(small, st.sampled_from(["softmax", "sparsemax"]))
def test_the_output_lies_between_the_values(arrays: tuple[Array, Array, Array], normaliser: str) -> None:
    attention = attend(*arrays, normaliser=normaliser)
    value = arrays[2]
    assert (attention.output <= value.max(axis=1, keepdims=True) + 1e-12).all()
    assert (attention.output >= value.min(axis=1, keepdims=True) - 1e-12).all()


def test_equal_keys_get_equal_weights() -> None:
    query, _, value = inputs()
    attention = attend(query, np.ones((2, 5, 3)), value)
    assert close(attention.weights, np.full((2, 4, 5), 0.2))
    assert close(attention.output, np.broadcast_to(value.mean(axis=1, keepdims=True), (2, 4, 2)))


@pytest.mark.parametrize("normaliser", NORMALISERS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("length", [4, 140])
def test_a_query_that_sees_nothing_gets_zeros(normaliser: str, dtype: Any, length: int) -> None:
    arrays = inputs(queries=length, keys=length, dtype=dtype)
    attention = attend(*arrays, mask="k < q & q != 2", normaliser=normaliser, output_projection=np.ones((4, 1), dtype))
    assert attention.projected is not None
    for row in (0, 2):
        assert not attention.weights[:, row].any()
        assert not attention.output[:, row].any()
        assert not attention.projected[row].any()
    assert (attention.weights[:, 1] > 0).any(axis=-1).all()
    assert np.isfinite(attention.output).all()


@pytest.mark.parametrize("normaliser", NORMALISERS)
@pytest.mark.parametrize("junk", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_weights_do_not_depend_on_what_a_masked_key_holds(normaliser: str, junk: float, dtype: Any) -> None:
    query, key, value = inputs(dtype=dtype)
    spoiled = key.copy()
    spoiled[:, 3] = junk
    plain = attend(query, key, value, mask="k != 3", normaliser=normaliser)
    attention = attend(query, spoiled, value, mask="k != 3", normaliser=normaliser)
    assert close(attention.weights, plain.weights)
    assert close(attention.output, plain.output)


# Numbers of any size


def any_size(dtype: Any) -> st.SearchStrategy[float]:
    """Numbers of every size that the type has, with signs; none so small that their products vanish."""
    exponent = 38 if dtype == np.float32 else 307
    return st.builds(
        lambda mantissa, power: float(dtype(mantissa * 10.0**power)),
        st.floats(-3.4, 3.4).filter(lambda x: abs(x) > 0.1),
        st.sampled_from([0, 1, exponent // 2, exponent - 1, exponent]),
    )


def exact_products(query: Sequence[float], key: Sequence[float]) -> list[Fraction]:
    return [Fraction(a) * Fraction(b) for a, b in zip(query, key, strict=True)]


@settings(deadline=None, max_examples=80)
@given(st.data(), st.sampled_from([np.float32, np.float64]))
def test_scores_are_exact_or_end_at_the_limits_of_the_type(data: st.DataObject, dtype: Any) -> None:
    rows = st.lists(st.lists(any_size(dtype), min_size=3, max_size=3), min_size=1, max_size=3)
    queries, keys = data.draw(rows), data.draw(rows)
    query, key = (np.array([side], dtype=dtype) for side in (queries, keys))
    attention = attend(query, key, key, scale="none")
    info = np.finfo(dtype)
    limit, unit = Fraction(float(info.max)), Fraction(float(info.eps))
    for (q, vector), (k, other) in ((a, b) for a in enumerate(queries) for b in enumerate(keys)):
        products = exact_products(vector, other)
        expected = min(max(sum(products, Fraction(0)), -limit), limit)
        error = abs(Fraction(float(attention.scores[0, q, k])) - expected)
        assert error <= 32 * unit * sum(map(abs, products))


@settings(deadline=None, max_examples=80)
@given(st.data(), st.sampled_from([np.float32, np.float64]), st.sampled_from(NORMALISERS))
def test_inputs_of_any_size_give_finite_weights_and_outputs(data: st.DataObject, dtype: Any, normaliser: str) -> None:
    temperature = data.draw(st.sampled_from([1e-300, 1e-50, 1e-3, 1.0, 1e3, 1e50, 1e300]))
    scale: Any = data.draw(st.sampled_from([SCALED, UNSCALED, 1e-300, 8, -1e30, 1e300]))
    mask = data.draw(st.sampled_from(list(MASKS)))
    numbers = st.lists(st.just(0.0) | any_size(dtype), min_size=8, max_size=8)
    query, key, value = (np.array(data.draw(numbers), dtype=dtype).reshape(1, 4, 2) for _ in range(3))
    w_o = np.array(data.draw(numbers), dtype=dtype).reshape(2, 4)
    attention = attend(
        query,
        key,
        value,
        mask=mask,
        scale=scale,
        temperature=temperature,
        normaliser=normaliser,
        output_projection=w_o,
    )
    for name in (*STAGES, "projected"):
        array = getattr(attention, name)
        assert array.dtype == dtype, name
        assert np.isfinite(array).all(), name
    assert (attention.weights >= 0).all()
    if normaliser in ("softmax", "sparsemax"):
        assert np.allclose(attention.weights.sum(axis=-1), attention.mask.any(axis=-1), atol=1e-6)
    else:
        sums = attention.weights.sum(axis=-1)
        assert (sums <= (4 if normaliser == "sigmoid" else 1) + 1e-6).all()


@pytest.mark.parametrize(
    ("dtype", "size"), [(np.float32, 1e20), (np.float32, 1e30), (np.float32, 3.4e38), (np.float64, 1e200)]
)
def test_equal_huge_scores_share_the_weight(dtype: Any, size: float) -> None:
    query, key = np.full((1, 2, 8), size, dtype), np.full((1, 4, 8), size, dtype)
    for scale in (SCALED, UNSCALED):
        for signed in (query, -query):
            attention = attend(signed, key, key, scale=scale, mask="k < 3")
            assert attention.weights.ravel().tolist() == pytest.approx([1 / 3, 1 / 3, 1 / 3, 0] * 2)
            assert attention.output == pytest.approx(np.full((1, 2, 8), size), rel=1e-6)


@pytest.mark.parametrize(("dtype", "size"), [(np.float32, 1e15), (np.float64, 1e150)])
def test_the_greatest_of_huge_scores_takes_all(dtype: Any, size: float) -> None:
    query = np.array([[[size], [-size]]], dtype)
    key = np.array([[[-size], [size], [size / 2], [0]]], dtype)
    assert attend(query, key, key).weights.tolist() == [[[0, 1, 0, 0], [1, 0, 0, 0]]]


def test_large_parts_that_cancel_leave_the_small_sum() -> None:
    """24 products of 3e37 and 22 of −3e37 pass the limit of float32 on the way to 6e37."""
    query = np.full((1, 1, 46), 3e38, np.float32)
    key = np.array([[[0.1] * 24 + [-0.1] * 22]], np.float32)
    assert attend(query, key, key, scale="none").scores[0, 0, 0] == pytest.approx(6e37, rel=1e-5)


def test_sigmoid_weights_of_huge_values_end_at_the_limits_of_the_type() -> None:
    """Sigmoid weights may sum to more than 1, and so to more than a type can hold."""
    value = np.array([[[3e38, -3e38, 1.0]] * 4], np.float32)
    attention = attend(np.full((1, 1, 1), 1e3, np.float32), np.ones((1, 4, 1), np.float32), value, normaliser="sigmoid")
    limit = float(np.finfo(np.float32).max)
    assert attention.output.ravel().tolist() == [limit, -limit, 4]


# Errors


def shapes(*three: tuple[int, ...]) -> dict[str, Any]:
    return dict(zip(("query", "key", "value"), map(np.zeros, three), strict=True))


GOOD = shapes((2, 4, 3), (2, 5, 3), (2, 5, 6))

FAILING: list[tuple[dict[str, Any], type[Exception], list[str]]] = [
    (shapes((4, 3), (2, 5, 3), (2, 5, 6)), ValueError, ["query", "(4, 3)", "heads"]),
    (shapes((2, 4, 3), (3,), (2, 5, 6)), ValueError, ["key", "(3,)"]),
    (shapes((2, 4, 3), (2, 5, 3), (2, 0, 6)), ValueError, ["value", "(2, 0, 6)", "empty"]),
    (shapes((0, 4, 3), (2, 5, 3), (2, 5, 6)), ValueError, ["query", "(0, 4, 3)", "empty"]),
    (shapes((2, 4, 3), (2, 5, 4), (2, 5, 6)), ValueError, ["width", "(2, 4, 3)", "(2, 5, 4)", "(2, 5, 6)"]),
    (shapes((2, 4, 3), (2, 5, 3), (2, 6, 6)), ValueError, ["positions", "key (2, 5, 3)", "value (2, 6, 6)"]),
    (shapes((2, 4, 3), (2, 5, 3), (1, 5, 6)), ValueError, ["heads", "key (2, 5, 3)", "value (1, 5, 6)"]),
    (shapes((7, 2, 4, 3), (2, 5, 3), (2, 5, 6)), ValueError, ["leading", "(7, 2, 4, 3)", "(2, 5, 3)"]),
    (shapes((3, 4, 3), (2, 5, 3), (2, 5, 6)), ValueError, ["3 query heads", "2 key heads", "(3, 4, 3)"]),
    (shapes((2, 4, 3), (4, 5, 3), (4, 5, 6)), ValueError, ["2 query heads", "4 key heads"]),
    ({"mask": np.ones((3, 5), bool)}, ValueError, ["(3, 5)", "(heads, queries, keys) (2, 4, 5)"]),
    ({"mask": np.ones((3, 4, 5), bool)}, ValueError, ["(3, 4, 5)", "(2, 4, 5)"]),
    ({"mask": np.ones((7, 1, 4, 5), bool)}, ValueError, ["(7, 1, 4, 5)", "(2, 4, 5)"]),
    ({"mask": np.ones((4, 5))}, TypeError, ["float64", "booleans"]),
    ({"mask": np.zeros((4, 5), np.int64)}, TypeError, ["int64", "booleans"]),
    ({"mask": "cuasal"}, RuleError, ["cuasal", "causal"]),
    ({"mask": "q - k"}, RuleError, ["q - k", "condition"]),
    ({"mask": parse("q - k", Kind.SCORE_MOD)}, RuleError, ["q - k", "condition"]),
    ({"score_mod": "causal"}, RuleError, ["causal", "number"]),
    ({"score_mod": parse("causal")}, RuleError, ["causal", "number"]),
    ({"score_mod": "s / (q - k)"}, RuleError, ["division by zero", "s / (q - k)"]),
    ({"scale": "1/sqrt(d)"}, ValueError, ["'1/sqrt(d)'", SCALED, UNSCALED]),
    ({"scale": math.nan}, ValueError, ["nan", "finite"]),
    ({"scale": math.inf}, ValueError, ["inf", "finite"]),
    ({"temperature": 0}, ValueError, ["temperature 0", "above 0"]),
    ({"temperature": -1.5}, ValueError, ["temperature -1.5", "above 0"]),
    ({"temperature": math.inf}, ValueError, ["temperature inf", "finite"]),
    ({"temperature": math.nan}, ValueError, ["temperature nan", "finite"]),
    ({"normaliser": "hardmax"}, ValueError, ["'hardmax'", "softmax", "sink_logit(x)", "sparsemax"]),
    ({"align": "middle"}, ValueError, ["'middle'", *ALIGNMENTS]),
    ({"output_projection": np.ones((11, 3))}, ValueError, ["(11, 3)", "2 heads of width 6", "(12, model width)"]),
    ({"output_projection": np.ones(12)}, ValueError, ["(12,)", "(12, model width)"]),
]


@pytest.mark.parametrize(("changed", "kind", "parts"), FAILING)
def test_a_mistake_is_told_with_its_shapes_or_its_value(
    changed: dict[str, Any], kind: type[Exception], parts: list[str]
) -> None:
    with pytest.raises(kind) as caught:
        attend(**(GOOD | changed))
    for part in parts:
        assert part in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_call_that_the_mistakes_start_from_is_right() -> None:
    assert isinstance(attend(**GOOD), Attention)


@pytest.mark.parametrize(("queries", "keys", "shape"), [(1, 5, (7, 5)), (4, 1, (4, 7)), (1, 1, (2, 2))])
def test_a_mask_never_adds_queries_or_keys(queries: int, keys: int, shape: tuple[int, int]) -> None:
    """A single query or key does not stretch to fit a mask that was made for more."""
    with pytest.raises(ValueError, match="does not broadcast"):
        attend(*inputs(queries=queries, keys=keys), mask=np.ones(shape, bool))


@pytest.mark.parametrize("normaliser", NORMALISERS)
@pytest.mark.parametrize("cores", [1, 3])
def test_large_heads_are_computed_in_parts_that_change_no_number(
    normaliser: str, cores: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "threads", lambda: cores)
    query, key, value = inputs(queries=301, keys=290, width=40, dtype=np.float32)
    whole = attend(query, key, value, mask="causal", normaliser=normaliser)
    name, numbers = parse_normaliser(normaliser)
    weights = getattr(normalisers, name)(whole.modified, whole.mask, 1.0, *numbers)
    np.testing.assert_array_equal(whole.scores, query @ key.swapaxes(-1, -2))
    np.testing.assert_array_equal(whole.weights, weights)
    np.testing.assert_array_equal(whole.output, weights @ value)
