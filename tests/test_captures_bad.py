"""Files that are no captures: one line with the reason and a status, at once, and nothing reserved."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import threading
import time
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from attn_engine import CaptureError, open_capture
from tests.capture_files import npy_of, npz_of, random_weights, refused, safetensors_bytes, safetensors_of

PICKLED = pickle.dumps({"attention": [1, 2]})


@pytest.fixture(autouse=True)
def _at_once() -> Iterator[None]:
    """Whatever a test opens: half a second of work and 16 MB at most."""
    tracemalloc.start()
    begun = time.process_time()
    yield
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert time.process_time() - begun < 0.5
    assert most < 16e6


def of_bytes(folder: Path, data: bytes, name: str = "capture.bin") -> Path:
    (folder / name).write_bytes(data)
    return folder / name


def npy_claiming(shape: tuple[int, ...], descr: str = "<f4", data: bytes = b"\0" * 64) -> bytes:
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue() + data


def archive_of(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def header_of(header: Any, data: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(begin: Any, end: Any, shape: Any = (2, 2), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"", "empty"),
        (b"<!DOCTYPE html><html>sign in</html>", "HTML"),
        (b"\n  <html>", "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 302000000\n", "git lfs pull"),
        (PICKLED, "pickle"),
        (archive_of(**{"archive/data.pkl": PICKLED, "archive/data/0": b"0"}), "PyTorch"),
        (b"\x89HDF\r\n\x1a\n", "HDF5"),
        (b"\x1f\x8b\x08\0\0\0\0", "gzip"),
        (b'{"tokens": ["a"]}', "tokens only"),
        (b"[[0.5, 0.5]]", "tokens only"),
        (b"0.5 0.5\n0.1 0.9\n", "neither"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "header"),
        (b"\x93NUMPY\x09\x00v\0{'descr': '<f4'}", "header"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff{'descr'", "header"),
        (b"PK\5\6" + b"\0" * 18, "0 arrays"),
        (archive_of(readme=b"hello"), "0 arrays"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_capture_is_recognised(tmp_path: Path, data: bytes, word: str) -> None:
    error = refused(of_bytes(tmp_path, data))
    assert word in str(error)
    assert error.status == 65


@pytest.mark.parametrize("shape", [(10**12,), (2**40, 2**40), (2**62, 4, 4), (10**30, 10**30)], ids=str)
def test_headers_that_claim_more_than_there_is_are_not_believed(tmp_path: Path, shape: tuple[int, ...]) -> None:
    assert "there are 64" in str(refused(of_bytes(tmp_path, npy_claiming(shape))))
    refused(of_bytes(tmp_path, archive_of(**{"attention.npy": npy_claiming(shape)})))
    refused(of_bytes(tmp_path, header_of({"a": entry(0, 64, shape)}, b"\0" * 64)))


@pytest.mark.parametrize("shape", [(), (4,), (1,) * 6, (0, 4), (4, 0), (2, 0, 4, 4)], ids=str)
def test_a_wrong_rank_and_nothing_at_all_are_refused(tmp_path: Path, shape: tuple[int, ...]) -> None:
    refused(npy_of(tmp_path, np.zeros(shape, dtype=np.float32)))
    refused(npz_of(tmp_path, {"attention.0": np.zeros((1,) * 5), "attention.1": np.zeros((1,) * 5)}))


def test_a_small_archive_that_unpacks_to_a_large_one_is_opened_and_its_weights_refused(tmp_path: Path) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = bytes(2**20)
    start = npy_claiming((1, 2**12, 2**12), data=b"")  # 64 MiB of zeros in 65 kB
    packed = packer.compress(start) + b"".join(packer.compress(block) for _ in range(64)) + packer.flush()
    size = len(start) + 64 * 2**20
    local = struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, len(packed), size, 7, 0) + b"w_0.npy"
    central = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 8, 0, 0, 0, len(packed), size, 7, 0, 0, 0, 0, 0, 0)
    central += b"w_0.npy"
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + len(packed), 0)
    path = of_bytes(tmp_path, local + packed + central + end)
    with open_capture(path, memory=2**24) as capture, pytest.raises(CaptureError, match=r"compressed.*np\.savez"):
        capture.sets[0].rows(0, 0, 0, 1)


def test_a_member_larger_than_deflate_can_make_it_is_refused(tmp_path: Path) -> None:
    data = archive_of(**{"attention.npy": npy_claiming((4, 4))})
    (size,) = struct.unpack("<I", data[22:26])
    refused(of_bytes(tmp_path, data.replace(struct.pack("<I", size), struct.pack("<I", 2**31))))


def test_a_claim_that_fits_the_array_and_not_the_archive_is_refused(tmp_path: Path) -> None:
    inner = npy_claiming((2, 2**14, 2**13))
    data = archive_of(**{"attention.npy": inner})
    claimed = len(inner) - 64 + 2**30
    data = data.replace(struct.pack("<I", len(inner)), struct.pack("<I", claimed))
    assert "not as large" in str(refused(of_bytes(tmp_path, data)))


def test_a_compressed_array_with_another_checksum_is_refused(tmp_path: Path) -> None:
    inner = npy_claiming((16, 16), data=bytes(1024))
    checksum = struct.pack("<I", zlib.crc32(inner))
    data = archive_of(**{"attention.npy": inner}).replace(checksum, b"abcd")
    with open_capture(of_bytes(tmp_path, data)) as capture, pytest.raises(CaptureError, match="checksum"):
        capture.sets[0].weights(0, 0)


@pytest.mark.parametrize(
    ("header", "word"),
    [
        ({"a": entry(0, 16), "b": entry(0, 32, (2, 4))}, "overlaps"),
        ({"a": entry(0, 16), "b": entry(20, 32, (3,))}, "gap"),
        ({"a": entry(0, 16)}, "there are 32"),
        ({"a": entry(0, 64, (4, 4))}, "cut"),
        ({"a": entry(0, 32)}, "its shape and type 16"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_offsets_that_do_not_divide_the_data_are_told(tmp_path: Path, header: Any, word: str) -> None:
    assert word in str(refused(of_bytes(tmp_path, header_of(header, b"\0" * 32))))


def test_an_archive_of_countless_members_is_refused(tmp_path: Path) -> None:
    one = struct.pack("<4s6H3I5H2I", b"PK\1\2", 20, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"a"
    central = one * 100_000
    end = struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, len(central), 4, 0)
    assert "too many arrays" in str(refused(of_bytes(tmp_path, b"PK\3\4" + central + end)))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for _ in range(2):
            archive.writestr("attention.npy", npy_claiming((4, 4)))
    assert "two arrays" in str(refused(of_bytes(tmp_path, file.getvalue())))
    twice = b'{"a": %s, "a": %s}' % (json.dumps(entry(0, 16)).encode(), json.dumps(entry(0, 16)).encode())
    assert "two arrays" in str(refused(of_bytes(tmp_path, header_of(twice, b"\0" * 16))))
    layers = {"layer_3": random_weights(4, 4), "layer_03": random_weights(4, 4)}
    assert "number 3" in str(refused(npz_of(tmp_path, layers)))


@pytest.mark.parametrize(
    "header",
    [
        {"a": entry(0, 16), "b": entry(8, 24)},
        {"a": entry(0, 16), "b": entry(20, 36)},
        {"a": entry(0, 64)},
        {"a": entry(0, 16), "b": entry(16, 32), "c": entry(32, 48)},
        {"a": entry(-16, 0)},
        {"a": entry(16, 0)},
        {"a": entry(0, 16.0)},
        {"a": entry(0, True)},
        {"a": entry(0, 32, (2, 4.0))},
        {"a": entry(0, 32, "ab")},
        {"a": entry(0, 32, None)},
        {"a": entry(0, 32, (2, 4), 7)},
        {"a": entry(0, 32, (1,) * 40 + (8,))},
        {"a": {"dtype": "F32"}},
        {"a": [1, 2, 3]},
        {"__metadata__": {"tokens": 3}, "a": entry(0, 32, (2, 4))},
        {"__metadata__": [], "a": entry(0, 32, (2, 4))},
        {},
        b"{" + b'"a":[' * 100_000,
        b'{"a": NaN}',
        b'{"a": 1' + b"0" * 5000 + b"}",
        b"{\xff}",
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_header_of_safetensors_that_cannot_be_is_refused(tmp_path: Path, header: Any) -> None:
    assert refused(of_bytes(tmp_path, header_of(header, b"\0" * 32))).status == 65


def test_a_header_of_safetensors_longer_than_the_file_or_than_any_is_refused(tmp_path: Path) -> None:
    data = safetensors_bytes({"a": random_weights(4, 4)})
    for length in (len(data), 2**40, 2**63):
        path = of_bytes(tmp_path, length.to_bytes(8, "little") + data[8:], "a.safetensors")
        assert "header" in str(refused(path))
    path = of_bytes(tmp_path, (2**25).to_bytes(8, "little") + b"{", "long.safetensors")
    os.truncate(path, 2**26)
    assert "too long" in str(refused(path))


def test_the_parameters_of_a_model_are_told_from_its_attention(tmp_path: Path) -> None:
    arrays = {f"encoder.layer.0.attention.self.{name}.weight": random_weights(8, 8) for name in ("query", "key")}
    assert "parameters of a model" in str(refused(safetensors_of(tmp_path, arrays)))


def test_names_that_say_no_role_are_listed(tmp_path: Path) -> None:
    error = str(refused(npz_of(tmp_path, {"left": random_weights(4, 4), "right\x1b[2J": random_weights(4, 4)})))
    assert '"left"' in error


def test_what_is_no_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo.npy")
    (tmp_path / "loop.npy").symlink_to("loop.npy")
    for path in (tmp_path, tmp_path / "fifo.npy", tmp_path / "loop.npy", tmp_path / "none.npy", "a\0b", "/dev/null"):
        error = refused(path)
        assert error.status == 66


def test_the_name_of_the_file_is_made_harmless(tmp_path: Path) -> None:
    path = of_bytes(tmp_path, b"", "a\x1b]52;c;\n\u202eb.npy")
    assert "empty" in str(refused(path))


def test_threads_that_read_one_compressed_array_get_the_same(tmp_path: Path) -> None:
    array = random_weights(2, 4, 32, 32)
    np.savez_compressed(tmp_path / "packed.npz", attention=array)
    wrong: list[int] = []
    with open_capture(tmp_path / "packed.npz") as capture:
        found = capture.sets[0]

        def read(head: int) -> None:
            if any(not np.array_equal(found.weights(1, head), array[1, head]) for _ in range(20)):
                wrong.append(head)

        threads = [threading.Thread(target=read, args=(head,)) for head in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not wrong
