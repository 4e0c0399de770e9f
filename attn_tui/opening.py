"""The scene of a command line: what its options ask for, or one line that names the option and what is possible."""

from __future__ import annotations

from attn_engine import Experiment, FieldError, RuleError, layer_of

from .making import make_scene
from .needs import needs_inputs, turned_in_vain
from .options import OptionError
from .parameters import BY_FIELD
from .pictures.ink import Tier, make_ink
from .scene import Scene
from .view import Pinned, Session, View


def open_scene(session: Session, tier: Tier, before: Session | None = None) -> Scene:
    """The scene of a session that options made, over one before or the defaults.

    Raises OptionError where an option asks for what there is not.
    """
    before = before or Session()
    if session.pinned and session.pinned != before.pinned:
        _check_pinned(session.pinned)
    ink = make_ink(tier, dark=session.view.theme == "dark", palette=session.view.palette)
    try:
        layer_of(session.experiment)  # also where the pinned picture is shown
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
    _check_places(scene, before.view)
    _check_knobs(session.experiment, before.experiment)
    return scene


def _check_pinned(pinned: Pinned) -> None:
    """Raise OptionError for a layer or a knob of a pinned picture that cannot be had."""
    try:
        layer_of(pinned.experiment)
        _check_knobs(pinned.experiment, Experiment())
    except FieldError as error:
        raise OptionError(f"--pin: {BY_FIELD[error.field].option}: {error}") from None
    except OptionError as error:
        raise OptionError(f"--pin: {error}") from None


def _check_knobs(experiment: Experiment, before: Experiment) -> None:
    """Raise OptionError for a knob that was turned since an experiment before, and cannot be had."""
    if field := turned_in_vain(experiment, before):
        raise OptionError(f"{BY_FIELD[field].option}: {needs_inputs(BY_FIELD[field])}")


def _check_places(scene: Scene, before: View) -> None:
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
