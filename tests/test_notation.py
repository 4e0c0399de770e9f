"""The notation: what a text means, how it is printed, what is said of a mistake, what it evaluates to."""

import gc
import math
import operator
import os
import pickle
import random
import subprocess
import sys
import weakref
from dataclasses import replace
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attn_engine import Plane, notation
from attn_engine.notation import Grid, Kind, Rule, RuleError, evaluate, expand, parse
from attn_engine.notation.errors import PICTURE_WIDTH
from attn_engine.notation.tokens import MAX_LENGTH
from attn_engine.notation.tree import (
    And,
    Call,
    Comparison,
    Expression,
    Minus,
    Name,
    Named,
    Not,
    Number,
    Or,
    Product,
    Read,
    Sum,
    Truth,
    Xor,
    children,
    rebuild,
    walk,
)

LARGEST = 2**53
quick = settings(deadline=None, max_examples=100)


def picture(text: str, grid: Grid) -> list[str]:
    """One string a query: 1 where it may look."""
    return ["".join("01"[int(cell)] for cell in row) for row in grid.spread(evaluate(parse(text), grid))]


def scored(text: str, scores: Any, **arrays: Any) -> Any:
    """A score mod on scores (…, heads, queries, keys)."""
    array = np.asarray(scores)
    heads, queries, keys = (1, *array.shape)[-3:]
    grid = Grid.of(queries, keys, heads, scores=array, arrays=arrays)
    return evaluate(parse(text, Kind.SCORE_MOD), grid)


def attempt(text: str, kind: Kind = Kind.MASK) -> tuple[Rule | None, RuleError | None]:
    try:
        return parse(text, kind), None
    except RuleError as error:
        return None, error


def value(rule: Rule, grid: Grid) -> tuple[Any, RuleError | None]:
    """At every head, query and key; or why not."""
    try:
        return np.broadcast_to(evaluate(rule, grid), (grid.num_heads, *grid.shape)), None
    except RuleError as error:
        return None, error


def mistake(text: str, kind: Kind = Kind.MASK) -> RuleError:
    with pytest.raises(RuleError) as caught:
        parse(text, kind)
    return caught.value


# What a text means


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("q >= k & q - k < 4", "(q >= k) & ((q - k) < 4)"),
        ("~q >= k", "~(q >= k)"),
        ("~q < k & k < 3", "(~(q < k)) & (k < 3)"),
        ("~~causal", "~(~causal)"),
        ("q < 1 | q < 2 ^ q < 3 & q < 4", "(q < 1) | ((q < 2) ^ ((q < 3) & (q < 4)))"),
        ("true & false ^ true | false", "((true & false) ^ true) | false"),
        ("-q // 2 == 1", "(-q) // 2 == 1"),
        ("-q - k < 0", "(-q) - k < 0"),
        ("q - k - 1 < 0", "(q - k) - 1 < 0"),
        ("q // 2 * 3 % 4 == 0", "((q // 2) * 3) % 4 == 0"),
        ("q + 2 * k < 3 + 4 % 5", "(q + (2 * k)) < (3 + (4 % 5))"),
        ("q - -3 < k", "q - (-3) < k"),
        ("causal & (sink & full)", "causal & sink & full"),
        ("where(h < 2, causal, full) & sink", "(where((h < 2), causal, full)) & sink"),
    ],
)
def test_precedence(text: str, same: str) -> None:
    assert parse(text) == parse(same)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("q - k - 1 < 0", "q - (k - 1) < 0"),
        ("q // 2 * 3 == 0", "q // (2 * 3) == 0"),
        ("~true & false", "~(true & false)"),
        ("true | false & true", "(true | false) & true"),
        ("true ^ false & true", "(true ^ false) & true"),
        ("true | false ^ true", "(true | false) ^ true"),
        ("-q % 3 == 1", "-(q % 3) == 1"),
        ("0 <= q < 4", "(0 <= q) & (q < 4)"),
        ("true == false == true", "(true == false) == true"),
        ("window", "window(4)"),
        ("q < k", "Q < K"),
    ],
)
def test_what_is_not_the_same(text: str, other: str) -> None:
    assert parse(text) != parse(other)


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("not q_idx<kv_idx and(true or False)", "~q < k & (true | false)"),
        ("q ≥ k ∧ ¬(q − k ≠ 2 × h) ∨ q ≤ 3", "q >= k & ~q - k != 2 * h | q <= 3"),
        ("  causal\n&\tsink ", "causal & sink"),
        ("causal()&window( 128 )", "causal & window(128)"),
        ("0<=q-k<128", "0 <= q - k < 128"),
        ("causal&(window(128)|sink(4))", "causal & (window(128) | sink(4))"),
        ("((causal))&((q-(k))<(4))", "causal & q - k < 4"),
        ("(q-k)-(1-h)<0", "q - k - (1 - h) < 0"),
        ("(q<k)==(true)", "(q < k) == true"),
        ("(~causal)==full", "(~causal) == full"),
        ("-(q+1)*2<-3", "-(q + 1) * 2 < -3"),
        ("--q<-(-3)", "--q < --3"),
        ("-(3)<q", "-(3) < q"),
        (".5+1.+2.0e0+1e-3+1e3<q", "0.5 + 1 + 2 + 0.001 + 1000 < q"),
        ("abs(q-k)<=max(1,2 , 3)", "abs(q - k) <= max(1, 2, 3)"),
        ("doc[q]==doc[ k ]&seen[q,k - 1]", "doc[q] == doc[k] & seen[q, k - 1]"),
        ("window(Q//2)", "window(Q // 2)"),
        ("global(2)|hash(1,q,k)<.1", "global(2) | hash(1, q, k) < 0.1"),
    ],
)
def test_printing(text: str, canonical: str) -> None:
    assert str(parse(text)) == canonical
    assert parse(canonical) == parse(text)


