"""Settling: the file is replaced in one step or stays as it was, and everything else in it stays."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as run
from hypothesis import strategies as st

from attn_tui.cli import main
from attn_tui.settings_file import MOST_BYTES, SettingsError, table_of
from attn_tui.settings_writing import changed, keep

STEPS = ("open", "fstat", "lstat", "read", "write", "fsync", "replace", "close")
"""What reading and writing are made of, each of which may fail."""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the settings are, in a folder of the test's own; not there yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "attn-tui").mkdir()
    return tmp_path / "attn-tui" / "config.toml"


def refused(file: Path, **changes: Any) -> str:
    """What is said of a file that is not written, and stays as it was."""
    before = file.read_bytes() if file.is_file() else None
    with pytest.raises(SettingsError) as told:
        keep(file, changes)
    assert (file.read_bytes() if file.is_file() else None) == before
    assert {each.name for each in file.parent.iterdir()} <= {file.name, "other.toml"}
    return str(told.value)


# What is written


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", 'palette = "magma"\n'),
        ('palette = "blues"', 'palette = "magma"'),
        ("# mine\npalette = 'blues'  # for now\n", "# mine\npalette = \"magma\"  # for now\n"),
        ('theme = "light"\n', 'theme = "light"\npalette = "magma"\n'),
        ('theme = "light"', 'theme = "light"\npalette = "magma"\n'),
        ('theme="light"\r\n[keys]\r\n', 'theme="light"\r\npalette = "magma"\r\n[keys]\r\n'),
        ('# mine\n\n# my keys\n[keys]\ncopy="Y"\n', '# mine\n\npalette = "magma"\n# my keys\n[keys]\ncopy="Y"\n'),
        ('[keys]\npalette = "C"\n', 'palette = "magma"\n[keys]\npalette = "C"\n'),
        ('a = """\npalette = "x"\n"""\n', 'a = """\npalette = "x"\n"""\npalette = "magma"\n'),
        ("a = [\n1,\n]\n", "a = [\n1,\n]\npalette = \"magma\"\n"),
        ("  palette   =   \"blues\"#x\n", "  palette   =   \"magma\"#x\n"),
        ('"palette" = "blues"\n', '"palette" = "magma"\n'),
    ],
)  # fmt: skip
def test_a_setting_is_written_where_it_belongs_and_the_rest_stays(before: str, after: str, file: Path) -> None:
    file.write_bytes(before.encode())
    keep(file, {"palette": "magma"})
    assert file.read_bytes().decode() == after


names = st.sampled_from(["palette", "theme", "colour", "mouse", "pacing"])
lines = st.one_of(
    st.builds(
        "{} = {}".format, names, st.sampled_from(['"blues"', "'x'", "true", "3", "[1, 2]", '"""a\npalette = 1"""'])
    ),
    st.sampled_from(
        ["", "# palette = 1", "[keys]", "[keys.sub]", 'copy = "y"', "  # note", "[[list]]", "palette.a = 1"]
    ),
)


@run(deadline=None)
@given(
    st.lists(lines, max_size=8), names, st.one_of(st.booleans(), st.text(max_size=8)), st.sampled_from(["\n", "\r\n"])
)
def test_whatever_the_file_is_all_but_the_setting_stays(given: list[str], name: str, value: Any, end: str) -> None:
    text = end.join(given)
    try:
        before = table_of(text)
    except SettingsError:
        return
    try:
        after = changed(text, {name: value})
    except SettingsError as error:
        assert "cannot be changed without the rest" in str(error)  # noqa: PT017
        return
    assert table_of(after) == before | {name: value}
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    assert [line.strip() for line in after.splitlines() if line.strip().startswith("#")] == comments


def test_the_command_settles_several_things_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('# mine\n\n[keys]\ncopy = "ctrl+y"\n')
    assert main(["settings", "palette=magma", "mouse=false", "colour=256"]) == 0
    assert capsys.readouterr().out == f"written into {file}: palette, mouse, colour\n"
    there = {"palette": "magma", "mouse": False, "colour": "256", "keys": {"copy": "ctrl+y"}}
    assert tomllib.loads(file.read_text()) == there
    assert file.read_text().startswith("# mine\n")


def test_a_folder_that_is_missing_is_made_and_a_home_that_is_missing_is_not(tmp_path: Path) -> None:
    keep(tmp_path / "config" / "attn-tui" / "config.toml", {"mouse": False})
    assert (tmp_path / "config" / "attn-tui" / "config.toml").read_text() == "mouse = false\n"
    with pytest.raises(SettingsError, match="cannot be written: No such file or directory"):
        keep(tmp_path / "home" / ".config" / "attn-tui" / "config.toml", {"mouse": False})
    assert not (tmp_path / "home").exists()


def test_who_may_read_the_file_stays(file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o640))
    mode = file.stat().st_mode
    keep(file, {"mouse": False})
    assert file.stat().st_mode == mode


# What is not


def test_what_is_no_file_of_the_users_that_may_be_written_stays(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = file.with_name("other.toml")
    other.write_text("mouse = true\n")
    file.symlink_to(other)
    assert refused(file, mouse=False) == "is a link, which stays; the file that it leads to can be edited"
    assert file.is_symlink()
    assert other.read_text() == "mouse = true\n"
    file.unlink()
    os.mkfifo(file)
    assert refused(file, mouse=False) == "is no regular file, and stays"
    file.unlink()
    os.close(os.open(file, os.O_CREAT | os.O_WRONLY, 0o444))
    assert refused(file, mouse=False) == "is read-only, and stays"
    file.unlink()
    file.write_text("mouse = true\n")
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert refused(file, mouse=False) == "belongs to another user, and stays"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"mouse = ", "is no TOML"),
        (b"\xff", "is no text in UTF-8"),
        (b"#\n" * MOST_BYTES, "is too long"),
        (b"#23\n" * (MOST_BYTES // 4), "would be too long"),
        (b"mouse.left = true\n", "is written so that mouse cannot be changed without the rest"),
        (b"[mouse]\n", "is written so that mouse cannot be changed without the rest"),
    ],
)
def test_what_cannot_be_understood_or_kept_stays(data: bytes, told: str, file: Path) -> None:
    file.write_bytes(data)
    assert refused(file, mouse=False).startswith(told)


def test_the_command_tells_of_it_with_the_file_and_status_74(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text("mouse = ")
    assert main(["settings", "mouse=false"]) == 74
    assert capsys.readouterr().err == f"attn-tui: {file}: is no TOML: invalid value (at end of document)\n"


@pytest.mark.parametrize("step", STEPS)
def test_whichever_step_fails_the_file_is_whole_and_nothing_is_left_beside_it(
    step: str, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The n-th call fails, for n = 1, 2, 3 … until none does."""
    real = getattr(os, step)
    for number in range(1, 20):
        file.write_text('theme = "light"\n')
        calls: list[int] = []

        def failing(*arguments: Any, calls: list[int] = calls, number: int = number, **options: Any) -> Any:
            calls.append(1)
            if len(calls) == number:
                if step == "close":
                    real(*arguments, **options)
                raise OSError(28, "No space left on device")
            return real(*arguments, **options)

        with monkeypatch.context() as patch:
            patch.setattr(os, step, failing)
            try:
                keep(file, {"mouse": False})
                told = ""
            except SettingsError as error:
                told = str(error)
        old, new = {"theme": "light"}, {"theme": "light", "mouse": False}
        assert tomllib.loads(file.read_text()) in ((old, new) if told else (new,))
        assert [*file.parent.iterdir()] == [file]
        if len(calls) < number:
            assert number > 1, f"{step} is never called"
            return
        assert told.endswith("No space left on device")
    pytest.fail("it never succeeds")


def test_programs_that_write_at_once_lose_nothing(file: Path) -> None:
    source = "import sys; from pathlib import Path; from attn_tui.settings_writing import keep\n"
    source += "for number in range(15): keep(Path(sys.argv[1]), {f'{sys.argv[2]}{number}': True})"
    file.write_text("# mine\n")
    started = [subprocess.Popen([sys.executable, "-c", source, str(file), name]) for name in "abc"]
    assert [each.wait(60) for each in started] == [0, 0, 0]
    assert tomllib.loads(file.read_text()) == {f"{name}{number}": True for name in "abc" for number in range(15)}
    assert file.read_text().startswith("# mine\n")


def test_a_program_that_never_stops_writing_is_not_waited_for(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_tui.settings_writing.PATIENCE", 0.05)
    file.write_text("")
    opened = os.open(file.parent, os.O_RDONLY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        assert refused(file, mouse=False) == "cannot be written: another program is writing it"
    finally:
        os.close(opened)
