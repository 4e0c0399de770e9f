"""attn-tui print --query: what one query reads, heaviest first, as text, JSON or CSV; of any length of row."""

from __future__ import annotations

import csv
import io
import json
import math
from dataclasses import dataclass, replace

import numpy as np
from rich.segment import Segment

from attn_engine import measures

from .moves import with_view
from .options import command
from .pictures.cells import Line, Lines, figure
from .scene import Scene
from .stages import Mask, Matrix

HUGE = 100_000


@dataclass(frozen=True)
class Reads:
    """What a query reads: the row and columns of the picture, heaviest first, where NaN and ∞ come last."""

    scene: Scene
    query: int
    row: int
    weights: Matrix
    allowed: Mask
    order: list[int]
    unusual: tuple[str, ...]

    def place(self, column: int) -> int:
        """The position that a column stands for; of a word, its first."""
        combined = self.scene.combined
        return combined.key_places[column][0] if combined else column

    @property
    def entropy(self) -> float | None:
        """In nats; None where the row has none."""
        entropy = float(measures.entropy(self.weights)) if self.allowed.any() else math.nan
        return entropy if math.isfinite(entropy) else None


def reads_of(scene: Scene, query: int, top: int | None = None) -> Reads:
    """The keys that a query reads, all that it sees or the `top` heaviest."""
    row = replace(scene, session=with_view(scene, cursor=(query, 0))).cursor[0]
    weights, allowed, unusual = _row_of(scene, row)
    order = np.argsort(-np.where(np.isfinite(weights), weights, -np.inf), kind="stable")
    return Reads(scene, query, row, weights, allowed, order[allowed[order]][:top].tolist(), unusual)


def _row_of(scene: Scene, row: int) -> tuple[Matrix, Mask, tuple[str, ...]]:
    """The weights of one row, where it may look, (keys,), and what is unusual; of a far one without the others."""
    if scene.is_far:
        from .far import as_far
        from .rows import reading_of

        found = reading_of(as_far(scene).far, scene.head, row)
        return found.row.weights, found.row.allowed, (found.unusual,) if found.unusual else ()
    return np.asarray(scene.weights[row]), np.asarray(scene.allowed[row]), scene.side.by_row.get(row, ())


def query_lines(reads: Reads, where: str) -> Lines:
    """The keys with their weights, the sum of those so far, and tokens; above them what is to be said of the row."""
    scene = reads.scene
    name = f' "{scene.query_labels[reads.row]}"' if scene.has_tokens else ""
    done = "".join(f" · {note}" for note in scene.combined.notes) if scene.combined else ""
    lines: Lines = [[Segment(f"query {reads.query}{name} of {where}{done}: {_found(reads)}", scene.ink.strong)]]
    total = 0.0
    for column in reads.order:
        total += float(reads.weights[column])
        lines.append(_key_line(reads, column, total))
    return lines


def _key_line(reads: Reads, column: int, total: float) -> Line:
    scene = reads.scene
    return [
        Segment(f"{reads.place(column):>7}  ", scene.ink.dim),
        Segment(f"{_written(float(reads.weights[column]))}  {_running(total)}  ", scene.ink.accent),
        Segment(scene.key_labels[column] if scene.has_tokens else "", scene.ink.text),
    ]


def _found(reads: Reads) -> str:
    """The entropy of a row, where it has any, and whatever is unusual about it."""
    if not reads.allowed.any():
        return "sees nothing"
    texts = [] if reads.entropy is None else [f"entropy {reads.entropy:.3f} nats"]
    return "; ".join([*texts, *reads.unusual]) or "no weight is left"


def _written(weight: float) -> str:
    return f"{weight:.4f}" if abs(weight) < HUGE else f"{figure(weight):<6}"


def _running(total: float) -> str:
    if not math.isfinite(total):
        return f"{'–':<6}"
    return f"{total:.4f}" if abs(total) < HUGE else f"{figure(total):<6}"


def query_json(reads: Reads) -> str:
    """The keys and what is to be said of the row as one JSON object; what JSON has no number for is null."""
    scene, (query_tokens, key_tokens) = reads.scene, reads.scene.side.tokens
    told = {
        "command": command(scene.session),
        "layer": scene.shown.layer if scene.layer_name else 0,
        "head": scene.head_number,
        "query": reads.query,
        "query_token": query_tokens[reads.row] if query_tokens else None,
        "entropy": reads.entropy,
        "keys_seen": int(np.count_nonzero(reads.allowed)),
        "unusual": list(reads.unusual),
        **({"combined": list(scene.combined.notes)} if scene.combined else {}),
        "keys": [
            {
                "key": reads.place(column),
                "token": key_tokens[column] if key_tokens else None,
                "weight": _number(reads.weights[column]),
            }
            for column in reads.order
        ],
    }
    return json.dumps(told, allow_nan=False) + "\n"


def _number(weight: np.floating) -> float | None:
    """A weight to its type's precision."""
    digits = 8 if weight.dtype == np.float32 else 16
    return float(f"{weight:.{digits}g}") if math.isfinite(weight) else None


def query_csv(reads: Reads) -> str:
    """A header, then a row for each key: its position, its token where it has one, and its weight."""
    scene, text = reads.scene, io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["key", "token", "weight"])
    for column in reads.order:
        token = scene.key_labels[column] if scene.has_tokens else ""
        writer.writerow([reads.place(column), token, f"{reads.weights[column]:.8g}"])
    return text.getvalue()
