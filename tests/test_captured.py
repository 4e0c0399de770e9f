"""Files of real attention as experiments: shown as they are, and what would be with another mask, temperature, bias."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attn_engine import (
    SCALED,
    Experiment,
    FieldError,
    attend,
    inputs_of,
    num_heads_of,
    one_at_a_time,
    run,
    save_capture,
)

SAMPLE = Experiment()
LAYERS = range(6)


def weights_of(layer: int) -> NDArray[Any]:
    return run(replace(SAMPLE, layer=layer)).weights


@pytest.fixture(scope="module")
def weights_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's weights alone, with its tokens."""
    path = tmp_path_factory.mktemp("captures") / "weights.npz"
    tokens = inputs_of(SAMPLE).key_tokens
    return save_capture(path, np.stack([weights_of(layer) for layer in LAYERS]), tokens=tokens)


@pytest.fixture(scope="module")
def with_inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's query, key and value beside its weights."""
    given = [inputs_of(replace(SAMPLE, layer=layer)) for layer in LAYERS]
    query, key, value = (np.stack([getattr(each, name) for each in given]) for name in ("query", "key", "value"))
    weights = np.stack([weights_of(layer) for layer in LAYERS])
    path = tmp_path_factory.mktemp("captures") / "inputs.npz"
    return save_capture(path, weights, query=query, key=key, value=value)


def on(path: Path, **changes: Any) -> Experiment:
    given: dict[str, Any] = {"source": "file", "file": str(path), "layer": 3} | changes
    return Experiment(**given)


def test_weights_are_shown_as_they_are_in_the_file(weights_only: Path) -> None:
    for layer in LAYERS:
        attention = run(on(weights_only, layer=layer))
        assert attention.weights.tobytes() == weights_of(layer).tobytes()
    assert inputs_of(on(weights_only)).key_tokens == inputs_of(SAMPLE).key_tokens


WHAT_IFS: list[dict[str, Any]] = [
    {"mask": "causal"},
    {"mask": "window(3) | k == 0"},
    {"mask": "k != 2"},
    {"temperature": 0.5},
    {"temperature": 3.0},
    {"score_mod": "alibi"},
    {"score_mod": "s - 0.3 * abs(q - k)"},
    {"mask": "causal & h % 2 == 0", "temperature": 0.7, "score_mod": "s + where(k == q, 1, 0)"},
]


@pytest.mark.parametrize("change", WHAT_IFS, ids=str)
def test_what_if_on_weights_is_what_the_model_would_give(weights_only: Path, change: dict[str, Any]) -> None:
    expected = run(replace(SAMPLE, layer=3, **change))
    found = run(on(weights_only, **change))
    np.testing.assert_allclose(found.weights, expected.weights, atol=5e-6)
    assert (found.mask == expected.mask).all()


def test_query_and_key_of_a_file_are_recomputed_from(with_inputs: Path) -> None:
    change: dict[str, Any] = {"scale": "none", "normaliser": "sparsemax", "mask": "causal"}
    expected = run(replace(SAMPLE, layer=3, **change)).weights
    np.testing.assert_array_equal(run(on(with_inputs, **change)).weights, expected)


def test_what_needs_query_and_key_is_fixed_where_there_are_none(weights_only: Path, with_inputs: Path) -> None:
    assert {"scale", "normaliser", "rope"} <= inputs_of(on(weights_only)).fixed
    assert not {"scale", "normaliser", "rope"} & inputs_of(on(with_inputs)).fixed
    with pytest.raises(FieldError, match="only rules that add to s are possible"):
        run(on(weights_only, score_mod="softcap(2)"))


def test_a_causal_model_is_recognised_by_its_weights(tmp_path: Path) -> None:
    query, key, value = np.random.default_rng(0).standard_normal((3, 2, 4, 9, 8)).astype(np.float32)
    weights = attend(query, key, value, mask="causal", scale=0.5).weights
    path = save_capture(tmp_path / "causal.npz", weights, query=query, key=key, value=value, scale=0.5)
    found = run(on(path, layer=1))
    np.testing.assert_allclose(found.weights, weights[1], atol=1e-6)
    assert (found.mask == np.tri(9, dtype=bool)).all()
    assert inputs_of(on(path, layer=1)).captured is not None
    assert run(on(path, layer=1, scale=SCALED)).scale == 0.5


