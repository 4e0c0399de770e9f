"""The command line as a shell sees it: output, errors, status; with and without a terminal."""

from __future__ import annotations

import argparse
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from pathlib import Path
from select import select
from typing import Any

import pytest

from attn_tui import __version__
from attn_tui.cli import explorer_parser, main, print_parser
from attn_tui.options import TIERS, WIDTHS
from attn_tui.parameters import PARAMETERS

pytestmark = pytest.mark.usefixtures("plain_environment")

SMALL = ("--source", "random", "--queries", "4", "--keys", "4")
ESCAPE = "\x1b"


@pytest.fixture(autouse=True)
def buffered_output(monkeypatch: pytest.MonkeyPatch) -> None:
    """Python as people run it: what cannot be written may be noticed only at the end."""
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)


def program(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    """The program's end, away from any terminal; `environment` is added to that of the tests."""
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", **settings.pop("environment", {})}
    defaults: dict[str, Any] = {
        "stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "encoding": "utf-8",
    }  # fmt: skip
    command = [sys.executable, "-m", "attn_tui", *words]
    return subprocess.run(command, env=environment, timeout=60, check=False, **(defaults | settings))


def in_a_terminal(*words: str, width: int = 80, **environment: str) -> tuple[int, str, str]:
    """The status, what a terminal got, and what came on standard error beside it."""
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, width, 0, 0))
    command = [sys.executable, "-m", "attn_tui", *words]
    process = subprocess.Popen(
        command,
        stdin=slave,
        stdout=slave,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )
    os.close(slave)
    written = b""
    while piece := _read(master):
        written += piece
    os.close(master)
    process.kill()  # where it has not ended, it is not going to
    _, errors = process.communicate()
    return process.returncode, written.decode().replace("\r\n", "\n"), errors.decode()


def _read(master: int) -> bytes:
    """What the terminal got next; nothing once the other side is closed, or for twenty seconds."""
    try:
        return os.read(master, 65536) if select([master], [], [], 20)[0] else b""
    except OSError:
        return b""


