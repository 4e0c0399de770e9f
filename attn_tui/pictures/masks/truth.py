"""What the cursor of the mask laboratory stands on."""

from __future__ import annotations

import numpy as np

from attn_engine import Verdict, evaluate

from ...lab.laboratory import Laboratory
from ...scene import Scene
from ..facts import Fact


def mask_facts(scene: Scene, lab: Laboratory) -> list[Fact]:
    """The pair, whether the query may look, what the query sees in all, and the block."""
    ink, (query, key) = scene.ink, lab.cursor
    allowed = bool(evaluate(lab.rule, lab.plane.points(np.asarray(query), np.asarray(key))))
    facts = [
        (0, f"{query} → {key}", ink.strong),
        (1, "may look" if allowed else "may not look", ink.accent if allowed else ink.text),
    ]
    seen = lab.seen_by(query)
    if seen is not None:
        text = f"query {query} sees {seen:,} of {lab.plane.key_length:,} keys" if seen else "this query sees nothing"
        facts.append((2, text, ink.text if seen else ink.warning))
    block, verdict = lab.block_at(query, key)
    facts.append((3, f"block {block[0]},{block[1]} {Verdict(verdict).name.lower()}", ink.text))
    serious = [finding for finding in lab.findings or () if finding.serious]
    if serious:
        facts.append((2, f"{len(serious)} finding{'s' if len(serious) > 1 else ''}: !", ink.warning))
    elif lab.findings is not None:
        facts.append((4, "nothing found", ink.good))
    return facts
