"""What other libraries mean by the same words: a window, an alignment, True, a query that sees nothing."""

from __future__ import annotations

from rich.segment import Segment

from attn_engine import POLARITIES, blind_outcomes

from ...lab.laboratory import Laboratory
from ...scene import Scene
from ..cells import Line, Lines, wrap
from ..ink import Ink
from .settings import unknown

RULE_WIDTH = 20


def conventions(scene: Scene, lab: Laboratory, width: int, height: int) -> Lines:  # noqa: ARG001 - scrolled
    """Four sections, one below the other."""
    ink = scene.ink
    return [
        *_windows(ink, lab, width),
        *_alignments(ink, lab, width),
        *_blind(ink, width),
        *_polarity(ink, width),
    ]


def _title(ink: Ink, text: str, width: int) -> Lines:
    return [[Segment(line, ink.strong)] for line in wrap(text, width)]


def _row(ink: Ink, first: str, text: str, width: int) -> Lines:
    """A row with what is said at its beginning, and the words wrapped beside it, or below where it is long."""
    room = max(width - RULE_WIDTH - 2, 12)
    start: Line = [Segment(f" {first:<{RULE_WIDTH}} ", ink.accent)]
    lines = wrap(text, room)
    if len(first) > RULE_WIDTH:
        return [
            [Segment(f" {first}", ink.accent)],
            *([Segment(f"   {line}", ink.text)] for line in wrap(text, width - 3)),
        ]
    rest: Lines = [[Segment(" " * (RULE_WIDTH + 2) + line, ink.text)] for line in lines[1:]]
    return [[*start, Segment(lines[0], ink.text)], *rest]


def _windows(ink: Ink, lab: Laboratory, width: int) -> Lines:
    query, window = lab.cursor[0], lab.lab.window
    lines = _title(ink, f"One number, window = {window}, as query {query} is let see by", width)
    readings = lab.readings
    if readings is None:
        return [*lines, [Segment(f" {unknown(lab)}", ink.dim)]]
    for reading in readings:
        if not reading.rule:
            lines += _row(ink, "refused", f"{reading.whose}: {reading.note}", width)
            continue
        what = f"{reading.count} key{'s' if reading.count != 1 else ''}{_span(reading.keys)}"
        other = f"; differs in {reading.differs} of {reading.compared} rows" if reading.differs else ""
        lines += _row(ink, reading.rule, f"{what}: {reading.whose}{other}", width)
    return lines


def _span(keys: tuple[int, ...]) -> str:
    return f", {keys[0]} … {keys[-1]}" if len(keys) > 1 else f", {keys[0]}" if keys else ""


def _alignments(ink: Ink, lab: Laboratory, width: int) -> Lines:
    lines = _title(ink, "Alignment where there are not as many queries as keys", width)
    known = lab.alignments
    if known is None:
        return [*lines, [Segment(f" {unknown(lab)}", ink.dim)]]
    for each in known:
        about = "" if each.exact else "≈"
        found = f"{about}{each.pairs:,} pairs, {about}{each.blind:,} queries see nothing"
        text = f"{found}; {each.sentence}: {each.used_by}"
        here = "▸ " if each.align == lab.plane.align else "  "
        lines += _row(ink, here + each.align, text, width)
    return lines


def _blind(ink: Ink, width: int) -> Lines:
    lines = _title(ink, "A query that sees nothing, in float32, with scores 2, 1, 0.5, −1", width)
    for outcome in blind_outcomes():
        numbers = " ".join(f"{weight:.2f}" for weight in outcome.weights)
        lines += _row(ink, outcome.how, f"{numbers}  {outcome.effect}: {outcome.who}", width)
    return lines


def _polarity(ink: Ink, width: int) -> Lines:
    lines = _title(ink, "What True means", width)
    for polarity in POLARITIES:
        lines += _row(ink, polarity.true_means, f"{polarity.used_by}; {polarity.note}", width)
    return lines
