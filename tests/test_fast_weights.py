"""The fast room against float64 and the plain stages: weights, output and entropy of all rows."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings

from attn_engine import RuleError, Weighed, cooled, measures, pack, pack_keys, weighed
from attn_engine.fast.machine import NARROW, WIDE, machine, threads
from attn_engine.fast.pool import shared
from tests import fast, oracles
from tests.fast import Case, case, entropy_of, near, tolerance


def check(given_case: Case) -> None:
    with given_case.on_machine():
        found = weighed(given_case.packed(), given_case.mask, align=given_case.align)
    expected = given_case.exact()
    within = tolerance(expected)
    near(found.weights, expected.weights, within)
    near(found.output, expected.output, 8 * within)
    near(found.entropy, entropy_of(expected), 8 * within + 2e-6)
    assert {array.dtype for array in vars(found).values()} == {np.dtype(np.float32)}


@settings(deadline=None, max_examples=150)
@given(fast.cases())
def test_weights_output_and_entropy_are_those_of_float64(any_case: Case) -> None:
    check(any_case)


@pytest.mark.parametrize("name", fast.MACHINES)
@pytest.mark.parametrize("mask", fast.RULES)
@pytest.mark.parametrize("size", [1, 100])
def test_long_rows_are_those_of_float64(name: str, mask: str | None, size: float) -> None:
    """Longer than a run of keys, so that rows are put together from several, and too many to look at every cell."""
    check(case(2, 129, 2400, 16, mask=mask, size=size, machine=fast.MACHINES[name], threads=2))


@pytest.mark.parametrize("mask", [*fast.RULES, "arrays"])
def test_few_queries_of_many_heads_and_keys_are_those_of_float64(mask: Any) -> None:
    """Several heads together, but not all of them, and each with its own mask."""
    if mask == "arrays":
        mask = np.random.default_rng(0).random((8, 60, 900)) < 0.5
    check(case(8, 60, 900, 4, mask=mask, key_heads=4, threads=2))


def test_a_small_case_is_what_plain_loops_give() -> None:
    small = case(2, 5, 6, 3, mask="causal")
    sides = (side.tolist() for side in (small.query, small.key, small.value))
    loops = oracles.attend(*sides, factor=3**-0.5, sees=lambda h, q, k: k <= q)
    found = weighed(small.packed(), "causal")
    near(found.weights, np.array(loops.weights), 5e-7)
    near(found.output, np.array(loops.output), 2e-6)
    near(found.entropy, np.array([[oracles.entropy(row) for row in head] for head in loops.weights]), 2e-6)


def test_rows_sum_to_one_and_those_that_see_nothing_are_zeros_without_entropy() -> None:
    found = weighed(case(1, 200, 300, mask="k < q - 40").packed(), "k < q - 40")
    sums = found.weights.sum(axis=-1)[0]
    assert (found.weights[0, :41] == 0).all()
    assert (found.output[0, :41] == 0).all()
    assert np.isnan(found.entropy[0, :41]).all()
    near(sums[41:], np.ones(159), 1e-6)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, 1e38, 3e20], ids=str)
@pytest.mark.parametrize("side", ["query", "key"])
def test_numbers_that_are_none_or_too_large_are_left_to_the_plain_way(odd: float, side: str) -> None:
    """To the letter: what the plain stages make of them in float32; the other head is computed as ever."""
    large = case(2, 70, 90, 4, mask="causal", size=1e3)
    within = tolerance(large.exact())
    getattr(large, side)[0, 3, 1] = odd
    with np.errstate(all="ignore"):
        found, plain = weighed(large.packed(), "causal"), large.plain()
        entropy = entropy_of(plain)
    np.testing.assert_array_equal(found.weights[0], plain.weights[0])
    np.testing.assert_array_equal(found.entropy[0], entropy[0])
    near(found.output[0], plain.output[0], 1e-5)
    near(found.weights[1], plain.weights[1], within)


def test_weights_far_below_the_greatest_of_their_row_are_tiny_but_not_slow_to_compute_with() -> None:
    far = case(1, 3, 4, 1, size=0)
    far.query[:], far.key[:] = 1, np.array([0, -60, -300, -3000], np.float32)[:, None]
    weights = weighed(far.packed()).weights[0, 0]
    near(weights, far.exact().weights[0, 0], 1e-30)
    assert (weights[1:] < 1e-25).all()
    assert (weights >= np.finfo(np.float32).tiny).all()


def test_a_result_is_written_over_whatever_is_there_and_returned() -> None:
    masked = case(3, 100, 90, mask="causal & window(7)")
    out = weighed(masked.packed())
    for array in vars(out).values():
        array[:] = np.nan
    again = weighed(masked.packed(), masked.mask, out=out)
    assert again is out
    fresh = weighed(masked.packed(), masked.mask)
    for name, array in vars(fresh).items():
        np.testing.assert_array_equal(getattr(out, name), array)
    with pytest.raises(ValueError, match=r"\(3, 100, 90\).*expected \(3, 99, 90\)"):
        weighed(case(3, 99, 90).packed(), out=out)
    with pytest.raises(ValueError, match="not contiguous"):
        weighed(
            case(3, 100, 90).packed(),
            out=Weighed(out.weights.transpose(0, 2, 1).copy().transpose(0, 2, 1), out.output, out.entropy),
        )


@pytest.mark.parametrize("mask", [None, "causal"])
def test_threads_change_no_number(mask: str | None) -> None:
    many = case(3, 500, 400, 16, mask=mask)
    with fast.on(WIDE, threads=1):
        one = weighed(many.packed(), mask)
    with fast.on(WIDE, threads=3):
        several = weighed(many.packed(), mask)
    for name, array in vars(one).items():
        np.testing.assert_array_equal(getattr(several, name), array)


def test_another_temperature_is_as_if_it_were_packed_anew() -> None:
    warm = case(2, 20, 30, scale=0.7)
    other = warm._replace(temperature=2.5)
    near(weighed(cooled(warm.packed(), 2.5)).weights, weighed(other.packed()).weights, 1e-7)
    near(weighed(cooled(warm.packed(), 2.5)).weights, other.exact().weights, 1e-6)


def test_queries_of_which_the_keys_are_in_blocks_alone_take_another_temperature() -> None:
    packed = case(2, 20, 30).packed()
    blocks = replace(packed, keys=replace(packed.keys, plain=None))
    near(weighed(cooled(blocks, 2.5)).weights, weighed(cooled(packed, 2.5)).weights, 1e-7)


WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: pack_keys(np.ones((2, 3)), np.ones((2, 3))), ValueError, r"key has shape \(2, 3\)"),
    (lambda: pack(np.ones((3, 4, 8)), pack_keys(*np.ones((2, 2, 5, 8)))), ValueError, "3 query heads"),
    (lambda: pack(np.ones((2, 4, 7)), pack_keys(*np.ones((2, 2, 5, 8)))), ValueError, "differ in width"),
    (lambda: pack(np.ones((2, 4, 8)), pack_keys(*np.ones((2, 2, 5, 8))), temperature=0), ValueError, "temperature"),
    (lambda: weighed(case().packed(), "cuasal"), RuleError, "cuasal"),
    (lambda: weighed(case().packed(), np.ones((3, 3), bool)), ValueError, r"\(3, 3\)"),
    (lambda: weighed(case().packed(), cast(Any, np.ones((70, 130)))), TypeError, "booleans"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "kind", "told"), WRONG)
def test_a_mistake_is_told(call: Any, kind: type[Exception], told: str) -> None:
    with pytest.raises(kind, match=told):
        call()


# Threads


def test_what_a_job_raises_is_raised_and_results_come_in_order() -> None:
    with fast.on(WIDE, threads=3):
        assert shared(lambda number: number * number, range(100)) == [number**2 for number in range(100)]
        with pytest.raises(ZeroDivisionError):
            shared(lambda number: 1 // (number - 50), range(100))
        assert shared(str, []) == []


def test_numpys_ways_with_errors_and_buffers_stay_as_they_were() -> None:
    before = np.geterr(), np.getbufsize()
    shared(lambda _: np.float32(1) / np.float32(0), range(3))
    assert (np.geterr(), np.getbufsize()) == before


def test_threads_are_used_only_where_products_keep_to_one() -> None:
    code = "from attn_engine.fast.machine import threads; print(threads())"
    bare = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    told = [
        subprocess.run([sys.executable, "-c", code], env=bare | more, capture_output=True, text=True, check=True).stdout
        for more in ({}, {"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "4"})
    ]
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    assert list(map(int, told)) == [1, cores, 1]
    assert threads() >= 1


@pytest.mark.parametrize(("given", "kept"), [({}, "1"), ({"OPENBLAS_NUM_THREADS": "3"}, "3")])
def test_the_program_keeps_products_to_one_thread_unless_it_is_told_otherwise(given: dict[str, str], kept: str) -> None:
    code = "import os; from attn_tui.cli import main; main(['print']); print(os.environ['OPENBLAS_NUM_THREADS'])"
    bare = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    done = subprocess.run([sys.executable, "-c", code], env=bare | given, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == kept


def test_the_machine_is_one_that_is_known() -> None:
    assert machine() in (WIDE, NARROW)
    for known in (WIDE, NARROW):
        assert known.power(np.float64(known.per_nat)) == pytest.approx(np.e)


def test_the_entropy_is_the_measure_of_the_weights() -> None:
    found = weighed(case(2, 300, 500, 64).packed())
    near(found.entropy, measures.entropy(found.weights.astype(np.float64)), 3e-6)