def ended(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    """The status, output and errors of a run within the tests."""
    try:
        status = main(words)
    except SystemExit as end:
        status = int(end.code or 0)
    out, errors = capsys.readouterr()
    return status, out, errors


# Help


@pytest.mark.parametrize("parser", [explorer_parser(), print_parser()], ids=lambda parser: parser.prog)
def test_help_names_every_option_with_what_is_possible(
    parser: argparse.ArgumentParser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "10000")
    entries = re.split(r"\n  (?=-)", parser.format_help())
    for row in PARAMETERS:
        (entry,) = [entry for entry in entries if re.match(rf"{row.option}[ ,]", entry)]
        assert all(option in entry for option in row.options)
        assert row.help in entry
        assert row.possible in entry


def test_help_of_print_says_what_its_own_options_take() -> None:
    text = " ".join(print_parser().format_help().split())
    for words in ("--json everything", "--csv the", "--svg the", "--query N", "(0 …)", "--top N", "(1 …; default 10)"):
        assert words in text
    assert f"how wide ({WIDTHS[0]} … {WIDTHS[1]}; default" in text
    assert all(tier in text for tier in TIERS)


def test_help_fits_eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for parser in (explorer_parser(), print_parser()):
        assert max(map(len, parser.format_help().splitlines())) <= 80


@pytest.mark.parametrize("words", [("--help",), ("print", "--help"), ("-h",)])
def test_help_goes_to_standard_output(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, errors = ended(capsys, *words)
    assert (status, errors) == (0, "")
    assert out.startswith("usage: attn-tui")


@pytest.mark.parametrize("words", [("--version",), ("print", "--version")])
def test_the_version_is_one_line(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(capsys, *words) == (0, f"attn-tui {__version__}\n", "")


# Mistakes

MISTAKES = [
    (("print", "--layer", "9"), "--layer: 9 is no layer of the sample; possible are 0 … 5"),
    (("print", "--head", "99"), "--head: 99 is not a head; possible are 0 … 11"),
    (("print", "--cursor", "16,0"), "--cursor: queries are 0 … 15, keys 0 … 15"),
    (("print", "--compare", "a"), "--compare: a needs a picture to compare with: --pin OPTIONS"),
    (("print", "--mask", "causal & ("), '--mask: expected a number or a name after "(", at column 11'),
    (("print", "--mask", "q / (k - k) > 1"), '--mask: division by zero, in "q / (k - k)"'),
    (("print", "--score-mod", "log(s)"), '--score-mod: logarithm of zero or less, in "log(s)"'),
    (("print", "--temperature", "0"), "--temperature: '0' is not a number above 0"),
    (("print", "--queries", "1000000000"), "--queries: '1000000000' is not a whole number from 1 to 1,048,576"),
    (
        ("print", "--source", "random", "--queries", "1000000", "--keys", "1000000"),
        "4 heads × (1,000,000 queries + 1,000,000 keys) × d_k 64 is 512,000,000 numbers of query and key; "
        "at most 134,217,728 are made",
    ),
    (("print", "--query", "16"), "--query: 16 is not a query; possible are 0 … 15"),
    (("print", "--query", "x"), "--query: 'x' is not a whole number from 0 to 1,048,576"),
    (("print", "--top", "3"), "--top: it goes with --query"),
    (("print", "--width", "10"), "--width: '10' is not a whole number from 20 to 1,000"),
    (("print", "--query", "1", "--svg"), "--query: it is printed as text, with --json or with --csv, not with --svg"),
    (("print", "--nope"), "--nope is no option or command here; do you mean --rope?"),
    (("--quite-unheard-of",), "--quite-unheard-of is no option or command here; --help lists what there is"),
    (("--mask", "\x1b]0;x\x07"), '--mask: "␛" is no part of the notation, at column 1'),
    (("--heads", "0"), "--heads: '0' is not a whole number from 1 to 4,096"),
]


@pytest.mark.parametrize(("words", "said"), MISTAKES, ids=lambda value: " ".join(value) if type(value) is tuple else "")
def test_a_mistake_is_one_line_on_standard_error_and_status_two(
    words: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(capsys, *words) == (2, "", f"attn-tui: {said}\n")


def test_a_mistake_is_told_by_the_program_as_well() -> None:
    done = program("print", "--head", "99")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "attn-tui: --head: 99 is not a head; possible are 0 … 11\n"


@pytest.mark.parametrize(
    "words", [("print", "--json", "--csv"), ("--colour", "mauve"), ("print", "--svg", "--json"), ("--text=yes",)]
)
def test_other_mistakes_name_their_option_too(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, errors = ended(capsys, *words)
    assert (status, out, errors.count("\n")) == (2, "", 1)
    assert errors.startswith("attn-tui: --")


# Without a terminal


def test_the_explorer_without_a_terminal_names_what_needs_none() -> None:
    done = program()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "attn-tui: no terminal to open the explorer in; attn-tui print needs none\n"


@pytest.mark.parametrize("term", ["dumb", ""])
def test_the_explorer_on_a_dumb_terminal_says_so_and_draws_nothing(term: str) -> None:
    status, screen, errors = in_a_terminal(TERM=term)
    assert (status, screen) == (2, "")
    assert errors.count("\n") == 1
    assert "attn-tui print needs no screen" in errors


# Colours


def test_print_in_a_pipe_is_plain() -> None:
    done = program("print", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    assert ESCAPE not in done.stdout
    assert "██" in done.stdout


def test_colours_asked_for_are_there_even_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    plain = ended(capsys, "print", *SMALL)[1]
    for name, code in (("truecolor", "38;2;"), ("256", "38;5;"), ("16", "[36;49m"), ("none", "")):
        status, out, _ = ended(capsys, "print", *SMALL, "--colour", name)
        assert status == 0
        assert code in out
        assert (ESCAPE in out) == (name != "none")
        without = re.sub(r"\x1b\[[0-9;]*m", "", out).splitlines()
        assert len(without) == len(plain.splitlines())
        assert [line.rstrip() for line in without[:2]] == plain.splitlines()[:2]


def test_a_terminal_gets_the_colours_it_has_and_no_color_none() -> None:
    status, screen, errors = in_a_terminal("print", *SMALL)
    assert (status, errors) == (0, "")
    assert "\x1b[38;2;" in screen or "48;2;" in screen
    _, screen, _ = in_a_terminal("print", *SMALL, NO_COLOR="1")
    assert ESCAPE not in screen
    assert "██" in screen


def test_an_option_outweighs_no_color() -> None:
    done = program("print", *SMALL, "--colour", "truecolor", environment={"NO_COLOR": "1"})
    assert "48;2;" in done.stdout


def test_a_terminals_width_is_the_pictures() -> None:
    _, narrow, _ = in_a_terminal("print", "--source", "random", width=40, NO_COLOR="1")
    assert max(len(line) for line in narrow.splitlines()[3:]) <= 40
    assert "blocks" not in narrow


# Output that cannot be written


def test_a_reader_that_goes_away_ends_the_program_quietly() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = program("print", "--json", stdout=writing)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", [("print", *SMALL), ("--version",)])
def test_a_full_disk_is_told(words: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = program(*words, stdout=full)
    assert (done.returncode, done.stderr) == (74, "attn-tui: output could not be written: No space left on device\n")


def test_closed_output_is_told() -> None:
    script = f"exec {sys.executable} -m attn_tui print >&-"
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (
        74,
        "attn-tui: output could not be written: standard output is closed\n",
    )


# Encodings


def test_without_unicode_the_picture_is_still_one() -> None:
    done = program("print", *SMALL, "--mask", "causal", environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "?" not in done.stdout
    rows = done.stdout.splitlines()
    assert rows[0] == "Weights . each row to its maximum   softmax(QK^T/sqrt d_k + mask).V   random, head 1 of 4"
    assert rows[4] == "0   1.000/////////////////////"
    latin = "latin-1"
    shaded = program("print", "--mask", "causal", environment={"PYTHONIOENCODING": latin}, encoding=latin).stdout
    assert "\ncross   ##··::········//////////////////\n" in shaded


@pytest.mark.parametrize("words", [("--help",), ("print", "--json"), ("print", "--svg"), ("print", "--csv")])
def test_without_unicode_nothing_fails(words: tuple[str, ...]) -> None:
    done = program(*words, environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


def test_mistakes_are_told_without_unicode_too() -> None:
    done = program("print", "--head", "99", environment={"PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (2, "attn-tui: --head: 99 is not a head; possible are 0 ~ 11\n")


@pytest.mark.parametrize("words", [("",), (" ",), ("print", "")])
def test_an_empty_word_is_refused_in_one_line(words: tuple[str, ...]) -> None:
    ended = program(*words)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.splitlines() == [
        "attn-tui: an empty word is no option or command here; --help lists what there is"
    ]


@pytest.mark.parametrize("words", [("prnt",), ("print", "chekc"), ("stdy", "--mask", "causal")])
def test_a_word_that_is_no_file_and_nearly_a_command_is_told_so(words: tuple[str, ...]) -> None:
    ended = program(*words)
    assert ended.returncode == 2
    (line,) = ended.stderr.splitlines()
    assert "is no file and no command; do you mean" in line
