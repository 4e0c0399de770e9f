"""attn_tui.record: queries and keys of a model that runs, because fused kernels give no weights."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Literal

import numpy as np

from attn_engine import bytes_text

from .arrays import Array
from .calls import Call, bytes_of, call_of
from .programs import print as print_attention
from .programs import save, show
from .tapping import TAP

MOST_BYTES = 2**30
ARGUMENTS = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
"""Those of torch's function that may be given by their places."""

UNSEEN = (
    "no call of scaled_dot_product_attention was seen: the model has to run inside the with, through its own call, "
    'uncompiled and with attn_implementation="sdpa" (other kernels, and the fast path of nn.TransformerEncoder, '
    "are not seen)"
)


@dataclass(eq=False, repr=False)
class Recording:
    """What was recorded: a call for each layer, in the order of a forward pass; `notes` say what was left out."""

    calls: dict[int, Call] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __repr__(self) -> str:
        return f"Recording of {_layers_text(self.layers)}, {bytes_text(self.nbytes)}"

    @property
    def layers(self) -> tuple[int, ...]:
        """The layers that were recorded."""
        return tuple(sorted(self.calls))

    @property
    def nbytes(self) -> int:
        """How much memory the arrays take."""
        held = [part for call in self.calls.values() for part in vars(call).values() if isinstance(part, np.ndarray)]
        return sum({id(part): part.nbytes for part in held}.values())

    def arrays(self) -> dict[str, Array]:
        """The arrays by the names that they have in a capture. Raises ValueError where nothing was recorded."""
        if not self.calls:
            raise ValueError(UNSEEN)
        calls = {number: self.calls[number] for number in self.layers}
        parts = ("query", "key", "value", "weights")
        named = {f"{part}.{number}": getattr(call, part) for number, call in calls.items() for part in parts}
        return {name: array for name, array in named.items() if array is not None} | _masks(calls) | _numbers(calls)

    def save(self, path: str | os.PathLike[str], **tokens: Any) -> Path:
        """Write a capture, as `attn_tui.save` does, with `tokens`, or `query_tokens` and `key_tokens`."""
        return save(path, self.arrays(), **tokens)

    def show(self, **options: Any) -> None:
        """Open the explorer on it, as `attn_tui.show` does, with the same tokens and options."""
        show(self.arrays(), **options)

    def print(self, **options: Any) -> None:
        """Print the picture, as `attn_tui.print` does, with the same tokens and options."""
        print_attention(self.arrays(), **options)


def _layers_text(layers: tuple[int, ...]) -> str:
    """Layer 3; layers 0 … 3, where none between is missing; else as many of them as a line has room for."""
    if len(layers) < 2:
        return f"layer {layers[0]}" if layers else "no layers"
    first, last = layers[0], layers[-1]
    follow = len(layers) > 2 and last - first == len(layers) - 1
    return f"layers {first} … {last}" if follow else f"layers {_listed(list(layers))}"


def _masks(calls: dict[int, Call]) -> dict[str, Array]:
    """One mask where all layers have the same, else one for each that has one."""
    masks = {number: call.mask for number, call in calls.items() if call.mask is not None}
    if len(masks) == len(calls) and len({id(mask) for mask in masks.values()}) == 1:
        return {"mask": next(iter(masks.values()))}
    return {f"mask.{number}": mask for number, mask in masks.items()}


def _numbers(calls: dict[int, Call]) -> dict[str, Array]:
    """The scales, and where the mask was causal: one where all layers have the same."""
    names = ("scale", "is_causal") if any(call.is_causal for call in calls.values()) else ("scale",)
    found: dict[str, Array] = {}
    for name in names:
        numbers = {f"{name}.{number}": np.asarray(getattr(call, name)) for number, call in calls.items()}
        first, *others = numbers.values()
        found |= numbers if any(other != first for other in others) else {name: first}
    return found


