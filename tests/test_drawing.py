"""Queries and keys drawn a part after the other: the numbers that are drawn at once, whatever the parts."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_engine import Drawing, Experiment, Far, budget, far_of, inputs_of, size_of
from attn_engine import draws as numbers
from attn_engine.draws import normal, stream
from attn_engine.experiment import BLOCK, MAX_DRAWN

PARTS = 512
"""Positions of a part, of which every machine's block of keys is a part."""

LARGE = Experiment(source="random", num_heads=2, query_length=1200, key_length=1300, head_dim=8)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**10)
    monkeypatch.setattr(numbers, "SLICE", PARTS)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.integers(1, 150), st.integers(1, 200), st.integers(0, 9))
def test_parts_of_any_size_have_the_numbers_of_one_draw(rows: int, columns: int, size: int, seed: int) -> None:
    whole = [
        stream("key", seed, 1, first).standard_normal((rows, BLOCK)).astype(np.float32)
        for first in range(0, columns, BLOCK)
    ]
    before, numbers.SLICE = numbers.SLICE, size
    try:
        drawn = normal("key", rows, columns, Experiment(num_heads=2, seed=seed))
    finally:
        numbers.SLICE = before
    np.testing.assert_array_equal(drawn[1], np.concatenate(whole, axis=1)[:, :columns])


SHAPES = st.tuples(st.integers(1, 4), st.integers(1, 40), st.integers(1, 200), st.integers(0, 1))
"""Heads, rows, columns, seed."""


@given(SHAPES, SHAPES)
def test_numbers_are_the_same_whatever_was_drawn_before(
    before: tuple[int, int, int, int], now: tuple[int, int, int, int]
) -> None:
    def drawn(heads: int, rows: int, columns: int, seed: int) -> Any:
        return normal("key", rows, columns, Experiment(num_heads=heads, seed=seed))

    kept = drawn(*before)
    after = drawn(*now)
    del kept
    numbers._kept.clear()
    np.testing.assert_array_equal(after, drawn(*now))


ASKED: list[dict[str, Any]] = [
    {},
    {"head_dim": 70, "seed": 3},
    {"num_heads": 4, "num_key_heads": 2},
    {"rope": "on", "align": "right"},
    {"source": "clusters", "rope": "on"},
    {"source": "projected"},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_queries_and_keys_are_those_of_the_inputs(asked: dict[str, Any]) -> None:
    experiment = replace(LARGE, **asked)
    far, given = far_of(experiment), inputs_of(experiment)
    np.testing.assert_array_equal(far.query, given.query)
    np.testing.assert_array_equal(far.key, given.key)
    assert (far.num_key_heads, far.head_dim) == (given.key.shape[0], given.key.shape[2])


def drawing_of(far: Far) -> Drawing:
    """Its queries and keys in the making."""
    assert far.drawing
    return far.drawing


def test_they_come_by_and_by_and_the_share_tells_how_many_are_there() -> None:
    drawing = Drawing(LARGE)
    shares = [drawing.share]
    while drawing.share < 1:
        drawing.go_on(0)
        shares.append(drawing.share)
    assert shares[0] == 0
    assert len(set(shares)) > 5
    assert shares == sorted(shares)
    assert drawing.drawn == drawing.total == 2 * (1200 + 1300) * 8


def test_a_map_asked_for_while_they_are_drawn_is_of_all_of_them() -> None:
    far = far_of(replace(LARGE, seed=8))
    drawing_of(far).go_on(0)
    assert drawing_of(far).share < 1
    (found,) = far.maps(0, [0, 1200], [0, 1300], np.inf)
    assert found.means[0, 0] == pytest.approx(1 / 1300, rel=1e-4)
    assert drawing_of(far).share == 1


@pytest.mark.parametrize("share", [0.3, 1.0])
def test_numbers_that_are_not_shown_any_more_are_let_go_at_once(share: float) -> None:
    gc.disable()
    try:
        far = far_of(replace(LARGE, seed=4))
        while drawing_of(far).share < share:
            drawing_of(far).go_on(0)
        steps = far.maps(0, [0, 1200], [0, 1300], 0) if share == 1 else None
        assert steps is None or next(steps).known.any()
        first = weakref.ref(drawing_of(far))
        assert drawing_of(far_of(replace(LARGE, seed=4, temperature=2, mask="causal"))) is first()
        drawing_of(far_of(replace(LARGE, seed=5))).go_on()
        del steps
        assert first() is None
    finally:
        gc.enable()


# How much can be had


MILLION = Experiment(source="random", num_heads=1, query_length=2**20, key_length=2**20)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[None]:
    """So many bytes are the budget."""
    budget._budget.cache_clear()
    monkeypatch.setattr("attn_engine.captures.memory.memory_budget", lambda: request.param)
    yield
    budget._budget.cache_clear()


@pytest.mark.parametrize("memory", [2**40], indirect=True)
@pytest.mark.usefixtures("memory")
def test_a_head_of_a_million_positions_can_be_had_and_no_two() -> None:
    assert size_of(MILLION).query_length == 2**20
    far = far_of(MILLION)
    assert drawing_of(far).total == MAX_DRAWN
    assert drawing_of(far).share == 0
    with pytest.raises(ValueError, match=r"2 heads × \(1,048,576 queries \+ 1,048,576 keys\) × d_k 64 is 268,435,456"):
        far_of(replace(MILLION, num_heads=2))
    with pytest.raises(ValueError, match="268,435,456 numbers of query and key; at most 134,217,728 are made"):
        size_of(replace(MILLION, head_dim=65))
    with pytest.raises(ValueError, match="numbers of query, key and value; at most 33,554,432 are made"):
        far_of(replace(MILLION, source="positions"))


@pytest.mark.parametrize("memory", [2**29], indirect=True)
@pytest.mark.usefixtures("memory")
def test_where_memory_is_short_that_is_said() -> None:
    with pytest.raises(ValueError, match="query and key; at most 89,478,485, for lack of memory, are made"):
        far_of(replace(MILLION, seed=1))
    assert drawing_of(far_of(replace(MILLION, query_length=2**16))).share == 0


def test_numbers_that_could_not_be_drawn_are_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing, fails = Drawing(LARGE), iter([False, True])
    lay = Drawing._lay

    def failing(self: Drawing, *part: Any) -> None:
        if next(fails, False):
            raise MemoryError
        lay(self, *part)

    monkeypatch.setattr(Drawing, "_lay", failing)
    with pytest.raises(MemoryError):
        drawing.go_on()
    assert drawing.share < 1
    found = drawing.packed("1/√d_k", 1.0)
    assert drawing.share == 1
    np.testing.assert_array_equal(found.plain, inputs_of(LARGE).query)
