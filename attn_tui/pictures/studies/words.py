"""What each experiment shows, in one sentence."""

from __future__ import annotations

from collections.abc import Callable

from rich.segment import Segment

from attn_engine import DiversityStudy, is_protocol, sample_similarity

from ...scene import Scene
from ...view import STUDIES
from ..cells import Lines, wrap

NAMES = {
    "scaling": "Scaling",
    "diversity": "Diversity",
    "patterns": "Patterns",
    "cross": "Self and cross",
    "learning": "Learning",
}


FEW = (2, 4, 8)
"""Numbers of heads that the sentence on diversity is about."""


def sentence(scene: Scene, width: int, _: int) -> Lines:
    """The experiment's name and question, and what is to be seen."""
    study, ink = scene.session.studies.study, scene.ink
    room = width - 2  # a column on each side
    title = f" {NAMES[study]}: {STUDIES[study]}"
    head: Lines = [[Segment(title if len(title) <= room else f" {NAMES[study]}", ink.strong)]]
    return head + [[Segment(f" {line}", ink.text)] for line in wrap(SENTENCES[study](scene), room)]


def _scaling(_: Scene) -> str:
    return (
        "The longer the vectors (d_k numbers each), the larger the scores q·k grow, until one key takes all the "
        "attention and nothing more is learned; divided by √d_k, they share it out alike at every d_k."
    )


def _diversity(scene: Scene) -> str:
    study = scene.trial.of(DiversityStudy) if scene.trial else None
    means = [row.similarity.mean for row in study.rows if row.heads in FEW] if study else []
    about = f"about {sum(means) / len(means):.2f} alike" if means else "equally alike"
    published = ": the published rise from 0.12 to 0.19 is the noise of single draws" if study and _known(study) else ""
    real = sample_similarity()
    return (
        f"Heads of random projections are {about}, whether 2, 4 or 8{published}; what makes heads more alike, "
        f"or less, is training ({min(real):.2f} to {max(real):.2f} by layer in a real model)."
    )


def _known(study: DiversityStudy) -> bool:
    return is_protocol(study.settings)


def _patterns(_: Scene) -> str:
    return (
        "A mask decides which keys a query may see, and so what attention costs: every pair of n positions (n²), "
        "half of them where nobody looks ahead, or only the n·w pairs of a window of w keys."
    )


def _cross(_: Scene) -> str:
    return (
        "Self-attention reads the sequence that asks: queries, keys and values all come from X. Cross-attention reads "
        "another one: queries from X, keys and values from Y, so each sequence keeps its own length."
    )


def _learning(_: Scene) -> str:
    return (
        "Asked for the first of five tokens, attention at first looks everywhere alike and guesses (20 %); step by "
        "step down the gradient it learns to look at the first position and to answer right, unless the rate or the "
        "temperature keeps it from that."
    )


SENTENCES: dict[str, Callable[[Scene], str]] = {
    "scaling": _scaling,
    "diversity": _diversity,
    "patterns": _patterns,
    "cross": _cross,
    "learning": _learning,
}
