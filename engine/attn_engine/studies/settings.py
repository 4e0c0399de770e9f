"""What a study is about, as frozen values; and what was published for it. Loads no NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from ..experiment import FieldError

MOST_LENGTH = 1024
MOST_HEAD_DIM = 4096
MOST_MODEL = 1024
MOST_DRAWS = 100_000
MOST_ROWS = 12
"""Of a table: how many d_k, or numbers of heads, one study compares."""

MOST_SCORES = 2**22
"""Scores of all heads of one draw, of which some copies are held: tens of megabytes."""


@dataclass(frozen=True)
class ScalingSettings:
    """n queries and n keys of independent N(0,1) entries, one head: the softmax with and without 1/√d_k."""

    length: int = 20
    head_dims: tuple[int, ...] = (8, 32, 64, 128, 256, 512)
    draws: int = 200
    seed: int = 0
    temperature: float = 1.0
    mask: str = "full"


@dataclass(frozen=True)
class DiversitySettings:
    """Heads of X ~ N(0,1), (n, d_model), by W_q and W_k of variance 2/d_model; d_k = d_model/heads; scaled."""

    length: int = 20
    heads: tuple[int, ...] = (1, 2, 4, 8)
    model: int = 64
    draws: int = 200
    seed: int = 0
    temperature: float = 1.0
    mask: str = "full"


@dataclass(frozen=True)
class PatternSettings:
    """The first of some heads, drawn as for the diversity of heads, under several masks."""

    length: int = 20
    heads: int = 4
    model: int = 64
    draws: int = 200
    seed: int = 0
    temperature: float = 1.0
    masks: tuple[str, ...] = ("full", "causal", "local(3)")


# One random draw each, as published: mean entropy in nats by d_k; mean similarity by heads.

PUBLISHED_UNSCALED = {8: 1.50, 32: 0.51, 64: 0.42, 128: 0.25, 256: 0.13, 512: 0.07}
PUBLISHED_SCALED = {8: 2.65, 32: 2.55, 64: 2.54, 128: 2.51, 256: 2.54, 512: 2.56}
PUBLISHED_SIMILARITY = {1: 1.00, 2: 0.12, 4: 0.17, 8: 0.19}


def is_protocol(settings: ScalingSettings | DiversitySettings) -> bool:
    """Whether the published figures belong to these settings; rows, draws and seed are free."""
    default = type(settings)()
    return all(
        getattr(settings, field, None) == getattr(default, field, None)
        for field in ("length", "model", "temperature", "mask")
    )


def check_scaling(settings: ScalingSettings) -> None:
    """Raise FieldError, saying what is possible, for a scaling study that cannot be made."""
    _check_common(settings)
    _check_rows("head_dims", settings.head_dims, MOST_HEAD_DIM)


def check_diversity(settings: DiversitySettings) -> None:
    """Raise FieldError, saying what is possible, for a diversity study that cannot be made."""
    _check_common(settings)
    _check_rows("heads", settings.heads, MOST_MODEL)
    _check_heads(settings, settings.heads)


def check_patterns(settings: PatternSettings) -> None:
    """Raise FieldError, saying what is possible, for a study of patterns that cannot be made."""
    _check_common(settings)
    _check_heads(settings, (settings.heads,))


def _check_common(settings: ScalingSettings | DiversitySettings | PatternSettings) -> None:
    _check_range("length", settings.length, 1, MOST_LENGTH)
    _check_range("draws", settings.draws, 1, MOST_DRAWS)
    _check_range("seed", settings.seed, 0, 10**9)
    if not 0 < settings.temperature < float("inf"):
        raise FieldError("temperature", f"temperature {settings.temperature!r}; it must be a finite number above 0")


def _check_rows(field: str, rows: tuple[int, ...], most: int) -> None:
    if not 1 <= len(set(rows)) == len(rows) <= MOST_ROWS:
        raise FieldError(field, f"{', '.join(map(str, rows))}: possible are 1 … {MOST_ROWS} different numbers")
    for number in rows:
        _check_range(field, number, 1, most)


def _check_heads(settings: DiversitySettings | PatternSettings, heads: tuple[int, ...]) -> None:
    model, length = settings.model, settings.length
    _check_range("model", model, 1, MOST_MODEL)
    for number in heads:
        if number < 1 or model % number:
            even = [str(count) for count in range(1, model + 1) if model % count == 0]
            raise FieldError("heads", f"{number} heads do not divide d_model {model}; possible are {', '.join(even)}")
    if (scores := max(heads) * length**2) > MOST_SCORES:
        raise FieldError(
            "length",
            f"{max(heads)} heads × {length} queries × {length} keys is {scores:,} scores; at most {MOST_SCORES:,}",
        )


def _check_range(field: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise FieldError(field, f"{number} is not possible; possible are {least} … {most:,}")
