"""The left-hand side of the experiments: their names, the knobs of the one on show, and how far its draws are."""

from __future__ import annotations

from rich.segment import Segment

from ...experiments.trial import Trial
from ...parameters import BY_FIELD, Parameter, study_knobs
from ...scene import Scene
from ...view import STUDIES
from ..cells import Line, Lines, fit
from ..ink import Ink
from ..knobs import about, knob_line
from .words import NAMES

FULL, EMPTY = "█", "░"


def rows_of(scene: Scene) -> tuple[Parameter, ...]:
    """The knobs of the experiment on show."""
    return tuple(study_knobs(scene.session).values())


def study_settings(scene: Scene, width: int, height: int) -> Lines:
    """The experiments, the knobs, the draws made so far, and what the chosen knob does."""
    lines: Lines = [*(_name(scene, study, width) for study in STUDIES), []]
    lines += [knob_line(scene, row, width) for row in rows_of(scene)]
    if scene.trial:
        lines += progress(scene, scene.trial, width)
    chosen = BY_FIELD.get(scene.knob)
    for text in about(scene, chosen, width) if chosen else ():
        if height > len(lines) + len(text):
            return [*lines, [], *text]
    return lines


def _name(scene: Scene, study: str, width: int) -> Line:
    here = study == scene.session.studies.study
    style = scene.ink.strong if here else scene.ink.dim
    return [Segment(fit(f"{'▸' if here else ' '} {NAMES[study]}", width), style)]


def progress(scene: Scene, trial: Trial, width: int) -> Lines:
    """How many draws there are of those wanted, as a bar and in words."""
    ink, caps = scene.ink, scene.keycaps
    if trial.learning:
        step, last = min(trial.studies.train_step, trial.learning.steps), trial.learning.steps
        return [[], _bar(ink, step / last, width), [Segment(f"step {step} of {last}", ink.dim)]]
    if trial.settings is None:
        return []
    study, wanted = trial.study, trial.settings.draws
    done = study.done if study else 0
    hint = f"{caps['leave']} stops them" if trial.drawing else f"stopped: {caps['enter']} goes on"
    texts = [f"{done:,} of {wanted:,} draws", *([] if done == wanted else [hint])]
    return [[], _bar(ink, done / wanted, width), *([Segment(text, ink.dim)] for text in texts)]


def _bar(ink: Ink, share: float, width: int) -> Line:
    filled = int(share * width)
    return [Segment(FULL * filled, ink.accent), Segment(EMPTY * (width - filled), ink.dim)]


def study_at(y: int) -> str:
    """The experiment whose name stands in a row, or nothing."""
    return list(STUDIES)[y] if 0 <= y < len(STUDIES) else ""


def study_knob_at(scene: Scene, y: int) -> str:
    """The field of the knob in a row, or nothing."""
    rows, row = rows_of(scene), y - len(STUDIES) - 1
    return rows[row].field if 0 <= row < len(rows) else ""
