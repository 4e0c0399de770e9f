"""One layer of a captured file as an experiment sees it: weights, or query and key, with their labels.

Softmax weights fix the scores up to a constant in each row, so that a further mask, a temperature and what is added
to the scores give new weights without the model: p′ ∝ (p·exp(bias))^(1/τ)·m.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .attention import Attention
from .budget import PER_DRAWN, PER_SCORE, most_told, most_within
from .captures.bands import EVERYTHING, Band
from .experiment import FIRST, MAX_DRAWN, MAX_SCORES, OF_A_MADE_SOURCE, Experiment, FieldError
from .fast.pool import Rows, by_rows
from .normalisers import softmax
from .notation import Grid, Rule, evaluate

if TYPE_CHECKING:
    from .captures.heads import HeadRows
    from .captures.opening import Capture
    from .captures.sets import CaptureSet

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

AT_ONCE = 2**22
"""Scores of a layer above which one head at a time is read and computed."""

ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float8_e4m3fn": 2.0**-4, "float8_e5m2": 2.0**-3}
"""How far, relatively, a number may lie from what it was before it was kept in a type; others: 6e-8."""

NORMAL = {"float16": 2.0**-14, "float8_e4m3fn": 2.0**-6, "float8_e5m2": 2.0**-14}
"""The smallest numbers that a type rounds so little; those below lose digits, and at last all; others: 2⁻¹²⁶."""

NEEDS_INPUTS = frozenset({"scale", "normaliser", "rope"})
"""Fields that only act on queries and keys."""

TOLERANCE = 1e-4
"""How far from 1 a row's sum may be and still count as 1, where nothing was rounded."""


def row_tolerance(precision: float) -> float:
    """How far from 1 the sum of a row may be whose weights were rounded so much, relatively."""
    return TOLERANCE + 4 * precision


@dataclass(frozen=True, eq=False)
class Captured:
    """What a file holds of one layer: `weights` (heads, queries, keys) where query and key do not stand for them.

    `own` are the file's weights where query and key do stand for them: shown as they are while no knob asks otherwise.
    `mask` is the file's own, True where a query may look; `scale` what its scores were multiplied by. Of a layer too
    large for all its heads there is one: number `first_head` of `total_heads`. `layer` is the number that the file
    gives the layer. `precision` is the relative rounding error of the weights from `least_normal` on, `notes` are for
    people. Of a head with more scores than are made, `rows` reads the weights, or the mask is a `band`.
    """

    path: str
    set_name: str
    sets: tuple[str, ...]
    batch_size: int
    total_heads: int
    first_head: int = 0
    weights: Floats | None = None
    own: Floats | None = None
    mask: Mask | None = None
    band: Band = EVERYTHING
    rows: HeadRows | None = None
    scale: float | None = None
    prompt_length: int | None = None
    layer: int = 0
    precision: float = 0.0
    least_normal: float = 0.0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Layer:
    """Query (heads, queries, d), key and value (key heads, keys, d), of no width where the file has none; labels."""

    query: Floats
    key: Floats
    value: Floats
    query_tokens: tuple[str, ...]
    key_tokens: tuple[str, ...]
    layers: tuple[int, ...]
    fixed: frozenset[str]
    captured: Captured


@lru_cache(maxsize=4)
def opened(path: str, tokens: str) -> Capture:
    """The file, opened once. Raises CaptureError."""
    from .captures.opening import open_capture  # few sessions have a file

    return open_capture(path, tokens=tokens or None)


def forget_files() -> None:
    """Close the files, unless somebody else still reads them."""
    opened.cache_clear()
    _band.cache_clear()


def set_of(experiment: Experiment) -> CaptureSet:
    """The set of the file that is looked at. Raises CaptureError, or FieldError for one that there is not."""
    if not experiment.file:
        raise FieldError("file", "no file was named: attn-tui FILE opens one")
    capture = opened(experiment.file, experiment.tokens_file)
    for each in capture.sets:
        if each.name == (experiment.capture_set or capture.sets[0].name):
            return each
    names = ", ".join(each.name for each in capture.sets)
    raise FieldError("capture_set", f"{experiment.capture_set!r} is no set of it; possible are {names}")


def one_at_a_time(experiment: Experiment) -> bool:
    """Whether a file's layer is so large that its heads are read and computed one at a time."""
    if experiment.source != "file":
        return False
    found = set_of(experiment)
    return found.num_heads * _scores_of(found) > most_within(AT_ONCE, PER_SCORE)


