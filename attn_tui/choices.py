"""What is chosen of what is there: sources, of a file sets of attention, items of a batch, and of each a layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attn_engine import FIRST, SOURCES, Experiment, Inputs, layer_of, within_set

from .view import Session

CHOICES = ("capture_set", "batch_item")
"""The fields of the experiment that choose one; they are fixed where there is one."""


def offered(inputs: Inputs, field: str) -> tuple[Any, ...]:
    """The values that such a field may have; none where no file is read."""
    captured = inputs.captured
    if captured is None:
        return ()
    return captured.sets if field == "capture_set" else tuple(range(captured.batch_size))


def at_layer(session: Session, number: int, layers: Sequence[int]) -> Session:
    """The session at one of some layers; as it is, where it is there already, if only as at the first."""
    here = session.experiment.layer
    if number == (layers[0] if here == FIRST else here):
        return session
    return replace(session, experiment=replace(session.experiment, layer=number))


def sources_of(experiment: Experiment) -> tuple[str, ...]:
    """The sources that may be chosen: those that need no file, and before them the file where there is one."""
    made = tuple(name for name in SOURCES if name != "file")
    return ("file", *made) if experiment.file else made


def with_source(session: Session, source: str) -> Session:
    """The session with another source; where that has not the layer, with its first."""
    experiment = replace(session.experiment, source=source)
    try:
        layer_of(experiment)
    except ValueError as error:
        if getattr(error, "field", "") == "layer":
            experiment = replace(experiment, layer=FIRST)
    return replace(session, experiment=experiment)


def with_set(session: Session, name: str) -> Session:
    """The session with another set of its file; where that has not the layer, with its first.

    Raises ValueError for a set that there is not.
    """
    return replace(session, experiment=within_set(replace(session.experiment, capture_set=name)))
