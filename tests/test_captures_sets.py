"""Sets, steps of generate(), queries and keys, masks and scales: what the names of arrays say."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import CaptureError, attend, describe, open_capture
from tests.capture_files import WRITERS, npz_of, packed_of, random_weights, refused, safetensors_of

SAMPLE = Path(str(files("attn_engine").joinpath("data/minilm-animal.npz")))


def steps_of(prompt: int, steps: int, layers: int, heads: int, batch: int | None) -> dict[str, Any]:
    """What generate() returns, as arrays with names."""
    lead = (heads,) if batch is None else (batch, heads)
    return {
        f"attentions.{step}.{layer}": random_weights(*lead, prompt if step == 0 else 1, prompt + step)
        for step in range(steps)
        for layer in range(layers)
    }


def stitched(arrays: dict[str, Any], prompt: int, steps: int, layer: int, item: int) -> Any:
    """The ragged picture by plain loops, (heads, rows, columns)."""
    heads = arrays["attentions.0.0"].shape[-3]
    picture = np.zeros((heads, prompt + steps - 1, prompt + steps - 1), dtype=np.float32)
    for step in range(steps):
        array = arrays[f"attentions.{step}.{layer}"]
        array = array[item] if array.ndim == 4 else array
        for row in range(array.shape[1]):
            at = row if step == 0 else prompt + step - 1
            picture[:, at, : array.shape[2]] = array[:, row]
    return picture


@pytest.mark.parametrize("batch", [None, 1, 2])
@pytest.mark.parametrize("write", WRITERS.values(), ids=list(WRITERS))
@pytest.mark.parametrize("prompt", [1, 4])
def test_steps_of_generate_become_one_ragged_picture(
    tmp_path: Path, batch: int | None, write: Any, prompt: int
) -> None:
    arrays = steps_of(prompt, 11, 2, 3, batch)
    with open_capture(write(tmp_path, dict(reversed(arrays.items())))) as capture:
        (found,) = capture.sets
        assert (found.query_length, found.key_length, found.prompt_length) == (prompt + 10, prompt + 10, prompt)
        assert (found.num_layers, found.num_heads, found.batch_size) == (2, 3, batch or 1)
        assert found.key_counts is not None
        assert found.key_counts.tolist() == [prompt] * prompt + list(range(prompt + 1, prompt + 11))
        for layer, item in np.ndindex(2, found.batch_size):
            expected = stitched(arrays, prompt, 11, layer, item)
            np.testing.assert_array_equal(found.layer(layer, item), expected)
            np.testing.assert_array_equal(found.weights(layer, 2, item), expected[2])
            np.testing.assert_array_equal(
                found.rows(layer, 1, prompt - 1, prompt + 3, item), expected[1, prompt - 1 :][:4]
            )


def test_cross_attention_of_generate_keeps_all_its_keys(tmp_path: Path) -> None:
    arrays = {f"cross_attentions.{step}.0": random_weights(1, 2, 1, 7) for step in range(5)}
    with open_capture(npz_of(tmp_path, arrays)) as capture:
        (found,) = capture.sets
        assert (found.name, found.query_length, found.key_length) == ("cross", 5, 7)
        np.testing.assert_array_equal(found.rows(0, 1, 3, 4), arrays["cross_attentions.3.0"][0, 1])


def test_steps_with_ever_fewer_keys_are_no_steps(tmp_path: Path) -> None:
    arrays = {"attentions.0.0": random_weights(2, 4, 4), "attentions.1.0": random_weights(2, 1, 3)}
    assert "does not follow" in str(refused(npz_of(tmp_path, arrays)))


def test_encoder_decoder_and_cross_are_separate_sets(tmp_path: Path) -> None:
    shapes = {"encoder_attentions": (7, 7), "decoder_attentions": (4, 4), "cross_attentions": (4, 7)}
    arrays = {f"{name}.{layer}": random_weights(2, *shape) for name, shape in shapes.items() for layer in range(3)}
    words = {"encoder_tokens": np.array(list("abcdefg")), "decoder_tokens": np.array(list("wxyz"))}
    with open_capture(npz_of(tmp_path, arrays | words)) as capture:
        assert [(each.name, each.query_length, each.key_length) for each in capture.sets] == [
            ("encoder", 7, 7),
            ("decoder", 4, 4),
            ("cross", 4, 7),
        ]
        cross = capture.sets[2]
        assert ("".join(cross.query_tokens()), "".join(cross.key_tokens())) == ("wxyz", "abcdefg")
        np.testing.assert_array_equal(cross.layer(2), arrays["cross_attentions.2"])
        assert not any(each.token_note for each in capture.sets)


def test_the_better_name_wins_and_the_other_is_told(tmp_path: Path) -> None:
    arrays = {f"blocks.{at}.attn.hook_{name}": random_weights(2, 4, 4) for name in ("z", "pattern") for at in range(2)}
    with open_capture(safetensors_of(tmp_path, arrays)) as capture:
        np.testing.assert_array_equal(capture.sets[0].layer(1), arrays["blocks.1.attn.hook_pattern"])
        assert all("hook_pattern" in note for note in capture.notes)
        assert len(capture.notes) == 2


def test_the_sample_is_a_capture_whose_weights_are_those_of_its_queries_and_keys() -> None:
    with np.load(SAMPLE) as arrays, open_capture(SAMPLE) as capture:
        (found,) = capture.sets
        assert found.query_tokens() == found.key_tokens() == tuple(arrays["tokens"].tolist())
        assert describe(capture).sets[0].holds == ("weights", "query", "key", "value")
        for layer in range(found.num_layers):
            query, key, value = found.inputs(layer)
            np.testing.assert_array_equal(query, arrays["query"][layer])
            np.testing.assert_array_equal(found.layer(layer), arrays["attention"][layer])
            assert value is not None
            recomputed = attend(query, key, value).weights
            assert recomputed is not None
            np.testing.assert_allclose(found.layer(layer), recomputed, atol=5e-6)


@pytest.mark.parametrize("numbered", [False, True])
@pytest.mark.parametrize("batch", [1, 2])
def test_queries_and_fewer_key_heads_are_read_without_weights(tmp_path: Path, numbered: bool, batch: int) -> None:
    arrays = {"query": random_weights(3, batch, 4, 6, 8), "key": random_weights(3, batch, 2, 9, 8)}
    arrays["value"] = random_weights(3, batch, 2, 9, 5)
    saved = {f"{name}.{at}": array[at] for name, array in arrays.items() for at in range(3)} if numbered else arrays
    with open_capture(npz_of(tmp_path, saved)) as capture:
        (found,) = capture.sets
        assert (found.has_weights, found.has_inputs, found.head_dim) == (False, True, 8)
        assert (found.num_heads, found.num_key_heads, found.query_length, found.key_length) == (4, 2, 6, 9)
        for layer, item in np.ndindex(3, batch):
            for name, part in zip(arrays, found.inputs(layer, item), strict=True):
                np.testing.assert_array_equal(part, arrays[name][layer, item])


def test_whole_inputs_beside_numbered_weights_go_layer_by_layer(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {f"attention.{at}": random_weights(2, 4, 4) for at in (3, 7)}
    arrays |= {"query": random_weights(2, 2, 4, 8), "key": random_weights(2, 2, 4, 8)}
    with open_capture(npz_of(tmp_path, arrays)) as capture:
        (found,) = capture.sets
        assert found.layer_numbers == (3, 7)
        np.testing.assert_array_equal(found.inputs(1)[0], arrays["query"][1])


@pytest.mark.parametrize(
    "inputs",
    [
        {"query": (2, 4, 8)},
        {"query": (2, 4, 8), "key": (2, 4, 7)},
        {"query": (2, 4, 8), "key": (3, 4, 8)},
        {"query": (2, 5, 8), "key": (2, 4, 8)},
        {"query": (2, 4, 8), "key": (2, 4, 8), "value": (1, 4, 8)},
    ],
    ids=str,
)
def test_inputs_that_do_not_fit_are_left_out_and_told(tmp_path: Path, inputs: dict[str, tuple[int, ...]]) -> None:
    arrays = {name: random_weights(*shape) for name, shape in inputs.items()}
    with open_capture(npz_of(tmp_path, {"attention": random_weights(2, 4, 4)} | arrays)) as capture:
        assert capture.sets[0].has_weights
        assert not capture.sets[0].has_inputs
        assert len(capture.notes) == 1


@pytest.mark.parametrize("inputs", [{"query": (2, 4, 8)}, {"query": (2, 4, 8), "key": (2, 4, 7)}], ids=str)
def test_inputs_alone_that_do_not_fit_are_refused(tmp_path: Path, inputs: dict[str, tuple[int, ...]]) -> None:
    refused(npz_of(tmp_path, {name: random_weights(*shape) for name, shape in inputs.items()}))


@pytest.mark.parametrize(
    ("shape", "of_layer"),
    [
        ((5,), lambda mask, layer, item: mask[None, None]),
        ((4, 5), lambda mask, layer, item: mask[None]),
        ((2, 5), lambda mask, layer, item: mask[item][None, None]),
        ((2, 1, 1, 5), lambda mask, layer, item: mask[item]),
        ((2, 1, 4, 5), lambda mask, layer, item: mask[item]),
        ((6, 4, 5), lambda mask, layer, item: mask),
        ((3, 6, 4, 5), lambda mask, layer, item: mask[layer]),
        ((3, 2, 6, 4, 5), lambda mask, layer, item: mask[layer, item]),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)
@pytest.mark.parametrize("form", ["bool", "additive"])
def test_masks_of_every_shape_say_where_a_query_may_look(tmp_path: Path, shape: Any, of_layer: Any, form: str) -> None:
    allowed = random_weights(*shape) < 0.7
    mask = allowed if form == "bool" else np.where(allowed, 0, -np.inf).astype(np.float32)
    arrays = {"query": random_weights(3, 2, 6, 4, 8), "key": random_weights(3, 2, 6, 5, 8), "mask": mask}
    with open_capture(packed_of(tmp_path, arrays)) as capture:
        (found,) = capture.sets
        assert found.has_mask
        for layer, item in np.ndindex(3, 2):
            part = of_layer(allowed, layer, item)
            read = found.mask(layer, item)
            assert read is not None
            np.testing.assert_array_equal(read, np.broadcast_to(part, (part.shape[0], 4, 5)))


@pytest.mark.parametrize("scale", [np.float32(0.25), np.array([0.5, 0.25], dtype=np.float32)], ids=str)
def test_the_scale_is_one_number_or_one_for_each_layer(tmp_path: Path, scale: Any) -> None:
    arrays = {"query": random_weights(2, 1, 4, 8), "key": random_weights(2, 1, 4, 8), "scale": scale}
    with open_capture(npz_of(tmp_path, arrays)) as capture:
        assert [capture.sets[0].scale(layer) for layer in range(2)] == np.broadcast_to(scale, 2).tolist()


def test_what_is_not_in_the_file_is_none(tmp_path: Path) -> None:
    with open_capture(npz_of(tmp_path, {"attention": random_weights(2, 4, 4)})) as capture:
        assert capture.sets[0].mask(0) is None
        assert capture.sets[0].scale(0) is None
        assert capture.sets[0].prompt_length is None
        assert capture.sets[0].key_counts is None


FLAGS: list[tuple[dict[str, Any], list[bool]]] = [
    ({"is_causal": np.array(True)}, [True, True]),
    ({"causal": np.array([1, 0])}, [True, False]),
    ({"is_causal.1": np.array(True)}, [False, True]),
]


@pytest.mark.parametrize(("flags", "due"), FLAGS, ids=str)
def test_a_file_says_of_all_layers_or_of_each_that_no_query_saw_a_later_key(
    tmp_path: Path, flags: Any, due: list[bool]
) -> None:
    arrays = {f"{name}.{at}": random_weights(2, 4, 8) for name in ("query", "key") for at in range(2)}
    hidden = {"mask": np.arange(4) != 1}
    for others in ({}, hidden):
        with open_capture(npz_of(tmp_path, arrays | flags | others)) as capture:
            (found,) = capture.sets
            for layer, causal in enumerate(due):
                mask = found.mask(layer)
                seen = np.ones((4, 4), bool) if mask is None else np.broadcast_to(mask, (2, 4, 4))[1]
                expected = np.tri(4, dtype=bool) if causal else np.ones((4, 4), bool)
                np.testing.assert_array_equal(seen, expected & hidden["mask"] if others else expected)


@pytest.mark.parametrize("name", ["causal_attention", "attention_causal.0"])
def test_weights_that_are_called_causal_are_weights(tmp_path: Path, name: str) -> None:
    with open_capture(npz_of(tmp_path, {name: random_weights(2, 4, 4), "causal_mask": np.tri(4)})) as capture:
        assert capture.sets[0].has_weights


def test_what_is_called_causal_and_has_rows_and_columns_is_no_flag(tmp_path: Path) -> None:
    with open_capture(npz_of(tmp_path, {"causal": random_weights(2, 4, 4)})) as capture:
        assert capture.sets[0].has_weights
    arrays = {"query": random_weights(2, 4, 8), "key": random_weights(2, 4, 8), "causal": np.ones((4, 4))}
    with open_capture(npz_of(tmp_path, arrays)) as capture:
        assert capture.sets[0].mask(0) is None


@pytest.mark.parametrize("number", [0.5, -1, np.nan])
def test_a_flag_is_true_or_false(tmp_path: Path, number: float) -> None:
    arrays = {"query": random_weights(2, 4, 8), "key": random_weights(2, 4, 8), "is_causal": np.array(number)}
    with (
        open_capture(npz_of(tmp_path, arrays)) as capture,
        pytest.raises(CaptureError, match=r"\"is_causal\" \[\] holds"),
    ):
        capture.sets[0].mask(0)