def is_long(experiment: Experiment) -> bool:
    """Whether one head of a file has more scores than are made. Raises as `set_of`."""
    return _scores_of(set_of(experiment)) > most_within(MAX_SCORES, PER_SCORE)


def sized(experiment: Experiment) -> Experiment:
    """The experiment with the lengths, heads and widths of its file, as far as that has them. Raises as `set_of`."""
    found = set_of(experiment)
    return replace(
        experiment,
        query_length=found.query_length,
        key_length=found.key_length,
        num_heads=found.num_heads,
        num_key_heads=found.num_key_heads,
        head_dim=0 if found.has_weights else found.head_dim or 0,
    )


def _scores_of(found: CaptureSet) -> int:
    """Those of one head."""
    return found.query_length * found.key_length


def file_changed(experiment: Experiment) -> str:
    """What happened to the file since it was opened, in words; nothing, where it is the same."""
    return opened(experiment.file, experiment.tokens_file).changed()


def within_set(experiment: Experiment) -> Experiment:
    """The experiment with a layer and a batch item that its set has: its own, else the first layer, the last item.

    Raises as `set_of`.
    """
    found = set_of(experiment)
    layer = experiment.layer if experiment.layer in found.layer_numbers else FIRST
    return replace(experiment, layer=layer, batch_item=min(experiment.batch_item, found.batch_size - 1))


def num_heads_of(experiment: Experiment) -> int:
    """How many heads a file's layers have."""
    return set_of(experiment).num_heads


def read_layer(experiment: Experiment, only: int | None = None) -> Layer:
    """One layer of one batch item, or `only` one head of it. Raises CaptureError or FieldError.

    Of a head that `is_long` there are query and key alone, or what reads its weights.
    """
    found = set_of(experiment)
    number = numbered(experiment.layer, found.layer_numbers)
    layer, batch = found.layer_numbers.index(number), experiment.batch_item
    _check("batch_item", batch, found.batch_size)
    if only is not None and is_long(experiment):
        return _long_head(experiment, found, layer, only)
    heads = range(found.num_heads) if only is None else range(only, only + 1)
    _check_scores(found, len(heads))
    mask, scale = _mask(found, layer, batch, heads), found.scale(layer)
    inputs = _inputs(found, layer, batch, heads)
    weights = _weights(found, layer, batch, only) if found.has_weights else None
    notes, own = list[str](), None
    if weights is not None and found.has_inputs:
        stand = _stands_for(weights, inputs[0], inputs[1], scale, mask)
        if stand is None:
            notes.append("its weights are not the softmax of its query and key: they are shown as they are")
            inputs = inputs[0][..., :0], inputs[1][..., :0], inputs[2][..., :0]
        else:
            own, weights, mask = weights, None, stand
    captured = _described(experiment, found, layer)
    captured = replace(captured, first_head=heads.start, weights=weights, own=own, mask=mask)
    captured = replace(captured, scale=scale, notes=(*captured.notes, *notes))
    return _layer(found, batch, inputs, captured, NEEDS_INPUTS if weights is not None else frozenset())


def _layer(
    found: CaptureSet,
    batch: int,
    inputs: tuple[Floats, Floats, Floats],
    captured: Captured,
    fixed: frozenset[str] = frozenset(),
) -> Layer:
    """The numbers of a layer with their labels, and what the file decides besides."""
    counts = {"capture_set": len(captured.sets), "batch_item": found.batch_size}
    fixed |= frozenset(OF_A_MADE_SOURCE) | {field for field, count in counts.items() if count == 1}
    tokens = found.query_tokens(batch), found.key_tokens(batch)
    return Layer(*inputs, *tokens, found.layer_numbers, fixed, captured)


def _long_head(experiment: Experiment, found: CaptureSet, layer: int, head: int) -> Layer:
    """One head whose scores are not made: what reads its weights, or its query and key, and a mask that is a band."""
    batch = experiment.batch_item
    if found.has_weights:
        return _long_weights(experiment, found, layer, head)
    numbers = (found.query_length + found.key_length) * (found.head_dim or 0)
    if numbers > most_within(MAX_DRAWN, PER_DRAWN):
        told = f"{numbers:,} numbers of query and key; at most {most_told(MAX_DRAWN, PER_DRAWN)} are read"
        raise FieldError("file", f"a head has {told}: save fewer positions")
    band = _band(found, layer, head, batch)
    if band is None:
        raise FieldError(
            "file",
            f"beyond {_most_scores()} scores the mask of query and key has to be a band, from so many keys before a "
            f"query to so many after it, and this is none: save no mask, or {_most_queries(found)} of the queries or "
            f"fewer",
        )
    query, key = found.head_inputs(layer, head, batch)
    captured = _described(experiment, found, layer)
    notes = (*captured.notes, *_broken(query, key))
    captured = replace(captured, band=band, scale=found.scale(layer), notes=notes)
    return _layer(found, batch, (query, key, _nothing(*key.shape[:2])), captured)


