"""Sessions on files of real attention."""

from __future__ import annotations

from dataclasses import replace

from attn_engine import FIRST, OF_A_MADE_SOURCE, Experiment

from .parameters import Parameter
from .view import Session

SOURCE = "file"
"""The source that reads a file."""


def with_file(session: Session, path: str) -> Session:
    """The session on a file: its first layer and head, the cursor at its beginning."""
    return replace(
        session,
        experiment=replace(session.experiment, source=SOURCE, file=path, layer=FIRST),
        view=replace(session.view, head=0, cursor=(0, 0), scroll=(0, 0), search=""),
    )


def as_the_file_has_it(row: Parameter, other: str) -> str:
    """Why a knob that a file decides cannot be had; `other` is what chooses another source."""
    return f"{row.name} is as the file has it: {other} chooses another source"


def as_said(experiment: Experiment) -> Experiment:
    """The experiment as a command says it: of a file, with what says what a made source is at its defaults."""
    if experiment.source != SOURCE:
        return experiment
    default = Experiment()
    return replace(experiment, **{field: getattr(default, field) for field in (*OF_A_MADE_SOURCE, "preset")})
