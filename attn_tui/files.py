"""Sessions on files of real attention."""

from __future__ import annotations

from dataclasses import replace

from .view import Session

SOURCE = "file"
"""The source that reads a file."""


def with_file(session: Session, path: str) -> Session:
    """The session on a file: its first layer and head, the cursor at its beginning."""
    return replace(
        session,
        experiment=replace(session.experiment, source=SOURCE, file=path, layer=0),
        view=replace(session.view, head=0, cursor=(0, 0), scroll=(0, 0), search=""),
    )
