"""Stories: keys pressed one after the other, what is then on the screen, and what the session has become."""

from __future__ import annotations

from dataclasses import dataclass

from tests.hands import WIDE, explorer, session_of

SAME = None


@dataclass(frozen=True)
class Step:
    """After `keys` the screen shows `sees`, and the session is that of the options `then`, or the SAME as before."""

    keys: str
    sees: str
    then: str | None = SAME


async def follow(start: str, steps: tuple[Step, ...], *, always: str = "") -> None:
    """Press the keys of a story that begins with some options; `always` are options of every session in it."""
    async with explorer(f"{always} {start}", size=WIDE) as hands:
        for step in steps:
            before = hands.session
            await hands.press(step.keys)
            assert step.sees in hands.screen, (step, hands.screen)
            assert hands.session == (before if step.then is SAME else session_of(f"{always} {step.then}")), step
