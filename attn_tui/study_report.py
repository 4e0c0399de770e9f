"""What attn-tui study prints: a sentence, an aligned table, and what its figures are."""

from __future__ import annotations

import argparse
import sys
import textwrap
from collections.abc import Iterator

from rich.segment import Segment

from attn_engine import DiversitySettings, ScalingSettings, diversity_study, pattern_study, scaling_study

from .pictures.cells import Lines, page, width_of
from .pictures.ink import Ink, make_ink
from .report import rendered, tier_of, width_wanted
from .study_command import Settings
from .study_progress import gathered
from .study_records import Study, csv_text, json_text
from .study_texts import TEXTS

WIDEST = 100
"""Columns of a sentence; longer lines are hard to read."""


def print_study(settings: Settings, given: argparse.Namespace) -> int:
    """Make the study and print what the options ask for; 130 where ctrl+c left a part of it, else 0.

    Raises FieldError, RuleError or OSError.
    """
    study, interrupted = gathered(_studies(settings), settings.draws)
    if interrupted and sys.stderr:
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
