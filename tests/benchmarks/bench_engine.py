"""What the engine costs, beside plain NumPy, the machine's own limit, and torch where it is installed.

    python tests/benchmarks/bench_engine.py [PART …]

All figures are of one process in which matrix products keep to the thread that asks for them, torch has its own
threads, and everything that is compared is run in turn. The limit is the time that the products alone would take at
this machine's rate for large ones, and the exponentials alone within the cache, on all cores, in the same run.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from importlib import import_module
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from numpy.typing import NDArray

from attn_engine import (
    Experiment,
    Growing,
    MeanMap,
    attend,
    mean_map,
    mean_maps,
    mean_rows,
    measures,
    pack,
    pack_keys,
    run,
    run_once,
    weighed,
)
from attn_engine.fast.machine import machine, threads
from attn_engine.fast.pool import shared
from tests.benchmarks.table import Row, Times, in_turn, printed

torch: Any = import_module("torch") if find_spec("torch") else None

HEADS, WIDTH = 8, 64
MIB = 2**20
FRAME = 0.016

Array = NDArray[Any]
Works = dict[str, Callable[[], Any]]


def inputs(heads: int, length: int, seed: int = 0) -> tuple[Array, Array, Array]:
    """N(0, 1) queries, keys and values in float32."""
    rng = np.random.default_rng([seed, heads, length])
    return tuple(rng.standard_normal((heads, length, WIDTH), dtype=np.float32) for _ in range(3))  # type: ignore[return-value]


def plain(query: Array, key: Array, value: Array) -> tuple[Array, Array]:
    """The plain four lines."""
    scores = query @ key.swapaxes(-1, -2) / query.dtype.type(WIDTH**0.5)
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = powers / powers.sum(axis=-1, keepdims=True)
    return weights, weights @ value


# The machine's limit.


def limit() -> Works:
    """Large products, and exponentials within the cache, on all cores: what `limited` reckons with."""
    side, cells = 1024, 2**17
    factors = np.random.default_rng(0).standard_normal((threads(), side, side), dtype=np.float32)
    results, exponents = np.empty_like(factors), np.zeros((threads(), cells), dtype=np.float32)
    powers = np.empty_like(exponents)

    def product(at: int) -> None:
        np.matmul(factors[at], factors[at], out=results[at])

    def power(at: int) -> None:
        for _ in range(32):
            machine().power(exponents[at], out=powers[at])

    return {
        "products": lambda: shared(product, range(threads())),
        "powers": lambda: shared(power, range(threads())),
    }


def limited(times: dict[str, Times], cells: int, products: int = 2) -> float:
    """Seconds of so many products of the scores' size, and of an exponential for each score."""
    multiplied = times["products"].best / (2 * 1024**3 * threads()) * 2 * WIDTH * cells * products
    return multiplied + times["powers"].best / (32 * 2**17 * threads()) * cells


# Weights, output and entropy.


def peers(query: Array, key: Array, value: Array) -> Works:
    """torch, where there is any: eager, and with everything it can write to reserved beforehand."""
    if torch is None:
        return {}
    sides = [torch.from_numpy(side) for side in (query, key, value)]
    scores, weights, output = (torch.empty(*shape) for shape in ((HEADS, *2 * query.shape[1:2]),) * 2 + (query.shape,))

    def eager() -> Any:
        weights = torch.softmax(sides[0] @ sides[1].transpose(-1, -2) / WIDTH**0.5, dim=-1)
        return weights, weights @ sides[2]

    def reserved() -> None:
        torch.matmul(sides[0] / WIDTH**0.5, sides[1].transpose(-1, -2), out=scores)
        torch.softmax(scores, dim=-1, out=weights)
        torch.matmul(weights, sides[2], out=output)

    return {"torch eager": eager, "torch out=": reserved}


def of_weights(length: int) -> Iterator[Row]:
    """Rows for 8 heads of so many queries and keys, warm and after rest."""
    query, key, value = inputs(HEADS, length)
    out = weighed(pack(query, pack_keys(key, value)))
    works: Works = {
        "engine": lambda: weighed(pack(query, pack_keys(key, value)), out=out),
        "plain": lambda: plain(query, key, value),
        **peers(query, key, value),
        **limit(),
    }
    for state, rest in (("warm", 0.0), ("after 150 ms of rest", 0.15)):
        times = in_turn(works, rounds=9, rest=rest)
        named, own = f"engine, 8 × {length}², {state}", times["engine"].best
        yield Row(f"{named}: of plain NumPy", own / times["plain"].best, 0.25, "×")
        if torch is not None:
            yield Row(f"{named}: of torch eager", own / times["torch eager"].best, 0.4, "×")
            yield Row(f"{named}: of torch out=", own / times["torch out="].best, 1.0, "×")
        share = limited(times, HEADS * length**2) / own
        yield Row(f"{named}: of the machine's limit", share * 100, 75, "%", least=True, note=f"{own * 1000:.1f} ms")


