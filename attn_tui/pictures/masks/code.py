"""The rule as source that runs."""

from __future__ import annotations

from rich.segment import Segment

from attn_engine import RuleError, code_of

from ...lab.laboratory import Laboratory
from ...scene import Scene
from ...view import DIALECTS
from ..cells import Lines, chopped, wrap


def code(scene: Scene, lab: Laboratory, width: int, height: int) -> Lines:  # noqa: ARG001 - scrolled by its caller
    """The code of one dialect under the names of all; or why there is none."""
    ink, here = scene.ink, lab.lab.dialect
    names = [Segment("c ", ink.accent)]
    for name, meaning in DIALECTS.items():
        names += [Segment(f" {meaning} ", ink.chosen if name == here else ink.dim), Segment(" ", ink.text)]
    try:
        text = code_of(lab.rule, here, lab.plane)
    except RuleError as error:
        return [names, *([Segment(line, ink.warning)] for line in wrap(error.message, width))]
    lines = [piece for line in text.splitlines() for piece in chopped(line, width)]
    return [names, *([Segment(line, ink.dim if line.lstrip().startswith("#") else ink.text)] for line in lines)]
