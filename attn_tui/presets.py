"""Presets and sessions: a known system chosen, with its mask, on the page that shows it."""

from __future__ import annotations

from dataclasses import replace

from attn_engine import PRESETS, Experiment

from .view import Session, View

SOURCE = "preset"
"""The source that makes a preset's numbers."""


def preset_of(session: Session) -> str:
    """The name of the preset on show, or nothing."""
    return session.experiment.preset if session.experiment.source == SOURCE else ""


def with_preset(session: Session, name: str) -> Session:
    """The session with a preset, its mask, and the page of the experiments that shows it."""
    preset = PRESETS[name]
    place = preset.query_length // 2, min(preset.query_length // 2, preset.key_length // 2)
    return replace(
        session,
        experiment=replace(session.experiment, source=SOURCE, preset=name, mask=preset.mask),
        view=replace(session.view, page="experiments", head=0, cursor=place, scroll=(0, 0), zoom="auto", search=""),
        studies=replace(session.studies, study="cross"),
    )


def without_preset(session: Session) -> Session:
    """The session with the source and the mask that the explorer opens with."""
    default = Experiment()
    head, cursor = View().head, View().cursor
    return replace(
        session,
        experiment=replace(session.experiment, source=default.source, mask=default.mask),
        view=replace(session.view, head=head, cursor=cursor, scroll=(0, 0)),
    )
