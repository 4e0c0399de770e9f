"""What keys do among the experiments: from what is on the screen to the next session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from attn_engine import PRESETS, DiversitySettings, PatternSettings, ScalingSettings

from ..desk import Desk
from ..moves import MOVES, Move, Refusal, go_to, of_the_map, turn, turned_value, with_view
from ..parameters import PART_OF, Parameter
from ..pictures.plan import Plan
from ..pictures.studies.crossing import has_grid
from ..pictures.studies.learning import failure_at, failures_of, settings_of, step_of
from ..pictures.studies.page import panels_of
from ..presets import preset_of, with_preset, without_preset
from ..scene import Scene
from ..view import PAGES, STUDIES, Session
from .pair import HEADS, pair_of
from .trial import Trial, trial_of

STRIDE = 3
"""Steps of the training from one picture to the next, while it runs."""


def with_studies(scene: Scene, **changes: Any) -> Session:
    """The session with other experiments."""
    return replace(scene.session, studies=replace(scene.session.studies, **changes))


def trial_on_show(scene: Scene) -> Trial:
    """The experiment on the screen. Raises Refusal where there is none."""
    if scene.trial is None:
        raise Refusal(f"no experiment here: {scene.keycaps['page-experiments']} shows them")
    return scene.trial


# The cursor: columns are rows of the table, or patterns; rows are queries.


def step(rows: int, columns: int) -> Move:
    """The cursor some places on."""

    def move(scene: Scene, _: Plan) -> Session:
        return STEPS[scene.session.studies.study](scene, rows, columns)

    return move


def _in_scaling(scene: Scene, rows: int, columns: int) -> Session:
    settings, shown = trial_on_show(scene).settings, scene.session.studies
    assert isinstance(settings, ScalingSettings)
    if rows and shown.study_panel != "table":
        return _query(scene, rows)
    return with_studies(scene, study_dim=_along(settings.head_dims, shown.study_dim, rows + columns))


def _in_diversity(scene: Scene, rows: int, columns: int) -> Session:
    settings, shown = trial_on_show(scene).settings, scene.session.studies
    assert isinstance(settings, DiversitySettings)
    return with_studies(scene, study_heads=_along(settings.heads, shown.study_heads, rows + columns))


def _in_patterns(scene: Scene, rows: int, columns: int) -> Session:
    settings, shown = trial_on_show(scene).settings, scene.session.studies
    assert isinstance(settings, PatternSettings)
    places = range(len(settings.masks))
    here = min(shown.pattern_at, places[-1])
    return with_studies(scene, pattern_at=_along(tuple(places), here, rows + columns))


def _in_learning(scene: Scene, rows: int, columns: int) -> Session:
    if rows:
        places = tuple(range(len(failures_of(scene))))
        return with_studies(scene, failure=_along(places, failure_at(scene), rows))
    return with_studies(scene, train_step=min(max(step_of(scene) + columns, 0), settings_of(scene).steps))


def trained(scene: Scene) -> Session | None:
    """The session some steps of the training on; None at its end."""
    step, last = step_of(scene), settings_of(scene).steps
    return with_studies(scene, train_step=min(step + STRIDE, last)) if step < last else None


def _query(scene: Scene, rows: int) -> Session:
    shown = scene.session.studies
    last = shown.study_length - 1
    query = min(max(min(shown.study_cursor[0], last) + rows, 0), last)
    return with_studies(scene, study_cursor=(query, shown.study_cursor[1]))


def _along(places: tuple[int, ...], here: int, by: int) -> int:
    """The place some steps on, no further than the ends."""
    at = places.index(here) if here in places else 0
    return places[min(max(at + by, 0), len(places) - 1)]


def _in_crossing(scene: Scene, rows: int, columns: int) -> Session:
    shown = scene.session.studies
    if shown.study_panel == "more" and rows:
        names = ["", *PRESETS]
        at = min(max(names.index(preset_of(scene.session)) + rows, 0), len(names) - 1)
        return to_system(scene, names[at])
    if preset_of(scene.session):
        query, key = scene.cursor
        return go_to(scene, query + rows, key + columns)
    query, key = shown.study_cursor
    most = shown.study_length - 1, max(shown.study_length, shown.study_keys) - 1
    place = (
        min(max(min(at, last) + by, 0), last) for at, by, last in zip((query, key), (rows, columns), most, strict=True)
    )
    return with_studies(scene, study_cursor=tuple(place))


def of_pictures(name: str) -> Move:
    """A move of the map, where self- and cross-attention are drawn as on the map."""

    def move(scene: Scene, plan: Plan) -> Session:
        if scene.session.studies.study != "cross":
            raise of_the_map(scene, name)
        if name == "text" and not has_grid(scene):
            chooses = f"{scene.keycaps['knob.source']} chooses them"
            raise Refusal(f"nothing here is a picture: vit, captioning and diffusion are, {chooses}")
        if preset_of(scene.session) or name == "range":
            return MOVES[name](scene, plan)
        head = min(scene.session.view.head, HEADS - 1) + (1 if name == "head-on" else -1)
        if not 0 <= head < HEADS:
            raise Refusal(f"heads are 0 … {HEADS - 1}")
        return with_view(scene, head=head)

    return move


STEPS: dict[str, Callable[[Scene, int, int], Session]] = {
    "scaling": _in_scaling,
    "diversity": _in_diversity,
    "patterns": _in_patterns,
    "cross": _in_crossing,
    "learning": _in_learning,
}


def study(direction: int) -> Move:
    """The next experiment."""

    def move(scene: Scene, _: Plan) -> Session:
        names = list(STUDIES)
        here = names.index(scene.session.studies.study)
        others = (to_study(scene, names[(here + direction * by) % len(names)]) for by in range(1, len(names)))
        session = next(filter(_possible, others), None)
        if session is None:
            raise Refusal("no other experiment can be made with these settings")
        return session

    return move


def _possible(session: Session) -> bool:
    """Whether its experiment can be made with its settings."""
    try:
        trial_of(session, Desk())
    except ValueError:
        return False
    return True


def to_study(scene: Scene, name: str) -> Session:
    """An experiment, and its figure where the panel that the keys went to is not one of its."""
    session = with_studies(scene, study=name)
    if session.studies.study_panel in panels_of(session):
        return session
    return replace(session, studies=replace(session.studies, study_panel="figure"))


def panel(direction: int) -> Move:
    """The next panel."""

    def move(scene: Scene, _: Plan) -> Session:
        names = panels_of(scene.session)
        here = names.index(scene.session.studies.study_panel) if scene.session.studies.study_panel in names else 0
        return with_studies(scene, study_panel=names[(here + direction) % len(names)])

    return move


def to_map(scene: Scene) -> Session:
    """What is on show on the map: the system, or cross-attention on the two sequences."""
    view = replace(scene.session.view, page="map")
    if preset_of(scene.session):
        return replace(scene.session, view=view)
    _, crossed = pair_of(scene.session.studies)
    return replace(scene.session, experiment=crossed, view=replace(view, cursor=scene.session.studies.study_cursor))


def to_system(scene: Scene, name: str) -> Session:
    """A preset by its name, or two random sequences."""
    return with_preset(scene.session, name) if name else without_preset(scene.session)


def turn_knob(scene: Scene, row: Parameter, direction: int) -> Session:
    """A knob of the experiments, or one that they share with the map, turned by one."""
    if row.field == "preset":
        names = ["", *PRESETS]
        return to_system(scene, names[(names.index(preset_of(scene.session)) + direction) % len(names)])
    if PART_OF[row.field] == "experiment":
        return turn(scene, row, direction)
    turned = turned_value(row, getattr(scene.session.studies, row.field), direction)
    return with_studies(scene, **{row.field: turned})


STUDY_MOVES: dict[str, Move] = {
    "left": step(0, -1),
    "right": step(0, 1),
    "up": step(-1, 0),
    "down": step(1, 0),
    "page-up": step(-5, 0),
    "page-down": step(5, 0),
    "home": step(0, -(10**6)),
    "end": step(0, 10**6),
    "stage-on": study(1),
    "stage-back": study(-1),
    "panel-on": panel(1),
    "panel-back": panel(-1),
    **{name: MOVES[name] for name in ("palette", "picture-only")},
    **{name: of_pictures(name) for name in ("head-back", "head-on", "range", "text")},
    **{f"page-{name}": MOVES[f"page-{name}"] for name in PAGES},
}
"""The moves of the experiments; the others are of the map alone."""
