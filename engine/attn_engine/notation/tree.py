"""The frozen tree of a rule, and its printing.

What the parser makes and every reader reads. `str(node)` is the text again, spaced, with the fewest
parentheses. The shape is flat: `a - b - c` is one `Sum`, `0 <= a < b` one `Comparison`, `a & b & c` one
`And`; so a long rule is never a deep tree. `(a - b) - c` and `a - b - c` are the same tree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TypeAlias

from .errors import RuleError
from .words import LARGEST, Kind


class _Node:
    __slots__ = ()

    def __str__(self) -> str:
        return _text(self)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Number(_Node):
    """A number of at most 2**53 in size; a whole number is an int, however it was written."""

    value: int | float

    def __post_init__(self) -> None:
        if not abs(self.value) <= LARGEST:
            raise RuleError(f"the number is too large: at most {LARGEST} (2 to the 53rd)")
        whole = int(self.value)
        object.__setattr__(self, "value", whole if whole == self.value else float(self.value))


@dataclass(frozen=True, slots=True)
class Truth(_Node):
    """`true` or `false`."""

    value: bool


@dataclass(frozen=True, slots=True)
class Name(_Node):
    """A position, a length, the score; in a line of the catalogue also one of its parameters."""

    name: str


@dataclass(frozen=True, slots=True)
class Minus(_Node):
    """`-operand`; the negative of a literal is a `Number`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Not(_Node):
    """`~operand`."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class _Chain(_Node):
    first: Expression
    rest: tuple[tuple[str, Expression], ...]


@dataclass(frozen=True, slots=True)
class _LeftChain(_Chain):
    def __post_init__(self) -> None:
        if isinstance(self.first, type(self)):
            object.__setattr__(self, "rest", self.first.rest + self.rest)
            object.__setattr__(self, "first", self.first.first)


class Product(_LeftChain):
    """`first * a // b …`, from the left; operators `* / // %`."""

    __slots__ = ()


class Sum(_LeftChain):
    """`first + a - b …`, from the left; operators `+ -`."""

    __slots__ = ()


class Comparison(_Chain):
    """`first <= a < b …`: every neighbouring pair holds. Conditions are compared by `==` and `!=` only."""

    __slots__ = ()

    @property
    def pairs(self) -> Iterator[tuple[Expression, str, Expression]]:
        """Each comparison of the chain by itself: left, operator, right."""
        for (_, left), (operator, right) in pairwise((("", self.first), *self.rest)):
            yield left, operator, right


@dataclass(frozen=True, slots=True)
class _Junction(_Node):
    operands: tuple[Expression, ...]

    def __post_init__(self) -> None:
        flat = (part.operands if isinstance(part, type(self)) else (part,) for part in self.operands)
        object.__setattr__(self, "operands", tuple(part for parts in flat for part in parts))


class And(_Junction):
    """`a & b & …`."""

    __slots__ = ()


class Xor(_Junction):
    """`a ^ b ^ …`: an odd number of them hold."""

    __slots__ = ()


class Or(_Junction):
    """`a | b | …`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Call(_Node):
    """A function of `FUNCTIONS` with its arguments."""

    function: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Named(_Node):
    """A rule of the catalogue with the numbers that were written; the others are its defaults."""

    name: str
    arguments: tuple[Expression, ...] = ()


@dataclass(frozen=True, slots=True)
class Read(_Node):
    """`array[index, …]`; the array is the grid's, or made by the `owner`, a rule of the catalogue."""

    array: str
    indices: tuple[Expression, ...]
    owner: Named | None = None


Expression: TypeAlias = (
    Number | Truth | Name | Minus | Not | Product | Sum | Comparison | And | Xor | Or | Call | Named | Read
)


@dataclass(frozen=True, slots=True)
class Rule:
    """An expression, and whether it is a mask or a score mod."""

    body: Expression
    kind: Kind = Kind.MASK

    def __str__(self) -> str:
        return str(self.body)


LEVELS: dict[type[Expression], int] = {
    Or: 1,
    Xor: 2,
    And: 3,
    Not: 4,
    Comparison: 5,
    Sum: 6,
    Product: 7,
    Minus: 8,
}
SIGNS: dict[type[Expression], tuple[str, ...]] = {
    Or: ("|",),
    Xor: ("^",),
    And: ("&",),
    Comparison: ("<", "<=", ">", ">=", "==", "!="),
    Sum: ("+", "-"),
    Product: ("*", "/", "//", "%"),
}


def children(node: Expression) -> tuple[Expression, ...]:
    """The parts of a node, in the order of the text."""
    match node:
        case Minus(operand) | Not(operand):
            return (operand,)
        case Product(first, rest) | Sum(first, rest) | Comparison(first, rest):
            return (first, *(operand for _, operand in rest))
        case And(parts) | Xor(parts) | Or(parts) | Call(_, parts) | Named(_, parts) | Read(_, parts):
            return parts
        case _:
            return ()


def rebuild(node: Expression, change: Callable[[Expression], Expression]) -> Expression:
    """The same node over changed parts."""
    match node:
        case Minus(operand) | Not(operand):
            return type(node)(change(operand))
        case Product(first, rest) | Sum(first, rest) | Comparison(first, rest):
            return type(node)(change(first), tuple((operator, change(operand)) for operator, operand in rest))
        case And(parts) | Xor(parts) | Or(parts):
            return type(node)(tuple(map(change, parts)))
        case Call(_, parts) | Named(_, parts):
            return replace(node, arguments=tuple(map(change, parts)))
        case Read(_, parts):
            return replace(node, indices=tuple(map(change, parts)))
        case _:
            return node


def substituted(node: Expression, parts: Mapping[Expression, Expression]) -> Expression:
    """The same expression with other parts in place of these."""
    return parts.get(node) or rebuild(node, lambda part: substituted(part, parts))


def walk(node: Expression) -> Iterator[Expression]:
    """The node and everything in it."""
    yield node
    for part in children(node):
        yield from walk(part)


def _text(node: Expression, level: int = 0) -> str:
    text = _bare(node)
    return f"({text})" if LEVELS.get(type(node), level) < level else text


def _bare(node: Expression) -> str:  # noqa: C901, PLR0911 - one line for each node
    match node:
        case Number(value):
            return repr(value)
        case Truth(value):
            return "true" if value else "false"
        case Name(name):
            return name
        case Minus(Number(value)) if value >= 0:
            return f"-({value!r})"
        case Minus(operand):
            return "-" + _text(operand, LEVELS[Minus])
        case Not(operand):
            return "~" + _text(operand, LEVELS[Not])
        case Product(first, rest) | Sum(first, rest) | Comparison(first, rest):
            tighter = LEVELS[type(node)] + 1
            return _text(first, tighter) + "".join(f" {sign} {_text(part, tighter)}" for sign, part in rest)
        case And(parts) | Xor(parts) | Or(parts):
            tighter, sign = LEVELS[type(node)] + 1, SIGNS[type(node)][0]
            return f" {sign} ".join(_text(part, tighter) for part in parts)
        case Read(name, parts):
            return f"{name}[{', '.join(map(_text, parts))}]"
        case Call(name, parts) | Named(name, parts):
            return f"{name}({', '.join(map(_text, parts))})" if parts else name
