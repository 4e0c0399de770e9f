"""An attention with more scores than are made, in the explorer, with a small limit: against one that makes them."""

from __future__ import annotations

import re
import threading
import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attn_engine import FieldError, attend, measures
from attn_engine.fast import maps
from attn_tui import changing, effort, estimates, far
from attn_tui.actions import ACTIONS
from attn_tui.far import FINEST, FarScene
from attn_tui.parameters import BY_KEY, EVERY_KNOB
from attn_tui.pictures.cells import plain
from attn_tui.pictures.far import BINS, extremes, percent
from attn_tui.pictures.far_map import drawn_far
from attn_tui.pictures.heads.glance import heads_glance
from attn_tui.pictures.heatmap import map_lines
from attn_tui.pictures.ink import MASKED, NOTHING
from attn_tui.pictures.keys import top_keys
from attn_tui.pictures.plan import plan_map
from attn_tui.pictures.truth import truth_line
from attn_tui.saving import save
from tests.drawing import scene_of
from tests.hands import WIDE, Hands, explorer, session_of

pytestmark = pytest.mark.usefixtures("plain_environment")

FAR = "--source random --heads 2 --queries 700 --keys 600 --head-dim 8 --head 1 --cursor 300,20"


@pytest.fixture(autouse=True)
def limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**16)


def far_scene(options: str = "") -> FarScene:
    scene = scene_of(f"{FAR} {options}")
    assert isinstance(scene, FarScene)
    return scene


def weights_of(scene: FarScene) -> tuple[NDArray[Any], NDArray[Any]]:
    """Weights and mask of the head on show, with every score made, in float64."""
    query, key, shown = (scene.far.query.astype(float), scene.far.key.astype(float), scene.shown)
    exact = attend(query, key, key, mask=shown.mask, temperature=shown.temperature)
    return exact.weights[scene.head], exact.mask_of(scene.head)


ZOOMS = ("auto", "numbers", "cells", "half", "2", "3", "16", "4096")


@pytest.mark.parametrize("zoom", ZOOMS)
@pytest.mark.parametrize("mask", ["full", "causal & window(200)", "(q + k) % 3 == 0"])
def test_every_cell_in_view_is_the_mean_of_the_weights_it_stands_for(zoom: str, mask: str) -> None:
    scene = far_scene(f'--zoom {zoom} --mask "{mask}"')
    plan = plan_map(scene, 60, 20)
    drawn, (weights, allowed), block = drawn_far(scene, plan), weights_of(scene), plan.zoom.block
    assert not drawn.note
    levels = drawn.window(plan)
    assert levels.shape == plan.shown
    for row, column in np.ndindex(plan.shown):
        cell = plan.first[0] + row, plan.first[1] + column
        there = tuple(slice(at * block, (at + 1) * block) for at in cell)
        seen = weights[there][allowed[there]]
        assert (levels[row, column] == MASKED) == (not seen.size)
        assert drawn.numbers[drawn.within(cell)] == pytest.approx(seen.mean() if seen.size else 0, abs=1e-5)


def test_the_map_of_everything_is_made_of_few_blocks_and_larger_ones_are_made_of_them() -> None:
    scene = far_scene("--queries 5000 --heads 1 --keys 70")
    assert scene.grain == 16
    assert 5000 / scene.grain <= FINEST
    plan = plan_map(scene, 60, 20)
    assert plan.complete
    assert plan.zoom.block % scene.grain == 0


def test_the_row_stood_on_is_exact_in_its_keys_and_in_the_line_of_truth() -> None:
    scene = far_scene("--mask causal")
    weights, allowed = weights_of(scene)
    row, (query, key) = weights[300], scene.cursor
    order = np.argsort(-row, kind="stable")[:5]
    shown = plain(top_keys(scene, 40, 5)).split("\n")
    assert [int(line.split()[0]) for line in shown] == order.tolist()
    assert [float(line.split()[1]) for line in shown] == pytest.approx(row[order].tolist(), abs=6e-4)
    truth = plain([truth_line(scene, 200)])
    rank = int((row > row[key]).sum()) + 1
    entropy = f"entropy {measures.entropy(row):.2f} of {np.log(allowed[query].sum()):.2f} nats"
    for part in (f"{query} → {key}", f"weight {row[key]:.3f}", f" of {allowed[query].sum()}", entropy):
        assert part in truth
    assert f"{rank}" in truth
    assert "estimate" not in truth


def test_a_query_that_sees_nothing_says_so() -> None:
    scene = far_scene('--mask "k > q" --cursor 650,20')
    assert "this query sees nothing" in plain([truth_line(scene, 200)])
    assert "sees nothing" in plain(top_keys(scene, 40, 5))


