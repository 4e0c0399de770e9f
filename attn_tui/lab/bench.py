"""The page of the mask laboratory: its panels, and what keys and the mouse do to them."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from ..moves import ARROWS, of_the_map
from ..parameters import Parameter
from ..pictures.masks.gallery import entry_at, stepped
from ..pictures.masks.plan import plan_blocks, plan_cells
from ..pictures.masks.raster import blocks_title, cells_title, mask_blocks, mask_cells
from ..pictures.masks.settings import setting_at, settings
from ..pictures.masks.sheet import sheet, sheet_at, sheet_length, sheet_title
from ..pictures.plan import UNBOUNDED, Plan
from ..scene import Scene
from ..view import Session
from ..widgets.panel import Panel
from .moves import LAB_MOVES, go_to_pair, laboratory_of, turn_knob, with_lab

OF_THE_SHEET = ("stage-on", "stage-back", "range")
"""Keys that turn over the sheet or what is on it."""


class Bench(Horizontal):
    """The settings, the pictures, and the sheet below them."""

    KNOBS: ClassVar[str] = "settings"
    """The panel of the knobs."""

    def compose(self) -> ComposeResult:
        """One panel for each of `view.MASK_PANELS`."""
        yield Panel(settings, lambda _: "Mask", id="settings")
        with Vertical(id="pictures-and-sheet"):
            with Horizontal(id="pictures"):
                yield Panel(mask_cells, cells_title, id="cells")
                yield Panel(mask_blocks, blocks_title, id="blocks")
            yield Panel(sheet, sheet_title, id="sheet")

    def room(self, name: str) -> tuple[int, int]:
        """Columns and rows of a panel's picture; while it is hidden, as if there were room for everything."""
        panel = self.query_one(f"#{name}", Panel)
        return panel.room if panel.is_on_screen else (UNBOUNDED, UNBOUNDED)

    def plan(self, scene: Scene, name: str = "") -> Plan:
        """Where everything stands in the picture that the keys go to, or in the one named."""
        lab = laboratory_of(scene)
        name = name or scene.focused
        on_blocks = name == "blocks" or not self.query_one("#cells", Panel).is_on_screen
        return plan_blocks(lab, *self.room("blocks")) if on_blocks else plan_cells(lab, *self.room("cells"))

    def moved(self, scene: Scene, name: str) -> Session:
        """The session after a key. Raises Refusal for keys that do nothing here."""
        if name not in LAB_MOVES:
            raise of_the_map(scene, name)
        x, y = ARROWS.get(name, (0, 0))
        if scene.focused == "sheet" and scene.session.lab.sheet == "catalogue" and (x or y):
            return with_lab(scene, entry=stepped(scene, x, y, self.room("sheet")))
        session = LAB_MOVES[name](scene, self.plan(scene))
        return self._with_sheet_in_view(session) if name in OF_THE_SHEET else session

    def turned(self, scene: Scene, row: Parameter, direction: int) -> Session:
        """The session with a knob turned by one."""
        return turn_knob(scene, row, direction)

    def _with_sheet_in_view(self, session: Session) -> Session:
        """The session whose sheet can be seen: where there is no room beside the pictures, the keys go to it."""
        if self.query_one("#sheet", Panel).is_on_screen:
            return session
        return replace(session, lab=replace(session.lab, mask_panel="sheet"))

    def refuses(self, _: Session) -> frozenset[str]:
        """Keys that do something everywhere but here."""
        return frozenset({"search"})

    def scrolled(self, scene: Scene, name: str) -> int | None:
        """The first line of the sheet after a key that scrolls it; None for another key. Unseen, it stays."""
        panel = self.query_one("#sheet", Panel)
        width, lines = panel.room
        steps = {"up": -1, "down": 1, "page-up": -lines, "page-down": lines, "home": -(10**6), "end": 10**6}
        if scene.focused != "sheet" or scene.session.lab.sheet == "catalogue" or name not in steps:
            return None
        if not panel.is_on_screen:
            return scene.sheet_from
        return min(max(scene.sheet_from + steps[name], 0), max(sheet_length(scene, width, lines) - lines, 0))

    def clicked(self, scene: Scene, panel: str, x: int, y: int) -> Session | None:
        """The session after a press at a column and row of a panel, or None where nothing is there."""
        if panel == "sheet":
            name = sheet_at(scene, x) if y < 0 else entry_at(scene, x, y, self.room("sheet"))
            found = {"sheet": name} if y < 0 else {"entry": name, "mask_panel": "sheet"}
            return with_lab(scene, **found) if name and (y < 0 or scene.session.lab.sheet == "catalogue") else None
        if panel not in ("cells", "blocks"):
            return None
        plan = self.plan(scene, panel)
        tall = max(plan.zoom.width // 2, 1) if panel == "blocks" else 1
        place = plan.cell_at(x, plan.label_height + (y - plan.label_height) // tall)
        if place is None:
            return None
        session = go_to_pair(scene, *place)
        return replace(session, lab=replace(session.lab, mask_panel=panel))

    def setting_clicked(self, scene: Scene, y: int) -> str:
        """The field of the knob in a row of the settings, or nothing."""
        return setting_at(scene, y, self.room("settings")[0])
