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
from attn_tui.keymap import effective
from attn_tui.settings import stored_settings
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


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[keys]\ncopy = "f5"\n'),
        ('theme = "light"', 'theme = "light"\n\n[keys]\ncopy = "f5"\n'),
        ('theme="light"\r\n', 'theme="light"\r\n\r\n[keys]\r\ncopy = "f5"\r\n'),
        ("# mine\n[keys]\ncopy = 'Y'  # for now\n", "# mine\n[keys]\ncopy = \"f5\"  # for now\n"),
        ('[keys]\ncopy = ["Y", "\\"", \'a\']  # many\n', '[keys]\ncopy = "f5"  # many\n'),
        ('[ "keys" ]\n"copy"="Y"\n', '[ "keys" ]\n"copy"="f5"\n'),
        ('[keys]\nsave = "Z"\n\n# else\n[x]\n', '[keys]\nsave = "Z"\ncopy = "f5"\n\n# else\n[x]\n'),
        ('[x]\ncopy = "Y"\n[keys]\n', '[x]\ncopy = "Y"\n[keys]\ncopy = "f5"\n'),
        ('copy = "Y"\n[keys]\nsave = "Z"', 'copy = "Y"\n[keys]\nsave = "Z"\ncopy = "f5"\n'),
        ('keys.copy = "Y"\n[x]\n', 'keys.copy = "f5"\n[x]\n'),
        ('keys.save = "Z"\n[x]\n', 'keys.save = "Z"\nkeys.copy = "f5"\n[x]\n'),
        ('[keys.knob]\nmask = "Z"\n', '[keys.knob]\nmask = "Z"\n\n[keys]\ncopy = "f5"\n'),
    ],
)  # fmt: skip
def test_a_key_is_written_into_the_table_of_keys_and_the_rest_stays(before: str, after: str, file: Path) -> None:
    file.write_bytes(before.encode())
    keep(file, {"keys.copy": "f5"})
    assert file.read_bytes().decode() == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '[keys]\n"knob.mask" = ["k", "f5"]\n'),
        ('[keys]\nknob.mask = "Z"\n', '[keys]\nknob.mask = ["k", "f5"]\n'),
        ('[keys]\n"knob.mask" = ["Z"]\n', '[keys]\n"knob.mask" = ["k", "f5"]\n'),
    ],
)
def test_a_binding_with_a_dot_in_its_name_is_one_binding(before: str, after: str, file: Path) -> None:
    file.write_text(before)
    keep(file, {"keys.knob.mask": ("k", "f5")})
    assert file.read_text() == after


@pytest.mark.parametrize("before", ["keys = 3\n", 'keys = {save = "Z"}\n', '[keys]\nleft.1 = "Z"\n"left.1" = "Y"\n'])
def test_keys_that_cannot_be_written_beside_what_is_there_stay(before: str, file: Path) -> None:
    file.write_text(before)
    assert refused(file, **{"keys.copy": "f5"}).startswith(("is written so that keys.copy cannot", "has the keys of"))


names = st.sampled_from(["palette", "theme", "colour", "mouse", "pacing"])
settings = st.one_of(names, st.sampled_from(["keys.copy", "keys.left.1", "keys.knob.mask"]))
lines = st.one_of(
    st.builds(
        "{} = {}".format, names, st.sampled_from(['"blues"', "'x'", "true", "3", "[1, 2]", '"""a\npalette = 1"""'])
    ),
    st.sampled_from(
        [
            *("", "# palette = 1", "[keys]", "[keys.sub]", 'copy = "y"', "  # note", "[[list]]", "palette.a = 1"),
            *("keys.copy = 'a'", 'knob.mask = ["a", "]"]', '"left.1" = "a"', "[keys.knob]", "mask='#'", "keys = {}"),
        ]
    ),
)


def everything(table: dict[str, Any]) -> dict[str, Any]:
    """What a table says, of the keys of bindings with their names in one piece."""
    keys = table.get("keys")
    if not isinstance(keys, dict):
        return table
    inner = {
        f"{name}.{key}": held for name, value in keys.items() if isinstance(value, dict) for key, held in value.items()
    }
    outer = {name: value for name, value in keys.items() if not isinstance(value, dict) or not value}
    rest = {name: value for name, value in table.items() if name != "keys"}
    return rest | {f"keys.{name}": value for name, value in (outer | inner).items()}


