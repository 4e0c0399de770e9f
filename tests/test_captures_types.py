"""Types of elements: what each becomes as float32, against plain arithmetic."""

from __future__ import annotations

import io
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from attn_engine import open_capture
from tests.capture_files import CODES, npy_of, npz_of, random_weights, refused, safetensors_of

TYPES = ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "?", "u1", "i1", "<i2", ">i4", "<i8", ">u2"]


def plane_of(path: Path) -> Any:
    with open_capture(path) as capture:
        return capture.sets[0].weights(0, 0)


def small_float(code: int, exponent_bits: int, mantissa_bits: int) -> float:
    """The value of a small float's code, infinities and NaN aside."""
    bias = 2 ** (exponent_bits - 1) - 1
    sign = -1.0 if code >> (exponent_bits + mantissa_bits) else 1.0
    exponent = code >> mantissa_bits & (2**exponent_bits - 1)
    mantissa = (code & (2**mantissa_bits - 1)) / 2**mantissa_bits
    return sign * (mantissa * 2.0 ** (1 - bias) if exponent == 0 else (1 + mantissa) * 2.0 ** (exponent - bias))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_numpy_type_reads_as_numpy_converts_it(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.asarray(np.random.default_rng(1).integers(0, 100, (6, 7)), dtype=dtype, order=order)
    array = array / np.array(8, dtype=dtype) if array.dtype.kind == "f" else array
    expected = array.astype(np.float32)
    np.testing.assert_array_equal(plane_of(npy_of(tmp_path, array)), expected)
    np.testing.assert_array_equal(plane_of(npz_of(tmp_path, {"attention": array})), expected)


@pytest.mark.parametrize("name", CODES)
def test_every_type_that_numpy_and_safetensors_share_reads_alike(tmp_path: Path, name: str) -> None:
    array = (random_weights(6, 7) * 3).astype(name)
    np.testing.assert_array_equal(plane_of(safetensors_of(tmp_path, {"attention": array})), array.astype(np.float32))
    with open_capture(tmp_path / "capture.safetensors") as capture:
        assert capture.sets[0].dtype == name


def test_all_bfloat16_are_the_upper_halves_of_float32(tmp_path: Path) -> None:
    codes = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    path = safetensors_of(tmp_path, {"attention": codes}, {"attention": "BF16"})
    expected = np.stack([np.zeros_like(codes), codes], axis=-1).view("<f4")[..., 0]
    assert plane_of(path).tobytes() == expected.tobytes()
    with open_capture(path) as capture:
        assert capture.sets[0].dtype == "bfloat16"


def test_bfloat16_that_numpy_saved_as_bytes_of_no_type_is_read_too(tmp_path: Path) -> None:
    values = random_weights(4, 4).view(np.uint32) >> 16 << 16
    path = npy_of(tmp_path, (values >> 16).astype("<u2").view("V2"))
    np.testing.assert_array_equal(plane_of(path), values.view(np.float32))


@pytest.mark.parametrize("dtype", ["<f2", ">f2", "<f4", ">f8", "u1"])
def test_a_head_of_many_pieces_is_read_bit_for_bit(tmp_path: Path, dtype: str) -> None:
    weights = (random_weights(2, 701, 703) * 200).astype(dtype)  # more than one piece, and no whole number of them
    with open_capture(npy_of(tmp_path, weights)) as capture:
        np.testing.assert_array_equal(capture.sets[0].weights(0, 1), weights[1].astype(np.float32))


@pytest.mark.parametrize(("code", "bits"), [("F8_E4M3", (4, 3)), ("F8_E5M2", (5, 2))])
def test_all_256_of_a_float8_are_what_its_bits_say(tmp_path: Path, code: str, bits: tuple[int, int]) -> None:
    path = safetensors_of(tmp_path, {"attention": np.arange(256, dtype=np.uint8).reshape(16, 16)}, {"attention": code})
    for at, value in enumerate(plane_of(path).ravel().tolist()):
        top = at & 127
        if code == "F8_E4M3" and top == 127:
            assert math.isnan(value)
        elif code == "F8_E5M2" and top >= 124:
            assert math.isnan(value) if top > 124 else math.isinf(value)
        else:
            assert value == small_float(at, *bits)
            assert math.copysign(1, value) == (-1 if at >= 128 else 1)


def test_half_precision_special_values_survive(tmp_path: Path) -> None:
    codes = np.arange(2**16, dtype=np.uint16).reshape(256, 256)
    np.testing.assert_array_equal(plane_of(npy_of(tmp_path, codes.view(np.float16))), codes.view("f2").astype("f4"))


@pytest.mark.parametrize(
    ("array", "word"),
    [
        (np.zeros((2, 2), dtype=complex), "complex"),
        (np.array([["a", "b"]]), "text"),
        (np.array([[b"a", b"b"]]), "text"),
        (np.array([[{}, []]], dtype=object), "objects"),
        (np.zeros((2, 2), dtype="V1"), "float8"),
        (np.zeros((2, 2), dtype=[("a", "f4"), ("b", "i4")]), "neither numbers"),
        (np.zeros((2, 2), dtype="M8[s]"), "neither numbers"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_other_types_are_refused_by_name(tmp_path: Path, array: Any, word: str) -> None:
    for path in (npy_of(tmp_path, array), tmp_path / "named.npz"):
        if path.suffix == ".npz":
            np.savez(path, attention=array)
        error = refused(path)
        assert word in str(error)
        assert error.status == 65


@pytest.mark.parametrize("code", ["C64", "F4", "F8_E8M0", "\x1b[31m"])
def test_types_of_safetensors_that_are_not_read_are_named(tmp_path: Path, code: str) -> None:
    path = safetensors_of(tmp_path, {"attention": np.zeros((2, 2), dtype=np.uint8)}, {"attention": code})
    assert "which is not read" in str(refused(path))


def test_an_array_of_objects_beside_the_weights_does_not_keep_them_from_being_shown(tmp_path: Path) -> None:
    weights = random_weights(2, 4, 4)
    np.savez(tmp_path / "beside.npz", attention=weights, settings=np.array([{"a": 1}], dtype=object))
    with open_capture(tmp_path / "beside.npz") as capture:
        np.testing.assert_array_equal(capture.sets[0].layer(0), weights)
        assert any("settings" in note for note in capture.notes)


def test_float64_beyond_float32_becomes_infinite_without_a_warning(tmp_path: Path) -> None:
    assert np.isinf(plane_of(npy_of(tmp_path, np.full((2, 2), 1e300)))).all()


def test_the_second_version_of_the_npy_header_is_read(tmp_path: Path) -> None:
    array, data = random_weights(3, 3), io.BytesIO()
    npy.write_array(data, array, version=(2, 0))
    (tmp_path / "two.npy").write_bytes(data.getvalue())
    np.testing.assert_array_equal(plane_of(tmp_path / "two.npy"), array)
