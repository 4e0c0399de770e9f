"""Findings across heads and layers: `!` goes to the next, wherever in the capture it is."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import Experiment, save_capture
from attn_tui import findings as looking
from attn_tui import moves
from attn_tui.findings import Search, first_findings, search_on
from attn_tui.moves import cursor
from attn_tui.scene import Scene
from tests.drawing import brief, scene_of
from tests.hands import explorer
from tests.test_moves import after, refused

pytestmark = pytest.mark.usefixtures("plain_environment")

LAYERS, HEADS, LENGTH = 4, 5, 6


def odd(places: list[tuple[int, int, int]], folder: Path) -> Path:
    """A capture of even weights, with NaN in a layer, head and query of each place."""
    weights = np.full((LAYERS, HEADS, LENGTH, LENGTH), 1 / LENGTH, dtype=np.float32)
    for layer, head, query in places:
        weights[layer, head, query, 1] = np.nan
    return save_capture(folder / "odd.npz", weights)


def places_of(scene: Scene, count: int) -> list[tuple[int, int, int]]:
    """The layer, head and query after each of some presses of `!`."""
    found = []
    for _ in range(count):
        scene = after(scene, "finding")
        found.append((scene.shown.layer, scene.head_number, scene.cursor[0]))
    return found


def opened(path: Path, options: str = "") -> Scene:
    return scene_of(f"--source file --file {path} --layer 0 --head 0 --cursor 0,0 {options}")


def test_the_next_finding_is_found_in_another_layer_and_head(tmp_path: Path) -> None:
    scene = opened(odd([(2, 3, 4)], tmp_path))
    assert places_of(scene, 2) == [(2, 3, 4), (2, 3, 4)]
    there = after(scene, "finding")
    assert moves.told_of_move("finding", scene, there) == "layer 2, head 3: query 4 has weights that are NaN or ∞"
    assert moves.told_of_move("finding", there, after(there, "finding")) == "", "it is the only one"


def test_findings_are_gone_through_in_order_and_round_again(tmp_path: Path) -> None:
    places = [(0, 0, 2), (0, 0, 5), (0, 4, 1), (1, 0, 0), (1, 0, 3), (3, 4, 5)]
    assert places_of(opened(odd(places, tmp_path)), 8) == [*places, *places[:2]]


@brief
@given(
    st.sets(st.tuples(*(st.integers(0, most - 1) for most in (LAYERS, HEADS, LENGTH))), min_size=1, max_size=6),
    st.integers(0, LAYERS - 1),
    st.integers(0, HEADS - 1),
)
def test_from_anywhere_every_finding_is_reached_once_a_round(
    tmp_path_factory: pytest.TempPathFactory, places: set[tuple[int, int, int]], layer: int, head: int
) -> None:
    scene = opened(odd(sorted(places), tmp_path_factory.mktemp("captures")), f"--layer {layer} --head {head}")
    found = places_of(scene, len(places) + 1)
    assert sorted(found[1:]) == sorted(places)


def test_a_capture_without_findings_says_how_much_was_looked_at(tmp_path: Path) -> None:
    text = refused(opened(odd([], tmp_path)), "finding")
    assert text == "nothing unusual in any of 5 heads of 4 layers: every query sees a key, all rows sum to 1"


def test_a_search_that_runs_out_of_time_says_how_far_it_came_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cursor, "SECONDS", 0.0)
    scene = opened(odd([(2, 3, 4)], tmp_path), "--head 4")
    assert refused(scene, "finding") == "nothing unusual up to layer 1, head 0: ! looks further"
    assert refused(scene, "finding").startswith("nothing unusual up to layer 1"), "no time at all, but no step back"
    monkeypatch.setattr(cursor, "SECONDS", 10.0)
    assert places_of(scene, 1) == [(2, 3, 4)]


def test_every_press_looks_at_one_layer_more_at_least(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(looking, "monotonic", lambda: now[0])
    original = first_findings.__wrapped__
    read: list[int] = []

    def slow(experiment: Experiment, only: int | None) -> Any:
        now[0] += 1
        read.append(experiment.layer)
        return original(experiment, only)

    monkeypatch.setattr(looking, "first_findings", lru_cache(maxsize=None)(slow))
    experiment = opened(odd([(3, 0, 0)], tmp_path)).shown
    ends = [search_on(experiment, 0, range(LAYERS), HEADS, 0.5) for _ in range(4)]
    assert read == [0, 1, 2, 3], "each layer once"
    assert [(end.layer, end.finding is None) for end in ends] == [(0, True), (1, True), (2, True), (3, False)]


def test_a_layer_that_cannot_be_read_is_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = opened(odd([], tmp_path)).shown
    monkeypatch.setattr(looking, "first_findings", lambda there, _: "layer 2: cut" if there.layer == 2 else (None,) * 5)
    found = search_on(experiment, 0, range(LAYERS), HEADS, 10)
    assert found == Search(0, 0, everywhere=True, trouble="layer 2: cut")
    assert refused(opened(odd([], tmp_path)), "finding") == "nothing unusual in what can be read; layer 2: cut"
    assert first_findings(replace(experiment, layer=9), None) == "layer 9: 9 is not there; possible are 0 … 3"


def test_of_a_pinned_picture_only_its_own_head_is_looked_through(tmp_path: Path) -> None:
    path = odd([(2, 3, 4)], tmp_path)
    scene = opened(path, "--pin '' --compare a --temperature 2")
    assert refused(scene, "finding").startswith("nothing unusual in this head")


async def test_the_finding_in_another_layer_is_shown_and_told(tmp_path: Path) -> None:
    options = f"--source file --file {odd([(2, 3, 4)], tmp_path)} --layer 0 --head 0"
    async with explorer(options) as hands:
        await hands.press("exclamation_mark")
        assert "layer 2, head 3: query 4 has weights that are NaN or ∞" in hands.truth
        assert hands.session.experiment.layer == 2
        assert (hands.session.view.head, hands.session.view.cursor[0]) == (3, 4)
        await hands.press("u")
        assert (hands.session.experiment.layer, hands.session.view.head) == (0, 0)
