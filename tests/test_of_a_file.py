"""Options that say what a made source is are refused where a file is read, with the reason that its knobs have."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_engine import Experiment, inputs_of, run, save_capture
from attn_tui.cli import main
from attn_tui.opening import open_scene
from attn_tui.options import OptionError, read_options
from attn_tui.parameters import BY_FIELD
from attn_tui.pictures.ink import Tier
from attn_tui.settings import session_with, stored_settings
from tests.hands import WIDE, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")

WEIGHTS = np.full((2, 2, 3, 3), 1 / 3, dtype=np.float32)
NAMES = {
    "queries": ("queries", "7"),
    "keys": ("keys", "20"),  # what it is without the option, too
    "heads": ("heads", "4"),
    "key-heads": ("key heads", "all"),
    "head-dim": ("head dim", "8"),
    "seed": ("seed", "0"),
}
"""The options with what the knob is called, and a value."""

every_option = pytest.mark.parametrize(
    ("option", "name", "value"), [(option, *row) for option, row in NAMES.items()], ids=list(NAMES)
)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_capture(tmp_path_factory.mktemp("of") / "weights.npz", WEIGHTS)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = run(Experiment())
    return save_capture(tmp_path_factory.mktemp("of") / "inputs.npz", None, query=found.query, key=found.key)


@pytest.fixture(params=["weights", "inputs"])
def path(request: pytest.FixtureRequest) -> Path:
    """A file of weights, and one of queries and keys."""
    found: Path = request.getfixturevalue(request.param)
    return found


def refusal(option: str, name: str) -> str:
    return f"--{option}: {name} is as the file has it: --source chooses another source"


def copied(line: str) -> list[str]:
    return shlex.split(line)[1:]


@every_option
def test_a_command_line_is_refused_in_one_line_with_the_reason(
    path: Path, option: str, name: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["print", str(path), f"--{option}", value]) == 2
    assert capsys.readouterr().err == f"attn-tui: {refusal(option, name)}\n"


def test_other_spellings_and_an_explicit_source_file_are_refused_as_well(weights: Path) -> None:
    for words in (["--d-k", "8"], ["--source", "file", "--head-dim", "8"]):
        with pytest.raises(OptionError, match=f"^{refusal('head-dim', 'head dim')}$"):
            read_options(["--file", str(weights), *words])


@every_option
@pytest.mark.parametrize("function", [attn_tui.print, attn_tui.show], ids=["print", "show"])
def test_the_functions_of_python_refuse_them(weights: Path, function: Any, option: str, name: str, value: str) -> None:
    for attention in (WEIGHTS, weights):
        with pytest.raises(OptionError, match=f"^{refusal(option, name)}$"):
            function(attention, **{option.replace("-", "_"): value})


@every_option
async def test_typed_in_the_explorer_they_are_refused_as_the_knob_is(
    path: Path, option: str, name: str, value: str
) -> None:
    knob = next(row for row in BY_FIELD.values() if f"--{option}" in row.options)
    async with explorer(f"--file {shlex.quote(str(path))}", size=WIDE) as hands:
        before = hands.session
        await hands.press(":", f"type {option} {value}", "enter")
        assert refusal(option, name) in hands.truth
        await hands.press("escape", knob.key, ".")
        assert f"{name} is as the file has it: x chooses another source" in hands.truth
        assert hands.session == before


@every_option
def test_of_a_pinned_file_they_are_refused_whichever_way_it_is_named(
    weights: Path, option: str, name: str, value: str
) -> None:
    quoted = shlex.quote(str(weights))
    for line in (
        f"--file {quoted} --pin='--{option} {value}'",
        f"--pin={shlex.quote(f'{quoted} --{option} {value}')}",
    ):
        with pytest.raises(OptionError, match=f"^--pin: {refusal(option, name)}$"):
            read_options(shlex.split(line))


def test_they_are_the_fields_that_every_file_decides(path: Path) -> None:
    options = {f"--{option}" for option in NAMES}
    fixed = inputs_of(Experiment(source="file", file=str(path), layer=0)).fixed
    always = fixed - {"scale", "normaliser", "rope", "capture_set", "batch_item"}  # of some, and told otherwise
    assert {BY_FIELD[field].option for field in always} == options


def test_with_a_source_that_is_made_they_are_what_they_were(weights: Path) -> None:
    session = read_options(["--file", str(weights), "--source", "random", "--heads", "3", "--queries", "5"])
    assert open_scene(session, Tier.NONE).attention.weights.shape == (3, 5, 20)


async def test_knobs_turned_before_a_file_was_opened_are_in_no_command_and_come_back(weights: Path) -> None:
    start = "--source random --heads 3 --queries 9 --keys 9 --seed 5 --head-dim 8 --key-heads 1"
    async with explorer(start, size=WIDE) as hands:
        await hands.press("p", ":", f"type file {shlex.quote(str(weights))}", "enter", "y")
        (line,) = hands.app.commands
        own, pin = line.split("--pin=")
        assert not [option for option in NAMES if f"--{option}" in own.split()]
        assert all(word in pin for word in start.split())
        again = open_scene(read_options(copied(line)), Tier.NONE)
        np.testing.assert_array_equal(again.matrix, WEIGHTS[0, 0])
        assert again.session.pinned == hands.session.pinned
        await hands.press(":", "type source random", "enter")
        assert hands.app.scene.attention.weights.shape == (3, 9, 9)


async def test_another_source_and_its_size_can_be_typed_where_a_file_is_open(weights: Path) -> None:
    async with explorer(f"--file {shlex.quote(str(weights))}", size=WIDE) as hands:
        await hands.press(":", "type source random --heads 2 --queries 5", "enter")
        assert hands.app.scene.attention.weights.shape == (2, 5, 20)


# A system, which is made as well


def test_a_system_beside_a_file_is_refused_until_the_source_says_so(
    weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = "--preset: gpt is made, and a file is read: --source preset chooses it"
    for more in ([], ["--source", "file"]):
        assert main(["print", str(weights), "--preset", "gpt", *more]) == 2
        assert capsys.readouterr().err == f"attn-tui: {told}\n"
    with pytest.raises(OptionError, match=f"^{told}$"):
        attn_tui.print(WEIGHTS, preset="gpt")
    words = ["--file", str(weights), "--preset", "gpt", "--source", "preset"]
    assert open_scene(read_options(words), Tier.NONE).shown.source == "preset"


async def test_a_system_after_a_file_and_a_file_after_it_are_copied_as_what_is_shown(weights: Path) -> None:
    async with explorer(f"--file {shlex.quote(str(weights))}", size=WIDE) as hands:
        await hands.press(":", "type preset gpt", "enter", "y", ":", f"type file {shlex.quote(str(weights))}", "enter")
        await hands.press("y")
        assert "--preset" not in hands.app.commands[1]
        shown = [open_scene(read_options(copied(line)), Tier.NONE).shown.source for line in hands.app.commands]
        assert shown == ["preset", "file"]


# Settings


def test_nothing_in_the_settings_file_stands_in_the_way_of_a_file(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "attn-tui").mkdir()
    names = "".join(f"{option} = 3\n" for option in (*NAMES, "num_heads", "preset"))
    (tmp_path / "attn-tui" / "config.toml").write_text(f'palette = "magma"\n{names}')
    stored = stored_settings()
    assert len(stored.troubles) == len(NAMES) + 2
    session = read_options(["--file", str(weights)], session_with(stored.settings))
    assert open_scene(session, Tier.NONE).attention.weights.shape == (2, 3, 3)
    assert session.view.palette == "magma"
