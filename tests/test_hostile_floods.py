"""Ten thousand keys in one write, a megabyte pasted, random bytes: the next key is answered all the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile import ANSWER, SOON, answers, check_idle, first_screen, printed, withstands
from tests.ptys import Terminal, left_behind, opened, running

MANY = 10_000

FLOODS = {
    "on the map": ("", b"j" * MANY),
    "to and fro on the map": ("", b"jk" * (MANY // 2)),
    "of arrows": ("", b"\x1b[B\x1b[A" * (MANY // 2)),
    "turning a knob": ("t", b".," * (MANY // 2)),
    "of quitting": ("", b"q" * MANY),
    "into the command line": (":", b"x" * MANY),
    "into the mask rule": ("m\r", b"(" * MANY),
    "into the mask rule, so that it is one": ("m\r", b"causal|" * (MANY // 7) + b"causal"),
    "into a search": ("/", b"q" * MANY),
    "of the mouse": ("", b"\x1b[<35;40;20M\x1b[<35;41;21M" * (MANY // 2)),
    "of turns of the wheel": ("", b"\x1b[<65;60;20M\x1b[<64;60;20M" * (MANY // 2)),
    "of a megabyte pasted on the map": ("", b"\x1b[200~" + b"paste q" * 150_000 + b"\x1b[201~"),
    "of a megabyte pasted into the command line": (":", b"\x1b[200~" + b"paste q" * 150_000 + b"\x1b[201~"),
    "of a megabyte pasted into the mask rule": ("m\r", b"\x1b[200~" + b"causal|" * 150_000 + b"\x1b[201~"),
}
"""What is typed before, and the flood."""


@pytest.fixture(scope="module")
def explorer() -> Iterator[Terminal]:
    """One explorer for all of them, which withstands them all."""
    with opened() as terminal:
        first_screen(terminal)
        yield terminal
        withstands(terminal)


@pytest.mark.parametrize(("before", "flood"), FLOODS.values(), ids=FLOODS)
def test_after_a_flood_the_next_key_is_answered(explorer: Terminal, before: str, flood: bytes) -> None:
    explorer.press(before)
    explorer.rests(0.1)
    explorer.send(flood)
    explorer.pause(0.1)
    if before not in ("", "t"):
        explorer.press("\x1b")
        explorer.wait(lambda: "q quit" in explorer.text, "the prompt to be left", ANSWER)
    answers(explorer)


def test_of_ten_thousand_characters_the_first_are_in_the_line_and_keys_stay_quick(explorer: Terminal) -> None:
    explorer.press("/")
    explorer.sees("search")
    explorer.send(b"qwertyuiop" * 1000)
    explorer.wait(lambda: "qwertyuiop" in explorer.screen[-1], "the line", ANSWER)
    explorer.pause(0.1)
    explorer.send(b"\x1b[1;2D" * 60 + b"\x1b[27u")
    explorer.wait(lambda: "q quit" in explorer.text, "the prompt to be left", ANSWER)


@pytest.mark.parametrize("seed", range(3))
def test_random_bytes_leave_it_alive(tmp_path: Path, seed: int) -> None:
    """What quits on purpose is left out: a person could type it."""
    drawn, quits = random.Random(seed), b"q\x03\x11"
    noise = bytes(drawn.choices([byte for byte in range(256) if byte not in quits], k=20_000))
    with running("-m", "attn_tui", folder=tmp_path) as terminal:
        first_screen(terminal)
        for start in range(0, 2000, 50):
            terminal.send(noise[start : start + 50])
        terminal.send(noise[2000:])
        terminal.pause(1.6)
        for _ in range(4):
            terminal.press("\x1b")
            terminal.pause(0.15)
        check_idle(terminal)
        answers(terminal)
        terminal.press("q")
        assert terminal.ends(SOON) == 0
        assert left_behind(terminal) == []
        assert all(line.startswith("attn-tui ") for line in printed(terminal).splitlines()), "but what y copied"
