"""The experiments: what each is about, and where its cursor stands."""

from __future__ import annotations

from attn_engine import MOST_DRAWS, MOST_HEAD_DIM, MOST_LENGTH, MOST_SEED, STARTS, Kind, LearningSettings

from .. import view as views
from ..values import (
    TEMPERATURES,
    along,
    around,
    one_of,
    read_pair,
    read_positive,
    read_rule,
    ready_made,
    step,
    whole,
    write_number,
    write_pair,
)
from .row import Parameter

_masks = ready_made(Kind.MASK)
_lengths = (2, 3, 5, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024)
_draws = (10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
_dims = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096)
_heads = (1, 2, 4, 8, 16, 32, 64)
_rates = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)


def _read_heads(text: str) -> int:
    """A number of heads that divides d_model."""
    number = whole(1, _heads[-1])(text)
    if number not in _heads:
        raise ValueError(
            f"{number} heads do not divide d_model {_heads[-1]}; possible are {', '.join(map(str, _heads))}"
        )
    return number


STUDIES: tuple[Parameter, ...] = (
    Parameter(
        "study",
        ("--study",),
        ", ".join(views.STUDIES),
        "the experiment on show",
        one_of(views.STUDIES),
        turn=around(views.STUDIES),
    ),
    Parameter(
        field="study_length",
        options=("--study-n",),
        name="n",
        key="Q",
        possible=f"1 … {MOST_LENGTH:,}",
        help="how many queries, and keys, each draw has",
        read=whole(1, MOST_LENGTH),
        turn=along(_lengths),
    ),
    Parameter(
        field="study_keys",
        options=("--study-keys",),
        name="keys of Y",
        key="K",
        possible=f"1 … {MOST_LENGTH:,}",
        help="how long the other sequence is, the one that cross-attention reads",
        read=whole(1, MOST_LENGTH),
        turn=along(_lengths),
    ),
    Parameter(
        field="draws",
        options=("--draws",),
        name="draws",
        key="D",
        possible=f"1 … {MOST_DRAWS:,}",
        help="how many random draws a mean is taken over; where they are stopped, those that are there stay",
        read=whole(1, MOST_DRAWS),
        turn=along(_draws),
    ),
    Parameter(
        field="study_temperature",
        options=("--study-temperature",),
        name="temperature",
        key="t",
        possible="> 0; for the training 0.01 … 1,000",
        help="what the scores are divided by before the softmax",
        read=read_positive,
        write=write_number,
        turn=along(TEMPERATURES),
    ),
    Parameter(
        field="study_mask",
        options=("--study-mask",),
        name="mask",
        key="m",
        possible=f"{', '.join(_masks)}, or any rule of q and k",
        help="who may look where, in the experiment",
        read=read_rule(Kind.MASK),
        examples=_masks,
        turn=around(_masks),
    ),
    Parameter(
        field="pattern",
        options=("--pattern",),
        name="pattern",
        key="m",
        possible=f"{', '.join(_masks)}, or any rule of q and k",
        help="the mask in the fourth place, beside full, causal and local",
        read=read_rule(Kind.MASK),
        examples=_masks,
        turn=around(_masks),
    ),
    Parameter(
        field="study_seed",
        options=("--study-seed",),
        name="seed",
        key="r",
        possible=f"0 … {MOST_SEED:,}",
        help="which random draws",
        read=whole(0, MOST_SEED),
        turn=step(0, MOST_SEED),
    ),
    Parameter(
        field="study_dim",
        options=("--study-d-k",),
        name="d_k shown",
        key="d",
        possible=f"1 … {MOST_HEAD_DIM:,}",
        help="the d_k stood on: its weights are drawn, and it joins those that were published",
        read=whole(1, MOST_HEAD_DIM),
        turn=along(_dims),
    ),
    Parameter(
        field="study_heads",
        options=("--study-heads",),
        name="heads shown",
        key="H",
        possible=", ".join(map(str, _heads)),
        help="the number of heads stood on: its heads are drawn, and it joins those that were published",
        read=_read_heads,
        turn=along(_heads),
    ),
    Parameter(
        field="train_rate",
        options=("--rate",),
        name="rate",
        key="e",
        possible="> 0 … 1,000",
        help="the learning rate: how far each step goes down the gradient (the scores go ten times as far)",
        read=read_positive,
        write=write_number,
        turn=along(_rates),
    ),
    Parameter(
        field="train_start",
        options=("--start",),
        name="start",
        key="s",
        possible="zero, random",
        help="what the training starts from: all zeros, or small random numbers",
        read=one_of(STARTS),
        turn=around(STARTS),
    ),
    Parameter(
        "train_step",
        ("--step",),
        f"0 … {LearningSettings().steps}",
        "how many steps the training on show has made",
        whole(0, LearningSettings().steps),
    ),
    Parameter(
        "failure",
        ("--failure",),
        "0 … 5",
        "the way in which attention fails that is told of",
        whole(0, 5),
    ),
    Parameter(
        "pattern_at",
        ("--pattern-at",),
        "0 … 3",
        "the pattern stood on",
        whole(0, 3),
    ),
    Parameter(
        "study_cursor",
        ("--study-cursor",),
        "QUERY,KEY",
        "the query, and the key, stood on in the experiment",
        read_pair,
        write_pair,
    ),
    Parameter(
        "study_panel",
        ("--study-panel",),
        ", ".join(views.STUDY_PANELS),
        "the panel of the experiments that the keys go to, and that a small terminal shows",
        one_of(views.STUDY_PANELS),
    ),
)  # fmt: skip

COMMON = ("study_length", "draws", "study_temperature", "study_mask", "study_seed")

KNOBS_OF: dict[str, tuple[str, ...]] = {
    "scaling": (*COMMON, "study_dim"),
    "diversity": (*COMMON, "study_heads"),
    "patterns": ("study_length", "draws", "study_temperature", "pattern", "study_seed"),
    "cross": ("preset", "study_length", "study_keys", "study_temperature", "study_mask", "study_seed"),
    "preset": ("preset", "temperature", "mask", "seed"),
    "learning": ("train_rate", "train_start", "study_temperature", "study_seed"),
}
"""The fields that are knobs of each experiment, and of a preset, in the order that they are shown in."""
