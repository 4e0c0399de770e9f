"""The heat map that is never made: against means of blocks of weights in float64, at every step of it."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_engine import MeanMap, Plane, RuleError, mean_map, mean_maps, mean_rows
from attn_engine.fast import jobs, maps
from attn_engine.fast.bands import BandJob
from attn_engine.fast.columns import Columns
from attn_engine.fast.jobs import Survey
from attn_engine.fast.sight import sight_of
from tests import fast
from tests.fast import Array, Case, case, entropy_of, near, tolerance


def blocks(weights: Array, mask: Array, rows: list[Array], edges: Array) -> tuple[Array, Array]:
    """The mean of the cells seen in each block, and how many there are; rows as lists of queries."""
    seen = np.where(mask, weights, 0)
    columns = [slice(first, last) for first, last in pairwise(edges)]
    sums = np.array([[seen[row][:, column].sum() for column in columns] for row in rows])
    pairs = np.array([[np.count_nonzero(mask[row][:, column]) for column in columns] for row in rows])
    return np.divide(sums, pairs, out=np.zeros_like(sums), where=pairs > 0), pairs


def check(found: MeanMap, shown: Case, head: int, rows: list[Array], edges: Array) -> None:
    """Exact for the queries that are known, and nothing said of others."""
    exact = shown.exact()
    mask = np.broadcast_to(exact.mask_of(head), exact.weights.shape[1:])
    known = set(found.queries[found.known].tolist())
    rows = [np.array([query for query in row if query in known], dtype=int) for row in rows]
    means, pairs = blocks(exact.weights[head], mask, rows, edges)
    begun = np.array([row.size > 0 for row in rows])
    within = tolerance(exact)
    near(found.means[begun], means[begun], within)
    assert np.isnan(found.means[~begun]).all()
    np.testing.assert_array_equal(found.pairs, pairs)
    entropy = np.where(found.known, entropy_of(exact)[head][found.queries], np.nan)
    near(found.entropy, entropy, 8 * within + 2e-6)


def last(steps: Iterable[MeanMap]) -> MeanMap:
    return list(steps)[-1]


@st.composite
def edges(draw: st.DrawFn, length: int) -> Array:
    """A few rising edges, or many, of all positions or of some."""
    if draw(st.booleans()):
        return np.unique(np.linspace(0, length, draw(st.integers(1, min(length, 60))) + 1).astype(int))
    found = draw(st.lists(st.integers(0, length), min_size=2, max_size=12, unique=True))
    return np.array(sorted(found))


@settings(deadline=None, max_examples=120)
@given(fast.cases(), st.data())
def test_means_pairs_and_entropies_are_those_of_float64(shown: Case, data: st.DataObject) -> None:
    head = data.draw(st.integers(0, len(shown.query) - 1))
    rows, columns = data.draw(edges(shown.query.shape[1])), data.draw(edges(shown.key.shape[1]))
    with shown.on_machine():
        found = mean_map(shown.packed(), head, rows, columns, shown.mask, align=shown.align)
    assert found.exact
    assert found.share == 1
    queries = [np.arange(low, high) for low, high in pairwise(rows)]
    check(found, shown, head, queries, columns)


@settings(deadline=None, max_examples=60)
@given(fast.cases(), st.data())
def test_single_rows_are_those_of_float64(shown: Case, data: st.DataObject) -> None:
    queries = sorted(data.draw(st.sets(st.integers(0, shown.query.shape[1] - 1), min_size=1, max_size=9)))
    columns = data.draw(edges(shown.key.shape[1]))
    with shown.on_machine():
        found = last(mean_rows(shown.packed(), 0, queries, columns, shown.mask, align=shown.align))
    check(found, shown, 0, [np.array([query]) for query in queries], columns)


LONG: list[dict[str, Any]] = [{"mask": mask} for mask in fast.RULES] + [{"size": 100}, {"size": 1e6, "mask": "causal"}]


@pytest.mark.parametrize("name", fast.MACHINES)
@pytest.mark.parametrize("change", LONG, ids=str)
def test_every_step_of_a_long_map_is_exact_for_what_it_knows(
    name: str, change: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "AT_ONCE", 2**17)
    shown = case(2, 300, 2500, 4, **change, machine=fast.MACHINES[name], threads=2)
    rows, columns = np.array([0, 50, 51, 199, 300]), np.array([0, 3, 700, 701, 2500])
    queries = [np.arange(low, high) for low, high in pairwise(rows)]
    with shown.on_machine():
        steps = list(mean_maps(shown.packed(), 1, rows, columns, shown.mask, seconds=0))
    shares = [step.share for step in steps]
    assert shares == sorted(shares)
    assert [step.exact for step in steps] == [False] * (len(steps) - 1) + [True]
    for step in steps:
        check(step, shown, 1, queries, columns)


BANDS = (
    "causal & window(128)",
    "window(130)",
    "causal & q - k < 20 * (h + 1)",
    "k - q > 30 & k - q < 40",
    "causal & window(60) & q - k != 3",
    "causal & window(5) | q - k == 1400",
    "causal & window(9) | k - q == 1300",
    "q - k == 1450",
    "causal",
)


@pytest.mark.parametrize("mask", BANDS)
@pytest.mark.parametrize("change", [{}, {"size": 100, "threads": 2}, {"machine": fast.MACHINES["narrow"]}], ids=str)
@pytest.mark.parametrize("rows", [[0, 700, 1501], [3, 50, 51, 1490], [*range(0, 1501, 30)], [*range(100, 1400, 128)]])
def test_masks_of_bands_are_computed_exactly(mask: str, change: dict[str, Any], rows: list[int]) -> None:
    """Many strips at once where they see the same but for a shift; one by one where ends or other keys are in sight."""
    shown = case(2, 1501, 1530, 4, mask=mask, **change)
    columns = np.array([0, 3, 400, 401, 900, 1530])
    with shown.on_machine():
        found = mean_map(shown.packed(), 1, rows, columns, mask)
    assert found.exact
    check(found, shown, 1, [np.arange(low, high) for low, high in pairwise(rows)], columns)


def test_the_bands_of_the_tests_before_are_found_and_no_others() -> None:
    found = []
    for mask in BANDS:
        packed = case(2, 1501, 1530, 4).packed()
        sight = sight_of(mask, Plane(1501, 1530, 2, head=1), 128)
        queries = np.arange(1501)
        survey = Survey(packed, 1, queries, queries // 700, Columns([0, 1530], 1530), sight)
        found.append(any(isinstance(job, BandJob) for job in survey.jobs()))
    assert found == [True] * 5 + [False] * 4


def test_the_first_step_of_a_map_without_a_mask_tells_of_every_row() -> None:
    steps = mean_maps(case(1, 8192, 2048, 2).packed(), 0, np.linspace(0, 8192, 65).astype(int), [0, 2048], seconds=0)
    first = next(steps)
    assert first.share < 1
    assert np.isfinite(first.means).all()


@pytest.mark.parametrize("mask", ["causal", "window(40)", "(q + k) % 3 == 0"])
def test_short_strips_first_tell_of_all_the_map_sooner_and_change_no_number(
    mask: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown, rows, columns = case(1, 3000, 2000, 4, mask=mask), np.arange(0, 3001, 300), np.arange(0, 2001, 250)
    plainly = last(mean_maps(shown.packed(), 0, rows, columns, mask))
    for name, value in (("MANY_KEYS", 1), ("SPREAD", 3000 // jobs.ROWS)):
        monkeypatch.setattr(jobs, name, value)
    monkeypatch.setattr(maps, "AT_ONCE", 1)
    *steps, found = mean_maps(shown.packed(), 0, rows, columns, mask, seconds=0)
    np.testing.assert_allclose(found.means, plainly.means, rtol=1e-5)
    np.testing.assert_array_equal(found.pairs, plainly.pairs)
    np.testing.assert_allclose(found.entropy, plainly.entropy, rtol=1e-5, atol=1e-6)
    if mask != "window(40)":  # a band is no strips
        sooner = next(step for step in steps if not np.isnan(step.means).any())
        assert sooner.share < 0.1


def test_a_step_may_be_counted_in_scores_rather_than_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "WHOLE", 2**16)
    packed = case(1, 4000, 3000, 4).packed()
    first, again = (next(mean_maps(packed, 0, [0, 4000], [0, 3000], seconds=0, scores=2**20)) for _ in range(2))
    np.testing.assert_array_equal(first.known, again.known)
    assert 2**20 <= first.known.sum() * 3000 < 2**21
    assert next(mean_maps(packed, 0, [0, 4000], [0, 3000], seconds=0, scores=4000 * 3000)).exact


@pytest.mark.parametrize("mask", [None, "causal"])
def test_keys_of_few_rows_are_shared_among_threads_and_change_no_number(mask: str | None) -> None:
    long = case(1, 9000, 9000, 4, size=100).packed()
    found = []
    for threads in (1, 2):
        with fast.on(fast.MACHINES["wide"], threads):
            found.append(last(mean_rows(long, 0, [17, 8000], [0, 4000, 9000], mask)))
    np.testing.assert_array_equal(found[0].means, found[1].means)
    np.testing.assert_array_equal(found[0].entropy, found[1].entropy)


def test_means_of_nan_are_nan_and_only_in_their_rows() -> None:
    shown = case(1, 200, 200, 4)
    shown.query[0, 30] = np.nan
    found = mean_map(shown.packed(), 0, [0, 30, 31, 200], [0, 100, 200])
    assert np.isnan(found.means).tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert np.flatnonzero(np.isnan(found.entropy)).tolist() == [30]


def test_a_few_keys_among_two_million_are_found() -> None:
    shown = case(1, 1, 2**21, 1, mask="causal & window(3)", align="right")
    found = last(mean_rows(shown.packed(), 0, [0], [0, 2**21 - 3, 2**21 - 1, 2**21], shown.mask, align="right"))
    own = np.exp(shown.query[0, 0, 0].astype(np.float64) * shown.key[0, -3:, 0])
    assert found.pairs.tolist() == [[0, 2, 1]]
    near(found.means, np.array([[0, own[:2].sum() / 2, own[2]]]) / own.sum(), 1e-6)


@pytest.mark.parametrize(("mask", "most"), [(None, 8), ("causal", 8), ("window(64)", 8)])
def test_memory_is_that_of_a_strip_and_not_of_the_map(mask: str | None, most: float) -> None:
    """Of 4096² weights, which are 64 MiB."""
    packed = case(1, 4096, 4096, 8).packed()
    rows = np.linspace(0, 4096, 41).astype(int)
    mean_map(packed, 0, rows, rows, mask)
    tracemalloc.start()
    mean_map(packed, 0, rows, rows, mask)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < most * 2**20


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda packed: mean_map(packed, 2, [0, 70], [0, 130]), ValueError, "head 2; possible are 0 … 1"),
    (lambda packed: mean_map(packed, 0, [0, 71], [0, 130]), ValueError, r"query edges \[0, 71\].*0 … 70"),
    (lambda packed: mean_map(packed, 0, [0, 70], [5, 5]), ValueError, r"key edges \[5, 5\]; they rise"),
    (lambda packed: mean_map(packed, 0, [0], [0, 130]), ValueError, "at least two"),
    (lambda packed: mean_rows(packed, 0, [3, 2], [0, 130]), ValueError, "rise"),
    (lambda packed: mean_map(packed, 0, [0, 70], [0, 130], "cuasal"), RuleError, "cuasal"),
]


@pytest.mark.parametrize(("call", "kind", "told"), WRONG)
def test_a_mistake_is_told(call: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        call(case().packed())
