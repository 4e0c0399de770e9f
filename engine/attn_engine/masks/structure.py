"""What a rule's tree says about where it can change: along diagonals, in a period, at a few places of each row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from math import lcm, prod

from ..notation.tree import (
    And,
    Call,
    Comparison,
    Expression,
    Minus,
    Name,
    Not,
    Number,
    Or,
    Product,
    Sum,
    Truth,
    Xor,
    children,
    rebuild,
    walk,
)

POSITIONS = frozenset({"q", "k"})
CONDITIONS = (Truth, Comparison, Not, And, Or, Xor)

MOST_VARIANTS = 32
"""Ways to take the branches of `abs`, `min`, `max` and `where` in one comparison."""


@lru_cache(maxsize=1024)
def positions_in(node: Expression) -> frozenset[str]:
    """Which of the positions q and k a part of a rule names."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Name)) & POSITIONS


# Rules of q − k alone.


def is_of_difference(body: Expression) -> bool:
    """Whether the value at (q, k) is the value at (q + t, k + t), for every t."""
    return slope(body) == 0


@lru_cache(maxsize=1024)
def slope(node: Expression) -> float | None:
    """By how much a number grows when both positions grow by one, 0 for a condition that stays; None: unknown.

    Only whole numbers are told to grow: others are rounded, differently at each place.
    """
    slopes = [slope(part) for part in children(node)]
    if None not in slopes and not any(slopes):
        return 1 if isinstance(node, Name) and node.name in POSITIONS else 0
    return _growth(node, slopes) if _is_whole(node) or isinstance(node, Comparison) else None


def _growth(node: Expression, slopes: list[float | None]) -> float | None:  # noqa: PLR0911 - one line for each node
    """The slope of what is made of parts of these slopes, not all of them 0."""
    match node:
        case Minus():
            return _scaled(slopes[0], -1)
        case Sum(_, rest):
            signs = (1, *(-1 if sign == "-" else 1 for sign, _ in rest))
            known = [sign * own for sign, own in zip(signs, slopes, strict=True) if own is not None]
            return sum(known) if len(known) == len(slopes) else None
        case Product(Number(factor), (("*", _),)):
            return _scaled(slopes[1], factor)
        case Product(_, (("*", Number(factor)),)):
            return _scaled(slopes[0], factor)
        case Comparison() if slopes[0] is not None and len(set(slopes)) == 1:
            return 0
        case Call("min" | "max") if len(set(slopes)) == 1:
            return slopes[0]
        case _:
            return None


