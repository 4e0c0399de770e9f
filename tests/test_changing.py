"""What takes longer than a frame: the state is the new one at once, the picture follows, and it can be stopped."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from attn_tui import changing, effort
from attn_tui.making import make_scene
from attn_tui.scene import Scene
from tests.drawing import ink_of
from tests.hands import Hands, explorer, session_of

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Every change of numbers takes as long as this event is not set."""
    may_end = threading.Event()
    monkeypatch.setattr(effort, "FRAME", 0)

    def made(*args: Any, **options: Any) -> Scene:
        if threading.current_thread() is not threading.main_thread():
            may_end.wait(10)
        return make_scene(*args, **options)

    monkeypatch.setattr(changing, "make_scene", made)
    yield may_end
    may_end.set()


async def pressed(hands: Hands, *keys: str) -> None:
    """Keys, without waiting for what they ask for."""
    hands.send(*keys)
    for _ in range(5):
        await hands.pilot.pause(0)


async def test_the_knob_is_turned_at_once_and_the_picture_follows(slow: threading.Event) -> None:
    async with explorer("--source random") as hands:
        shown = hands.app.scene.attention
        await pressed(hands, "r", ".")
        assert hands.session.experiment.seed == 1
        assert hands.app.scene.attention is shown
        assert "computing … escape stops" in hands.rows[0]
        slow.set()
        await hands.settle()
        assert "computing" not in hands.rows[0]
        assert (
            hands.app.scene.weights == make_scene(session_of("--source random --seed 1"), hands.app.scene.ink).weights
        ).all()


async def test_keys_pressed_meanwhile_add_up_and_the_newest_is_shown(slow: threading.Event) -> None:
    async with explorer("--source random") as hands:
        await pressed(hands, "r", ".", ".", ".", "right")
        slow.set()
        await hands.settle()
        assert hands.app.scene.shown.seed == hands.session.experiment.seed == 3
        assert hands.session.view.cursor == (10, 3)


async def test_escape_goes_back_to_what_is_on_the_screen(slow: threading.Event) -> None:
    async with explorer("--source random") as hands:
        before = hands.session
        await pressed(hands, "r", ".", ".", "escape")
        assert hands.session == before
        assert "stopped" in hands.truth
        slow.set()
        await hands.settle()
        assert hands.app.scene.shown == before.experiment


async def test_undo_takes_back_what_is_still_being_computed_and_then_the_turn_before(slow: threading.Event) -> None:
    async with explorer("--source random") as hands:
        slow.set()
        await hands.press("r", ".")
        slow.clear()
        await pressed(hands, ".", "u")
        assert hands.session.experiment.seed == 1
        slow.set()
        await hands.press("u")
        assert hands.session.experiment.seed == 0


async def test_turns_made_while_one_is_computed_are_one_step_of_undo(slow: threading.Event) -> None:
    async with explorer("--source random") as hands:
        await pressed(hands, "r", ".", ".", ".")
        slow.set()
        await hands.settle()
        await hands.press("u")
        assert hands.session.experiment.seed == 0


async def test_what_fails_beside_the_screen_is_told_and_the_screen_stays(
    slow: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with explorer("--source random") as hands:
        before = hands.session

        def fails(*_: Any, **__: Any) -> Scene:
            raise ValueError("the disk is on fire")

        monkeypatch.setattr(changing, "make_scene", fails)
        await hands.press("r", ".")
        assert "the disk is on fire" in hands.truth
        assert hands.session == before
        assert hands.app.scene.session == before


async def test_a_value_that_is_refused_meanwhile_leaves_what_is_being_computed(slow: threading.Event) -> None:
    async with explorer("--source random") as hands:
        await pressed(hands, "r", ".", ":", *"head 99", "enter")
        assert hands.app.coming
        await pressed(hands, "escape")
        slow.set()
        await hands.settle()
        assert hands.app.scene.shown.seed == 1


async def test_what_is_told_of_a_turn_is_still_told_when_the_picture_comes(slow: threading.Event) -> None:
    async with explorer("--source random", size=(60, 20)) as hands:
        slow.set()
        await hands.press("r", ".")
        assert "seed 1" in hands.truth


LARGE = "--source random --heads 8 --queries 1024 --keys 1024"


def test_only_new_numbers_take_long() -> None:
    large = session_of(LARGE)
    assert effort.effort(large) == 8 * 1024 * 1024
    assert effort.takes_long(large, session_of(""))
    assert not effort.takes_long(session_of(f"{LARGE} --palette blues"), large)
    assert not effort.takes_long(session_of(""), large)
    assert not effort.takes_long(session_of(f"{LARGE} --view masks"), large)


def test_all_layers_put_together_count_as_what_they_are() -> None:
    one, every = session_of("--over mean"), session_of("--over mean --over-layers all")
    layers = make_scene(one, ink_of()).inputs.num_layers
    assert effort.effort(every) == layers * effort.effort(one)


def test_what_cannot_be_computed_is_refused_at_once() -> None:
    assert not effort.takes_long(session_of("--source sample"), session_of("--source file --file nowhere.npy"))
