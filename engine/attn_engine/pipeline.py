"""run(experiment): from an experiment to its attention, computing only the stages that a change touches.

A stage keeps its last results with what they were made from. Arrays count as the same when they are the same
object: a stage that was not computed again hands on the same array, and so the stages after it rest as well.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any, Generic, ParamSpec, TypeVar

import numpy as np

from . import attention as stages
from . import sources
from .attention import Attention, Floats, Mask, unrepeated
from .experiment import HIDES_NOTHING, OF_A_MADE_SOURCE, OF_THE_SOURCE, SCALED, Experiment, check_scores
from .notation import Kind, parse
from .of_weights import OfWeights, check_additive, log_weights, reweighed
from .opened import check_not_long, forget_files
from .sources import Inputs

INPUT_FIELDS = (*OF_THE_SOURCE, "layer")
"""The fields of an experiment that decide its inputs before rotation; the others act on later stages."""

LARGE = 2**22
"""Bytes of arrays in a result from which a stage keeps the last FEW, however many it keeps of others."""

FEW = 2

P = ParamSpec("P")
R = TypeVar("R")


class Stage(Generic[P, R]):
    """A function that remembers its last results: so many, or FEW where they are large."""

    def __init__(self, function: Callable[P, R], keep: int = 2) -> None:
        self._function = function
        self._keep = keep
        self._kept: list[tuple[tuple[Any, ...], R]] = []

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The result for these arguments, remembered or computed."""
        key = (*args, *kwargs.values())
        kept = self._kept  # never changed in place: threads may ask at the same time
        for index, (known, result) in enumerate(kept):
            if len(known) == len(key) and all(map(_same, known, key)):
                self._kept = [kept[index], *kept[:index], *kept[index + 1 :]]
                return result
        result = self._function(*args, **kwargs)
        keep = self._keep if _bytes_in(result) < LARGE else min(self._keep, FEW)
        self._kept = [(key, result), *self._kept[: keep - 1]]
        return result

    def forget(self) -> None:
        """Remember nothing."""
        self._kept = []


def _same(a: object, b: object) -> bool:
    return a is b if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else a == b


def _bytes_in(result: object) -> int:
    """Bytes of the arrays that a result is, or holds."""
    if isinstance(result, np.ndarray):
        return result.nbytes
    held = getattr(result, "__dict__", {}) if is_dataclass(result) else {}  # not what is made when it is asked for
    return sum(map(_bytes_in, held.values()))


