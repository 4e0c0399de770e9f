"""What typed lines do to a session: the same words as on the command line, and a line that says what is wrong."""

from __future__ import annotations

import shlex
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from attn_tui import answers
from attn_tui.actions import ACTIONS
from attn_tui.moves import Refusal
from attn_tui.options import OptionError, read_options, split, words_of
from attn_tui.parameters import PARAMETERS
from attn_tui.pictures.plan import plan_map
from attn_tui.scene import Scene
from attn_tui.view import Pinned, Session, View
from tests.drawing import brief, scene_of, scene_with
from tests.test_options import sessions

START = "--source random --queries 9 --keys 9 --heads 2 --head-dim 2"


def typed(text: str, start: str = START) -> Session:
    """The session after a line was typed as a command."""
    return answers.options(scene_of(start), text, split(text))


def refused(text: str, start: str = START) -> str:
    with pytest.raises((OptionError, ValueError)) as caught:
        typed(text, start)
    return str(caught.value)


# Options as commands


@pytest.mark.parametrize(
    "text",
    [
        "mask causal & window(3)",
        "mask 'causal & window(3)'",
        "mask=causal & window(3)",
        "mask='causal & window(3)'",
        "--mask 'causal & window(3)'",
        "--mask='causal & window(3)'",
        "  mask   causal&window(3)  ",
    ],
)
def test_a_rule_is_typed_as_on_the_command_line_or_more_simply(text: str) -> None:
    assert typed(text) == read_options([*shlex.split(START), "--mask", "causal & window(3)"])


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("temperature 2", "--temperature 2"),
        ("scale -2", "--scale=-2"),
        ("scale=-2", "--scale=-2"),
        ("text", "--text"),
        ("picture-only", "--picture-only"),
        ("--no-text", ""),
        ("cursor 3,4", "--cursor 3,4"),
        ("search the cat", "--search 'the cat'"),
        ("mask causal --stage scores --range log", "--mask causal --stage scores --range log"),
        ("--stage scores --head 1", "--stage scores --head 1"),
        ("d-k 8", "--head-dim 8"),
        ("pin --mask causal", "--pin '--mask causal'"),
        ("pin=--mask causal", "--pin '--mask causal'"),
    ],
)
def test_every_option_can_be_typed_without_its_dashes(text: str, options: str) -> None:
    assert typed(text) == read_options([*shlex.split(START), *shlex.split(options)])


def there(pinned: Pinned | None) -> Pinned | None:
    """The pinned picture, at a layer that there is, and not of a file that there is not."""
    if pinned is None:
        return None
    source = pinned.experiment.source.replace("file", "clusters")
    return replace(pinned, experiment=replace(pinned.experiment, layer=3, source=source))


@brief
@given(sessions)
def test_the_options_of_any_session_can_be_typed(session: Session) -> None:
    view = replace(session.view, head=1, cursor=(3, 3), over_heads=(1,), over_layers=(), compare="b")
    small = replace(session.experiment, query_length=9, key_length=9, num_heads=2, num_key_heads=1, head_dim=2, layer=3)
    wanted = Session(replace(small, source="random", score_mod="none"), view, there(session.pinned))
    words = words_of(wanted)
    if words:
        assert answers.options(scene_of(""), shlex.join(words), words) == wanted


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("dance", "'dance' is no command and no option; ? lists them"),
        ("head 99", "--head: 99 is not a head; possible are 0 … 1"),
        ("cursor 20,3", "--cursor: queries are 0 … 8, keys 0 … 8"),
        ("compare a", "--compare: a needs a picture to compare with: --pin OPTIONS"),
        ("temperature 0", "--temperature: '0' is not a number above 0"),
        ("mask causal & (", '--mask: expected a number or a name after "(", at column 11'),
        ("temperature", '--temperature: its value is missing (one that starts with "-" is written with "="); '
         "possible are > 0"),
        ("--dance", "--dance is no option or command here; do you mean --range?"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_followed_says_why(text: str, said: str) -> None:
    assert refused(text) == said


def test_a_head_that_is_no_longer_there_does_not_stand_in_the_way() -> None:
    start = "--source random --head 3 --cursor 15,15"
    assert typed("heads 2", start) == read_options(shlex.split(f"{start} --heads 2"))
    assert typed("queries 3", start).view == View(head=3, cursor=(15, 15))


def test_what_can_be_typed_is_offered() -> None:
    offered = set(answers.words_to_type())
    assert {action.name for action in ACTIONS} <= offered
    assert {option[2:] for row in PARAMETERS for option in row.options} <= offered
    assert "pin" in offered


# Values, positions, tokens


def test_a_knobs_value_is_typed() -> None:
    scene = scene_of(START)
    assert answers.knob_value(scene, "mask", "window(2)") == read_options(shlex.split(f"{START} --mask 'window(2)'"))
    with pytest.raises(ValueError, match="'0' is not a whole number from 1"):
        answers.knob_value(scene, "num_heads", "0")


def test_a_knob_that_the_source_fixes_is_not_asked_for() -> None:
    with pytest.raises(Refusal, match="queries is fixed by the source sample: x chooses another"):
        answers.check_not_fixed(scene_of(""), "query_length")
    answers.check_not_fixed(scene_of(""), "mask")


@pytest.mark.parametrize(("text", "cursor"), [("3,4", (3, 4)), ("5", (5, 5)), (" 0 , 8 ", (0, 8))])
def test_a_position_is_typed_as_a_pair_or_one_number_for_both(text: str, cursor: tuple[int, int]) -> None:
    assert answers.position(scene_of(START), text).view.cursor == cursor


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("9", "queries are 0 … 8, keys 0 … 8"),
        ("3,9", "queries are 0 … 8, keys 0 … 8"),
        ("x", "'x' is not QUERY,KEY: two positions counted from 0"),
    ],
)
def test_a_position_that_is_not_there_is_told(text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        answers.position(scene_of(START), text)
    assert str(caught.value) == said


def test_a_searched_token_is_marked_and_gone_to() -> None:
    tokens = ("the", "cat", "sat")
    scene: Scene = scene_with(np.eye(3), options="--cursor 0,0", query_tokens=tokens, key_tokens=tokens)
    plan = plan_map(scene, 40, 10)
    found = answers.search(scene, plan, "at")
    assert (found.view.search, found.view.cursor) == ("at", (1, 1))
    with pytest.raises(Refusal, match="no token contains 'dog'"):
        answers.search(scene, plan, "dog")
    assert answers.search(scene, plan, "") == scene.session
