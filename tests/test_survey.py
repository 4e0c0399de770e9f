"""What is unusual about the numbers of a file, as attn-tui info tells it: within a second, also of a large file."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path
from time import thread_time
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.lib import format as npy

from attn_engine import Capture, look_through, open_capture
from attn_engine.captures.pictures import Slab
from attn_engine.npyfiles import ArrayFileError
from tests.capture_files import npy_of, npz_of, packed_of
from tests.test_cli import program

SHAPE = (3, 2, 2, 4, 5)  # layers, batch items, heads, queries, keys
ODD = (math.nan, math.inf, -math.inf, -0.5, 0.7)


def plain_weights() -> Any:
    return np.random.default_rng(1).dirichlet(np.ones(5), size=SHAPE[:-1]).astype(np.float32)


def counted(weights: Any) -> dict[str, tuple[int, tuple[int, ...]]]:
    """How many of each kind there are, and the place of the first, by looking at one number after the other."""
    found: dict[str, tuple[int, tuple[int, ...]]] = {}
    for place in product(*map(range, weights.shape[:-1])):
        row = [float(number) for number in weights[place]]
        counts = {
            "NaN": sum(math.isnan(number) for number in row),
            "infinite": sum(math.isinf(number) for number in row),
            "below 0": sum(-math.inf < number < 0 for number in row),
            "zeros": int(all(number == 0 for number in row)),
        }
        counts["sum"] = int(not any(counts.values()) and abs(math.fsum(row) - 1) > 1.1e-4)
        for kind, count in counts.items():
            if count:
                before, first = found.get(kind, (0, place))
                found[kind] = before + count, first
    return found


def unusual(capture: Capture) -> dict[str, tuple[int, tuple[int, ...]]]:
    (look,) = look_through(capture, seconds=60)
    assert look.rows_read == look.rows == math.prod(SHAPE[:-1])
    return {each.kind: (each.count, (each.layer, each.batch_item, each.head, each.row)) for each in look.unusual}


@pytest.mark.parametrize("write", [npz_of, packed_of], ids=["plain", "compressed"])
@settings(max_examples=25, deadline=None)
@given(
    changes=st.dictionaries(
        st.tuples(*(st.integers(0, length - 1) for length in SHAPE)), st.sampled_from(ODD), max_size=6
    ),
    zeros=st.sets(st.tuples(*(st.integers(0, length - 1) for length in SHAPE[:-1])), max_size=2),
)
def test_each_kind_is_counted_and_its_first_place_told(
    tmp_path_factory: pytest.TempPathFactory, write: Any, changes: Any, zeros: Any
) -> None:
    weights = plain_weights()
    for place, number in changes.items():
        weights[place] = number
    for place in zeros:
        weights[place] = 0
    with open_capture(write(tmp_path_factory.mktemp("survey"), {"attention": weights})) as capture:
        assert unusual(capture) == counted(weights)


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
def test_rounding_alone_is_nothing_unusual(tmp_path: Path, dtype: str) -> None:
    weights = np.random.default_rng(2).dirichlet(np.ones(500), size=(2, 2, 50)).astype(dtype)
    with open_capture(npy_of(tmp_path, weights)) as capture:
        assert look_through(capture)[0].unusual == ()


def test_queries_and_keys_are_looked_through_as_well(tmp_path: Path) -> None:
    query, key = (np.ones((2, heads, 3, 4), dtype=np.float32) for heads in (4, 2))
    query[1, 3, 2, 0] = np.nan
    key[0, 1, 1, :2] = np.inf
    told = program("info", str(npz_of(tmp_path, {"query": query, "key": key}))).stdout
    assert "findings in 36 rows:" in told
    assert "1 number of query is NaN, in layer 1, head 3, query 2" in told
    assert "2 numbers of key are infinite, the first in layer 0, head 1, key 1" in told


def test_findings_are_told_in_words_and_for_programs(tmp_path: Path) -> None:
    weights = plain_weights()[:, 0]
    weights[1, 1, 2, 3] = np.nan
    weights[2, 0, :2] *= 2
    path = npz_of(tmp_path, {"attention": weights})
    told = program("info", str(path)).stdout
    assert "findings in 24 rows:" in told
    assert "1 weight is NaN, in layer 1, head 1, query 2" in told
    assert "2 rows do not sum to 1, the first in layer 2, head 0, query 0" in told
    (found,) = json.loads(program("info", str(path), "--json").stdout)["sets"]
    place = {"layer": 1, "batch_item": 0, "head": 1, "row": 2}
    assert {"part": "weights", "kind": "NaN", "count": 1, **place} in found["findings"]["unusual"]
    assert found["findings"]["rows_read"] == found["findings"]["rows"] == 24


def test_a_sound_file_is_said_to_be(tmp_path: Path) -> None:
    told = program("info", str(npy_of(tmp_path, plain_weights()[0, 0, 0]))).stdout
    assert "nothing unusual in 4 rows" in told
    assert "attention: 1 layer × 1 head, 4 × 5, float32" in told


def test_tokens_of_both_sides_are_told_where_they_differ(tmp_path: Path) -> None:
    names = {"decoder_tokens": np.array(list("abcd")), "encoder_tokens": np.array(list("vwxyz"))}
    told = program("info", str(npz_of(tmp_path, {"cross_attentions": plain_weights()[:, 0]} | names))).stdout
    assert "query tokens: a b c d\n" in told
    assert "key tokens: v w x y z\n" in told


def test_fifty_gigabytes_answer_in_about_a_second_and_say_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "huge.npy"
    shape = (32, 32, 5120, 5120)
    with path.open("wb") as file:
        npy.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": shape})
        file.truncate(file.tell() + 2 * math.prod(shape))
    began = thread_time()  # and no file here is so large that the disk is waited for
    with open_capture(path) as capture:
        (look,) = look_through(capture)
    assert thread_time() - began < 2
    assert 0 < look.rows_read < look.rows == math.prod(shape[:-1])
    assert " of 5,242,880 rows (0." in program("info", str(path)).stdout


def test_every_layer_is_looked_at_before_more_of_any(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def noted(slab: Slab, *_: Any) -> Any:
        read.append(slab.first)
        return np.ones((1, 4, 5), dtype=np.float32)

    monkeypatch.setattr(Slab, "read", noted)
    with open_capture(npy_of(tmp_path, plain_weights()[:, 0])) as capture:
        look_through(capture)
    assert read == [0, 40, 80] * 2


def test_a_layer_that_cannot_be_read_is_told_and_the_others_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(slab: Slab, *_: Any) -> Any:
        if slab.first == 40:
            raise ArrayFileError("it ends after 7 bytes")
        return np.full((1, 4, 5), 0.2, dtype=np.float32)

    monkeypatch.setattr(Slab, "read", broken)
    with open_capture(npy_of(tmp_path, plain_weights()[:, 0])) as capture:
        (look,) = look_through(capture)
    assert look.unreadable == ("layer 1 cannot be read: it ends after 7 bytes",)
    assert (look.rows_read, look.rows) == (16, 24)


@pytest.mark.parametrize(
    ("beside", "why"),
    [
        ({"mask": np.ones((7, 7), bool)}, '"mask" [7, 7] fits no picture as a mask'),
        ({"mask": np.array([["a"]])}, '"mask" [1, 1] fits no picture as a mask'),
        ({"scale": np.array(math.nan)}, '"scale" [] holds nan as a scale: a finite number is due'),
        ({"scale": np.array([1.0, 2.0])}, '"scale" [2] holds no scale'),
    ],
)
def test_a_mask_or_a_scale_that_print_refuses_is_told(tmp_path: Path, beside: dict[str, Any], why: str) -> None:
    path = npz_of(tmp_path, {"attention": plain_weights()} | beside)
    with open_capture(path) as capture:
        (look,) = look_through(capture)
    (line,) = look.unreadable
    assert line.startswith("layer 2 cannot be read: " if "[2]" in why else "layers 0 … 2 cannot be read: ")
    assert why in line
    ended = program("print", str(path), "--layer", "2")
    assert (ended.returncode, why in ended.stderr) == (65, True)


def test_an_array_too_large_to_unpack_for_a_look_is_left_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.survey.MOST_WHOLE", 100)
    with open_capture(packed_of(tmp_path, {"attention": plain_weights()})) as capture:
        (look,) = look_through(capture)
    assert look.rows_read == 0
    (line,) = look.left_out
    assert line == '"attention" is compressed, and 960 B are too many for a look'
