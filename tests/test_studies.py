"""The studies against the figures of their protocols, against plain loops, and against laws."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple, replace
from functools import lru_cache
from itertools import combinations, islice
from typing import Any, TypeVar

import numpy as np
import pytest

from attn_engine import (
    PUBLISHED_SCALED,
    PUBLISHED_SIMILARITY,
    PUBLISHED_UNSCALED,
    DiversitySettings,
    Estimate,
    FieldError,
    PatternSettings,
    RuleError,
    ScalingSettings,
    ScalingStudy,
    diversity_study,
    estimate,
    is_protocol,
    mean_similarity,
    pattern_study,
    run,
    sample_similarity,
    scaling_study,
    similarity,
)
from attn_engine.experiment import Experiment
from attn_engine.studies.rows import softmax_rows
from tests import oracles
from tests.test_walls import loaded_by

S = TypeVar("S")

SCALING = {  # d_k: mean and band of single draws, without and with the division, of 4,000 draws, good to ±0.003
    8: ((1.422, 1.109, 1.730), (2.578, 2.424, 2.701)),
    32: ((0.652, 0.438, 0.876), (2.571, 2.465, 2.659)),
    64: ((0.440, 0.264, 0.631), (2.568, 2.471, 2.650)),
    128: ((0.299, 0.153, 0.463), (2.567, 2.475, 2.645)),
    256: ((0.205, 0.085, 0.347), (2.567, 2.476, 2.642)),
    512: ((0.141, 0.045, 0.262), (2.567, 2.480, 2.638)),
}
DIVERSITY = {2: (0.187, 0.104, 0.302), 4: (0.190, 0.143, 0.243), 8: (0.195, 0.163, 0.232)}
"""The same of the similarity by number of heads, of 3,000 draws."""

MANY = 2000


def last(studies: Iterable[S]) -> S:
    """The whole study."""
    *_, study = studies
    return study


@lru_cache
def scaling(settings: ScalingSettings) -> ScalingStudy:
    return last(scaling_study(settings))


def agrees(found: Estimate, mean: float, low: float, high: float, draws: int) -> None:
    """The mean within four of its errors, the band's ends within about four of theirs."""
    deviation = found.error * math.sqrt(draws)
    assert found.mean == pytest.approx(mean, abs=4 * found.error + 0.003)
    assert found.low == pytest.approx(low, abs=0.3 * deviation)
    assert found.high == pytest.approx(high, abs=0.3 * deviation)


# The figures of the protocols


@pytest.mark.parametrize("kind", ["unscaled", "scaled"])
@pytest.mark.parametrize("head_dim", SCALING)
def test_entropies_are_those_of_the_protocol(head_dim: int, kind: str) -> None:
    rows = {row.head_dim: row for row in scaling(ScalingSettings(draws=MANY)).rows}
    agrees(getattr(rows[head_dim], kind).entropy, *SCALING[head_dim][kind == "scaled"], MANY)


@pytest.mark.parametrize("draws", [200, MANY])
def test_every_published_entropy_lies_inside_the_band_of_single_draws(draws: int) -> None:
    rows = scaling(ScalingSettings(draws=draws)).rows
    assert [row.unscaled.entropy.published for row in rows] == [1.50, 0.51, 0.42, 0.25, 0.13, 0.07]
    assert [row.scaled.entropy.published for row in rows] == [2.65, 2.55, 2.54, 2.51, 2.54, 2.56]
    assert all(kind.entropy.inside for row in rows for kind in (row.unscaled, row.scaled))


def test_similarities_are_those_of_the_protocol() -> None:
    first, *rows = last(diversity_study(DiversitySettings(draws=MANY))).rows
    assert (first.heads, first.similarity) == (1, Estimate(1, 0, 1, 1, 1.0))
    for row in rows:
        agrees(row.similarity, *DIVERSITY[row.heads], MANY)
    assert [row.similarity.published for row in rows] == [0.12, 0.17, 0.19]
    assert all(row.similarity.inside for row in rows)


def test_under_a_causal_mask_the_expectation_is_another_and_nothing_was_published() -> None:
    rows = last(diversity_study(DiversitySettings(mask="causal", draws=1000))).rows
    assert [round(row.similarity.mean, 2) for row in rows] == [1.0, 0.42, 0.42, 0.43]
    assert {row.similarity.published for row in rows} == {None}


def test_the_heads_of_the_sample_are_less_different_than_random_ones() -> None:
    layers = sample_similarity()
    assert [round(layer, 2) for layer in (min(layers), max(layers))] == [0.59, 0.88]
    assert layers[3] == mean_similarity(similarity(run(Experiment(layer=3)).weights))


