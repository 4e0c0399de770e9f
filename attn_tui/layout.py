"""Which panels stand on the screen: classes that the style sheet reads."""

from __future__ import annotations

from .presets import preset_of
from .scene import Scene
from .view import MASK_PANELS, PAGES, PANELS, STUDIES, STUDY_PANELS, Session

LEAST = (20, 6)
"""Columns and rows below which only a line is shown."""

NARROW = 72
NORMAL = 110
"""Columns from which two panels, and from which all, stand beside each other."""

SHORT = 16
"""Rows below which the picture takes the lines around it."""

WIDTHS = [(0, "-narrow"), (NARROW, "-normal"), (NORMAL, "-wide")]
HEIGHTS = [(0, "-short"), (SHORT, "-tall")]
"""From how many columns, and rows, on the screen has a class; it has the last that it reaches."""

BESIDE = ("keys", "charts", "heads")
"""The panels that share the right-hand side."""


def classes(scene: Scene, size: tuple[int, int]) -> dict[str, bool]:
    """Every class of the screen, and whether it is on."""
    view = scene.session.view
    page = "help" if scene.helping else view.page
    return {
        **{f"at-{name}": page == name for name in (*PAGES, "help")},
        **{f"on-{name}": view.panel == name for name in PANELS},
        **{f"lab-{name}": scene.session.lab.mask_panel == name for name in MASK_PANELS},
        **{f"study-{name}": scene.session.studies.study == name for name in STUDIES},
        **{f"study-at-{name}": scene.session.studies.study_panel == name for name in STUDY_PANELS},
        "study-preset": scene.session.studies.study == "cross" and bool(preset_of(scene.session)),
        "on-side": view.explain or view.panel in BESIDE,
        "explaining": view.explain,
        "reading": view.text,
        "alone": view.picture_only,
        "too-small": size[0] < LEAST[0] or size[1] < LEAST[1],
    }


def first_classes(scene: Scene, size: tuple[int, int]) -> list[str]:
    """The classes that are on, those of the size among them."""
    reached = (
        [name for least, name in steps if least <= own][-1] for steps, own in zip((WIDTHS, HEIGHTS), size, strict=True)
    )
    return [*reached, *(name for name, on in classes(scene, size).items() if on)]


def shows_parameters(session: Session, width: int) -> bool:
    """Whether the panel with the page's knobs is to be seen in a window of some width."""
    view = session.view
    own = {"masks": session.lab.mask_panel == "settings", "experiments": session.studies.study_panel == "knobs"}
    if view.page in own and not view.picture_only:
        return width >= NARROW or own[view.page]
    if view.page != "map" or view.picture_only:
        return False
    if width < NARROW:
        return view.panel == "parameters"
    return width >= NORMAL or not (view.explain or view.panel in BESIDE)
