"""Text → tree: a precedence climber that also knows numbers from conditions. No NumPy.

Precedence, tightest first: unary minus; `* / // %`; `+ -`; comparisons; `~`; `&`; `^`; `|`. So `~` takes a
whole comparison, `~q >= k` is `~(q >= k)`; after a tighter sign it needs parentheses: `true == (~causal)`.
Conditions are compared with conditions, by `==` and `!=`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from itertools import takewhile
from typing import Literal, NamedTuple, NoReturn, TypeAlias

from ..catalogue import ENTRIES, Entry
from .errors import RuleError, quoted
from .tokens import MAX_LENGTH, Token, tokens
from .tree import (
    LEVELS,
    SIGNS,
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
    Rule,
    Sum,
    Truth,
    Xor,
    walk,
)
from .words import FUNCTIONS, POSITIONS, Kind

MAX_DEPTH = 64
MAX_INDICES = 4

Sort: TypeAlias = Literal["number", "condition", "either"]
Chain: TypeAlias = type[Product | Sum | Comparison | And | Xor | Or]

CHAINS: dict[str, Chain] = {
    sign: family for family in (Product, Sum, Comparison, And, Xor, Or) for sign in SIGNS[family]
}


class _Part(NamedTuple):
    """A parsed piece; of an array's entries only the array says whether they are numbers or conditions."""

    node: Expression
    sort: Sort
    column: int
    height: int = 1


def parse(text: str, kind: Kind = Kind.MASK) -> Rule:
    """The rule that a text says. A mask is a condition, a score mod a number, which may use the score `s`.

    Raises RuleError, with the column, for a text that is no rule, or longer or deeper than a rule may be.
    """
    rule = Rule(_Parser(text, Kind(kind), ENTRIES).whole(), Kind(kind))
    if len(str(rule)) > MAX_LENGTH:
        raise RuleError(f"too long: with its spaces more than {MAX_LENGTH} characters", text, len(text))
    return rule


@cache
def entry_body(name: str) -> Expression:
    """The tree of a rule's line in the catalogue, over its parameters; it may use the rules above it."""
    entry = ENTRIES[name]
    above = {known: ENTRIES[known] for known in takewhile(lambda known: known != name, ENTRIES)}
    return _Parser(entry.line, entry.kind, above, dict(entry.parameters)).whole()


