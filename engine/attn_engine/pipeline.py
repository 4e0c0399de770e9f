"""run(experiment): from an experiment to its attention, computing only the stages that a change touches.

A stage keeps its last results with what they were made from. Arrays count as the same when they are the same
object: a stage that was not computed again hands on the same array, and so the stages after it rest as well.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from . import attention as stages
from . import sources
from .attention import Attention
from .experiment import Experiment
from .notation import Kind, parse
from .sources import Inputs

INPUT_FIELDS = (
    "source",
    "query_length",
    "key_length",
    "num_heads",
    "num_key_heads",
    "head_dim",
    "seed",
    "layer",
    "preset",
)
"""The fields of an experiment that decide its inputs before rotation; the others act on later stages."""

P = ParamSpec("P")
R = TypeVar("R")


class Stage(Generic[P, R]):
    """A function that remembers its last few results."""

    def __init__(self, function: Callable[P, R], keep: int = 2) -> None:
        self._function = function
        self._keep = keep
        self._kept: list[tuple[tuple[Any, ...], R]] = []

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result for these arguments, remembered or computed."""
        key = (*args, *kwargs.values())
        for index, (known, result) in enumerate(self._kept):
            if len(known) == len(key) and all(map(_same, known, key)):
                self._kept.insert(0, self._kept.pop(index))
                return result
        result = self._function(*args, **kwargs)
        self._kept = [(key, result), *self._kept[: self._keep - 1]]
        return result


def _same(a: object, b: object) -> bool:
    return a is b if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else a == b


class Pipeline:
    """The stages of attention in a row, each with its memory."""

    def __init__(self) -> None:
        self.inputs = Stage(sources.inputs, keep=4)
        self.rotated = Stage(sources.rotated)
        self.scores = Stage(stages.raw_scores)
        self.scaled = Stage(stages.scale_scores)
        self.modified = Stage(stages.modify_scores)
        self.mask = Stage(stages.mask_array, keep=4)
        self.weights = Stage(stages.weigh)
        self.output = Stage(stages.mix)
        self.projected = Stage(stages.project)
        self.attention = Stage(self._attention, keep=4)

    def run(self, experiment: Experiment) -> Attention:
        """The attention of an experiment.

        Raises ValueError or RuleError, in one line that says what is possible, where there is none.
        """
        return self.attention(experiment)

    def inputs_of(self, experiment: Experiment) -> Inputs:
        """The inputs that `run` uses, with their labels. Raises ValueError where there are none."""
        sources.check_rope(experiment.rope)
        given = self.inputs(Experiment(**{name: getattr(experiment, name) for name in INPUT_FIELDS}))
        if experiment.rope == "off" or "rope" in given.fixed:
            return given
        stages.check_align(experiment.align)
        return self.rotated(given, experiment.align)

    def _attention(self, experiment: Experiment) -> Attention:
        mask, score_mod = parse(experiment.mask, Kind.MASK), parse(experiment.score_mod, Kind.SCORE_MOD)
        stages.check_temperature(experiment.temperature)
        given = self.inputs_of(experiment)
        factor = stages.scale_factor(experiment.scale, given.query.shape[-1])
        scores = self.scores(given.query, given.key)
        scaled = self.scaled(scores, factor)
        modified = self.modified(scaled, score_mod, experiment.align)
        allowed = self.mask(mask, scores.shape, experiment.align)
        weights = self.weights(modified, allowed, experiment.temperature, experiment.normaliser)
        output = self.output(weights, given.value)
        w_o = given.output_projection
        return Attention(
            given.query,
            given.key,
            given.value,
            scores,
            scaled,
            modified,
            allowed,
            weights,
            output,
            None if w_o is None else self.projected(output, w_o),
            factor,
            experiment.temperature,
            experiment.align,
        )


_pipeline = Pipeline()


def run(experiment: Experiment) -> Attention:
    """The attention of an experiment, in float32; only the stages that changed since the last calls are computed.

    Raises ValueError or RuleError, in one line that says what is possible, where there is none.
    """
    return _pipeline.run(experiment)


def inputs_of(experiment: Experiment) -> Inputs:
    """The inputs that `run(experiment)` uses, with their tokens and layers. Raises ValueError where there are none."""
    return _pipeline.inputs_of(experiment)
