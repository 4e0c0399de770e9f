"""Attention learns where to look: the training on show, what it answers, and the ways in which attention fails."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from rich.segment import Segment
from rich.style import Style

from attn_engine import (
    Example,
    Failure,
    FailureSettings,
    LearningSettings,
    LearningState,
    bytes_text,
    examples,
    failures,
    learning_curves,
    state_at,
)

from ... import charts
from ...charts import Series
from ...scene import Scene
from ..cells import Line, Lines, fit, wrap
from ..ink import Ink
from ..palettes import LEVELS
from .parts import chart_of, waiting

TOKENS = "ABCDEFGHIJKL"
EIGHTHS = " ▁▂▃▄▅▆▇█"
EXAMPLES = 6
NAME_WIDTH = 23


def settings_of(scene: Scene) -> LearningSettings:
    """What is learned on the page."""
    return scene.trial.learning if scene.trial and scene.trial.learning else LearningSettings()


def step_of(scene: Scene) -> int:
    """The step on show."""
    return min(scene.session.studies.train_step, settings_of(scene).steps)


def _state(scene: Scene) -> LearningState:
    return state_at(settings_of(scene), step_of(scene))


def learning_figure(scene: Scene, width: int, height: int) -> Lines:
    """Accuracy, and the weight on the first position, against the steps made so far."""
    if charts.waiting():
        return waiting(scene)
    ink, settings, step = scene.ink, settings_of(scene), step_of(scene)
    curves = learning_curves(settings, step)
    chance = Series("chance", [1 / settings.vocabulary] * 2, ink.dim, "dashes", x=[0, settings.steps])
    series = (
        Series("right", curves.accuracy, ink.good, x=range(step + 1)),
        Series("weight", curves.weight, ink.accent, x=range(step + 1)),
        chance,
    )
    return charts.draw(chart_of(scene, series, ("step", ""), step, log=False, limits=(0.0, 1.0)), width, height)


def learned_weights(scene: Scene, width: int, height: int) -> Lines:
    """The attention weight of each position."""
    if charts.waiting():
        return waiting(scene)
    ink = scene.ink
    bars = Series("attention weight", np.asarray(_state(scene).weights), ink.accent, "bars")
    return charts.draw(chart_of(scene, (bars,), ("position", ""), log=False, limits=(0.0, 1.0)), width, height)


def learning_table(scene: Scene, width: int, _: int) -> Lines:
    """A few sequences, each token shaded by the attention it gets, with the answer given."""
    ink, state = scene.ink, _state(scene)
    told = wrap("The answer is the first token.", width)
    lines: Lines = [*([Segment(text, ink.dim)] for text in told), []]
    lines += [_example(ink, state, example) for example in examples(state, EXAMPLES)]
    figures = f"accuracy {state.accuracy:.1%}   loss {state.loss:.3f}"
    lines += [[], *([Segment(text, ink.text)] for text in wrap(figures, width))]
    slope = f"gradient: {_size(state.score_gradient)} of the scores, {_size(state.readout_gradient)} of the readout"
    return [*lines, *([Segment(text, ink.dim)] for text in wrap(slope, width))]


def _size(number: float) -> str:
    return f"{number:.1e}" if number and number < 0.001 else f"{number:.3f}"


def _example(ink: Ink, state: LearningState, example: Example) -> Line:
    line: Line = []
    for token, weight in zip(example.sequence, state.weights, strict=True):
        level = round(float(weight) * (LEVELS - 1))
        style = ink.cell(level, signed=False) if ink.shaded else ink.strong if weight > 0.5 else ink.text
        line.append(Segment(f" {TOKENS[token]}", style))
    text = f" → {TOKENS[example.answer]} {'right' if example.right else 'wrong'}"
    answer = Segment(text, ink.good if example.right else ink.warning)
    return [*line, answer, Segment(f" {example.probability:.2f}", ink.dim)]


@lru_cache(maxsize=4)
def _failures(seed: int) -> tuple[Failure, ...]:
    return failures(FailureSettings(seed=seed))


def failures_of(scene: Scene) -> tuple[Failure, ...]:
    """The cases, for the seed of the page."""
    return _failures(scene.session.studies.study_seed)


def failure_at(scene: Scene) -> int:
    """The case stood on."""
    return min(scene.session.studies.failure, len(failures_of(scene)) - 1)


def failure_list(scene: Scene, width: int, _: int) -> Lines:
    """Each case with one query's weights as small bars and what is left of the gradient; more of the one stood on."""
    ink, cases, here = scene.ink, failures_of(scene), failure_at(scene)
    lines: Lines = [[Segment(f"{'':{NAME_WIDTH}}{'weights':<11}{'gradient':>9}", ink.dim)]]
    for at, case in enumerate(cases):
        lines.append([Segment(fit(_case(case), width), ink.chosen if at == here else ink.text)])
    words = [cases[here].sentence, _figures(cases[here]), cases[here].note]
    return [*lines, *([Segment(line, ink.dim)] for text in words for line in ["", *wrap(text, width)])]


def _case(case: Failure) -> str:
    if case.memory:
        first, last = case.memory[0], case.memory[-1]
        return f"{case.name:{NAME_WIDTH}}{bytes_text(first.bytes)} … {bytes_text(last.bytes)}"
    bars = "".join(EIGHTHS[max(round(float(weight) * 8), 1)] for weight in case.weights)
    return f"{case.name:{NAME_WIDTH}}{bars:<11}{case.gradient:>9.3f}"


def _figures(case: Failure) -> str:
    if case.memory:
        return ", ".join(f"{each.length:,}: {bytes_text(each.bytes)}" for each in case.memory)
    return f"Entropy {case.entropy:.2f} of {case.ceiling:.2f} nats, most weight {case.weights.max():.2f}."


def learning_facts(scene: Scene) -> list[tuple[int, str, Style]]:
    """How far the training is, in words."""
    ink, state = scene.ink, _state(scene)
    return [
        (0, f"step {state.step} of {settings_of(scene).steps}", ink.strong),
        (1, f"accuracy {state.accuracy:.1%}", ink.good),
        (1, f"weight on the first token {state.weights[0]:.3f}", ink.accent),
        (2, f"loss {state.loss:.3f}", ink.text),
        (3, f"case: {failures_of(scene)[failure_at(scene)].name}", ink.dim),
    ]
