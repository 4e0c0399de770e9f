"""Knobs that need query and key are refused where a file holds weights alone, however they are given."""

from __future__ import annotations

import io
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_engine import Experiment, run, save_capture
from attn_tui.opening import open_scene
from attn_tui.options import OptionError, read_options
from attn_tui.pictures.ink import Tier
from tests.hands import WIDE, explorer
from tests.test_cli import program

pytestmark = pytest.mark.usefixtures("plain_environment")

WEIGHTS = np.full((2, 2, 3, 3), 1 / 3, dtype=np.float32)
GIVEN = {"scale": "none", "normaliser": "sigmoid", "rope": "on"}


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_capture(tmp_path_factory.mktemp("needs") / "weights.npz", WEIGHTS)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = run(Experiment())
    path = tmp_path_factory.mktemp("needs") / "inputs.npz"
    return save_capture(path, found.weights, query=found.query, key=found.key)


@pytest.mark.parametrize(("name", "value"), GIVEN.items())
def test_a_command_line_is_refused_in_one_line_with_the_reason(weights: Path, name: str, value: str) -> None:
    ended = program("print", str(weights), f"--{name}", value)
    assert ended.returncode == 2
    assert ended.stderr == (
        f"attn-tui: --{name}: {name} needs query and key, and the file's weights are shown: "
        "mask and temperature do not\n"
    )


@pytest.mark.parametrize(("name", "value"), [*GIVEN.items(), ("scale", 0.5)])
@pytest.mark.parametrize("function", [attn_tui.print, attn_tui.show], ids=["print", "show"])
def test_the_functions_of_python_refuse_them(weights: Path, function: Any, name: str, value: Any) -> None:
    for attention in (WEIGHTS, weights):
        with pytest.raises(OptionError, match=f"--{name}: {name} needs query and key"):
            function(attention, **{name: value})


@pytest.mark.parametrize(("name", "value"), GIVEN.items())
def test_a_file_with_query_and_key_takes_them(inputs: Path, name: str, value: str) -> None:
    out = io.StringIO()
    attn_tui.print(inputs, file=out, **{name: value})  # type: ignore[arg-type]
    assert "Weights" in out.getvalue()


def test_a_pinned_file_is_refused_as_well(weights: Path) -> None:
    pin = f"--pin={shlex.quote(f'--file {shlex.quote(str(weights))} --scale none')}"
    with pytest.raises(OptionError, match="--scale: scale needs query and key"):
        open_scene(read_options(shlex.split(pin)), Tier.NONE)


async def test_options_typed_in_the_explorer_are_refused(weights: Path) -> None:
    async with explorer(f"--file {shlex.quote(str(weights))}", size=WIDE) as hands:
        before = hands.session
        await hands.press(":", "type scale 2", "enter")
        assert "needs query and key" in hands.truth
        assert hands.session == before


async def test_a_knob_turned_before_the_file_was_opened_is_no_mistake(weights: Path) -> None:
    async with explorer("--scale none", size=WIDE) as hands:
        await hands.press(":", f"type file {shlex.quote(str(weights))}", "enter")
        assert "weights as in the file" in hands.screen
        await hands.press("y")
        (line,) = hands.app.commands
        assert "--scale" not in line
        assert open_scene(read_options(shlex.split(line)[1:]), Tier.NONE).size == (3, 3)
        await hands.press(":", "type source sample", "enter")
        assert hands.session.experiment.scale == "none"


async def test_a_file_may_be_pinned_where_a_knob_was_turned_that_it_has_not(weights: Path) -> None:
    async with explorer("--scale none", size=WIDE) as hands:
        await hands.press(":", f"type pin {shlex.quote(shlex.quote(str(weights)))}", "enter")
        assert hands.session.pinned
        assert hands.session.pinned.experiment.file == str(weights)
