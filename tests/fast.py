"""What the tests of the fast room share: inputs, masks, and attention in float64 to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any, NamedTuple
from unittest import mock

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import Attention, Packed, attend, measures, pack, pack_keys
from attn_engine.fast.machine import NARROW, WIDE, Machine

Array = NDArray[Any]

MACHINES = {"wide": WIDE, "narrow": NARROW}
RULES = (
    None,
    "true",
    "causal",
    "window(9) & causal",
    "causal & (window(30) | sink(2))",
    "k < q - 40",
    "(q + k) % 3 == 0",
    "h % 2 == k % 2",
    "q // 64 == k // 64",
    "causal & q - k < 20 * (h + 1)",
    "false",
)


@contextmanager
def on(machine: Machine, threads: int = 1) -> Iterator[None]:
    """The fast room as it is on another machine, even for small work on several threads."""
    own: dict[str, Any] = {"machine": partial(dict.get, {0: machine}, 0), "threads": partial(int, threads), "WORTH": 0}
    rooms = {"machine": ("packing", "strips"), "threads": ("pool", "jobs"), "WORTH": ("packing", "weighing", "maps")}
    with ExitStack() as stack:
        for name, places in rooms.items():
            for room in places:
                stack.enter_context(mock.patch(f"attn_engine.fast.{room}.{name}", own[name]))
        yield


class Case(NamedTuple):
    """Inputs in float32, what is asked of them, and the machine."""

    query: Array
    key: Array
    value: Array
    mask: Any
    align: Any
    scale: Any
    temperature: float
    machine: Machine
    threads: int

    def packed(self) -> Packed:
        return pack(self.query, pack_keys(self.key, self.value), scale=self.scale, temperature=self.temperature)

    def on_machine(self) -> Any:
        return on(self.machine, self.threads)

    def exact(self) -> Attention:
        """In float64, by the plain stages."""
        return self._plain(np.float64)

    def plain(self) -> Attention:
        """In float32, by the plain stages."""
        return self._plain(np.float32)

    def _plain(self, dtype: Any) -> Attention:
        sides = (side.astype(dtype) for side in (self.query, self.key, self.value))
        return attend(*sides, mask=self.mask, align=self.align, scale=self.scale, temperature=self.temperature)


def case(heads: int = 2, queries: int = 70, keys: int = 130, width: int = 8, **named: Any) -> Case:
    """N(0, 1) inputs; `size` times the queries, `key_heads` as many as heads unless it is given."""
    size, key_heads, seed = named.pop("size", 1), named.pop("key_heads", heads), named.pop("seed", 0)
    rng = np.random.default_rng([seed, heads, queries, keys, width])
    query = rng.standard_normal((heads, queries, width), dtype=np.float32) * np.float32(size)
    key = rng.standard_normal((key_heads, keys, width), dtype=np.float32)
    value = rng.standard_normal((key_heads, keys, 3), dtype=np.float32)
    given: dict[str, Any] = {
        "mask": None, "align": "left", "scale": "1/√d_k", "temperature": 1.0, "machine": WIDE, "threads": 1,
    }  # fmt: skip
    return Case(query, key, value, **(given | named))


@st.composite
def cases(draw: st.DrawFn, most: int = 200) -> Case:
    """All sorts: odd lengths, few queries or many, masks that leave rows empty, scores of any size."""
    lengths = st.one_of(st.integers(1, 12), st.integers(60, most))
    key_heads, group, queries, keys = (draw(each) for each in (st.integers(1, 2), st.integers(1, 2), lengths, lengths))
    heads, seed = key_heads * group, draw(st.integers(0, 9))
    mask: Any = draw(st.sampled_from([*RULES, "array", "arrays"]))
    if mask in ("array", "arrays"):
        shape = (queries, keys) if mask == "array" else (heads, queries, keys)
        mask = np.random.default_rng(seed).random(shape) < draw(st.sampled_from([0.02, 0.5, 0.98]))
    return case(
        heads,
        queries,
        keys,
        draw(st.integers(1, 9)),
        key_heads=key_heads,
        seed=seed,
        size=draw(st.sampled_from([0, 1e-3, 1, 30, 1e3, 1e6])),
        mask=mask,
        align=draw(st.sampled_from(["left", "right"])),
        scale=draw(st.sampled_from(["1/√d_k", "none", -0.5])),
        temperature=draw(st.sampled_from([0.25, 1.0, 3.0])),
        machine=draw(st.sampled_from([WIDE, NARROW])),
        threads=draw(st.integers(1, 2)),
    )


def tolerance(attention: Attention) -> float:
    """How far weights of float32 may be from those of float64: as far as the scores, which are sums of products."""
    width = attention.query.shape[-1]
    reach = np.linalg.norm(attention.query, axis=-1).max() * np.linalg.norm(attention.key, axis=-1).max()
    return float(4e-7 * (1 + np.sqrt(width) / 4 * reach * abs(attention.scale) / attention.temperature))


def entropy_of(attention: Attention) -> Array:
    return measures.entropy(attention.weights)


def near(found: Array, expected: Array, within: float) -> None:
    """Equal up to so much, NaN where NaN is expected."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=within, equal_nan=True)
