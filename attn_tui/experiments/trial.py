"""The trial: the experiment on show, and what is known of it so far."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from attn_engine import FieldError, Growth, LearningSettings, PatternSettings, learning, run

from ..desk import Desk, Trouble
from ..presets import preset_of
from ..view import Session, Studies
from .draws import PATTERNS, Draws, Settings, Study, begun, costs, more, numbers_of_draw, settings_of, started
from .pair import pair_of

S = TypeVar("S", bound=Study)

QUICK = 2**19
"""Numbers of one draw up to which the first draws are made within the frame that asks for them: as many as a batch."""

FIELDS = {
    "length": "study_length",
    "head_dims": "study_dim",
    "heads": "study_heads",
    "draws": "draws",
    "seed": "study_seed",
    "temperature": "study_temperature",
    "mask": "study_mask",
    "rate": "train_rate",
    "start": "train_start",
}
"""The session's fields for those of a study's settings."""


@dataclass(frozen=True, eq=False)
class Trial:
    """An experiment on the screen, and the desk that makes its draws."""

    studies: Studies
    settings: Settings | None
    desk: Desk
    learning: LearningSettings | None = None
    """What is learned, where that is what the experiment is about."""

    @property
    def study(self) -> Study | None:
        """What the draws say so far; None before the first, and for experiments without draws."""
        if self.settings is None or (isinstance(self.settings, PatternSettings) and self.costs is None):
            return None
        quick = numbers_of_draw(self.settings) <= QUICK
        try:
            draws: Draws | None = self.desk.ask(begun, self.settings, quick=quick, refine=more)
        except Trouble:
            return None
        return draws.study if draws else None

    @property
    def costs(self) -> tuple[Growth, ...] | None:
        """How the pairs of each pattern grow; None while they are counted."""
        if not isinstance(self.settings, PatternSettings):
            return None
        try:
            return self.desk.ask(
                costs, self.settings.masks, self.settings.length, quick=self.settings.masks == PATTERNS
            )
        except Trouble:
            return None

    def of(self, kind: type[S]) -> S | None:
        """The study so far, where it is of this kind."""
        study = self.study
        return study if isinstance(study, kind) else None

    @property
    def drawing(self) -> bool:
        """Whether draws are still being made."""
        return self.desk.busy or self.desk.refining


@lru_cache(maxsize=64)
def _check(settings: Settings) -> None:
    started(settings)


def trial_of(session: Session, desk: Desk) -> Trial:
    """The trial of a session. Raises FieldError or RuleError for settings that cannot be had."""
    settings = settings_of(session.studies)
    try:
        if settings:
            _check(settings)
        elif session.studies.study == "cross" and not preset_of(session):
            for experiment in pair_of(session.studies):
                if not run(experiment).mask.any():
                    raise FieldError("mask", f"{experiment.mask}: no query sees any key, so there is nothing to show")
        return Trial(session.studies, settings, desk, _learning(session.studies))
    except FieldError as error:
        field = "pattern" if isinstance(settings, PatternSettings) and error.field == "mask" else error.field
        raise FieldError(FIELDS.get(field, field), str(error)) from None


def _learning(studies: Studies) -> LearningSettings | None:
    if studies.study != "learning":
        return None
    settings = LearningSettings(
        rate=studies.train_rate,
        temperature=studies.study_temperature,
        start=studies.train_start,
        seed=studies.study_seed,
    )
    learning(settings)
    return settings
