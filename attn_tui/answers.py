"""What typed lines do to a session: pure functions from what is on the screen and the text to the next session.

A line that cannot be understood raises ValueError (OptionError, RuleError) or Refusal, saying what is possible.
"""

from __future__ import annotations

from dataclasses import replace

from attn_engine import FUNCTIONS, Kind, entries

from .actions import BY_NAME
from .choices import with_set, with_source
from .files import with_file
from .moves import MOVES, fixed_by_source, with_view
from .opening import open_scene
from .options import OptionError, read_options
from .parameters import BY_FIELD, PARAMETERS, PART_OF
from .pictures.plan import Plan
from .presets import with_preset
from .scene import Scene
from .view import Session

OPTIONS = (*(option for row in PARAMETERS for option in row.options), "--pin")
FLAGS = tuple(option for row in PARAMETERS if row.flag for option in row.options)


def words_to_type() -> tuple[str, ...]:
    """What the command line understands, for completion."""
    return (*BY_NAME, *(option.removeprefix("--") for option in OPTIONS))


def words_of_masks() -> tuple[str, ...]:
    """What a rule is made of, for completion."""
    return (*(entry.name for entry in entries(Kind.MASK)), *FUNCTIONS, "true", "false")


def knob_value(scene: Scene, field: str, text: str) -> Session:
    """The session with a knob at the value typed."""
    value, part = BY_FIELD[field].read(text), PART_OF[field]
    if field == "file":
        return with_file(scene.session, value)
    if field == "capture_set":
        return with_set(scene.session, value)
    if field == "source":
        return with_source(scene.session, value)
    if field == "preset":
        return with_preset(scene.session, value)
    return replace(scene.session, **{part: replace(getattr(scene.session, part), **{field: value})})


def check_not_fixed(scene: Scene, field: str) -> None:
    """Raise Refusal where the source decides the knob."""
    if field in scene.inputs.fixed:
        raise fixed_by_source(scene, BY_FIELD[field])


def search(scene: Scene, plan: Plan, text: str) -> Session:
    """The session with tokens that contain the text marked, at the next of them."""
    searching = replace(scene, session=with_view(scene, search=text))
    return MOVES["search-on"](searching, plan) if text else searching.session


def kind(scene: Scene, text: str) -> Session:
    """The session with all layers on show, heads of other kinds than the one typed dimmed; nothing is all."""
    return with_view(scene, head_kind=BY_FIELD["head_kind"].read(text.strip() or "all"), heads_panel="layers")


def position(scene: Scene, text: str) -> Session:
    """The session with the cursor at a position typed as QUERY,KEY, or one number for both."""
    query, key = BY_FIELD["cursor"].read(text)
    lab = scene.laboratory
    here = lab.plane if lab else scene.attention
    rows, columns = here.query_length, here.key_length
    if query >= rows or key >= columns:
        raise ValueError(f"queries are 0 … {rows - 1}, keys 0 … {columns - 1}")
    if lab:
        from .lab.moves import go_to_pair

        return go_to_pair(scene, query, key)
    return with_view(scene, cursor=(query, key))


def options(scene: Scene, text: str, words: list[str]) -> Session:
    """The session with options typed: `mask causal & window(3)`, `mask=causal` and `--mask causal` are the same."""
    session = read_options(_as_options(scene, text.strip(), words), scene.session)
    return open_scene(session, scene.ink.tier, scene.session).session


def _as_options(scene: Scene, text: str, words: list[str]) -> list[str]:
    if words[0].startswith("-"):
        return words
    name, equals, _ = words[0].partition("=")
    option = f"--{name}"
    if option not in OPTIONS:
        raise OptionError(f"{name!r} is no command and no option; {scene.keycaps['help']} lists them")
    if equals:
        value = words[0] if len(words) == 1 else text
        return [f"{option}={value[len(name) + 1 :].strip()}"]
    rest = text[len(name) :].strip()
    if " --" in rest or option in FLAGS or not rest:
        return [option, *words[1:]]
    return [f"{option}={words[1] if len(words) == 2 else rest}"]