def test_flexattentions_score_is_s() -> None:
    assert str(parse("score - 0.1*abs(q_idx-kv_idx)", Kind.SCORE_MOD)) == "s - 0.1 * abs(q - k)"


def test_a_mask_is_a_condition_in_a_score_mod() -> None:
    assert scored("where(causal, s, -1)", [[5.0, 6.0]]).tolist() == [[5, -1]]


def test_the_kind_is_part_of_a_rule() -> None:
    assert parse("doc[q]", Kind.MASK) != parse("doc[q]", Kind.SCORE_MOD)
    assert parse("causal").kind is Kind.MASK


# Mistakes


@pytest.mark.parametrize(
    ("text", "column", "said"),
    [
        ("", 0, "expected a number or a name"),
        ("q <", 3, 'expected a number or a name after "<"'),
        ("q < )", 4, 'expected a number or a name after "<"'),
        ("causal &", 8, 'expected a number or a name after "&"'),
        ("causal and", 10, 'expected a number or a name after "and"'),
        ("q ** 2 < k", 3, 'expected a number or a name after "*"'),
        ("causal sink", 7, 'expected an operator after "causal"'),
        ("4k < q", 1, 'expected an operator after "4"'),
        ("causal)", 6, 'this ")" closes nothing'),
        ("(causal", 7, 'expected an operator or ")" after "causal"'),
        ("window(4", 8, 'expected an operator, "," or ")" after "4"'),
        ("doc[q", 5, 'expected an operator, "," or "]" after "q"'),
        ("window(4,)", 9, 'expected a number or a name after ","'),
        ("q = k", 2, '"=" is no part of the notation: equal is "=="'),
        ("causal!", 6, '"!" is no part of the notation: not is "~"'),
        ("q < k; 1", 5, '";" is no part of the notation'),
        ("windw(3)", 0, '"windw" is unknown; possible: window'),
        ("causal & sincc", 9, '"sincc" is unknown; possible: swin or sink'),
        ("xyzzy", 0, "possible: a position (q, k), a rule (causal, window(4)), an array (doc[q])"),
        ("q & k", 0, '"&" wants conditions, and "q" is a number'),
        ("causal & k - 1", 9, '"&" wants conditions, and "k - 1" is a number'),
        ("q < 3 | 4", 8, '"|" wants conditions, and "4" is a number'),
        ("causal or q", 10, '"or" wants conditions, and "q" is a number'),
        ("causal & -q", 9, '"&" wants conditions, and "-q" is a number'),
        ("where(causal, 1, ~causal)", 17, '"~causal" is a condition'),
        ("~q", 1, '"~" wants conditions, and "q" is a number'),
        ("-causal < 3", 1, '"-" wants numbers, and "causal" is a mask'),
        ("q + (q < k) < 3", 4, '"+" wants numbers, and "q < k" is a condition'),
        ("true < 3", 0, '"<" wants numbers, and "true" is a condition'),
        (
            "q == causal",
            5,
            '"==" wants two numbers or two conditions, and "q" is a number, "causal" is a mask',
        ),
        ("q < k == true", 9, '"==" wants two numbers or two conditions'),
        ("true == ~causal", 8, '"~" needs parentheses, as in (~causal), after "=="'),
        ("q", 0, 'a mask is a condition such as k <= q, and "q" is a number'),
        ("where(q, 1, 2) < 3", 6, 'where wants a condition first, and "q" is a number'),
        ("where(causal, 1, true)", 17, "where wants two numbers or two conditions"),
        ("where(causal, 1)", 0, 'where is written "where(condition, a, b)"'),
        ("abs < 3", 0, 'abs is written "abs(a)"'),
        ("min(q) < 3", 0, 'min is written "min(a, b, …)"'),
        ("hash(q, k) < 1", 0, 'hash is written "hash(seed, a, b)"'),
        ("abs(causal) < 1", 4, 'abs wants numbers, and "causal" is a mask'),
        ("doc[causal] == 1", 4, 'an index wants numbers, and "causal" is a mask'),
        ("doc[] == 1", 0, "an array has one to 4 indices"),
        ("padding", 0, 'padding is written "padding(n)"'),
        ("causal(3)", 0, 'causal is written "causal"'),
        ("window(1, 2)", 0, 'window is written "window(w=4)"'),
        ("window(q)", 7, 'window wants numbers made of Q, K and H, not of "q"'),
        ("window(doc[0])", 7, 'window wants numbers made of Q, K and H, not of "doc[0]"'),
        ("window(causal)", 7, 'window wants numbers, and "causal" is a mask'),
        ("s < 3", 0, "s, the score, is known in score mods only"),
        ("exp(q) < 3", 0, "exp is known in score mods only"),
        ("softcap(50)", 0, "softcap is a score mod: a mask cannot use it"),
        ("9007199254740993 < q", 0, "the number is too large"),
        ("q < -1e400", 5, "the number is too large"),
        ("x" * (MAX_LENGTH + 1), MAX_LENGTH, "too long: a rule has at most 2000 characters"),
    ],
)
def test_a_mistake_says_what_and_where(text: str, column: int, said: str) -> None:
    error = mistake(text)
    assert error.column == column
    assert said in error.message
    assert str(error) == f"{error.message}, at column {column + 1}"
    assert error.text == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("causal", 'a score mod is a number such as s - 1, and "causal" is a mask'),
        ("q < k", 'a score mod is a number such as s - 1, and "q < k" is a condition'),
        ("softcap & causal", '"&" wants conditions, and "softcap" is a score mod'),
        ("s - causal", '"-" wants numbers, and "causal" is a mask'),
        ("softcp(3)", "possible: softcap"),
    ],
)
def test_mistakes_in_score_mods(text: str, said: str) -> None:
    assert said in mistake(text, Kind.SCORE_MOD).message


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("causal & windw(3)", "causal & windw(3)\n         ^"),
        ("q <", "q <\n   ^"),
        ("q\n<\x1b", "q␊<␛\n   ^"),
        ("界 < q", "□ < q\n^"),
        ("q\x7f", "q␡\n ^"),
        ("q\u00a0< \u202e", "q < �\n    ^"),
        ("? < q" + " + 1" * 30, "? < q" + " + 1" * 16 + " +…\n^"),
        ("1 + " * 30 + "? < q", "…" + " 1 +" * 16 + " ? < q\n" + " " * 66 + "^"),
        (
            "1 + " * 30 + "?" + " + 1" * 30,
            "…" + " + 1" * 8 + " + ? +" + " 1 +" * 8 + "…\n" + " " * 36 + "^",
        ),
    ],
)
def test_the_caret(text: str, drawn: str) -> None:
    assert mistake(text).picture == drawn
    assert all(len(line) <= PICTURE_WIDTH for line in drawn.split("\n"))