def of_small() -> Iterator[Row]:
    """Rows for 8 heads of 64 queries and keys: warm, so ten calls of the one and ten of the other in turn."""
    query, key, value = inputs(HEADS, 64)
    doubles = [side.astype(np.float64) for side in (query, key, value)]
    out = weighed(pack(query, pack_keys(key, value)))
    works: Works = {
        "engine": lambda: [weighed(pack(query, pack_keys(key, value)), out=out) for _ in range(10)],
        "plain": lambda: [plain(doubles[0], doubles[1], doubles[2]) for _ in range(10)],
    }
    times = in_turn(works, rounds=40)
    yield Row("engine, 8 × 64²: of plain NumPy in float64", times["engine"].middle / times["plain"].middle, 0.5, "×")


# Heat maps.


def edges(length: int, cells: int) -> NDArray[np.int64]:
    """As even as can be."""
    return np.linspace(0, length, cells + 1).astype(np.int64)


def plain_map(query: Array, key: Array, value: Array, rows: Array, columns: Array) -> tuple[Array, Array]:
    """The weights, made; the means of their blocks; the entropies."""
    weights, _ = plain(query, key, value)
    entropy = -np.where(weights > 0, weights * np.log(np.maximum(weights, 1e-38)), 0).sum(axis=-1)
    sums = np.add.reduceat(np.add.reduceat(weights[0], rows[:-1], axis=0), columns[:-1], axis=1)
    return sums / np.outer(np.diff(rows), np.diff(columns)), entropy


def of_map(length: int, aim: float) -> Iterator[Row]:
    """Rows for the map of one head of so many queries and keys, 60 × 80 blocks."""
    query, key, value = inputs(1, length)
    rows, columns = edges(length, 60), edges(length, 80)

    def made() -> MeanMap:
        return mean_map(pack(query, pack_keys(key, value)), 0, rows, columns)

    works: Works = {"engine": made, "plain": lambda: plain_map(query, key, value, rows, columns), **limit()}
    times = in_turn(works, rounds=5 if length > 4096 else 9)
    named = f"map of {length}², 60 × 80 blocks and all entropies"
    yield Row(f"{named}: complete", times["engine"].best * 1000, aim)
    yield Row(f"{named}: times as fast as plain", times["plain"].best / times["engine"].best, 8, "×", least=True)
    share = limited(times, length**2, products=1) / times["engine"].best
    yield Row(f"{named}: of the machine's limit", share * 100, 75, "%", least=True)
    if length > 4096:
        first = in_turn({"first": lambda: next(_steps(query, key, value, rows, columns))})["first"]
        yield Row(f"{named}: first picture", first.best * 1000, FRAME * 1000)


def _steps(query: Array, key: Array, value: Array, rows: Array, columns: Array) -> Iterator[MeanMap]:
    return mean_maps(pack(query, pack_keys(key, value)), 0, rows, columns, seconds=FRAME / 2)


