"""Captures that were cut, changed or cannot be read to the end: a capture or a CaptureError, and nothing else."""

from __future__ import annotations

import errno
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from attn_engine import Capture, CaptureError, describe, open_capture
from tests.capture_files import npy_of, npz_of, packed_of, random_weights, safetensors_bytes

ARRAYS: dict[str, Any] = {
    "attention": random_weights(2, 2, 3, 3).astype(np.float16),
    "query": random_weights(2, 2, 3, 2),
    "key": random_weights(2, 1, 3, 2),
    "mask": np.tril(np.ones((3, 3), dtype=bool)),
}


def saved(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def packed(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def plain() -> bytes:
    file = io.BytesIO()
    np.save(file, ARRAYS["attention"])
    return file.getvalue()


FILES = {
    "npy": plain(),
    "npz": saved(**ARRAYS, tokens=np.array(["a", "b", "c"])),
    "compressed npz": packed(**ARRAYS, tokens=np.array(["a", "b", "c"])),
    "safetensors": safetensors_bytes(ARRAYS, tokens='["a", "b", "c"]'),
}


def assert_told(error: CaptureError) -> None:
    assert "\n" not in str(error)
    assert error.status in (65, 66)


def looked_through(path: Path) -> Capture | None:
    """A capture, everything in it read, or None where it was refused in one line."""
    try:
        with open_capture(path, memory=2**25) as capture:
            describe(capture)
            for found in capture.sets:
                for layer in range(min(found.num_layers, 4)):
                    if found.has_weights:
                        found.layer(layer)
                        found.rows(layer, found.num_heads - 1, 0, 1)
                    if found.has_inputs:
                        found.inputs(layer)
                    found.mask(layer)
                    found.scale(layer)
            return capture
    except CaptureError as error:
        assert_told(error)
        return None


def descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.mark.parametrize("kind", FILES)
def test_a_file_that_was_cut_anywhere_is_refused(tmp_path: Path, kind: str) -> None:
    path, data = tmp_path / "cut", FILES[kind]
    path.write_bytes(data)
    assert looked_through(path) is not None
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert looked_through(path) is None, length


@pytest.mark.parametrize("kind", FILES)
@settings(
    max_examples=600, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(changes=st.lists(st.tuples(st.integers(0, 2**20), st.integers(1, 255)), min_size=1, max_size=4))
def test_changed_bytes_give_a_capture_or_an_error(tmp_path: Path, kind: str, changes: list[tuple[int, int]]) -> None:
    data = bytearray(FILES[kind])
    for place, change in changes:
        data[place % len(data)] ^= change
    (tmp_path / "changed").write_bytes(data)
    looked_through(tmp_path / "changed")


@pytest.mark.parametrize("kind", FILES)
def test_every_byte_of_a_header_may_be_any_of_a_few(tmp_path: Path, kind: str) -> None:
    """Each place in the first 160 bytes and, where the directory of an archive is, in the last 120."""
    data = FILES[kind]
    for place in [*range(160), *range(len(data) - 120, len(data))]:
        for value in (0, 0x7F, 0xFF):
            (tmp_path / "changed").write_bytes(data[:place] + bytes([value]) + data[place + 1 :])
            looked_through(tmp_path / "changed")


@pytest.mark.parametrize("kind", FILES)
def test_the_nth_read_that_fails_is_told_and_leaves_nothing_open(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "failing"
    path.write_bytes(FILES[kind])
    before, pread = descriptors(), os.pread
    for failing in range(1, 1000):
        left = [failing]

        def read(descriptor: int, count: int, offset: int, left: list[int] = left) -> bytes:
            left[0] -= 1
            if left[0] == 0:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            return pread(descriptor, count, offset)

        monkeypatch.setattr(os, "pread", read)
        capture = looked_through(path)
        assert descriptors() == before
        if left[0] > 0:
            break
        assert capture is None
    assert failing > 3
    assert capture is not None


def test_a_read_that_fails_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with open_capture(npy_of(tmp_path, random_weights(2, 4, 4))) as capture:

        def read(*arguments: int) -> bytes:
            raise OSError(errno.EIO, os.strerror(errno.EIO))

        monkeypatch.setattr(os, "pread", read)
        with pytest.raises(CaptureError, match=os.strerror(errno.EIO)) as caught:
            capture.sets[0].weights(0, 0)
    assert caught.value.status == 66


def test_reads_that_bring_little_at_a_time_bring_it_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    array, pread = random_weights(2, 8, 8), os.pread
    path = npz_of(tmp_path, {"attention": array})
    monkeypatch.setattr(os, "pread", lambda descriptor, count, offset: pread(descriptor, min(count, 7), offset))
    with open_capture(path) as capture:
        np.testing.assert_array_equal(capture.sets[0].layer(0), array)


WRITERS: dict[str, Callable[[Path], Path]] = {
    "npy": lambda folder: npy_of(folder, random_weights(2, 3, 64, 64)),
    "npz": lambda folder: npz_of(folder, {"attention": random_weights(2, 3, 64, 64)}),
    "compressed npz": lambda folder: packed_of(folder, {"attention": random_weights(2, 3, 64, 64)}),
}


@pytest.mark.parametrize("kind", WRITERS)
def test_a_file_that_shrinks_while_it_is_open_is_told(tmp_path: Path, kind: str) -> None:
    path = WRITERS[kind](tmp_path)
    with open_capture(path) as capture:
        assert capture.changed() == ""
        os.truncate(path, 5000)
        with pytest.raises(CaptureError, match="cut while open"):
            capture.sets[0].weights(1, 2)
        assert "changed" in capture.changed()


def test_a_file_that_is_replaced_is_told_and_the_old_one_read_on(tmp_path: Path) -> None:
    old, new = random_weights(2, 3, 8, 8), random_weights(2, 3, 8, 8)
    with open_capture(npy_of(tmp_path, old)) as capture:
        np.save(tmp_path / "new.npy", new)
        (tmp_path / "new.npy").replace(capture.path)
        assert "replaced" in capture.changed()
        np.testing.assert_array_equal(capture.sets[0].layer(1), old[1])
        Path(capture.path).unlink()
        assert "gone" in capture.changed()


def test_a_file_that_is_only_looked_at_has_not_changed(tmp_path: Path) -> None:
    with open_capture(npy_of(tmp_path, random_weights(2, 4, 4))) as capture:
        capture.sets[0].layer(0)
        os.utime(capture.path, ns=(0, Path(capture.path).stat().st_mtime_ns))
        assert capture.changed() == ""
        os.utime(capture.path, ns=(0, 0))
        assert "changed" in capture.changed()


def test_a_file_that_is_refused_is_closed_while_its_error_is_held(tmp_path: Path) -> None:
    before = descriptors()
    (tmp_path / "page.npy").write_bytes(b"<html>")
    with pytest.raises(CaptureError) as caught:
        open_capture(tmp_path / "page.npy")
    assert descriptors() == before
    assert caught.value.status == 65


def test_a_capture_that_is_dropped_or_closed_leaves_nothing_open(tmp_path: Path) -> None:
    before = descriptors()
    capture = open_capture(npy_of(tmp_path, random_weights(2, 4, 4)))
    found = capture.sets[0]
    assert descriptors() == before + 1
    del capture
    found.weights(0, 0)  # a set keeps its file
    del found
    assert descriptors() == before
    with open_capture(tmp_path / "capture.npy") as closed:
        pass
    assert descriptors() == before
    with pytest.raises(CaptureError, match="closed"):
        closed.sets[0].weights(0, 0)