def test_an_error_without_a_place_is_one_line() -> None:
    with pytest.raises(RuleError) as caught:
        evaluate(parse("q%(k-2)==0"), Grid.of(3, 3))
    error = caught.value
    assert (error.column, error.text) == (None, "q % (k - 2) == 0")
    assert str(error) == 'division by zero, in "q % (k - 2)"'
    assert error.picture == error.text


def test_an_error_survives_pickling() -> None:
    error = pickle.loads(pickle.dumps(mistake("q <")))
    assert (error.message, error.text, error.column) == (mistake("q <").message, "q <", 3)


# Limits


@pytest.mark.parametrize("opening", ["(", "-", "~", "- -", "abs(", "where(true, 1, ", "doc[", "1 + (", "q < 1 & ("])
@pytest.mark.parametrize("times", [65, 120, 190])
def test_too_deep_is_said(opening: str, times: int) -> None:
    assert "too deep: at most 64 levels" in mistake((opening * times)[:MAX_LENGTH]).message


@pytest.mark.parametrize(
    ("opening", "start", "closing", "ending"),
    [
        ("~", "true", "", ""),
        ("-", "q", "", " < 1"),
        ("(1 + 2 * ", "q", ")", " < 1"),
        ("doc[0 * ", "1", "]", " < 1"),
        ("((", "true", " | true) & true)", ""),
        ("(", "true", " & true ^ true | true) == true", ""),
        ("(true | true ^ true & true == (true | ", "true", "))", ""),
        ("where(true | true ^ true & 1 < 1 + 2 * -", "q", ", 1, 2)", " < 1"),
    ],
)
def test_the_deepest_rule_works_everywhere(opening: str, start: str, closing: str, ending: str) -> None:
    texts = [opening * times + start + closing * times + ending for times in range(1, 70)]
    accepted = [rule for rule, _ in map(attempt, texts) if rule]
    assert 4 < len(accepted) < len(texts)
    deepest = accepted[-1]
    assert parse(str(deepest)) == deepest
    assert len({deepest, parse(str(deepest))}) == 1
    assert evaluate(deepest, Grid.of(1, 1, arrays={"doc": [1]})).dtype == bool


@pytest.mark.parametrize(
    ("piece", "sign"), [("1", " + "), ("k", " * "), ("q < 5", " | "), ("true", " ^ "), ("q", " <= ")]
)
def test_long_chains_are_not_deep(piece: str, sign: str) -> None:
    times = (MAX_LENGTH - 10) // len(piece + sign)
    text = sign.join([piece] * times) + (" < 1" if sign in (" + ", " * ") else "")
    rule = parse(text)
    assert str(rule) == text
    assert parse(text) == rule
    assert hash(parse(text)) == hash(rule)
    assert evaluate(rule, Grid.of(1, 1)).dtype == bool


