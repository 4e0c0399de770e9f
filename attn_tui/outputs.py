"""What models hand out, and what is given by hand, as arrays under the names that captures have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .arrays import Array, as_numpy, as_stored, is_array, is_matrix

SETS = ("attentions", "encoder_attentions", "decoder_attentions", "cross_attentions")
"""The attributes of a transformers output that hold weights."""

EAGER = (
    'fused kernels give no weights; attn_implementation="eager", where the model is loaded, and '
    "output_attentions=True, where it is called, are due"
)


def weights_of(attention: Any, layers: Sequence[int] | None = None) -> dict[str, Array]:
    """Weights by name: `attention` for an array; `attention.LAYER` for a sequence of them, `attention.STEP.LAYER` for
    generate()'s sequence of sequences; a model's output by its attributes (`cross_attentions.LAYER`); a mapping's
    arrays by their own names, as those of what has them as `arrays()`, a recording.

    `layers` numbers the layers (0, 1, …). Raises ValueError, in one line, for anything else.
    """
    if callable(arrays := getattr(attention, "arrays", None)):
        attention = arrays()
    if any(hasattr(attention, name) for name in SETS):
        there = {name: getattr(attention, name, None) for name in SETS}
    elif isinstance(attention, Mapping):
        there = {str(name): held for name, held in attention.items() if name not in SETS or held is not None}
    else:
        return dict(arrays_of("attention", attention, layers))
    found = [pair for name, held in there.items() if _is_held(held) for pair in arrays_of(name, held, layers)]
    if not found:
        raise ValueError(f"{type(attention).__name__} holds no attention: {EAGER}")
    return dict(found)


def _is_held(held: Any) -> bool:
    return held is not None and not (isinstance(held, list | tuple) and not held)


def arrays_of(name: str, held: Any, layers: Sequence[int] | None = None) -> Iterator[tuple[str, Array]]:
    """An array, an array for each layer, or steps of them, by name. Raises ValueError."""
    if isinstance(held, list | tuple) and any(each is None for each in held):
        number = next(number for number, each in enumerate(held) if each is None)
        raise ValueError(f"layer {number} of {name} is None: {EAGER if 'att' in name else 'an array is due'}")
    if layers is not None and name != "mask" and is_matrix(held):
        held = list(as_stored(held, name)) if len(held.shape) > 3 else [held]  # of all layers, or of the only one
    if not isinstance(held, list | tuple) or not held:
        yield name, as_stored(held, name)
    elif is_matrix(held[0]):
        yield from _numbered(name, held, layers)
    elif isinstance(held[0], list | tuple) and held[0] and (held[0][0] is None or is_matrix(held[0][0])):
        for step, inner in enumerate(held):
            yield from arrays_of(f"{name}.{step}", inner, layers)
    else:
        yield name, as_stored(held, name)


def _numbered(name: str, held: Sequence[Any], layers: Sequence[int] | None) -> Iterator[tuple[str, Array]]:
    numbers = range(len(held)) if layers is None else layers
    if len(numbers) != len(held):
        raise ValueError(f"layers has {len(numbers)} numbers; {name} has {len(held)} layers")
    yield from ((f"{name}.{number}", as_stored(array, name)) for number, array in zip(numbers, held, strict=True))


def tokens_of(given: Mapping[str, Any]) -> tuple[dict[str, list[str]], dict[str, Array]]:
    """Tokens by name: texts, and arrays of ids. Raises ValueError where they are neither."""
    texts: dict[str, list[str]] = {}
    ids: dict[str, Array] = {}
    for name, held in given.items():
        if held is None:
            continue
        if is_array(held) and not _is_text(held):
            ids[name] = as_numpy(held, name)
        else:
            texts[name] = _strings(held.tolist() if is_array(held) else held, name)
    return texts, ids


def _strings(held: Any, name: str) -> list[str]:
    listed = isinstance(held, Sequence) and not isinstance(held, str | bytes)
    if not listed or not all(isinstance(each, str | int) for each in held):
        raise ValueError(f"{name}: a list of strings, one for each token, is due, or an array of ids")
    return [str(each) for each in held]


def _is_text(held: Any) -> bool:
    return getattr(getattr(held, "dtype", None), "kind", "") in ("U", "O")
