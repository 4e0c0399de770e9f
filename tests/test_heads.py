"""How alike heads are: against plain loops, and against the experiment that it was published for."""

from __future__ import annotations

import math
import tracemalloc
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from attn_engine import Experiment, attend, compared_queries, mean_similarity, random_similarity, run, similarity
from tests import oracles

Array = NDArray[Any]

LONGEST = 1024
"""The most queries and keys, as many of each, for which random heads are drawn."""


def by_loops(weights: Array) -> list[list[float]]:
    flat = [head.ravel().tolist() for head in weights]
    return [[oracles.cosine(a, b) for b in flat] for a in flat]


def mean_by_loops(weights: Array) -> float:
    pairs = [oracles.cosine(a.ravel().tolist(), b.ravel().tolist()) for a, b in combinations(weights, 2)]
    return math.fsum(pairs) / len(pairs) if pairs else 1.0


# Similarity


@settings(deadline=None, max_examples=80)
@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4), st.integers(1, 4)).flatmap(
        lambda shape: arrays("f8", shape, elements=st.just(0.0) | st.floats(1e-3, 1))
    ),
    st.sampled_from([np.float32, np.float64]),
    st.sampled_from([1, 1e-12, 1e-30]),
)
def test_similarity_is_the_cosine_of_each_pair(weights: Array, dtype: Any, size: float) -> None:
    weights = (weights * size).astype(dtype)
    found = similarity(weights)
    assert found == pytest.approx(np.array(by_loops(weights)), abs=1e-6)
    assert np.array_equal(found, found.T)
    assert mean_similarity(found) == pytest.approx(mean_by_loops(weights), abs=1e-6)


def test_the_sample_is_compared_head_by_head() -> None:
    weights = run(Experiment()).weights
    assert similarity(weights) == pytest.approx(np.array(by_loops(weights)), abs=1e-5)
    assert mean_similarity(similarity(weights)) == pytest.approx(mean_by_loops(weights), abs=1e-5)


def test_a_single_head_is_like_itself() -> None:
    weights = run(Experiment(source="random", num_heads=1)).weights
    assert similarity(weights) == pytest.approx(np.ones((1, 1)))
    assert mean_similarity(similarity(weights)) == 1.0


def test_an_empty_head_is_like_none_not_nan() -> None:
    weights = np.stack([np.eye(3), np.zeros((3, 3)), np.eye(3)])
    assert similarity(weights).tolist() == [[1, 0, 1], [0, 0, 0], [1, 0, 1]]
    assert mean_similarity(similarity(weights)) == pytest.approx(1 / 3)
    assert mean_similarity(similarity(np.zeros((2, 3, 3)))) == 0


NOT_FINITE = [math.nan, math.inf, -math.inf]


def by_loops_where_finite(weights: Array) -> list[list[float]]:
    """The cosine of each pair over the queries at which every weight of both is finite."""
    found: list[list[float]] = []
    for a in weights.tolist():
        found.append([])
        for b in weights.tolist():
            pairs = [(one, other) for one, other in zip(a, b, strict=True) if all(map(math.isfinite, one + other))]
            flat = [[number for pair in pairs for number in pair[side]] for side in (0, 1)]
            found[-1].append(oracles.cosine(*flat) if pairs else math.nan)
    return found


@settings(deadline=None, max_examples=80)
@given(
    st.tuples(st.integers(2, 4), st.integers(1, 4), st.integers(1, 3)).flatmap(
        lambda shape: arrays("f8", shape, elements=st.floats(1e-3, 1) | st.sampled_from(NOT_FINITE))
    )
)
def test_of_heads_with_nan_or_infinity_the_queries_that_both_can_be_read_at_are_compared(weights: Array) -> None:
    found, expected = similarity(weights), np.array(by_loops_where_finite(weights))
    np.testing.assert_allclose(found, expected, atol=1e-6)
    known = [expected[a, b] for a, b in combinations(range(len(weights)), 2) if not math.isnan(expected[a, b])]
    assert mean_similarity(found) == pytest.approx(np.mean(known) if known else math.nan, abs=1e-6, nan_ok=True)
    finite = [[bool(np.isfinite(row).all()) for row in head] for head in weights]
    counts = [[sum(a and b for a, b in zip(one, other, strict=True)) for other in finite] for one in finite]
    assert compared_queries(weights).tolist() == counts


def test_heads_of_opposite_signs_are_unlike_each_other() -> None:
    assert similarity(np.array([[[1.0, 2.0]], [[-1.0, -2.0]]])) == pytest.approx(np.array([[1, -1], [-1, 1]]))


def test_finite_numbers_whose_sum_is_too_large_are_compared() -> None:
    weights = np.full((2, 2, 3), 3e38, dtype=np.float32)
    assert similarity(weights) == pytest.approx(np.ones((2, 2)))
    assert compared_queries(weights).tolist() == [[2, 2], [2, 2]]


def test_equal_heads_are_alike_and_heads_that_share_no_key_are_not() -> None:
    attention = attend(np.ones((2, 3, 1)), np.ones((2, 4, 1)), np.ones((2, 4, 1)), mask="k % 2 == h")
    assert similarity(attention.weights).tolist() == [[1, 0], [0, 1]]
    same = attend(np.ones((2, 3, 1)), np.ones((2, 4, 1)), np.ones((2, 4, 1)), mask="causal")
    assert similarity(same.weights) == pytest.approx(np.ones((2, 2)))