def test_a_rule_too_long_for_its_own_text_is_refused() -> None:
    text = "+".join("1" * 600) + "<q"
    assert len(text) < MAX_LENGTH
    assert "too long: with its spaces" in mistake(text).message


@pytest.mark.parametrize("text", ["9007199254740992 > q", "-9007199254740992 < q", "1e-300 < 1", "1e15 > q"])
def test_numbers_up_to_the_limit(text: str) -> None:
    assert picture(text, Grid.of(1, 1)) == ["1"]


@pytest.mark.parametrize("number", [math.inf, -math.inf, math.nan, 2**53 + 1])
def test_no_tree_holds_a_number_without_a_text(number: float) -> None:
    with pytest.raises(RuleError, match="the number is too large"):
        Number(number)


# Generated rules


LITERALS = st.one_of(st.integers(0, 9), st.sampled_from([0.5, 0.25, 2.5])).map(Number)
LENGTHS = st.sampled_from("QKH").map(Name)


def numbers(depth: int) -> st.SearchStrategy[Expression]:
    leaf = st.one_of(LITERALS, LENGTHS, st.sampled_from("qkhb").map(Name), st.integers(-3, -1).map(Number))
    if not depth:
        return leaf
    part = numbers(depth - 1)
    return st.one_of(
        leaf,
        st.builds(Minus, part),
        chains(Sum, ("+", "-"), part),
        chains(Product, ("*", "/", "//", "%"), part),
        st.builds(Call, st.just("abs"), st.tuples(part)),
        st.builds(Call, st.sampled_from(["min", "max"]), st.lists(part, min_size=2, max_size=3).map(tuple)),
        st.builds(Call, st.just("where"), st.tuples(conditions(depth - 1), part, part)),
        st.just(Call("hash", (Number(3), Name("q"), Sum(Name("k"), (("+", Name("h")),))))),
    )


def conditions(depth: int) -> st.SearchStrategy[Expression]:
    leaf = st.one_of(
        st.booleans().map(Truth),
        st.just(Named("causal")),
        st.builds(Named, st.just("window"), st.tuples(st.one_of(LITERALS, LENGTHS))),
    )
    if not depth:
        return leaf
    part = conditions(depth - 1)
    several = st.lists(part, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        leaf,
        st.builds(Not, part),
        st.one_of([st.builds(junction, several) for junction in (And, Xor, Or)]),
        chains(Comparison, ("<", "<=", ">", ">=", "==", "!="), numbers(depth - 1)),
        chains(Comparison, ("==", "!="), part),
        st.builds(Call, st.just("where"), st.tuples(part, part, part)),
    )


def chains(family: Any, signs: tuple[str, ...], part: st.SearchStrategy[Expression]) -> Any:
    step = st.tuples(st.sampled_from(signs), part)
    return st.builds(family, part, st.lists(step, min_size=1, max_size=2).map(tuple))


@st.composite
def grids(draw: st.DrawFn) -> Grid:
    queries, keys, heads = (draw(st.integers(1, 4)) for _ in range(3))
    return Grid.of(queries, keys, heads, align=draw(st.sampled_from(["left", "right"])))


@quick
@given(conditions(4))
def test_a_mask_reads_back_as_it_was_printed(body: Expression) -> None:
    assert parse(str(Rule(body))) == Rule(body)


@quick
@given(numbers(3), st.floats(-LARGEST, LARGEST))
def test_a_score_mod_reads_back_as_it_was_printed(body: Expression, number: float) -> None:
    parts = (Name("s"), Number(number), Read("bias", (Name("h"), body)), Call("tanh", (Minus(Number(3)),)))
    rule = Rule(Sum(body, tuple(zip("+--+", parts, strict=True))), Kind.SCORE_MOD)
    assert parse(str(rule), Kind.SCORE_MOD) == rule


@quick
@given(conditions(3), numbers(3))
def test_changing_nothing_gives_the_same_tree(condition: Expression, number: Expression) -> None:
    for node in walk(Comparison(number, (("<", number), ("!=", Read("doc", (number,)))))):
        assert rebuild(node, lambda part: part) == node
    assert rebuild(condition, lambda _: Truth(True)) == condition or children(condition)


@quick
@given(conditions(4))
def test_a_rule_written_out_names_no_rule(body: Expression) -> None:
    assert not any(isinstance(node, Named) for node in walk(expand(body)))


WORDS = [
    *"qkhbQKHs",
    "true",
    "and",
    "or",
    "not",
    "causal",
    "window",
    "alibi",
    "softcap",
    "abs",
    "min",
    "where",
]
SIGNS = [
    *"+-*/%<>&|^~()[],= ",
    "//",
    "<=",
    ">=",
    "==",
    "!=",
    "≤",
    "×",
    "\n",
    "0.5",
    "12",
    "1e300",
    "1e-9",
    "7.",
    "hash",
    "exp",
    "doc",
]


