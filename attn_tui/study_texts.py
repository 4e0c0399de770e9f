"""What each study says: a sentence, its tables, and the notes below them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attn_engine import DiversityStudy, Growth, PatternStudy, ScalingStudy, is_protocol, sample_similarity

from .pictures.cells import printable
from .study_records import Record, Study, records_of
from .study_tables import Column, band, counted, fixed, inside, mean, table

Texts = tuple[str, list[list[str]], list[str]]
"""A sentence, tables with their headers, and notes."""


def scaling_texts(study: ScalingStudy) -> Texts:
    """Two tables, one without and one with the division."""
    names = {"unscaled": "q·k", "scaled": "q·k/√d_k"}
    columns = [
        Column("scores", lambda record: names[record["scores"]], "<"),
        Column("d_k", counted("d_k")),
        *_published(study),
        Column("s.d.", fixed("score_deviation", 2)),
        Column("Jacobian", fixed("jacobian", 3)),
    ]
    header, *rows = table(columns, records_of(study))
    half = len(rows) // 2
    said = (
        "A query shares out its attention by the scores q·k: the longer the vectors (d_k numbers), the larger the "
        "scores, until nearly all weight goes to one key (entropy falls to 0) and little can be learned (the "
        "Jacobian falls too); dividing the scores by √d_k keeps both about the same at every length."
    )
    return said, [[header, *rows[:half], "", *rows[half:]]], [_entropy_note(study), *_draws_notes(study)]


def _entropy_note(study: ScalingStudy) -> str:
    length, full = study.settings.length, study.settings.mask == "full"
    most = f"ln {length:,} = {study.ceiling:.3f}" if full else f"{study.ceiling:.3f}, the mean of ln(keys seen)"
    cooled = " before the temperature" if study.settings.temperature != 1 else ""
    return (
        f"Figures are the softmax's entropy in nats, a mean over {_queries(length)}; it is at most {most}. "
        f"s.d. is the standard deviation of the scores{cooled}: q·k grows as √d_k. "
        "Jacobian is the mean Frobenius norm of diag(p) − p·pᵀ."
    )


def diversity_texts(study: DiversityStudy) -> Texts:
    """One table, and the heads of a real model below it."""
    records = records_of(study)
    columns = [Column("heads", counted("heads")), *_published(study)]
    written = table(
        [*columns, Column("", lambda record: "by definition" if record["heads"] == 1 else "", "<")], records
    )
    said = (
        "How alike the heads of one layer look, 0 for nothing in common and 1 for the same, where nothing was learned: "
        "with random projections the similarity is about the same whatever the number of heads."
    )
    noise = (
        "So the published rise from 0.12 to 0.19 is the noise of single draws. " if is_protocol(study.settings) else ""
    )
    layers = sample_similarity()
    real = (
        "Trained heads are another matter: those of all-MiniLM-L6-v2 on the sample's sentence have "
        f"{' '.join(f'{value:.2f}' for value in layers)}, layer by layer: {min(layers):.2f} to {max(layers):.2f}."
    )
    measured = "Figures are the mean cosine similarity of the weights of all pairs of heads."
    return said, [written], [f"{measured} {noise}", *_draws_notes(study), real]


def pattern_texts(study: PatternStudy) -> Texts:
    """What each mask sees, what it costs, and who uses it."""
    records = records_of(study)
    mask = Column("mask", lambda record: printable(record["mask"])[:40], "<")
    sees = [
        mask,
        Column("pairs", counted("pairs")),
        Column("of all", lambda record: f"{record['density']:.2%}"),
        Column("keys a query", lambda record: f"≤ {record['most_keys']:,}"),
        Column("entropy ± error", mean),
        Column("95 % of draws", band),
        Column("at most", fixed("ceiling", 3)),
    ]
    lengths = sorted({length for row in study.rows for length in row.growth.lengths})
    words = {row.mask: _growth(row.growth) for row in study.rows}
    pairs = [Column(f"n = {length:,}", _pairs_at(study, length)) for length in lengths]
    costs = [mask, *pairs, Column("grows as", lambda record: words[record["mask"]], "<")]
    users = [f"{row.mask}: {row.used_by}." for row in study.rows if row.used_by]
    said = (
        "A mask says which keys a query may see: full attention costs n² pairs of n tokens, causal half of them, and "
        "local attention with w keys a query only n·w."
    )
    settings = study.settings
    note = (
        f"Entropy in nats of the first of {settings.heads} random heads, d_model {settings.model}, a mean over "
        f"{_queries(settings.length)}; at most is the mean of ln(keys seen). n … are pairs of that many tokens."
    )
    return said, [table(sees, records), table(costs, records)], [note, *_draws_notes(study), *users]


def _pairs_at(study: PatternStudy, length: int) -> Callable[[Record], str]:
    """The pairs at one length, marked where they are estimated; none where the rule has no value."""
    pairs = counted(f"pairs_at_{length}")
    exact = {row.mask: dict(zip(row.growth.lengths, row.growth.exact, strict=True)) for row in study.rows}
    return lambda record: ("" if exact[record["mask"]].get(length, True) else "≈ ") + pairs(record)


def _growth(growth: Growth) -> str:
    """The word of the growth; where it is n, with the keys that a query has."""
    keys = -(-growth.pairs[-1] // growth.lengths[-1]) if growth.pairs else 0
    return f"O(n·w), w = {keys:,}" if growth.word == "O(n)" else growth.word


def _queries(length: int) -> str:
    return f"{length:,} quer{'y' if length == 1 else 'ies'}"


def _draws_notes(study: Study) -> list[str]:
    settings = study.settings
    cooled = f", temperature {settings.temperature:g}" if settings.temperature != 1 else ""
    mask = "" if isinstance(study, PatternStudy) or study.settings.mask == "full" else f", mask {study.settings.mask}"
    draws = f"{study.done:,} draw{'s' * (study.done != 1)}, seed {settings.seed}{cooled}{printable(mask)}"
    if study.done < settings.draws:
        draws = f"{study.done:,} of {settings.draws:,} draws, seed {settings.seed}{cooled}{printable(mask)}"
    told = "± is the standard error of the mean; 95 % of single draws lie in the band"
    return [f"{draws}: {told}{_published_note(study)}."]


def _published_note(study: Study) -> str:
    if isinstance(study, PatternStudy):
        return ""
    return "; each published figure is one draw" if is_protocol(study.settings) else "; none was published for these"


def _published(study: Any) -> list[Column]:
    """The column of the published figure, where there is one; the mean; the band; whether it is inside."""
    known = is_protocol(study.settings)
    first = [Column("published", fixed("published", 2))] if known else []
    last = [Column("inside", inside)] if known else []
    return [*first, Column("mean ± error", mean), Column("95 % of draws", band), *last]


TEXTS: dict[type, Callable[[Any], Texts]] = {
    ScalingStudy: scaling_texts,
    DiversityStudy: diversity_texts,
    PatternStudy: pattern_texts,
}
