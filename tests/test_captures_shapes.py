"""Weights in every shape and format that people save, read back bit for bit."""

from __future__ import annotations

import io
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import CaptureError, FieldError, open_capture
from tests.capture_files import WRITERS, npy_of, npz_of, packed_of, random_weights

Writer = Callable[[Path, dict[str, Any]], Path]
SHAPES = [(4, 5), (3, 4, 5), (2, 3, 4, 5), (2, 2, 3, 4, 5), (1, 1, 1, 1), (2, 3, 1, 5)]
LAYER_NAMES = ["attention.{}", "attentions.{}", "layer_{}", "layer{}", "layer.{}.attention", "attn_{}", "arr_{}"]
LAYER_NAMES += [
    "blocks.{}.attn.hook_pattern",
    "bert.encoder.layer.{}.attention.self",
    "wav2vec2.layers.{}.attn",
    "gpt2_attn_{}",
    "{}",
]


def all_layers(array: Any) -> Any:
    """The same array as [layers, batch, heads, q, k]."""
    queries, keys = array.shape[-2:]
    if array.ndim == 5:
        return array
    layers = array.shape[0] if array.ndim == 4 else 1
    return array.reshape(layers, 1, -1, queries, keys)


def assert_holds(path: Path, array: Any) -> None:
    """Every layer, batch item and head is that of the array, also in blocks of rows and as a whole layer."""
    expected = all_layers(array).astype(np.float32)
    with open_capture(path) as capture:
        (found,) = capture.sets
        sizes = (found.num_layers, found.batch_size, found.num_heads, found.query_length, found.key_length)
        assert sizes == expected.shape
        assert found.has_weights
        assert not found.has_inputs
        for layer, batch in np.ndindex(*expected.shape[:2]):
            np.testing.assert_array_equal(found.layer(layer, batch), expected[layer, batch])
            for head in range(found.num_heads):
                weights = found.weights(layer, head, batch)
                assert weights.dtype == np.float32
                np.testing.assert_array_equal(weights, expected[layer, batch, head])
                half = found.query_length // 2
                parts = [found.rows(layer, head, *span, batch) for span in ((0, half), (half, found.query_length))]
                np.testing.assert_array_equal(np.concatenate(parts), expected[layer, batch, head])


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_file_of_any_shape_and_order_reads_back(tmp_path: Path, shape: tuple[int, ...], order: Any) -> None:
    array = random_weights(*shape)
    assert_holds(npy_of(tmp_path, np.asarray(array, order=order)), array)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("write", WRITERS.values(), ids=list(WRITERS))
@pytest.mark.parametrize("name", ["attention", "attn_weights", "anything"])
def test_a_named_array_of_any_shape_reads_back(
    tmp_path: Path, shape: tuple[int, ...], write: Writer, name: str
) -> None:
    array = random_weights(*shape)
    assert_holds(write(tmp_path, {name: array}), array)


def test_an_array_that_was_saved_without_a_name_holds_all_layers(tmp_path: Path) -> None:
    array = random_weights(2, 3, 4, 5)
    path = tmp_path / "unnamed.npz"
    np.savez(path, array)
    assert_holds(path, array)


@pytest.mark.parametrize("name", LAYER_NAMES)
@pytest.mark.parametrize("write", WRITERS.values(), ids=list(WRITERS))
def test_one_array_a_layer_is_in_the_order_of_the_numbers(tmp_path: Path, name: str, write: Writer) -> None:
    array = random_weights(12, 2, 3, 4)
    path = write(tmp_path, {name.format(layer): array[layer] for layer in reversed(range(12))})
    with open_capture(path) as capture:
        (found,) = capture.sets
        assert found.layer_numbers == tuple(range(12))
        assert found.prompt_length is None
        for layer in range(12):
            np.testing.assert_array_equal(found.layer(layer), array[layer])


def test_layers_with_a_batch_are_one_array_each_as_transformers_gives_them(tmp_path: Path) -> None:
    array = random_weights(3, 2, 4, 5, 5)
    path = npz_of(tmp_path, {f"attentions.{layer}": array[layer] for layer in range(3)})
    assert_holds(path, array)


def test_layers_that_were_left_out_keep_their_numbers(tmp_path: Path) -> None:
    array = random_weights(2, 3, 4, 4)
    with open_capture(npz_of(tmp_path, {"attention.11": array[1], "attention.3": array[0]})) as capture:
        (found,) = capture.sets
        assert (found.num_layers, found.layer_numbers) == (2, (3, 11))
        np.testing.assert_array_equal(found.layer(1), array[1])


