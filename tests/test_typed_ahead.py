"""Keys and sizes that come faster than they can be acted on: what they do is what they would do one by one."""

from __future__ import annotations

from random import Random

import pytest
from textual import events
from textual.geometry import Size

from tests.hands import WIDE, Hands, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")

TYPED = {
    "a value, then the help": ["t", "enter", *"0.5", "enter", "?"],
    "a value that is mended": ["t", "enter", *"05", "left", ".", "end", "backspace", *"25", "enter", "2"],
    "a value that is wrong": ["t", "enter", *"cold", "enter", "?"],
    "a rule, then the heads": ["m", "enter", *"causal", "enter", "2"],
    "a rule that is completed": ["m", "enter", *"caus", "end", "enter", "m", "enter", *"full", "enter", "?"],
    "a rule that is left": ["m", "enter", *"window(3)", "escape", "right", "?"],
    "a command, then the help": [":", *"mask causal", "enter", "?"],
    "a search, then the next": ["/", *"it", "enter", "right", "?"],
    "a place, then a key": ["g", "3", "enter", "right", "u"],
}
POOL = [*"tm:/g?0.5u2", "enter", "enter", "escape", "left", "backspace", "home", *"causal"]


def state(hands: Hands) -> tuple[object, ...]:
    """What a person is left with: the session, the help, and what stands in the prompt."""
    app = hands.app
    return hands.session, app.knob, app.scene.helping, app.prompt.purpose, app.prompt.purpose and hands.typed


async def check_the_same(keys: list[str]) -> None:
    """Assert that keys pressed all at once leave what they leave one by one."""
    async with explorer("", size=WIDE) as hands:
        await hands.press(*keys)
        expected = state(hands)
    async with explorer("", size=WIDE) as hands:
        await hands.burst(*keys)
        assert state(hands) == expected


@pytest.mark.parametrize("keys", TYPED.values(), ids=TYPED)
async def test_what_is_typed_ahead_counts_as_if_it_were_typed_later(keys: list[str]) -> None:
    await check_the_same(keys)


@pytest.mark.parametrize("seed", range(8))
async def test_any_keys_typed_ahead_count_as_if_they_were_typed_later(seed: int) -> None:
    await check_the_same(Random(seed).choices(POOL, k=25))


async def test_what_is_pasted_counts_before_the_enter_that_comes_after_it() -> None:
    async with explorer("", size=WIDE) as hands:
        hands.send("m", "enter")
        hands.app.post_message(events.Paste("causal\nand more"))
        await hands.burst("enter", "?")
        assert (hands.session.experiment.mask, hands.app.scene.helping) == ("causal", True)


async def test_pasting_nothing_leaves_what_is_selected() -> None:
    async with explorer("") as hands:
        await hands.press("S")
        hands.app.post_message(events.Paste(""))
        await hands.settle()
        assert hands.app.prompt.text == "attention.svg"


async def test_of_sizes_that_come_together_the_newest_stays() -> None:
    """Textual tells a screen each size that it has had; two of them, with something between, called each other back."""
    async with explorer("", size=WIDE) as hands:
        screen, before = hands.app.screen, hands.screen
        for size in (Size(80, 24), Size(*WIDE)):
            screen.post_message(events.Resize(size, size))
            screen.call_later(lambda: None)
        await hands.settle()
        assert hands.screen == before