class Pipeline:
    """The stages of attention in a row, each with its memory."""

    def __init__(self) -> None:
        self.inputs = Stage(sources.inputs, keep=4)
        self.rotated = Stage(sources.rotated)
        self.scores = Stage(stages.raw_scores)
        self.logs = Stage(log_weights)
        self.scaled = Stage(stages.scale_scores)
        self.modified = Stage(stages.modify_scores)
        self.mask = Stage(stages.mask_array, keep=4)
        self.both = Stage(_both)
        self.weights = Stage(stages.weigh)
        self.reweighed = Stage(reweighed)
        self.output = Stage(stages.mix)
        self.projected = Stage(stages.project)
        self.attention = Stage(self._attention, keep=4)

    def run(self, experiment: Experiment, only: int | None = None) -> Attention:
        """The attention of an experiment, or of `only` one head of a file's layer.

        Raises ValueError or RuleError, in one line that says what is possible, where there is none.
        """
        return self.attention(experiment, only)

    def forget(self) -> None:
        """Remember nothing: it is part of a circle, so that dropping it would not free its arrays at once."""
        for stage in vars(self).values():
            stage.forget()

    def inputs_of(self, experiment: Experiment, only: int | None = None) -> Inputs:
        """The inputs that `run` uses, with their labels. Raises ValueError where there are none."""
        sources.check_rope(experiment.rope)
        deciding = [name for name in INPUT_FIELDS if experiment.source != "file" or name not in OF_A_MADE_SOURCE]
        given = self.inputs(Experiment(**{name: getattr(experiment, name) for name in deciding}), only)
        if experiment.rope == "off" or "rope" in given.fixed:
            return given
        stages.check_align(experiment.align)
        return self.rotated(given, experiment.align)

    def _attention(self, experiment: Experiment, only: int | None) -> Attention:
        score_mod = parse(experiment.score_mod, Kind.SCORE_MOD)
        stages.check_temperature(experiment.temperature)
        check_scores(experiment)
        if experiment.source == "file":
            check_not_long(experiment)
        given = self.inputs_of(experiment, only)
        captured, head = given.captured, None
        if captured and captured.total_heads > given.query.shape[0]:
            head = captured.first_head, captured.total_heads
        if captured and captured.weights is not None:
            return self._captured(experiment, given, captured.weights, head)
        factor = stages.scale_factor(experiment.scale, given.query.shape[-1])
        if captured and captured.scale is not None and experiment.scale == SCALED:
            factor = captured.scale
        scores = self.scores(given.query, given.key)
        scaled = self.scaled(scores, factor)
        modified = self.modified(scaled, score_mod, experiment.align, head)
        allowed = self._mask(experiment, given, scores.shape, head)
        weights = self.weights(modified, allowed, experiment.temperature, experiment.normaliser)
        if captured and captured.own is not None and _asks_nothing(experiment):
            weights = captured.own
        return self._made(experiment, given, (scores, scaled, modified, allowed, weights), factor)

    def _captured(
        self, experiment: Experiment, given: Inputs, weights: Floats, head: tuple[int, int] | None
    ) -> Attention:
        """Attention from weights alone: as they are in the file, until a knob asks what would be."""
        score_mod = parse(experiment.score_mod, Kind.SCORE_MOD)
        allowed = self._mask(experiment, given, weights.shape, head)
        adds = str(score_mod) not in ("s", "none")
        own = given.captured.mask if given.captured else None
        further = allowed if own is None else allowed | ~own
        if not adds and experiment.temperature == 1 and unrepeated(further).all():
            sides = {"query": given.query, "key": given.key, "value": given.value}
            output = self.output(weights, given.value)
            return OfWeights(**sides, mask=allowed, weights=weights, output=output, align=experiment.align)
        logs = modified = self.logs(weights)
        if adds:
            check_additive(score_mod)
            modified = self.modified(logs, score_mod, experiment.align, head)
        shown = self.reweighed(modified, allowed, experiment.temperature)
        return self._made(experiment, given, (logs, logs, modified, allowed, shown), 1.0)

    def _mask(
        self, experiment: Experiment, given: Inputs, shape: tuple[int, ...], head: tuple[int, int] | None
    ) -> Mask:
        """The mask of the rule, and the file's own."""
        allowed = self.mask(parse(experiment.mask, Kind.MASK), shape, experiment.align, head)
        own = given.captured.mask if given.captured else None
        return allowed if own is None else self.both(allowed, own)

    def _made(
        self, experiment: Experiment, given: Inputs, made: tuple[Floats, Floats, Floats, Mask, Floats], factor: float
    ) -> Attention:
        scores, scaled, modified, allowed, weights = made
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


def _asks_nothing(experiment: Experiment) -> bool:
    """Whether every knob is as it was when a file was captured."""
    default = Experiment()
    plain = ("scale", "temperature", "normaliser", "rope")
    rules = experiment.mask in HIDES_NOTHING and experiment.score_mod in ("none", "s")
    return rules and all(getattr(experiment, name) == getattr(default, name) for name in plain)


def _both(one: Mask, other: Mask) -> Mask:
    return one & other


_pipeline = Pipeline()


def run(experiment: Experiment, only: int | None = None) -> Attention:
    """The attention of an experiment, in float32; only the stages that changed since the last calls are computed.

    `only` one head is computed of a file's layer that is too large for all of them.

    Raises ValueError or RuleError, in one line that says what is possible, where there is none.
    """
    return _pipeline.run(experiment, only)


def inputs_of(experiment: Experiment, only: int | None = None) -> Inputs:
    """The inputs that `run(experiment)` uses, with their tokens and layers. Raises ValueError where there are none."""
    return _pipeline.inputs_of(experiment, only)


def close_files() -> None:
    """Close the files that experiments have read, and forget what was computed from them: they may change."""
    forget_files()
    _pipeline.forget()


def run_once(experiment: Experiment, only: int | None = None) -> tuple[Attention, Inputs]:
    """What `run` and `inputs_of` give, computed anew: nothing is remembered of it, and nothing forgotten for it.

    Raises as `run`.
    """
    pipeline = Pipeline()
    try:
        return pipeline.run(experiment, only), pipeline.inputs_of(experiment, only)
    finally:
        pipeline.forget()
