"""An app that shows a session: its panels, and the scene that they draw."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.css.query import NoMatches
from textual.message import Message
from textual.widget import MountError

from attn_engine import is_far

from . import charts, layout, terminal
from .desk import Desk
from .making import make_scene
from .pictures.cells import Lines, printable
from .pictures.entropy import entropy_charts, entropy_title
from .pictures.explain import explain
from .pictures.heads.glance import heads_glance
from .pictures.heads.page import heads_page, heads_title
from .pictures.heatmap import map_lines, map_title
from .pictures.help import help_page, help_title
from .pictures.ink import Ink, Tier, make_ink
from .pictures.keys import keys_title, running_text, text_title, top_keys
from .pictures.knobs import knobs
from .pictures.plan import UNBOUNDED, Plan, plan_map
from .pictures.svg import tidied
from .pictures.truth import hints_line, title_line, too_small, truth_line
from .rooms import ROOMS, make_room
from .scene import Scene
from .view import Session
from .widgets.panel import Panel
from .widgets.prompt import Prompt
from .widgets.theme import themes

if TYPE_CHECKING:
    from .experiments.hall import Hall
    from .rooms import Room


STARTING = 2
"""Seconds, at most, in which a large map is not made better while the rest of the explorer is loaded."""

PATIENCE = 0.15
"""Seconds without a key after which it is found out what may be known later."""

FRAME = 0.03
"""Seconds without a key after which rows and parts of a large map are computed: the key's frame is drawn first."""


class Answer(Message):
    """The desk has answered something."""


