"""What the screen costs in a real terminal of 120 × 40 cells in truecolor, and at the end of a thin line.

    python tests/benchmarks/bench_screen.py [PART …]

A key's first frame has the map, the line of truth and the knob; the last byte is that of the charts and heads, which
are drawn after it. The terminal answers at once; the thin line is that of thin_line.py. Of the figures of single keys
the table has what 95 of 100 do not exceed, and of several runs the median.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.probe import EXPLORER_STANDS, Frames, cpu_seconds, peak_memory, probed, share
from tests.benchmarks.table import Row, printed
from tests.benchmarks.thin_line import hold

EXPLORER = ("-m", "attn_tui")
MINIMAL = (str(Path(__file__).with_name("minimal_app.py")),)
SAMPLE = "t .*8 ,*8 s .*2 ,*2 o .*4 ,*4 shift+right*6 shift+left*6 v*4 V*4 c*4"
RANDOM = "d .*6 ,*6 Q .*6 ,*6 H .*3 ,*3 t .*4 ,*4 r .*4"
CURSOR = "right*12 down*10 left*8 up*6"
HELD = "t .*8 ,*8"
FAR = {"cursor": "down*12 right*12", "scrolling": "+*4 up*8 left*8 -*4", "knob": "t .*8 ,*8 m .*2 ,*2"}
KEYS_REST = 0.02
RUNS = 3


def run_of(script: str, *options: str) -> list[Frames]:
    """What each key of a script causes, after the first screen."""
    with probed(*EXPLORER, *options) as probe:
        probe.stand()
        return probe.keys(script)


def middle(runs: Iterable[Iterable[float]]) -> float:
    """The median of what 95 of 100 keys of each run do not exceed."""
    return statistics.median(share(run) for run in runs)


def of_keys(name: str, script: str, *options: str) -> Iterator[Row]:
    """Rows for the keys of knobs, heads, stages and ranges."""
    runs = [run_of(script, *options) for _ in range(RUNS)]
    named = f"knob key, {name}"
    yield Row(f"{named}: map drawn", middle([frames.first for frames in run] for run in runs) * 1000, 16)
    yield Row(f"{named}: last byte", middle([frames.last for frames in run] for run in runs) * 1000, 30)
    yield Row(f"{named}: CPU, whoever else runs", middle([frames.cpu for frames in run] for run in runs) * 1000, 30)
    yield Row(f"{named}: bytes", statistics.median(frames.size for run in runs for frames in run), 12_000, "B")


def of_cursor() -> Iterator[Row]:
    """Rows for the keys of the cursor."""
    runs = [run_of(CURSOR) for _ in range(RUNS)]
    yield Row("cursor key: last byte", middle([frames.last for frames in run] for run in runs) * 1000, 6)
    yield Row("cursor key: CPU, whoever else runs", middle([frames.cpu for frames in run] for run in runs) * 1000, 6)
    yield Row("cursor key: bytes", middle([frames.size for frames in run] for run in runs), 1500, "B")


def first_paint(mark: bytes, *words: str) -> float:
    """Seconds until the first frame with a mark in it is complete."""
    start = time.perf_counter()
    with probed(*words) as probe:
        probe.until(mark)
        return time.perf_counter() - start


def of_start(rounds: int = 9) -> Iterator[Row]:
    """Rows for the first paint beside the smallest app's, in turn."""
    apps = ((EXPLORER_STANDS, EXPLORER), (b"minimal", MINIMAL))
    for mark, words in apps:
        first_paint(mark, *words)
    paints = [[first_paint(mark, *words) for mark, words in apps] for _ in range(rounds)]
    own, minimal = (statistics.median(column) for column in zip(*paints, strict=True))
    yield Row("first paint: of a minimal app's", own / minimal, 1.4, "×")


def of_rest(seconds: float = 2) -> Iterator[Row]:
    """Rows for the first screen, and for what nobody typing costs."""
    with probed(*EXPLORER) as probe:
        probe.stand()
        yield Row("first screen: bytes", len(probe.written), 60_000, "B")
        probe.rests(1.0)
        size, cpu = len(probe.written), cpu_seconds(probe.process.pid)
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            probe.read(left)
        yield Row(f"idle for {seconds:g} s: bytes", len(probe.written) - size, 0, "B")
        yield Row(f"idle for {seconds:g} s: CPU", cpu_seconds(probe.process.pid) - cpu, 0.02, "s")
        yield Row("default view: peak memory", peak_memory(probe.process.pid), 100, "MiB")


def of_far(length: int, most: float) -> Iterator[Row]:
    """Rows for one head of which no scores are kept, while its map is an estimate: cursor, scrolling and knobs."""
    named, size = f"one head of {length:,} in the explorer", str(length)
    start = time.perf_counter()
    with probed(*EXPLORER, "--source", "random", "--heads", "1", "--queries", size, "--keys", size) as probe:
        probe.until(EXPLORER_STANDS)
        yield Row(f"{named}: first screen", time.perf_counter() - start, 1, "s")
        probe.until(b"estimate")
        yield Row(f"{named}: first estimate", time.perf_counter() - start, 10, "s")
        for name, script in FAR.items():
            probe.rests(KEYS_REST)
            frames = probe.keys(script)
            yield Row(f"{named}, {name}: answered", share(each.first for each in frames) * 1000, 16)
        yield Row(f"{named}: peak memory", peak_memory(probe.process.pid), most, "MiB")


def of_line() -> Iterator[Row]:
    """Rows for a held key over 250 kB/s and 60 ms."""
    runs = [hold(HELD, *EXPLORER) for _ in range(RUNS)]
    yield Row("thin line, 90 keys: last frame after", statistics.median(run.behind for run in runs), 0.3, "s")
    yield Row("thin line, 90 keys: bytes", statistics.median(run.size for run in runs), 250_000, "B")


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "sample": lambda: of_keys("sample", SAMPLE),
    "random": lambda: of_keys("random 20 × 20", RANDOM, "--source", "random"),
    "cursor": of_cursor,
    "start": of_start,
    "rest": of_rest,
    "line": of_line,
    "65536": lambda: of_far(2**16, 400),
    "1048576": lambda: of_far(2**20, 1024),
}


def rows(*parts: str) -> list[Row]:
    """The screen's rows of the table, or some parts of them."""
    return [row for part in parts or PARTS for row in PARTS[part]()]


if __name__ == "__main__":
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(printed(rows(*sys.argv[1:])))
