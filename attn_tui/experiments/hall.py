"""The page of the experiments: its panels, and what keys and the mouse do to them."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message

from ..actions import BY_NAME
from ..moves import Refusal
from ..pictures.plan import UNBOUNDED, Plan, plan_map
from ..pictures.studies.page import shown_in
from ..pictures.studies.settings import study_at, study_knob_at, study_settings
from ..pictures.studies.words import sentence
from ..scene import Scene
from ..view import Session
from ..widgets.panel import Panel
from .moves import STUDY_MOVES, to_study, with_studies


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

    def compose(self) -> ComposeResult:
        """One panel for each of `view.STUDY_PANELS`, and the sentence."""
        yield Panel(study_settings, lambda _: "Experiments", id="knobs")
        with Vertical(id="study"):
            yield Panel(sentence, id="sentence")
            with Horizontal(id="study-upper"):
                yield Panel(*shown_in("figure"), id="figure")
                yield Panel(*shown_in("beside"), id="beside")
            with Horizontal(id="study-lower"):
                yield Panel(*shown_in("table"), id="table")
                yield Panel(*shown_in("more"), id="more")

    def room(self, name: str) -> tuple[int, int]:
        """Columns and rows of a panel's picture; while it is hidden, as if there were room for everything."""
        panel = self.query_one(f"#{name}", Panel)
        return panel.room if panel.is_on_screen else (UNBOUNDED, UNBOUNDED)

    def moved(self, scene: Scene, name: str) -> Session:
        """The session after a key. Raises Refusal for keys that do nothing here."""
        if name not in STUDY_MOVES:
            raise Refusal(f"{BY_NAME[name].shown}: {BY_NAME[name].help} is of the map; 1 shows it")
        return STUDY_MOVES[name](scene, self.plan(scene))

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
        return with_studies(scene, study_panel=panel)

    def setting_clicked(self, scene: Scene, y: int) -> str:
        """The field of the knob in a row of the settings, or nothing."""
        return study_knob_at(scene, y)
