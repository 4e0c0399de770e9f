"""attn_tui.show in a real terminal: in a script, in pdb, beside a running loop; the program goes on afterwards."""

from __future__ import annotations

import inspect
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent

import pytest

import attn_engine
import attn_tui
from tests.ptys import Terminal, left_behind, running

HERE = os.pathsep.join(str(Path(inspect.getfile(package)).parents[1]) for package in (attn_tui, attn_engine))

LEAVES_SCREEN = "\x1b[?1049l"

WEIGHTS = """
import signal, sys, os, threading
import numpy as np
import attn_tui

weights = np.zeros((2, 3, 3))
weights[:, 0, 0] = 1
weights[0, 1:, 0] = weights[0, 1:, 1] = 0.5
weights[1, 1:, 2] = 1
"""


@contextmanager
def script(folder: Path, text: str, *words: str, **changes: str) -> Iterator[Terminal]:
    """A terminal in which a script runs that has made some weights, in a folder with a file engine.py."""
    (folder / "script.py").write_text(WEIGHTS + dedent(text))
    (folder / "engine.py").write_text("raise RuntimeError('a file of the program was imported')\n")
    path = os.pathsep.join(filter(None, (HERE, os.environ.get("PYTHONPATH"))))
    with running(*words, "script.py", folder=folder, changes={"PYTHONPATH": path, **changes}) as terminal:
        yield terminal


def leaves(terminal: Terminal) -> None:
    """Press q, and wait for what the program writes next, after the terminal has forgotten what was typed ahead."""
    before = terminal.output.count(LEAVES_SCREEN)
    terminal.press("q")
    terminal.wait(lambda: terminal.output.count(LEAVES_SCREEN) > before, "the screen to be left")
    terminal.rests()


def test_a_script_goes_on_where_the_explorer_was_left(tmp_path: Path) -> None:
    text = """
        print(attn_tui.show(weights, tokens=["the", "cat", "sat"], layer=0, head=1))
        print("goes on")
    """
    with script(tmp_path, text) as terminal:
        terminal.sees("the → the", "weight 1.000", "head 1")
        leaves(terminal)
        assert terminal.ends() == 0
        assert terminal.output.rstrip().endswith("None\r\ngoes on")
        assert left_behind(terminal) == []


def test_it_opens_inside_pdb_and_the_debugger_goes_on(tmp_path: Path) -> None:
    text = """
        def run():
            found = weights * 1
            breakpoint()
            print("the sum is", int(found.sum()))

        run()
    """
    with script(tmp_path, text) as terminal:
        terminal.sees("(Pdb)")
        terminal.press("attn_tui.show(found, tokens=['the', 'cat', 'sat'])\n")
        terminal.sees("the → the", "weight 1.000", "q quit")
        leaves(terminal)
        terminal.press("p found.shape\n")
        terminal.sees("(2, 3, 3)")
        terminal.press("attn_tui.show(found)\n")  # and once more
        terminal.sees("0 → 0", "q quit")
        leaves(terminal)
        terminal.press("c\n")
        terminal.sees("the sum is 6")
        assert terminal.ends() == 0
        assert left_behind(terminal) == []


def test_a_loop_that_is_running_stands_still_and_goes_on(tmp_path: Path) -> None:
    text = """
        import asyncio

        async def main():
            beside = asyncio.create_task(asyncio.sleep(0, "beside"))
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            loop.add_signal_handler(signal.SIGUSR1, lambda: print("a signal"))
            attn_tui.show(weights)
            assert (asyncio.get_running_loop(), asyncio.current_task()) == (loop, task)
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.sleep(0.01)
            print("awaited", await beside)

        asyncio.run(main())
    """
    with script(tmp_path, text) as terminal:
        terminal.sees("0 → 0", "q quit")
        leaves(terminal)
        terminal.sees("a signal", "awaited beside")
        assert terminal.ends() == 0
        assert left_behind(terminal) == []


