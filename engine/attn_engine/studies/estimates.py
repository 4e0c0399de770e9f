"""What many draws say about one number."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BAND = (2.5, 97.5)
"""Percentiles between which 95 % of single draws lie."""

LEAST_FOR_BAND = 40
"""Draws from which there is a band: fewer have none beyond its ends."""


@dataclass(frozen=True)
class Estimate:
    """The mean over draws and its standard error, the band of 95 % of single draws, and what was published.

    `error` is NaN for a single draw, `low` and `high` for fewer than LEAST_FOR_BAND; `published` is None where
    nothing was published for these settings.
    """

    mean: float
    error: float
    low: float
    high: float
    published: float | None = None

    @property
    def inside(self) -> bool | None:
        """Whether the published figure lies inside the band; None without either."""
        known = self.published is not None and not math.isnan(self.low)
        return self.low <= (self.published or 0.0) <= self.high if known else None


def estimate(values: NDArray[np.float64], published: float | None = None) -> Estimate:
    """The estimate of one number from its value in each draw, (draws,)."""
    low, high = np.percentile(values, BAND) if len(values) >= LEAST_FOR_BAND else (math.nan, math.nan)
    error = float(values.std(ddof=1)) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    return Estimate(float(values.mean()), error, float(low), float(high), published)
