"""A training that is kept as far as it was computed, so that it can be watched, stopped and gone through."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

import numpy as np

from .learning import LearningState, Numbers, learning
from .settings import LearningSettings, check_range


@dataclass(frozen=True, eq=False)
class LearningCurves:
    """How the training went, from step 0 on: each (steps + 1,); `weight` is that of the first position."""

    accuracy: Numbers
    loss: Numbers
    weight: Numbers


class Training:
    """One training, computed as far as it was asked for and kept; steps may be asked for in any order."""

    def __init__(self, settings: LearningSettings) -> None:
        self.settings = settings
        self._coming = learning(settings)
        self._states: list[LearningState] = []
        self._curves = np.empty((3, settings.steps + 1))
        self._lock = Lock()

    def state(self, step: int) -> LearningState:
        """The model after that many steps. Raises FieldError for a step that the training does not have."""
        check_range("step", step, 0, self.settings.steps)
        with self._lock:
            while len(self._states) <= step:
                state = next(self._coming)
                self._curves[:, state.step] = state.accuracy, state.loss, state.weights[0]
                self._states.append(state)
        return self._states[step]

    def curves(self, step: int) -> LearningCurves:
        """How the training went up to a step. Raises FieldError for a step that the training does not have."""
        self.state(step)
        so_far = self._curves[:, : step + 1]
        so_far.flags.writeable = False
        return LearningCurves(*so_far)


@lru_cache(maxsize=8)
def training(settings: LearningSettings) -> Training:
    """The training of these settings; the last few are kept, a few megabytes each at most."""
    return Training(settings)


def state_at(settings: LearningSettings, step: int) -> LearningState:
    """The model after that many steps. Raises FieldError for settings, or a step, that cannot be had."""
    return training(settings).state(step)


def learning_curves(settings: LearningSettings, step: int) -> LearningCurves:
    """How the training went up to a step. Raises FieldError for settings, or a step, that cannot be had."""
    return training(settings).curves(step)