def test_nothing_of_the_process_is_changed(tmp_path: Path) -> None:
    text = """
        import asyncio, tempfile
        signal.signal(signal.SIGTERM, lambda *_: None)
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)

        def state():
            handlers = [signal.getsignal(number) for number in signal.valid_signals()]
            return dict(os.environ), handlers, asyncio.get_event_loop(), os.listdir(tempfile.gettempdir())

        before = state()
        attn_tui.show(weights, colour="16")
        print("changed:", [now for was, now in zip(before, state()) if was != now])
        others = [thread for thread in threading.enumerate() if not thread.daemon]
        print("threads:", len(others))
        loop.close()
    """
    (tmp_path / "temporary").mkdir()
    with script(tmp_path, text, NO_COLOR="1", TMPDIR=str(tmp_path / "temporary")) as terminal:
        terminal.sees("0 → 0", "q quit")
        leaves(terminal)
        terminal.sees("changed: []", "threads: 1")
        assert terminal.ends() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_reaches_the_programs_own_handler_once_the_screen_is_left(
    tmp_path: Path, number: signal.Signals
) -> None:
    text = """
        signal.signal(signal.SIGTERM, lambda *_: print("handled"))
        try:
            attn_tui.show(weights)
        except KeyboardInterrupt:
            print("handled")
        print("goes on")
    """
    with script(tmp_path, text) as terminal:
        terminal.sees("0 → 0", "q quit")
        terminal.signal(number)
        assert terminal.ends() == 0
        assert terminal.output.rstrip().endswith("handled\r\ngoes on")
        assert left_behind(terminal) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_that_ends_the_program_leaves_no_file_of_its_attention(tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "temporary").mkdir()
    with script(tmp_path, "attn_tui.show(weights)", TMPDIR=str(tmp_path / "temporary")) as terminal:
        terminal.sees("0 → 0", "q quit")
        assert list((tmp_path / "temporary").iterdir())
        terminal.signal(number)
        assert terminal.ends() == -number
        assert list((tmp_path / "temporary").iterdir()) == []


def test_each_look_has_the_colours_that_it_asks_for(tmp_path: Path) -> None:
    text = """
        attn_tui.show(weights, colour="16")
        input("between")
        attn_tui.show(weights, colour="truecolor")
    """
    with script(tmp_path, text) as terminal:
        terminal.sees("0 → 0", "q quit")
        leaves(terminal)
        terminal.sees("between")
        assert "38;2;" not in terminal.output
        terminal.press("\n")
        terminal.wait(lambda: "38;2;" in terminal.output, "all colours")
        leaves(terminal)


def test_a_command_that_was_copied_names_no_file_that_is_gone(tmp_path: Path) -> None:
    with script(tmp_path, "attn_tui.show(weights, head=1)") as terminal:
        terminal.sees("0 → 0", "q quit")
        terminal.press("y")
        terminal.sees("copied, and printed on leaving: attn-tui --file attention.npz --head 1")
        leaves(terminal)
        assert terminal.ends() == 0
        line = terminal.output.rstrip().splitlines()[-1]
        assert line.endswith("attn-tui --file attention.npz --head 1")


def test_a_mistake_leaves_the_terminal_alone(tmp_path: Path) -> None:
    with script(tmp_path, "attn_tui.show(weights, layer=7)") as terminal:
        assert terminal.ends() == 1
        assert "--layer: 7 is not there" in terminal.output
        assert "\x1b[?1049h" not in terminal.output
        assert left_behind(terminal) == []


@pytest.mark.parametrize("change", [{"TERM": "dumb"}, {}], ids=["TERM=dumb", "standard error in a file"])
def test_what_cannot_be_drawn_is_printed(tmp_path: Path, change: dict[str, str]) -> None:
    text = "attn_tui.show(weights, tokens=['the', 'cat', 'sat'])"
    if not change:
        text = (
            "import subprocess\nsubprocess.run([sys.executable, '-c', open('shown.py').read()], stderr=open('e', 'w'))"
        )
        (tmp_path / "shown.py").write_text(WEIGHTS + "attn_tui.show(weights, tokens=['the', 'cat', 'sat'])")
    with script(tmp_path, text, **change) as terminal:
        assert terminal.ends() == 0
        assert "\x1b[?1049h" not in terminal.output
        assert "cat" in terminal.output
        assert "all rows sum to 1" in terminal.output


def test_the_programs_own_settings_of_python_are_left_alone(tmp_path: Path) -> None:
    words = "import gc; before = gc.get_threshold(), gc.get_freeze_count(); attn_tui.show(weights, head=1)"
    told = "print('the same' if before == (gc.get_threshold(), gc.get_freeze_count()) else 'changed')"
    with script(tmp_path, f"{words}; {told}") as terminal:
        terminal.sees("0 → 0", "q quit", "mean by head")
        leaves(terminal)
        assert terminal.ends() == 0
        assert terminal.output.rstrip().endswith("the same")