@contextmanager
def record(
    model: Any = None,
    layers: int | Collection[int] | None = None,
    *,
    most_bytes: int = MOST_BYTES,
    path: str | os.PathLike[str] | None = None,
    keep: Literal["first", "last"] = "first",
    values: bool = False,
) -> Iterator[Recording]:
    """Collect what a model's attention layers hand to torch's `scaled_dot_product_attention`: query and key after
    rotary embedding, mask and scale; with `values` the values too.

        with attn_tui.record(model) as recording:
            model(**inputs)
        recording.show(tokens=tokens)

    `layers` counts the calls of a forward pass from 0 (None: all). At most `most_bytes` are held; layers beyond are
    left out, which `notes` and a warning say. Of several passes the first that has calls is kept, which in
    generate() is the prompt's, or the last. With `path` the recording is saved at the end of the `with`.

    Calls count from when the model is called until it returns, in the thread that called it: those of other models,
    in other threads, or of a backward pass that computes anew, do not. Two threads in one model are two passes.
    Without a model, all calls of the thread that opened the `with` are one pass. generate() of an encoder-decoder
    model calls the encoder by itself: `record(model.get_encoder())`. A compiled model may have to run uncompiled.
    Where a bias is added to the scores (ALiBi, relative positions), the layer's weights are computed and kept
    instead. Dropout is left out.

    Raises ValueError where torch is not loaded, or the model is no torch.nn.Module.
    """
    if keep not in ("first", "last"):
        raise ValueError(f"keep is {keep!r}; possible are first, last")
    wanted = frozenset([layers] if isinstance(layers, int) else layers) if layers is not None else None
    recorder = _Recorder(Recording(), wanted, most_bytes, keep, values)
    with ExitStack() as undo:
        recorder.follow(model, undo)
        TAP.open(recorder.heard)
        undo.callback(TAP.close, recorder.heard)
        yield recorder.recording
    recorder.finish()
    if path is not None:
        recorder.recording.save(path)


class _Recorder:
    """Listens to calls, and keeps those of one pass. Passes have numbers, in the order in which they began."""

    def __init__(
        self, recording: Recording, wanted: frozenset[int] | None, most_bytes: int, keep: str, values: bool
    ) -> None:
        self.recording = recording
        self._wanted, self._most_bytes, self._keep, self._values = wanted, most_bytes, keep, values
        self._lock = threading.Lock()
        self._here = threading.local()
        self._passes = count()
        self._kept = -1
        self._last_mask: Array | None = None
        self._calls = 0
        self._left_out: dict[int, str] = {}

    def follow(self, model: Any, undo: ExitStack) -> None:
        """Tell the passes of a model apart until `undo`; without one, this thread is in a pass."""
        if model is None:
            self._enter()
            return
        if not hasattr(model, "register_forward_pre_hook"):
            kind = type(model).__name__
            raise ValueError(f"{kind} is no torch.nn.Module; one is due, or None for all calls of this thread")
        undo.callback(model.register_forward_pre_hook(self._enter).remove)
        undo.callback(model.register_forward_hook(self._leave, always_call=True).remove)

    def _enter(self, *_: Any) -> None:
        here = self._here
        here.depth = getattr(here, "depth", 0) + 1
        if here.depth == 1:
            here.passing, here.count = next(self._passes), 0

    def _leave(self, *_: Any) -> None:
        self._here.depth = max(getattr(self._here, "depth", 0) - 1, 0)

    def heard(self, *args: Any, **kwargs: Any) -> None:
        """Keep a call, if it is of the pass and of a layer that are wanted."""
        here = self._here
        if not getattr(here, "depth", 0):
            return
        number = here.count
        here.count += 1
        with self._lock:
            if not self._is_kept(here.passing):
                return
            self._calls = here.count
            if self._wanted is None or number in self._wanted:
                self._take(number, dict(zip(ARGUMENTS, args, strict=False)) | kwargs)

    def _is_kept(self, passing: int) -> bool:
        if self._kept < 0 or (self._keep == "last" and passing > self._kept):
            self._kept = passing
            self.recording.calls.clear()
            self._left_out.clear()
        return passing == self._kept

    def _take(self, number: int, given: dict[str, Any]) -> None:
        tensors = given["query"], given["key"], given["value"] if self._values else None
        kept = {name: given[name] for name in ("attn_mask", "is_causal", "scale") if name in given}
        if self.recording.nbytes + bytes_of(*tensors, given.get("attn_mask")) > self._most_bytes:
            self._left_out[number] = f"most_bytes is {bytes_text(self._most_bytes)}"
            return
        try:
            call = call_of(*tensors, **kept, before=self._last_mask)
        except ValueError as error:
            self._left_out[number] = str(error)
            return
        self._last_mask = call.mask
        self.recording.calls[number] = call

    def finish(self) -> None:
        """Note, and warn of, what was left out."""
        notes = self.recording.notes
        if not self._calls:
            notes.append(UNSEEN)
        elif missing := sorted((self._wanted or frozenset()) - set(range(self._calls))):
            notes.append(f"layers {_listed(missing)} were not called: the pass has {self._calls} calls, 0 …")
        for why in dict.fromkeys(self._left_out.values()):
            layers = [number for number, reason in self._left_out.items() if reason == why]
            notes.append(f"layers {_listed(layers)} are left out: {why}")
        for note in notes:
            warnings.warn(note, stacklevel=4)


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers[:8])) + " …" * (len(numbers) > 8)