def test_the_patterns_are_those_of_the_protocol() -> None:
    full, causal, local = last(pattern_study(PatternSettings())).rows
    assert [row.pairs for row in (full, causal, local)] == [400, 210, 20 * 7 - 2 * (3 + 2 + 1)]
    assert [row.density for row in (full, causal, local)] == [1, 0.525, 0.32]
    assert [row.most_keys for row in (full, causal, local)] == [20, 20, 7]
    assert [row.growth.word for row in (full, causal, local)] == ["O(n²)", "O(n²)", "O(n)"]
    assert local.growth.pairs == tuple(7 * n - 12 for n in (20, 1024, 16_384, 1_048_576))
    assert causal.growth.pairs == tuple(n * (n + 1) // 2 for n in causal.growth.lengths)
    assert all(0 < row.entropy.mean < row.ceiling for row in (full, causal, local))
    assert "Longformer" in local.used_by


def test_published_figures_are_shown_for_the_protocol_alone() -> None:
    assert all(is_protocol(settings) for settings in (ScalingSettings(), DiversitySettings()))
    assert is_protocol(ScalingSettings(head_dims=(3,), draws=5, seed=9))
    assert is_protocol(DiversitySettings(heads=(2, 16), draws=5, seed=9))
    others: tuple[dict[str, Any], ...] = ({"length": 21}, {"temperature": 2.0}, {"mask": "causal"})
    for changes in others:
        assert not is_protocol(replace(ScalingSettings(), **changes))
        assert not is_protocol(replace(DiversitySettings(), **changes))
    assert not is_protocol(DiversitySettings(model=128))
    rows = scaling(ScalingSettings(head_dims=(8, 9), draws=3)).rows
    assert [row.scaled.entropy.published for row in rows] == [2.65, None]
    assert rows[1].scaled.entropy.inside is None
    assert (len(PUBLISHED_SCALED), len(PUBLISHED_UNSCALED), len(PUBLISHED_SIMILARITY)) == (6, 6, 4)


# Plain loops


def numbers(name: str, seed: int, draw: int, *shape: int) -> Any:
    """One draw's numbers: the stream of its name, its seed and its own number."""
    stream = np.random.default_rng([zlib.crc32(name.encode()), seed, draw])
    return stream.standard_normal(shape, dtype=np.float32).astype(np.float64)


def seen(rule: str) -> Callable[[int, int], bool]:
    return {
        "full": lambda q, k: True,
        "causal": lambda q, k: k <= q,
        "local(1)": lambda q, k: abs(q - k) <= 1,
        "k < q": lambda q, k: k < q,
    }[rule]


def mean_entropy(query: Any, key: Any, factor: float, rule: str) -> float:
    """The mean over queries that see something, by the textbook."""
    sees = seen(rule)
    one = oracles.attend(
        [query.tolist()], [key.tolist()], [key.tolist()], factor=factor, sees=lambda h, q, k: sees(q, k)
    )
    rows = [row for q, row in enumerate(one.weights[0]) if any(sees(q, k) for k in range(len(row)))]
    return math.fsum(map(oracles.entropy, rows)) / len(rows)


@pytest.mark.parametrize("rule", ["full", "causal", "local(1)", "k < q"])
@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_each_draw_of_the_scaling_study_is_that_of_plain_loops(rule: str, temperature: float) -> None:
    settings = ScalingSettings(6, (3, 9), 4, 7, temperature, rule)
    study = scaling(settings)
    for at, head_dim in enumerate(settings.head_dims):
        for draw in range(settings.draws):
            x = numbers("scaling", 7, draw, 9, 2, 6)[:head_dim]
            query, key = x[:, 0].T, x[:, 1].T
            expected = [mean_entropy(query, key, factor / temperature, rule) for factor in (1, 1 / math.sqrt(head_dim))]
            np.testing.assert_allclose(study.values[draw, at, :2], expected, atol=2e-5)


@pytest.mark.parametrize("rule", ["full", "causal"])
def test_each_draw_of_the_diversity_study_is_that_of_plain_loops(rule: str) -> None:
    settings = DiversitySettings(5, (1, 2, 4), 8, 3, 2, mask=rule)
    study = last(diversity_study(settings))
    for draw in range(settings.draws):
        x = numbers("projections", 2, draw, 8 + 8 + 5, 8)
        query, key = (x[16:] @ w * math.sqrt(2 / 8) for w in (x[:8], x[8:16]))
        for at, heads in enumerate(settings.heads):
            queries, keys = ([part.tolist() for part in np.split(side, heads, axis=1)] for side in (query, key))
            factor = math.sqrt(heads / 8)
            weights = oracles.attend(queries, keys, keys, factor=factor, sees=lambda h, q, k: seen(rule)(q, k)).weights
            flat = [[w for row in head for w in row] for head in weights]
            pairs = [oracles.cosine(a, b) for a, b in combinations(flat, 2)]
            assert study.values[draw, at] == pytest.approx(math.fsum(pairs) / len(pairs) if pairs else 1, abs=1e-6)


def test_each_draw_of_the_patterns_is_that_of_plain_loops() -> None:
    settings = PatternSettings(5, 2, 8, 3, 4, masks=("full", "causal", "local(1)"))
    study = last(pattern_study(settings))
    for draw in range(settings.draws):
        x = numbers("projections", 4, draw, 8 + 8 + 5, 8)
        query, key = ((x[16:] @ w * math.sqrt(2 / 8))[:, :4] for w in (x[:8], x[8:16]))
        expected = [mean_entropy(query, key, 1 / 2, rule) for rule in settings.masks]
        np.testing.assert_allclose(study.values[draw], expected, atol=1e-5)


@pytest.mark.parametrize("size", [0.01, 1.0, 5.0, 30.0])
def test_entropy_and_jacobian_are_those_of_the_whole_matrix(size: float) -> None:
    scores = (np.random.default_rng(0).standard_normal((3, 4, 7)) * size).astype(np.float32)
    mask = np.tri(4, 7, 2, dtype=np.bool_)
    entropy, jacobian = softmax_rows(scores, mask)
    for draw, query in np.ndindex(3, 4):
        p = np.array(oracles.softmax(scores[draw, query].tolist(), mask[query].tolist()))
        assert entropy[draw, query] == pytest.approx(oracles.entropy(p.tolist()), abs=2e-6)
        assert jacobian[draw, query] == pytest.approx(float(np.linalg.norm(np.diag(p) - np.outer(p, p))), abs=2e-6)


# Laws

STUDIES: tuple[tuple[Callable[..., Any], Any], ...] = (
    (scaling_study, ScalingSettings(head_dims=(64, 8, 33), draws=40)),
    (diversity_study, DiversitySettings(draws=40)),
    (pattern_study, PatternSettings(draws=40)),
    (scaling_study, ScalingSettings(7, (64, 8, 33), 40, temperature=2.0, mask="k < q")),
    (diversity_study, DiversitySettings(9, draws=40, mask="(q + k + h) % 3 == 0")),
    (pattern_study, PatternSettings(9, 2, draws=40, masks=("k < q", "local(2)"))),
)


@pytest.mark.parametrize(("study", "settings"), STUDIES)
@pytest.mark.parametrize("batch", [1, 7, 40, 1000])
def test_the_batch_changes_nothing(study: Callable[..., Any], settings: Any, batch: int) -> None:
    np.testing.assert_array_equal(last(study(settings, batch)).values, last(study(settings)).values)


@pytest.mark.parametrize(("study", "settings"), STUDIES)
def test_more_draws_begin_with_the_same_ones(study: Callable[..., Any], settings: Any) -> None:
    few, many = (last(study(replace(settings, draws=draws), 5)).values for draws in (10, 40))
    np.testing.assert_array_equal(many[:10], few)


@pytest.mark.parametrize(("study", "settings"), STUDIES)
def test_another_seed_gives_other_draws(study: Callable[..., Any], settings: Any) -> None:
    assert not np.array_equal(last(study(replace(settings, seed=1))).values, last(study(settings)).values)


@pytest.mark.parametrize(("study", "settings"), STUDIES)
def test_a_study_is_had_after_each_batch_and_stays_as_it_was(study: Callable[..., Any], settings: Any) -> None:
    soon, later = islice(study(settings, 15), 2)
    assert (soon.done, later.done) == (15, 30)
    np.testing.assert_array_equal(soon.values, later.values[:15])
    with pytest.raises(ValueError, match="read-only"):
        soon.values[0] = 0


@pytest.mark.parametrize(("study", "settings"), STUDIES[:3])
def test_threads_change_nothing(study: Callable[..., Any], settings: Any) -> None:
    seeds = [replace(settings, seed=seed) for seed in (0, 1, 2, 0)]
    with ThreadPoolExecutor(4) as pool:
        together = [found.values for found in pool.map(lambda each: last(study(each, 3)), seeds)]
    for found, each in zip(together, seeds, strict=True):
        np.testing.assert_array_equal(found, last(study(each)).values)


def test_a_d_k_has_the_same_draws_whatever_stands_beside_it() -> None:
    together = scaling(ScalingSettings(draws=20)).rows
    for row in together[:3]:
        (alone,) = scaling(ScalingSettings(head_dims=(row.head_dim,), draws=20)).rows
        assert alone.scaled.entropy.mean == pytest.approx(row.scaled.entropy.mean, abs=1e-5)
    turned = scaling(ScalingSettings(head_dims=(512, 256, 128, 64, 32, 8), draws=20)).rows
    assert turned == together[::-1]


@pytest.mark.parametrize("rule", ["full", "causal", "local(3)"])
@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0, 1e30, 1e-30, 1e300, 1e-300])
def test_entropy_stays_below_its_ceiling(rule: str, temperature: float) -> None:
    study = scaling(ScalingSettings(draws=20, head_dims=(1, 8, 128), mask=rule, temperature=temperature))
    assert study.values[..., :2].min() >= 0
    assert study.values[..., :2].max() <= study.ceiling + 1e-6
    if rule == "full":
        assert study.ceiling == pytest.approx(math.log(20))
    if temperature > 1e20:
        np.testing.assert_allclose(study.values[..., :2], study.ceiling, rtol=1e-6)


