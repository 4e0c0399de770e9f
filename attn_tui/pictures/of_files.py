"""What is to be known of a file: that it changed, its notes, how exact a what-if is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from attn_engine import Attention, Losses, error_bound, file_changed, losses

from ..remembering import remembered
from ..scene import Scene
from ..side import Side
from .cells import printable
from .facts import Fact

if TYPE_CHECKING:
    from attn_engine import Far

LEAST_ROUNDING = 1e-6
"""Relative rounding of a file's weights from which it is told of."""


def file_facts(scene: Scene) -> list[Fact]:
    """What there is to tell of the file on show, if it is one, and of that of A where it is compared."""
    ink, captured = scene.ink, scene.inputs.captured
    facts: list[Fact] = []
    if captured and captured.prompt_length is not None:
        facts.append((5, f"prompt of {captured.prompt_length}, then generated", ink.text))
    if captured and len(captured.sets) > 1:
        facts.append((3, f"{printable(captured.set_name)}, a set of {len(captured.sets)}: E", ink.text))
    if captured and captured.batch_size > 1:
        facts.append((4, f"batch item {scene.shown.batch_item} of {captured.batch_size}", ink.text))
    for name, side in scene.sides.items():
        before = f"{name}: " if name else ""
        facts += [(2, f"{before}{note}", ink.warning) for note in _notes(side)]
        facts += [(3, f"{before}{told}", ink.warning) for told in (what_if_text(side),) if told]
    return facts


def _notes(side: Side) -> list[str]:
    """That the file changed, and what was found out when it was read."""
    captured = side.inputs.captured
    return [note for note in (file_changed(side.shown), *captured.notes) if note] if captured else []


def lost_of(side: Side) -> Losses | None:
    """What a what-if cannot know of the head's weights; None where there is no what-if on weights alone."""
    captured = side.inputs.captured
    if captured and captured.rows:  # of which some are read, and none are counted
        return None if cast("Far", side.attention).as_they_are else Losses(0, 0, 0)
    if captured is None or captured.weights is None or captured.weights is side.attention.weights:
        return None
    return _losses(side.attention, captured, side.head)


@remembered
def _losses(attention: Attention, captured: Any, head: int) -> Losses:
    return losses(captured, head, attention.mask_of(head))


def what_if_text(side: Side) -> str:
    """How exact a what-if is, in words; nothing, where it is as exact as can be seen."""
    captured, lost = side.inputs.captured, lost_of(side)
    if captured is None or lost is None:
        return ""
    exact, rough = captured.precision < LEAST_ROUNDING, _several(lost.rough, "tiny weight")
    share = error_bound(captured, side.shown.temperature)
    near = f"{100 * share:.2g} %" if share < 1 else "100 % and more"
    parts = {
        f"to {near}{f' but for {rough}' if lost.rough else ''}": not exact,
        f"{rough} rounded": exact and lost.rough,
        f"{_several(lost.zeros, 'zero')} not recovered": lost.zeros,
        f"{_several(lost.causal, 'zero')} taken for a causal mask": lost.causal,
    }
    told = [text for text, there in parts.items() if there]
    together = side.combined is not None and side.view.over != "head"
    of_head = f" of head {captured.first_head + side.head}" if together else ""
    return ", ".join([f"what if{of_head}", *told]) if told else ""


def _several(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
