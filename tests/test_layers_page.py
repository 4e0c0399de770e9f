"""All layers at a glance: what the cells say, the keys that go through them, and reading them in the background."""

from __future__ import annotations

import re
import threading
from pathlib import Path

import numpy as np
import pytest

from attn_engine import KINDS, Experiment, LayerOverview, attend, layer_overview, save_capture
from attn_tui.actions import IN_THE_HEADS
from attn_tui.layers import overview
from attn_tui.layers.overview import Layers
from attn_tui.pictures.cells import plain, width_of
from attn_tui.pictures.heads.layers import grid, grid_of, legend, range_line, scale_of
from attn_tui.pictures.heads.page import heads_page, heads_title
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.palettes import LEVELS
from attn_tui.scene import Scene
from attn_tui.view import HEAD_MEASURES, HEADS_PANELS, KIND_LETTERS
from tests.drawing import scene_of
from tests.hands import SMALL, WIDE, Hands, explorer, session_of

pytestmark = pytest.mark.usefixtures("plain_environment")

HEADS = "--view heads"
SIZES = [WIDE, SMALL, (40, 12)]


def layers_in(scene: Scene) -> Layers:
    assert scene.layers is not None
    return scene.layers


def cells_in(scene: Scene, width: int, height: int) -> list[list[str]]:
    """The texts of the cells, row by row."""
    return [[segment.text for segment in line[1:]] for line in grid(scene, layers_in(scene), width, height)[1:]]


def marked(hands: Hands) -> list[str]:
    """What stands in the marked cells of the page."""
    region, style = hands.app.panel("all-heads").region, hands.app.scene.ink.mark
    rows = [row[:] for row in hands.cells[region.y + 1 : region.bottom]]
    return [cell.text for row in rows for cell in row if cell.style and cell.style.bgcolor == style.bgcolor]


# What the cells say


@pytest.mark.parametrize("measure", HEAD_MEASURES)
def test_a_cell_has_the_letter_of_the_kind_and_the_number(measure: str) -> None:
    scene = scene_of(f"{HEADS} --head-measure {measure}")
    cells = cells_in(scene, 116, 7)
    assert [len(row) for row in cells] == [12] * 6
    for layer, row in enumerate(cells):
        found = layer_overview(Experiment(), layer)
        for head, text in enumerate(row):
            letter, number = text.split()
            assert letter == KIND_LETTERS[found.kinds[head].name]
            assert float(number) == pytest.approx(found.numbers[measure][head], abs=0.051)
    assert heads_title(scene) == f"All layers · {HEAD_MEASURES[measure]}, mean over queries"


def test_every_kind_has_a_letter_of_its_own_and_the_legend_names_those_there_are() -> None:
    assert list(KIND_LETTERS) == list(KINDS)
    assert len(set(KIND_LETTERS.values())) == len(KINDS)
    scene = scene_of(HEADS)
    text = plain(legend(scene, layers_in(scene), 200))
    found = {kind.name for layer in range(6) for kind in layer_overview(Experiment(), layer).kinds}
    assert re.split(" {3}", text) == [f"{KIND_LETTERS[name]} {name}" for name in KINDS if name in found]


def test_colours_go_from_the_least_number_to_the_greatest() -> None:
    scene = scene_of(HEADS, Tier.TRUECOLOR)
    layers = layers_in(scene)
    numbers = np.array([layer_overview(Experiment(), layer).numbers["entropy"] for layer in range(6)])
    scale = scale_of(layers.known(0), "entropy")
    assert (scale.low, scale.high) == (numbers.min(), numbers.max())
    lines = grid(scene, layers, 116, 7)[1:]
    for value, level in ((numbers.min(), 0), (numbers.max(), LEVELS - 1)):
        layer, head = np.argwhere(numbers == value)[0]
        assert lines[layer][1 + head].style == scene.ink.cell(level, signed=False)
    assert (
        plain([range_line(scene, layers, 116)]) == f"entropy in nats {numbers.min():.2f}{' ' * 14}{numbers.max():.2f}"
    )


