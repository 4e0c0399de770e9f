"""What the studies cost, beside the plain way of the scaling study.

    python tests/benchmarks/bench_studies.py [DRAWS]

The best of a few runs, in milliseconds, of the scaling study (six d_k, n = 20), of the diversity of heads and of the
patterns, each with DRAWS draws (200); of the plain way, a loop over draws and d_k with a few lines of NumPy for each,
which gives the entropies alone; and how many times as long that takes. The last lines give the peak of memory and say
what missed its target.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from attn_engine import (
    DiversitySettings,
    PatternSettings,
    ScalingSettings,
    diversity_study,
    pattern_study,
    scaling_study,
)
from tests.benchmarks.table import Row

SCALING_MS = 60
"""For 200 draws."""

MEMORY_MB = 100


def milliseconds(work: Callable[[], Any], times: int = 5) -> float:
    """The best of a few runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken) * 1000


def plain(settings: ScalingSettings) -> list[Any]:
    """The mean and the band of the entropies, draw by draw."""
    stream, length = np.random.default_rng(settings.seed), settings.length
    rows = []
    for head_dim in settings.head_dims:
        for factor in (1.0, 1 / np.sqrt(head_dim)):
            entropies = []
            for _ in range(settings.draws):
                query, key = stream.standard_normal((2, length, head_dim))
                scores = query @ key.T * factor
                weights = np.exp(scores - scores.max(axis=1, keepdims=True))
                weights /= weights.sum(axis=1, keepdims=True)
                entropies.append(-(weights * np.log(weights + 1e-300)).sum(axis=1).mean())
            rows.append((np.mean(entropies), np.percentile(entropies, [2.5, 97.5])))
    return rows


def whole(studies: Any) -> Any:
    """The rows of the last of the studies."""
    return deque(studies, maxlen=1).pop().rows


PARTS = ("scaling",)
"""What the table of all benchmarks has of the studies."""


def rows(*_: str) -> list[Row]:
    """The rows of the studies in that table."""
    settings = ScalingSettings(draws=200)
    taken = milliseconds(lambda: whole(scaling_study(settings)))
    return [Row("study of scaling, six d_k × 200 draws", taken, SCALING_MS)]


def main(draws: int) -> None:
    """Print a line for each study, and what missed its target."""
    settings = ScalingSettings(draws=draws)
    found = {
        "scaling": milliseconds(lambda: whole(scaling_study(settings))),
        "diversity": milliseconds(lambda: whole(diversity_study(DiversitySettings(draws=draws)))),
        "patterns": milliseconds(lambda: whole(pattern_study(PatternSettings(draws=draws)))),
    }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    slow = milliseconds(lambda: plain(settings), times=3)
    print("\n".join(f"{name:10} {taken:8.1f} ms" for name, taken in found.items()))
    print(f"{'plain way':10} {slow:8.1f} ms, {slow / found['scaling']:.1f} times as long as scaling")
    print(f"{'memory':10} {memory:8.0f} MB at its peak")
    targets = (
        ("scaling, ms", found["scaling"], SCALING_MS * max(draws, 200) / 200),
        ("memory, MB", memory, MEMORY_MB),
    )
    missed = [f"{name}: {value:.1f} > {target:g}" for name, value, target in targets if value > target]
    print("\n".join(["missed:", *missed]) if missed else "nothing missed its target")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 200)
