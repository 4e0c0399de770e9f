"""Masks from files: every form, every format, and files that mean harm."""

from __future__ import annotations

import io
import json
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from attn_engine import LoadedMask, MaskFileError, mask_of, read_lengths, read_mask
from attn_tui.check_command import FORMS

CAUSAL = np.tril(np.ones((4, 4), dtype=bool))


def saved(folder: Path, array: Any, name: str = "mask.npy") -> Path:
    path = folder / name
    np.save(path, array, allow_pickle=True)
    return path


def refused(path: Path | str, **options: Any) -> MaskFileError:
    with pytest.raises(MaskFileError) as caught:
        read_mask(path, **options)
    assert "\n" not in str(caught.value)
    return caught.value


# Forms


@pytest.mark.parametrize("low", [-np.inf, -1e9, -10000, -100])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, ">f4"])
def test_an_additive_mask_of_any_low_number_allows_where_it_adds_nothing(low: float, dtype: Any) -> None:
    loaded = mask_of(np.where(CAUSAL, 0, low).astype(dtype))
    assert (loaded.array == CAUSAL[None]).all()
    assert "additive" in loaded.note


def test_half_precision_masks_are_additive_too() -> None:
    assert (mask_of(np.where(CAUSAL, 0, np.finfo(np.float16).min).astype(np.float16)).array[0] == CAUSAL).all()


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float32])
def test_true_and_1_may_look(dtype: Any) -> None:
    assert (mask_of(CAUSAL.astype(dtype)).array[0] == CAUSAL).all()


def test_an_inverted_mask_is_turned_around() -> None:
    loaded = mask_of(~CAUSAL, inverted=True)
    assert (loaded.array[0] == CAUSAL).all()
    assert "inverted" in loaded.note


@pytest.mark.parametrize(
    ("shape", "result", "axis"),
    [
        ((3, 5), (1, 3, 5), "head"),
        ((2, 3, 5), (2, 3, 5), "head"),
        ((1, 2, 3, 5), (2, 3, 5), "head"),
        ((2, 1, 3, 5), (2, 3, 5), "batch entry"),
        ((2, 3, 4, 5), (6, 4, 5), "batch entry and head"),
        ((2, 1, 1, 5), (2, 5, 5), "batch entry"),
    ],
)
def test_shapes_become_heads_queries_keys(shape: tuple[int, ...], result: tuple[int, ...], axis: str) -> None:
    values = np.arange(np.prod(shape)).reshape(shape) % 3 > 0
    loaded = mask_of(values)
    assert (loaded.array.shape, loaded.axis) == (result, axis)
    assert not loaded.array.flags.writeable


def test_padding_is_the_same_for_every_query_and_asked_for_by_its_form() -> None:
    padding = np.array([[1, 1, 0], [1, 1, 1]])
    loaded = mask_of(padding, form="padding")
    assert loaded.array.tolist() == [[[True, True, False]] * 3, [[True, True, True]] * 3]
    assert mask_of(padding).array.shape == (1, 2, 3)


def test_cu_seqlens_are_documents_that_see_themselves() -> None:
    loaded = mask_of(np.array([0, 2, 2, 3]))
    assert loaded.array[0].astype(int).tolist() == [[1, 1, 0], [1, 1, 0], [0, 0, 1]]
    assert (loaded.form, loaded.lengths) == ("cu_seqlens", (2, 0, 1))


def test_a_row_of_0_and_1_is_padding() -> None:
    assert mask_of(np.array([0, 0, 1, 1])).form == "padding"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.array([[0.0, np.nan]]), "NaN"),
        (np.array([[0.0, np.inf]]), "neither"),
        (np.array([[0.5, 2.0]]), "neither"),
        (np.array([[0.0, -0.5]]), "neither"),
        (np.ones((1, 1, 1, 2, 2)), "dimensions"),
        (np.ones((0, 3)), "holds no mask"),
        (np.array(True), "holds no mask"),
        (np.array([["a"]]), "neither numbers"),
        (np.array([[1j]]), "neither numbers"),
    ],
)
def test_what_is_no_mask_is_told(values: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        mask_of(values)


def test_the_command_offers_the_forms_there_are() -> None:
    from attn_engine.masks.files import FORMS as KNOWN

    assert FORMS == KNOWN
    with pytest.raises(ValueError, match="possible are auto"):
        mask_of(CAUSAL, form="square")


# Formats


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("m.txt", "1 0\n1 1\n"),
        ("m.txt", "10\n11"),
        ("m.txt", "#.\n##\n"),
        ("m.csv", "1,0\r\n1,1\r\n"),
        ("m.csv", "True,False\nTrue,True\n"),
        ("m.csv", "0,-inf\n0,0\n"),
        ("m.json", "[[true, false], [true, true]]"),
        ("m.json", "\ufeff[[1, 0], [1, 1]]"),
    ],
)
def test_text_is_read_as_people_write_it(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert read_mask(path).array.tolist() == [[[True, False], [True, True]]]


def test_npy_is_read_in_both_orders_and_all_versions(tmp_path: Path) -> None:
    mask = np.array([[1, 0, 0], [1, 1, 0]], dtype=bool)
    for order in (np.ascontiguousarray(mask), np.asfortranarray(mask)):
        assert (read_mask(saved(tmp_path, order)).array[0] == mask).all()
    path = tmp_path / "second.npy"
    with path.open("wb") as file:
        npy.write_array(file, mask, version=(2, 0))
    assert (read_mask(path).array[0] == mask).all()


def test_an_archive_of_one_array_needs_no_name_and_of_two_does(tmp_path: Path) -> None:
    one, two = tmp_path / "one.npz", tmp_path / "two.npz"
    np.savez_compressed(one, mask=CAUSAL)
    np.savez(two, mask=CAUSAL, other=~CAUSAL)
    assert (read_mask(one).array[0] == CAUSAL).all()
    assert (read_mask(two, name="other").array[0] == ~CAUSAL).all()
    assert '"mask", "other"' in str(refused(two))
    assert 'no array "x"' in str(refused(two, name="x"))


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"[[1, 0], [1, 1]]")))
    assert isinstance(read_mask("-"), LoadedMask)