@pytest.mark.parametrize("tier", Tier)
@pytest.mark.parametrize("width", [5, 16, 28, 40, 76, 116])
@pytest.mark.parametrize("height", [1, 2, 4, 7, 30])
def test_the_grid_fits_and_shows_the_head_on_show(tier: Tier, width: int, height: int) -> None:
    for place in ("--layer 0 --head 0", "--layer 5 --head 11", "--layer 3 --head 7"):
        scene = scene_of(f"{HEADS} {place}", tier)
        layers = layers_in(scene)
        lines, where = grid(scene, layers, width, height), grid_of(scene, layers, width, height)
        assert scene.shown.layer in where.layers
        assert scene.head in where.heads
        assert len(lines) <= max(height, 2)
        assert all(width_of(line) <= width for line in lines[1:])
        cell = lines[1 + where.layers.index(scene.shown.layer)][1 + where.heads.index(scene.head)]
        assert cell.style == scene.ink.mark
        assert sum(segment.style == scene.ink.mark for line in lines for segment in line) == 1


@pytest.mark.parametrize("size", SIZES)
def test_a_place_of_the_grid_is_the_cell_that_is_drawn_there(size: tuple[int, int]) -> None:
    scene = scene_of(f"{HEADS} --layer 2 --head 4")
    where = grid_of(scene, layers_in(scene), size[0] - 4, 7)
    for layer in where.layers:
        for head in where.heads:
            x, y = where.label + where.heads.index(head) * where.cell, 1 + where.layers.index(layer)
            assert where.place_at(x, y) == where.place_at(x + where.cell - 1, y) == (layer, head)
    assert where.place_at(where.label - 1, 1) is where.place_at(where.label, 0) is None
    assert where.place_at(where.label, 1 + len(where.layers)) is None


def test_without_colours_shades_of_characters_stand_beside_the_letters() -> None:
    cells = cells_in(scene_of(f"{HEADS} --layer 5"), 60, 7)
    found = layer_overview(Experiment(), 0)
    assert cells[0][int(found.numbers["entropy"].argmin())] == "P··"
    assert {text[1:] for row in cells for text in row} >= {"··", "██"}


def test_numbers_that_are_none_are_told_apart(tmp_path: Path) -> None:
    weights = np.full((2, 3, 4, 4), 0.25, dtype=np.float32)
    weights[1, 0], weights[1, 1, 0, 0] = 0, np.inf
    path = save_capture(tmp_path / "odd.npz", weights)
    scene = scene_of(f"{HEADS} --source file --file {path} --layer 0 --head-measure first")
    assert [text.split() for text in cells_in(scene, 60, 3)[1]] == [["∅", "0.00"], ["b", "∞"], ["b", "0.25"]]
    entropy = scene_of(f"{HEADS} --source file --file {path} --layer 0")
    assert cells_in(entropy, 60, 3)[1][0].split() == ["∅", "–"]


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf, -1.0, 3e38])
@pytest.mark.parametrize("panel", HEADS_PANELS)
def test_no_number_of_a_file_keeps_its_heads_from_being_drawn(tmp_path: Path, panel: str, odd: float) -> None:
    weights = np.full((2, 3, 4, 4), 0.25, dtype=np.float32)
    weights[1, 1, 0, 0], weights[1, 2, 1, 2], weights[1, 2, 1, 3] = odd, odd, -odd
    path = save_capture(tmp_path / "odd.npz", weights)
    for layer in (0, 1):
        scene = scene_of(f"{HEADS} --heads-panel {panel} --source file --file {path} --layer {layer} --head 1")
        assert "head 1, " in plain(heads_page(scene, 116, 36))


def test_what_the_head_on_show_is_agrees_in_the_grid_and_below(tmp_path: Path) -> None:
    path = tmp_path / "halves.npy"
    query, key = np.random.default_rng(1).standard_normal((2, 3, 1200, 2)).astype(np.float32)
    weights = np.stack([attend(query, key, key, mask=mask).weights for mask in ("causal", "k == q - 1 | q == 0")])
    np.save(path, weights.astype(np.float16))
    for layer, name in ((0, ""), (1, "previous token")):
        scene = scene_of(f"{HEADS} --source file --file {path} --layer {layer} --head 2")
        lines = plain(heads_page(scene, 116, 36))
        assert scene.attention.num_heads == 1, "of a large layer one head is computed at a time"
        letter = cells_in(scene, 116, 3)[layer][2].split()[0]
        told = re.search(rf"head 2, ({'|'.join(KINDS)})", lines)
        assert told is not None
        assert KIND_LETTERS[told[1]] == letter
        assert name in lines


