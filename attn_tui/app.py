"""The explorer: what its keys and the mouse do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual.binding import Binding, BindingType

from attn_engine import Kind, entries

from . import answers, clicks, layout
from .actions import BY_NAME
from .asking import Asking
from .encodings import well_formed
from .keymap import BOUND
from .layers.moves import HEADS_MOVES, arrow
from .moves import (
    ARROWS,
    MOVES,
    Refusal,
    beside,
    head_step,
    named,
    of_the_map,
    told_of_move,
    turn,
    with_view,
)
from .options import command, split
from .parameters import BY_FIELD, BY_KEY, LAB_BY_KEY, STUDY_BY_KEY, knobs_of
from .pictures.heads.page import heads_beside
from .pictures.help import scrolled
from .pictures.ink import Tier
from .pictures.knobs import knob_at, value_of
from .pictures.truth import brief
from .scene import Scene
from .values import ready_text
from .view import MASK_PANELS, STUDY_PANELS, Session
from .widgets.panel import Panel

if TYPE_CHECKING:
    from .rooms import Room


class Explorer(Asking):
    """The explorer: what keys and the mouse do. `do_…` is what the key of that name in the table does."""

    # With priority keys act one after the other, so that what is typed ahead of the prompt comes into it.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(bound.key, bound.action, bound.help, id=name, priority=True, show=False)
        for name, bound in BOUND.items()
    ]

    def __init__(self, session: Session, *, tier: Tier | None = None) -> None:
        super().__init__(session, tier=tier)
        self.commands: list[str] = []
        self.rewrite: Callable[[str], str] = str
        self._last_mask = "causal"
        self.set_keymap({name: ",".join(keys) for name, keys in session.settings.keys})

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While the prompt is open, keys are text; only ctrl+c quits even then."""
        return action not in ("act", "choose") or not self.is_asking

    def action_choose(self, key: str) -> None:
        """Choose the knob of a letter, on this page or on the one that it is of."""
        here = knobs_of(self.session)
        if key in here and self.room:
            self._choose(here[key].field, self.session)
        elif key in BY_KEY:
            self.choose_of_map(BY_KEY[key].field)
        elif key in LAB_BY_KEY:
            self._choose(LAB_BY_KEY[key].field, with_view(self.scene, page="masks"))
        else:
            study = next(study for study, rows in STUDY_BY_KEY.items() if key in rows)
            session = self.hall.with_study(self.scene, study)
            self._choose(
                STUDY_BY_KEY[study][key].field, replace(session, view=replace(session.view, page="experiments"))
            )

    def choose_of_map(self, field: str) -> None:
        """Choose a knob of the map, and see to it that its value can be seen."""
        narrow = self.window.width < layout.NARROW
        hidden = self.session.view.panel in layout.BESIDE and self.window.width < layout.NORMAL
        changes: dict[str, Any] = {"explain": False, "page": "map"} | (
            {"panel": "map"} if hidden and not narrow else {}
        )
        self._choose(field, with_view(self.scene, **changes))

    def _choose(self, field: str, session: Session) -> None:
        """Choose a knob in a session that shows it; choosing the chosen one again leaves it."""
        again = field == self.knob and session == self.session and not self.scene.helping
        self.knob = "" if again else field
        self.scene = replace(self.scene, helping=False)
        self.change(session, undoable=False)
        self._tell_value()

    def _tell_value(self) -> None:
        """Tell the chosen knob's value, and what it makes of the cell, where there is no panel that shows it."""
        if self.knob and not layout.shows_parameters(self.session, self.window.width):
            row = BY_FIELD[self.knob]
            value, fixed = value_of(self.scene, row)
            self.say(f"{row.name} {value}{' fixed' if fixed else ''} · {brief(self.scene)}")

    def tell_again(self, told: Scene) -> None:
        """Tell the knob's new value and what it makes of the cell, or what was told."""
        if self.knob and not layout.shows_parameters(self.session, self.window.width):
            self._tell_value()
        else:
            super().tell_again(told)

    def action_act(self, name: str) -> None:
        """Do what a row of the table of keys says."""
        handler: Callable[[], None] | None = getattr(self, f"do_{name.replace('-', '_')}", None)
        try:
            if self.room and name in self.room.refuses(self.session) and not self.scene.helping:
                raise of_the_map(self.scene, name)
            if name in self.scene.refused and not self.scene.helping:
                raise Refusal(f"{named(self.scene, name)}: {self.scene.refused[name]}")
            if handler:
                handler()
            else:
                self._act(name)
        except Refusal as refusal:
            self.say(str(refusal))

    def action_focus_next(self) -> None:
        """Nothing: tab in the prompt leaves the focus there."""

    def action_focus_previous(self) -> None:
        """Nothing."""

    def _act(self, name: str) -> None:
        """Act in the help, on the page that has moves of its own, in the panel that the keys go to, or on the map."""
        if self.scene.helping and self._act_in_help(name):
            return
        x, y = ARROWS.get(name, (0, 0))
        view = self.session.view
        if self.room:
            self._act_in_room(self.room, name)
        elif view.page == "heads" and (x or y or name in HEADS_MOVES):
            self._act_in_heads(name, x, y)
        elif view.panel == "parameters" and (x or y) and not view.picture_only:
            self._act_in_parameters(x, y)
        elif view.panel == "heads" and x:
            self.change(head_step(self.scene, x))
        else:
            before = self.scene
            if self.change(MOVES[name](before, self.plan)) and (told := told_of_move(name, before, self.scene)):
                self.say(told)

    def _act_in_help(self, name: str) -> bool:
        """Scroll the help; keys that move nothing there leave it, and act. Whether it was scrolled."""
        place = scrolled(self.scene, name, *self.panel("help").room)
        self.show_scene(replace(self.scene, help_from=place or 0, helping=place is not None))
        return place is not None

    def _act_in_heads(self, name: str, x: int, y: int) -> None:
        """Another head, or the heads in another order."""
        beside_each = heads_beside(self.scene, *self.panel("all-heads").room)
        in_order = name in HEADS_MOVES
        self.change(HEADS_MOVES[name](self.scene, self.plan) if in_order else arrow(self.scene, x, y, beside_each))

    def _act_in_room(self, room: Room, name: str) -> None:
        """Scroll the sheet, choose and turn a knob, or move."""
        place = room.scrolled(self.scene, name)
        if place is not None:
            if place != self.scene.sheet_from:
                self.show_scene(replace(self.scene, sheet_from=place))
        elif self.scene.focused == room.KNOBS and name in ARROWS:
            self._act_in_parameters(*ARROWS[name])
        else:
            self.change(room.moved(self.scene, name))

    def _act_in_parameters(self, x: int, y: int) -> None:
        """Up and down choose a knob, left and right turn it."""
        if y:
            self.knob = beside([row.field for row in knobs_of(self.session).values()], self.knob, y)
            self.change(self.session, undoable=False)
        elif self.knob:
            self._turn(x)

    def do_less(self) -> None:
        """The chosen knob down."""
        self._turn(-1)

    def do_more(self) -> None:
        """The chosen knob up."""
        self._turn(1)

    def _turn(self, direction: int) -> None:
        if not self.knob:
            raise Refusal("no knob is chosen: a letter chooses one, as the Parameters panel shows")
        move = self.room.turned if self.room else turn
        if self.change(move(self.scene, BY_FIELD[self.knob], direction)):
            self._tell_value()

    def do_enter(self) -> None:
        """Type the chosen knob's value; else leave the heads for the map; else explain the cell."""
        view = self.session.view
        if self.scene.helping:
            self.do_help()
        elif view.page == "experiments" and (self.hall.training or self.desk.stopped):
            self.change(self.hall.go_on(self.scene, self.desk))
        elif view.page == "heads":
            self.change(with_view(self.scene, page="map"))
        elif view.page == "masks" and self.scene.focused == "sheet" and self.session.lab.sheet == "catalogue":
            self._take_entry()
        elif self.knob in RULES or (view.page == "masks" and not self.knob):
            self.ask_rule(self.knob or "mask")
        elif self.knob:
            self.ask_value(BY_FIELD[self.knob])
        elif view.page == "experiments":
            self.change(self.hall.go_on(self.scene, self.desk))
        elif self.desk is self.desks["far"] and self.desk.go_on():
            self.show_scene(replace(self.scene, message=""))
        else:
            self.change(with_view(self.scene, explain=not view.explain))

    def _take_entry(self) -> None:
        """The rule stood on in the catalogue; where it needs a number, the prompt asks for it."""
        entry = next(entry for entry in entries() if entry.name == self.session.lab.entry)
        text = ready_text(entry)
        if entry.kind is Kind.SCORE_MOD:
            if self.change(answers.knob_value(self.scene, "score_mod", text)):
                self.say(f"the map's score mod is {text}")
        elif entry.required:
            self.ask_rule("mask", f"{entry.name}(")
        else:
            self.change(answers.knob_value(self.scene, "mask", text))

    def on_hall_beat(self) -> None:
        """The next steps of the training; what is told, and the help, stay."""
        session, told = self.hall.next_steps(self.scene), self.scene
        if session is None or told.helping or self.prompt.is_open:
            return
        if not self.change(session, undoable=False):
            self.hall.train(on=False)
        elif told.message:
            self.say(told.message, trouble=told.trouble)

    def do_blocks(self) -> None:
        """Of the map, what stands for a block; of the masks, how large a block is."""
        if self.session.view.page == "masks" and not self.scene.helping:
            self.action_choose("B")
        elif not self._act_in_help("blocks"):
            self.change(MOVES["blocks"](self.scene, self.plan))

    def do_leave(self) -> None:
        """Leave what is open: help, explanation, text, picture alone, the chosen knob, a panel, a search, marks."""
        view = self.session.view
        if self.scene.helping:
            self.do_help()
        elif self.stop_coming():
            self.say("stopped: this is as it was before")
        elif view.page == "experiments" and self.hall.halted(self.desk):
            self.say(f"stopped: {self.scene.keycaps['enter']} goes on")
        elif self.desk is self.desks["far"] and self.desk.stop():
            from .far import told_of_stop

            self.say(f"{told_of_stop(self.scene)}: {self.scene.keycaps['enter']} goes on")
        elif self.scene.layers and view.head_kind:
            self.change(with_view(self.scene, head_kind=""))
        elif view.explain or view.text or view.picture_only:
            self.change(with_view(self.scene, explain=False, text=False, picture_only=False))
        elif self.knob or self.scene.focused not in ("map", "cells", "figure"):
            self.knob = ""
            lab, shown = (
                replace(self.session.lab, mask_panel="cells"),
                replace(self.session.studies, study_panel="figure"),
            )
            self.change(replace(with_view(self.scene, panel="map"), lab=lab, studies=shown))
        else:
            self.change(with_view(self.scene, search="", marked_keys=(), marked_queries=(), page="map"))

    def do_mask_toggle(self) -> None:
        """The mask off, or the one it was on again."""
        mask = self.session.experiment.mask
        if mask != "full":
            self._last_mask = mask
        other = "full" if mask != "full" else self._last_mask
        self.change(replace(self.session, experiment=replace(self.session.experiment, mask=other)))

    def do_undo(self) -> None:
        """Back to before the last turn."""
        if self.stop_coming():
            return
        self._travel(self.past.back(self.session), "nothing to undo")

    def do_redo(self) -> None:
        """Forward again."""
        self._travel(self.past.forward(self.session), "nothing to redo")

    def _travel(self, session: Session | None, nothing: str) -> None:
        if session is None:
            raise Refusal(nothing)
        self.change(session, undoable=False)

    def do_help(self) -> None:
        """Show or leave the help."""
        self.show_scene(replace(self.scene, message="", helping=not self.scene.helping, help_from=0))

    def do_quit(self) -> None:
        """End, handing on the commands that were copied."""
        self.exit("\n".join(dict.fromkeys(self.commands)))

    async def action_quit(self) -> None:
        """What ctrl+c does, and Textual's own ctrl+q."""
        self.do_quit()

    def do_copy(self) -> None:
        """Copy the command that makes this picture."""
        line = self.rewrite(command(self.scene.settled))
        self.copy_to_clipboard(well_formed(line))
        self.commands.append(line)
        self.say(f"copied, and printed on leaving: {line}")

    def answer_command(self, text: str) -> bool:
        """A command or options were typed."""
        words = split(text)
        if words[:1] and words[0] in BY_NAME and len(words) == 1:
            self.prompt.close()
            self.say("")
            self.action_act(words[0])
            return False
        return not words or self.change(answers.options(self.scene, text, words))

    # The mouse.

    def on_panel_clicked(self, event: Panel.Clicked) -> None:
        """A press of the mouse, or a turn of its wheel."""
        panel = event.panel
        if self.prompt.is_open or panel.id is None:
            return
        if event.wheel:
            name = "down" if event.wheel > 0 else "up"
            if panel.id == "map":
                self.change(MOVES[name](self.scene, self.plan))
            else:
                self.action_act(name)
        elif field := self._knob_under(panel, event.y):
            self._choose_knob(panel, field)
        elif session := self._session_under(panel, event.x, event.y):
            self.change(session)

    def _knob_under(self, panel: Panel, y: int) -> str:
        """The knob in a row of a panel, or nothing."""
        if self.room and panel.id == self.room.KNOBS:
            return self.room.setting_clicked(self.scene, y)
        return knob_at(self.scene, y, panel.room[1]) if panel.id == "parameters" else ""

    def _choose_knob(self, panel: Panel, field: str) -> None:
        if self.room and panel.id == self.room.KNOBS:
            self._choose(field, self.session)
        else:
            self.choose_of_map(field)

    def _session_under(self, panel: Panel, x: int, y: int) -> Session | None:
        """The session after a press at a column and row of a panel."""
        if self.room and panel.id in (*MASK_PANELS, *STUDY_PANELS):
            return self.room.clicked(self.scene, str(panel.id), x, y)
        width, height = panel.room
        return clicks.clicked(self.scene, self.plan, str(panel.id), (x, y), width, height=height)


RULES = ("mask", "study_mask", "pattern")
"""The knobs that are masks: what is typed for them is drawn while it is typed."""