def _long_weights(experiment: Experiment, found: CaptureSet, layer: int, head: int) -> Layer:
    """One head of weights, of which nothing is read yet."""
    captured = _described(experiment, found, layer)
    unused = f"its query and key are not used: beyond {_most_scores()} scores its weights are shown"
    notes = (*captured.notes, *([unused] if found.has_inputs else []))
    rows = found.head_rows(layer, head, experiment.batch_item)
    nothing = _nothing(1, 0)
    captured = replace(captured, rows=rows, notes=notes)
    return _layer(found, experiment.batch_item, (nothing, nothing, nothing), captured, NEEDS_INPUTS)


@lru_cache(maxsize=64)
def _band(found: CaptureSet, layer: int, head: int, batch: int) -> Band | None:
    """What a mask is that had to be read as a whole."""
    return found.band(layer, head, batch)


def _broken(query: Floats, key: Floats) -> Iterator[str]:
    """How many queries and keys are no numbers, in words."""
    for vectors, one, several in ((query, "query holds", "queries hold"), (key, "key holds", "keys hold")):
        if count := int(np.count_nonzero(~np.isfinite(vectors).all(axis=-1))):
            yield f"{count:,} {one if count == 1 else several} NaN or ∞"


def _check_scores(found: CaptureSet, heads: int) -> None:
    """Raise FieldError for more scores than are made."""
    if heads * _scores_of(found) > most_within(MAX_SCORES, PER_SCORE):
        raise FieldError(
            "file",
            f"{found.query_length:,} queries × {found.key_length:,} keys is more than {_most_scores()} scores, "
            f"which is the most that is made at once: save {_most_queries(found)} of the queries or fewer",
        )


def _most_scores() -> str:
    return most_told(MAX_SCORES, PER_SCORE)


def _most_queries(found: CaptureSet) -> str:
    return f"{max(most_within(MAX_SCORES, PER_SCORE) // found.key_length, 1):,}"


def _described(experiment: Experiment, found: CaptureSet, layer: int) -> Captured:
    """What holds for every head of a layer."""
    capture = opened(experiment.file, experiment.tokens_file)
    return Captured(
        path=capture.path,
        set_name=found.name,
        sets=tuple(each.name for each in capture.sets),
        batch_size=found.batch_size,
        total_heads=found.num_heads,
        prompt_length=found.prompt_length,
        layer=found.layer_numbers[layer],
        precision=ROUNDING.get(found.dtype, 2.0**-24),
        least_normal=NORMAL.get(found.dtype, 2.0**-126),
        notes=(*capture.notes, *([found.token_note] if found.token_note else [])),
    )


def _mask(found: CaptureSet, layer: int, batch: int, heads: range) -> Mask | None:
    """The file's mask of some heads, and what each step of generate() could see; None where all see all."""
    mask = found.mask(layer, batch)
    if mask is not None:
        mask = mask[heads.start : heads.stop] if len(mask) > 1 else mask[0]  # of all heads alike
    if found.key_counts is None:
        return mask
    there = np.arange(found.key_length) < found.key_counts[:, None]
    return there if mask is None else mask & there


def numbered(layer: int, numbers: Sequence[int], what: str = "not there") -> int:
    """The number of a layer, that of the FIRST among them. Raises FieldError for one that is `what`."""
    if layer != FIRST and layer not in numbers:
        raise FieldError("layer", f"{layer} is {what}; possible are {listed(numbers)}")
    return numbers[0] if layer == FIRST else layer


def listed(numbers: Sequence[int]) -> str:
    """Numbers in words: 0 … 11 where none is left out, else 3, 7; of many the first and the last."""
    if len(numbers) > 1 and list(numbers) == list(range(numbers[0], numbers[-1] + 1)):
        return f"{numbers[0]} … {numbers[-1]}"
    shown = list(map(str, numbers))
    return ", ".join(shown if len(shown) <= 12 else [*shown[:11], "…", shown[-1]])


