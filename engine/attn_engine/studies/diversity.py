"""How alike random heads are: many draws of heads that differ only because their projections differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..attention import Floats, Mask, weigh
from ..experiment import Experiment
from ..heads import mean_similarity, similarity
from ..pipeline import inputs_of, run
from .estimates import Estimate, estimate
from .projections import batch_size, head_scores, projected
from .rows import row_means, study_mask
from .settings import PUBLISHED_SIMILARITY, DiversitySettings, check_diversity, is_protocol


@dataclass(frozen=True)
class DiversityRow:
    """One number of heads: the mean cosine similarity of all pairs of heads' weights; 1 by definition for one."""

    heads: int
    similarity: Estimate


@dataclass(frozen=True, eq=False)
class DiversityStudy:
    """The study after some draws: `values` is (draws so far, numbers of heads)."""

    settings: DiversitySettings
    values: NDArray[np.float64]

    @property
    def done(self) -> int:
        """How many draws there are."""
        return len(self.values)

    @cached_property
    def rows(self) -> tuple[DiversityRow, ...]:
        """A row for each number of heads, in the settings' order."""
        published = PUBLISHED_SIMILARITY if is_protocol(self.settings) else {}
        return tuple(
            DiversityRow(heads, _estimate(heads, self.values[:, at], published.get(heads)))
            for at, heads in enumerate(self.settings.heads)
        )


def _estimate(heads: int, values: NDArray[np.float64], published: float | None) -> Estimate:
    return Estimate(1.0, 0.0, 1.0, 1.0, published) if heads == 1 else estimate(values, published)


def diversity_weights(settings: DiversitySettings, heads: int) -> Floats:
    """The weights of the heads of the study's first draw, (heads, queries, keys).

    Raises FieldError or RuleError as the study does.
    """
    check_diversity(replace(settings, heads=(heads,)))
    query, key = projected(settings.seed, range(1), settings.length, settings.model)
    mask = study_mask(settings.mask, heads, settings.length)
    return weigh(head_scores(query, key, heads)[0], mask, settings.temperature, "softmax")


def diversity_study(settings: DiversitySettings, batch: int = 0) -> Iterator[DiversityStudy]:
    """The study after each batch of draws, the last one whole; whoever has seen enough stops asking.

    Draws are the same whatever the batch, 0 for one that fits the caches, and however many follow them. Raises
    FieldError or RuleError, at once, for settings that cannot be had.
    """
    check_diversity(settings)
    masks = {heads: study_mask(settings.mask, heads, settings.length) for heads in settings.heads}
    size = batch or batch_size(settings.length, settings.model, max(settings.heads))
    return _batches(settings, masks, size)


def _batches(settings: DiversitySettings, masks: dict[int, Mask], batch: int) -> Iterator[DiversityStudy]:
    values = np.ones((settings.draws, len(settings.heads)))
    for first in range(0, settings.draws, batch):
        draws = range(first, min(first + batch, settings.draws))
        query, key = projected(settings.seed, draws, settings.length, settings.model)
        for at, (heads, mask) in enumerate(masks.items()):
            if heads > 1:
                weights = weigh(head_scores(query, key, heads), mask, settings.temperature, "softmax")
                values[draws.start : draws.stop, at] = mean_similarities(weights)
        so_far = values[: draws.stop]
        so_far.flags.writeable = False
        yield DiversityStudy(settings, so_far)


def mean_similarities(weights: Floats) -> NDArray[Any]:
    """The mean cosine similarity of all pairs of different heads, in each draw: (draws,) of (draws, heads, n, n)."""
    first, second = np.triu_indices(weights.shape[-3], 1)
    return row_means(similarity(weights)[..., first, second])


@lru_cache(maxsize=1)
def sample_similarity() -> tuple[float, ...]:
    """The mean similarity of a real model's heads, those of the sample, in each of its layers."""
    layers = range(inputs_of(Experiment()).num_layers)
    return tuple(mean_similarity(similarity(run(Experiment(layer=layer)).weights)) for layer in layers)
