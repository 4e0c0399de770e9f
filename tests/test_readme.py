"""The README against the code: commands, keys, options, pictures, size."""

from __future__ import annotations

import re
import shlex
from itertools import takewhile
from pathlib import Path

import pytest

from attn_tui.actions import ACTIONS
from attn_tui.check_command import check_parser
from attn_tui.cli import explorer_parser, main, print_parser
from attn_tui.making import make_scene
from attn_tui.mask_command import mask_parser
from attn_tui.options import session_of
from attn_tui.parameters import KNOBS
from attn_tui.pictures.ink import Tier, make_ink
from attn_tui.study_command import study_parser

PARSERS = (explorer_parser(), print_parser(), mask_parser(), check_parser(), study_parser())
ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def shell_lines() -> list[str]:
    blocks = re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


def test_ci_runs_exactly_the_command_that_the_readme_gives_for_the_tests() -> None:
    (command,) = [line for line in shell_lines() if "pytest" in line]
    assert command in (ROOT / ".ci/run").read_text(encoding="utf-8").splitlines()


def test_the_two_commands_are_single_lines_that_make_their_own_environment() -> None:
    commands = [line for line in shell_lines() if "venv" in line]
    assert len(commands) == 2
    assert all(line.startswith("python3 -m venv .venv && .venv/bin/pip install") for line in commands)


@pytest.mark.parametrize("line", [line for line in shell_lines() if line.startswith("attn-tui")])
def test_every_command_shown_is_understood_and_has_something_to_show(line: str) -> None:
    words = list(takewhile(lambda word: word != "|", shlex.split(line)))[1:]
    if words[:1] in (["mask"], ["check"], ["study"]):
        assert main(words) in (0, 1)
        return
    printing = words[:1] == ["print"]
    given = print_parser().parse_args(words[1:]) if printing else explorer_parser().parse_args(words)
    assert make_scene(session_of(given), make_ink(Tier.NONE)).matrix.size


def test_the_table_of_keys_is_that_of_the_code() -> None:
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    cells = [cell.strip() for row in rows for cell in row.strip("|").split(" | ")]
    shown = {
        (cells[at].strip("`"), cells[at + 1].strip("| ")) for at in range(0, len(cells), 2) if cells[at].strip("`| ")
    }
    assert shown == {(action.shown, action.help) for action in ACTIONS}


def test_every_knob_is_named_with_its_key() -> None:
    text = " ".join(README.split())
    assert all(f"`{row.key}` {row.name}" in text for row in KNOBS if row.key)


def test_every_option_named_is_an_option() -> None:
    known = {option for parser in PARSERS for option in parser._option_string_actions}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", re.sub(r"(uvx|pipx run|pip install)[^`\n]*", "", README)))
    assert named <= known


def test_every_picture_is_a_snapshot_that_the_tests_keep_true() -> None:
    pictures = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README)
    assert pictures
    assert all(path.startswith("tests/__snapshots__/") and (ROOT / path).is_file() for path in pictures)


def test_the_python_example_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, flags=re.DOTALL)
    names: dict[str, object] = {}
    exec(block, names)
    assert names["attention"].weights.shape == (8, 128, 128)  # type: ignore[attr-defined]


def test_it_stays_about_a_hundred_lines() -> None:
    assert len(README.splitlines()) <= 110