@settings(deadline=None, max_examples=400)
@given(
    st.one_of(
        st.lists(st.sampled_from(WORDS + SIGNS), max_size=20).map("".join),
        st.lists(st.sampled_from(WORDS + SIGNS), max_size=20).map(" ".join),
        st.text(max_size=30),
        conditions(2).map(str).flatmap(lambda text: st.integers(0, len(text)).map(lambda cut: text[:cut])),
    ),
    st.sampled_from(Kind),
)
def test_any_text_is_a_rule_or_a_mistake_with_a_column(text: str, kind: Kind) -> None:
    rule, error = attempt(text, kind)
    if rule:
        assert parse(str(rule), kind) == rule
        _, error = value(rule, Grid.of(2, 3, 2, scores=np.ones((2, 2, 3)), arrays={"doc": [0, 1, 1]}))
        assert error is None or (error.column is None and error.text == str(rule))
    elif error:
        line, caret = error.picture.split("\n")
        assert error.column in range(len(text) + 1)
        assert line.isprintable()
        assert len(caret) - 1 <= len(line) <= PICTURE_WIDTH
    assert error is None or len(str(error).splitlines()) == 1


WRAPPERS = (
    *("def f(b, h, q_idx, kv_idx):", "return", "lambda b, h, q_idx, kv_idx:", "mask =", "torch.abs", "score", ":"),
    *("q_idx", "kv_idx", "and", "or", "not", '"""', "\ud800", "\x00", "日", "…", "\\", "'", "#"),
)


def test_a_hundred_thousand_random_token_strings_are_rules_or_mistakes_with_a_column() -> None:
    draw = random.Random(0)
    vocabulary = [*WORDS, *SIGNS, *WRAPPERS]
    understood = 0
    for _ in range(100_000):
        text = draw.choice(["", " "]).join(draw.choices(vocabulary, k=draw.randint(1, 8)))
        rule, error = attempt(text, draw.choice(list(Kind)))
        if rule is None:
            assert error is not None
            assert error.column in range(len(text) + 1), text
        else:
            understood += 1
            assert parse(str(rule), rule.kind) == rule, text
    assert understood > 1000, "too few of them are rules to say anything"


# Evaluation against plain Python


PYTHON: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
    "abs": abs,
    "min": min,
    "max": max,
}


class Plain:
    """The rule at one cell, by Python's own numbers; nothing is left uncomputed, as in `evaluate`."""

    def __init__(self, **positions: int) -> None:
        self.positions = positions
        self.largest: float = 0

    def of(self, node: Expression) -> Any:
        value = self._of(node)
        self.largest = max(self.largest, abs(value))
        return value

    def _of(self, node: Expression) -> Any:  # noqa: C901, PLR0911, PLR0912 - one line for each node
        values = [self.of(part) for part in children(node)]
        match node:
            case Number(value) | Truth(value):
                return value
            case Name(name):
                return self.positions[name]
            case Minus():
                return -values[0]
            case Not():
                return not values[0]
            case Sum(_, rest) | Product(_, rest):
                total = values[0]
                for (sign, _), value in zip(rest, values[1:], strict=True):
                    total = PYTHON[sign](total, value)
                    self.largest = max(self.largest, abs(total))
                return total
            case Comparison(_, rest):
                pairs = zip(rest, pairwise(values), strict=True)
                return all(PYTHON[sign](left, right) for (sign, _), (left, right) in pairs)
            case And() | Or() | Xor():
                return {And: all(values), Or: any(values), Xor: sum(values) % 2 == 1}[type(node)]
            case Call("where"):
                return values[1] if values[0] else values[2]
            case Call("hash"):
                return plain_hash(*values)
            case Call(function):
                return PYTHON[function](*values)
            case Named("causal"):
                return self.positions["k"] <= self.positions["q"]
            case Named("window"):
                return 0 <= self.positions["q"] - self.positions["k"] < values[0]
            case _:
                raise AssertionError(node)


def plain_hash(*values: int) -> float:
    state = 0
    for value in values:
        state = ((state ^ value % 2**64) + 0x9E3779B97F4A7C15) % 2**64
        state = (state ^ state >> 30) * 0xBF58476D1CE4E5B9 % 2**64
        state = (state ^ state >> 27) * 0x94D049BB133111EB % 2**64
        state ^= state >> 31
    return (state >> 11) / 2**53


def cells(grid: Grid) -> list[Plain]:
    lengths = {"Q": grid.query_length, "K": grid.key_length, "H": grid.num_heads, "b": 0}
    positions = product(grid.head.ravel().tolist(), grid.query.ravel().tolist(), grid.key.ravel().tolist())
    return [Plain(h=h, q=q, k=k, **lengths) for h, q, k in positions]


def agrees_with_python(rule: Rule, grid: Grid) -> None:
    result, error = value(rule, grid)
    if error and "division by zero" in error.message:
        with pytest.raises(ZeroDivisionError):
            plain_values(rule, grid)
    elif error:
        assert "too large" in error.message
        assert max(plain_values(rule, grid)[1]) > 2**26
    else:
        assert result.ravel().tolist() == plain_values(rule, grid)[0]


def plain_values(rule: Rule, grid: Grid) -> tuple[list[Any], list[float]]:
    """The value at each cell, and the largest number on the way to it."""
    plain = cells(grid)
    return [cell.of(rule.body) for cell in plain], [cell.largest for cell in plain]


