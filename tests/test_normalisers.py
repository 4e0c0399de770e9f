"""Normalisers: each against plain loops and exact numbers, the laws of each, and how they are typed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from attn_engine import NORMALISERS, normaliser_signatures, normalisers, parse_normaliser
from tests import oracles

Array = NDArray[Any]

NAMES = tuple(oracles.NORMALISERS)
COMPETING = tuple(name for name in NAMES if name != "sigmoid")
TYPES = [np.float32, np.float64]
laws = settings(deadline=None, max_examples=30)


def normalise(text: str, scores: Any, mask: Any = True, temperature: float = 1.0) -> Array:
    name, numbers = parse_normaliser(text)
    result: Array = getattr(normalisers, name)(np.asarray(scores), np.asarray(mask), temperature, *numbers)
    return result


def tolerance(array: Array) -> float:
    return 1e-12 if array.dtype == np.float64 else 3e-6


@st.composite
def rows(draw: st.DrawFn, size: float = 12.0, least: int = 1) -> tuple[Array, Array]:
    """Scores and mask, (queries, keys), of either type."""
    shape = draw(st.tuples(st.integers(1, 3), st.integers(least, 8)))
    width = draw(st.sampled_from([32, 64]))
    bound = float(np.float32(size))
    numbers = st.floats(-bound, bound, width=32)
    scores = draw(arrays(f"f{width // 8}", shape, elements=numbers))
    return scores, draw(arrays(np.bool_, shape))


def exact_softmax(row: Sequence[float], seen: Sequence[bool], temperature: float, logit: float | None) -> list[float]:
    """From differences that are exact, by exponentials of 28 digits."""
    exact = [Fraction(s) / Fraction(temperature) for s, see in zip(row, seen, strict=True) if see]
    logits = exact + ([] if logit is None else [Fraction(logit)])
    below = [max(s - max(logits), Fraction(-100_000)) for s in logits]  # exp(-100000) is zero in every type
    powers = [(Decimal(x.numerator) / Decimal(x.denominator)).exp() for x in below]
    shares = iter([float(power / sum(powers)) for power in powers])
    return [next(shares) if see else 0.0 for see in seen]


# Against loops and exact numbers


@pytest.mark.parametrize("name", NAMES)
@laws
@given(rows=rows(), temperature=st.sampled_from([0.5, 1.0, 4.0]))
def test_weights_are_what_plain_loops_give(name: str, rows: tuple[Array, Array], temperature: float) -> None:
    scores, mask = rows
    weights = normalise(name, scores, mask, temperature)
    assert weights.dtype == scores.dtype
    for row, seen, got in zip(scores.tolist(), mask.tolist(), weights.tolist(), strict=True):
        expected = oracles.NORMALISERS[name]([s / temperature for s in row], seen)
        assert got == pytest.approx(expected, rel=0, abs=tolerance(weights))


@pytest.mark.parametrize(("name", "logit"), [("softmax", None), ("softmax1", 0.0), ("sink_logit(-3)", -3.0)])
@settings(deadline=None, max_examples=60)
@given(data=st.data(), dtype=st.sampled_from(TYPES))
def test_scores_of_any_size_are_weighed_exactly(
    name: str, logit: float | None, data: st.DataObject, dtype: Any
) -> None:
    """Scores apart by 0, by the smallest step of their type, by some, by all that the type can hold."""
    size, temperature = (
        data.draw(st.sampled_from([1.0, 1e4, 1e20, 3e38])),
        data.draw(st.sampled_from([0.01, 1.0, 100.0])),
    )
    top = dtype(data.draw(st.sampled_from([1, -1])) * size)
    near = [top, np.nextafter(top, dtype(0)), top - dtype(1), top / dtype(2), -top, dtype(0)]
    row = data.draw(st.lists(st.sampled_from(near), min_size=1, max_size=6))
    seen = data.draw(st.lists(st.booleans(), min_size=len(row), max_size=len(row)))
    weights = normalise(name, np.array([row], dtype=dtype), np.array([seen]), temperature)[0]
    expected = exact_softmax([float(s) for s in row], seen, temperature, logit)
    assert weights.tolist() == pytest.approx(expected, rel=1e-4 if dtype == np.float32 else 1e-11, abs=1e-37)


@pytest.mark.parametrize("dtype", TYPES)
def test_huge_scores_of_the_others_are_safe_as_well(dtype: Any) -> None:
    top = float(np.finfo(dtype).max)
    scores = np.array([[top, top, -top], [-top, -top, -top], [0, -top, top]], dtype)
    assert normalise("sparsemax", scores).tolist() == [
        [0.5, 0.5, 0],
        pytest.approx([1 / 3] * 3),
        [0, 0, 1],
    ]
    assert normalise("sigmoid", scores).tolist() == [[1, 1, 0], [0, 0, 0], [pytest.approx(0.25), 0, 1]]


# Laws of all


@pytest.mark.parametrize("name", COMPETING)
@laws
@given(rows())
def test_masking_a_key_is_the_same_as_removing_it(name: str, rows: tuple[Array, Array]) -> None:
    scores, mask = rows
    weights = normalise(name, scores, mask)
    for row, seen, got in zip(scores, mask, weights, strict=True):
        assert not got[~seen].any()
        if seen.any():
            assert np.allclose(got[seen], normalise(name, row[None, seen])[0], rtol=0, atol=tolerance(scores))


@laws
@given(rows())
def test_a_sigmoid_weight_depends_on_its_own_score_and_the_number_of_keys(rows: tuple[Array, Array]) -> None:
    scores, mask = rows
    weights = normalise("sigmoid", scores, mask)
    keys = scores.shape[-1]
    for (place, score), see in zip(np.ndenumerate(scores), mask.ravel(), strict=True):
        alone = np.full((1, keys), score)
        assert weights[place] == (normalise("sigmoid", alone)[0, 0] if see else 0)


@laws
@given(rows())
def test_a_mask_leaves_the_ratios_of_the_softmax_weights_that_remain(rows: tuple[Array, Array]) -> None:
    scores, mask = rows
    full, masked = normalise("softmax", scores), normalise("softmax", scores, mask)
    kept = np.where(mask, full, 0)
    assert np.allclose(masked * kept.sum(axis=-1, keepdims=True), kept, rtol=0, atol=tolerance(scores))


@pytest.mark.parametrize("name", NAMES)
@laws
@given(rows=rows(), junk=st.sampled_from([math.nan, math.inf, -math.inf, 3e38]))
def test_masked_scores_do_not_count_whatever_they_are(name: str, rows: tuple[Array, Array], junk: float) -> None:
    scores, mask = rows
    spoiled = np.where(mask, scores, scores.dtype.type(junk))
    assert np.array_equal(normalise(name, spoiled, mask, 0.5), normalise(name, scores, mask, 0.5))


@pytest.mark.parametrize("name", NAMES)
@laws
@given(rows=rows(), temperature=st.sampled_from([0.25, 2.0, 8.0]))
def test_the_temperature_divides_the_scores(name: str, rows: tuple[Array, Array], temperature: float) -> None:
    scores, mask = rows  # powers of two divide without rounding
    cooled = scores / scores.dtype.type(temperature)
    assert np.allclose(normalise(name, scores, mask, temperature), normalise(name, cooled, mask), rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
@laws
@given(rows())
def test_a_larger_score_never_gets_less_weight(name: str, rows: tuple[Array, Array]) -> None:
    scores, _ = rows
    weights = normalise(name, scores)
    for row, got in zip(scores, weights, strict=True):
        assert (np.diff(got[np.argsort(row, kind="stable")]) >= 0).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("temperature", [1e-300, 1e-50, 1.0, 1e50, 1e300])
def test_a_row_without_keys_is_zeros(name: str, dtype: Any, temperature: float) -> None:
    scores = np.array([[1, -2, 3e38], [4, 5, 6], [0, 0, 0]], dtype)
    mask = np.array([[False] * 3, [True, False, True], [False] * 3])
    weights = normalise(name, scores, mask, temperature)
    assert weights.dtype == dtype
    assert not weights[[0, 2]].any()
    assert np.isfinite(weights[1]).all()
    assert weights[1].sum() > 0


@pytest.mark.parametrize("name", NAMES)
def test_masks_broadcast_over_heads_and_queries(name: str) -> None:
    scores = np.random.default_rng(0).standard_normal((2, 3, 4, 5))
    for shape in [(), (5,), (4, 1), (4, 5), (3, 1, 5), (3, 4, 5), (2, 1, 4, 5)]:
        mask = np.random.default_rng(1).random(shape) > 0.3
        whole = np.broadcast_to(mask, scores.shape)
        assert np.array_equal(normalise(name, scores, mask), normalise(name, scores, whole))


@pytest.mark.parametrize("name", NAMES)
def test_the_scores_are_left_as_they_were(name: str) -> None:
    scores = np.random.default_rng(0).standard_normal((2, 4, 5))
    before = scores.copy()
    normalise(name, scores, np.tri(4, 5, dtype=bool), 0.5)
    assert np.array_equal(scores, before)


# Rows and their sums


@pytest.mark.parametrize("name", ["softmax", "sparsemax"])
@laws
@given(rows())
def test_rows_sum_to_1_where_something_is_seen(name: str, rows: tuple[Array, Array]) -> None:
    scores, mask = rows
    weights = normalise(name, scores, mask)
    assert (weights >= 0).all()
    assert weights.sum(axis=-1) == pytest.approx(mask.any(axis=-1).astype(float), abs=tolerance(scores))


@pytest.mark.parametrize("name", ["softmax1", "sink_logit(-1)", "sink_logit(2)"])
@laws
@given(rows(size=4))
def test_rows_with_a_sink_sum_to_less_than_1(name: str, rows: tuple[Array, Array]) -> None:
    scores, mask = rows
    sums = normalise(name, scores, mask).sum(axis=-1)
    assert (sums < 1).all()
    assert ((sums > 0) == mask.any(axis=-1)).all()


@pytest.mark.parametrize("keys", [2**14, 2**17])
@pytest.mark.parametrize("name", ["softmax", "sparsemax"])
def test_long_rows_sum_to_1_as_well(name: str, keys: int) -> None:
    scores = np.random.default_rng(0).standard_normal((2, keys), dtype=np.float32)
    for temperature in (0.1, 1.0, 1e6):
        sums = normalise(name, scores, temperature=temperature).sum(axis=-1, dtype=np.float64)
        assert sums == pytest.approx(1, abs=1e-4)


@laws
@given(rows(), st.sampled_from([-64.0, 0.5, 1024.0]))
def test_the_same_number_added_to_all_scores_changes_no_softmax(rows: tuple[Array, Array], added: float) -> None:
    scores, mask = rows[0].astype(np.float64), rows[1]
    for name in ("softmax", "sparsemax"):
        assert np.allclose(normalise(name, scores + added, mask), normalise(name, scores, mask), rtol=0, atol=1e-11)


@laws
@given(rows())
def test_softmax1_is_a_sink_logit_of_0(rows: tuple[Array, Array]) -> None:
    assert np.array_equal(normalise("softmax1", *rows), normalise("sink_logit(0)", *rows))
    assert np.array_equal(normalise("softmax1", *rows), normalise("sink_logit", *rows))


@laws
@given(rows(), st.sampled_from([-2.5, 0.0, 3.0]), st.sampled_from([0.5, 1.0, 2.0]))
def test_a_sink_logit_is_one_more_key_that_is_dropped(
    rows: tuple[Array, Array], logit: float, temperature: float
) -> None:
    """The logit is learned: the temperature divides the scores, not the logit."""
    scores, mask = rows
    sink = np.full((*scores.shape[:-1], 1), logit * temperature, scores.dtype)
    longer, seen = np.concatenate([scores, sink], axis=-1), np.concatenate([mask, np.ones_like(sink, bool)], axis=-1)
    expected = normalise("softmax", longer, seen, temperature)[..., :-1]
    weights = normalise(f"sink_logit({logit})", scores, mask, temperature)
    assert np.allclose(weights, expected, rtol=0, atol=tolerance(scores))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("logit", [-1e300, -1e30, 1e30, 1e300])
def test_a_sink_logit_of_any_size_takes_nothing_or_all(dtype: Any, logit: float) -> None:
    scores = np.array([[1.0, 1.0], [-5.0, -5.0]], dtype)
    assert normalise(f"sink_logit({logit})", scores).tolist() == [[0.5 if logit < 0 else 0] * 2] * 2


def test_a_head_may_look_nowhere_with_softmax1_but_not_with_softmax() -> None:
    scores = np.full((1, 4), -30.0)
    assert normalise("softmax", scores).sum() == pytest.approx(1)
    assert normalise("softmax1", scores).sum() < 1e-12


# Temperature at its ends


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("temperature", [1e-6, 1e-30, 1e-50, 1e-300])
def test_a_low_temperature_leaves_the_greatest_score_alone(dtype: Any, temperature: float) -> None:
    scores = np.array([[1, 3, 2.5], [-7, -9, -8]], dtype)
    expected = [[0, 1, 0], [1, 0, 0]]
    assert normalise("softmax", scores, temperature=temperature).tolist() == expected
    assert normalise("sparsemax", scores, temperature=temperature).tolist() == expected
    for name in ("softmax1", "sink_logit(2)"):
        assert normalise(name, scores, temperature=temperature).tolist() == [[0, 1, 0], [0, 0, 0]]
    assert normalise("sigmoid", scores, temperature=temperature).tolist() == [[1, 1, 1], [0, 0, 0]]


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("temperature", [1e9, 1e30, 1e50, 1e300])
def test_a_high_temperature_makes_all_seen_keys_equal(dtype: Any, temperature: float) -> None:
    scores = np.array([[1, 30, 2.5, -8]], dtype)
    mask = np.array([True, True, False, True])
    for name, share in [
        ("softmax", 1 / 3),
        ("sparsemax", 1 / 3),
        ("softmax1", 1 / 4),
        ("sink_logit(2)", 1 / (3 + math.exp(2))),
        ("sigmoid", 1 / 5),
    ]:
        weights = normalise(name, scores, mask, temperature)
        assert weights.ravel().tolist() == pytest.approx([share, share, 0, share], rel=1e-6), name


# Sparsemax


@laws
@given(rows(size=4, least=2))
def test_sparsemax_is_the_nearest_point_of_the_simplex(rows: tuple[Array, Array]) -> None:
    """p is nearest to z if no corner e of the simplex lies on the side of p where z is: (z − p)·(e − p) ≤ 0."""
    scores = rows[0].astype(np.float64)
    for z, p in zip(scores, normalise("sparsemax", scores), strict=True):
        assert p.min() >= 0
        assert p.sum() == pytest.approx(1, abs=1e-12)
        corners = np.eye(len(z))
        assert ((corners - p) @ (z - p) <= 1e-11).all()


def test_sparsemax_gives_exact_zeros() -> None:
    assert normalise("sparsemax", [[0.0, 2.0, 1.5, -1.0]]).tolist() == [[0, 0.75, 0.25, 0]]


def test_sparsemax_leaves_a_point_of_the_simplex_where_it_is() -> None:
    point = np.array([[0.5, 0.0, 0.125, 0.375]])
    assert normalise("sparsemax", point).tolist() == point.tolist()


@laws
@given(rows(size=3))
def test_sparsemax_of_one_score_far_above_the_others_is_that_key(rows: tuple[Array, Array]) -> None:
    scores = rows[0].copy()
    assume(scores.shape[1] > 1)
    scores[:, 0] = 7
    assert normalise("sparsemax", scores)[:, 0].tolist() == [1] * len(scores)


# How they are typed


@pytest.mark.parametrize("name", NORMALISERS)
def test_every_name_of_the_table_is_a_function(name: str) -> None:
    weights = getattr(normalisers, name)(np.zeros((1, 2)), np.ones((1, 2), bool), 1.0)
    assert weights.shape == (1, 2)


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("softmax", ("softmax", ())),
        ("softmax1", ("softmax1", ())),
        ("sigmoid", ("sigmoid", ())),
        ("sparsemax", ("sparsemax", ())),
        ("sink_logit", ("sink_logit", ())),
        ("sink_logit(0.5)", ("sink_logit", (0.5,))),
        ("sink_logit(-2)", ("sink_logit", (-2.0,))),
        (" sink_logit ( 1e3 ) ", ("sink_logit", (1000.0,))),
    ],
)
def test_a_normaliser_is_a_name_and_its_numbers(text: str, parsed: tuple[str, tuple[float, ...]]) -> None:
    assert parse_normaliser(text) == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "max",
        "Softmax",
        "softmax()",
        "softmax(1)",
        "softmax1(2)",
        "sink_logit()",
        "sink_logit(x)",
        "sink_logit(1, 2)",
        "sink_logit(nan)",
        "sink_logit(inf)",
        "sink_logit(1",
        "sink_logit 1",
        "softmax; 1",
        "np",
        "_divide",
    ],
)
def test_another_text_is_refused_with_what_is_possible(text: str) -> None:
    with pytest.raises(ValueError, match="normaliser") as caught:
        parse_normaliser(text)
    assert repr(text) in str(caught.value)
    for signature in normaliser_signatures():
        assert signature in str(caught.value)


def test_signatures_are_the_names_with_their_number() -> None:
    assert set(normaliser_signatures()) == {"softmax", "softmax1", "sink_logit(x)", "sigmoid", "sparsemax"}
