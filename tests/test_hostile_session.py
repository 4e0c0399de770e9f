"""A random session: text, keys, pastes, the mouse, resizes, stops, noise. It answers, and the terminal is left whole.

ATTN_TUI_SESSION is for how many seconds (20), ATTN_TUI_SEED from which seed on (a new one every day), ATTN_TUI_SEEDS
how many of them (1): `ATTN_TUI_SESSION=600 ATTN_TUI_SEEDS=10 pytest tests/test_hostile_session.py -s`.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from textual import events
from textual.widgets import Input

from attn_tui.actions import ACTIONS
from attn_tui.app import Explorer
from attn_tui.parameters import EVERY_KNOB
from tests.hands import session_of
from tests.hostile import SOON, check_idle, first_screen, printed
from tests.ptys import Terminal, left_behind, running

SECONDS = float(os.environ.get("ATTN_TUI_SESSION", "20"))
SEED = int(os.environ.get("ATTN_TUI_SEED", str(int(time.time()) // 86400)))
SEEDS = int(os.environ.get("ATTN_TUI_SEEDS", "1"))

SEQUENCES = {
    "left": "\x1b[D", "right": "\x1b[C", "up": "\x1b[A", "down": "\x1b[B", "pageup": "\x1b[5~", "pagedown": "\x1b[6~",
    "home": "\x1b[H", "end": "\x1b[F", "tab": "\t", "enter": "\r", "escape": "\x1b", "space": " ", "ctrl+p": "\x10",
    "shift+left": "\x1b[1;2D", "shift+right": "\x1b[1;2C", "shift+up": "\x1b[1;2A", "shift+down": "\x1b[1;2B",
    "shift+tab": "\x1b[Z", "left_square_bracket": "[", "right_square_bracket": "]", "left_curly_bracket": "{",
    "right_curly_bracket": "}", "slash": "/", "exclamation_mark": "!", "comma": ",", "full_stop": ".", "plus": "+",
    "equals_sign": "=", "minus": "-", "colon": ":", "question_mark": "?",
}  # fmt: skip
KEYS = [
    SEQUENCES.get(key, key)
    for key in [key for action in ACTIONS if action.name != "quit" for key in action.keys] + list(EVERY_KNOB)
]
TEXTS = (
    "causal", "window(4) & causal", "local(", "))))", "--mask full", "--keys 40", "--head 2 --layer 1", "nonsense",
    "0", "-1", "1e99", "attention.svg", "x.txt", "../", "é漢字🙂", "\u202eabc", "e\u0301" * 30, "[@click=app.exit]x[/]",
)  # fmt: skip
NOISE = (
    "\x1b[200~",
    "\x1b[201~",
    "\x1b[",
    "\x1b[<0;",
    "\x1b]52;c;",
    "\x1b[M  ",
    "\x1b[99999999u",
    "\x00\x01\x02\x1b\x1b\x1b",
)
SIZES = ((1, 1), (2, 40), (120, 1), (20, 6), (40, 12), (80, 24), (120, 40), (200, 60), (300, 100))


def press_keys(drawn: Random, terminal: Terminal) -> str:
    keys = drawn.choices(KEYS, k=drawn.choice((1, 1, 3, 30)))
    if drawn.random() < 0.3:
        keys = keys[:1] * drawn.choice((5, 60, 400))
    terminal.send("".join(keys).encode())
    return f"keys {''.join(keys)[:60]!r} × {len(keys)}"


def type_text(drawn: Random, terminal: Terminal) -> str:
    text = (
        drawn.choice((":", "m\r", "/", "g", "S", "")) + drawn.choice(TEXTS) + drawn.choice(("\r", "", "\x1b", "\t\r"))
    )
    terminal.send(text.encode())
    return f"text {text!r}"


def paste(drawn: Random, terminal: Terminal) -> str:
    text = drawn.choice(TEXTS) * drawn.choice((1, 100, 10_000))
    terminal.send(f"\x1b[200~{text}".encode() + (b"\x1b[201~" if drawn.random() < 0.8 else b""))
    return f"paste of {len(text)}"


def make_noise(drawn: Random, terminal: Terminal) -> str:
    noise = drawn.choice(NOISE).encode() if drawn.random() < 0.5 else drawn.randbytes(drawn.choice((3, 30, 3000)))
    noise = noise.translate(None, b"qQ\x03\x11")
    terminal.send(noise)
    return f"noise {noise[:60]!r}"


def click(drawn: Random, terminal: Terminal) -> str:
    button, x, y = drawn.choice((0, 0, 2, 64, 65, 35)), drawn.randint(1, 130), drawn.randint(1, 45)
    terminal.send(f"\x1b[<{button};{x};{y}M\x1b[<{button};{x};{y}m".encode())
    return f"mouse {button} at {x}, {y}"


def resize(drawn: Random, terminal: Terminal) -> str:
    size = drawn.choice(SIZES)
    terminal.resize(*size)
    return f"size {size}"


def stop(drawn: Random, terminal: Terminal) -> str:
    terminal.signal(drawn.choice((signal.SIGSTOP, signal.SIGTSTP)))
    terminal.pause(0.02)
    terminal.signal(signal.SIGCONT)
    return "stopped and continued"


DEEDS: dict[Callable[[Random, Terminal], str], int] = {
    press_keys: 12, type_text: 6, paste: 2, make_noise: 2, click: 3, resize: 2, stop: 1,
}  # fmt: skip


START = """
import faulthandler, signal, sys
faulthandler.register(signal.SIGUSR1, file=open("stacks", "w"), all_threads=True)
from attn_tui.cli import main
sys.exit(main([]))
"""
"""The explorer, which tells where it is when asked with SIGUSR1."""


@pytest.mark.parametrize("number", range(SEEDS))  # and not the seed: processes that begin at midnight agree on it
def test_a_random_session_ends_as_it_should(tmp_path: Path, number: int) -> None:
    seed = SEED + number
    print(f"seed {seed}")  # noqa: T201 - to run it again
    drawn, done, end = Random(seed), deque[str](maxlen=60), time.monotonic() + SECONDS
    with running("-c", START, folder=tmp_path, changes={"XDG_STATE_HOME": str(tmp_path)}) as terminal:
        first_screen(terminal)
        try:
            while time.monotonic() < end:
                for _ in range(drawn.randint(1, 12)):
                    deed = drawn.choices(list(DEEDS), list(DEEDS.values()))[0]
                    done.append(deed(drawn, terminal))
                    terminal.pause(drawn.choice((0, 0, 0.01, 0.1)))
                    assert terminal.process.poll() is None, "it has ended"
                terminal.resize(120, 40)
                check_answers(terminal)
            check_idle(terminal)
            terminal.press("q")
            assert terminal.ends(SOON) == 0
            assert left_behind(terminal) == []
            lines = printed(terminal).splitlines()
            assert all(line.startswith("attn-tui") for line in lines), f"more than what y copied: {lines!r}"
        except AssertionError as error:
            if terminal.process.poll() is None:
                terminal.signal(signal.SIGUSR1)
                terminal.pause(0.5)
            logs = "".join(log.read_text() for log in [*tmp_path.glob("attn-tui/*.log"), tmp_path / "stacks"])
            raise AssertionError(f"seed {seed}, after {'; '.join(done)}\n{error}\n{logs}") from error


def check_answers(terminal: Terminal) -> None:
    """Assert that it is alive: once everything is left, what is typed into the prompt is there, and the help comes."""
    terminal.pause(1.6)  # after which no paste or sequence is open, also where the machine is busy
    for _ in range(6):
        terminal.press("\x1b")
        terminal.pause(0.12)
    terminal.pause(0.3)  # or what is typed next would be keys with alt
    for keys, row, text, there in (
        (":alive", -1, "alive", True),  # once this is seen, everything before it has been done
        ("\x1b", -1, "alive", False),
        ("?", 1, "Help ·", True),
        ("?", 1, "Help ·", False),
    ):
        terminal.press(keys)
        soon(terminal, lambda row=row, text=text, there=there: (text in terminal.screen[row]) == there, f"{keys!r}")  # type: ignore[misc]


def soon(terminal: Terminal, true: Callable[[], bool], what: str) -> None:
    """Wait for 3 s of what the explorer computes: they last longer where other programs take the processors."""
    before = terminal.busy
    terminal.wait(lambda: true() or terminal.busy > before + SOON, what, 10 * SOON)
    assert true(), f"no answer to {what} in {SOON} s of computing"


async def test_the_prompt_keeps_the_keys_while_it_is_open(plain_environment: None) -> None:
    """Found by seed 20782: a line that was hidden a moment ago loses the focus, and no key did anything any more."""
    app = Explorer(session_of(""))
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press(":")
        app.prompt.query_one(Input).post_message(events.Hide())
        await pilot.pause()
        await pilot.press("x", "escape")
        assert not app.prompt.is_open
