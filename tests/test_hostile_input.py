"""What a terminal may send: broken, endless, old, cut in two. Nothing that was not meant happens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.hostile import ANSWER, first_screen, withstands
from tests.ptys import Terminal, opened, running

NEVER_MEANT = {
    "bytes that are no UTF-8": b"\xff\xfe\xc3(\x80\xf5\xed\xa0\x80",
    "a character cut short": b"\xe2\x82",
    "a mouse report of the old kind": b"\x1b[M !!",
    "a mouse report of the old kind, far away": b"\x1b[M \xff\xff",
    "a mouse report of urxvt": b"\x1b[32;10;10M",
    "the mouse in the far distance": b"\x1b[<0;999999;999999M\x1b[<0;-5;-5M\x1b[<99999;1;1M",
    "key codes beyond Unicode": b"\x1b[99999999999u\x1b[1114112u\x1b[113;1;1114112u",
    "half of a surrogate pair": b"\x1b[55296u\x1b[113;1;55296u",
    "a key's release, which nobody asked for": b"\x1b[113;1:3u",
    "odd numbers in a key": b"\x1b[;;;u\x1b[113:::;;u\x1b[::u",
    "a letter where a known key is due": b"\x1b[113R\x1b[113~",
    "digits without end": b"\x1b[" + b"9" * 50_000 + b"u",
    "a size in band": b"\x1b[48;99999;99999;99999;99999t\x1b[48;0;0;0;0t",
    "that it tells sizes in band": b"\x1b[?2048;2$y",
    "answers to what was not asked": b"\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b]52;c;cXFx\x07"
    b"\x1bP>|q\x1b\\\x1b[?62;4q\x1b[24;80R\x1b[?31u",
    "a paste that was never begun": b"\x1b[201~",
    "controls of eight bits": b"\xc2\x9b\xc2\x9d\xc2\x9c",
    "sequences that mean nothing": b"\x1b[99z\x1b[!q\x1b[>q\x1b[=q\x1b[?q\x1b[ q\x1bOq",
}

UNFINISHED = {
    "digits without end, and no last letter": b"\x1b[" + b"1;" * 50_000,
    "an answer without an end": b"\x1b]52;c;" + b"q" * 10_000,
    "half of a mouse report": b"\x1b[<0;1",
    "half of a mouse report of the old kind": b"\x1b[M!",
    "a paste of nothing that never closes": b"\x1b[200~",
    "a paste that never closes": b"\x1b[200~qqq" + b"q" * 10_000,
}


@pytest.fixture(scope="module")
def unharmed() -> Iterator[tuple[Terminal, list[str]]]:
    """One explorer for all that must change nothing, and its screen."""
    with opened() as terminal:
        first_screen(terminal)
        terminal.rests()
        yield terminal, terminal.screen
        withstands(terminal)


def check_unharmed(terminal: Terminal, screen: list[str]) -> None:
    """Assert that the next key is answered, and nothing else has happened."""
    terminal.press("?")
    terminal.wait(lambda: "Help ·" in terminal.text, "the help", ANSWER)
    terminal.press("?")
    terminal.wait(lambda: terminal.screen == screen, "the first screen", ANSWER)


@pytest.mark.parametrize("data", NEVER_MEANT.values(), ids=NEVER_MEANT)
def test_what_means_nothing_does_nothing(unharmed: tuple[Terminal, list[str]], data: bytes) -> None:
    unharmed[0].send(data)
    check_unharmed(*unharmed)


@pytest.mark.parametrize("data", UNFINISHED.values(), ids=UNFINISHED)
def test_what_never_ends_is_over_after_a_while(unharmed: tuple[Terminal, list[str]], data: bytes) -> None:
    unharmed[0].send(data)
    unharmed[0].pause(1.6)
    check_unharmed(*unharmed)


NETWORK = "192.0.2.1 1024 192.0.2.2 22"


@pytest.mark.parametrize(("network", "pause"), [("", 0.3), (NETWORK, 0.8)], ids=["here", "over a network"])
def test_a_sequence_cut_in_two_is_one_key(network: str, pause: float) -> None:
    with opened(SSH_CONNECTION=network) as terminal:
        first_screen(terminal)
        send_halves(terminal, "\x1b[1;", pause, "2C")
        withstands(terminal)


LATE = """
import sys, time, types
from attn_tui import cli, driver
before, wait = [True], driver.select.select

def late(*given):
    found = wait(*given)
    if before[0] and not found[0]:
        time.sleep(0.8)
    before[0] = found[0]
    return found

driver.select = types.SimpleNamespace(select=late)
sys.exit(cli.main([]))
"""
"""The explorer; where nothing has come after something, it is told so late, as by a machine that is busy."""


def test_where_the_machine_is_busy_a_sequence_cut_in_two_is_one_key() -> None:
    with running("-c", LATE) as terminal:
        first_screen(terminal)
        terminal.rests(1)
        terminal.press("\x1b[1;")
        time.sleep(0.3)
        terminal.press("2C")
        terminal.sees("head 2  of 6 × 12")
        assert "Entropy" in terminal.text, "2 would have been another page"


def test_over_a_network_the_escape_key_waits_for_what_may_follow() -> None:
    with opened(SSH_CONNECTION=NETWORK) as terminal:
        first_screen(terminal)
        send_halves(terminal, "\x1b", 0.2, "[1;2C")
        terminal.press("\x1b")
        terminal.wait(lambda: "Entropy" in terminal.text, "escape to leave the picture alone", ANSWER)


def send_halves(terminal: Terminal, first: str, pause: float, second: str) -> None:
    """Send a key in two pieces, and assert that it was that key: neither escape nor letters."""
    terminal.press("f")
    terminal.wait(lambda: "Entropy" not in terminal.text, "the picture alone")
    terminal.press(first)
    time.sleep(pause)
    terminal.press(second)
    terminal.sees("head 2  of 6 × 12")
    assert "Entropy" not in terminal.text, "escape would have left the picture alone"
