"""Captures that are written: read back bit for bit, and there as a whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy

from attn_engine import CaptureError, open_capture, save_capture
from tests.capture_files import random_weights

ENDINGS = [".npz", ".safetensors"]
DTYPES = ["f2", "f4", "f8", ">f4", "?", "u1", "i8"]
Shapes = hypothesis_numpy.array_shapes(min_dims=2, max_dims=5, max_side=4)


@pytest.mark.parametrize("ending", ENDINGS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(data=st.data(), dtype=st.sampled_from(DTYPES), order=st.sampled_from("CF"))
def test_weights_of_any_shape_and_type_come_back(
    tmp_path: Path, ending: str, data: Any, dtype: str, order: Any
) -> None:
    array = np.asarray(data.draw(hypothesis_numpy.arrays(dtype, Shapes)), order=order)
    with open_capture(save_capture(tmp_path / f"c{ending}", array)) as capture:
        (found,) = capture.sets
        layers = [found.layer(layer, item) for layer, item in np.ndindex(found.num_layers, found.batch_size)]
        with np.errstate(over="ignore"):
            np.testing.assert_array_equal(np.stack(layers).ravel(), array.ravel().astype(np.float32))
        assert found.dtype == array.dtype.name


@pytest.mark.parametrize("ending", ENDINGS)
def test_everything_that_belongs_to_a_capture_comes_back(tmp_path: Path, ending: str) -> None:
    arrays: dict[str, Any] = {name: random_weights(2, 2, 4, 8) for at, name in enumerate(("query", "key", "value"))}
    weights, mask, words = random_weights(2, 2, 4, 4), np.tril(np.ones((4, 4), dtype=bool)), ("a", "", "猫", 'b"\n')
    path = tmp_path / f"capture{ending}"
    save_capture(path, weights, **arrays, mask=mask, scale=0.5, query_tokens=words, key_tokens=list("wxyz"))
    with open_capture(path) as capture:
        (found,) = capture.sets
        assert (found.query_tokens(), found.key_tokens()) == (words, tuple("wxyz"))
        assert found.scale(1) == 0.5
        np.testing.assert_array_equal(found.layer(1), weights[1])
        np.testing.assert_array_equal(found.mask(0), mask[None])
        for name, part in zip(arrays, found.inputs(1), strict=True):
            np.testing.assert_array_equal(part, arrays[name][1])
        assert all(array.layout == "plain" for array in capture.arrays)
        assert not capture.notes


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_list_is_one_array_a_layer_under_the_numbers_given(tmp_path: Path, ending: str) -> None:
    layers = [random_weights(1, 2, 4, 4) for at in range(3)]
    with open_capture(save_capture(tmp_path / f"c{ending}", tuple(layers), layers=[2, 5, 11])) as capture:
        assert capture.sets[0].layer_numbers == (2, 5, 11)
        np.testing.assert_array_equal(capture.sets[0].layer(2), layers[2][0])
    with pytest.raises(ValueError, match="3 arrays and 2 numbers"):
        save_capture(tmp_path / f"d{ending}", layers, layers=[2, 5])


def test_a_list_of_lists_is_the_steps_of_generate(tmp_path: Path) -> None:
    steps = tuple(tuple(random_weights(1, 2, 3 if step == 0 else 1, 3 + step) for _ in range(2)) for step in range(4))
    with open_capture(save_capture(tmp_path / "steps.npz", steps)) as capture:
        (found,) = capture.sets
        assert (found.num_layers, found.prompt_length, found.query_length) == (2, 3, 6)
        np.testing.assert_array_equal(found.rows(1, 1, 4, 5)[0, :5], steps[2][1][0, 1, 0])


def test_nested_lists_of_numbers_are_one_array(tmp_path: Path) -> None:
    with open_capture(save_capture(tmp_path / "c.npz", [[1.0, 0.0], [0.25, 0.75]])) as capture:
        assert capture.sets[0].weights(0, 0).tolist() == [[1.0, 0.0], [0.25, 0.75]]


def test_arrays_of_an_encoder_and_a_decoder_are_written_under_their_names(tmp_path: Path) -> None:
    extra = {f"{name}_attentions.0": random_weights(2, 4, 4) for name in ("encoder", "decoder", "cross")}
    with open_capture(save_capture(tmp_path / "c.safetensors", extra=extra)) as capture:
        assert [found.name for found in capture.sets] == ["encoder", "decoder", "cross"]


def test_a_safetensors_file_is_as_the_specification_says(tmp_path: Path) -> None:
    arrays = {"query": random_weights(3, 3, 5), "key": random_weights(3, 3, 5).astype(np.float64)}
    mask = np.tril(np.ones((3, 3), dtype=bool))
    data = save_capture(tmp_path / "c.safetensors", **arrays, mask=mask, tokens=["a", "b", "c"]).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    assert json.loads(header.pop("__metadata__")["tokens"]) == ["a", "b", "c"]
    assert length % 8 == 0
    end = 0
    for name, entry in header.items():
        begin, stop = entry["data_offsets"]
        array = mask if name == "mask" else arrays[name]
        assert begin == end
        assert begin % array.itemsize == 0
        assert data[8 + length + begin : 8 + length + stop] == array.tobytes()
        end = stop
    assert len(data) == 8 + length + end


def test_numpy_reads_what_was_saved_as_npz(tmp_path: Path) -> None:
    weights = random_weights(2, 3, 4, 4)
    with np.load(save_capture(tmp_path / "c.npz", weights, tokens=["x"] * 4), allow_pickle=False) as arrays:
        np.testing.assert_array_equal(arrays["attention"], weights)
        assert arrays["tokens"].tolist() == ["x"] * 4


@pytest.mark.parametrize("ending", ENDINGS)
def test_writing_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = save_capture(tmp_path / f"c{ending}", random_weights(2, 4, 4))
    old = path.read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", _full)
        with pytest.raises(CaptureError, match="No space left") as caught:
            save_capture(path, random_weights(2, 8, 8))
    assert caught.value.status == 73
    assert path.read_bytes() == old
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def _full(*arguments: Any) -> None:
    raise OSError(28, os.strerror(28))


def test_a_capture_that_is_open_is_read_on_while_it_is_saved_anew(tmp_path: Path) -> None:
    old = random_weights(2, 4, 4)
    path = save_capture(tmp_path / "c.npz", old)
    with open_capture(path) as capture:
        save_capture(path, old + 1)
        np.testing.assert_array_equal(capture.sets[0].layer(0), old)
        assert "replaced" in capture.changed()


def test_a_link_stays_a_link_and_no_device_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "link.npz").symlink_to("real.npz")
    save_capture(tmp_path / "link.npz", random_weights(2, 4, 4))
    assert (tmp_path / "link.npz").is_symlink()
    assert (tmp_path / "real.npz").is_file()
    os.mkfifo(tmp_path / "fifo.npz")
    (tmp_path / "folder.npz").mkdir()
    for path in (tmp_path / "fifo.npz", tmp_path / "folder.npz", tmp_path / "none" / "c.npz"):
        with pytest.raises(CaptureError) as caught:
            save_capture(path, random_weights(2, 4, 4))
        assert caught.value.status == 73
    assert (tmp_path / "fifo.npz").is_fifo()


@pytest.mark.parametrize(
    ("name", "arrays", "word"),
    [
        ("c.npz", {}, "nothing to save"),
        ("c.npz", {"weights": []}, "nothing to save"),
        ("c.npz", {"weights": np.array([[{}]])}, "numbers"),
        ("c.npz", {"weights": np.zeros((2, 2), dtype=complex)}, "numbers"),
        ("c.pt", {"weights": np.zeros((2, 2))}, "possible are"),
        ("c", {"weights": np.zeros((2, 2))}, "possible are"),
    ],
    ids=str,
)
def test_what_could_not_be_read_again_is_not_written(tmp_path: Path, name: str, arrays: Any, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        save_capture(tmp_path / name, **arrays)
    assert not list(tmp_path.iterdir())
