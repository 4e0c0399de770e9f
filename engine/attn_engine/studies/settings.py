"""What a study is about, as frozen values; and what was published for it. Loads no NumPy."""

from __future__ import annotations

from dataclasses import dataclass

from ..experiment import FieldError

MOST_LENGTH = 1024
MOST_HEAD_DIM = 4096
MOST_MODEL = 1024
MOST_DRAWS = 100_000
MOST_SEED = 10**9
MOST_SEED = 10**9
MOST_ROWS = 12
"""Of a table: how many d_k, or numbers of heads, one study compares."""

MOST_SEQUENCES = 2**12
"""Of a task that is learned: all of them are looked at in every step."""

MOST_STEPS = 2000

SCORE_PACE = 10
"""How many times as fast the scores learn as the readout: they are few, and their gradient is small at first."""

LEAST_TEMPERATURE, MOST_TEMPERATURE = 0.01, 1000.0
MOST_RATE = 1000.0
"""So that the largest score that many steps can lead to is far from the limits of a number."""

STARTS: dict[str, str] = {
    "zero": "every score and the whole readout 0",
    "random": "small normal numbers, of deviation 0.01",
}

MOST_BARS = 20
"""Keys of one query, each of which is seen; among many more, the two best are often too close for a clear case."""

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


@dataclass(frozen=True)
class LearningSettings:
    """Copying the first of n tokens out of a vocabulary of v, learned by gradient descent over all v^n sequences.

    `rate` is the readout's learning rate; the scores' is SCORE_PACE times that. `seed` is that of a random start.
    """

    length: int = 5
    vocabulary: int = 5
    rate: float = 0.1
    temperature: float = 1.0
    start: str = "zero"
    seed: int = 0
    steps: int = 320


@dataclass(frozen=True)
class FailureSettings:
    """One query on n keys, drawn from N(0,1)."""

    length: int = 10
    seed: int = 0


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


def check_learning(settings: LearningSettings) -> None:
    """Raise FieldError, saying what is possible, for a training that cannot be had."""
    length, vocabulary = settings.length, settings.vocabulary
    check_range("length", length, 2, 12)
    check_range("vocabulary", vocabulary, 2, 12)
    if (sequences := vocabulary**length) > MOST_SEQUENCES:
        arithmetic = f"{length} tokens of {vocabulary} is {vocabulary}^{length} = {sequences:,} sequences"
        longest = next(n for n in range(12, 0, -1) if vocabulary**n <= MOST_SEQUENCES)
        raise FieldError("length", f"{arithmetic}; at most {MOST_SEQUENCES:,}: up to {longest} tokens of {vocabulary}")
    if not 0 < settings.rate <= MOST_RATE:
        raise FieldError("rate", f"rate {settings.rate!r}; it must be above 0 and at most {MOST_RATE:,g}")
    if not LEAST_TEMPERATURE <= settings.temperature <= MOST_TEMPERATURE:
        possible = f"possible are {LEAST_TEMPERATURE:g} … {MOST_TEMPERATURE:,g}"
        raise FieldError("temperature", f"temperature {settings.temperature!r}; {possible}")
    if settings.start not in STARTS:
        raise FieldError("start", f"start {settings.start!r}; possible are {', '.join(STARTS)}")
    check_range("seed", settings.seed, 0, MOST_SEED)
    check_range("steps", settings.steps, 1, MOST_STEPS)


def check_failures(settings: FailureSettings) -> None:
    """Raise FieldError, saying what is possible, for cases that cannot be had."""
    check_range("length", settings.length, 2, MOST_BARS)
    check_range("seed", settings.seed, 0, MOST_SEED)


def _check_common(settings: ScalingSettings | DiversitySettings | PatternSettings) -> None:
    check_range("length", settings.length, 1, MOST_LENGTH)
    check_range("draws", settings.draws, 1, MOST_DRAWS)
    check_range("seed", settings.seed, 0, MOST_SEED)
    if not 0 < settings.temperature < float("inf"):
        raise FieldError("temperature", f"temperature {settings.temperature!r}; it must be a finite number above 0")


def _check_rows(field: str, rows: tuple[int, ...], most: int) -> None:
    if not 1 <= len(set(rows)) == len(rows) <= MOST_ROWS:
        raise FieldError(field, f"{', '.join(map(str, rows))}: possible are 1 … {MOST_ROWS} different numbers")
    for number in rows:
        check_range(field, number, 1, most)


def _check_heads(settings: DiversitySettings | PatternSettings, heads: tuple[int, ...]) -> None:
    model, length = settings.model, settings.length
    check_range("model", model, 1, MOST_MODEL)
    for number in heads:
        if number < 1 or model % number:
            even = [str(count) for count in range(1, model + 1) if model % count == 0]
            raise FieldError("heads", f"{number} heads do not divide d_model {model}; possible are {', '.join(even)}")
    if (scores := max(heads) * length**2) > MOST_SCORES:
        raise FieldError(
            "length",
            f"{max(heads)} heads × {length} queries × {length} keys is {scores:,} scores; at most {MOST_SCORES:,}",
        )


def check_range(field: str, number: int, least: int, most: int) -> None:
    """Raise FieldError, naming what is possible, for a number outside least … most."""
    if not least <= number <= most:
        raise FieldError(field, f"{number} is not possible; possible are {least} … {most:,}")
