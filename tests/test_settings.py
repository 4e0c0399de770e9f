"""Settings: what the file says holds, what is wrong with it gets one line, and it stays as it is."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from attn_tui.cli import main
from attn_tui.keymap import BOUND, effective, key_name, read_keys
from attn_tui.options import command, read_options
from attn_tui.settings import SETTINGS, session_with, settings_of, settings_path, stored_settings
from attn_tui.settings_file import MOST_BYTES, SettingsError, decoded, table_of
from attn_tui.view import UNSETTLED, Settings


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are, in a folder of the test's own; not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "attn-tui").mkdir()
    return tmp_path / "attn-tui" / "config.toml"


# Where it is


@pytest.mark.parametrize(
    ("folder", "home", "path"),
    [
        ("/etc/xdg-of-mine", "/home/ada", "/etc/xdg-of-mine/attn-tui/config.toml"),
        ("", "/home/ada", "/home/ada/.config/attn-tui/config.toml"),
        ("not/absolute", "/home/ada", "/home/ada/.config/attn-tui/config.toml"),
    ],
)
def test_the_file_is_where_the_xdg_specification_says(
    folder: str, home: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", folder)
    monkeypatch.setenv("HOME", home)
    assert str(settings_path()) == path


@pytest.mark.parametrize("home", ["", "elsewhere", None])
def test_without_any_home_the_defaults_hold_and_one_line_says_so(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    monkeypatch.setattr("attn_tui.settings._home_of_user", str)
    stored = stored_settings()
    assert stored.settings == UNSETTLED
    assert "no home folder is known: HOME is not set" in stored.told


@pytest.mark.parametrize("there", ["no folder", "a file for a folder", "no file"])
def test_where_there_is_no_file_the_defaults_hold_without_a_word(there: str, file: Path) -> None:
    if there != "no file":
        file.parent.rmdir()
    if there == "a file for a folder":
        file.parent.write_text("")
    stored = stored_settings()
    assert (stored.settings, stored.told) == (UNSETTLED, "")


# What it says


def test_everything_that_can_be_set_holds_as_it_is_set(file: Path) -> None:
    file.write_text(
        'palette = "magma"\ntheme = "light"\ncolour = 256\nmouse = false\npacing = false\n'
        '[keys]\ncopy = "ctrl+y"\nknob.head_dim = ["Z", "?"]\nhelp = "F"\n'
    )
    stored = stored_settings()
    assert stored.told == ""
    keys = (("copy", ("ctrl+y",)), ("knob.head_dim", ("Z", "question_mark")), ("help", ("F",)))
    assert stored.settings == Settings("magma", "light", "256", False, False, keys)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("palette = ", "is no TOML: invalid value (at end of document); the defaults hold"),
        ('theme = "light"\n[keys', "is no TOML: "),
        ('palette = "magma"\npalette = "blues"', "is no TOML: cannot overwrite a value"),
        ("\0\1\2", "is no TOML: invalid "),
        ("a = " + "[" * 400 + "\n" + "a=[" * 160, "is no TOML"),
        ("n = " + "9" * 450, "'n' is no setting; possible are palette, theme, colour, mouse, pacing, keys"),
        ("palete = 3", "'palete' is no setting; possible are palette, theme, colour, mouse, pacing, keys"),
        ('palette = "mauve"', "palette: 'mauve'; possible are viridis, magma, cividis, blues, grey"),
        ("palette = [1]", "palette: an array; possible are viridis, magma, cividis, blues, grey"),
        ('theme = "blue"', "theme: 'blue'; possible are dark, light"),
        ("colour = 257", "colour: '257'; possible are auto, truecolor, 256, 16, none"),
        ("colour = 0x" + "f" * 480, "colour: a number; possible are auto, truecolor, 256, 16, none"),
        ('mouse = "no"', "mouse: a text; possible are true, false"),
        ("pacing = 1979-05-27", "pacing: a date or a time; possible are true, false"),
        ("keys = 3", "keys: a number; a table is due, with the keys of each binding"),
        ('[keys]\ncoppy = "y"', "keys.coppy: no binding is called so; do you mean copy?"),
        ("[keys]\ncopy = 3", "keys.copy: a text is due, or an array of texts"),
        ("[keys]\ncopy = []", "keys.copy: a text is due, or an array of texts"),
        ('[keys]\ncopy = "hyper+banana"', "keys.copy: 'hyper+banana' is no key; possible are a character, or a name"),
        ('[keys]\ncopy = "\\u001b[31m"', "keys.copy: '\\x1b[31m' is no key"),
        ('[keys]\ncopy = "q"', "keys.copy: q is the key of quit, which would need another"),
        ('[keys]\ncopy = "ctrl+c"', "keys.copy: ctrl+c stays what it is"),
        ('[keys]\ncopy = ["Z", "ctrl+z"]', "keys.copy: ctrl+z stays what it is"),
        ('[keys]\n"quit.1" = "Z"', "keys.quit.1: ctrl+c always quits"),
        ('[keys]\ncopy = "z"\nsave = "z"', "keys.copy: z is the key of words"),
        ("x" * 600, "is too long at line 1; at most 500 characters are read in a line"),
        ("# long\n" * MOST_BYTES, "is too long; at most 16,384 bytes are read"),
    ],
)
def test_what_is_wrong_gets_one_line_with_the_file_the_place_and_what_is_possible(
    text: str, told: str, file: Path
) -> None:
    file.write_text(text)
    stored = stored_settings()
    assert stored.told.startswith(f"{file}: {told}")
    assert "\n" not in stored.told
    assert stored.settings == UNSETTLED
    assert file.read_text() == text


def test_what_is_right_holds_beside_what_is_wrong(file: Path) -> None:
    file.write_text('palette = "mauve"\ntheme = "light"\nsize = 3\n[keys]\ncopy = "ctrl+y"\nleft = "q"\n')
    stored = stored_settings()
    assert stored.settings == Settings(theme="light", keys=(("copy", ("ctrl+y",)),))
    assert len(stored.troubles) == 3
    assert stored.told.endswith("; and 2 more, which attn-tui settings tells")


def test_text_that_is_not_utf_8_is_told_with_its_line(file: Path) -> None:
    file.write_bytes(b'palette = "magma"\n# caf\xe9\n')
    assert stored_settings().told == f"{file}: is no text in UTF-8 (at line 2); the defaults hold"


@pytest.mark.parametrize("kind", ["fifo", "folder", "a link to itself", "device"])
def test_what_is_no_file_neither_hangs_nor_ends_it(kind: str, file: Path) -> None:
    makers: dict[str, Callable[[], None]] = {
        "fifo": lambda: os.mkfifo(file),
        "folder": file.mkdir,
        "a link to itself": lambda: file.symlink_to(file),
        "device": lambda: file.symlink_to("/dev/zero"),
    }
    makers[kind]()
    began = time.monotonic()
    stored = stored_settings()
    assert time.monotonic() - began < 1
    assert stored.settings == UNSETTLED
    assert stored.told.startswith(f"{file}: ")


@run(max_examples=300, deadline=None)
@given(st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode(errors="replace"))))
def test_no_text_whatever_ends_it(data: bytes) -> None:
    with suppress(SettingsError):
        settings_of(table_of(decoded(data)))


@pytest.mark.parametrize(
    "line", ["a." * 245 + "a = 1", "[" + "a." * 240 + "a]", "a = " + "{a = " * 95, "a = " + "[" * 490]
)
def test_a_file_made_to_be_slow_is_read_at_once(line: str, file: Path) -> None:
    file.write_text(f"{line}\n" * (MOST_BYTES // (len(line) + 1)))
    began = time.monotonic()
    assert stored_settings().settings == UNSETTLED
    assert time.monotonic() - began < 1


@pytest.mark.parametrize("step", ["open", "fstat", "read", "close"])
def test_whichever_step_of_reading_fails_the_defaults_hold(
    step: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th call fails, for n = 1, 2, 3 … until none does."""
    file.write_text('palette = "magma"\n')
    real = getattr(os, step)
    for number in range(1, 9):
        calls: list[int] = []

        def failing(*arguments: Any, calls: list[int] = calls, number: int = number, **options: Any) -> Any:
            calls.append(1)
            if len(calls) == number:
                if step == "close":
                    real(*arguments, **options)
                raise OSError(5, "Input/output error")
            return real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, step, failing)
            stored = stored_settings()
        if len(calls) < number:
            assert number > 1
            assert stored.settings == Settings("magma")
            return
        assert (stored.settings, stored.told) == (
            UNSETTLED,
            f"{file}: cannot be read: Input/output error; the defaults hold",
        )
    pytest.fail("it never succeeds")