def of_long(length: int) -> Iterator[Row]:
    """Rows for one head of a great many keys: 40 rows in view, and slices of the map; dense, and with a window."""
    query, key, value = inputs(1, length)
    tracemalloc.start()
    packed = pack(query, pack_keys(key, value))
    rows, columns = np.arange(length // 2, length // 2 + 40), edges(length, 80)

    def view() -> list[MeanMap]:
        return list(mean_rows(packed, 0, rows, columns))

    view()
    next(mean_maps(packed, 0, edges(length, 60), columns, seconds=0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    named = f"one head of {length:,}"
    memory = (peak + sum(side.nbytes for side in (query, key, value))) / MIB
    yield Row(f"{named}: 40 rows exact", in_turn({"view": view}, 5)["view"].best * 1000, 66 if length > 2**16 else 4)
    slices = _slices(mean_rows(packed, 0, rows, columns, seconds=FRAME / 2))
    slices += _slices(mean_maps(packed, 0, edges(length, 60), columns, seconds=FRAME / 2), 20)
    yield Row(f"{named}: slices between keys, 95 of 100", np.percentile(slices, 95) * 1000, FRAME * 1000)
    yield Row(f"{named}: memory, inputs too", memory, 400 if length == 2**16 else 2048, "MiB")
    window = "causal & window(128)"
    nearby = in_turn({"view": lambda: list(mean_rows(packed, 0, rows, columns, window))}, 9)["view"]
    yield Row(f"{named}, {window}: 40 rows exact", nearby.best * 1000, FRAME * 1000)
    start = time.perf_counter()
    slices = _slices(mean_maps(packed, 0, edges(length, 60), columns, window, seconds=FRAME / 2))
    whole = time.perf_counter() - start
    yield Row(f"{named}, {window}: slices, 95 of 100", np.percentile(slices, 95) * 1000, FRAME * 1000)
    yield Row(f"{named}, {window}: complete, as many frames", whole / FRAME, 100, "frames")


def _slices(steps: Iterator[MeanMap], most: int = 10**6) -> list[float]:
    """Seconds between the steps, of so many at most."""
    taken, start = [], time.perf_counter()
    for number, _ in enumerate(steps):
        taken.append(time.perf_counter() - start)
        if number + 1 == most:
            break
        start = time.perf_counter()
    return taken


# Stages that did not change.


def of_stages(length: int = 512) -> Iterator[Row]:
    """Rows for what a turn of a knob computes, against computing everything."""
    shown = Experiment(source="random", query_length=length, key_length=length, num_heads=HEADS, head_dim=WIDTH)
    masks = [shown, replace(shown, mask="causal")]
    turns, degrees = count(), count(1)
    for each in masks:
        run(each)
    whole: Works = {"all": lambda: run_once(shown)}
    toggling: Works = {"mask": lambda: run(masks[next(turns) % 2])}
    turning: Works = {"temperature": lambda: run(replace(shown, temperature=1 + next(degrees) / 1000))}
    # one knob after the other, as people turn them: of large results few are kept
    times = in_turn(whole | toggling, rounds=5) | in_turn(turning, rounds=5)
    named = f"8 × {length}², against computing all"
    yield Row(f"{named}: mask toggled", times["all"].best / times["mask"].middle, 10, "×", least=True)
    yield Row(f"{named}: temperature turned", times["all"].best / times["temperature"].best, 2.5, "×", least=True)


def of_token(length: int = 2048) -> Iterator[Row]:
    """Rows for one token more, against all of them anew: by the plain stages, and by the fast ones."""
    query, key, value = inputs(HEADS, length)
    growing, numbers = Growing(HEADS, WIDTH, capacity=length), iter(range(length))

    def append() -> None:
        at = next(numbers)
        growing.append(query[:, at], key[:, at], value[:, at])

    def stages() -> None:
        measures.entropy(attend(query, key, value, mask="causal").weights)

    for _ in range(length - 40):
        append()
    out = weighed(pack(query, pack_keys(key, value)), "causal")
    works: Works = {"token": append, "all": stages}
    works["fast"] = lambda: weighed(pack(query, pack_keys(key, value)), "causal", out=out)
    times = in_turn(works, rounds=7)
    named = f"8 × {length}², one token appended"
    yield Row(f"{named}, against all", times["all"].best / times["token"].best, 200, "×", least=True)
    yield Row(f"{named}, against all in float32 tiles", times["fast"].best / times["token"].best, 20, "×", least=True)


PARTS: dict[str, Callable[[], Iterator[Row]]] = {
    "1024": lambda: of_weights(1024),
    "2048": lambda: of_weights(2048),
    "64": of_small,
    "map4096": lambda: of_map(4096, 20),
    "map8192": lambda: of_map(8192, 90),
    "65536": lambda: of_long(2**16),
    "1048576": lambda: of_long(2**20),
    "stages": of_stages,
    "token": of_token,
}


def rows(*parts: str) -> list[Row]:
    """The engine's rows of the table, or some parts of them, each measured in a process of its own."""
    return [row for part in parts or PARTS for row in _measured(part)]


def _measured(part: str) -> list[Row]:
    environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
    command = [sys.executable, __file__, "--one", part]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [Row(**row) for row in json.loads(done.stdout)]


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps([asdict(row) for row in PARTS[sys.argv[2]]()]))
    else:
        beside = f"torch {torch.__version__}" if torch else "without torch"
        print(f"{threads()} cores, load {os.getloadavg()[0]:.1f}; {beside}")
        print(printed(rows(*sys.argv[1:])))
