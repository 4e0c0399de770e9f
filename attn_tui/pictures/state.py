"""What is unusual about rows, of A and B where both are compared; else that nothing is."""

from __future__ import annotations

import numpy as np

from ..scene import Scene
from ..stages import Matrix
from .cells import figure
from .facts import Fact


def row_facts(scene: Scene, row: int) -> list[Fact]:
    """Whether anything is unusual, about this query if there is, else about others; what put together rows sum to."""
    facts = [_state(scene, row)]
    if scene.combined:
        facts.insert(0, (2, _sums(scene, row), scene.ink.text))
    return [fact for fact in facts if fact[1]]


def _state(scene: Scene, row: int) -> Fact:
    ink, sides = scene.ink, scene.sides
    if own := {name: side.by_row[row][0] for name, side in sides.items() if row in side.by_row}:
        texts = [f"{name}: {text}" if name else f"this query {text}" for name, text in own.items()]
        return 0, "; ".join(texts), ink.warning
    if scene.unusual_rows:
        counts = {name: len(side.by_row) for name, side in sides.items() if side.by_row}
        counted = " and ".join(_counted(*each) for each in counts.items())
        return 2, f"{counted} unusual: {scene.keycaps['finding']}", ink.warning
    return 6, "" if scene.combined else "all rows sum to 1", ink.good


def _counted(name: str, count: int) -> str:
    return f"{count} quer{'ies' if count > 1 else 'y'}{f' of {name}' if name else ''}"


def _sums(scene: Scene, row: int) -> str:
    """What a row sums to where tokens are hidden, or heads are put together; of A and B, both."""
    sums = [figure(_total(weights[row])) for weights in scene.compared or (scene.seen_weights,)]
    return f"rows sum to {' and '.join(sums)}" if scene.compared else f"row sums to {sums[0]}"


def _total(weights: Matrix) -> float:
    with np.errstate(invalid="ignore", over="ignore"):
        return float(weights.sum(dtype=np.float64))


def different_tokens(scene: Scene) -> list[Fact]:
    """That A, which is compared with B cell by cell, is of other tokens than those on show."""
    if not scene.pinned:
        return []
    pairs = zip(scene.pinned.tokens, scene.side.tokens, strict=True)
    differ = any(one and other and one != other for one, other in pairs)
    return [(1, "A has other tokens", scene.ink.warning)] if differ else []