def test_heads_are_told_to_stand_alone() -> None:
    assert "head 1 alone" in plain(heads_glance(far_scene(), 60, 10))
    assert "one head: nothing to compare" in plain(heads_glance(far_scene("--heads 1"), 60, 10))


# An estimate, and how it becomes exact.


@pytest.fixture
def in_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Maps are made in many small steps, and every one is shown."""
    monkeypatch.setattr(maps, "AT_ONCE", 1)
    for name, value in (("FIRST", 0), ("NEXT", 0), ("MOST", 1)):
        monkeypatch.setattr(estimates, name, value)
    monkeypatch.setattr(changing, "REST", 0)


@pytest.mark.parametrize("mask", ["full", "causal"])
def test_what_is_not_known_yet_is_left_blank_and_an_estimate_is_called_one(mask: str, in_steps: None) -> None:
    scene = replace(far_scene(f"--mask {mask}"), patience=0)
    plan = plan_map(scene, 60, 20)
    drawn, share = drawn_far(scene, plan), percent(scene.whole.share)
    known = scene.whole.known
    for row, levels in enumerate(drawn.tones.levels):
        block = slice(row * plan.zoom.block, (row + 1) * plan.zoom.block)
        assert (levels == NOTHING).all() == (not known[block].any())
    assert f"estimate, {share} of queries" in plain(map_lines(scene, 90, 20))
    for width in (36, 45):  # of windows of 40, 80 and 120 columns
        assert re.search(f"estimate {share}  mean( of [0-9]+)?$", plain(map_lines(scene, width, 20)))
    assert f"this row is exact, the map an estimate: {share}" in plain([truth_line(scene, 200)])


async def until(hands: Hands, true: Callable[[], bool]) -> None:
    for _ in range(1000):
        if true():
            return
        await hands.pilot.pause(0.005)
    raise AssertionError("it does not come about")


@pytest.mark.parametrize("options", ["", "--mask causal --zoom half"])
async def test_the_map_becomes_exact_by_itself_while_keys_are_answered(options: str, in_steps: None) -> None:
    async with explorer(f"{FAR} {options}", size=WIDE) as hands:
        for key in ("down", "right", "c", "down"):
            await hands.press(key)
        scene = hands.app.scene
        assert isinstance(scene, FarScene)
        await until(hands, lambda: "estimate" not in hands.screen and "so far" not in hands.screen)
        assert scene.whole.exact


async def test_escape_stops_the_estimate_and_enter_goes_on_with_it(
    in_steps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, further, steps = threading.Event(), estimates.further, list[object]()

    def once_open(*given: Any) -> Any:
        steps.append(given[0])
        return further(*given) if gate.wait(0.2) else given[0]

    monkeypatch.setattr(far, "further", once_open)
    async with explorer(FAR, size=WIDE) as hands:
        scene = hands.app.scene
        assert isinstance(scene, FarScene)
        await hands.press("escape")
        assert "stopped, the map is an estimate: enter goes on" in hands.truth
        before = len(steps)
        gate.set()
        await hands.pilot.pause(0.2)
        assert len(steps) <= before + 1, "the step that was due may have begun"
        assert scene.whole.share < 1
        await hands.press("enter")
        await until(hands, lambda: scene.whole.exact)
        assert not hands.session.view.explain


async def test_another_head_is_refined_before_the_one_left(in_steps: None) -> None:
    async with explorer(FAR, size=WIDE) as hands:
        await hands.press("[")
        scene = hands.app.scene
        assert isinstance(scene, FarScene)
        assert scene.head == 0
        await until(hands, lambda: scene.whole.exact)


def test_a_chart_of_many_entropies_keeps_the_lowest_and_the_highest() -> None:
    found = far_scene("--queries 3000").whole
    places, entropies = extremes(found)
    np.testing.assert_array_equal(entropies, found.entropy[places])
    assert len(places) <= 2 * BINS
    assert entropies.min() == found.entropy.min()
    assert entropies.max() == found.entropy.max()


# Keys and options.

TYPED = [key for action in ACTIONS for key in action.keys if action.name != "quit"]


PLACES = [("map", WIDE), ("map", (30, 7)), ("masks", WIDE), ("experiments", (60, 20))]


@pytest.mark.parametrize(("page", "size"), PLACES, ids=str)
async def test_every_key_gives_an_answer_or_one_line(page: str, size: tuple[int, int]) -> None:
    async with explorer(f"{FAR} --view {page}", size=size) as hands:
        for key in [*TYPED, *EVERY_KNOB]:
            await hands.press(key)
            assert hands.app.is_running
            if hands.app.prompt.is_open:
                await hands.press("escape")
            if hands.session.view.page not in (page, "map"):
                await hands.press("1")
        assert hands.app.is_running


async def test_every_knob_of_the_map_can_be_turned_typed_and_taken_back() -> None:
    async with explorer(FAR, size=(60, 20)) as hands:
        for key in BY_KEY:
            await hands.press(key, ".", ",", "enter", "escape", "escape")
            assert hands.app.is_running
            assert hands.session.view.page == "map"


REFUSED = ["v", "V", "a", "i", "z", "space", "X", "w", "B", "!", "2"]


@pytest.mark.parametrize("key", [*REFUSED, "/", "n", "N"])
async def test_what_needs_every_score_or_tokens_is_refused_in_one_line_and_the_screen_stays(key: str) -> None:
    told = "not beyond 65,536 scores" if key in REFUSED else "positions have no tokens"
    async with explorer(FAR, size=WIDE) as hands:
        before = hands.session
        await hands.press(key)
        assert told in hands.truth
        assert hands.session == before


OPTIONS = {
    "--stage scores": "stage scores is not to be had beyond",
    "--over mean": "over mean is not",
    "--explain": "explain is not",
    "--text": "text is not",
    "--marked-keys 3": "marked keys is not",
    "--range heads": "colour range heads is not",
    "--view heads": "page heads is not",
    "--score-mod alibi": "no score mod, not alibi",
    "--normaliser softmax1": "not softmax1",
}


@pytest.mark.parametrize(("options", "told"), OPTIONS.items())
def test_options_for_what_is_not_to_be_had_are_refused_by_name(options: str, told: str) -> None:
    with pytest.raises(FieldError, match=told):
        far_scene(options)


async def test_colour_ranges_go_round_without_that_of_all_heads() -> None:
    async with explorer(FAR, size=WIDE) as hands:
        seen = []
        for _ in range(5):
            await hands.press("c")
            seen.append(hands.session.view.colour_range)
    assert seen == ["picture", "unit", "log", "rest", "row"]


async def test_a_turn_from_few_scores_to_many_and_back_is_one_step_each() -> None:
    async with explorer("--source random --heads 1 --queries 200 --keys 327 --head 0", size=WIDE) as hands:
        assert not isinstance(hands.app.scene, FarScene)
        await hands.press("Q", ".")
        assert isinstance(hands.app.scene, FarScene)
        await hands.press("u")
        assert not isinstance(hands.app.scene, FarScene)


async def test_the_cursor_goes_by_blocks_and_a_click_takes_it_to_one() -> None:
    async with explorer(FAR, size=WIDE) as hands:
        block = hands.app.plan.zoom.block
        await hands.press("down")
        assert hands.session.view.cursor == (300 + block, 20)
        region = hands.app.panel("map").region
        await hands.click_at(region.x + 15, region.y + 6)
        assert hands.session.view.cursor[0] % block == 0


def test_making_numbers_of_a_large_map_takes_long_and_so_does_another_head() -> None:
    one = session_of(FAR)
    assert not effort.takes_long(one, one)
    assert not effort.takes_long(session_of(f"{FAR} --zoom 2"), one)
    large = "--source random --heads 2 --queries 4096 --keys 4096"
    assert effort.takes_long(session_of(f"{large} --head 1"), session_of(f"{large} --head 0"))


def test_memory_is_far_from_that_of_all_scores() -> None:
    tracemalloc.start()
    scene = far_scene("--queries 6000 --keys 6000 --heads 1")
    map_lines(scene, 60, 20)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 6000 * 6000 * 4 / 4


def test_csv_is_refused_and_the_command_is_saved(tmp_path: Any) -> None:
    scene = far_scene()
    with pytest.raises(ValueError, match=r"\.csv is of every weight.*possible are \.svg, \.txt, \.cmd"):
        save(str(tmp_path / "map.csv"), scene, [], str)
    save(str(tmp_path / "map.cmd"), scene, [], str)
    assert "--queries 700" in (tmp_path / "map.cmd").read_text()


SHARES = {0.0: "0.0 %", 6.1e-5: "0.0061 %", 4.2e-4: "0.042 %", 0.0042: "0.4 %", 0.129: "12 %", 0.9999: "99 %"}


@pytest.mark.parametrize(("share", "told"), SHARES.items())
def test_a_share_is_told_as_none_or_all_only_where_it_is(share: float, told: str) -> None:
    assert percent(share) == told
