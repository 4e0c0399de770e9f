"""What is unusual about rows, of A and B where both are compared; else that nothing is."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..scene import Scene
from ..side import Side
from ..stages import Matrix
from .cells import brief, figure
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


def place_of_a(scene: Scene) -> str:
    """Which picture A is, where it is not of B's file, set, batch item, layer and head: A: layer 2, head 5."""
    if not scene.pinned:
        return ""
    pairs = zip(_places(scene, scene.pinned), _places(scene, scene.side), strict=True)
    told = ", ".join(a for a, b in pairs if a != b and a)
    return f"A: {told}" if told else ""


def _places(scene: Scene, side: Side) -> tuple[str, ...]:
    """Where a side is from, part by part; of heads put together the note of the picture says of which they are."""
    shown, captured, view = side.shown, side.inputs.captured, scene.session.view
    pooled = view.over != "head" and side.combined is not None
    first = captured.first_head if captured else 0
    names = {"file": brief(_file(scene, side)), "preset": shown.preset}
    return (
        names.get(shown.source, shown.source),
        brief(captured.set_name) if captured else "",
        f"batch item {shown.batch_item}" if captured else "",
        "" if side.inputs.layers == (0,) or (pooled and view.over_layers != ()) else f"layer {shown.layer}",
        "" if pooled else f"head {first + side.head}",
    )


def _file(scene: Scene, side: Side) -> str:
    """The name of a side's file, with its directory where the names of both are the same."""
    paths = {each.shown.file for each in scene.sides.values()}
    alone = len({Path(path).name for path in paths}) == len(paths)
    return Path(side.shown.file).name if alone else side.shown.file
