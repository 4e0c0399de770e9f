"""From arrays with names to sets of layers: which family of arrays plays which role, and what is left over."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..notation.errors import quoted
from ..npyfiles import ArrayFileError
from .masking import Around
from .names import Named, understood
from .pictures import Picture, Slab, one, split, stitched
from .sets import CaptureSet, Layer
from .stored import Store, StoredArray
from .tokens import Rows, labels

MOST_ARRAYS = 2**15
INPUTS = ("query", "key", "value")
AROUND = ("mask", "causal", "scale")
BESIDE = ("tokens", *AROUND, "parameter")
"""Roles of arrays that are no attention."""
DEFAULT = "attention"


class Member(NamedTuple):
    """An array and what its name says."""

    named: Named
    array: StoredArray


Family = list[Member]


@dataclass(frozen=True, eq=False)
class Roles:
    """Families of arrays by set and role, and the arrays that play none, with the reason."""

    chosen: Mapping[tuple[str, str], Family]
    unused: Mapping[str, str]

    def of(self, name: str, role: str) -> Family:
        """The family of a set and a role, empty where there is none."""
        return self.chosen.get((name, role), [])

    def tokens(self) -> list[StoredArray]:
        """The arrays of text."""
        return [member.array for (_, role), family in self.chosen.items() if role == "tokens" for member in family]


def roles_of(arrays: Sequence[StoredArray]) -> Roles:
    """Which arrays play which role. Raises ArrayFileError."""
    if not 0 < len(arrays) <= MOST_ARRAYS:
        raise ArrayFileError(f"{len(arrays):,} arrays in it; possible are 1 … {MOST_ARRAYS:,}")
    members = _alone_or_named([Member(_named(array), array) for array in arrays])
    families: dict[tuple[str, str], dict[str, Family]] = defaultdict(lambda: defaultdict(list))
    unused: dict[str, str] = {}
    for member in members:
        named = member.named
        if named.role in ("", "parameter"):
            unused[member.array.name] = "a parameter of a model" if named.role else "its name says no role"
        else:
            families[named.set, named.role]["" if named.role == "tokens" else named.template].append(member)
    chosen = {}
    for key, alike in families.items():
        best = max(alike.values(), key=lambda family: family[0].named.rank)
        chosen[key] = best
        others = (member for family in alike.values() if family is not best for member in family)
        unused |= {member.array.name: f"{quoted(best[0].array.name, 60)} is used" for member in others}
    return Roles(chosen, unused)


def _named(array: StoredArray) -> Named:
    """What its name says; one called causal that has rows and columns says nothing."""
    named = understood(array.name)
    return replace(named, role="", rank=0) if named.role == "causal" and len(array.shape) > 1 else named


def _alone_or_named(members: list[Member]) -> list[Member]:
    """An array that is alone is the weights of all layers, whatever its name."""
    if any(member.named.role in ("query", "key") for member in members):
        return members
    alone = [member for member in members if member.named.role not in BESIDE]
    if len(alone) != 1:
        return members
    (only,) = alone
    whole = only.named.rank == 0 or only.named.template == "arr_#"
    changed = replace(only.named, role="weights", rank=3, layer=None, step=None) if whole else only.named
    return [member._replace(named=changed) if member is only else member for member in members]


def sets_of(roles: Roles, store: Store, tokens: Mapping[str, Rows]) -> tuple[list[CaptureSet], list[str]]:
    """The sets that arrays make up, and what is to be said of them. Raises ArrayFileError where there are none."""
    names = dict.fromkeys(name for name, role in roles.chosen if role in ("weights", "query"))
    notes: list[str] = []
    sets = [found for name in names for found in _sets_of(name, roles, store, tokens, notes)]
    if not sets:
        raise ArrayFileError(_nothing(roles))
    notes += [f"{quoted(name, 60)} is not used: {why}" for name, why in list(roles.unused.items())[:8]]
    return sets, notes + [f"… and {len(roles.unused) - 8:,} more"] * (len(roles.unused) > 8)


def _nothing(roles: Roles) -> str:
    if "a parameter of a model" in roles.unused.values():
        return "it holds the parameters of a model, not the attention that it computed"
    there = [*(member.array for family in roles.chosen.values() for member in family)]
    names = ", ".join([*(quoted(array.name) for array in there), *map(quoted, roles.unused)][:8])
    return f"no array in it is named as attention, or as query and key; there are: {names}"


def _sets_of(
    name: str, roles: Roles, store: Store, tokens: Mapping[str, Rows], notes: list[str]
) -> Iterator[CaptureSet]:
    """The layers of a set, those of another shape apart."""
    layers = _layers(name, roles, notes)
    apart: dict[object, list[Layer]] = defaultdict(list)
    for layer in layers:
        apart[_alike(layer)].append(layer)
    for alike in apart.values():
        _, heads, queries, keys = alike[0].shape
        own = name or DEFAULT
        called = own if len(apart) == 1 else f"{own}, layer {alike[0].number} …: {heads} × {queries} × {keys}"
        masks, causals, scales = (Around({m.named.layer: m.array for m in roles.of(name, role)}) for role in AROUND)
        generated = alike[0].weights is not None and alike[0].weights.prompt_length is not None
        named = labels(tokens, name, queries, keys, generated=generated)
        yield CaptureSet(called, tuple(alike), store, len(layers), masks, causals, scales, named)


def _alike(layer: Layer) -> object:
    pictures = (layer.weights, layer.query, layer.key, layer.value)
    prompt = layer.weights.prompt_length if layer.weights is not None else None
    return (*(picture and picture.shape for picture in pictures), prompt)


def _layers(name: str, roles: Roles, notes: list[str]) -> list[Layer]:
    weights = _pictures(roles.of(name, "weights"))
    inputs = {role: _pictures(roles.of(name, role)) for role in INPUTS}
    if why := _missing(inputs):
        inputs = {role: {} for role in INPUTS}
        if not weights:
            raise ArrayFileError(why)
        notes.append(why)
    if weights and len(weights) == len(inputs["query"]) and None in _numbered(roles, name):
        inputs = {role: _renumbered(found, weights) for role, found in inputs.items()}
    numbers = sorted({*weights, *inputs["query"]})
    layers = [
        Layer(number, place, weights.get(number), *(_slab(inputs[role].get(number)) for role in INPUTS))
        for place, number in enumerate(numbers)
    ]
    misfits = {layer.number: why for layer in layers if (why := _misfit(layer))}
    notes += [f"queries and keys are not used: {why}" for why in list(misfits.values())[:1]]
    return [_without_inputs(layer, misfits[layer.number]) if layer.number in misfits else layer for layer in layers]


def _numbered(roles: Roles, name: str) -> set[int | None]:
    """The numbers in the names of weights and queries: None for an array of all layers."""
    return {member.named.layer for role in ("weights", "query") for member in roles.of(name, role)}


def _renumbered(found: dict[int, Picture], weights: Iterable[int]) -> dict[int, Picture]:
    return dict(zip(sorted(weights), (found[number] for number in sorted(found)), strict=False))


def _missing(inputs: Mapping[str, Mapping[int, Picture]]) -> str:
    there = [role for role in INPUTS if inputs[role]]
    if not there or {"query", "key"} <= set(there):
        return ""
    return f"{' and '.join(there)} without {'key' if 'query' in there else 'query'}: nothing can be recomputed"


def _slab(picture: Picture | None) -> Slab | None:
    if picture is not None and not isinstance(picture, Slab):
        raise ArrayFileError(
            f"{picture.array.told}: queries, keys and values come in one piece for a layer, not in steps"
        )
    return picture


def _pictures(family: Family) -> dict[int, Picture]:
    """The layers of a family by their numbers. Raises ArrayFileError."""
    whole = [member.array for member in family if member.named.layer is None]
    if whole:
        return dict(enumerate(split(whole[0])))
    stepped = any(member.named.step is not None for member in family)
    return _stepped(family) if stepped else dict(_by_number(family, lambda member: member.named.layer))


def _stepped(family: Family) -> dict[int, Picture]:
    layers: dict[int, Family] = defaultdict(list)
    for member in family:
        layers[member.named.layer or 0].append(member)
    steps = {layer: _by_number(some, lambda member: member.named.step) for layer, some in layers.items()}
    return {layer: stitched([slabs[step] for step in sorted(slabs)]) for layer, slabs in steps.items()}


def _by_number(family: Family, number: Callable[[Member], int | None]) -> dict[int, Slab]:
    found: dict[int, Member] = {}
    for member in family:
        at = number(member) or 0
        if at in found:
            raise ArrayFileError(f"{member.array.told} and {found[at].array.told} both say that they are number {at}")
        found[at] = member
    return {at: one(member.array) for at, member in found.items()}


def _without_inputs(layer: Layer, why: str) -> Layer:
    """The layer with its weights alone. Raises ArrayFileError where it has none."""
    if layer.weights is None:
        raise ArrayFileError(why)
    return replace(layer, query=None, key=None, value=None)


def _misfit(layer: Layer) -> str:
    """What keeps queries, keys and values from making this layer's weights."""
    query, key, value = layer.query, layer.key, layer.value
    if query is None or key is None:
        if query is not None or key is not None:
            return f"layer {layer.number} has only one of query and key"
        return ""
    told = f"{query.array.told} and {key.array.told}"
    if query.shape[0] != key.shape[0] or query.shape[3] != key.shape[3] or query.shape[1] % key.shape[1]:
        return f"{told} do not go together: equal head dims are due, and heads that key heads share evenly"
    if value is not None and value.shape[:3] != key.shape[:3]:
        return f"{value.array.told} is no value of {key.array.told}: as many heads and rows are due"
    if layer.weights is not None and layer.weights.shape != (*query.shape[:3], key.shape[2]):
        return f"{told} do not make {layer.weights.array.told}"
    return ""
