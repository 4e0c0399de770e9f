"""What attn-tui study prints: a sentence, an aligned table, and what its figures are."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from rich.segment import Segment

from attn_engine import (
    DiversitySettings,
    DiversityStudy,
    PatternStudy,
    ScalingSettings,
    ScalingStudy,
    diversity_study,
    is_protocol,
    pattern_study,
    sample_similarity,
    scaling_study,
)

from .pictures.cells import Lines, page, printable, width_of
from .pictures.ink import Ink, make_ink
from .report import rendered, tier_of, width_wanted
from .study_command import Settings
from .study_progress import gathered
from .study_records import Record, Study, csv_text, json_text, records_of

WIDEST = 100
"""Columns of a sentence; longer lines are hard to read."""


def print_study(settings: Settings, given: argparse.Namespace) -> int:
    """Make the study and print what the options ask for; 130 where ctrl+c left a part of it, else 0.

    Raises FieldError, RuleError or OSError.
    """
    study, interrupted = gathered(_studies(settings), settings.draws)
    if interrupted:
        sys.stderr.write(f"attn-tui: interrupted after {study.done:,} of {settings.draws:,} draws\n")
    if given.json:
        text = json_text(study, interrupted)
    elif given.csv:
        text = csv_text(study)
    else:
        tier = tier_of(given)
        text = rendered(study_lines(study, make_ink(tier), width_wanted(given)), tier)
    sys.stdout.write(text)
    sys.stdout.flush()
    return 130 if interrupted else 0


def _studies(settings: Settings) -> Iterator[Study]:
    if isinstance(settings, ScalingSettings):
        return scaling_study(settings)
    return diversity_study(settings) if isinstance(settings, DiversitySettings) else pattern_study(settings)


def study_lines(study: Study, ink: Ink, width: int) -> Lines:
    """The sentence, the tables, and the notes below them."""
    said, tables, notes = TEXTS[type(study)](study)
    lines: Lines = _wrapped(said, ink, width, "strong")
    for table in tables:
        header, *rows = table
        lines += [[], [Segment(header, ink.dim)], *([Segment(row, ink.text)] for row in rows)]
    lines.append([])
    for note in notes:
        lines += _wrapped(note, ink, width, "dim")
    widest = max(width, *map(width_of, lines))  # a long row is not cut
    return page(lines, widest, len(lines), ink.text) if ink.shaded else lines


def _wrapped(text: str, ink: Ink, width: int, style: str) -> Lines:
    return [[Segment(line, getattr(ink, style))] for line in textwrap.wrap(text, min(width, WIDEST))]


class Column(NamedTuple):
    """One column of a table: its title, how a record is written in it, and on which side."""

    title: str
    write: Callable[[Record], str]
    side: str = ">"


def table(columns: Iterable[Column], records: list[Record]) -> list[str]:
    """The header and the rows, as wide as what is in them, two spaces between columns."""
    written = [[column.title, *map(column.write, records)] for column in columns]
    sides = [column.side for column in columns]
    widths = [max(map(len, cells)) for cells in written]
    rows = zip(*written, strict=True)
    return [
        "  ".join(f"{cell:{side}{width}}" for cell, side, width in zip(row, sides, widths, strict=True)).rstrip()
        for row in rows
    ]


def _fixed(name: str, digits: int) -> Callable[[Record], str]:
    return lambda record: "–" if record[name] is None else f"{record[name]:.{digits}f}"


def _mean(record: Record) -> str:
    error = record["error"]
    return f"{record['mean']:.3f} ± {error:.3f}" if error > 0 else f"{record['mean']:.3f}"


def _band(record: Record) -> str:
    return "–" if record.get("heads") == 1 else f"{record['low']:.3f} – {record['high']:.3f}"


def _inside(record: Record) -> str:
    return {None: "–", True: "yes", False: "no"}[record["inside"]]


def _count(name: str) -> Callable[[Record], str]:
    return lambda record: f"{record[name]:,}" if name in record else "–"


def _published(study: Any) -> list[Column]:
    """The column of the published figure, where there is one; the mean; the band; whether it is inside."""
    known = is_protocol(study.settings)
    first = [Column("published", _fixed("published", 2))] if known else []
    last = [Column("inside", _inside)] if known else []
    return [*first, Column("mean ± error", _mean), Column("95 % of draws", _band), *last]


Texts = tuple[str, list[list[str]], list[str]]
"""A sentence, tables with their headers, and notes."""


def scaling_texts(study: ScalingStudy) -> Texts:
    """Two tables, one without and one with the division."""
    names = {"unscaled": "q·k", "scaled": "q·k/√d_k"}
    columns = [
        Column("scores", lambda record: names[record["scores"]], "<"),
        Column("d_k", _count("d_k")),
        *_published(study),
        Column("s.d.", _fixed("score_deviation", 2)),
        Column("Jacobian", _fixed("jacobian", 3)),
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
    most = f"ln {length} = {study.ceiling:.3f}" if full else f"{study.ceiling:.3f}, the mean of ln(keys seen)"
    cooled = " before the temperature" if study.settings.temperature != 1 else ""
    return (
        f"Figures are the softmax's entropy in nats, a mean over {length} queries; it is at most {most}. "
        f"s.d. is the standard deviation of the scores{cooled}: q·k grows as √d_k. "
        "Jacobian is the mean Frobenius norm of diag(p) − p·pᵀ."
    )


def diversity_texts(study: DiversityStudy) -> Texts:
    """One table, and the heads of a real model below it."""
    records = records_of(study)
    columns = [Column("heads", _count("heads")), *_published(study)]
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
        Column("pairs", _count("pairs")),
        Column("of all", lambda record: f"{record['density']:.2%}"),
        Column("keys a query", lambda record: f"≤ {record['most_keys']:,}"),
        Column("entropy ± error", _mean),
        Column("95 % of draws", _band),
        Column("at most", _fixed("ceiling", 3)),
    ]
    lengths = sorted({length for row in study.rows for length in row.growth.lengths})
    words = {row.mask: _growth(row.growth.word, row.most_keys) for row in study.rows}
    pairs = [Column(f"n = {length:,}", _count(f"pairs_at_{length}")) for length in lengths]
    costs = [mask, *pairs, Column("grows as", lambda record: words[record["mask"]], "<")]
    users = [f"{row.mask}: {row.used_by}." for row in study.rows if row.used_by]
    said = (
        "A mask says which keys a query may see: full attention costs n² pairs of n tokens, causal half of them, and "
        "local attention with w keys a query only n·w."
    )
    settings = study.settings
    note = (
        f"Entropy in nats of the first of {settings.heads} random heads, d_model {settings.model}, a mean over "
        f"{settings.length} queries; at most is the mean of ln(keys seen). n … are pairs of that many tokens."
    )
    return said, [table(sees, records), table(costs, records)], [note, *_draws_notes(study), *users]


def _growth(word: str, keys: int) -> str:
    return f"O(n·w), w = {keys}" if word == "O(n)" else word


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


TEXTS: dict[type, Callable[[Any], Texts]] = {
    ScalingStudy: scaling_texts,
    DiversityStudy: diversity_texts,
    PatternStudy: pattern_texts,
}
