"""Undo and redo: the sessions before and after this one, a step for each turn of a knob."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from .parameters import LAB, STUDIES
from .view import Session

PLACES = ("study_dim", "study_heads")
"""Knobs of the experiments that are places of the cursor too."""

MOST_STEPS = 500
"""How many turns undo goes back."""


def decided(session: Session) -> tuple[Any, ...]:
    """What undo goes back over: the knobs of the map, of the masks and of the experiments, and the head."""
    return session.experiment, session.view.head, *_turned(session)


def _turned(session: Session) -> tuple[dict[str, Any], dict[str, Any]]:
    """The knobs of the masks and of the experiments."""
    lab = {row.field: getattr(session.lab, row.field) for row in LAB if row.key}
    turned = {row.field: getattr(session.studies, row.field) for row in STUDIES if row.key and row.field not in PLACES}
    return lab, turned


class History:
    """The turns that were made, and those that were undone."""

    def __init__(self) -> None:
        self._done: list[Session] = []
        self._undone: list[Session] = []

    def remember(self, before: Session, after: Session) -> None:
        """A change was made; what was undone before it is forgotten, unless nothing was decided by it."""
        if decided(before) != decided(after):
            self._done = [*self._done[-MOST_STEPS:], before]
            self._undone = []

    def back(self, now: Session) -> Session | None:
        """The session with what was decided before the last turn, shown as it is now; None where there is none."""
        return _travel(self._done, self._undone, now)

    def forward(self, now: Session) -> Session | None:
        """The session with the turn that was undone last; None where there is none."""
        return _travel(self._undone, self._done, now)


def _travel(source: list[Session], target: list[Session], now: Session) -> Session | None:
    if not source:
        return None
    there = source.pop()
    target.append(now)
    lab, studies = _turned(there)
    return replace(
        now,
        experiment=there.experiment,
        view=replace(now.view, head=there.view.head),
        lab=replace(now.lab, **lab),
        studies=replace(now.studies, **studies),
    )
