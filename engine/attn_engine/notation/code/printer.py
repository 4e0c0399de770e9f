"""An expression as Python over arrays: NumPy's or PyTorch's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ..errors import RuleError, quoted
from ..evaluation import evaluate
from ..plane import Plane
from ..tree import (
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
    Read,
    Rule,
    Sum,
    Truth,
    Xor,
    walk,
)
from ..words import Kind
from .arrays import Arrays

Sort = Literal["whole", "float", "condition"]

DOUBLE = ".to(torch.float64)"

SIGNS: dict[type[Expression], str] = {And: " & ", Xor: " ^ ", Or: " | "}


class Library(NamedTuple):
    """How a library is written: its name, and the names of what a rule may contain."""

    module: str
    names: Mapping[str, str]
    constants: frozenset[str]
    casts: bool


NUMPY = Library("np", {name: name for name in "qkhbsQKH"}, frozenset(), casts=False)
TORCH = Library("torch", {"q": "q_idx", "k": "kv_idx", "h": "h", "b": "b", "s": "score"}, frozenset("QKH"), casts=True)


class Piece(NamedTuple):
    """A text, what it is, and whether it is a number of Python rather than an array."""

    text: str
    sort: Sort
    constant: bool = False


@dataclass
class Printer:
    """Prints the parts of one rule. What is used twice is computed in `lines`, under a name, before it is used.

    PyTorch counts in float32 where a whole number meets another: where it should be `exact`, as in masks and
    comparisons, whole numbers are made float64 there.
    """

    library: Library
    plane: Plane
    arrays: Arrays
    lines: list[str] = field(default_factory=list)
    hashes: bool = False
    known: dict[tuple[Expression, bool], Piece] = field(default_factory=dict)

    def piece(self, node: Expression, exact: bool) -> Piece:  # noqa: C901, PLR0911, PLR0912 - one line for each node
        """A part of the rule as source; `exact` where whole numbers among others have to stay exact."""
        if (node, exact) in self.known:
            return self.known[node, exact]
        match node:
            case Number(value):
                return Piece(_literal(value), "whole" if isinstance(value, int) else "float", constant=True)
            case Truth(value):
                return self.truth(value)
            case Name(name) if name not in self.library.constants:
                return Piece(self.library.names[name], "float" if name == "s" else "whole")
            case _ if self.is_constant(node):
                return self.folded(node)
            case Minus(operand):
                part = self.piece(operand, exact)
                return part._replace(text=f"(-{part.text})")
            case Sum(first, rest) | Product(first, rest):
                return self.chain(first, rest, exact)
            case Comparison():
                return self.comparison(node)
            case Not(operand):
                return Piece(f"(~{self.piece(operand, exact).text})", "condition")
            case And(operands) | Xor(operands) | Or(operands):
                parts = (self.piece(operand, exact).text for operand in operands)
                return Piece(f"({SIGNS[type(node)].join(parts)})", "condition")
            case Call(function, arguments):
                return self.call(function, arguments, exact)
            case Read():
                return self.read(node)
            case _:
                raise RuleError(f"{quoted(str(node))} has no code")

    def is_constant(self, node: Expression) -> bool:
        """Whether it depends on no position."""
        names = {part.name for part in walk(node) if isinstance(part, Name)}
        return names <= self.library.constants and not any(isinstance(part, Read) for part in walk(node))

    def folded(self, node: Expression) -> Piece:
        """The value of what depends on no position."""
        sort = _sort(node)
        kind = Kind.MASK if sort == "condition" else Kind.SCORE_MOD
        value = evaluate(Rule(node, kind), self.plane.points(0, 0)).item()  # type: ignore[arg-type]
        if sort == "condition":
            return self.truth(value)
        return Piece(_literal(int(value) if sort == "whole" else value), sort, constant=True)

    def truth(self, value: bool) -> Piece:
        """A condition that always, or never, holds, as an array."""
        return Piece(f"({self.library.names['k']} {'>=' if value else '<'} 0)", "condition")

    def chain(self, first: Expression, rest: Sequence[tuple[str, Expression]], exact: bool) -> Piece:
        """A sum or a product, in parentheses."""
        parts = [self.piece(operand, exact) for operand in (first, *(operand for _, operand in rest))]
        signs = [sign for sign, _ in rest]
        sort: Sort = "float" if "/" in signs or any(part.sort == "float" for part in parts) else "whole"
        texts = [self.fitted(part, sort, exact) for part in parts]
        tail = "".join(f" {sign} {text}" for sign, text in zip(signs, texts[1:], strict=True))
        return Piece(f"({texts[0]}{tail})", sort)

    def fitted(self, part: Piece, sort: Sort, exact: bool) -> str:
        """A part of what is of that sort: whole numbers among others become float64."""
        wanted = exact and self.library.casts and sort == "float" and not (part.constant or part.text.endswith(DOUBLE))
        return f"{part.text}{DOUBLE}" if wanted else part.text

    def comparison(self, node: Comparison) -> Piece:
        """A chain of comparisons as single ones; what stands in two of them is computed once."""
        inner = [operand for _, operand in node.rest[:-1]]
        for operand in inner:
            self.name(operand)
        pairs = [self.compared(*pair) for pair in node.pairs]
        return Piece(pairs[0] if len(pairs) == 1 else f"({' & '.join(pairs)})", "condition")

    def compared(self, left: Expression, sign: str, right: Expression) -> str:
        """One comparison."""
        parts = [self.piece(side, True) for side in (left, right)]
        sort: Sort = "float" if any(part.sort == "float" for part in parts) else "whole"
        first, second = (self.fitted(part, sort, True) for part in parts)
        if all(part.constant for part in parts):
            first = self.lifted(parts[0], sort, True)
        return f"({first} {sign} {second})"

    def name(self, node: Expression) -> None:
        """Compute a part under a name, before it is used."""
        part = self.piece(node, True)
        if not part.constant and not isinstance(node, Name) and (node, True) not in self.known:
            name = f"part_{len(self.lines) + 1}"
            self.lines.append(f"{name} = {part.text}")
            self.known[node, True] = part._replace(text=name)

    def lifted(self, part: Piece, sort: Sort, exact: bool) -> str:
        """A part as an array, where the library takes no plain number."""
        if not (part.constant and self.library.casts):
            return self.fitted(part, sort, exact)
        dtype = "int64" if sort == "whole" else "float64" if exact else "float32"
        module = self.library.module
        return f"{module}.full_like({self.library.names['k']}, {part.text}, dtype={module}.{dtype})"

    def call(self, function: str, arguments: Sequence[Expression], exact: bool) -> Piece:
        """A function of the notation by that of the library."""
        module = self.library.module
        if function == "hash":
            self.hashes = True
            texts = [self.piece(argument, True).text for argument in arguments]
            return Piece(f"pseudo_random({', '.join(texts)})", "float")
        if function == "where":
            condition = self.piece(arguments[0], exact)
            parts = [self.piece(argument, exact) for argument in arguments[1:]]
            sort = _joint(parts)
            texts = [self.lifted(part, sort, exact) for part in parts]
            return Piece(f"{module}.where({', '.join([condition.text, *texts])})", sort)
        parts = [self.piece(argument, exact) for argument in arguments]
        if function in ("min", "max"):
            return self.extreme(f"{module}.{function}imum", parts, exact)
        sort = "whole" if function == "abs" and parts[0].sort == "whole" else "float"
        return Piece(f"{module}.{function}({self.fitted(parts[0], sort, exact)})", sort)

    def extreme(self, function: str, parts: Sequence[Piece], exact: bool) -> Piece:
        """Pairs of pairs, so that many arguments are not as many parentheses deep."""
        sort = _joint(parts)
        texts = [self.lifted(part, sort, exact) for part in parts]
        while len(texts) > 1:
            pairs = [texts[place : place + 2] for place in range(0, len(texts), 2)]
            texts = [f"{function}({', '.join(pair)})" if len(pair) == 2 else pair[0] for pair in pairs]
        return Piece(texts[0], sort)

    def read(self, node: Read) -> Piece:
        """An entry of an array."""
        name, sort = self.arrays.name(node)
        return Piece(f"{name}[{', '.join(self.piece(index, True).text for index in node.indices)}]", sort)


def _joint(parts: Sequence[Piece]) -> Sort:
    sorts = {part.sort for part in parts}
    return sorts.pop() if len(sorts) == 1 else "float"


def _literal(value: float) -> str:
    return f"({value!r})" if value < 0 else repr(value)


def _sort(node: Expression) -> Sort:  # noqa: PLR0911 - one line for each node
    match node:
        case Number(value):
            return "whole" if isinstance(value, int) else "float"
        case Truth() | Comparison() | Not() | And() | Xor() | Or():
            return "condition"
        case Minus(operand) | Call("abs", (operand,)):
            return _sort(operand)
        case Sum(first, rest) | Product(first, rest):
            whole = all(_sort(part) == "whole" for part in (first, *(operand for _, operand in rest)))
            return "whole" if whole and all(sign != "/" for sign, _ in rest) else "float"
        case Call("min" | "max", parts) | Call("where", (_, *parts)):
            sorts = {_sort(part) for part in parts}
            return sorts.pop() if len(sorts) == 1 else "float"
        case Call():
            return "float"
        case _:
            return "whole"
