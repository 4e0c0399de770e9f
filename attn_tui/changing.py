"""The one way in which anything changes: at once where that fits in a frame, else beside the screen."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from textual.message import Message

from .desk import Desk, Trouble
from .effort import takes_long
from .history import History, decided
from .making import make_scene
from .parameters import knobs_of
from .pictures.ink import Tier
from .pictures.plan import plan_map
from .scene import Scene
from .showing import Showing
from .view import Session

REST = 0.2
"""Seconds after a key in which a large map is not made better, so that the next key finds the machine free."""


class Made(Message):
    """A scene that took longer than a frame has been made."""


@dataclass(frozen=True)
class Coming:
    """A session whose numbers are being computed, and the last scene that was whole."""

    session: Session
    whole: Scene
    undoable: bool


class Changing(Showing):
    """An app whose session changes. Where that takes long, the state is the new one at once and the picture follows."""

    def __init__(self, session: Session, *, tier: Tier | None = None) -> None:
        super().__init__(session, tier=tier)
        self.past = History()
        self.coming: Coming | None = None
        self.desks["scenes"] = Desk(lambda: self.post_message(Made()), kept=1)

    def change(self, session: Session, *, undoable: bool = True) -> bool:
        """Show another session, or say in one line why that cannot be; whether it could, as far as is known yet."""
        self.desks["far"].hold(REST)
        if session.view.compare == "a" and decided(session) != decided(self.session):
            session = replace(session, view=replace(session.view, compare="b"))  # knobs turn B, so B is what to see
        if self.knob not in {row.field for row in knobs_of(session).values()}:
            self.knob = ""
        whole = self.coming.whole if self.coming else self.scene
        undoable = undoable or bool(self.coming and self.coming.undoable)
        if takes_long(session, whole.session):
            self._begin(Coming(session, whole, undoable))
            return True
        try:
            scene = self._made(session)
        except (ValueError, MemoryError) as error:
            self._tell_trouble(error)
            return False
        self._take(scene, whole.session, undoable=undoable)
        return True

    def _made(self, session: Session) -> Scene:
        return make_scene(session, self.ink_for(session), knob=self.knob, desk=self.desk_of(session))

    def _take(self, scene: Scene, before: Session, *, undoable: bool) -> None:
        """Show a scene that is whole."""
        self._give_up()
        if undoable:
            self.past.remember(before, scene.session)
        self.session = scene.session
        if _subject(scene) != _subject(self.scene):
            for desk in self.desks.values():
                desk.forget_waiting()
        if _drawn_of(scene) != _drawn_of(self.scene):
            from .far import of_others

            self.desks["far"].forget(of_others(scene))
        self.show_scene(self._scrolled(scene))

    def _scrolled(self, scene: Scene) -> Scene:
        """The scene with the scroll position that the map, where it can be seen, has taken, so that it stays."""
        panel = self.panel("map")
        plan = plan_map(scene, *panel.room)
        if not panel.is_on_screen or plan.scroll == self.session.view.scroll:
            return scene
        self.session = replace(self.session, view=replace(self.session.view, scroll=plan.scroll))
        return replace(scene, session=self.session)

    def _tell_trouble(self, error: Exception) -> None:
        self.say(str(error) or "not enough memory for that", trouble=True)

    # What takes longer than a frame.

    def _begin(self, coming: Coming) -> None:
        """Compute beside the screen; what was being computed before is not wanted any more."""
        self.desks["scenes"].forget_waiting()
        self.coming, self.session = coming, coming.session
        shown = self.scene.shown if self.session.view.compare == "a" else self.session.experiment
        ahead = replace(self.scene, session=self.session, shown=shown, before=self.scene.side)
        scene = replace(ahead, knob=self.knob, message="", coming=True)
        self.show_scene(scene)
        self.on_made()

    def on_made(self) -> None:
        """Show what has been computed, if it is still what is wanted."""
        coming = self.coming
        if coming is None:
            return
        try:
            scene = self.desks["scenes"].ask(self._made, coming.session)
        except Trouble as trouble:
            self._go_back()
            self._tell_trouble(trouble)
            return
        if scene is not None:
            told = self.scene
            self._take(replace(scene, knob=self.knob), coming.whole.session, undoable=coming.undoable)
            if told.message:
                self.tell_again(told)

    def tell_again(self, told: Scene) -> None:
        """Tell, of the new picture, what was told while it was being computed."""
        self.say(told.message, trouble=told.trouble)

    def _give_up(self) -> None:
        self.coming = None
        self.desks["scenes"].forget_waiting()

    def _go_back(self) -> bool:
        """To the last scene that was whole, if another is being computed; whether it was."""
        if self.coming is None:
            return False
        self.scene = self.coming.whole
        self.session = self.scene.session
        self._give_up()
        return True

    def stop_coming(self) -> bool:
        """Show the last scene that was whole, if another is being computed; whether it was."""
        went = self._go_back()
        if went:
            self.show_scene(replace(self.scene, knob=self.knob))
        return went


def _subject(scene: Scene) -> Any:
    """What a desk is asked about."""
    if scene.trial:
        return scene.trial.settings
    if scene.layers:
        return scene.layers.experiment
    if scene.laboratory:
        return scene.laboratory.rule, scene.laboratory.plane
    if scene.is_far:
        from .far import as_far

        return as_far(scene).far.experiment, scene.head
    return scene.shown


def _drawn_of(scene: Scene) -> Any:
    """What decides the numbers that are drawn by and by: too many to be kept with those before."""
    if scene.is_far:
        from .far import as_far, drawn_of

        return drawn_of(as_far(scene))
    return None
