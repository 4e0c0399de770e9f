"""Layers that a model or a file calls 3 and 7 are called that everywhere, and chosen by it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import attn_tui
from attn_engine import FIRST, Experiment, FieldError, inputs_of, listed, pooled_heads, run
from attn_tui.opening import open_scene
from attn_tui.options import OptionError, read_options
from attn_tui.pictures.ink import Tier
from tests import fake_torch
from tests.fake_torch import Module, Tensor
from tests.hands import WIDE, explorer
from tests.test_cli import program

pytestmark = pytest.mark.usefixtures("plain_environment")

LAYERS = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 2, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers, 3 and 7; in 7 a query is unusual."""
    weights = LAYERS.copy()
    weights[1, 1, 4] *= 2
    return attn_tui.save(tmp_path_factory.mktemp("numbers") / "c.npz", list(weights), layers=[3, 7])


def experiment(path: Path, layer: int = FIRST) -> Experiment:
    return Experiment(source="file", file=str(path), layer=layer)


def options(path: Path, more: str = "") -> str:
    return f"--file {shlex.quote(str(path))} {more}"


def test_a_recording_of_some_layers_keeps_their_numbers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    functional = fake_torch.installed(monkeypatch)
    made = np.random.default_rng(1).standard_normal((9, 3, 2, 4, 8)).astype(np.float32)
    model = Module(lambda: [functional.scaled_dot_product_attention(*map(Tensor, each)) for each in made])
    with attn_tui.record(model, layers=[3, 7], path=tmp_path / "r.npz"):
        due = model()
    assert inputs_of(experiment(tmp_path / "r.npz", 7)).layers == (3, 7)
    for layer in (3, 7):
        np.testing.assert_allclose(run(experiment(tmp_path / "r.npz", layer)).weights, due[layer], atol=5e-6)


@pytest.mark.parametrize(("layer", "place"), [(3, 0), (7, 1), (FIRST, 0)])
def test_a_layer_is_chosen_by_its_number_or_as_the_first(path: Path, layer: int, place: int) -> None:
    given = inputs_of(experiment(path, layer))
    assert given.captured is not None
    assert given.captured.layer == (3, 7)[place]
    np.testing.assert_array_equal(run(experiment(path, layer)).weights[0], LAYERS[place, 0])


def test_numbers_that_are_not_there_are_refused_with_those_that_are(path: Path) -> None:
    for layer in (0, 1, 8):
        with pytest.raises(FieldError, match=f"{layer} is not there; possible are 3, 7"):
            run(experiment(path, layer))
    for word in ("0", "1"):
        ended = program("print", str(path), "--layer", word)
        assert (ended.returncode, ended.stderr) == (2, f"attn-tui: --layer: {word} is not there; possible are 3, 7\n")


@pytest.mark.parametrize("function", [attn_tui.print, attn_tui.show], ids=["print", "show"])
def test_the_functions_of_python_refuse_layer_0_as_well(path: Path, function: Any) -> None:
    weights = list(LAYERS)
    for attention, layers in ((path, None), (weights, [3, 7])):
        with pytest.raises(OptionError, match=r"^--layer: 0 is not there; possible are 3, 7$"):
            function(attention, layers=layers, layer=0)
    with pytest.raises(OptionError, match=r"^--layer: 0 is not there; possible are 7$"):
        function(weights[:1], layers=[7], layer=0)