def test_the_scores_deviate_by_the_square_root_of_d_k_and_scaled_ones_by_1() -> None:
    for row in scaling(ScalingSettings(draws=MANY)).rows:
        assert row.scaled.deviation == pytest.approx(1, abs=0.01)
        assert row.unscaled.deviation == pytest.approx(math.sqrt(row.head_dim), rel=0.01)


def test_without_the_division_the_gradient_vanishes_and_with_it_it_stays() -> None:
    rows = scaling(ScalingSettings(draws=MANY)).rows
    unscaled, scaled = ([getattr(row, kind).jacobian for row in rows] for kind in ("unscaled", "scaled"))
    assert unscaled == sorted(unscaled, reverse=True)
    assert unscaled[-1] < unscaled[0] / 3
    assert max(scaled) - min(scaled) < 0.01


def test_an_estimate_is_the_mean_its_error_and_the_band() -> None:
    values = np.arange(101, dtype=np.float64)
    error = math.sqrt(sum((x - 50) ** 2 for x in range(101)) / 100 / 101)
    found = estimate(values, 97.0)
    assert astuple(found) == (50.0, pytest.approx(error), 2.5, 97.5, 97.0)
    assert (found.inside, replace(found, published=98.0).inside) == (True, False)
    assert math.isnan(estimate(values[:1]).error)


