"""Rules that have no value somewhere on a plane: found without looking at every cell."""

from __future__ import annotations

import numpy as np

from .evaluation import evaluate
from .intervals import hazards
from .plane import Plane, Rectangles
from .tree import Rule

MOST_SUSPECTS = 4096
ROUNDS = 24


def check_rule(rule: Rule, plane: Plane) -> None:
    """Raise the RuleError that evaluating the rule on the plane raises; nothing is said of what is sound.

    Where the whole plane cannot be judged to be sound, suspicious rectangles are split and their corners
    evaluated. Of very many suspicious rectangles only the first are followed: a hidden mistake can be missed.
    """
    suspects = Rectangles.between([0, plane.query_length], [0, plane.key_length])
    for _ in range(ROUNDS):
        places = np.flatnonzero(hazards(rule, plane, suspects).ravel())[:MOST_SUSPECTS]
        if not places.size:
            return
        suspects = suspects.chosen(places)
        for queries in (suspects.query_low, suspects.query_high):
            for keys in (suspects.key_low, suspects.key_high):
                evaluate(rule, plane.points(queries, keys))
        suspects, _ = suspects.split()
        if not suspects.query_low.size:
            return
