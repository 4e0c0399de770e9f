"""Costs against arithmetic by hand, growth against masks whose law is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import Plane, Rule, evaluate, parse
from attn_engine.masks.costs import bytes_text, costs, flops_text, growth, mask_bytes
from tests.drawing import quick


@dataclass(frozen=True)
class Blocks:
    full: int
    partial: int


@dataclass(frozen=True)
class Counted:
    pairs: int
    error: float = 0.0


def brute(rule: Rule, plane: Plane) -> Counted:
    allowed = np.broadcast_to(evaluate(rule, plane.grid()), (plane.query_length, plane.key_length))
    return Counted(int(allowed.sum()))


def test_causal_attention_of_a_thousand_positions_by_hand() -> None:
    n, block = 1024, 128
    dense, sparse, blocked = costs(n * (n + 1) // 2, Plane(n, n), 64, 8, blocks=Blocks(28, 8), block_size=block)
    assert (dense.form, sparse.form, blocked.form) == ("dense", "sparse", "block-sparse")
    assert dense.flops == 2 * (2 * n * n * 64) * 8  # QKᵀ and PV, a product and a sum each
    assert dense.score_bytes == n * n * 8 * 2
    assert dense.in_vain == pytest.approx((n - 1) / (2 * n))
    assert (sparse.pairs, sparse.in_vain) == (524_800, 0.0)
    assert blocked.pairs == 36 * 128 * 128
    assert blocked.in_vain == pytest.approx(8 * (128 * 127 / 2) / (36 * 128 * 128))


def test_blocks_at_a_ragged_end_are_computed_whole() -> None:
    assert costs(25, Plane(5, 5), 1, 1, blocks=Blocks(4, 0), block_size=4)[2].pairs == 64


def test_an_empty_mask_wastes_all_of_dense_and_nothing_of_the_others() -> None:
    assert [cost.in_vain for cost in costs(0, Plane(4, 4), 8, 1, blocks=Blocks(0, 0), block_size=2)] == [1.0, 0.0, 0.0]


def test_memory_of_the_mask_in_each_form() -> None:
    assert mask_bytes(3, Plane(4, 6), 2, 4) == {
        "boolean": 24,
        "additive": 96,
        "lists of keys": (3 + 5) * 4,
        "BlockMask": (2 * 2 * 3 + 2 * 3 * 2 + 2 * 2 + 2 * 3) * 4,
    }


@pytest.mark.parametrize(
    ("flops", "said"),
    [(0, "0 FLOP"), (999, "999 FLOP"), (1000, "1.0 kFLOP"),
     (4.3e12, "4.3 TFLOP"), (999_960, "1.0 MFLOP"), (1e23, "100,000 EFLOP")],
)  # fmt: skip
def test_operations_are_said_in_units(flops: float, said: str) -> None:
    assert flops_text(flops) == said


@pytest.mark.parametrize(
    ("size", "said"), [(1023, "1,023 B"), (1536, "1.5 KiB"), (2**40, "1.0 TiB"), (2**20 - 1, "1.0 MiB")]
)
def test_memory_is_said_in_units(size: int, said: str) -> None:
    assert bytes_text(size) == said


@quick
@given(st.floats(1, 1e24))
def test_what_is_said_is_within_the_rounding(flops: float) -> None:
    number, unit = flops_text(flops).replace(",", "").split(" ")
    powers = dict(zip(["FLOP", "kFLOP", "MFLOP", "GFLOP", "TFLOP", "PFLOP", "EFLOP"], range(7), strict=True))
    assert float(number) * 1000.0 ** powers[unit] == pytest.approx(flops, rel=0.06 if flops >= 10 else 0.5)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("full", "O(n²)"),
        ("causal", "O(n²)"),
        ("axial(4)", "O(n²)"),
        ("window(2)", "O(n)"),
        ("window(16)", "O(n·w), w = 16"),
        ("q == 3", "O(n)"),
        ("q < 3 & k < 3", "O(1)"),
        ("causal & (q - k) * (q - k) <= q", "O(n^1.5)"),
        ("false", "no pairs"),
    ],
)
def test_the_law_of_growth(text: str, word: str) -> None:
    found = growth(parse(text), Plane(9, 9), sizes=(16, 32, 64, 128, 256, 512, 1024), counter=brute)
    assert found.word == word
    assert found.lengths == (16, 32, 64, 128, 256, 512, 1024)
    assert all(found.exact)


def test_between_two_laws_no_law_is_claimed() -> None:
    assert growth(parse("window(40)"), Plane(1, 1), sizes=(16, 32, 64), counter=brute).word.startswith("about n^1.")


def test_lengths_at_which_the_rule_has_no_value_are_left_out() -> None:
    found = growth(parse("q % (K - 32) == 0"), Plane(1, 1), sizes=(16, 32, 64), counter=brute)
    assert found.lengths == (16, 64)


def test_an_estimate_is_marked() -> None:
    found = growth(parse("full"), Plane(1, 1), sizes=(2, 4), counter=lambda rule, plane: Counted(plane.pairs, 1.0))
    assert found.exact == (False, False)