@quick
@given(conditions(4), grids())
def test_a_mask_is_what_python_says_cell_by_cell(body: Expression, grid: Grid) -> None:
    agrees_with_python(Rule(body), grid)


@quick
@given(numbers(4), grids())
def test_a_number_is_what_python_says_cell_by_cell(body: Expression, grid: Grid) -> None:
    agrees_with_python(Rule(body, Kind.SCORE_MOD), grid)


@quick
@given(conditions(4), grids())
def test_the_text_means_the_same_to_python(body: Expression, grid: Grid) -> None:
    """Python's own parser and precedence: `and`, `or`, `not` bind in Python as `&`, `|`, `~` do here."""
    body = _without_xor(body)
    result, error = value(Rule(body), grid)
    text = str(body).replace("&", "and").replace("|", "or").replace("~", " not ")
    if error is None:
        assert [_python(text, **cell.positions) for cell in cells(grid)] == result.ravel().tolist()


def _without_xor(node: Expression) -> Expression:
    return And(tuple(map(_without_xor, node.operands))) if isinstance(node, Xor) else rebuild(node, _without_xor)


def _python(text: str, **positions: int) -> Any:
    q, k = positions["q"], positions["k"]
    rules = {"causal": k <= q, "window": lambda w: 0 <= q - k < w, "true": True, "false": False}
    functions = {"where": lambda c, a, b: a if c else b, "hash": plain_hash}
    return eval(text, {**functions, **rules, **positions})


# Evaluation by name


@pytest.mark.parametrize(
    ("queries", "keys", "align", "rows"),
    [
        (2, 5, "left", ["10000", "11000"]),
        (2, 5, "right", ["11110", "11111"]),
        (5, 2, "left", ["10", "11", "11", "11", "11"]),
        (5, 2, "right", ["00", "00", "00", "10", "11"]),
        (3, 3, "right", ["100", "110", "111"]),
    ],
)
def test_causal_by_alignment(queries: int, keys: int, align: Any, rows: list[str]) -> None:
    assert picture("causal", Grid.of(queries, keys, align=align)) == rows


@pytest.mark.parametrize(
    ("rule", "keys"),
    [
        ("0 <= q - k < 3", 3),
        ("0 <= q - k <= 3", 4),
        ("abs(q - k) <= 3", 7),
        ("abs(q - k) <= 3 // 2", 3),
        ("abs(q - k) <= 4 // 2", 5),
    ],
)
def test_what_query_10_of_16_sees_by_each_librarys_window(rule: str, keys: int) -> None:
    assert picture(rule, Grid.of(16, 16))[10].count("1") == keys


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("true", ()),
        ("Q < 3", ()),
        ("q < 3", (4, 1)),
        ("k < 3", (1, 5)),
        ("causal", (4, 5)),
        ("h < 1", (3, 1, 1)),
        ("where(h < 1, causal, sink)", (3, 4, 5)),
    ],
)
def test_a_result_is_as_small_as_what_it_depends_on(text: str, shape: tuple[int, ...]) -> None:
    grid = Grid.of(4, 5, 3)
    result = evaluate(parse(text), grid)
    assert result.shape == shape
    assert result.dtype == bool
    assert grid.spread(result).shape == ((3, 4, 5) if len(shape) == 3 else (4, 5))


def test_a_part_of_a_grid_is_a_part_of_the_picture() -> None:
    rule = parse("where(h == 1, causal, window(2)) ^ hash(0, q, k) < 0.3 ^ q % 3 == Q % 3")
    whole = evaluate(rule, Grid.of(9, 7, 2, align="right"))
    part = evaluate(rule, Grid.of(9, 7, 2, align="right", queries=[8, 2], keys=range(3, 6), head=1))
    assert (part == whole[1][[8, 2], 3:6]).all()


def test_hash_is_the_same_at_every_size() -> None:
    small, large = (evaluate(parse("hash(7, q, k)", Kind.SCORE_MOD), Grid.of(n, n)) for n in (5, 64))
    assert (large[:5, :5] == small).all()
    assert small[3, 4] == plain_hash(7, 3, 4)
    assert 0 <= large.min() < 0.01
    assert 0.99 < large.max() < 1
    assert abs(large.mean() - 0.5) < 0.02


def test_hash_is_no_pattern() -> None:
    values = evaluate(parse("hash(0, q, k)", Kind.SCORE_MOD), Grid.of(64, 64))
    assert len(np.unique(values)) == 64 * 64
    assert abs(np.corrcoef(values[:-1].ravel(), values[1:].ravel())[0, 1]) < 0.05
    assert abs(np.corrcoef(values.ravel(), values.T.ravel())[0, 1]) < 0.05


def test_arrays_are_read_by_position() -> None:
    grid = Grid.of(
        4,
        4,
        2,
        arrays={"doc": [0, 0, 1, 1], "seen": np.eye(4) > 0, "width": np.array([1, 2], dtype=np.uint8)},
    )
    assert picture("doc[q] == doc[k]", grid) == ["1100", "1100", "0011", "0011"]
    assert picture("seen[q, 3 - k]", grid) == ["0001", "0010", "0100", "1000"]
    assert grid.spread(evaluate(parse("window(H) & abs(q - k) < width[h]"), grid)).sum(axis=(1, 2)).tolist() == [4, 7]


