"""The explorer in a real terminal: what a person sees, what the terminal gets, and how it is left behind."""

from __future__ import annotations

import re
import shlex
import signal

import pytest

from attn_tui.options import read_options
from tests.hands import session_of
from tests.ptys import Terminal, left_behind, opened

LEAVES_SCREEN = "\x1b[?1049l"
COLOUR = r"(3[0-7]|4[0-7]|9[0-7]|10[0-7]|[34]8)"


def first_screen(terminal: Terminal) -> None:
    """Wait for the first screen, with its charts."""
    terminal.sees("it → animal", "weight 0.677", "mean by head", "q quit")


def printed(terminal: Terminal) -> str:
    """What stands on the terminal after the explorer has left its screen, without what switches modes off."""
    return re.sub(r"\x1b\[[?<>]?[\d;]*[a-z]", "", terminal.output.split(LEAVES_SCREEN)[-1])


def styles(terminal: Terminal) -> set[str]:
    """Every colour and style asked for: the numbers of `ESC [ … m`."""
    return set(re.findall(r"\x1b\[([\d;:]*)m", terminal.output))


def test_the_first_screen_shows_where_it_looks_and_keys_change_it() -> None:
    with opened() as terminal:
        first_screen(terminal)
        assert any("2 animal  0.677" in row for row in terminal.screen)
        terminal.press("t..")
        terminal.sees("temperature 1.2", "weight 0.568")
        terminal.press("uu")
        terminal.sees("temperature 1 ", "weight 0.677")
        terminal.press("m\r")
        terminal.sees("mask =")
        terminal.press("causal\r")
        terminal.sees("mask        causal", "[CLS]     ╱╱╱╱", "╱╱ masked", "weight 0.702")
        terminal.press("\x1b[1;2C")
        terminal.sees("head 2  of 6 × 12")
        terminal.press("\x1b[<0;25;1M\x1b[<0;25;1m")  # the mouse, on "2 Heads"
        terminal.sees("All layers", "layer 3")


def test_the_chart_of_a_masks_costs_comes_without_a_key() -> None:
    with opened("--view", "masks", "--sheet", "costs") as terminal:
        terminal.sees("log₁₀ pairs", "this mask", "log₂ n")


def test_another_size_and_back_leaves_the_first_screen() -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.rests()
        first = terminal.screen
        terminal.resize(20, 6)
        terminal.wait(lambda: len(terminal.screen) == 6 and "weight 0.677" in terminal.screen[5], "the small screen")
        terminal.rests()
        terminal.resize(10, 3)
        terminal.sees("attn-tui")
        terminal.resize(120, 40)
        terminal.sees("q quit", "mean by head")
        terminal.rests()
        assert terminal.screen == first


def test_q_ends_with_nothing_left_behind() -> None:
    with opened() as terminal:
        first_screen(terminal)
        assert left_behind(terminal) != []
        terminal.press("q")
        assert terminal.ends() == 0
        assert left_behind(terminal) == []
        assert printed(terminal) == ""


def test_what_y_copied_is_printed_after_the_screen_is_left_and_opens_the_same_session() -> None:
    options = ("--mask", "causal & window(3)", "--head", "2")
    with opened(*options) as terminal:
        terminal.sees("head 2  of 6 × 12")
        terminal.press("y")
        terminal.sees("copied, and printed on leaving")
        terminal.press("q")
        assert terminal.ends() == 0
        (line,) = printed(terminal).split("\r\n")[:-1]
        assert line.startswith("attn-tui ")
        assert read_options(shlex.split(line)[1:]) == session_of(shlex.join(options))
        assert terminal.written.count(b"\x1b]52;c;") == 1


@pytest.mark.parametrize("keys", ["\x03", ":\x03"])
def test_ctrl_c_ends_also_while_something_is_typed(keys: str) -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.press(keys)
        assert terminal.ends() == 0
        assert left_behind(terminal) == []
        assert printed(terminal) == ""


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGINT, 130)])
def test_a_signal_ends_with_its_status_and_nothing_left_behind(number: signal.Signals, status: int) -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.signal(number)
        assert terminal.ends() == status
        assert left_behind(terminal) == []
        assert printed(terminal) == ""


def test_quitting_before_anything_is_drawn_leaves_nothing_behind() -> None:
    with opened() as terminal:
        terminal.press("q")
        assert terminal.ends() == 0
        assert left_behind(terminal) == []
        assert printed(terminal) == ""


def test_nothing_is_written_while_nobody_types() -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.rests()
        assert terminal.read(1) == b""
        terminal.press("t.\r")
        terminal.sees("temperature =")
        terminal.rests()
        assert terminal.read(1) == b""


def test_no_color_writes_no_colour() -> None:
    with opened("--mask", "causal", NO_COLOR="1", COLORTERM="truecolor") as terminal:
        terminal.sees("██╱╱", "╱╱ masked")
        terminal.press("m:nonsense\r")
        terminal.sees("is no command")
        assert {"1", "7"} & {part for style in styles(terminal) for part in style.split(";")}, "bold and reverse remain"
        assert not [style for style in styles(terminal) if re.search(rf"(^|;){COLOUR}(;|$)", style)]


@pytest.mark.parametrize(
    ("term", "colours"), [("xterm-256color", r"[34]8;5;\d+"), ("xterm", r"3[0-7]|4[07]|39|49|9[0-7]")]
)
def test_without_colorterm_only_the_colours_of_term_are_written(term: str, colours: str) -> None:
    with opened(TERM=term, COLORTERM="") as terminal:
        first_screen(terminal)
        terminal.press("m:nonsense\r")
        terminal.sees("is no command")
        assert styles(terminal)
        for style in styles(terminal):
            assert re.fullmatch(rf"(1|4|7|0|{colours}|;)*", style), style


def test_a_terminal_that_cannot_draw_gets_one_line() -> None:
    with opened(TERM="dumb", COLORTERM="") as terminal:
        assert terminal.ends() == 2
        assert re.fullmatch(r"attn-tui: TERM is dumb [^\n]*\r\n", terminal.output)


def test_a_wrong_option_gets_one_line_and_no_screen() -> None:
    with opened("--mask", "causal &") as terminal:
        assert terminal.ends() == 2
        assert re.fullmatch(r"attn-tui: --mask: [^\n]*\r\n", terminal.output)


def test_a_closed_terminal_ends_the_program() -> None:
    with opened() as terminal:
        first_screen(terminal)
        terminal.hang_up()
        terminal.ends_unread()


def test_the_mouse_can_be_left_to_the_terminal() -> None:
    with opened("--no-mouse") as terminal:
        first_screen(terminal)
        assert not re.search(r"\x1b\[\?(1000|1002|1003|1006|1015)h", terminal.output)
