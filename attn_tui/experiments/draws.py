"""Many random draws, a slice at a time: what a study says so far, and the draws still to come."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from attn_engine import (
    DiversitySettings,
    DiversityStudy,
    Growth,
    PatternSettings,
    PatternStudy,
    Plane,
    ScalingSettings,
    ScalingStudy,
    diversity_study,
    growth,
    parse,
    pattern_growth,
    pattern_study,
    scaling_study,
)

from ..view import Studies

Study: TypeAlias = ScalingStudy | DiversityStudy | PatternStudy
Settings: TypeAlias = ScalingSettings | DiversitySettings | PatternSettings

SLICE = 0.15
"""Seconds of drawing between two answers: often enough to watch, seldom enough to leave time for showing them."""

RECKONING = 10
"""How many times as long is drawn as the figures of the draws take to reckon."""

PATTERNS = PatternSettings().masks
"""The patterns that are always shown; one of the user's own stands beside them."""

COST_LENGTHS = tuple(range(32, 513, 32))
"""Up to where the cost is drawn: there n² is far above n·w, and n·w still to be seen."""


@dataclass(frozen=True, eq=False)
class Draws:
    """A study after some of its draws, and the iterator that makes more."""

    study: Study
    rest: Iterator[Any]
    reckoned_in: float = 0.0
    """Seconds that the study's figures took."""


def settings_of(studies: Studies) -> Settings | None:
    """What the study on show is about; None for the experiments that draw nothing."""
    make = _SETTINGS.get(studies.study)
    return make(studies) if make else None


def _scaling(studies: Studies) -> ScalingSettings:
    rows = sorted({*ScalingSettings().head_dims, studies.study_dim})
    return ScalingSettings(head_dims=tuple(rows), **_common(studies), mask=studies.study_mask)


def _diversity(studies: Studies) -> DiversitySettings:
    rows = sorted({*DiversitySettings().heads, studies.study_heads})
    return DiversitySettings(heads=tuple(rows), **_common(studies), mask=studies.study_mask)


def _patterns(studies: Studies) -> PatternSettings:
    return PatternSettings(**_common(studies), masks=tuple(dict.fromkeys((*PATTERNS, studies.pattern))))


def _common(studies: Studies) -> dict[str, Any]:
    return {
        "length": studies.study_length,
        "draws": studies.draws,
        "seed": studies.study_seed,
        "temperature": studies.study_temperature,
    }


_SETTINGS: dict[str, Callable[[Studies], Settings]] = {
    "scaling": _scaling,
    "diversity": _diversity,
    "patterns": _patterns,
}
_MAKERS: dict[type, Any] = {
    ScalingSettings: scaling_study,
    DiversitySettings: diversity_study,
    PatternSettings: pattern_study,
}


def started(settings: Settings) -> Iterator[Any]:
    """The study, batch by batch. Raises FieldError or RuleError, at once, for settings that cannot be had."""
    batches: Iterator[Any] = _MAKERS[type(settings)](settings)
    return batches


def begun(settings: Settings) -> Draws:
    """The study after its first draws."""
    batches = started(settings)
    return _reckoned(next(batches), batches)


def _reckoned(study: Study, rest: Iterator[Any]) -> Draws:
    """The draws with the study's figures, which are reckoned here, where nobody waits for them."""
    start = time.monotonic()
    assert study.rows
    return Draws(study, rest, time.monotonic() - start)


@lru_cache(maxsize=32)
def cost(rule: str) -> Growth:
    """The pairs that a mask allows at each of the lengths that the cost is drawn for."""
    return growth(parse(rule), Plane(1, 1, PatternSettings().heads), sizes=COST_LENGTHS)


def costs(masks: tuple[str, ...], length: int) -> tuple[Growth, ...]:
    """The costs of all masks of a study, and with them those that its table tells of, which are kept."""
    for mask in masks:
        pattern_growth(mask, length, PatternSettings().heads)
    return tuple(map(cost, masks))


def numbers_of_draw(settings: Settings) -> int:
    """How many numbers one draw makes, about."""
    n = settings.length
    if isinstance(settings, ScalingSettings):
        return 2 * n * (max(settings.head_dims) + n * len(settings.head_dims))
    heads = sum(settings.heads) if isinstance(settings, DiversitySettings) else len(settings.masks)
    return settings.model * (2 * settings.model + 3 * n) + heads * n**2


def more(draws: Draws) -> Draws | None:
    """The study after a slice of further draws; None where all are there."""
    end = time.monotonic() + max(SLICE, RECKONING * draws.reckoned_in)
    study = next(draws.rest, None)  # also where the machine is so busy that there is no time
    while time.monotonic() < end and (following := next(draws.rest, None)):
        study = following
    return _reckoned(study, draws.rest) if study else None
