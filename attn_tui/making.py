"""Making scenes: what a session shows, computed; of A and B side by side, what lies between them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attn_engine import (
    Attention,
    Combined,
    Experiment,
    Inputs,
    inputs_of,
    is_far,
    layer_of,
    num_heads_of,
    one_at_a_time,
    run,
)

from .desk import Desk
from .layers.overview import layers_of
from .pictures.ink import Ink
from .scene import Scene
from .side import Side
from .stages import LOG_TITLES, SIGNED, TITLES, Mask, Matrix, stage_matrix
from .together import put_together
from .view import Pinned, Session, View


def make_scene(
    session: Session,
    ink: Ink,
    *,
    knob: str = "",
    message: str = "",
    trouble: bool = False,
    desk: Desk | None = None,
) -> Scene:
    """The scene of a session. Raises ValueError or RuleError where there is nothing to show.

    The mask laboratory, the experiments and the layers ask the desk; without one, every question is answered at once.
    """
    desk = desk or Desk()
    if is_far(session.shown):
        from .far import make_far_scene

        scene: Scene = make_far_scene(session, ink, desk)
    else:
        scene = _made(session, ink, desk)
    scene = replace(scene, knob=knob, message=message, trouble=trouble)
    if session.pinned and session.view.compare == "a-b" and session.view.page != "experiments":
        scene = _compared(scene, session.pinned)
    notes = scene.combined.notes if scene.combined else ()
    return _with_page(replace(scene, title=" · ".join((scene.title, *notes))))


def _made(session: Session, ink: Ink, desk: Desk) -> Scene:
    """The scene of A or of B, whichever is on show."""
    view, shown = session.view, replace(session.shown, layer=layer_of(session.shown))
    in_laboratory = view.page == "masks"  # there the mask need not fit the map
    attention, inputs, head = _computed(replace(shown, mask="full") if in_laboratory else shown, session.head_shown)
    matrix, mask, combined = _picture(shown, attention, inputs, head, view)
    title = TITLES[view.stage] if attention.head_dim else LOG_TITLES.get(view.stage, TITLES[view.stage])
    title = f"A, pinned: {title.lower()}" if session.shows_pinned else title
    signed = view.stage in SIGNED
    scene = Scene(session, ink, shown, attention, inputs, head, matrix, mask, signed, title, aside=desk)
    return replace(scene, combined=combined)


def _compared(scene: Scene, pinned: Pinned) -> Scene:
    """The scene of A − B; where their sizes differ that of B, and why."""
    view = scene.session.view
    if is_far(pinned.experiment):
        from .far import check_apart

        check_apart(view)
    beneath = replace(pinned.experiment, layer=layer_of(pinned.experiment))
    given = _computed(beneath, pinned.head)
    a, a_mask, combined = _picture(beneath, *given, view)
    b, b_mask = scene.matrix, scene.mask
    if a.shape != b.shape:
        return replace(scene, message=_different_sizes(a.shape, b.shape), trouble=True)
    matrix, mask, signed = _difference(a, a_mask, b, b_mask)
    compared = np.where(a_mask, a, 0), np.where(b_mask, b, 0)
    between = replace(scene, matrix=matrix, mask=mask, signed=signed, title=f"A − B: {scene.title.lower()}")
    return replace(between, compared=compared, pinned=Side(beneath, *given, combined, view))


def _with_page(scene: Scene) -> Scene:
    """The scene with what the page on show has besides the map's."""
    session, desk = scene.session, scene.aside
    if session.view.page == "masks":
        from .lab.laboratory import laboratory_of

        return replace(scene, laboratory=laboratory_of(session, scene.attention, scene.head, desk))
    if session.view.page == "heads":
        return replace(scene, layers=layers_of(scene.shown, scene.attention, scene.inputs, desk))
    if session.view.page == "experiments":
        from .experiments.trial import trial_of

        return replace(scene, trial=trial_of(session, desk))
    return scene


def _computed(experiment: Experiment, wanted: int) -> tuple[Attention, Inputs, int]:
    """The attention, its inputs, and which of its heads is the one wanted, or the last there is.

    Of a file's layer too large for all its heads, only that one is computed.
    """
    if one_at_a_time(experiment):
        head = min(wanted, num_heads_of(experiment) - 1)
        return run(experiment, head), inputs_of(experiment, head), 0
    attention = run(experiment)
    return attention, inputs_of(experiment), min(wanted, attention.num_heads - 1)


def _picture(
    experiment: Experiment, attention: Attention, inputs: Inputs, head: int, view: View
) -> tuple[Matrix, Mask, Combined | None]:
    """The stage on show of a head, or its weights put together as the view asks."""
    combined = put_together(experiment, attention, inputs, head, view)
    if combined is None:
        return *stage_matrix(attention, head, view.stage), None
    return combined.weights, combined.mask, combined


@np.errstate(invalid="ignore", over="ignore")
def _difference(a: Matrix, a_mask: Mask, b: Matrix, b_mask: Mask) -> tuple[Matrix, Mask, bool]:
    return np.where(a_mask, a, 0) - np.where(b_mask, b, 0), a_mask | b_mask, True


def _different_sizes(a: tuple[int, ...], b: tuple[int, ...]) -> str:
    return f"A is {a[0]} × {a[1]} and B is {b[0]} × {b[1]}: A − B needs equal sizes, so this is B"
