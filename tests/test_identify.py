"""Naming an unknown mask: the catalogue's rule with its numbers."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from attn_engine import Plane, entries, evaluate, identify_mask, parse
from attn_engine.masks.identification import TEMPLATES


def drawn(text: str, queries: int, keys: int, align: str = "left") -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    plane = Plane(queries, keys, 1, "right" if align == "right" else "left")
    return np.array(np.broadcast_to(evaluate(parse(text), plane.grid()), (queries, keys)))


@pytest.mark.parametrize(
    ("text", "side"),
    [
        ("full", 9),
        ("causal", 16),
        ("window(5)", 64),
        ("local(4)", 64),
        ("dilated(3, 2)", 64),
        ("global(2)", 30),
        ("prefix_lm(7)", 40),
        ("left_padding(4)", 16),
        ("chunked(8)", 64),
        ("causal & chunked(8)", 64),
        ("strided(5)", 64),
        ("fixed(8, 2)", 64),
        ("longformer(8, 2)", 64),
        ("streaming(3, 9)", 200),
        ("sparse_strided(6)", 64),
        ("sparse_fixed(8, 2)", 64),
        ("axial(8)", 64),
        ("local2d(8, 1)", 64),
    ],
)
def test_a_rule_of_the_catalogue_is_named_with_its_numbers(text: str, side: int) -> None:
    best = identify_mask(drawn(text, side, side))[0]
    assert (best.rule, best.differs, best.first, best.inverted) == (text, 0, None, False)


def test_two_names_of_one_mask_are_both_told() -> None:
    same = [each.rule for each in identify_mask(drawn("padding(9)", 16, 16)) if each.differs == 0]
    assert {"padding(9)", "sink(9)"} <= set(same)


@pytest.mark.parametrize("text", ["causal", "window(3)"])
def test_the_alignment_is_told(text: str) -> None:
    best = identify_mask(drawn(text, 5, 9, "right"))[0]
    assert (best.rule, best.align, best.differs) == (text, "right", 0)


def test_an_inverted_mask_is_told() -> None:
    best = identify_mask(~drawn("window(4)", 32, 32))[0]
    assert (best.rule, best.differs, best.inverted) == ("window(4)", 0, True)
    assert "inverted" in str(best)


def test_the_cells_that_differ_are_counted_and_the_first_named() -> None:
    mask = drawn("window(4)", 64, 64)
    mask[20, 19], mask[40, 3] = False, True
    best = identify_mask(mask)[0]
    wrong = mask ^ drawn(best.rule, 64, 64)
    assert best.rule == "window(4)"
    assert best.differs == wrong.sum()
    assert best.first == tuple(np.argwhere(wrong)[0])
    assert f"{best.differs} of 4,096 cells differ" in str(best)


def test_one_head_of_several_is_chosen() -> None:
    heads = np.stack([drawn("causal", 16, 16), drawn("window(3)", 16, 16)])
    assert [identify_mask(heads, head)[0].rule for head in (0, 1)] == ["causal", "window(3)"]


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 3)])
@pytest.mark.parametrize("value", [True, False])
def test_the_smallest_and_emptiest_masks_are_no_trouble(shape: tuple[int, int], value: bool) -> None:
    assert identify_mask(np.full(shape, value))


def test_what_is_no_mask_is_refused() -> None:
    bad: list[Any] = [np.ones((3, 3)), np.ones(3, dtype=bool), np.ones((0, 3), dtype=bool)]
    for array in bad:
        with pytest.raises(ValueError, match="a mask is bool"):
            identify_mask(array)


def test_a_large_mask_is_named_in_time() -> None:
    mask = drawn("streaming(4, 128)", 2048, 2048)
    started = time.process_time()
    assert identify_mask(mask)[0].rule == "streaming(4, 128)"
    assert time.process_time() - started < 10


def test_templates_have_as_many_numbers_as_their_rules() -> None:
    known = {entry.name: entry for entry in entries()}
    for name, kinds in TEMPLATES.items():
        if name in known:
            assert known[name].required <= len(kinds) <= len(known[name].parameters)


@pytest.mark.parametrize(("queries", "keys"), [(24, 40), (40, 24), (40, 40)])
@pytest.mark.parametrize("align", ["left", "right"])
@pytest.mark.parametrize("text", ["document(10, 20)", "causal & document(10, 20)"])
def test_documents_are_named_where_queries_and_keys_are_not_as_many(
    text: str, queries: int, keys: int, align: str
) -> None:
    assert identify_mask(drawn(text, queries, keys, align))[0].differs == 0
