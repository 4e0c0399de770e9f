"""A rule without names of the catalogue: each written out as its line over the numbers it was given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..catalogue import ENTRIES
from .parser import entry_body
from .tree import Expression, Name, Named, Number, Read, rebuild


def expand(node: Expression) -> Expression:
    """The same expression in positions, numbers and arrays; an array of the catalogue's knows its `owner`."""
    if not isinstance(node, Named):
        return rebuild(node, expand)
    owner = replace(node, arguments=complete(node))
    entry = ENTRIES[node.name]
    numbers = {name: number for (name, _), number in zip(entry.parameters, owner.arguments, strict=not entry.many)}
    return expand(_filled(entry_body(node.name), numbers, owner))


def complete(node: Named) -> tuple[Expression, ...]:
    """All the numbers of a named rule: those written, then the defaults."""
    defaults = [default for _, default in ENTRIES[node.name].parameters]
    left_out = defaults[len(node.arguments) :]
    return (*node.arguments, *(Number(default) for default in left_out if default is not None))


def _filled(node: Expression, numbers: Mapping[str, Expression], owner: Named) -> Expression:
    if isinstance(node, Name):
        return numbers.get(node.name, node)
    filled = rebuild(node, lambda part: _filled(part, numbers, owner))
    made = (array for array, _ in ENTRIES[owner.name].arrays)
    return replace(filled, owner=owner) if isinstance(filled, Read) and filled.array in made else filled
