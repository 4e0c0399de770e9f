"""Judging rectangles against looking at every one of their cells."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import Kind, Plane, Rectangles, RuleError, Verdict, check_rule, entries, evaluate, judge, parse
from attn_engine.notation.plane import Captured
from tests.drawing import quick
from tests.rules import masks, planes


def dense(text: str, plane: Plane) -> NDArray[np.bool_]:
    """Every cell of the plane; assumes that all of them have a value."""
    try:
        allowed = evaluate(parse(text), plane.grid())
    except RuleError:
        assume(False)
    return np.broadcast_to(allowed, (plane.query_length, plane.key_length))


@st.composite
def edges(draw: st.DrawFn, length: int) -> list[int]:
    inner = draw(st.lists(st.integers(1, max(length - 1, 1)), max_size=6))
    return sorted({0, *(place for place in inner if place < length), length})


@quick
@given(masks, planes, st.data())
def test_full_and_empty_are_never_wrong(text: str, plane: Plane, data: st.DataObject) -> None:
    cells = dense(text, plane)
    rows, columns = data.draw(edges(plane.query_length)), data.draw(edges(plane.key_length))
    verdicts = judge(parse(text), plane, Rectangles.between(rows, columns))
    assert verdicts.shape == (len(rows) - 1, len(columns) - 1)
    for row, (top, bottom) in enumerate(pairwise(rows)):
        for column, (left, right) in enumerate(pairwise(columns)):
            part = cells[top:bottom, left:right]
            if verdicts[row, column] == Verdict.FULL:
                assert part.all()
            if verdicts[row, column] == Verdict.EMPTY:
                assert not part.any()


TIGHT = (
    *("full", "causal", "window(4)", "local(3)", "global(1)", "sink(4)", "padding(12)", "left_padding(12)"),
    *("causal & window(5)", "streaming(2, 4)", "causal & (window(4) | sink(1))", "chunked(8)", "k > q"),
)


@pytest.mark.parametrize("align", ["left", "right"])
@pytest.mark.parametrize("text", TIGHT)
def test_simple_rules_are_judged_exactly(text: str, align: str) -> None:
    plane = Plane(32, 24, align=align)  # type: ignore[arg-type]
    cells = dense(text, plane)
    rows, columns = list(range(0, 33, 4)), list(range(0, 25, 4))
    verdicts = judge(parse(text), plane, Rectangles.between(rows, columns))
    shares = cells.reshape(8, 4, 6, 4).mean(axis=(1, 3))
    expected = np.where(shares == 0, Verdict.EMPTY, np.where(shares == 1, Verdict.FULL, Verdict.PARTIAL))
    decided = verdicts != Verdict.PARTIAL
    assert (verdicts[decided] == expected[decided]).all()
    assert (~decided & (expected != Verdict.PARTIAL)).sum() <= (8 if "|" in text or "streaming" in text else 0)


@pytest.mark.parametrize("entry", entries(Kind.MASK), ids=lambda entry: entry.name)
def test_single_cells_of_the_catalogue_are_decided(entry: object) -> None:
    name = getattr(entry, "name", "")
    text = f"{name}(3)" if getattr(entry, "required", 0) else name
    plane = Plane(16, 16)
    places = np.arange(17)
    verdicts = judge(parse(text), plane, Rectangles.between(places, places))
    if "random" not in name and name != "bigbird":
        assert ((verdicts == Verdict.FULL) == dense(text, plane)).all()
        assert (verdicts != Verdict.PARTIAL).all()


def test_a_million_positions_are_judged_as_a_few_are() -> None:
    plane = Plane(1_048_576, 1_048_576)
    verdicts = judge(parse("causal"), plane, Rectangles.between([0, 524_288, 1_048_576], [0, 524_288, 1_048_576]))
    assert verdicts.tolist() == [[Verdict.PARTIAL, Verdict.EMPTY], [Verdict.FULL, Verdict.PARTIAL]]


@quick
@given(masks, planes)
def test_a_rule_passes_the_check_exactly_where_it_has_a_value_everywhere(text: str, plane: Plane) -> None:
    rule = parse(text)
    try:
        evaluate(rule, plane.grid())
    except RuleError:
        with pytest.raises(RuleError):
            check_rule(rule, plane)
    else:
        check_rule(rule, plane)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("k % (q - 500000) == 0", "division by zero"),
        ("q * q * q < 5", "too large"),
        ("doc[k] == 0", "no array"),
    ],
)
def test_a_mistake_anywhere_on_a_large_plane_is_found(text: str, why: str) -> None:
    with pytest.raises(RuleError, match=why):
        check_rule(parse(text), Plane(1_048_576, 1_048_576))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("document(1 / 0)", "has no value"),
        ("document(9e15 * 2)", "too large"),
        ("hash(0.5, q, k) < 0.5", "whole"),
        ("hash(q / 2, q, k) < 0.5", "whole"),
        ("tree(0.5)", "whole"),
    ],
)
def test_rules_without_a_value_are_found_on_a_million_positions(text: str, told: str) -> None:
    with pytest.raises(RuleError, match=told):
        check_rule(parse(text), Plane(2**20, 2**20))


@pytest.mark.parametrize("odd", [np.nan, np.inf])
def test_arrays_that_hold_no_numbers_are_refused_by_every_reader(odd: float) -> None:
    plane = Plane(3, 3, captured=Captured({"a": np.array([1, odd, 2])}))
    rule = parse("min(a[k], 3) <= 3")
    with pytest.raises(RuleError, match="NaN or ∞"):
        judge(rule, plane, Rectangles.between([0, 3], [0, 3]))
    with pytest.raises(RuleError, match="NaN or ∞"):
        evaluate(rule, plane.grid())
