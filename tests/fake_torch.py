"""A stand-in with torch's interface, as far as attn_tui uses it: what torch refuses, it refuses too."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

NUMPY = ("bool", "int64", "float16", "float32", "float64")


class Tensor:
    """Numbers with a type of torch's, on a device. bfloat16 and float8 hold what float32 holds."""

    def __init__(self, array: Any, dtype: str = "", device: str = "cpu", requires_grad: bool = False) -> None:
        self.array = np.asarray(array)
        self.dtype = f"torch.{dtype or self.array.dtype.name}"
        self.device, self.requires_grad = device, requires_grad

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    def _kind(self) -> str:
        return self.dtype.removeprefix("torch.")

    def detach(self) -> Tensor:
        return Tensor(self.array, self._kind(), self.device)

    def cpu(self) -> Tensor:
        return Tensor(self.array, self._kind(), "cpu", self.requires_grad)

    def float(self) -> Tensor:
        return Tensor(self.array.astype(np.float32), "float32", self.device, self.requires_grad)

    def numpy(self) -> Any:
        if self.requires_grad:
            raise RuntimeError("Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead.")
        if self.device != "cpu":
            raise TypeError("can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() first.")
        if self._kind() not in NUMPY:
            raise TypeError(f"Got unsupported ScalarType {self._kind()}")
        return self.array

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self.numpy()


class Handle:
    """What registering a hook hands out."""

    def __init__(self, hooks: list[Any], hook: Any) -> None:
        self.hooks, self.hook = hooks, hook

    def remove(self) -> None:
        self.hooks.remove(self.hook)


class Module:
    """A model: a function, with hooks around it."""

    def __init__(self, forward: Callable[..., Any]) -> None:
        self.forward = forward
        self.before: list[Any] = []
        self.after: list[Any] = []

    def register_forward_pre_hook(self, hook: Any) -> Handle:
        self.before.append(hook)
        return Handle(self.before, hook)

    def register_forward_hook(self, hook: Any, *, always_call: bool = False) -> Handle:
        assert always_call
        self.after.append(hook)
        return Handle(self.after, hook)

    def __call__(self, *args: Any) -> Any:
        found = None
        for hook in [*self.before]:
            hook(self, args)
        try:
            found = self.forward(*args)
        finally:
            for hook in [*self.after]:
                hook(self, args, found)
        return found


def weights_of(query: Any, key: Any, *, mask: Any, is_causal: bool, scale: float | None, enable_gqa: bool) -> Any:
    """What torch's documentation says, in NumPy."""
    q, k = query.array.astype(np.float64), key.array.astype(np.float64)
    if enable_gqa:
        k = np.repeat(k, q.shape[-3] // k.shape[-3], axis=-3)
    scores = q @ np.swapaxes(k, -1, -2) * (q.shape[-1] ** -0.5 if scale is None else scale)
    if is_causal:
        scores = np.where(np.tri(*scores.shape[-2:], dtype=np.bool_), scores, -np.inf)
    if mask is not None:
        scores = np.where(mask.array, scores, -np.inf) if mask.array.dtype == bool else scores + mask.array
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def scaled_dot_product_attention(  # noqa: PLR0917 - as torch has it
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    *,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Any:
    """The weights alone: what is compared."""
    return weights_of(query, key, mask=attn_mask, is_causal=is_causal, scale=scale, enable_gqa=enable_gqa)


def installed(patch: pytest.MonkeyPatch) -> Any:
    """torch.nn.functional, in the place where a program that has loaded torch has it."""
    for name in ("torch", "torch.nn", "torch.nn.functional"):
        patch.setitem(sys.modules, name, ModuleType(name))
    functional: Any = sys.modules["torch.nn.functional"]
    functional.scaled_dot_product_attention = scaled_dot_product_attention
    return functional