def _scaled(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor


@lru_cache(maxsize=1024)
def _is_whole(node: Expression) -> bool:
    """Whether it is a number of whole numbers that stay whole, and so exact."""
    match node:
        case Number(value):
            return float(value).is_integer()
        case Name(name):
            return name != "s"
        case Product(_, rest):
            return all(sign != "/" for sign, _ in rest) and all(map(_is_whole, children(node)))
        case Minus() | Sum() | Call("min" | "max" | "abs"):
            return all(map(_is_whole, children(node)))
        case Call("where", (_, first, second)):
            return _is_whole(first) and _is_whole(second)
        case _:
            return False


# Periods.


def period(node: Expression) -> int | None:
    """A number W by which either position may grow without a change; None where none is known."""
    if not positions_in(node):
        return 1
    match node:
        case Product(first, (*before, (sign, last))):
            start = Product(first, tuple(before)) if before else first
            if sign == "%" and isinstance(last, Number) and isinstance(last.value, int) and last.value:
                return period(start) or (abs(last.value) if _is_polynomial(start) else None)
            return _common([start, last])
        case Name():
            return None
        case _:
            return _common(children(node))


def _common(parts: Sequence[Expression]) -> int | None:
    periods = [period(part) for part in parts]
    known = [each for each in periods if each]
    return lcm(*known) if known and len(known) == len(periods) else None


def _is_polynomial(node: Expression) -> bool:
    """Whether it is made of whole numbers and positions by + − · alone."""
    match node:
        case Number(value):
            return isinstance(value, int)
        case Name():
            return True
        case Sum() | Minus():
            return all(map(_is_polynomial, children(node)))
        case Product(_, rest):
            return all(sign == "*" for sign, _ in rest) and all(map(_is_polynomial, children(node)))
        case _:
            return False


# Conditions, and the numbers in them as sums of a part of q and a part of k.


@dataclass(frozen=True)
class Atom:
    """A condition that is no junction of others, and, of a comparison, its sides."""

    node: Expression
    sides: tuple[Expression, str, Expression] | None = None


def atoms_of(body: Expression) -> tuple[Atom, ...]:
    """The conditions that a mask is made of, comparisons pair by pair, each once."""
    return tuple(dict.fromkeys(_atoms(body)))


def _atoms(node: Expression) -> Iterator[Atom]:
    match node:
        case Truth():
            return
        case Comparison(first, _) if not _is_condition(first):
            for left, sign, right in node.pairs:
                yield Atom(Comparison(left, ((sign, right),)), (left, sign, right))
        case Not() | And() | Or() | Xor() | Comparison():
            for part in children(node):
                yield from _atoms(part)
        case Call("where", (condition, first, second)):
            for part in (condition, first, second):
                yield from _atoms(part)
        case _:
            yield Atom(node)


def _is_condition(node: Expression) -> bool:
    match node:
        case Call("where", (_, first, _)):
            return _is_condition(first)
        case _:
            return isinstance(node, CONDITIONS)


def unchained(node: Expression) -> Expression:
    """The same expression with chains of comparisons as junctions of single ones, which are then its atoms."""
    node = rebuild(node, unchained)
    if isinstance(node, Comparison) and len(node.rest) > 1:
        return And(tuple(Comparison(left, ((sign, right),)) for left, sign, right in node.pairs))
    return node


def parts_unchained(node: Expression) -> int:
    """How many parts `unchained` would make: an operand in the middle of a chain stands in it twice."""
    sizes = [parts_unchained(part) for part in children(node)]
    return 1 + sum(sizes) + (sum(sizes[1:-1]) + len(sizes) - 1 if isinstance(node, Comparison) else 0)


def conditions_within(node: Expression) -> Iterator[Expression]:
    """The conditions that the numbers of an atom switch on: those of its `where`s."""
    for part in walk(node):
        if isinstance(part, Call) and part.function == "where":
            yield part.arguments[0]


Terms = tuple[tuple[int, Expression], ...]
"""A sum: signs, 1 or −1, with parts that each name q alone, k alone or neither."""


def variants(node: Expression) -> tuple[Terms, ...] | None:  # noqa: PLR0911 - one line for each node
    """Sums of which the number equals one wherever it is; None where it cannot be taken apart so."""
    if len(positions_in(node)) < 2:
        return (((1, node),),)
    match node:
        case Minus(operand):
            return _each(variants(operand), -1)
        case Sum(first, rest):
            parts = [variants(first), *(_each(variants(part), -1 if sign == "-" else 1) for sign, part in rest)]
            return _summed(parts)
        case Call("abs", (operand,)):
            sums = variants(operand)
            return _either([sums, _each(sums, -1)])
        case Call("min" | "max", arguments):
            return _either([variants(argument) for argument in arguments])
        case Call("where", (_, first, second)):
            return _either([variants(first), variants(second)])
        case _:
            return None


def _each(sums: tuple[Terms, ...] | None, sign: int) -> tuple[Terms, ...] | None:
    return None if sums is None else tuple(tuple((sign * own, part) for own, part in terms) for terms in sums)


def _either(alternatives: list[tuple[Terms, ...] | None]) -> tuple[Terms, ...] | None:
    known = [sums for sums in alternatives if sums is not None]
    if len(known) < len(alternatives):
        return None
    flat = tuple(terms for sums in known for terms in sums)
    return flat if len(flat) <= MOST_VARIANTS else None


def _summed(parts: list[tuple[Terms, ...] | None]) -> tuple[Terms, ...] | None:
    known = [sums for sums in parts if sums is not None]
    if len(known) < len(parts) or prod(map(len, known)) > MOST_VARIANTS:
        return None
    return tuple(tuple(term for terms in chosen for term in terms) for chosen in product(*known))


def difference(atom: Atom) -> tuple[Terms, ...] | None:
    """The left side of a comparison less the right one, as sums; None where it cannot be taken apart."""
    if atom.sides is None:
        return None
    left, _, right = atom.sides
    return _summed([variants(left), _each(variants(right), -1)])