@run(deadline=None)
@given(
    st.lists(lines, max_size=8),
    settings,
    st.one_of(st.booleans(), st.text(max_size=8)),
    st.sampled_from(["\n", "\r\n"]),
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
        assert "cannot be changed without the rest" in str(error) or "twice" in str(error)  # noqa: PT017
        return
    assert everything(table_of(after)) == everything(before) | {name: value}
    comments = [line.strip() for line in text.splitlines() if line.strip().startswith("#")]
    assert [line.strip() for line in after.splitlines() if line.strip().startswith("#")] == comments


def test_the_command_settles_several_things_at_once(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('# mine\n\n[keys]\ncopy = "ctrl+y"\n')
    assert main(["settings", "palette=magma", "mouse=false", "colour=256"]) == 0
    assert capsys.readouterr().out == f"written into {file}: palette, mouse, colour\n"
    there = {"palette": "magma", "mouse": False, "colour": "256", "keys": {"copy": "ctrl+y"}}
    assert tomllib.loads(file.read_text()) == there
    assert file.read_text().startswith("# mine\n")


def test_the_command_settles_keys(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file.write_text('# mine\n[keys]\nsave = "Z"  # kept\n')
    words = ["keys.copy=ctrl+y", "keys.less=,", "keys.left=F,f5", "keys.knob.head_dim=@", "keys.help=question_mark"]
    assert main(["settings", "theme=light", *words]) == 0
    told = ", ".join(word.partition("=")[0] for word in ("theme", *words))
    assert capsys.readouterr().out == f"written into {file}: {told}\n"
    keys = {"save": "Z", "copy": "ctrl+y", "less": ",", "left": ["F", "f5"], "knob.head_dim": "@", "help": "?"}
    assert tomllib.loads(file.read_text()) == {"theme": "light", "keys": keys}
    assert file.read_text().startswith('theme = "light"\n# mine\n[keys]\nsave = "Z"  # kept\n')
    stored = stored_settings()
    assert not stored.troubles
    assert effective(stored.settings.keys)["left"] == ("F", "f5")


def test_keys_can_change_places_and_come_back(file: Path) -> None:
    assert main(["settings", "keys.left=right", "keys.right=left"]) == 0
    assert stored_settings().settings.keys == (("left", ("right",)), ("right", ("left",)))
    assert main(["settings", "keys.left=left", "keys.right=right"]) == 0
    assert effective(stored_settings().settings.keys) == effective(())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["keys.coppy=f5"], "keys.coppy: no binding is called so; do you mean copy?"),
        (["keys.=f5"], "keys.: no binding is called so; attn-tui settings lists them"),
        (["keys.copy=f55"], "keys.copy: 'f55' is no key; possible are a character, or a name such as f5, pageup"),
        (["keys.copy="], "keys.copy: '' is no key; possible are a character"),
        (["keys.copy=f5,"], "keys.copy: '' is no key; possible are a character"),
        (["keys.copy=ctrl+c"], "keys.copy: ctrl+c stays what it is"),
        (["keys.quit.1=f5"], "keys.quit.1: ctrl+c always quits"),
        (["keys.copy=q"], "keys.copy: q is the key of quit, which would need another"),
        (["keys.copy=Z"], "keys.copy: Z is the key of save, which would need another"),
        (["keys.copy=f6", "keys.over=f6"], "keys.over: f6 is the key of copy, which would need another"),
        (["theme=light", "keys.copy=q"], "keys.copy: q is the key of quit, which would need another"),
    ],
)
def test_a_key_that_cannot_be_had_is_refused_in_one_line(
    words: list[str], told: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file.write_text('[keys]\nsave = "Z"\n')
    assert main(["settings", *words]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"attn-tui: {told}")
    assert error.count("\n") == 1
    assert file.read_text() == '[keys]\nsave = "Z"\n'


def test_a_key_is_written_whatever_is_wrong_with_the_others(file: Path) -> None:
    file.write_text('[keys]\nsave = "q"\ncoppy = 3\n')
    assert main(["settings", "keys.copy=f5"]) == 0
    assert stored_settings().settings.keys == (("copy", ("f5",)),)


def test_a_key_that_another_program_takes_meanwhile_is_refused(file: Path) -> None:
    """What is there is looked at by whoever's turn it is to write."""
    source = "import sys; from attn_tui.cli import main; sys.exit(main(['settings', f'keys.{sys.argv[1]}=f5']))"
    started = [subprocess.Popen([sys.executable, "-c", source, name]) for name in ("copy", "save", "pin")]
    assert sorted(each.wait(60) for each in started) == [0, 2, 2]
    assert [keys for _, keys in stored_settings().settings.keys] == [("f5",)]


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
    source = "import sys; from pathlib import Path; from attn_tui import settings_writing as writing\n"
    source += "writing.PATIENCE = 60\n"  # each waits for all the others, on a disk that may be slow
    source += "for number in range(15): writing.keep(Path(sys.argv[1]), {f'{sys.argv[2]}{number}': True})"
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
