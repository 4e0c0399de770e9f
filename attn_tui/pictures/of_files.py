"""What is to be known of a file: that it changed, its notes, how exact a what-if is."""

from __future__ import annotations

from functools import lru_cache

from attn_engine import Attention, Inputs, Losses, file_changed, losses

from ..scene import Scene
from .cells import printable
from .masks.truth import Fact

LEAST_ROUNDING = 1e-6
"""Relative rounding of a file's weights from which it is told of."""


def file_facts(scene: Scene) -> list[Fact]:
    """What there is to tell of the file on show, if it is one."""
    ink, captured = scene.ink, scene.inputs.captured
    if captured is None:
        return []
    prompt = captured.prompt_length
    steps = [(5, f"prompt of {prompt}, then generated", ink.text)] if prompt is not None else []
    if len(captured.sets) > 1:
        steps.append((3, f"{printable(captured.set_name)}, a set of {len(captured.sets)}: --set", ink.text))
    if captured.batch_size > 1:
        steps.append((4, f"batch item {scene.shown.batch_item} of {captured.batch_size}", ink.text))
    notes = [*steps, *((2, note, ink.warning) for note in (file_changed(scene.shown), *captured.notes) if note)]
    told = what_if_text(scene)
    return [*notes, (3, told, ink.warning)] if told else notes


def lost_of(scene: Scene) -> Losses | None:
    """What the what-if on show cannot know of the head's weights; None where it is none, or nothing is lost to it."""
    captured = scene.inputs.captured
    if captured is None or captured.weights is None or captured.weights is scene.attention.weights:
        return None
    return _losses(scene.attention, scene.inputs, scene.head)


@lru_cache(maxsize=4)
def _losses(attention: Attention, inputs: Inputs, head: int) -> Losses:
    assert inputs.captured is not None
    return losses(inputs.captured, head, attention.mask_of(head))


def what_if_text(scene: Scene) -> str:
    """How exact a what-if is, in words; nothing, where it is as exact as can be seen."""
    captured, lost = scene.inputs.captured, lost_of(scene)
    if captured is None or lost is None:
        return ""
    exact, rough = captured.precision < LEAST_ROUNDING, _several(lost.rough, "tiny weight")
    share = captured.precision / min(scene.shown.temperature, 1)
    parts = {
        f"to {100 * share:.2g} %{f' but for {rough}' if lost.rough else ''}": not exact,
        f"{rough} rounded": exact and lost.rough,
        f"{_several(lost.zeros, 'zero')} not recovered": lost.zeros,
        f"{_several(lost.causal, 'zero')} taken for a causal mask": lost.causal,
    }
    told = [text for text, there in parts.items() if there]
    together = scene.combined is not None and scene.session.view.over != "head"
    return ", ".join([f"what if of head {scene.head_number}" if together else "what if", *told]) if told else ""


def _several(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
