"""Which picture stands in which panel, for each experiment."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from rich.style import Style

from ...presets import preset_of
from ...scene import Scene
from ...view import STUDY_PANELS, Session
from ..cells import Lines
from . import crossing, diversity, learning, patterns, scaling

Picture = Callable[[Scene, int, int], Lines]
Title = Callable[[Scene], str]
Facts = Callable[[Scene], list[tuple[int, str, Style]]]


class Shown(NamedTuple):
    """A picture and its title."""

    picture: Picture
    title: Title


def _named(title: str) -> Title:
    return lambda _: title


PICTURES: dict[str, dict[str, Shown]] = {
    "scaling": {
        "figure": Shown(scaling.scaling_figure, _named("Entropy of attention against d_k")),
        "beside": Shown(scaling.scaling_weights_bars, scaling.scaling_weights_title),
        "table": Shown(scaling.scaling_table, _named("Entropy in nats")),
        "more": Shown(scaling.scaling_gradient, _named("Scores grow, gradient goes")),
    },
    "diversity": {
        "figure": Shown(diversity.diversity_figure, _named("How alike heads are, against their number")),
        "beside": Shown(diversity.real_heads, _named("Heads of a real model")),
        "table": Shown(diversity.diversity_table, _named("Mean cosine similarity")),
        "more": Shown(diversity.random_heads, diversity.random_heads_title),
    },
    "patterns": {
        "figure": Shown(patterns.pattern_pictures, _named("The same head under each mask")),
        "table": Shown(patterns.pattern_table, _named("What each mask sees")),
        "more": Shown(patterns.pattern_cost, _named("Cost: pairs of n positions")),
    },
    "cross": {
        "figure": Shown(crossing.crossing_figure, crossing.crossing_figure_title),
        "beside": Shown(crossing.crossing_beside, crossing.crossing_beside_title),
        "table": Shown(crossing.origins, _named("Where Q, K, V come from")),
        "more": Shown(crossing.systems, lambda scene: f"Systems · {scene.keycaps['knob.source']} next"),
    },
    "learning": {
        "figure": Shown(learning.learning_figure, _named("Copy the first token")),
        "beside": Shown(learning.learned_weights, _named("Where it looks")),
        "table": Shown(learning.learning_table, _named("What it answers")),
        "more": Shown(learning.failure_list, _named("How attention fails")),
    },
}
"""By experiment and panel; a panel that is not there has nothing to show."""

FACTS: dict[str, Facts] = {
    "scaling": scaling.scaling_facts,
    "diversity": diversity.diversity_facts,
    "patterns": patterns.pattern_facts,
    "cross": crossing.crossing_facts,
    "learning": learning.learning_facts,
}
"""What the cursor stands on, as the line of truth has it: how much it matters, what it says, its style."""


HINTS: dict[str, tuple[tuple[str, str], ...]] = {
    "scaling": (("left right", "d_k"), ("up down", "query"), ("knob.draws", "draws")),
    "diversity": (("left right", "heads"), ("knob.draws", "draws")),
    "patterns": (("left right", "pattern"), ("knob.mask", "a rule of yours"), ("knob.draws", "draws")),
    "cross": (("knob.source", "system"), ("enter", "to the map")),
    "learning": (("enter", "start, stop"), ("left right", "a step")),
}
"""Bindings whose keys matter most, beside those that every experiment has."""


def study_facts(scene: Scene) -> list[tuple[int, str, Style]]:
    """What the cursor of the experiment on show stands on."""
    return FACTS[scene.session.studies.study](scene)


def study_hints(scene: Scene) -> tuple[tuple[str, str], ...]:
    """The bindings whose keys matter most in the experiment on show."""
    grid = (("text", "picture grid"),) if crossing.has_grid(scene) else ()
    return (("stage-on", "next experiment"), ("panel-on", "panel"), *HINTS[scene.session.studies.study], *grid)


def panels_of(session: Session) -> list[str]:
    """The panels that the experiment on show has."""
    there = PICTURES[session.studies.study]
    left_out = {"table"} if session.studies.study == "cross" and preset_of(session) else set()
    return [name for name in STUDY_PANELS if (name in there or name == "knobs") and name not in left_out]


def shown_in(panel: str) -> Shown:
    """A panel's picture and title, those of the experiment on show."""
    return Shown(
        lambda scene, width, height: _found(scene, panel).picture(scene, width, height),
        lambda scene: _found(scene, panel).title(scene),
    )


NOTHING = Shown(lambda *_: [], _named(""))


def _found(scene: Scene, panel: str) -> Shown:
    return PICTURES[scene.session.studies.study].get(panel, NOTHING)
