"""Layers at a glance: each number is that of the layer by itself, and the experiment on show is left as it was."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import (
    Experiment,
    FieldError,
    attend,
    head_kinds,
    heads_apart,
    inputs_of,
    layer_overview,
    measure,
    one_at_a_time,
    run,
    run_once,
    save_capture,
)
from tests import oracles

NUMBERS = ("entropy", "distance", "first", "itself", "previous", "concentration")
CHANGES: list[dict[str, Any]] = [{}, {"mask": "causal", "temperature": 0.5}, {"mask": "k != 0 & q > 2"}]


def on(path: Path, **changes: Any) -> Experiment:
    given: dict[str, Any] = {"source": "file", "file": str(path), "layer": 0} | changes
    return Experiment(**given)


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_overview_is_what_each_layer_gives_by_itself(change: dict[str, Any]) -> None:
    for layer in range(6):
        experiment = Experiment(layer=layer, **change)
        overview, attention, given = layer_overview(Experiment(**change), layer), run(experiment), inputs_of(experiment)
        assert (overview.layer, overview.num_heads, set(overview.numbers)) == (layer, 12, set(NUMBERS))
        for name in NUMBERS:
            np.testing.assert_array_equal(overview.numbers[name], measure(attention).by_head(name), err_msg=name)
        assert overview.kinds == head_kinds(attention, given.query_tokens, given.key_tokens)


def test_its_numbers_are_means_over_queries_by_a_plain_loop() -> None:
    overview, weights = layer_overview(Experiment(), 2), run(Experiment(layer=2)).weights.astype(np.float64)
    queries = weights.shape[1]
    for head in range(12):
        rows = weights[head]
        expected = {
            "entropy": np.mean([oracles.entropy(row) for row in rows]),
            "distance": np.mean([q - sum(k * row[k] for k in range(len(row))) for q, row in enumerate(rows)]),
            "first": np.mean([row[0] for row in rows]),
            "itself": np.mean([rows[q][q] for q in range(queries)]),
            "previous": sum(rows[q][q - 1] for q in range(1, queries)) / queries,
        }
        for name, number in expected.items():
            assert overview.numbers[name][head] == pytest.approx(number, abs=2e-5), name


def large(folder: Path) -> Path:
    """Two layers of five heads, each layer too large to be computed at once, in half precision."""
    rng = np.random.default_rng(0)
    query, key = rng.standard_normal((2, 5, 960, 2)).astype(np.float32)
    weights = attend(query, key, key, mask="causal").weights.astype(np.float16)
    path = folder / "large.npy"
    np.save(path, np.stack([weights, weights[::-1]]))
    return path


def test_of_a_large_layer_each_head_is_read_by_itself(tmp_path: Path) -> None:
    experiment = on(large(tmp_path))
    assert one_at_a_time(experiment)
    assert heads_apart(experiment) == (0, 1, 2, 3, 4)
    first, second = (layer_overview(experiment, layer) for layer in (0, 1))
    for name in NUMBERS:
        alone = [float(measure(run(experiment, head)).by_head(name)[0]) for head in range(5)]
        assert first.numbers[name].tolist() == alone
        assert second.numbers[name].tolist() == alone[::-1]
    assert second.kinds == first.kinds[::-1]


def test_the_experiment_on_show_is_not_computed_again_after_an_overview() -> None:
    shown = Experiment(layer=4, temperature=1.25)
    attention = run(shown)
    rows = measure(attention)
    for layer in range(6):
        layer_overview(shown, layer)
    assert run(shown) is attention
    assert measure(attention) is rows
    again, given = run_once(shown)
    assert again is not attention
    assert again.weights.tobytes() == attention.weights.tobytes()
    assert given.key_tokens == inputs_of(shown).key_tokens


def test_odd_numbers_of_a_file_are_left_out_of_means_or_told(tmp_path: Path) -> None:
    weights = np.full((2, 2, 4, 4), 0.25, dtype=np.float32)
    weights[1, 0, 2] = np.nan
    weights[1, 1] = 0
    overview = layer_overview(on(save_capture(tmp_path / "odd.npz", weights)), 1)
    assert overview.numbers["entropy"][0] == pytest.approx(np.log(4))
    assert np.isnan(overview.numbers["entropy"][1])
    assert [kind.name for kind in overview.kinds] == ["broad", "empty"]


def test_little_more_than_a_head_is_held_at_once_and_nothing_afterwards(tmp_path: Path) -> None:
    experiment = on(large(tmp_path))
    layer_overview(experiment, 0)
    gc.disable()
    tracemalloc.start()
    layer_overview(experiment, 1)
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    gc.enable()
    head = 960 * 960 * 4
    assert most < 8 * head
    assert kept < head / 10


def test_a_layer_that_there_is_not_is_refused() -> None:
    with pytest.raises(FieldError, match=r"possible are 0 … 5"):
        layer_overview(Experiment(), 6)
    assert heads_apart(replace(Experiment(), layer=2)) == (None,)
