"""Knobs that act on queries and keys alone, where a file holds weights and neither of them."""

from __future__ import annotations

from dataclasses import replace

from attn_engine import Experiment, inputs_of, is_far, one_at_a_time, size_of

from .parameters import Parameter

NEEDS_INPUTS = ("scale", "normaliser", "rope")
"""The fields of the experiment that need query and key."""


def needs_inputs(row: Parameter) -> str:
    """Why such a knob cannot be turned."""
    return f"{row.name} needs query and key, and the file's weights are shown: mask and temperature do not"


def weights_alone(experiment: Experiment) -> bool:
    """Whether there are weights of a file and no query and key; not of a file that cannot be read."""
    if experiment.source != "file":
        return False
    try:
        if is_far(experiment):
            return size_of(experiment).of_weights
        given = inputs_of(experiment, 0 if one_at_a_time(experiment) else None)
    except ValueError:
        return False
    return given.captured is not None and given.captured.weights is not None


def turned_in_vain(experiment: Experiment, before: Experiment) -> str:
    """The first field that was turned since before and does nothing; empty where there is none."""
    turned = [field for field in NEEDS_INPUTS if getattr(experiment, field) != getattr(before, field)]
    return turned[0] if turned and weights_alone(experiment) else ""


def in_use(experiment: Experiment) -> Experiment:
    """The experiment with the fields that do nothing at their defaults."""
    default = Experiment()
    if not turned_in_vain(experiment, default):
        return experiment
    return replace(experiment, **{field: getattr(default, field) for field in NEEDS_INPUTS})