def test_one_layer_has_no_grid() -> None:
    scene = scene_of(f"{HEADS} --source random --heads 3")
    assert scene.layers is None
    assert heads_title(scene).startswith("All heads")


@pytest.mark.parametrize(("width", "height"), [(116, 35), (76, 19), (36, 7), (20, 3), (20, 1)])
def test_the_page_fits(width: int, height: int) -> None:
    for options in ("", "--head-kind 'first token'"):
        assert len(heads_page(scene_of(f"{HEADS} {options}"), width, height)) <= max(height, 3)


# Keys


@pytest.mark.parametrize("size", SIZES)
async def test_arrows_go_through_heads_and_layers_and_enter_takes_the_head_to_the_map(size: tuple[int, int]) -> None:
    async with explorer(f"{HEADS} --layer 4 --head 10", size=size) as hands:
        places = []
        for key in ("right", "right", "down", "down", "left", "up"):
            await hands.press(key)
            places.append((hands.session.experiment.layer, hands.session.view.head))
            layer, head = places[-1]
            assert KIND_LETTERS[layer_overview(Experiment(), layer).kinds[head].name] in "".join(marked(hands))
        assert places == [(4, 11), (4, 11), (5, 11), (5, 11), (5, 10), (4, 10)]
        await hands.press("shift+up")
        assert hands.session == session_of(f"{HEADS} --layer 3 --head 10")
        await hands.press("left", "enter")
        assert hands.session == session_of("--layer 3 --head 9")
        assert "Weights" in hands.screen or size == (40, 12)


async def test_v_turns_the_measure_and_tab_shows_the_heads_of_one_layer() -> None:
    async with explorer(HEADS, size=WIDE) as hands:
        for measure in [*HEAD_MEASURES][1:3]:
            await hands.press("v")
            assert hands.session == session_of(f"{HEADS} --head-measure {measure}")
            assert HEAD_MEASURES[measure] in hands.screen
        await hands.press("V", "V", "tab")
        assert hands.session == session_of(f"{HEADS} --heads-panel heads")
        assert "alike" in hands.screen
        assert "All layers" not in hands.screen
        await hands.press("v", "shift+tab")
        assert hands.session == session_of(f"{HEADS} --head-order likeness")
        assert "All layers" in hands.screen
    async with explorer(f"{HEADS} --source random") as hands:
        await hands.press("tab")
        assert "there is one layer" in hands.truth


async def test_a_kind_is_looked_for_and_the_others_are_dimmed() -> None:
    async with explorer(HEADS, size=WIDE) as hands:
        await hands.press("slash", "type next", "enter")
        assert hands.session == session_of(f"{HEADS} --head-kind 'next token'")
        assert "1 next token head" in hands.screen
        await hands.press("n")
        assert hands.session == session_of(f"{HEADS} --head-kind 'next token' --layer 1 --head 8")
        await hands.press("n")
        assert hands.session.view.head == 8, "it is the only one"
        await hands.press("escape")
        assert hands.session == session_of(f"{HEADS} --layer 1 --head 8")
        await hands.press("n")
        assert "no kind is looked for" in hands.truth
        await hands.press("slash", "type zebra", "enter")
        assert "possible are previous token, first token" in hands.truth
        await hands.press("escape", "escape")
        assert hands.session.view.page == "map"


def test_cells_of_other_kinds_lose_their_colour() -> None:
    scene = scene_of(f"{HEADS} --layer 5 --head-kind 'first token'", Tier.TRUECOLOR)
    for layer, line in enumerate(grid(scene, layers_in(scene), 116, 7)[1:6]):
        for head, kind in enumerate(layer_overview(Experiment(), layer).kinds):
            assert (line[1 + head].style == scene.ink.dim) == (kind.name != "first token")


