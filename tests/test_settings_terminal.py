"""Settings in a real terminal: they hold, options win, what is wrong stands in the line of truth."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.ptys import Terminal, opened, running

COLOUR = re.compile(rb"\x1b\[[\d;]*[34]8;[25];")


def with_settings(folder: Path, text: str) -> Path:
    """A file of settings in a folder that is to be XDG_CONFIG_HOME."""
    (folder / "attn-tui").mkdir()
    file = folder / "attn-tui" / "config.toml"
    file.write_text(text)
    return file


def first_screen(terminal: Terminal) -> None:
    terminal.sees("it → animal", "q quit")


def test_settings_hold_in_the_explorer(tmp_path: Path) -> None:
    with_settings(
        tmp_path,
        'palette = "magma"\ntheme = "light"\ncolour = "256"\nmouse = false\npacing = false\n'
        '[keys]\ncopy = "f5"\nquit = "Z"\nknob.head_dim = "@"\n',
    )
    with opened(XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        terminal.sees("it → animal", "Z quit", "@ head dim")
        terminal.rests()
        assert b"\x1b[?2026$p" not in terminal.written.partition(b"it")[2]
        terminal.press("q\x1b[15~")
        terminal.sees("copied, and printed on leaving: attn-tui --palette magma --theme light")
        terminal.press("?")
        terminal.sees("Your own keys, from the settings", "f5         copy the command that makes this picture")
        terminal.press("Z")
        assert terminal.ends() == 0
    assert not re.search(rb"\x1b\[\?(1000|1002|1003|1006|1015)h", terminal.written)
    assert {found[-2:-1] for found in COLOUR.findall(terminal.written)} == {b"5"}


def test_options_win_over_settings_in_the_explorer(tmp_path: Path) -> None:
    with_settings(tmp_path, 'palette = "magma"\ncolour = "none"\nmouse = false\n')
    options = ("--palette", "blues", "--colour", "truecolor", "--mouse")
    with opened(*options, XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        first_screen(terminal)
        terminal.press("y")
        terminal.sees("attn-tui --palette blues")
    assert re.search(rb"\x1b\[\?1000h", terminal.written)
    assert {found[-2:-1] for found in COLOUR.findall(terminal.written)} == {b"2"}


def test_settings_hold_in_a_program_that_opens_the_explorer(tmp_path: Path) -> None:
    with_settings(tmp_path, 'palette = "magma"\nsize = 3\n')
    source = "import numpy, attn_tui; attn_tui.show(numpy.eye(3, dtype='f4')[None]); print('went on')"
    with running("-c", source, size=(200, 40), changes={"XDG_CONFIG_HOME": str(tmp_path)}) as terminal:
        terminal.sees("config.toml: 'size' is no setting", "q quit")
        terminal.press("y")
        terminal.sees("--palette magma")
        terminal.press("q")
        assert terminal.ends() == 0
        assert "went on" in terminal.text


def test_what_is_wrong_stands_in_the_line_of_truth_until_the_next_move(tmp_path: Path) -> None:
    file = with_settings(tmp_path, 'palette = "mauve"\n')
    before = file.stat()
    with opened(size=(200, 40), XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        terminal.sees(f"{file}: palette: 'mauve'; possible are viridis, magma, cividis, blues, grey")
        terminal.press("h")
        terminal.sees("it → the")
        terminal.wait(lambda: "mauve" not in terminal.text, "the rest of the line")
        terminal.press("q")
        assert terminal.ends() == 0
    after = file.stat()
    assert (after.st_mtime_ns, after.st_size, after.st_ino) == (before.st_mtime_ns, before.st_size, before.st_ino)


def test_a_folder_whose_name_a_terminal_would_obey_is_shown_and_not_obeyed(tmp_path: Path) -> None:
    folder = tmp_path / "\x1b]52;c;aGk=\x07\x9b31m\u202e"
    folder.mkdir()
    with_settings(folder, "palette")
    with opened(size=(200, 40), XDG_CONFIG_HOME=str(folder)) as terminal:
        terminal.sees("␛]52;c;aGk=␇�31m�/attn-tui/config.toml: is no TOML")
    assert b"\x1b]52" not in terminal.written


def test_a_fifo_in_the_place_of_the_file_does_not_make_it_wait(tmp_path: Path) -> None:
    (tmp_path / "attn-tui").mkdir()
    os.mkfifo(tmp_path / "attn-tui" / "config.toml")
    with opened(size=(200, 40), XDG_CONFIG_HOME=str(tmp_path)) as terminal:
        terminal.sees("config.toml: is no regular file; the defaults hold")


SET = "import os, sys; os.environ['NO_COLOR'] = {!r}; from attn_tui.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(("value", "coloured"), [("1", False), ("", True)])
@pytest.mark.parametrize(
    ("words", "seen"), [((), "it → animal"), (("print",), "all rows sum to 1")], ids=["screen", "print"]
)
def test_an_empty_no_color_is_none(value: str, coloured: bool, words: tuple[str, ...], seen: str) -> None:
    """In the explorer as in print: https://no-color.org."""
    with running("-c", SET.format(value), *words) as terminal:
        terminal.sees(seen)
        terminal.rests()
    assert bool(COLOUR.search(terminal.written)) == coloured
