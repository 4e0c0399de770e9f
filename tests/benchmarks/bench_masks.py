"""What the mask laboratory costs at 1,048,576 positions, for every rule of the catalogue.

    python tests/benchmarks/bench_masks.py [RULE …]

For each rule, in a process of its own: the slowest frame of the zooms from the whole mask to single pairs, in
milliseconds and as a share of the 16 that a screen has; the seconds of its count, how it was had and whether it is
exact; the seconds of its blocks of 128; the peak of memory. The last lines compare a frame with the named peer, plain
NumPy that makes the boolean array of 2,048 positions, and say what missed its target.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from attn_engine import Kind, Plane, block_map, check_rule, count, count_blocks, entries, parse
from tests.benchmarks.table import Row

LENGTH = 1_048_576
PEER_LENGTH = 2048
FRAME_MS = 16
COUNT_S = 1
MEMORY_MB = 250
ROWS, COLUMNS = 68, 80


def seconds(work: Callable[[], Any], times: int = 3) -> float:
    """The best of a few runs."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return min(taken)


def frame_seconds(text: str) -> float:
    """The slowest frame of all zooms, at the middle of the mask."""
    rule, plane = parse(text), Plane(LENGTH, LENGTH)
    sides = [2**power for power in range(15)]
    frames = []
    for side in sides:
        rows, columns = (
            np.minimum(LENGTH // 2 // side + np.arange(-cells // 2, cells // 2 + 1), LENGTH // side) * side
            for cells in (ROWS, COLUMNS)
        )
        rows, columns = np.unique(np.clip(rows, 0, LENGTH)), np.unique(np.clip(columns, 0, LENGTH))
        frames.append(seconds(lambda rows=rows, columns=columns: block_map(rule, plane, rows, columns)))  # type: ignore[misc]
    return max(frames)


def measure(text: str) -> dict[str, Any]:
    """All figures of one rule."""
    rule, plane = parse(text), Plane(LENGTH, LENGTH)
    check_rule(rule, plane)
    frame = frame_seconds(text)
    start = time.perf_counter()
    counted = count(rule, plane)
    counting = time.perf_counter() - start
    start = time.perf_counter()
    blocks = count_blocks(rule, plane, 128)
    return {
        "frame_ms": frame * 1000,
        "count_s": counting,
        "method": counted.method,
        "exact": counted.exact,
        "blocks_s": time.perf_counter() - start,
        "blocks_exact": blocks.exact,
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def peer_seconds() -> float:
    """Plain NumPy: the dense boolean array of a sliding window."""
    query, key = np.arange(PEER_LENGTH)[:, None], np.arange(PEER_LENGTH)[None, :]
    return seconds(lambda: (key <= query) & (query - key < 128))


def measured(text: str) -> dict[str, Any]:
    """All figures of one rule, of a process of its own."""
    done = subprocess.run([sys.executable, __file__, "--one", text], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


PARTS = ("causal & window(128)", "document", "bigbird(64, 3)", "natten(1024, 1024, 7)")
"""Rules that stand for all of them in the table of all benchmarks."""


def rows(*texts: str) -> list[Row]:
    """The rows of some rules in that table."""
    found: list[Row] = []
    for text in texts or PARTS:
        figures, named = measured(text), f"mask of {LENGTH:,}, {text}"
        found.append(Row(f"{named}: slowest frame", figures["frame_ms"], FRAME_MS))
        found.append(Row(f"{named}: count", figures["count_s"], COUNT_S, "s"))
    return found


def main(texts: list[str]) -> None:
    """Print a line for each rule, and what missed its target."""
    print(f"{'rule':34} {'frame':>9} {'of 16 ms':>8} {'count':>8}  {'how':9} {'blocks':>8}  {'memory':>7}")
    missed = []
    for text in texts:
        found = measured(text)
        how = found["method"] if found["exact"] else "≈"
        about = " " if found["blocks_exact"] else "≈"
        print(
            f"{text:34} {found['frame_ms']:6.1f} ms {found['frame_ms'] / FRAME_MS:8.2f} {found['count_s']:6.2f} s  "
            f"{how:9} {found['blocks_s']:6.2f} s{about} {found['memory_mb']:4.0f} MB"
        )
        targets = (("frame_ms", FRAME_MS), ("count_s", COUNT_S), ("blocks_s", COUNT_S), ("memory_mb", MEMORY_MB))
        missed += [f"{text}: {name} {found[name]:.1f} > {target}" for name, target in targets if found[name] > target]
    frame = seconds(
        lambda: block_map(
            parse("causal & window(128)"),
            Plane(LENGTH, LENGTH),
            np.arange(ROWS + 1) * (LENGTH // ROWS),
            np.arange(COLUMNS + 1) * (LENGTH // COLUMNS),
        )
    )
    peer = peer_seconds()
    print(
        f"\na frame of {LENGTH:,} positions takes {frame / peer:.2f} times as long as NumPy's array of {PEER_LENGTH:,}"
    )
    print("\n".join(["missed:", *missed]) if missed else "nothing missed its target")


def rules() -> list[str]:
    """Every mask of the catalogue, alone and under causal."""
    names = [f"{entry.name}(1000)" if entry.required else entry.name for entry in entries(Kind.MASK)]
    wide = ["bigbird(64, 3)", "natten(1024, 1024, 7)", "block_diffusion(524288, 64)", "local2d(1024, 3)", "axial(1024)"]
    return [*names, *wide, *(f"causal & {name}" for name in names), "causal & (window(4096) | sink(4))"]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        main(sys.argv[1:] or rules())
