"""Conventions against the definitions of those whose they are, in plain loops, and float32 by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import Plane, parse
from attn_engine.masks.conventions import POLARITIES, alignments, blind_outcomes, window_readings
from tests.drawing import quick

HF, GYM, BOTH, XFORMERS, LONGFORMER, NATTEN = range(6)


def natten(query: int, length: int, kernel: int) -> list[int]:
    """The definition with its two corrections, as in the paper's code."""
    left, right = kernel // 2, kernel // 2 + (kernel % 2 - 1)
    start = max(query - left, 0) + (query + right >= length) * (length - right - query - 1)
    return list(range(start, start + kernel))


def test_window_three_of_sixteen_as_query_ten_sees_it() -> None:
    readings = window_readings(3, Plane(16, 16), 10)
    assert [list(reading.keys) for reading in readings] == [
        [8, 9, 10],
        [7, 8, 9, 10],
        [7, 8, 9, 10, 11, 12, 13],
        [9, 10, 11],
        [],
        [9, 10, 11],
    ]
    assert readings[LONGFORMER].rule == ""
    assert "3 is odd" in readings[LONGFORMER].note


def test_an_even_number_is_longformers_and_not_xformers() -> None:
    readings = window_readings(4, Plane(16, 16), 10)
    assert readings[LONGFORMER].keys == (8, 9, 10, 11, 12)
    assert "4 is even" in readings[XFORMERS].note


@quick
@given(st.integers(1, 20), st.integers(2, 20), st.data())
def test_nattens_window_is_moved_inwards_at_the_ends(length: int, kernel: int, data: st.DataObject) -> None:
    query = data.draw(st.integers(0, length - 1))
    reading = window_readings(kernel, Plane(length, length), query)[NATTEN]
    if kernel > length:
        assert "more than" in reading.note
    else:
        assert list(reading.keys) == natten(query, length, kernel)


@quick
@given(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9), st.sampled_from(["left", "right"]))
def test_the_rows_that_differ_are_counted(window: int, queries: int, keys: int, align: str) -> None:
    plane = Plane(queries, keys, align=align)  # type: ignore[arg-type]
    rows = [window_readings(window, plane, query) for query in range(queries)]
    for at in range(6):
        if rows[0][at].rule:
            differing = [query for query in range(queries) if rows[query][at].keys != rows[query][HF].keys]
            assert rows[0][at].differs == len(differing)
            assert rows[0][at].first == (differing[0] if differing else None)
            assert rows[0][at].compared == queries


def test_a_million_positions_are_compared_at_a_few_queries() -> None:
    readings = window_readings(5000, Plane(2**20, 2**20), 10_000)
    assert readings[HF].differs == 0
    assert readings[GYM].count == 5001
    assert len(readings[GYM].keys) == 4096
    assert 0 < readings[GYM].differs < readings[GYM].compared < 100


def test_natten_refuses_queries_and_keys_of_different_number() -> None:
    assert "as many" in window_readings(3, Plane(4, 8), 0)[NATTEN].note


@pytest.mark.parametrize(
    ("window", "query", "said"), [(0, 0, "at least 1"), (1, 4, "possible are 0 … 3"), (1, -1, "0 … 3")]
)
def test_what_is_not_there_is_refused(window: int, query: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        window_readings(window, Plane(4, 4), query)


def test_two_queries_and_five_keys_aligned_both_ways() -> None:
    left, right = alignments(parse("causal"), Plane(2, 5))
    assert (left.align, left.pairs, left.blind) == ("left", 3, 0)
    assert (right.align, right.pairs, right.blind) == ("right", 9, 0)


def test_more_queries_than_keys_leave_the_first_blind_when_aligned_right() -> None:
    left, right = alignments(parse("causal"), Plane(5, 2, align="right"))
    assert (left.pairs, left.blind, left.first_blind) == (9, 0, None)
    assert (right.pairs, right.blind, right.first_blind) == (3, 3, 0)
    assert left.exact
    assert right.exact


def test_alignments_of_a_million_are_estimates_and_say_so() -> None:
    left, _ = alignments(parse("causal"), Plane(2**20, 2**20))
    assert not left.exact
    assert left.pairs == pytest.approx(2**39, rel=0.1)


def test_a_row_that_sees_nothing_by_each_way_of_masking() -> None:
    scores = np.array([2.0, 1.0, 0.5, -1.0], dtype=np.float32)
    total = sum(math.exp(score) for score in scores)
    unmasked = [math.exp(score) / total for score in scores]
    infinite, lowest, replaced, added, ten_thousand, hundred, here = blind_outcomes(scores)
    assert all(math.isnan(weight) for weight in infinite.weights)
    assert lowest.weights == replaced.weights == added.weights == (0.25, 0.25, 0.25, 0.25)
    assert ten_thousand.weights == pytest.approx(unmasked, rel=1e-3)
    assert hundred.weights == pytest.approx(unmasked, rel=1e-4)
    assert here.weights == (0.0, 0.0, 0.0, 0.0)


def test_the_words_follow_the_numbers() -> None:
    effects = [outcome.effect for outcome in blind_outcomes()]
    assert "NaN" in effects[0]
    assert all("future" in effect for effect in effects[1:4])
    assert all("no mask" in effect for effect in effects[4:6])
    assert "zeros" in effects[6]
    large = np.array([2e9, 0.0], dtype=np.float32)
    assert "no mask" in blind_outcomes(large)[3].effect  # −1e9 added does not hide what stands out by more


def test_both_polarities_are_told() -> None:
    assert {polarity.true_means for polarity in POLARITIES} == {"may look", "must not look"}
