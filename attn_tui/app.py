"""The explorer: holds the session and its history, composes the screen, and acts."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import Any, ClassVar

from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.message import Message

from attn_engine import Kind, RuleError, entries

from . import answers, charts, clicks, layout, saving, terminal
from .actions import ACTIONS, BY_NAME
from .desk import Desk
from .experiments import moves as studies
from .experiments.hall import Hall
from .history import History, decided
from .lab import moves as laboratory
from .lab.bench import Bench
from .layers.moves import HEADS_MOVES, arrow
from .moves import (
    ARROWS,
    MOVES,
    Refusal,
    beside,
    head_step,
    of_the_map,
    told_of_move,
    turn,
    with_view,
)
from .options import command, split
from .parameters import BY_FIELD, BY_KEY, EVERY_KNOB, LAB_BY_KEY, PART_OF, STUDY_BY_KEY, knobs_of
from .pictures.cells import Lines, printable
from .pictures.entropy import entropy_charts, entropy_title
from .pictures.explain import explain
from .pictures.heads.glance import heads_glance
from .pictures.heads.page import heads_beside, heads_page, heads_title
from .pictures.heatmap import heat_map, map_title
from .pictures.help import help_page, help_title, scrolled
from .pictures.ink import Ink, Tier, make_ink
from .pictures.keys import keys_title, running_text, text_title, top_keys
from .pictures.knobs import knob_at, knobs, value_of
from .pictures.plan import UNBOUNDED, Plan, plan_map
from .pictures.svg import tidied
from .pictures.truth import brief, hints_line, title_line, too_small, truth_line
from .scene import Scene, make_scene
from .values import ready_text
from .view import KIND_LETTERS, MASK_PANELS, STUDY_PANELS, Session
from .widgets.panel import Panel
from .widgets.prompt import Prompt
from .widgets.theme import themes


class Answer(Message):
    """The desk has answered something."""


class Explorer(App[str]):
    """The explorer. What it shows is `session`; every change of it goes through `change`."""

    CSS_PATH = "app.tcss"
    TITLE = "attn-tui"
    AUTO_FOCUS = ""
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - so Textual declares it
        (0, "-narrow"),
        (layout.NARROW, "-normal"),
        (layout.NORMAL, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (layout.SHORT, "-tall")]  # noqa: RUF012
    # With priority keys act one after the other, so that what is typed ahead of the prompt comes into it.
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(
                key,
                "quit" if key == "ctrl+c" else f"act('{action.name}')",
                action.help,
                id=action.name if key == action.keys[0] else f"{action.name}.{number}",
                priority=True,
                show=False,
            )
            for action in ACTIONS
            for number, key in enumerate(action.keys)
        ),
        *(
            Binding(key, f"choose('{key}')", row.help, id=f"knob.{row.field}", priority=True, show=False)
            for key, row in EVERY_KNOB.items()
            if key not in {key for action in ACTIONS for key in action.keys}
        ),
    ]

    def __init__(self, session: Session, *, tier: Tier | None = None) -> None:
        tier = tier or terminal.find_tier()
        super().__init__(ansi_color=tier in (Tier.BASIC, Tier.NONE))  # there, the terminal's own colours
        self._tier = tier
        for theme in themes():
            self.register_theme(theme)
        self.session = session
        self.desks = {"masks": self._desk(), "experiments": self._desk(kept=8), "heads": self._desk(kept=1024)}
        self.scene = make_scene(session, self._ink(session), desk=self.desk)
        self._take_theme(self.scene)
        self._window = self.size
        self._starting = ExitStack()
        self.knob = ""
        self.commands: list[str] = []
        self._history = History()
        self._before_typing: Session | None = None
        self._rule = "mask"
        self._last_mask = "causal"

    # What is on the screen.

    def _desk(self, **options: int) -> Desk:
        return Desk(lambda: self.post_message(Answer()), **options)

    @property
    def desk(self) -> Desk:
        """The desk that answers what the view on show asks."""
        return self.desks.get(self.session.view.page, self.desks["masks"])

    def compose(self) -> ComposeResult:
        """The title, one page for each view, the line of truth, the hints or the prompt."""
        yield Panel(_line(title_line), id="title")
        with Horizontal(id="map-page", classes="page"):
            yield Panel(knobs, lambda _: "Parameters", id="parameters")
            yield Panel(heat_map, map_title, id="map")
            yield Panel(running_text, text_title, id="text")
            with Vertical(id="side"):
                yield Panel(top_keys, keys_title, id="keys")
                yield Panel(entropy_charts, entropy_title, id="charts")
                yield Panel(
                    heads_glance, lambda scene: f"Heads{_of_layer(scene)} · likeness to {scene.head_number}", id="heads"
                )
                yield Panel(explain, lambda _: "Explain", id="explain")
        with Horizontal(id="heads-page", classes="page"):
            yield Panel(heads_page, heads_title, id="all-heads")
        yield Bench(id="masks-page", classes="page")
        yield Hall(id="experiments-page", classes="page")
        with Horizontal(id="help-page", classes="page"):
            yield Panel(help_page, help_title, id="help")
        yield Panel(_line(truth_line), id="truth")
        yield Panel(_line(hints_line), id="hints")
        yield Panel(too_small, id="small")
        yield Prompt()

    def on_mount(self) -> None:
        """Draw the first screen at once; load what draws charts after it."""
        terminal.end_on_signals(self)
        self._starting.enter_context(self.batch_update())
        self._show(self.scene)
        self.call_after_refresh(self.run_worker, self._load_charts, thread=True)

    def on_ready(self) -> None:
        """Paint for the first time, once everything has its place."""
        self._starting.close()

    def on_unmount(self) -> None:
        """End what works beside the screen, however the explorer ends: a thread would keep all of it."""
        for desk in self.desks.values():
            desk.close()

    def _load_charts(self) -> None:
        charts.load()
        self.call_from_thread(lambda: self._show(self.scene))

    def panel(self, name: str) -> Panel:
        """A panel by its name."""
        return self.query_one(f"#{name}", Panel)

    @property
    def prompt(self) -> Prompt:
        """The prompt."""
        return self.query_one(Prompt)

    @property
    def room(self) -> Bench | Hall | None:
        """The page on show, where it has panels, knobs and moves of its own."""
        kinds: dict[str, type[Bench | Hall]] = {"masks": Bench, "experiments": Hall}
        kind = kinds.get(self.session.view.page)
        return self.query_one(kind) if kind else None

    @property
    def plan(self) -> Plan:
        """Where everything of the map stands; while it is hidden, as if there were room for every cell."""
        panel = self.panel("map")
        return plan_map(self.scene, *(panel.room if panel.is_on_screen else (UNBOUNDED, UNBOUNDED)))

    def on_resize(self, event: events.Resize) -> None:
        """Draw again where the size decides what is shown."""
        self._window = event.size
        self._show(self.scene)

    def _ink(self, session: Session) -> Ink:
        return make_ink(self._tier, dark=session.view.theme == "dark", palette=session.view.palette)

    def _show(self, scene: Scene) -> None:
        """Hand the scene to every panel."""
        self.scene = scene
        with self.batch_update():
            for name, on in layout.classes(scene, self._window).items():
                self.screen.set_class(on, name)
            self.screen.set_class(self.prompt.is_open, "asking")
            self._take_theme(scene)
            for panel in self.query(Panel):
                panel.show(scene)

    def _take_theme(self, scene: Scene) -> None:
        self.theme = f"attn-{scene.session.view.theme}" if scene.ink.shaded else "ansi-dark"

    def on_answer(self) -> None:
        """Show what has become known of the mask, of the experiment, or of the layers."""
        asking = self.scene.laboratory or self.scene.trial or self.scene.layers
        if asking and self.query(Prompt):  # not while the screen is taken down
            self._show(replace(self.scene))

    # The one way in which anything changes.

    def change(self, session: Session, *, undoable: bool = True) -> bool:
        """Show another session, or say in one line why that cannot be; whether it could."""
        if session.view.compare == "a" and decided(session) != decided(self.session):
            session = replace(session, view=replace(session.view, compare="b"))  # knobs turn B, so B is what to see
        if self.knob not in {row.field for row in knobs_of(session).values()}:
            self.knob = ""
        try:
            desk = self.desks.get(session.view.page)
            scene = make_scene(session, self._ink(session), knob=self.knob, desk=desk)
        except (ValueError, MemoryError) as error:
            self.say(str(error) or "not enough memory for that", trouble=True)
            return False
        if undoable:
            self._history.remember(self.session, session)
        self.session = session
        if _subject(scene) != _subject(self.scene):
            for each in self.desks.values():
                each.forget_waiting()
        self._show(self._scrolled(scene))
        return True

    def _scrolled(self, scene: Scene) -> Scene:
        """The scene with the scroll position that the map, where it can be seen, has taken, so that it stays."""
        panel = self.panel("map")
        plan = plan_map(scene, *panel.room)
        if not panel.is_on_screen or plan.scroll == self.session.view.scroll:
            return scene
        self.session = replace(self.session, view=replace(self.session.view, scroll=plan.scroll))
        return replace(scene, session=self.session)

    def say(self, message: str, *, trouble: bool = False) -> None:
        """Tell something in the line of truth, until the next key."""
        self._show(replace(self.scene, message=printable(" ".join(message.split())), trouble=trouble, knob=self.knob))

    # Keys.

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """While the prompt is open, keys are text; only ctrl+c quits even then."""
        return action not in ("act", "choose") or not (self.query(Prompt) and self.prompt.is_open)

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
            session = studies.to_study(self.scene, study)
            self._choose(
                STUDY_BY_KEY[study][key].field, replace(session, view=replace(session.view, page="experiments"))
            )

    def choose_of_map(self, field: str) -> None:
        """Choose a knob of the map, and see to it that its value can be seen."""
        narrow = self._window.width < layout.NARROW
        hidden = self.session.view.panel in layout.BESIDE and self._window.width < layout.NORMAL
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
        if self.knob and not layout.shows_parameters(self.session, self._window.width):
            row = BY_FIELD[self.knob]
            value, fixed = value_of(self.scene, row)
            self.say(f"{row.name} {value}{' fixed' if fixed else ''} · {brief(self.scene)}")

    def action_act(self, name: str) -> None:
        """Do what a row of the table of keys says."""
        handler: Callable[[], None] | None = getattr(self, f"do_{name.replace('-', '_')}", None)
        try:
            if self.room and name in self.room.refuses(self.session) and not self.scene.helping:
                raise of_the_map(name)
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
        self._show(replace(self.scene, help_from=place or 0, helping=place is not None))
        return place is not None

    def _act_in_heads(self, name: str, x: int, y: int) -> None:
        """Another head, or the heads in another order."""
        beside_each = heads_beside(self.scene, *self.panel("all-heads").room)
        in_order = name in HEADS_MOVES
        self.change(HEADS_MOVES[name](self.scene, self.plan) if in_order else arrow(self.scene, x, y, beside_each))

    def _act_in_room(self, room: Bench | Hall, name: str) -> None:
        """Scroll the sheet, choose and turn a knob, or move."""
        place = room.scrolled(self.scene, name)
        if place is not None:
            self._show(replace(self.scene, sheet_from=place))
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
        own = {"masks": laboratory.turn_knob, "experiments": studies.turn_knob}
        move = own.get(self.session.view.page, turn)
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
            self._ask_rule(self.knob or "mask")
        elif self.knob:
            self._ask_value(BY_FIELD[self.knob])
        elif view.page == "experiments":
            self.change(self.hall.go_on(self.scene, self.desk))
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
            self._ask_rule("mask", f"{entry.name}(")
        else:
            self.change(answers.knob_value(self.scene, "mask", text))

    @property
    def hall(self) -> Hall:
        """The page of the experiments."""
        return self.query_one(Hall)

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
        elif view.page == "experiments" and self.hall.halted(self.desk):
            self.say("stopped: enter goes on")
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
        self._travel(self._history.back(self.session), "nothing to undo")

    def do_redo(self) -> None:
        """Forward again."""
        self._travel(self._history.forward(self.session), "nothing to redo")

    def _travel(self, session: Session | None, nothing: str) -> None:
        if session is None:
            raise Refusal(nothing)
        self.change(session, undoable=False)

    def do_help(self) -> None:
        """Show or leave the help."""
        self._show(replace(self.scene, message="", helping=not self.scene.helping, help_from=0))

    def do_quit(self) -> None:
        """End, handing on the commands that were copied."""
        self.exit("\n".join(dict.fromkeys(self.commands)))

    async def action_quit(self) -> None:
        """What ctrl+c does, and Textual's own ctrl+q."""
        self.do_quit()

    def do_copy(self) -> None:
        """Copy the command that makes this picture."""
        line = command(self.scene.settled)
        self.copy_to_clipboard(line)
        self.commands.append(line)
        self.say(f"copied, and printed on leaving: {line}")

    # Questions and their answers.

    def ask(
        self, purpose: str, label: str, text: str = "", suggestions: tuple[str, ...] = (), *, words: bool = False
    ) -> None:
        """Open the prompt; suggestions are for the whole text, or for its last word."""
        self.prompt.ask(purpose, label, text, suggestions, words=words)
        self._show(replace(self.scene, message="", helping=False))

    def _ask_value(self, row: Any) -> None:
        answers.check_not_fixed(self.scene, row.field)
        value = getattr(getattr(self.session, PART_OF[row.field]), row.field)
        self.ask("value", f"{row.name} =", row.write(value), row.examples)

    def _ask_rule(self, field: str, text: str = "") -> None:
        """Ask for a mask, of the map or an experiment's; what is typed is shown as soon as it can be understood."""
        self._before_typing, self._rule = self.session, field
        text = text or getattr(getattr(self.session, PART_OF[field]), field)
        self.ask("rule", f"{BY_FIELD[field].name} =", text, answers.words_of_masks(), words=True)

    def do_command(self) -> None:
        """Ask for any command or option."""
        self.ask("command", ":", suggestions=answers.words_to_type())

    def do_search(self) -> None:
        """Ask for a token; among all layers, for a kind of head."""
        if self.scene.layers and not self.scene.helping:
            self.ask("kind", "heads of kind", self.session.view.head_kind, tuple(KIND_LETTERS))
        else:
            tokens = self.scene.key_labels if self.scene.has_tokens else ()
            self.ask("search", "search", self.session.view.search, tokens)

    def do_go(self) -> None:
        """Ask for a position."""
        self.ask("go", "go to query,key (or one number for both)")

    def do_save(self) -> None:
        """Ask for a file's name."""
        self.ask("save", f"save as ({' '.join(saving.FORMS)})", "attention.svg")

    def on_prompt_left(self) -> None:
        """Nothing was answered: what was there before is shown."""
        self.prompt.close()
        before, self._before_typing = self._before_typing, None
        if before:
            self.change(before, undoable=False)
        self.say("")

    def on_prompt_typed(self, event: Prompt.Typed) -> None:
        """Follow a rule as it is typed; where it cannot be understood yet, point at the place."""
        if event.purpose != self.prompt.purpose or event.purpose != "rule" or not event.text.strip():
            return
        try:
            self.change(answers.knob_value(self.scene, self._rule, event.text), undoable=False)
        except RuleError as error:
            column = None if error.column is None else self.prompt.column_of(error.column)
            self._show(replace(self.scene, message=printable(error.message), trouble=True, caret=column))

    def on_prompt_answered(self, event: Prompt.Answered) -> None:
        """Act on the answer; where that cannot be, say why and keep the prompt open."""
        if event.purpose != self.prompt.purpose or not self.prompt.is_open:
            return  # a second enter, pressed before the first had closed the prompt
        answer: Callable[[str], bool] = getattr(self, f"answer_{event.purpose}")
        try:
            taken = answer(event.text)
        except (ValueError, OSError, MemoryError, Refusal) as error:
            self.say(_one_line(error), trouble=True)
            return
        if taken and self.prompt.is_open:
            self.prompt.close()
            self._show(self.scene)

    def answer_value(self, text: str) -> bool:
        """A knob's value was typed."""
        return self.change(answers.knob_value(self.scene, self.knob, text))

    def answer_rule(self, text: str) -> bool:
        """A mask was typed: one turn, from what was there before the typing."""
        taken = self.change(answers.knob_value(self.scene, self._rule, text), undoable=False)
        if taken and self._before_typing:
            self._history.remember(self._before_typing, self.session)
            self._before_typing = None
        return taken

    def answer_search(self, text: str) -> bool:
        """A token was typed."""
        return self.change(answers.search(self.scene, self.plan, text))

    def answer_kind(self, text: str) -> bool:
        """A kind of head was typed."""
        return self.change(answers.kind(self.scene, text))

    def answer_go(self, text: str) -> bool:
        """A position was typed."""
        return self.change(answers.position(self.scene, text))

    def answer_command(self, text: str) -> bool:
        """A command or options were typed."""
        words = split(text)
        if words[:1] and words[0] in BY_NAME and len(words) == 1:
            self.prompt.close()
            self.say("")
            self.action_act(words[0])
            return False
        return not words or self.change(answers.options(self.scene, text, words))

    def answer_save(self, text: str) -> bool:
        """A file's name was typed: the picture is taken once the prompt is gone from it."""
        saving.check_name(text)
        self.prompt.close()
        self.say("")
        self.call_after_refresh(self._save, text)
        return False

    def _save(self, name: str) -> None:
        try:
            self.say(saving.save(name, self.scene, terminal.screen_lines(self), self.export_screenshot))
        except (OSError, ValueError) as error:
            self.say(_one_line(error), trouble=True)

    # Pictures of the screen.

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The screen as SVG that asks the network for nothing."""
        return tidied(super().export_screenshot(title=title, simplify=simplify))

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


def _subject(scene: Scene) -> Any:
    """What a desk is asked about."""
    if scene.trial:
        return scene.trial.settings
    if scene.layers:
        return scene.layers.experiment
    return (scene.laboratory.rule, scene.laboratory.plane) if scene.laboratory else None


def _one_line(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or 'file'}: {error.strerror or error}"
    return str(error)


def _of_layer(scene: Scene) -> str:
    return f" of layer {scene.shown.layer}" if scene.inputs.num_layers > 1 else ""


def _line(draw: Callable[[Scene, int], Any]) -> Callable[[Scene, int, int], Lines]:
    """A picture of one line from a function of scene and width."""
    return lambda scene, width, _: [draw(scene, width)]