def _check(field: str, number: int, count: int) -> None:
    if not 0 <= number < count:
        raise FieldError(field, f"{number} is not there; possible are 0 … {count - 1}")


def _weights(found: CaptureSet, layer: int, batch: int, only: int | None) -> Floats:
    return found.layer(layer, batch) if only is None else found.weights(layer, only, batch)[None]


def _inputs(found: CaptureSet, layer: int, batch: int, heads: range) -> tuple[Floats, Floats, Floats]:
    """Query, key and value of some heads; of no width where the file has none."""
    if not found.has_inputs:
        nothing = _nothing(len(heads), found.key_length)
        return _nothing(len(heads), found.query_length), nothing, nothing
    query, key, value = found.inputs(layer, batch)
    group = found.num_heads // key.shape[0]
    shared = slice(heads.start // group, (heads.stop - 1) // group + 1)
    query, key = query[heads.start : heads.stop], key[shared]
    return query, key, _nothing(*key.shape[:2]) if value is None else value[shared]


def _nothing(heads: int, rows: int) -> Floats:
    return np.zeros((heads, rows, 0), dtype=np.float32)


STANDS = 0.02
"""How far the weights of a file may lie from the softmax of its query and key, as a share of the greatest weight of
their row, and still be taken for it."""


def _stands_for(weights: Floats, query: Floats, key: Floats, scale: float | None, mask: Mask | None) -> Mask | None:
    """The mask under which the weights are the softmax of query and key; None where there is none.

    The file's mask is tried; where it has none, all pairs and then the causal ones.
    """
    queries, keys = weights.shape[-2:]
    scores = np.asarray(query @ np.repeat(np.swapaxes(key, -1, -2), query.shape[0] // key.shape[0], axis=0))
    scores *= np.float32(scale if scale is not None else query.shape[-1] ** -0.5)
    everything = np.ones((queries, keys), dtype=np.bool_)
    causal = causal_pairs(queries, keys)
    for tried in (mask,) if mask is not None else (everything, causal):
        made = softmax(scores, tried)
        near = np.abs(made - weights) <= STANDS * made.max(axis=-1, keepdims=True)  # NaN is near to nothing
        if near.all():
            return tried
    return None


def causal_pairs(queries: int, keys: int) -> Mask:
    """What the last queries of a causal model see."""
    return np.tri(queries, keys, keys - queries, dtype=np.bool_)


def log_weights(weights: Floats) -> Floats:
    """ln p, the scores up to a constant in each row: −∞ where p is 0, NaN where it is none."""
    logs = np.empty_like(weights)

    def fill(rows: Rows) -> None:
        np.log(weights[rows], out=logs[rows])

    by_rows(fill, weights.shape)
    return logs


class OfWeights(Attention):
    """Attention of weights alone, as they are: its scores are their logarithms, made when they are asked for."""

    def __init__(self, **known: Any) -> None:
        vars(self).update({"projected": None, "scale": 1.0, "temperature": 1.0} | known)

    @cached_property
    def _logs(self) -> Floats:
        return log_weights(self.weights)

    scores = scaled = modified = property(lambda self: self._logs)

    def scores_at(self, head: int, query: int, key: int) -> dict[str, float]:
        """The logarithm of one weight, without those of all."""
        return {"scores": float(log_weights(self.weights[head : head + 1, query, key])[0])}


def check_additive(score_mod: Rule) -> None:
    """Raise FieldError for a score mod that does more than add to the score, which ln p does not allow."""
    samples = [np.full((1, 4, 4), at, dtype=np.float64) for at in (0.0, 1.0, -2.5)]
    values = [evaluate(score_mod, Grid.of(4, 4, 1, scores=sample)) - sample for sample in samples]
    if not all(np.allclose(value, values[0]) for value in values[1:]):
        possible = "only rules that add to s are possible, such as s - abs(q - k)"
        raise FieldError("score_mod", f"{score_mod}: without query and key {possible}")


def reweighed(modified: Floats, mask: Mask, temperature: float) -> Floats:
    """p′ ∝ exp(modified/τ)·m from scores that are ln p plus what was added; rows with NaN or ∞ are NaN."""
    known = np.isfinite(modified)
    weights = softmax(np.where(known, modified, 0), mask & known, temperature)
    broken = (np.isnan(modified) | np.isposinf(modified)).any(axis=-1, keepdims=True)
    return np.where(broken, np.float32(np.nan), weights) if broken.any() else weights