async def test_layer_0_typed_in_the_explorer_is_refused_and_the_picture_stays(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        await hands.press(":", "type layer 0", "enter")
        assert "--layer: 0 is not there; possible are 3, 7" in hands.truth
        await hands.press("escape")
        assert "layer 3  head 0  of 2 × 2" in hands.screen
        await hands.press(":", "type layer 7", "enter", ":", "type layer first", "enter")
        assert "layer 3  head 0  of 2 × 2" in hands.screen


@pytest.mark.parametrize("start", ["", "--pin '' --compare a", "--source random"])
@pytest.mark.parametrize("compare", ["", "--compare a", "--compare a-b"])
def test_a_pinned_layer_that_is_not_there_is_refused_shown_or_not(path: Path, start: str, compare: str) -> None:
    pin = shlex.quote(f"{shlex.quote(str(path))} --layer 0")
    session = read_options(shlex.split(f"{start} --pin {pin} {compare}"))
    with pytest.raises(OptionError, match=r"^--pin: --layer: 0 is not there; possible are 3, 7$"):
        open_scene(session, Tier.NONE)


def test_a_layer_beneath_the_pinned_picture_is_looked_for_as_well(path: Path) -> None:
    with pytest.raises(OptionError, match=r"^--layer: 0 is not there; possible are 3, 7$"):
        open_scene(read_options(shlex.split(options(path, "--layer 0 --pin '' --compare a"))), Tier.NONE)


@pytest.mark.parametrize(
    "keys", ["", "}", "} {", "p", "} p {", "p } P", "p } P P", "x .", "x . }", "} : source=random"]
)
async def test_the_command_that_is_copied_opens_the_picture_on_the_screen(path: Path, keys: str) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        for key in keys.split():
            await hands.press(*([f"type {key}", "enter"] if len(key) > 1 else [key]))
        await hands.press("escape", "y")
        shown = hands.app.scene
        again = open_scene(read_options(shlex.split(hands.app.commands[0])[1:]), Tier.NONE)
        assert (again.shown, again.head_number) == (shown.shown, shown.head_number)
        np.testing.assert_array_equal(again.matrix, shown.matrix)


async def test_a_step_to_where_it_is_already_is_no_turn_to_undo(path: Path) -> None:
    async with explorer(options(path, "--view heads"), size=WIDE) as hands:
        await hands.press("up", "left")
        assert "layer 3  head 0" in hands.screen
        await hands.press("u")
        assert "nothing to undo" in hands.truth


def test_layers_are_put_together_by_their_numbers(path: Path) -> None:
    both, _, note = pooled_heads(experiment(path, 3), "mean", (0,), None)
    np.testing.assert_allclose(both, LAYERS[:, 0].mean(axis=0), atol=1e-6)
    assert note == "mean of head 0 in 2 layers"
    seventh, _, note = pooled_heads(experiment(path), "max", (0,), (7,))
    np.testing.assert_array_equal(seventh, LAYERS[1, 0])
    assert note == "maximum of head 0 in layer 7"
    with pytest.raises(FieldError, match="1 is no layer; possible are 3, 7"):
        pooled_heads(experiment(path), "mean", (), (3, 1))


def test_print_info_and_json_tell_the_numbers(path: Path) -> None:
    assert "c.npz, layer 3, head 0 of 2" in program("print", str(path)).stdout
    assert "c.npz, layer 7, head 0 of 2" in program("print", str(path), "--layer", "7").stdout
    found = json.loads(program("print", str(path), "--json").stdout)
    assert (found["layer"], found["experiment"]["layer"]) == (3, 3)
    told = program("info", str(path)).stdout
    assert "attention: 2 layers (3, 7) × 2 heads" in told
    assert "1 row does not sum to 1, in layer 7, head 1, query 4" in told
    (only,) = json.loads(program("info", str(path), "--json").stdout)["sets"]
    assert only["layer_numbers"] == [3, 7]


def test_the_only_layer_is_named_where_it_is_not_layer_0(tmp_path: Path) -> None:
    for number, shown in ((7, "c.npz, layer 7, head 0"), (0, "c.npz, head 0")):
        saved = attn_tui.save(tmp_path / "c.npz", list(LAYERS[:1]), layers=[number])
        assert shown in program("print", str(saved)).stdout


async def test_the_screen_counts_as_the_file_does(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        assert "layer 3  head 0  of 2 × 2" in hands.screen
        assert "Heads of layer 3" in hands.screen
        await hands.press("}")
        assert "layer 7  head 0  of 2 × 2" in hands.screen
        await hands.press("y")
        assert hands.app.commands[0].endswith("--layer 7")
        await hands.press("}")
        assert "layers are 3, 7" in hands.truth
        await hands.press("{")
        assert "layer 3  head 0" in hands.screen


async def test_the_next_finding_is_in_the_layer_of_its_number(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        await hands.press("!")
        assert "layer 7, head 1: query 4 has weights that sum to 2.000" in hands.truth
        assert "layer 7  head 1" in hands.screen


async def test_the_rows_of_all_layers_have_their_numbers(path: Path) -> None:
    async with explorer(options(path, "--view heads"), size=WIDE) as hands:
        rows = [line.split("│")[1].split()[0] for line in hands.screen.splitlines() if line.startswith(("│ 3", "│ 7"))]
        assert rows == ["3", "7"]
        await hands.press("down")
        assert "layer 7  head 0" in hands.screen
        await hands.press("down", "up")
        assert "layer 3  head 0" in hands.screen


@pytest.mark.parametrize(
    ("numbers", "text"),
    [
        ((0, 1, 2), "0 … 2"),
        ((1, 2), "1 … 2"),
        ((3, 7), "3, 7"),
        ((7,), "7"),
        (range(0, 40, 2), "0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, …, 38"),
    ],
    ids=str,
)
def test_numbers_are_listed_as_a_range_or_one_by_one(numbers: Any, text: str) -> None:
    assert listed(numbers) == text


@pytest.mark.parametrize("keys", [("x", "."), ("x", "enter", "ctrl+u", "type sample", "enter")])
async def test_another_source_that_has_not_the_layer_shows_its_first(path: Path, keys: tuple[str, ...]) -> None:
    async with explorer(options(path, "--layer 7"), size=WIDE) as hands:
        await hands.press(*keys)
        assert hands.session.experiment.source != "file"
        assert "layer 0" in hands.screen or hands.session.experiment.source != "sample"
        await hands.press("u")
        assert "layer 7" in hands.screen