def test_layers_of_other_shapes_are_sets_of_their_own(tmp_path: Path) -> None:
    arrays = {"attn.0": random_weights(2, 8, 8), "attn.1": random_weights(2, 8, 8), "attn.2": random_weights(4, 4, 4)}
    with open_capture(npz_of(tmp_path, arrays)) as capture:
        assert [(each.layer_numbers, each.num_heads, each.key_length) for each in capture.sets] == [
            ((0, 1), 2, 8),
            ((2,), 4, 4),
        ]
        assert len({each.name for each in capture.sets}) == 2
        np.testing.assert_array_equal(capture.sets[1].layer(0), arrays["attn.2"])


def test_values_are_as_they_are(tmp_path: Path) -> None:
    odd = np.array([[np.nan, np.inf, -np.inf], [-1, 0, 2], [-0.0, 1e-40, 3e38]], dtype=np.float32)
    with open_capture(npy_of(tmp_path, odd)) as capture:
        assert capture.sets[0].weights(0, 0).tobytes() == odd.tobytes()


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda found: found.weights(2, 0), "layer"),
        (lambda found: found.weights(-1, 0), "layer"),
        (lambda found: found.weights(0, 3), "head"),
        (lambda found: found.layer(0, 1), "batch"),
        (lambda found: found.rows(0, 0, 3, 5), "query_length"),
        (lambda found: found.query_tokens(7), "batch"),
        (lambda found: found.inputs(0), "layer"),
    ],
)
def test_what_there_is_not_is_named_with_what_is_possible(
    tmp_path: Path, call: Callable[[Any], Any], field: str
) -> None:
    with open_capture(npy_of(tmp_path, random_weights(2, 3, 4, 4))) as capture, pytest.raises(FieldError) as caught:
        call(capture.sets[0])
    assert caught.value.field == field


def test_standard_input_is_a_capture_too(monkeypatch: pytest.MonkeyPatch) -> None:
    array, data = random_weights(2, 3, 4, 4), io.BytesIO()
    np.savez_compressed(data, attention=array)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data.getvalue())))
    with open_capture("-") as capture:
        np.testing.assert_array_equal(capture.sets[0].layer(1), array[1])
        assert capture.changed() == ""


def test_what_has_to_be_read_whole_is_refused_beyond_the_budget_with_a_way_out(tmp_path: Path) -> None:
    array = random_weights(2, 3, 64, 64)
    for path in (packed_of(tmp_path, {"attention": array}), npy_of(tmp_path, np.asfortranarray(array))):
        with open_capture(path, memory=50_000) as capture, pytest.raises(CaptureError, match=r"np\.savez"):
            capture.sets[0].weights(0, 0)


def test_a_plain_file_beyond_the_budget_is_read_head_by_head_and_row_by_row(tmp_path: Path) -> None:
    array = random_weights(2, 3, 64, 64)
    with open_capture(npy_of(tmp_path, array), memory=64 * 64 * 4) as capture:
        (found,) = capture.sets
        np.testing.assert_array_equal(found.weights(1, 2), array[1, 2])
        with pytest.raises(CaptureError, match="rows"):
            found.layer(1)
        np.testing.assert_array_equal(found.rows(1, 1, 60, 64), array[1, 1, 60:])


def test_several_compressed_arrays_take_turns_in_a_small_budget(tmp_path: Path) -> None:
    arrays = {f"attention.{layer}": random_weights(2, 32, 32) for layer in range(4)}
    with open_capture(packed_of(tmp_path, arrays), memory=20_000) as capture:
        for layer in (0, 1, 2, 3, 0, 3, 1):
            np.testing.assert_array_equal(capture.sets[0].layer(layer), arrays[f"attention.{layer}"])


def test_arrays_that_were_unpacked_are_given_up_for_others(tmp_path: Path) -> None:
    arrays = {f"attention.{layer}": np.zeros((1, 512, 512), dtype=np.float32) for layer in range(12)}  # 1 MiB each
    with open_capture(packed_of(tmp_path, arrays), memory=2**21) as capture:
        tracemalloc.start()
        for layer in range(12):
            capture.sets[0].rows(layer, 0, 0, 1)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert most < 6 * 2**20