def test_a_part_that_occurs_twice_is_computed_once() -> None:
    class Counting(dict[str, Any]):
        reads = 0

        def __getitem__(self, name: str) -> Any:
            self.reads += 1
            return super().__getitem__(name)

    arrays = Counting(doc=np.array([0, 1, 1]))
    evaluate(parse("doc[q] == 1 | doc[q] != doc[k] | doc[q] == 1"), replace(Grid.of(3, 3), arrays=arrays))
    assert arrays.reads == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dco[q] == 1", 'no array "dco" here; there are: doc, seen, bias, name, huge'),
        ("doc[q + 1] == 1", 'doc has 4 entries, from 0, and "q + 1" reaches 4'),
        ("doc[q - 1] == 1", 'doc has 4 entries, from 0, and "q - 1" reaches -1'),
        ("seen[q, q + k]", 'seen has 4 entries, from 0, and "q + k" reaches 6'),
        ("doc[q, k] == 1", "doc has shape (4,): it is read with 1 indices"),
        ("seen[q] == 1", "seen has shape (4, 4): it is read with 2 indices"),
        ("doc[q / 1] == 1", 'an index is a whole number: "q / 1" of doc is not'),
        ("doc[q]", '"doc[q]" gives numbers where conditions are needed'),
        ("causal & doc[q]", '"doc[q]" gives numbers where conditions are needed'),
        ("seen[q, k] + 1 < 3", '"seen[q, k]" gives conditions where numbers are needed'),
        ("seen[q, k] == doc[k]", "a condition is compared only with a condition"),
        ("seen[q, k] < seen[k, q]", "a condition is compared only with a condition"),
        ("where(causal, seen[q, k], doc[k]) == 1", "chooses between a condition and a number"),
        ("name[q] == 1", "name holds <U1: neither numbers nor conditions"),
        ("huge[q] == 1", "huge holds too large a number"),
        ("q // (k - 2) < 1", 'division by zero, in "q // (k - 2)"'),
        ("1 / k < 1", 'division by zero, in "1 / k"'),
        ("where(k > 0, q % k, 0) == 0", 'division by zero, in "q % k"'),
        ("chunked(0)", 'division by zero, in "q // 0"'),
        ("chunked(Q - K)", 'division by zero, in "q // (Q - K)"'),
        ("q * 9007199254740992 < 1", "too large a number: whole numbers end at 9007199254740992"),
        ("9007199254740992 + q < 1", "too large a number: whole numbers end at 9007199254740992"),
        ("-9007199254740992 - q < 1", "too large a number: whole numbers end at 9007199254740992"),
        ("1e15 / 1e-300 < 1", "too large a number: the result is infinite or undefined"),
        ("hash(0.5, q, k) < 1", "hash wants whole numbers"),
    ],
)
def test_what_has_no_value_is_said(text: str, said: str) -> None:
    arrays: dict[str, Any] = {"doc": [0, 0, 1, 1], "seen": np.eye(4) > 0, "bias": np.zeros((2, 4, 4))}
    grid = Grid.of(4, 4, 2, arrays={**arrays, "name": list("abcd"), "huge": np.array([2**63] * 4, dtype=np.uint64)})
    with pytest.raises(RuleError) as caught:
        evaluate(parse(text), grid)
    assert said in str(caught.value)


def test_whole_numbers_are_exact_to_the_last() -> None:
    grid = Grid.of(3, 1)
    assert picture("9007199254740990 + q == 9007199254740991", grid) == ["0", "1", "0"]
    assert picture("(9007199254740990 + q) % 2 == 1", grid) == ["0", "1", "0"]


# Score mods


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize(
    "text",
    [
        "s",
        "s - 0.1 * abs(q - k)",
        "s / 3 + bias[h, q, k]",
        "where(q / 2 < k, s, hash(0, q, k))",
        "min(s, Q - 1, 0.5)",
        "max(bias[0, q, k], h)",
        "-exp(s) * (q // 2) % 3",
        "q - k",
        "1",
        "alibi",
        "softcap",
    ],
)
def test_a_score_mod_keeps_the_type_of_the_scores(text: str, dtype: Any) -> None:
    scores = np.linspace(-2, 2, 24).astype(dtype).reshape(2, 3, 4)
    assert scored(text, scores, bias=np.ones((2, 3, 4))).dtype == dtype


def test_scores_are_read_and_never_written() -> None:
    scores = np.linspace(-2, 2, 24).reshape(2, 3, 4)
    before = scores.copy()
    doubled = (2 * before) * (2 * before) - (2 * before) + abs(2 * before)
    for _ in range(2):
        assert (scored("(2 * s) * (2 * s) - 2 * s + abs(2 * s)", scores) == doubled).all()
        assert np.allclose(
            scored("tanh(tanh(s)) + s - tanh(s)", scores), np.tanh(np.tanh(before)) + before - np.tanh(before)
        )
    assert (scores == before).all()