def test_leading_axes_are_kept() -> None:
    weights = np.random.default_rng(0).random((2, 3, 4, 5, 6))
    found = similarity(weights)
    assert found.shape == (2, 3, 4, 4)
    for place in np.ndindex(2, 3):
        assert np.allclose(found[place], similarity(weights[place]))


# The diversity experiment


@pytest.mark.parametrize(("heads", "published"), [(2, 0.187), (4, 0.190), (8, 0.195)])
def test_projected_heads_are_as_alike_as_was_published(heads: int, published: float) -> None:
    """n = 20, d_model = 64, means over draws; the published means are good to about 0.001."""
    likeness = [
        mean_similarity(
            similarity(run(Experiment(source="projected", num_heads=heads, head_dim=64 // heads, seed=seed)).weights)
        )
        for seed in range(150)
    ]
    error = float(np.std(likeness, ddof=1)) / math.sqrt(len(likeness))
    assert error < 0.005
    assert abs(np.mean(likeness) - published) < 3 * error + 0.001


def drawn_by_protocol(experiment: Experiment, draws: int = 120) -> tuple[float, float]:
    """x ~ N(0,1) of width 64, W of variance 2/64, in float64 with a stream of its own: the mean and its error."""
    stream, means = np.random.default_rng(99), []
    queries, keys, heads = experiment.query_length, experiment.key_length, experiment.num_heads
    for _ in range(draws):
        x = stream.standard_normal((max(queries, keys), 64))
        w_q, w_k = stream.standard_normal((2, heads, 64, experiment.head_dim)) * math.sqrt(2 / 64)
        query, key = x[:queries] @ w_q, x[:keys] @ w_k
        settings = ("mask", "score_mod", "scale", "temperature", "normaliser", "align")
        weights = attend(query, key, key, **{name: getattr(experiment, name) for name in settings}).weights
        means.append(mean_by_loops(weights))
    return float(np.mean(means)), float(np.std(means, ddof=1)) / math.sqrt(draws)


@pytest.mark.parametrize("head_dim", [8, 16, 32])
@pytest.mark.parametrize(("mask", "published"), [("full", 0.19), ("causal", 0.42)])
def test_random_heads_are_expected_as_alike_as_was_published(mask: str, published: float, head_dim: int) -> None:
    experiment = Experiment(source="random", head_dim=head_dim, mask=mask)
    found = random_similarity(experiment, run(experiment))
    assert found is not None
    mean, error = found
    assert 0 < error < 0.01
    assert abs(mean - published) < 3 * error + 0.005  # the published figure is rounded


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"mask": "causal"},
        {"mask": "window(3)"},
        {"score_mod": "alibi"},
        {"score_mod": "softcap(1)"},
        {"scale": "none"},
        {"temperature": 4.0},
        {"normaliser": "sparsemax"},
        {"normaliser": "sigmoid"},
        {"head_dim": 256},
        {"head_dim": 1, "scale": 1.0},
        {"mask": "causal", "query_length": 5, "align": "right"},
        {"query_length": 30, "key_length": 7},
    ],
    ids=str,
)
def test_random_heads_are_expected_as_alike_as_draws_under_the_same_settings_are(changed: dict[str, Any]) -> None:
    experiment = Experiment(**{"source": "random", "head_dim": 16, **changed})
    found = random_similarity(experiment, run(experiment))
    assert found is not None
    drawn, uncertainty = drawn_by_protocol(experiment)
    assert 0 < found[1] < 0.02
    assert abs(found[0] - drawn) < 3.5 * math.hypot(found[1], uncertainty)


def test_random_heads_are_those_of_the_lengths_and_width_on_the_screen() -> None:
    """The sample brings its own 16 positions and d_k 32, whatever the experiment says."""
    sample = random_similarity(Experiment(query_length=5, head_dim=3), run(Experiment()))
    fields: dict[str, Any] = {"query_length": 16, "key_length": 16, "head_dim": 32}
    made = Experiment(source="random", num_heads=12, seed=4, **fields)
    assert sample == random_similarity(made, run(made))


def test_random_heads_that_see_nothing_are_not_alike() -> None:
    experiment = Experiment(source="random", mask="false")
    assert random_similarity(experiment, run(experiment)) == (0, 0)


def test_a_source_or_its_seed_does_not_change_what_is_expected() -> None:
    found = {
        random_similarity(experiment, run(experiment))
        for experiment in (
            Experiment(source="random"),
            Experiment(source="clusters"),
            Experiment(source="random", seed=3),
        )
    }
    assert len(found) == 1


def test_for_very_many_pairs_of_positions_no_random_heads_are_drawn() -> None:
    most = Experiment(source="random", num_heads=1, query_length=LONGEST, key_length=LONGEST, head_dim=1)
    longer = Experiment(source="random", num_heads=1, query_length=LONGEST, key_length=LONGEST + 1, head_dim=1)
    found = random_similarity(most, run(most))
    assert found is not None
    assert all(map(math.isfinite, found))
    assert random_similarity(longer, run(longer)) is None


def test_random_heads_of_great_width_take_little_memory() -> None:
    wide = Experiment(source="random", num_heads=1, query_length=4, key_length=4, head_dim=65536)
    attention = run(wide)
    tracemalloc.start()
    try:
        assert random_similarity(wide, attention) is not None
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 100 * 2**20
