"""The linter of masks: what it finds in small masks, against plain loops, and in large rules, against closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings

from attn_engine import CheckFinding, Plane, RuleError, check_mask, evaluate, parse
from attn_engine.masks.finding import find_cells, first_cell
from tests.rules import masks, planes

MILLION = 2**20


def found(subject: str, queries: int = 16, keys: int | None = None, **asked: Any) -> dict[str, CheckFinding]:
    """What is found in a rule, by kind; the note on blocks is left out."""
    plane = Plane(queries, keys or queries, 1, asked.pop("align", "left"))
    expect = asked.pop("expect", None)
    findings = check_mask(parse(subject), plane, expect=parse(str(expect)) if expect else None, **asked)
    return {each.kind: each for each in findings if each.kind != "blocks"}


def serious(subject: str, *lengths: int, **asked: Any) -> set[str]:
    return {kind for kind, each in found(subject, *lengths, **asked).items() if each.serious}


@pytest.mark.parametrize(
    "text", ["causal", "window(4)", "full", "local(2)", "streaming(2, 4)", "chunked(4)", "prefix_lm(3)", "axial(4)"]
)
def test_nothing_is_found_in_the_rules_that_people_use(text: str) -> None:
    assert not found(text)


def test_a_query_that_sees_nothing_is_named_with_what_libraries_do() -> None:
    blind = found("k > q & k > 3")["blind"]
    assert (blind.queries, blind.count, blind.serious) == ((15,), 1, True)
    for said in ("1 query sees nothing: 15", "zeros here", "NaN", "uniform", "unmasked"):
        assert said in blind.text


def test_many_queries_are_counted_and_the_first_listed() -> None:
    blind = found("k < q - 11", 40)["blind"]
    assert (blind.queries, blind.count) == (tuple(range(8)), 12)
    assert "… (12 in all)" in blind.text


def test_aligned_right_the_first_of_too_many_queries_are_blind() -> None:
    assert found("causal", 5, 2, align="right")["blind"].queries == (0, 1, 2)


def test_a_key_that_nobody_sees_is_a_note() -> None:
    unseen = found("padding(13)")["unseen"]
    assert (unseen.keys, unseen.serious) == ((13, 14, 15), False)


def test_a_look_into_the_future_is_found_where_causal_is_asked_for() -> None:
    assert serious("local(1)") == set()
    future = found("local(1)", causal=True)["future"]
    assert (future.count, future.queries, future.keys) == (15, (0,), (1,))
    assert "15 pairs look into the future, the first: query 0, key 1" in future.text
    assert serious("causal", 3, 9, align="right", causal=True) == set()
    assert "1 pair looks" in found("causal | q == 3 & k == 9", causal=True)["future"].text


def test_a_look_into_another_document_is_found() -> None:
    other = found("causal", documents=(5, 3))["documents"]
    pairs = [(q, k) for q in range(16) for k in range(q + 1) if (q >= 5) + (q >= 8) != (k >= 5) + (k >= 8)]
    assert (other.count, other.queries[0], other.keys[0]) == (len(pairs), *pairs[0])
    assert serious("causal & (q < 5 & k < 5 | q >= 5 & k >= 5)", documents=(5, 11)) == set()


def test_documents_follow_the_alignment() -> None:
    assert found("causal", 2, 6, align="right", documents=(4, 2))["documents"].count == 8
    assert serious("causal & k >= 4", 2, 6, align="right", documents=(4, 2)) == set()
    assert found("true", 6, 2, align="right", documents=(4, 2))["documents"].count == 8


def test_documents_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="do not fit"):
        found("causal", documents=(9, 9))


def test_differences_are_counted_by_direction_with_the_first_of_each() -> None:
    differs = found("window(5)", expect="causal & k < 9")["differs"]
    one, other = evaluate(parse("window(5)"), Plane(16, 16).grid()), np.tril(np.ones((16, 16), bool))
    other[:, 9:] = False
    assert differs.count == (one ^ other).sum()
    assert differs.text.startswith(f"{differs.count} pairs of 256 differ")
    assert f"{(one & ~other).sum()} pairs allowed but not expected, the first: query 9, key 9" in differs.text
    assert f"{(other & ~one).sum()} pairs expected but not allowed, the first: query 5, key 0" in differs.text


def test_what_is_as_expected_has_no_findings_even_with_blind_queries() -> None:
    assert serious("k > q & true", expect="k > q") == set()
    assert found("k > q & true", expect="k > q")["blind"].serious is False


@pytest.mark.parametrize("text", ["k > q", "~window(4)", "~chunked(4)", "~local(2)"])
def test_a_mask_turned_around_looks_inverted(text: str) -> None:
    assert "inverted" in serious(text)


@pytest.mark.parametrize("text", ["k < q", "strided(3) & k != q", "causal & k < q - 1", "sink(2) & k != q"])
def test_a_mask_without_its_diagonal_does_not(text: str) -> None:
    assert "inverted" not in found(text)


def test_against_an_expectation_most_cells_tell() -> None:
    assert "inverted" in serious("~window(3)", expect="window(4)")
    assert "inverted" not in serious("window(3)", expect="window(4)")


def test_the_blocks_are_told_with_what_is_computed_in_vain() -> None:
    (note,) = check_mask(parse("causal"), Plane(8, 8), 4)
    assert note.text.startswith("blocks of 4: 1 full, 2 partial, 1 empty; 25.0%")
    assert not note.serious
    ragged = check_mask(parse("true"), Plane(5, 5), 4)[0]
    assert "4 full, 0 partial, 0 empty" in ragged.text


def test_arrays_are_checked_by_head_and_equal_heads_together() -> None:
    heads = np.stack([np.tril(np.ones((6, 6), bool))] * 3)
    heads[1, 4] = False
    blind = [each for each in check_mask(heads) if each.kind == "blind"]
    assert [(each.heads, each.queries) for each in blind] == [((1,), (4,))]
    assert blind[0].text.startswith("head 1: 1 query sees nothing: 4")
    assert {each.heads for each in check_mask(heads)} == {(0, 2), (1,)}


def test_each_head_is_compared_with_what_is_expected_of_it() -> None:
    heads = np.stack([np.tri(6, 6, 0, dtype=bool) & ~np.tri(6, 6, -width, dtype=bool) for width in (1, 2, 3)])
    assert not [each for each in check_mask(heads, expect=parse("0 <= q - k <= h")) if each.serious]
    wrong = [each for each in check_mask(heads, expect=parse("window(2)")) if each.serious]
    assert [each.heads for each in wrong] == [(0,), (2,)]


def test_an_array_is_aligned_as_it_is_said() -> None:
    array = np.array([[1, 1, 1, 1, 0], [1, 1, 1, 1, 1]], dtype=bool)
    assert not [each for each in check_mask(array, Plane(2, 5, 1, "right"), expect=parse("causal")) if each.serious]
    assert [each for each in check_mask(array, Plane(2, 5), expect=parse("causal")) if each.serious]
    tall = np.array([[0, 0], [1, 0], [1, 1]], dtype=bool)
    assert not [each for each in check_mask(tall, Plane(3, 2, 1, "right"), expect=parse("causal")) if each.serious]


@pytest.mark.parametrize(
    "array", [np.ones((2, 2)), np.ones(3, bool), np.ones((0, 2), bool), np.ones((1, 1, 2, 2), bool)]
)
def test_what_is_no_mask_is_refused(array: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> None:
    with pytest.raises(ValueError, match="a mask is bool"):
        check_mask(array)


def test_lengths_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="3 × 3; expected 4 × 3"):
        check_mask(np.ones((3, 3), bool), Plane(4, 3))
    with pytest.raises(ValueError, match="on a plane"):
        check_mask(parse("causal"))


# Any length


def test_a_million_positions_are_checked_without_their_cells() -> None:
    told = found("window(4096) & k > 5", MILLION, expect="window(4095)", causal=True)
    differs = told["differs"]
    assert set(told) == {"differs", "blind", "unseen"}
    assert (told["blind"].count, told["unseen"].count) == (6, 6)
    assert "query 0, key 0" in differs.text
    lost = sum(min(MILLION, k + 4095) - k for k in range(6))
    gained = MILLION - 4095 - 6
    assert differs.count == lost + gained


def test_two_ways_to_write_one_mask_do_not_differ_at_any_length() -> None:
    assert serious("causal & (window(4096) | sink(4))", MILLION, expect="streaming(4, 4096)") == set()


@settings(max_examples=60, deadline=None)
@given(masks, planes)
def test_the_first_cell_found_by_judging_is_the_first_of_all(text: str, plane: Plane) -> None:
    rule = parse(text)
    try:
        allowed = np.broadcast_to(evaluate(rule, plane.grid()), (plane.query_length, plane.key_length))
        judged, sure = first_cell(rule, plane)
    except RuleError:
        assume(False)
    cells = np.argwhere(allowed)
    first = (int(cells[0, 0]), int(cells[0, 1])) if len(cells) else None
    assert sure
    assert judged == first
    walked = find_cells(rule, plane)
    assert (walked.first, walked.pairs) == (first, len(cells))


@pytest.mark.parametrize(("queries", "keys"), [(4, 10), (10, 4)])
def test_a_mask_of_the_other_alignment_is_told_as_such_and_not_as_inverted(queries: int, keys: int) -> None:
    right = np.tri(queries, keys, keys - queries, dtype=np.bool_)
    found = {finding.kind: finding.text for finding in check_mask(right, expect=parse("causal"))}
    assert "aligned right it is what is expected" in found["aligned"]
    assert "inverted" not in found
    kinds = {finding.kind for finding in check_mask(right, Plane(queries, keys, align="right"), expect=parse("causal"))}
    assert not kinds & {"differs", "aligned", "inverted"}


def test_a_mask_that_differs_in_most_pairs_is_not_called_inverted_for_that() -> None:
    assert "inverted" not in serious("~window(4)", expect="causal")
