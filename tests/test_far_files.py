"""Heads of a file whose scores are too many to be made, with a small limit: against the same heads with all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import Attention, CaptureError, Experiment, FieldError, close_files, far_of, is_far, measures, run_once
from attn_engine.captures.bands import Band, band_of
from attn_engine.notation import Grid, Kind, evaluate, parse
from tests.capture_files import bytes_read, npz_of, packed_of, safetensors_of
from tests.drawing import brief

QUERIES, KEYS, LIMIT = 90, 110, 2**10


@contextmanager
def limited() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("attn_engine.experiment.MAX_SCORES", LIMIT)
        yield


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    close_files()
    yield
    close_files()


def arrays(**others: Any) -> dict[str, Any]:
    """Query and key of two layers, four heads and two key heads."""
    stream = np.random.default_rng(5)
    query, key = (stream.normal(0, 1.5, (2, 4, QUERIES, 8)), stream.normal(0, 1.5, (2, 2, KEYS, 8)))
    return {"query": query.astype(np.float32), "key": key.astype(np.float32)} | others


def lower(offset: int = 0, dtype: Any = np.bool_) -> Any:
    return np.tri(QUERIES, KEYS, offset, dtype=dtype)


def additive(mask: Any) -> Any:
    return np.where(mask, 0, -1e9).astype(np.float32)[None, None]


ODD = np.random.default_rng(1).random((QUERIES, KEYS)) < 0.5

FILES: dict[str, dict[str, Any]] = {
    "plain": {},
    "half": {"query": arrays()["query"].astype(np.float16), "key": arrays()["key"].astype(np.float16)},
    "causal": {"mask": lower()},
    "causal at the end": {"mask": lower(KEYS - QUERIES)},
    "said to be causal": {"is_causal": np.asarray(True)},
    "said to be causal, and a mask": {"is_causal.1": np.asarray(True), "mask": ~lower(-30)},
    "window": {"mask": lower(3) & ~lower(-9)},
    "any": {"mask": ODD},
    "any of each head": {"mask": np.random.default_rng(2).random((4, QUERIES, KEYS)) < 0.3},
    "keys that are padding": {"mask": np.arange(KEYS) < 80},
    "0 and 1, padded at the left": {"mask": (lower() & (np.arange(QUERIES)[:, None] > 40)).astype(np.float32)},
    "whole numbers, padded": {"mask": (lower() & (np.arange(QUERIES)[:, None] > 40)).astype(np.int32)},
    "queries that see nothing": {"mask": lower(-5)},
    "of all layers, additive": {"mask": additive(lower(20))},
    "of one layer": {"mask.1": lower(1)},
    "of each head": {"mask": np.stack([lower(at) for at in range(4)])},
    "scale": {"scale": np.float32(0.21)},
    "several batch items": {"query": np.stack([arrays()["query"]] * 3, 1), "key": np.stack([arrays()["key"]] * 3, 1)},
}
ASKED: list[dict[str, Any]] = [
    {},
    {"mask": "causal & window(30)", "align": "right", "temperature": 0.7},
    {"scale": "none", "rope": "on"},
]


def experiment_of(path: Path, **asked: Any) -> Experiment:
    return Experiment(source="file", file=str(path), layer=1, **asked)


def exact(experiment: Experiment) -> Attention:
    """With every score made."""
    assert not is_far(experiment)
    return run_once(experiment)[0]


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("name", FILES)
def test_its_rows_and_its_map_are_those_of_every_score(name: str, asked: dict[str, Any], tmp_path: Path) -> None:
    experiment = experiment_of(npz_of(tmp_path, arrays(**FILES[name])), **asked)
    whole = exact(experiment)
    edges = np.append(np.arange(0, QUERIES, 7), QUERIES), np.append(np.arange(0, KEYS, 7), KEYS)
    with limited():
        assert is_far(experiment)
        for head in range(4):
            far = far_of(experiment, head)
            weights, mask = whole.weights[head], whole.mask_of(head)
            (found,) = far.maps(head, *edges, np.inf)
            for row, column in np.ndindex(found.means.shape):
                block = slice(*edges[0][row : row + 2]), slice(*edges[1][column : column + 2])
                seen = weights[block][mask[block]]
                assert found.pairs[row, column] == seen.size
                assert found.means[row, column] == pytest.approx(seen.mean() if seen.size else 0, abs=1e-5)
            np.testing.assert_allclose(found.entropy, measures.entropy(weights), atol=1e-4)
            np.testing.assert_array_equal(far.seen(head), mask.sum(axis=1))
            for query in (0, 41, QUERIES - 1):
                one = far.row(head, query)
                np.testing.assert_array_equal(one.allowed, mask[query])
                np.testing.assert_allclose(one.weights, weights[query], atol=1e-6)
                np.testing.assert_allclose(one.scaled, whole.scaled[head, query], atol=2e-5, rtol=1e-5)


def test_its_tokens_layers_and_sizes_are_the_files(tmp_path: Path) -> None:
    names = {"query_tokens": [f"q{at}" for at in range(QUERIES)], "key_tokens": [f"k{at}" for at in range(KEYS)]}
    texts = {name: np.array(tokens) for name, tokens in names.items()}
    layered = {f"{name}.{number}": array[at] for name, array in arrays().items() for at, number in enumerate((3, 7))}
    path = npz_of(tmp_path, layered | texts)
    with limited():
        far = far_of(replace(experiment_of(path), layer=7), 2)
        given = far.inputs()
    assert (far.num_heads, far.num_key_heads, far.query_length, far.key_length, far.head_dim) == (4, 2, 90, 110, 8)
    assert list(given.query_tokens) == names["query_tokens"]
    assert list(given.key_tokens) == names["key_tokens"]
    assert given.layers == (3, 7)
    assert given.captured
    assert given.captured.layer == 7


def test_one_head_is_read_and_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = safetensors_of(tmp_path, arrays())
    with limited():
        is_far(experiment_of(path))
        read = bytes_read(monkeypatch)
        far = far_of(experiment_of(path), 1)
        far.row(1, 5)
        far_of(experiment_of(path, temperature=2.0), 1).row(1, 6)
    assert sum(read) == (QUERIES + KEYS) * 8 * 4


def test_a_file_that_was_cut_says_so_where_another_head_is_read(tmp_path: Path) -> None:
    path = safetensors_of(tmp_path, arrays())
    with limited():
        far_of(experiment_of(path), 0).row(0, 3)
        path.write_bytes(path.read_bytes()[:-400])
        with pytest.raises(CaptureError, match="it changed or was cut while open"):
            far_of(experiment_of(path), 3)
        assert far_of(experiment_of(path), 0).row(0, 4).weights.sum() == pytest.approx(1)


def test_a_mask_of_too_many_cells_is_refused_in_a_line_that_says_what_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("attn_engine.reading_long.MOST_MASKED", 2**13)
    experiment = experiment_of(npz_of(tmp_path, arrays(mask=ODD)))
    told = "its mask is no band of keys around each query, and has 9,900 cells; at most 8,192 are read: save is_causal"
    with limited(), pytest.raises(FieldError, match=re.escape(told)) as refused:
        far_of(experiment)
    assert refused.value.field == "file"
    bands = experiment_of(npz_of(tmp_path / "..", arrays(mask=lower())))
    with limited():
        assert far_of(bands).row(0, 3).allowed.sum() == 4


def test_too_many_numbers_are_refused_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = experiment_of(packed_of(tmp_path, arrays()))
    monkeypatch.setattr("attn_engine.reading_long.MAX_DRAWN", 1000)
    with limited(), pytest.raises(FieldError, match=r"1,600 numbers of query and key; at most 1,000 are read"):
        far_of(experiment, 2)


def test_numbers_that_are_none_are_counted_and_spoil_no_other_row(tmp_path: Path) -> None:
    given = arrays()
    given["query"][1, 2, 30, 4] = np.nan
    experiment = experiment_of(npz_of(tmp_path, given))
    with limited():
        far = far_of(experiment, 2)
        (found,) = far.maps(2, np.arange(QUERIES + 1), [0, KEYS], np.inf)
        notes, others = far.inputs().captured, far_of(experiment, 1).inputs().captured
    assert notes
    assert others
    assert notes.notes == ("1 query holds NaN or ∞",)
    assert not others.notes
    assert np.isnan(found.means[30]).all()
    assert np.isfinite(np.delete(found.means, 30, axis=0)).all()


# Masks as bands


def plain_band(mask: Any) -> Band | None:
    """The band that a mask is, by trying every one."""
    queries, keys = mask.shape
    difference = np.arange(keys) - np.arange(queries)[:, None]
    offsets = [None, *range(-queries - keys, queries + keys)]
    for first in offsets:
        for last in offsets:
            low, high = (-np.inf if first is None else first), (np.inf if last is None else last)
            if np.array_equal((difference >= low) & (difference <= high), mask):
                return Band(first, last)
    return None


def looked_at(mask: Any) -> Band | None:
    return band_of(lambda rows: mask[rows.start : rows.stop], *mask.shape)


sizes = st.integers(1, 5)


@st.composite
def masks(draw: Any) -> Any:
    queries, keys = draw(sizes), draw(sizes)
    difference = np.arange(keys) - np.arange(queries)[:, None]
    mask = (difference >= draw(st.integers(-6, 2))) & (difference <= draw(st.integers(-2, 6)))
    if draw(st.booleans()):
        mask[draw(st.integers(0, queries - 1)), draw(st.integers(0, keys - 1))] ^= True
    return mask


@brief
@given(masks(), st.sampled_from(["left", "right"]))
def test_a_band_is_found_where_there_is_one_and_its_rule_is_the_mask(mask: Any, align: Any) -> None:
    found = looked_at(mask)
    assert (found is not None) == (plain_band(mask) is not None and bool(mask.any(axis=1).all()))
    if found is not None:
        queries, keys = mask.shape
        rule = parse(found.rule(keys - queries if align == "right" else 0), Kind.MASK)
        grid = Grid.of(queries, keys, align=align)
        np.testing.assert_array_equal(np.broadcast_to(evaluate(rule, grid), (1, *mask.shape))[0], mask)


def test_bands_are_told_as_people_write_them() -> None:
    assert looked_at(np.ones((4, 5), bool)) == Band()
    assert Band().rule() == "full"
    assert Band(None, 0).rule() == Band(None, 3).rule(3) == "causal"
    assert Band(-4, 2).rule() == "k >= q - 4 & k <= q + 2"


def test_a_mask_is_looked_through_a_part_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.captures.bands.AT_ONCE", 3 * KEYS)
    asked: list[range] = []

    def rows(some: range) -> Any:
        asked.append(some)
        return lower(2)[some.start : some.stop]

    assert band_of(rows, QUERIES, KEYS) == Band(None, 2)
    assert max(map(len, asked)) == 3
    assert [at for some in asked for at in some] == list(range(QUERIES))