def test_conditions_in_a_score_mod_are_as_exact_as_a_masks() -> None:
    scores = np.zeros((9, 9), dtype=np.float16)
    for condition in ("hash(0, q, k) < 0.3", "(q + 2049) / 1 == 2049 + k", "(2049 + q) * 1.5 > 3075 + k"):
        mask = evaluate(parse(condition), Grid.of(9, 9))
        assert (scored(f"where({condition}, 1, 0)", scores) == mask).all()


def test_scores_may_have_a_batch() -> None:
    scores = np.arange(24.0).reshape(2, 1, 3, 4)
    assert scored("s * 2", scores).shape == (2, 1, 3, 4)


@pytest.mark.parametrize("size", [1, 3, 8, 33])
@pytest.mark.parametrize(
    ("text", "score", "dtype", "said"),
    [
        ("exp(s)", 89, np.float32, "the result is infinite or undefined"),
        ("exp(s)", 710, np.float64, "the result is infinite or undefined"),
        ("exp(s) / exp(s)", 1000, np.float64, "the result is infinite or undefined"),
        ("s * s * s", 1e13, np.float32, "the result is infinite or undefined"),
        ("s * s * s", 1e103, np.float64, "the result is infinite or undefined"),
        ("s + 65000", 600, np.float16, "the result is infinite or undefined"),
        ("s * 1000000", 1, np.float16, "the result is infinite or undefined"),
        ("s - 1e15 * 1e15", 1, np.float32, "whole numbers end at 9007199254740992"),
        ("s / (s - s)", 5, np.float32, "division by zero"),
        ("s % (s - 5)", 5, np.float64, "division by zero"),
        ("log(s)", 0, np.float32, "logarithm of zero or less"),
        ("log(s)", -1, np.float64, "logarithm of zero or less"),
    ],
)
def test_overflow_is_said(text: str, score: float, dtype: Any, said: str, size: int) -> None:
    with pytest.raises(RuleError, match=said):
        scored(text, np.full((size, size), score, dtype=dtype))


def test_one_cell_of_many_that_overflows_is_found() -> None:
    for cell in range(0, 40, 3):
        scores = np.zeros((1, 40), dtype=np.float32)
        scores[0, cell] = 89
        with pytest.raises(RuleError, match="too large a number"):
            scored("exp(s)", scores)


def test_what_was_infinite_before_may_stay_so() -> None:
    scores = np.array([[0, -np.inf, np.nan]], dtype=np.float32)
    assert scored("2 * s - abs(q - k)", scores).tolist()[0][:2] == [0, -np.inf]
    assert np.isnan(scored("s * 0 - s", scores)[0, 1:]).all()
    with pytest.raises(RuleError, match="too large a number"):
        scored("exp(s + 100)", scores)


def test_no_scores_no_score() -> None:
    with pytest.raises(RuleError, match="there are no scores here"):
        evaluate(parse("s - 1", Kind.SCORE_MOD), Grid.of(2, 2))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"align": "centre"}, "possible are left, right"),
        ({"num_heads": 0}, "at least one"),
        ({"scores": np.zeros((3, 3))}, "scores|broadcast"),
        ({"scores": np.zeros((5, 3, 4))}, "scores|broadcast"),
        ({"scores": np.zeros((3, 4), dtype=int)}, "must be floating-point"),
        ({"query_length": -1}, "-1 positions"),
    ],
)
def test_a_grid_that_cannot_be(arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Grid.of(**{"query_length": 3, "key_length": 4, "num_heads": 2, **arguments})


def test_an_empty_grid_has_an_empty_picture() -> None:
    assert Grid.of(0, 3).spread(
        evaluate(parse("q * k // 3 < doc[k]"), Grid.of(0, 3, arrays={"doc": [1, 2, 3]}))
    ).shape == (0, 3)


# What is loaded


@pytest.mark.parametrize(
    "code",
    [
        "import attn_engine.catalogue, attn_engine.notation as n; n.parse('causal & window(4) == doc[q, k]')",
        "from attn_engine.notation import parse, expand; str(expand(parse('alibi', 'score_mod').body))",
        "from attn_engine.catalogue import entries, names; names()",
    ],
)
def test_rules_are_read_without_numpy(code: str) -> None:
    check = f"import sys; {code}; assert 'numpy' not in sys.modules"
    subprocess.run(
        [sys.executable, "-c", check], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    )


def test_the_front_door_hands_out_all_it_names() -> None:
    assert [name for name in notation.__all__ if not callable(getattr(notation, name))] == []
    assert set(dir(notation)) == set(notation.__all__)
    with pytest.raises(AttributeError, match="no attribute 'window'"):
        _ = notation.window


def test_the_positions_of_an_evaluation_are_let_go_at_once() -> None:
    """Without waiting for the collector of cycles: at a million positions they are many megabytes."""
    grid = Plane(4, 4).grid()
    seen = weakref.ref(grid)
    gc.disable()
    try:
        evaluate(parse("causal & 0 <= q - k < 3"), grid)
        del grid
        assert seen() is None
    finally:
        gc.enable()
