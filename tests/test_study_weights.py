"""The weights that are drawn of a study are those of its first draw."""

from __future__ import annotations

import math
from typing import Any

import pytest

from attn_engine import (
    DiversitySettings,
    PatternSettings,
    ScalingSettings,
    diversity_study,
    diversity_weights,
    mean_similarity,
    pattern_study,
    pattern_weights,
    scaling_study,
    scaling_weights,
    similarity,
)


def entropy_by_loop(row: Any) -> float:
    return -sum(p * math.log(p) for p in row.tolist() if p > 0)


@pytest.mark.parametrize("mask", ["full", "causal"])
def test_the_weights_shown_of_scaling_are_those_of_the_studys_first_draw(mask: str) -> None:
    settings = ScalingSettings(length=7, head_dims=(8, 64), draws=1, seed=3, temperature=0.7, mask=mask)
    (study,) = scaling_study(settings)
    for row in study.rows:
        for figures, weights in zip((row.unscaled, row.scaled), scaling_weights(settings, row.head_dim), strict=True):
            mean = sum(map(entropy_by_loop, weights)) / 7
            assert figures.entropy.mean == pytest.approx(mean, abs=1e-5)


def test_the_heads_shown_of_diversity_are_those_of_the_studys_first_draw() -> None:
    settings = DiversitySettings(length=9, heads=(2, 4), draws=1, seed=5, mask="causal")
    (study,) = diversity_study(settings)
    for row in study.rows:
        weights = diversity_weights(settings, row.heads)
        assert weights.shape == (row.heads, 9, 9)
        assert row.similarity.mean == pytest.approx(mean_similarity(similarity(weights)), abs=1e-5)


def test_the_patterns_shown_are_those_of_the_studys_first_draw() -> None:
    settings = PatternSettings(length=9, draws=1, seed=2, masks=("full", "local(1)", "q > k"))
    (study,) = pattern_study(settings)
    for row, (weights, mask) in zip(study.rows, pattern_weights(settings), strict=True):
        seeing = mask.any(axis=-1)
        assert not weights[~mask].any()
        mean = sum(map(entropy_by_loop, weights[seeing])) / seeing.sum()
        assert row.entropy.mean == pytest.approx(mean, abs=1e-5)
