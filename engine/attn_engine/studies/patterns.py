"""What each position may see: full, causal and local attention of one random head, and what they cost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from ..attention import Floats, Mask, weigh
from ..masks.costs import Growth, growth
from ..measures import density, keys_seen
from ..notation import parse
from ..notation.plane import Plane
from .estimates import Estimate, estimate
from .projections import batch_size, head_scores, projected
from .rows import mean_ceiling, row_means, softmax_rows, study_mask
from .settings import PatternSettings, check_patterns

LENGTHS = (1024, 16_384, 1_048_576)
"""Where the cost is counted, besides the study's own length."""

USED_BY = {
    "full": "BERT encoders, vision transformers",
    "causal": "GPT",
    "local(3)": "Longformer, BigBird (with global and, for BigBird, random keys)",
}


@dataclass(frozen=True)
class PatternRow:
    """One mask: pairs allowed, their share, keys that a query sees at most, entropy and its ceiling in nats, growth.

    `growth` counts the pairs at the study's length and at LENGTHS; `used_by` is empty for a rule of one's own.
    """

    mask: str
    pairs: int
    density: float
    most_keys: int
    entropy: Estimate
    ceiling: float
    growth: Growth
    used_by: str


@dataclass(frozen=True, eq=False)
class PatternStudy:
    """The study after some draws: `values` is (draws so far, masks), the mean entropy over queries in nats."""

    settings: PatternSettings
    masks: tuple[Mask, ...]
    values: NDArray[np.float64]

    @property
    def done(self) -> int:
        """How many draws there are."""
        return len(self.values)

    @cached_property
    def rows(self) -> tuple[PatternRow, ...]:
        """A row for each mask, in the settings' order."""
        return tuple(map(self._row, self.settings.masks, self.masks, self.values.T))

    def _row(self, rule: str, mask: Mask, values: NDArray[np.float64]) -> PatternRow:
        length = self.settings.length
        return PatternRow(
            rule,
            int(np.count_nonzero(mask)),
            density(mask),
            int(keys_seen(mask).max()),
            estimate(values),
            mean_ceiling(mask),
            pattern_growth(rule, length, self.settings.heads),
            USED_BY.get(rule, ""),
        )


@lru_cache(maxsize=64)
def pattern_growth(rule: str, length: int, heads: int) -> Growth:
    """The pairs that a rule allows at a study's length and at LENGTHS; kept, for it can take a second."""
    return growth(parse(rule), Plane(length, length, heads), sizes=sorted({length, *LENGTHS}))


def pattern_weights(settings: PatternSettings) -> tuple[tuple[Floats, Mask], ...]:
    """The weights of the study's first draw under each mask, and the mask: pairs of (queries, keys).

    Raises FieldError or RuleError as the study does.
    """
    check_patterns(settings)
    query, key = projected(settings.seed, range(1), settings.length, settings.model)
    scores = head_scores(query, key, settings.heads, shown=1)[0]  # (1, n, n)
    masks = [_first_head(study_mask(rule, settings.heads, settings.length)) for rule in settings.masks]
    return tuple((weigh(scores, mask, settings.temperature, "softmax")[0], mask) for mask in masks)


def pattern_study(settings: PatternSettings, batch: int = 0) -> Iterator[PatternStudy]:
    """The study after each batch of draws, the last one whole; whoever has seen enough stops asking.

    Draws are the same whatever the batch, 0 for one that fits the caches, and however many follow them; all masks
    see the same ones. Raises FieldError or RuleError, at once, for settings that cannot be had.
    """
    check_patterns(settings)
    masks = tuple(_first_head(study_mask(rule, settings.heads, settings.length)) for rule in settings.masks)
    return _batches(settings, masks, batch or batch_size(settings.length, settings.model, 1))


def _first_head(mask: Mask) -> Mask:
    return mask if mask.ndim == 2 else mask[0]


def _batches(settings: PatternSettings, masks: tuple[Mask, ...], batch: int) -> Iterator[PatternStudy]:
    values = np.empty((settings.draws, len(masks)))
    for first in range(0, settings.draws, batch):
        draws = range(first, min(first + batch, settings.draws))
        query, key = projected(settings.seed, draws, settings.length, settings.model)
        scores = head_scores(query, key, settings.heads, shown=1)[:, 0]  # (draws, n, n)
        for at, mask in enumerate(masks):
            seen = mask.any(axis=-1)
            entropy, _ = softmax_rows(np.ascontiguousarray(scores[:, seen]), mask[seen], settings.temperature)
            values[draws.start : draws.stop, at] = row_means(entropy)
        so_far = values[: draws.stop]
        so_far.flags.writeable = False
        yield PatternStudy(settings, masks, so_far)
