"""The page of the experiments: its panels, and what keys and the mouse do to them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Container, Horizontal
from textual.message import Message

from ..desk import Desk
from ..moves import Refusal, of_the_map
from ..parameters import Parameter
from ..pictures.plan import UNBOUNDED, Plan, plan_map
from ..pictures.studies.crossing import system_at
from ..pictures.studies.page import shown_in
from ..pictures.studies.settings import study_at, study_knob_at, study_settings
from ..pictures.studies.words import sentence
from ..presets import preset_of
from ..scene import Scene
from ..view import STUDY_PANELS, Session
from ..widgets.panel import Panel
from .moves import STUDY_MOVES, to_map, to_study, to_system, trained, turn_knob, with_studies

MAP_KEYS = frozenset({"mask-toggle", "go", "search"})
"""Keys that turn the map's own mask and cursor."""


class Hall(Horizontal):
    """The knobs, the sentence, and below it the four panels of the experiment on show."""

    KNOBS: ClassVar[str] = "knobs"
    """The panel of the knobs."""

    BEAT: ClassVar[float] = 0.05
    """Seconds between two pictures of the training."""

    class Beat(Message):
        """It is time for the next picture of the training."""

    training = False
    """Whether the training runs."""

    def on_mount(self) -> None:
        """A metronome for the training, at rest."""
        self.metronome = self.set_interval(self.BEAT, lambda: self.post_message(self.Beat()), pause=True)

    def train(self, *, on: bool) -> None:
        """Start or stop the training."""
        self.training = on
        (self.metronome.resume if on else self.metronome.pause)()

    def go_on(self, scene: Scene, desk: Desk) -> Session:
        """The session after enter: stopped draws go on, the training starts or stops, a system goes to the map.

        Raises Refusal where there is nothing to go on with.
        """
        study = scene.session.studies.study
        if study == "cross":
            return to_map(scene)
        if study == "learning":
            self.train(on=not self.training)
            return with_studies(scene, train_step=0) if self.training and not trained(scene) else scene.session
        if not desk.go_on():
            more, around = scene.keycaps["knob.draws"], scene.keycaps.together("left up down right")
            raise Refusal(f"nothing was stopped: {more} asks for more draws, {around} look around")
        return scene.session

    def halted(self, desk: Desk) -> bool:
        """Stop the training, or the draws; whether there was anything to stop."""
        if self.training:
            self.train(on=False)
            return True
        return desk.stop()

    def next_steps(self, scene: Scene) -> Session | None:
        """The session after the next steps of the training; None, and it rests, at its end or on another page."""
        shown = scene.trial and scene.trial.learning
        session = trained(scene) if shown and self.training else None
        if session is None:
            self.train(on=False)
        return session

    def compose(self) -> ComposeResult:
        """One panel for each of `view.STUDY_PANELS`, and the sentence."""
        yield Panel(study_settings, lambda _: "Experiments", id="knobs")
        with Container(id="study"):
            yield Panel(sentence, id="sentence")
            for name in STUDY_PANELS:
                if name != self.KNOBS:
                    yield Panel(*shown_in(name), id=name)

    def room(self, name: str) -> tuple[int, int]:
        """Columns and rows of a panel's picture; while it is hidden, as if there were room for everything."""
        panel = self.query_one(f"#{name}", Panel)
        return panel.room if panel.is_on_screen else (UNBOUNDED, UNBOUNDED)

    def moved(self, scene: Scene, name: str) -> Session:
        """The session after a key. Raises Refusal for keys that do nothing here."""
        if name not in STUDY_MOVES:
            raise of_the_map(scene, name)
        return STUDY_MOVES[name](scene, self.plan(scene))

    def turned(self, scene: Scene, row: Parameter, direction: int) -> Session:
        """The session with a knob turned by one."""
        return turn_knob(scene, row, direction)

    def with_study(self, scene: Scene, study: str) -> Session:
        """The session that shows an experiment."""
        return to_study(scene, study)

    def refuses(self, session: Session) -> frozenset[str]:
        """Keys that do something everywhere but here; of a system, the map's own do what they do there."""
        return frozenset() if preset_of(session) and session.studies.study == "cross" else MAP_KEYS

    def scrolled(self, scene: Scene, name: str) -> int | None:  # noqa: ARG002 - as of every page
        """None: nothing here is longer than its panel."""
        return None

    def plan(self, scene: Scene) -> Plan:
        """Where everything of a map in the figure stands."""
        return plan_map(scene, *self.room("figure"))

    def clicked(self, scene: Scene, panel: str, x: int, y: int) -> Session | None:  # noqa: ARG002 - rows alone count
        """The session after a press at a column and row of a panel, or None where nothing is there."""
        if panel == "knobs":
            name = study_at(y)
            return to_study(scene, name) if name else None
        if panel == "more" and scene.session.studies.study == "cross":
            system = system_at(scene, y, self.room("more")[1])
            return None if system is None else to_system(scene, system)
        return with_studies(scene, study_panel=panel)

    def setting_clicked(self, scene: Scene, y: int) -> str:
        """The field of the knob in a row of the settings, or nothing."""
        return study_knob_at(scene, y)
