"""What this machine does fast, told from its features and not by the clock: the same numbers at every start."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

SINGLE = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""What, set to 1 before NumPy is loaded, keeps matrix products on the thread that asks for them."""


@dataclass(frozen=True)
class Machine:
    """The exponential that is fast here, and the sizes in which matrix products are.

    `power(x · per_nat)` is e^x. Products are asked for in stacks of `key_block` columns for the scores, and of
    `value_block` rows for the output: OpenBLAS has kernels without packing for such on AVX-512, a quarter faster.
    """

    power: Callable[..., Any]
    per_nat: float
    key_block: int
    value_block: int


WIDE = Machine(np.exp2, 1 / math.log(2), 64, 128)
NARROW = Machine(np.exp, 1.0, 512, 2048)


@lru_cache(maxsize=1)
def machine() -> Machine:
    """This machine: NumPy's exp2 in float32 is the faster one with AVX-512 alone."""
    features: dict[str, Any] = np.show_config(mode="dicts") or {}  # type: ignore[assignment]
    found = features.get("SIMD Extensions", {}).get("found", ())
    return WIDE if any(name == "X86_V4" or name.startswith("AVX512") for name in found) else NARROW


def threads() -> int:
    """How many threads share large work: one for each usable core, where matrix products keep to their own thread."""
    if not any(os.environ.get(name) == "1" for name in SINGLE):
        return 1
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