def test_lengths_of_documents_come_from_numbers_and_text(tmp_path: Path) -> None:
    path = tmp_path / "cu.txt"
    path.write_text("0 100 250", encoding="utf-8")
    assert read_lengths(path) == (100, 150)
    assert read_lengths(saved(tmp_path, np.array([0, 3, 2**20], dtype=np.int32))) == (3, 2**20 - 3)
    with pytest.raises(MaskFileError, match="start at 0"):
        read_lengths(saved(tmp_path, np.array([1, 2])))


# Files that cannot be used


def test_what_is_no_regular_file_cannot_be_read(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo.npy"
    os.mkfifo(fifo)
    for path in (fifo, tmp_path, tmp_path / "missing.npy", Path("/dev/zero"), "a\0b"):
        assert refused(path).status == 66


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00\xff\xff",
        b"\x93NUMPY\x09\x00v\x00{}",
        b"PK\x03\x04",
        b"PK\x05\x06" + b"\0" * 18,
        b"\x80\x04\x95",
        b"\xff\xfe\x00",
        b"[[1, 0], [1]]",
        b"[" * 100_000,
        b'["a"]',
        b"[[1, null]]",
        b"[1" + b"0" * 10_000 + b"]",
        b"1 0\n1\n",
        b"hello\n",
        b"\n\n",
        b"[]",
    ],
)
def test_bad_data_is_one_line(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    assert refused(path).status == 65


@pytest.mark.filterwarnings("default")
def test_pickles_are_never_read(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (os.mkdir, (str(tmp_path / "sprung"),))

    path = saved(tmp_path, np.array([[Trap()]], dtype=object))
    assert refused(path).status == 65
    archive = tmp_path / "trap.npz"
    np.savez(archive, mask=np.array([[Trap()]], dtype=object))
    assert refused(archive).status == 65
    assert not (tmp_path / "sprung").exists()


def header(shape: str, descr: str = "|b1") -> bytes:
    text = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(118) + "\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "shape", ["(1000000, 1000000)", "(4, 4)", "(-1, 4)", "(99999999999999999999, 9)", "(True, 4)", "(2.5,)", "(0, 4)"]
)
def test_a_header_is_not_believed(tmp_path: Path, shape: str) -> None:
    path = tmp_path / "m.npy"
    path.write_bytes(header(shape) + b"\1" * 5)
    assert refused(path).status == 65


@pytest.mark.parametrize("descr", ["|O", "<U4", "<M8[s]", "<c8", "|V4"])
def test_other_types_are_refused(tmp_path: Path, descr: str) -> None:
    path = tmp_path / "m.npy"
    path.write_bytes(header("(1, 1)", descr) + b"\0" * 16)
    assert refused(path).status == 65


def test_a_truncated_file_is_told(tmp_path: Path) -> None:
    path = saved(tmp_path, CAUSAL)
    path.write_bytes(path.read_bytes()[:-3])
    assert "16 bytes, and there are 13" in str(refused(path))


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mask.npy", header("(4, 4)") + b"\0" * 20_000_000)
    assert refused(path).status == 65
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mask.npy", header("(100000, 100000)") + b"\0" * 16)
    assert "too many" in str(refused(path))


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.npz"
    np.savez_compressed(path, mask=np.arange(400).reshape(20, 20) % 3 == 0)
    content = bytearray(path.read_bytes())
    content[90:110] = b"\xff" * 20
    path.write_bytes(bytes(content))
    assert refused(path).status == 65


def test_limits_hold_for_every_form(tmp_path: Path) -> None:
    assert "too many" in str(refused(saved(tmp_path, np.array([0, 1000])), max_cells=10_000))
    assert "too many" in str(refused(saved(tmp_path, np.ones((9, 9), dtype=bool)), max_cells=80))
    assert "too many" in str(refused(saved(tmp_path, np.ones((2, 50))), form="padding", max_cells=4_000))


def test_names_of_files_are_quoted_harmlessly() -> None:
    told = str(refused("\x1b]52;c;aGk=\x07.npy"))
    assert "\x1b" not in told
    assert "\x07" not in told


def test_a_name_without_an_archive_is_told(tmp_path: Path) -> None:
    assert "no arrays with names" in str(refused(saved(tmp_path, CAUSAL), name="mask"))
    path = tmp_path / "m.json"
    path.write_text(json.dumps([[1]]), encoding="utf-8")
    assert "no arrays with names" in str(refused(path, name="mask"))