class Showing(terminal.TerminalApp):
    """An app that shows a session."""

    CSS_PATH = "app.tcss"
    TITLE = "attn-tui"
    AUTO_FOCUS = ""
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = layout.WIDTHS
    VERTICAL_BREAKPOINTS = layout.HEIGHTS

    def __init__(self, session: Session, *, tier: Tier | None = None) -> None:
        tier = tier or terminal.find_tier()
        super().__init__(ansi_color=tier in (Tier.BASIC, Tier.NONE))  # there, the terminal's own colours
        self._tier = tier
        for theme in themes():
            self.register_theme(theme)
        self.session = session
        self.desks = {
            "map": self._desk(),
            "masks": self._desk(),
            "experiments": self._desk(kept=8),
            "heads": self._desk(kept=1024),
            "far": self._desk(kept=6),
        }
        self.scene = make_scene(session, self.ink_for(session), desk=self.desk)
        self.begin_with_theme(_theme_of(self.scene))
        self.window = self.size
        self._starting = ExitStack()
        self._owing = False
        self._page = ""
        self.panels: dict[str, list[Panel]] = {}
        self.rooms: dict[str, Room] = {}
        self.knob = ""

    # What is on the screen.

    def _desk(self, **options: int) -> Desk:
        return Desk(lambda: self.post_message(Answer()), **options)

    @property
    def desk(self) -> Desk:
        """The desk that answers what the view on show asks."""
        return self.desk_of(self.session)

    def desk_of(self, session: Session) -> Desk:
        """The desk of a session: of its view, or of the map of an attention with more scores than are made."""
        page = session.view.page
        return self.desks["far" if page == "map" and is_far(session.shown) else page]

    def compose(self) -> ComposeResult:
        """The title, one page for each view, the line of truth, the hints or the prompt."""
        yield Panel(_line(title_line), id="title")
        with Horizontal(id="map-page", classes="page"):
            yield Panel(knobs, lambda _: "Parameters", id="parameters")
            yield Panel(map_lines, map_title, id="map")
            yield Panel(running_text, text_title, id="text")
            with Vertical(id="side"):
                yield Panel(top_keys, keys_title, id="keys")
                yield Panel(entropy_charts, entropy_title, id="charts", unhurried=True)
                yield Panel(
                    heads_glance,
                    lambda scene: f"Heads{_of_layer(scene)} · likeness to {scene.head_number}",
                    id="heads",
                    unhurried=True,
                )
                yield Panel(explain, lambda _: "Explain", id="explain")
        with Horizontal(id="heads-page", classes="page"):
            yield Panel(heads_page, heads_title, id="all-heads")
        page = self.session.view.page
        if page in ROOMS:
            yield self.rooms.setdefault(page, make_room(page, self.stylesheet))
        with Horizontal(id="help-page", classes="page"):
            yield Panel(help_page, help_title, id="help")
        yield Panel(_line(truth_line), id="truth")
        yield Panel(_line(hints_line), id="hints")
        yield Panel(too_small, id="small")
        yield Prompt()

    def first_classes(self) -> Iterable[str]:
        """Those of the scene, and of the window's size."""
        return layout.first_classes(self.scene, self.window)

    def on_mount(self) -> None:
        """Draw the first screen at once."""
        self._find_panels()
        for name, patience in (("map", PATIENCE), ("far", FRAME)):
            self.desks[name].patience = 0 if self.is_headless else patience
        self._starting.enter_context(self.batch_update())
        self.show_scene(self.scene)

    def on_ready(self) -> None:
        """Paint for the first time, once everything has its place; then load what that did not need."""
        self._starting.close()
        self.desks["far"].hold(STARTING)
        self.call_after_refresh(self._load_rest)

    def on_unmount(self) -> None:
        """End what works beside the screen, however the explorer ends: a thread would keep all of it."""
        for desk in self.desks.values():
            desk.close()

    async def on_event(self, event: events.Event) -> None:
        """Be complete before anything is asked."""
        if isinstance(event, events.InputEvent | events.Paste):
            await self.complete()
        await super().on_event(event)

    async def complete(self) -> None:
        """Add the pages that the first screen did not need."""
        missing = [page for page in ROOMS if page not in self.rooms]
        if missing and self.query("#help-page"):
            self.rooms |= {page: make_room(page, self.stylesheet) for page in missing}
            with suppress(MountError, NoMatches):  # while the screen is taken down
                await self.mount(*(self.rooms[page] for page in missing), before="#help-page")
            self._find_panels()

    def _find_panels(self) -> None:
        """All panels, by the page that they are on."""
        self.panels = {}
        for panel in self.query(Panel):
            self.panels.setdefault(panel.page, []).append(panel)

    async def _load_rest(self) -> None:
        await self.complete()
        self.run_worker(self._load_charts, thread=True)

    def _load_charts(self) -> None:
        charts.load()
        self.call_from_thread(self._loaded)

    def _loaded(self) -> None:
        self.desks["far"].hold(0)
        if self.owns_process:
            terminal.calm_collector()
        self.show_scene(replace(self.scene))  # a scene of its own: what was made of this one had no charts

    def panel(self, name: str) -> Panel:
        """A panel by its name."""
        return self.query_one(f"#{name}", Panel)

    @property
    def prompt(self) -> Prompt:
        """The prompt."""
        return self.query_one(Prompt)

    @property
    def is_asking(self) -> bool | None:
        """Whether the prompt is open; None while the screen is taken down."""
        try:
            return self.prompt.is_open
        except NoMatches:
            return None

    @property
    def room(self) -> Room | None:
        """The page on show, where it has panels, knobs and moves of its own."""
        return self.rooms.get(self.session.view.page)

    @property
    def hall(self) -> Hall:
        """The page of the experiments."""
        return cast("Hall", self.rooms["experiments"])

    @property
    def plan(self) -> Plan:
        """Where everything of the map stands; while it is hidden, as if there were room for every cell."""
        panel = self.panel("map")
        return plan_map(self.scene, *(panel.room if panel.is_on_screen else (UNBOUNDED, UNBOUNDED)))

    def on_resize(self, event: events.Resize) -> None:
        """Draw again where the size decides what is shown."""
        self.window = event.size
        self.show_scene(self.scene)

    def ink_for(self, session: Session) -> Ink:
        """The colours that a session is drawn in."""
        return make_ink(self._tier, dark=session.view.theme == "dark", palette=session.view.palette)

    def show_scene(self, scene: Scene) -> None:
        """Hand the scene to every panel; those with the charts of other numbers draw them once the others are seen."""
        patient = scene.attention is not self.scene.attention or scene.head != self.scene.head
        self.scene = scene
        asking = self.is_asking
        if asking is None:
            return
        with self.batch_update():
            self.screen.update_classes(layout.classes(scene, self.window) | {"asking": asking})
            self.theme = _theme_of(scene)
            for panel in self._on_show(scene):
                if not (patient and panel.can_wait):
                    panel.show(scene)
        if patient and not self._owing:
            self._owing = True
            self.call_after_refresh(self._show_rest)

    def _on_show(self, scene: Scene) -> list[Panel]:
        """The panels of the page on show, and those on all; where the page is another, the others let go of theirs."""
        page = f"{'help' if scene.helping else scene.session.view.page}-page"
        if page != self._page:
            self._page = page
            for name, panels in self.panels.items():
                for panel in panels if name not in ("", page) else ():
                    panel.leave()
        return [*self.panels.get("", ()), *self.panels.get(page, ())]

    def _show_rest(self) -> None:
        """Hand the newest scene to the panels that waited until the others were on the screen."""
        self._owing = False
        for panel in self._on_show(self.scene):
            if panel.can_wait:
                panel.show(self.scene)

    def on_answer(self) -> None:
        """Show what has become known."""
        self.show_scene(replace(self.scene))

    def say(self, message: str, *, trouble: bool = False) -> None:
        """Tell something in the line of truth, until the next key."""
        self.show_scene(
            replace(self.scene, message=printable(" ".join(message.split())), trouble=trouble, knob=self.knob)
        )

    # Pictures of the screen.

    def export_screenshot(self, *, title: str | None = None, simplify: bool = False) -> str:
        """The screen as SVG that asks the network for nothing."""
        return tidied(super().export_screenshot(title=title, simplify=simplify))


def _theme_of(scene: Scene) -> str:
    return f"attn-{scene.session.view.theme}" if scene.ink.shaded else "ansi-dark"


def _of_layer(scene: Scene) -> str:
    return f" of {scene.layer_name}" if scene.layer_name else ""


def _line(draw: Callable[[Scene, int], Any]) -> Callable[[Scene, int, int], Lines]:
    """A picture of one line from a function of scene and width."""
    return lambda scene, width, _: [draw(scene, width)]