# Keys


@pytest.mark.parametrize("name", BOUND)
def test_every_binding_has_a_key_that_can_be_written(name: str) -> None:
    assert key_name(BOUND[name].key) == BOUND[name].key


values = st.sampled_from([*"hjklqzyQ?", "left", "right", "f5", "ctrl+c", "ctrl+y", "nothing"])


@given(st.dictionaries(st.sampled_from([*list(BOUND)[:8], "copy", "help", "quit", "quit.1", "no"]), values))
def test_whatever_keys_are_wanted_no_two_bindings_have_the_same(wanted: dict[str, str]) -> None:
    keys, troubles = read_keys(wanted)
    held = [key for each in effective(keys.items()).values() for key in each]
    assert len(held) == len(set(held))
    assert len(keys) + len(troubles) == len(wanted)


def test_two_keys_can_change_places() -> None:
    assert read_keys({"left": "right", "right": "left"}) == ({"left": ("right",), "right": ("left",)}, [])


# What it is for


def test_a_command_says_what_the_settings_would_change() -> None:
    session = session_with(Settings(palette="magma"))
    assert session.view.palette == "magma"
    assert command(session) == "attn-tui --palette magma"
    assert command(read_options(["--palette", "viridis"], session)) == "attn-tui --palette viridis"
    assert command(read_options(["--palette", "viridis"])) == "attn-tui"