async def test_n_and_shift_n_go_through_all_heads_of_a_kind() -> None:
    first = [
        (layer, head)
        for layer in range(6)
        for head, kind in enumerate(layer_overview(Experiment(), layer).kinds)
        if kind.name == "first token"
    ]
    async with explorer(f"{HEADS} --head-kind first --layer 0 --head 0") as hands:
        found = []
        for _ in range(len(first) + 1):
            await hands.press("n")
            found.append((hands.session.experiment.layer, hands.session.view.head))
        assert found == [*first, first[0]]
        await hands.press("N")
        assert (hands.session.experiment.layer, hands.session.view.head) == first[-1]


@pytest.mark.parametrize("size", SIZES)
async def test_a_press_of_the_mouse_goes_to_the_cell(size: tuple[int, int]) -> None:
    async with explorer(HEADS, size=size) as hands:
        await hands.click("N", panel="all-heads")
        assert hands.session == session_of(f"{HEADS} --layer 1 --head 8")


async def test_a_knob_on_the_page_goes_to_the_map() -> None:
    async with explorer(HEADS) as hands:
        await hands.press("t", ".")
        assert hands.session == session_of("--temperature 1.1")
        await hands.press("2")
        highest = max(layer_overview(Experiment(temperature=1.1), at).numbers["entropy"].max() for at in range(6))
        assert f"{highest:.2f}" in hands.screen
        assert f"{highest:.2f}" != "2.53", "which it was at temperature 1"


# In the background


def large(folder: Path) -> Path:
    """Three layers, too many scores for one frame."""
    query, key = np.random.default_rng(0).standard_normal((2, 4, 96, 4)).astype(np.float32)
    weights = attend(query, key, key, mask="causal").weights
    return save_capture(folder / "large.npz", np.stack([weights, weights[::-1], weights]))


async def test_layers_are_filled_in_one_after_another_the_one_on_show_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allowed, asked = threading.Semaphore(0), []

    def slow(experiment: Experiment, layer: int) -> LayerOverview:
        asked.append(layer)
        allowed.acquire()
        return layer_overview(experiment, layer)

    monkeypatch.setattr(overview, "layer_overview", slow)
    async with explorer(f"--source file --file {large(tmp_path)} --layer 1") as hands:
        hands.app.action_act("page-heads")
        for count in (0, 1, 2):
            while f"{count} of 3 layers read" not in hands.screen:
                await hands.pilot.pause(0.01)
            assert hands.screen.count("…") >= 3 - count
            allowed.release()
        await hands.settle()
        assert "layers read" not in hands.screen
        assert asked == [1, 0, 2]
        await hands.press("down", "left", "v")
        assert asked == [1, 0, 2], "they are kept"


async def test_leaving_the_page_leaves_the_layers_that_were_not_read_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    going, asked = threading.Event(), []

    def slow(experiment: Experiment, layer: int) -> LayerOverview:
        asked.append(layer)
        going.wait(5)
        return layer_overview(experiment, layer)

    monkeypatch.setattr(overview, "layer_overview", slow)
    async with explorer(f"--source file --file {large(tmp_path)} --layer 1") as hands:
        hands.app.action_act("page-heads")
        while not asked:
            await hands.pilot.pause(0.01)
        hands.app.action_act("page-map")
        assert not hands.app.desks["heads"].busy
        going.set()
        await hands.settle()
        assert asked == [1]


def test_a_layer_that_cannot_be_read_is_told_in_its_row(monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(experiment: Experiment, layer: int) -> LayerOverview:
        if layer == 2:
            raise ValueError("the file was cut")
        return layer_overview(experiment, layer)

    monkeypatch.setattr(overview, "layer_overview", cut)
    rows = plain(grid(scene_of(HEADS), layers_in(scene_of(HEADS)), 116, 7)).split("\n")[1:]
    assert [row for row in rows if "cannot be read" in row] == ["2 cannot be read: the file was cut"]
    assert rows[3].startswith("3 ")
    assert rows[3].count(".") == 12


def test_the_keys_are_told() -> None:
    told = dict(IN_THE_HEADS)
    assert all(measure in told["stage-on stage-back"] for measure in HEAD_MEASURES)