def test_weights_that_are_no_softmax_of_query_and_key_are_shown_and_told_of(tmp_path: Path) -> None:
    query, key = np.random.default_rng(0).standard_normal((2, 1, 2, 5, 8)).astype(np.float32)
    weights = np.full((1, 2, 5, 5), 0.2, dtype=np.float32)
    path = save_capture(tmp_path / "odd.npz", weights, query=query, key=key)
    given = inputs_of(on(path, layer=0)).captured
    assert given is not None
    assert "not the softmax of its query and key" in " ".join(given.notes)
    assert (run(on(path, layer=0)).weights == np.float32(0.2)).all()


def test_what_a_step_of_generation_could_not_see_is_masked(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    steps = [[rng.random((1, 2, rows, keys), dtype=np.float32)] for rows, keys in ((3, 3), (1, 4), (1, 5))]
    path = save_capture(tmp_path / "steps.npz", steps)
    found, given = run(on(path, layer=0)), inputs_of(on(path, layer=0)).captured
    assert given is not None
    assert given.prompt_length == 3
    assert found.mask_of(0).tolist() == [[key < seen for key in range(5)] for seen in (3, 3, 3, 4, 5)]
    assert (found.weights[0, 3, :4] == steps[1][0][0, 0, 0]).all()


def test_weights_beside_query_and_key_are_shown_as_they_are_until_a_knob_asks(with_inputs: Path) -> None:
    for layer in LAYERS:
        assert run(on(with_inputs, layer=layer)).weights.tobytes() == weights_of(layer).tobytes()
    asked = run(on(with_inputs, temperature=2.0)).weights
    np.testing.assert_array_equal(asked, run(replace(SAMPLE, layer=3, temperature=2.0)).weights)


def test_small_weights_are_not_taken_for_a_softmax_that_is_as_small(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    query, key = (rng.standard_normal((2, 1, 2, 200, 16)) / 10).astype(np.float32)
    weights = rng.random((1, 2, 200, 200), dtype=np.float32)
    weights /= weights.sum(axis=-1, keepdims=True)
    weights[0, 0, 3] *= 1.5
    path = save_capture(tmp_path / "diffuse.npz", weights, query=query, key=key)
    assert run(on(path, layer=0)).weights.tobytes() == weights[0].tobytes()
    given = inputs_of(on(path, layer=0)).captured
    assert given is not None
    assert given.weights is not None


def test_a_row_with_infinity_has_no_weights_in_a_what_if(tmp_path: Path) -> None:
    weights = np.full((1, 1, 3, 3), 1 / 3, dtype=np.float32)
    weights[0, 0, 1, 0] = np.inf
    path = save_capture(tmp_path / "infinite.npz", weights)
    found = run(on(path, layer=0, temperature=2.0)).weights[0]
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[[0, 2]], 1 / 3)


def test_odd_values_are_kept_as_they_are(tmp_path: Path) -> None:
    weights = np.full((1, 1, 4, 4), 0.25, dtype=np.float32)
    weights[0, 0, 0, 1], weights[0, 0, 1, 2], weights[0, 0, 2, 3] = np.nan, np.inf, -0.5
    path = save_capture(tmp_path / "odd.npz", weights)
    found = run(on(path, layer=0))
    assert found.weights.tobytes() == weights[0].tobytes()
    cooled = run(on(path, layer=0, temperature=2.0)).weights[0]
    assert np.isnan(cooled[0]).all()
    np.testing.assert_allclose(cooled[3], 0.25)


def test_of_a_large_layer_one_head_is_computed_at_a_time(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weights = rng.random((1, 5, 1024, 1024), dtype=np.float32).astype(np.float16)
    path = tmp_path / "large.npy"
    np.save(path, weights)
    experiment = on(path, layer=0)
    assert one_at_a_time(experiment)
    assert num_heads_of(experiment) == 5
    for head in (0, 3):
        attention, given = run(experiment, head), inputs_of(experiment, head)
        assert attention.weights.shape == (1, 1024, 1024)
        assert (attention.weights[0] == weights[0, head].astype(np.float32)).all()
        assert given.captured is not None
        assert (given.captured.first_head, given.captured.total_heads) == (head, 5)
    masked = run(replace(experiment, mask="h == 3"), 3)
    assert masked.mask.all()
    assert not run(replace(experiment, mask="h == 3"), 0).mask.any()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"layer": 6}, "6 is not there; possible are 0 … 5"),
        ({"batch_item": 1}, "1 is not there; possible are 0 … 0"),
        ({"capture_set": "decoder"}, "'decoder' is no set of it; possible are"),
        ({"file": ""}, "no file was named"),
    ],
)
def test_what_is_not_in_the_file_is_told(weights_only: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(FieldError, match=said.replace("(", "\\(")):
        run(on(weights_only, **change))
