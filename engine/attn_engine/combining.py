"""Several heads, or several tokens, as one picture of weights.

In this order: heads of some layers become one (mean or maximum), hidden tokens are left out, what is left of each row
is divided by its sum where that is asked for, and the pieces of a word are put together: what a word gets is the sum
over its pieces as keys, what it gives the mean over its pieces as queries (as Clark et al. 2019, arXiv 1906.04341).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .attention import Attention
from .experiment import Experiment, FieldError
from .opened import listed, num_heads_of, one_at_a_time
from .pipeline import inputs_of, run
from .sources import layer_of
from .words import SPECIAL, PieceMark, is_hidden, piece_mark, word_numbers

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]
Places = tuple[tuple[int, ...], ...]
Look = Callable[[int, int, Attention, int], None]
"""Is shown a layer, a head of it, and where that is: the attention, and its number there."""

MOST_POOLED = 2**28
"""The most weights that are pooled at a key press."""

POOLS = {"mean": "mean", "max": "maximum"}


@dataclass(frozen=True, eq=False)
class Combined:
    """Weights (rows, columns) put together, and where they are seen.

    `query_places` and `key_places` are the positions that each row and column stands for, in order; the labels are
    its tokens in one text, and empty where there are no tokens. `notes` say what was done, for people.
    """

    weights: Floats
    mask: Mask
    query_places: Places
    key_places: Places
    query_labels: tuple[str, ...] = ()
    key_labels: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@np.errstate(invalid="ignore", over="ignore")
def pooled(pictures: Iterable[tuple[Floats, Mask]], over: str) -> tuple[Floats, Mask]:
    """The mean or the maximum ("max") of pictures (queries, keys), cell by cell, and where any of them is seen.

    Cells that are masked count as 0. Raises ValueError for pictures of different sizes, or none.
    """
    total: Floats | None = None
    seen: Mask = np.zeros((), dtype=np.bool_)
    count = 0
    for weights, mask in pictures:
        allowed = np.where(mask, weights, 0)
        if total is not None and total.shape != allowed.shape:
            raise ValueError(f"{total.shape} and {allowed.shape} cannot be pooled: sizes differ")
        if total is None:
            total = allowed
        else:
            (np.add if over == "mean" else np.maximum)(total, allowed, out=total)
        seen, count = seen | mask, count + 1
    if total is None:
        raise ValueError("there is nothing to pool")
    return (total / total.dtype.type(count) if over == "mean" else total), np.broadcast_to(seen, total.shape)


def pooled_heads(
    experiment: Experiment,
    over: str,
    heads: Sequence[int] = (),
    layers: Sequence[int] | None = (),
    look: Look | None = None,
) -> tuple[Floats, Mask, str]:
    """The mean or maximum over some heads (all, if none are named) of some layers, and a note that says so.

    `layers` empty is the experiment's own, None every one; `look` is shown each head as it goes by. Raises FieldError
    for a head or a layer that is not there, and where more than MOST_POOLED weights would be pooled.
    """
    experiment = replace(experiment, layer=layer_of(experiment))
    inputs = inputs_of(experiment, 0) if one_at_a_time(experiment) else inputs_of(experiment)
    few = one_at_a_time(experiment)
    total = num_heads_of(experiment) if few else run(experiment).num_heads
    chosen = tuple(heads) or tuple(range(total))
    deep = inputs.layers if layers is None else tuple(layers) or (experiment.layer,)
    _check("over_heads", "head", chosen, range(total))
    if len(deep) > 1 or deep[0] != experiment.layer:
        _check("over_layers", "layer", deep, inputs.layers)
    first = run(experiment, chosen[0]) if few else run(experiment)
    size = len(chosen) * len(deep) * first.query_length * first.key_length
    if size > MOST_POOLED:
        raise FieldError(
            "over_heads",
            f"{POOLS[over]} of {len(chosen) * len(deep)} heads of {first.query_length:,} × {first.key_length:,} is "
            f"{size:,} weights; at most {MOST_POOLED:,} are pooled: choose fewer heads or layers",
        )
    weights, mask = pooled(_pictures(experiment, chosen, deep, look), over)
    return weights, mask, f"{POOLS[over]} of {_named('head', chosen, total)}{_in_layers(deep, experiment, inputs)}"


def _check(field: str, name: str, numbers: Sequence[int], there: Sequence[int]) -> None:
    for number in numbers:
        if number not in there:
            raise FieldError(field, f"{number} is no {name}; possible are {listed(there)}")


def _pictures(
    experiment: Experiment, heads: Sequence[int], layers: Sequence[int], look: Look | None
) -> Iterator[tuple[Floats, Mask]]:
    for layer in layers:
        here = replace(experiment, layer=layer)
        few = one_at_a_time(here)
        for head in heads:
            attention, at = (run(here, head), 0) if few else (run(here), head)
            if look:
                look(layer, head, attention, at)
            yield np.asarray(attention.weights[at]), attention.mask_of(at)


def _named(name: str, numbers: Sequence[int], count: int) -> str:
    """In words: 12 heads, head 3, heads 0, 2, 5, or how many of them where that is long."""
    if len(numbers) == 1:
        return f"{name} {numbers[0]}"
    if len(numbers) == count:
        return f"{count} {name}s"
    return f"{name}s {', '.join(map(str, numbers))}" if len(numbers) <= 4 else f"{len(numbers)} of {count} {name}s"


def _in_layers(layers: Sequence[int], experiment: Experiment, inputs: Any) -> str:
    own = tuple(layers) == (experiment.layer,)
    return "" if own else f" in {_named('layer', layers, inputs.num_layers)}"


def combined(
    weights: Floats,
    mask: Mask,
    query_tokens: Sequence[str] = (),
    key_tokens: Sequence[str] = (),
    *,
    hide: Sequence[str] = (),
    renormalise: bool = False,
    merge: bool = False,
) -> Combined:
    """Weights (queries, keys) without some tokens, their rows to a sum of 1 if asked for, pieces merged into words.

    `hide` are tokens, "special" standing for the special ones. Word pieces are summed over keys and averaged over
    queries. Rows without any weight left stay zeros, NaN stays NaN. Raises ValueError where everything is hidden.
    """
    mark = piece_mark((*query_tokens, *key_tokens)) if merge else None
    rows = _groups(weights.shape[0], query_tokens, hide, mark)
    columns = _groups(weights.shape[1], key_tokens, hide, mark)
    for name, groups in (("query", rows), ("key", columns)):
        if not groups:
            raise ValueError(f"every {name} would be hidden: hide fewer tokens")
    kept_rows, kept_columns = (np.fromiter((at for group in groups for at in group), int) for groups in (rows, columns))
    lost = weights.shape[1] - len(kept_columns), weights.shape[0] - len(kept_rows)
    notes = _notes(lost, hide=hide, renormalise=renormalise, merge=merge, mark=mark)
    weights, mask = weights[np.ix_(kept_rows, kept_columns)], mask[np.ix_(kept_rows, kept_columns)]
    weights = renormalised(weights, mask) if renormalise else weights
    if mark:
        weights, mask = _merged(np.where(mask, weights, 0), mask, rows, columns)
    labels = _labels(rows, query_tokens, mark), _labels(columns, key_tokens, mark)
    return Combined(weights, mask, rows, columns, *labels, notes)


def renormalised(weights: Floats, mask: Mask) -> Floats:
    """Each row divided by the sum of what is seen of it; rows whose sum is not above 0, or not finite, stay."""
    sums = np.where(mask, weights, 0).sum(axis=-1, keepdims=True, dtype=np.float64)
    known = (sums > 0) & np.isfinite(sums)
    return np.divide(weights, sums, out=weights.copy(), where=known, casting="same_kind")


def _groups(length: int, tokens: Sequence[str], hide: Sequence[str], mark: PieceMark | None) -> Places:
    """The positions that stay, those of one word together."""
    if not tokens:
        return tuple((at,) for at in range(length))
    numbers = word_numbers(tokens, mark) if mark else range(length)
    groups: dict[int, list[int]] = {}
    for at, number in enumerate(numbers):
        if not is_hidden(tokens[at], hide):
            groups.setdefault(number, []).append(at)
    return tuple(map(tuple, groups.values()))


def _merged(weights: Floats, mask: Mask, rows: Places, columns: Places) -> tuple[Floats, Mask]:
    """Sums over the pieces of each key's word, means over those of each query's."""
    row_sizes, column_sizes = ([len(group) for group in groups] for groups in (rows, columns))
    row_starts, column_starts = (np.cumsum([0, *sizes[:-1]]) for sizes in (row_sizes, column_sizes))
    sums = np.add.reduceat(np.add.reduceat(weights, column_starts, axis=1), row_starts, axis=0)
    seen = np.logical_or.reduceat(np.logical_or.reduceat(mask, column_starts, axis=1), row_starts, axis=0)
    return sums / np.asarray(row_sizes, dtype=weights.dtype)[:, None], seen


def _labels(groups: Places, tokens: Sequence[str], mark: PieceMark | None) -> tuple[str, ...]:
    if not tokens:
        return ()
    bare = mark.bare if mark else str
    return tuple("".join(bare(tokens[at]) for at in group) or tokens[group[0]] for group in groups)


def _notes(
    lost: tuple[int, int], *, hide: Sequence[str], renormalise: bool, merge: bool, mark: PieceMark | None
) -> tuple[str, ...]:
    """What was done, in words; `lost` are keys and queries that were left out."""
    notes = []
    if hide:
        kind = "special" if tuple(hide) == (SPECIAL,) else "hidden"
        keys, queries = lost
        other = "" if queries == keys else f" keys, {queries} queries"
        notes.append(f"without {keys} {kind}{other}" if keys or queries else f"no {kind} tokens")
    if renormalise:
        notes.append("renormalised")
    if merge:
        notes.append("words" if mark else "no word pieces are marked")
    return tuple(notes)
