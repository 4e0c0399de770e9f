"""Sessions on files of real attention."""

from __future__ import annotations

from dataclasses import replace

from attn_engine import FIRST

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