class _Parser:
    def __init__(self, text: str, kind: Kind, entries: Mapping[str, Entry], parameters: Collection[str] = ()) -> None:
        self.text = text
        self.kind = kind
        self.entries = entries
        self.parameters = parameters
        self.tokens = list(tokens(text))
        self.index = 0
        self.depth = 0

    def whole(self) -> Expression:
        part = self.expression()
        if self.token.kind != "end":
            stray = self.token.text == ")"
            self.fail('this ")" closes nothing') if stray else self.fail("expected an operator", after=True)
        if self.kind is Kind.MASK:
            self.want("condition", [part], "a mask is a condition such as k <= q")
        else:
            self.want("number", [part], "a score mod is a number such as s - 1")
        return part.node

    # Operators

    def expression(self, level: int = 0) -> _Part:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail(f"too deep: at most {MAX_DEPTH} levels")
        part = self.operand(level)
        while (family := CHAINS.get(self.token.text)) and LEVELS[family] >= level:
            part = self.chain(part, family)
        self.depth -= 1
        return part

    def chain(self, first: _Part, family: Chain) -> _Part:
        parts, signs = [first], list[Token]()
        while CHAINS.get(self.token.text) is family:
            signs.append(self.take())
            parts.append(self.expression(LEVELS[family] + 1))
        sort = self.chain_sort(family, parts, signs)
        if issubclass(family, And | Xor | Or):
            return self.made(family(tuple(part.node for part in parts)), sort, parts)
        rest = tuple((sign.text, part.node) for sign, part in zip(signs, parts[1:], strict=True))
        return self.made(family(first.node, rest), sort, parts)

    def chain_sort(self, family: Chain, parts: list[_Part], signs: list[Token]) -> Sort:
        if family is Comparison:
            for sign, *pair in zip(signs, parts, parts[1:], strict=False):
                self.compared(sign, pair)
            return "condition"
        sort: Sort = "number" if family in (Product, Sum) else "condition"
        for sign, *pair in zip(signs, parts, parts[1:], strict=False):
            self.want(sort, pair, f"{quoted(sign.typed)} wants {sort}s")
        return sort

    def compared(self, sign: Token, pair: list[_Part]) -> None:
        if sign.text in ("==", "!="):
            self.alike(pair, quoted(sign.typed))
        else:
            self.want("number", pair, f"{quoted(sign.typed)} wants numbers")

    def operand(self, level: int) -> _Part:
        token = self.token
        if token.text == "-":
            return self.minus()
        if token.text == "~":
            return self.negation(level)
        if token.text == "(":
            return self.parenthesised()
        if token.kind == "number":
            return _Part(self.number(), "number", token.column)
        if token.kind == "name":
            return self.word()
        return self.fail("expected a number or a name", after=True)

    def minus(self) -> _Part:
        column = self.take().column
        if self.token.kind == "number":
            return _Part(self.number(sign=-1), "number", column)
        part = self.expression(LEVELS[Minus])
        self.want("number", [part], '"-" wants numbers')
        return self.made(Minus(part.node), "number", [part])._replace(column=column)

    def negation(self, level: int) -> _Part:
        if level > LEVELS[Not]:
            self.fail(f"{quoted(self.token.typed)} needs parentheses, as in (~causal),", after=True)
        sign = self.take()
        part = self.expression(LEVELS[Not])
        self.want("condition", [part], f"{quoted(sign.typed)} wants conditions")
        return self.made(Not(part.node), "condition", [part])._replace(column=sign.column)

    def parenthesised(self) -> _Part:
        column = self.take().column
        part = self.expression()
        if self.token.text != ")":
            self.fail('expected an operator or ")"', after=True)
        self.take()
        return part._replace(column=column)

    def number(self, sign: int = 1) -> Number:
        token = self.take()
        value = int(token.text) if token.text.isdecimal() else float(token.text)
        try:
            return Number(sign * value)
        except RuleError as error:
            self.fail(error.message, token)

    # Words

    def word(self) -> _Part:
        token = self.take()
        if token.text in ("true", "false"):
            return _Part(Truth(token.text == "true"), "condition", token.column)
        if token.text in self.parameters or token.text in POSITIONS:
            return self.position(token)
        if token.text in FUNCTIONS:
            return self.call(token)
        if token.text in self.entries:
            return self.named(token)
        if self.token.text == "[":
            return self.read(token)
        return self.unknown(token)

    def position(self, token: Token) -> _Part:
        if token.text == "s" and self.kind is Kind.MASK:
            self.fail("s, the score, is known in score mods only", token)
        return _Part(Name(token.text), "number", token.column)

    def call(self, token: Token) -> _Part:
        function = FUNCTIONS[token.text]
        if self.kind is Kind.MASK and not function.in_masks:
            self.fail(f"{token.text} is known in score mods only", token)
        parts = self.arguments(")") if self.token.text == "(" else []
        if len(parts) < function.least or (function.most and len(parts) > function.most):
            self.fail(f"{token.text} is written {quoted(function.signature)}", token)
        sort = self.where(parts) if token.text == "where" else self.numbers(token.text, parts)
        return self.made(Call(token.text, tuple(part.node for part in parts)), sort, parts, token)

    def where(self, parts: list[_Part]) -> Sort:
        self.want("condition", parts[:1], "where wants a condition first")
        return self.alike(parts[1:], "where")

    def numbers(self, who: str, parts: list[_Part]) -> Sort:
        self.want("number", parts, f"{who} wants numbers")
        return "number"

    def named(self, token: Token) -> _Part:
        entry = self.entries[token.text]
        if self.kind is Kind.MASK and entry.kind is Kind.SCORE_MOD:
            self.fail(f"{entry.name} is a score mod: a mask cannot use it", token)
        parts = self.arguments(")") if self.token.text == "(" else []
        if not entry.required <= len(parts) <= (len(parts) if entry.many else len(entry.parameters)):
            self.fail(f"{entry.name} is written {quoted(entry.signature)}", token)
        self.numbers(entry.name, parts)
        for part in parts:
            self.check_argument(entry, part)
        sort: Sort = "condition" if entry.kind is Kind.MASK else "number"
        return self.made(Named(entry.name, tuple(part.node for part in parts)), sort, parts, token)

    def check_argument(self, entry: Entry, part: _Part) -> None:
        allowed = {"Q", "K", "H", *self.parameters}
        for node in walk(part.node):
            if isinstance(node, Named | Read) or (isinstance(node, Name) and node.name not in allowed):
                wrong = quoted(str(node))
                self.fail(f"{entry.name} wants numbers made of Q, K and H, not of {wrong}", part)

    def read(self, token: Token) -> _Part:
        parts = self.arguments("]")
        if not 1 <= len(parts) <= MAX_INDICES:
            self.fail(f"an array has one to {MAX_INDICES} indices, as in doc[q]", token)
        self.numbers("an index", parts)
        return self.made(Read(token.text, tuple(part.node for part in parts)), "either", parts, token)

    def arguments(self, closing: str) -> list[_Part]:
        self.take()
        parts = [] if self.token.text == closing else [self.expression()]
        while self.token.text == ",":
            self.take()
            parts.append(self.expression())
        if self.token.text != closing:
            self.fail(f'expected an operator, "," or "{closing}"', after=True)
        self.take()
        return parts

    def unknown(self, token: Token) -> NoReturn:
        known = [*POSITIONS, *FUNCTIONS, *self.parameters, "true", "false"]
        known += [name for name, entry in self.entries.items() if entry.kind in (Kind.MASK, self.kind)]
        close = get_close_matches(token.typed[:40], known)
        possible = " or ".join(close) or "a position (q, k), a rule (causal, window(4)), an array (doc[q])"
        self.fail(f"{quoted(token.typed)} is unknown; possible: {possible}", token)

    # What a node needs to be right, and what is said when it is not

    def made(self, node: Expression, sort: Sort, parts: Sequence[_Part], token: Token | None = None) -> _Part:
        height = 1 + max((part.height for part in parts), default=0)
        start = token or parts[0]
        if height > MAX_DEPTH:
            self.fail(f"too deep: at most {MAX_DEPTH} levels", start)
        return _Part(node, sort, start.column, height)

    def want(self, sort: Sort, parts: Sequence[_Part], reason: str) -> None:
        for part in parts:
            if part.sort not in (sort, "either"):
                self.fail(f"{reason}, and {_called(part)}", part)

    def alike(self, pair: Sequence[_Part], who: str) -> Sort:
        left, right = pair
        if "either" in (left.sort, right.sort):
            return right.sort if left.sort == "either" else left.sort
        if left.sort != right.sort:
            wants = f"{who} wants two numbers or two conditions"
            self.fail(f"{wants}, and {_called(left)}, {_called(right)}", right)
        return left.sort

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    def take(self) -> Token:
        self.index += 1
        return self.tokens[self.index - 1]

    def fail(self, message: str, place: Token | _Part | None = None, *, after: bool = False) -> NoReturn:
        before = f" after {quoted(self.tokens[self.index - 1].typed)}" if after and self.index else ""
        raise RuleError(message + before, self.text, (place or self.token).column)


def _called(part: _Part) -> str:
    if isinstance(part.node, Named):
        return f"{quoted(str(part.node))} is a {'mask' if part.sort == 'condition' else 'score mod'}"
    return f"{quoted(str(part.node))} is a {part.sort}"
