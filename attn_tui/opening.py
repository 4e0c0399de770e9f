"""The scene of a command line: what its options ask for, or one line that names the option and what is possible."""

from __future__ import annotations

from attn_engine import FieldError, RuleError

from .needs import needs_inputs, turned_in_vain
from .options import OptionError
from .parameters import BY_FIELD
from .pictures.ink import Tier, make_ink
from .scene import Scene, make_scene
from .view import Session, View


def open_scene(session: Session, tier: Tier) -> Scene:
    """The first scene of a session. Raises OptionError where an option asks for what there is not."""
    ink = make_ink(tier, dark=session.view.theme == "dark", palette=session.view.palette)
    try:
        scene = make_scene(session, ink)
    except FieldError as error:
        raise OptionError(f"{BY_FIELD[error.field].option}: {error}") from None
    except RuleError as error:
        studies = {session.studies.pattern: "--pattern", session.studies.study_mask: "--study-mask"}
        rules = {session.experiment.mask: "--mask", session.experiment.score_mod: "--score-mod"}
        rules = rules | studies if session.view.page == "experiments" else rules
        raise OptionError(f"{rules.get(error.text, '--pin')}: {error}") from None
    except (ValueError, MemoryError) as error:
        if hasattr(error, "status"):
            raise  # about a file, with its own
        raise OptionError(str(error) or "not enough memory for that") from None
    check_chosen(scene, Session())
    return scene


def check_chosen(scene: Scene, before: Session) -> None:
    """Raise OptionError for a knob, a head or a cursor that was chosen since a session before, and cannot be had."""
    check_places(scene, before.view)
    session = scene.session
    for experiment in (session.experiment, *((session.pinned.experiment,) if session.pinned else ())):
        if field := turned_in_vain(experiment, before.experiment):
            raise OptionError(f"{BY_FIELD[field].option}: {needs_inputs(BY_FIELD[field])}")


def check_places(scene: Scene, before: View) -> None:
    """Raise OptionError for a head or a cursor that is not there, or nothing to compare with.

    Those of the view before, as of the defaults, were not chosen and give way.
    """
    view, attention = scene.session.view, scene.attention
    heads, (queries, keys) = scene.num_heads, (attention.query_length, attention.key_length)
    if view.head != before.head and view.head >= heads and view.compare != "a":
        raise OptionError(f"--head: {view.head} is not a head; possible are 0 … {heads - 1}")
    if view.cursor != before.cursor and (view.cursor[0] >= queries or view.cursor[1] >= keys):
        raise OptionError(f"--cursor: queries are 0 … {queries - 1}, keys 0 … {keys - 1}")
    if view.compare != "b" and not scene.session.pinned:
        raise OptionError(f"--compare: {view.compare} needs a picture to compare with: --pin OPTIONS")