# Bad settings


@pytest.mark.parametrize(
    ("study", "settings", "field", "said"),
    [
        (scaling_study, ScalingSettings(length=0), "length", "0 is not possible; possible are 1 … 1,024"),
        (scaling_study, ScalingSettings(head_dims=()), "head_dims", "1 … 12 different"),
        (scaling_study, ScalingSettings(head_dims=(8, 8)), "head_dims", "8, 8: possible are 1 … 12 different"),
        (scaling_study, ScalingSettings(head_dims=(0,)), "head_dims", "1 … 4,096"),
        (scaling_study, ScalingSettings(draws=10**6), "draws", "1 … 100,000"),
        (scaling_study, ScalingSettings(seed=-1), "seed", "0 …"),
        (scaling_study, ScalingSettings(temperature=math.nan), "temperature", "finite number above 0"),
        (scaling_study, ScalingSettings(mask="k > q + 19"), "mask", "no query of 20 sees any key"),
        (diversity_study, DiversitySettings(mask="h == 0"), "mask", "in one of 2 heads no query of 20 sees any key"),
        (diversity_study, DiversitySettings(heads=(3,)), "heads", "possible are 1, 2, 4, 8, 16, 32, 64"),
        (diversity_study, DiversitySettings(length=1024, heads=(64,)), "length", "at most 4,194,304"),
        (diversity_study, DiversitySettings(model=0, heads=(1,)), "model", "1 … 1,024"),
        (pattern_study, PatternSettings(heads=0), "heads", "possible are 1, 2"),
    ],
)
def test_settings_that_cannot_be_had_are_told_at_once(
    study: Callable[..., Any], settings: Any, field: str, said: str
) -> None:
    with pytest.raises(FieldError) as caught:
        study(settings)
    assert caught.value.field == field
    assert said in str(caught.value)


def test_a_mistake_in_the_rule_is_told_at_once() -> None:
    with pytest.raises(RuleError):
        scaling_study(ScalingSettings(mask="causl"))


def test_settings_and_published_figures_are_read_without_numpy() -> None:
    loaded, _ = loaded_by("-c", "import attn_engine as e; e.ScalingSettings(), e.PUBLISHED_SCALED, e.is_protocol")
    assert "attn_engine" in loaded
    assert "numpy" not in loaded


@pytest.mark.parametrize(("draws", "banded"), [(1, False), (39, False), (40, True), (200, True)])
def test_few_draws_have_no_band_and_judge_no_published_figure(draws: int, banded: bool) -> None:
    (*_, study) = scaling_study(ScalingSettings(draws=draws))
    for row in study.rows:
        found = row.unscaled.entropy
        assert math.isfinite(found.low) == math.isfinite(found.high) == banded
        assert (found.inside is not None) == banded
