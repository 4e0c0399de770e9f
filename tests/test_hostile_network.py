"""Nothing leaves the machine: whatever it is asked, no socket is connected or bound, and no name is looked up."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.hostile import SOON, first_screen
from tests.ptys import left_behind, running

WATCHED = """
import sys
CALLS = ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
         "socket.gethostbyname", "socket.gethostbyaddr", "socket.getnameinfo", "socket.gethostname", "urllib.Request",
         "http.client.connect", "webbrowser.open", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn",
         "os.fork", "os.forkpty")

def watch(event, arguments):
    if event in CALLS:
        with open("calls", "a") as file:
            file.write(f"{event} {arguments}\\n")
        raise PermissionError(event)

sys.addaudithook(watch)
"""
MAIN = "from attn_tui.cli import main\nsys.exit(main(sys.argv[1:]))\n"

COMMANDS = (
    ["print"],
    ["print", "--svg", "--mask", "causal"],
    ["mask", "causal & window(4)"],
    ["check", "causal"],
    ["study", "scaling", "--draws", "2"],
    ["info", "missing.npy"],
    ["--help"],
)


def calls(folder: Path) -> str:
    """What was tried."""
    file = folder / "calls"
    return file.read_text() if file.exists() else ""


def test_the_watch_sees_a_connection_and_a_look_up(tmp_path: Path) -> None:
    for attempt in ("socket.socket().connect(('127.0.0.1', 9))", "socket.getaddrinfo('localhost', 80)"):
        text = f"{WATCHED}\nimport socket\n{attempt}"
        done = subprocess.run(
            [sys.executable, "-c", text], cwd=tmp_path, check=False, capture_output=True, text=True, timeout=60
        )
        assert "PermissionError: socket." in done.stderr
    assert [line.split()[0] for line in calls(tmp_path).splitlines()] == ["socket.connect", "socket.getaddrinfo"]


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_command_uses_the_network(tmp_path: Path, words: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WATCHED + MAIN, *words], cwd=tmp_path, check=False, capture_output=True, timeout=60
    )
    assert done.returncode in (0, 1, 66), done.stderr
    assert calls(tmp_path) == ""


def test_the_explorer_uses_no_network_on_any_page(tmp_path: Path) -> None:
    with running("-c", WATCHED + MAIN, folder=tmp_path) as terminal:
        first_screen(terminal)
        for keys in ("2", "3", "vvv", "4", "vvvvv", "?", "?", "1", "y", "m\r", "causal\r", "S", "\r", "P", "w", "w"):
            terminal.press(keys)
            terminal.pause(0.15)
        terminal.press("\x1b")
        terminal.pause(0.3)
        terminal.press("q")
        assert terminal.ends(SOON) == 0
        assert left_behind(terminal) == []
    assert calls(tmp_path) == ""