def test_options_win_over_settings(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('palette = "magma"\ntheme = "light"\n')
    assert main(["print", "--palette", "blues"]) == 0
    assert "attn-tui --palette blues --theme light\n" in capsys.readouterr().out


def test_a_colour_of_the_settings_does_not_go_into_a_pipe(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('colour = "truecolor"\n')
    for words in (["print"], ["mask", "causal"], ["study", "patterns", "--draws", "10"]):
        assert main(words) == 0
        assert "\x1b" not in capsys.readouterr().out


@pytest.mark.parametrize("words", [["print"], ["mask", "causal"], ["study", "patterns", "--draws", "10"]], ids=str)
def test_what_is_wrong_is_told_on_standard_error_and_the_work_is_done(
    words: list[str], file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('palette = "\\u001b]52;c;aGk=\\u0007"\n')
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out
    assert err.startswith(f"attn-tui: {file}: palette: '\\x1b]52;c;aGk=\\x07'; possible are ")
    assert err.count("\n") == 1


def test_a_program_of_ones_own_prints_alike_whatever_a_person_has_settled(file: Path) -> None:
    file.write_text("palette = nothing\n")
    source = "import numpy, attn_tui; attn_tui.print(numpy.eye(3)[None])"
    done = subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""


def test_help_reads_no_settings(file: Path) -> None:
    os.mkfifo(file)
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "attn_tui", "--help"], capture_output=True, check=True
    )
    assert b"tomllib" not in done.stderr


# The command


def test_the_command_tells_where_the_file_is_what_holds_and_from_where(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('palette = "magma"\nmouse = 3\n[keys]\ncopy = ["f5", "\\""]\n')
    assert main(["settings"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"# {file}\n# mouse: a number; possible are true, false\n")
    assert 'palette = "magma"  # from the file; ' in out
    assert 'theme = "dark"  # the default; ' in out
    told = tomllib.loads(out)
    assert told == {
        "palette": "magma", "theme": "dark", "colour": "auto", "mouse": True, "pacing": True,
        "keys": {"copy": ["f5", '"']},
    }  # fmt: skip


def test_everything_that_it_tells_can_be_copied_into_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings"]) == 0
    file.write_text(capsys.readouterr().out.replace('\n# "', '\n"'))
    stored = stored_settings()
    assert stored.told == ""
    assert {name: getattr(stored.settings, name) for name in SETTINGS} == {
        name: setting.default for name, setting in SETTINGS.items()
    }
    assert dict(stored.settings.keys) == {name: keys for name, keys in effective(()).items() if name != "quit.1"}


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["palette=mauve"], "attn-tui: palette: 'mauve'; possible are viridis, magma, cividis, blues, grey\n"),
        (["mouse=perhaps"], "attn-tui: mouse: a text; possible are true, false\n"),
        (["size=3"], "attn-tui: 'size' is no setting; possible are palette, theme, colour, mouse, pacing, keys\n"),
        (["keys=3"], "attn-tui: 'keys' is no setting"),
        (["palette"], "attn-tui: 'palette' is no NAME=VALUE; possible are palette, theme, colour, mouse, pacing, keys"),
        (["--palette"], "attn-tui: --palette is no option or command here"),
    ],
)
def test_a_wrong_setting_is_refused_with_what_is_possible(
    words: list[str], told: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["settings", *words]) == 2
    assert capsys.readouterr().err.startswith(told)
    assert not file.exists()
