"""Heads whose scores are too many to be made, with a small limit: against attention that makes all of them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from attn_engine import (
    Attention,
    Experiment,
    Far,
    FieldError,
    attend,
    far_of,
    is_far,
    measures,
    pooled_map,
    run,
    size_of,
)
from attn_engine.fast import maps

SMALL = 2**10
LARGE = Experiment(source="random", num_heads=2, query_length=70, key_length=90, head_dim=8)


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", SMALL)


def plain(far: Far, experiment: Experiment) -> Attention:
    """The same with every score made, in float64."""
    query, key = far.query.astype(np.float64), far.key.astype(np.float64)
    asked: dict[str, Any] = {name: getattr(experiment, name) for name in ("mask", "scale", "temperature", "align")}
    return attend(query, key, np.ones_like(key), **asked)


ASKED: list[dict[str, Any]] = [
    {},
    {"mask": "causal", "align": "right"},
    {"mask": "causal & window(9)", "temperature": 0.5},
    {"mask": "(q + k + h) % 3 == 0", "scale": "none"},
    {"source": "positions", "num_key_heads": 1},
    {"source": "clusters", "rope": "on"},
    {"source": "projected", "query_length": 91},
    {"mask": "k > q + 10"},
]


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("size", [1, 2, 7, 100, 2**18])
def test_a_map_pooled_has_the_means_of_the_weights_it_is_of(asked: dict[str, Any], size: int) -> None:
    experiment = replace(LARGE, **asked)
    far, grain, head = far_of(experiment), 3, 1
    exact = plain(far, experiment)
    rows, columns = (np.append(np.arange(0, length, grain), length) for length in (far.query_length, far.key_length))
    (found,) = far.maps(head, rows, columns, np.inf)
    means, pairs = pooled_map(found, size)
    weights, mask, step = exact.weights[head], exact.mask_of(head), size * grain
    for row, column in np.ndindex(means.shape):
        block = slice(row * step, (row + 1) * step), slice(column * step, (column + 1) * step)
        seen = weights[block][mask[block]]
        assert pairs[row, column] == seen.size
        assert means[row, column] == pytest.approx(seen.mean() if seen.size else 0, abs=1e-5)
    np.testing.assert_allclose(found.entropy, measures.entropy(weights), atol=1e-4)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_a_row_is_that_of_attention_stage_by_stage(asked: dict[str, Any]) -> None:
    experiment = replace(LARGE, **asked)
    far = far_of(experiment)
    exact = plain(far, experiment)
    for head, query in ((0, 0), (1, 41), (1, far.query_length - 1)):
        row = far.row(head, query)
        np.testing.assert_array_equal(row.allowed, exact.mask_of(head)[query])
        for stage in ("scores", "scaled", "weights"):
            np.testing.assert_allclose(getattr(row, stage), getattr(exact, stage)[head, query], atol=2e-5, rtol=1e-5)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_keys_that_each_query_sees_are_counted(asked: dict[str, Any]) -> None:
    far = far_of(replace(LARGE, **asked))
    for head in range(2):
        counted = [far.row(head, query).allowed.sum() for query in range(far.query_length)]
        np.testing.assert_array_equal(far.seen(head), counted)


def test_rows_of_which_nothing_is_known_yet_have_no_means_and_change_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "AT_ONCE", 1)
    far = far_of(replace(LARGE, query_length=400, mask="causal"))
    first = next(far.maps(0, np.arange(0, 401, 10), np.arange(0, 91, 10), 0))
    means, pairs = pooled_map(first, 2)
    known = ~np.asarray(np.isnan(first.means).all(axis=1))
    assert 0 < known.sum() < known.size
    for row, one in enumerate(means):
        own = known[2 * row : 2 * row + 2]
        assert np.isnan(one).all() == (not own.any())
        assert pairs[row].sum() == first.pairs[2 * row : 2 * row + 2][own].sum()


def test_a_source_that_makes_its_numbers_is_far_beyond_the_limit_and_no_other() -> None:
    assert is_far(LARGE)
    assert not is_far(replace(LARGE, num_heads=1, query_length=11))
    assert not any(is_far(replace(LARGE, source=source)) for source in ("sample", "preset", "file"))
    assert size_of(LARGE).query_length == 70


def test_attention_that_makes_every_score_is_refused_with_the_arithmetic() -> None:
    with pytest.raises(ValueError, match="2 heads × 70 queries × 90 keys is 12,600 scores; at most 1,024 are computed"):
        run(LARGE)


@pytest.mark.parametrize("asked", [{"score_mod": "s + 1"}, {"normaliser": "sparsemax"}], ids=str)
def test_what_needs_every_score_is_refused_by_its_field(asked: dict[str, Any]) -> None:
    ((field, value),) = asked.items()
    told = f"12,600 scores; beyond 1,024 possible are softmax, any mask and no score mod, not {value}"
    with pytest.raises(FieldError, match=re.escape(told)) as refused:
        far_of(replace(LARGE, **asked))
    assert refused.value.field == field


def test_numbers_of_one_temperature_are_those_of_another_and_are_not_drawn_again() -> None:
    warm, cold = far_of(LARGE), far_of(replace(LARGE, temperature=0.5))
    assert warm.packed.keys is cold.packed.keys
    assert far_of(replace(LARGE, temperature=0.5)) is cold
