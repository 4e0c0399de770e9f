"""A far attention whose numbers, rows and maps take long: the screen stands at once, and they come by and by."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from attn_engine import Drawing, Experiment, attend, draws, far_of
from attn_engine import far as engine_far
from attn_engine.fast import maps
from attn_tui import changing, estimates, far, rows
from attn_tui.desk import Desk
from attn_tui.estimates import Progress
from attn_tui.far import FarScene
from attn_tui.labels import Labels
from attn_tui.rows import ceiling_of
from tests.hands import WIDE, Hands, explorer, session_of
from tests.test_cli import ended

pytestmark = pytest.mark.usefixtures("plain_environment")

FAR = "--source random --heads 1 --queries 1400 --keys 1300 --head-dim 8 --cursor 300,20"


@pytest.fixture(autouse=True)
def everything_is_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**16)
    monkeypatch.setattr(draws, "SLICE", 512)
    monkeypatch.setattr(estimates, "AT_ONCE", 0)
    monkeypatch.setattr(far, "AT_ONCE", 0)
    monkeypatch.setattr(estimates, "DRAWN", 0)
    monkeypatch.setattr(changing, "REST", 0)
    for stage in (engine_far._drawing, engine_far._far):  # of a test before
        stage.forget()


@pytest.fixture
def steps() -> list[Progress]:
    """What was to become better, each time that it was."""
    return []


@pytest.fixture
def gate(steps: list[Progress], monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Nothing becomes better before it is opened."""
    gate, further = threading.Event(), estimates.further

    def once_open(progress: Progress, desk: Desk) -> Progress | None:
        steps.append(progress)
        return further(progress, desk) if gate.wait(0.2) else progress

    monkeypatch.setattr(far, "further", once_open)
    yield gate
    gate.set()


async def tap(hands: Hands, *keys: str) -> None:
    """Press keys, and wait for what is drawn at once."""
    for key in keys:
        hands.send(key)
        await hands.pilot.pause(0.05)


async def until(hands: Hands, true: Callable[[], bool], times: int = 1000) -> None:
    for _ in range(times):
        if true():
            return
        await hands.pilot.pause(0.005)
    raise AssertionError(f"it does not come about:\n{hands.screen}")


def scene_of(hands: Hands) -> FarScene:
    scene = hands.app.scene
    assert isinstance(scene, FarScene)
    return scene


def exact_row(options: str, query: int) -> Any:
    made = far_of(session_of(options).experiment)
    shown = made.experiment
    key = made.key.astype(float)
    one = attend(made.query.astype(float)[:, query : query + 1], key, key, temperature=shown.temperature)
    return one.weights[0, 0]


async def test_the_screen_stands_before_anything_is_drawn_and_keys_are_answered(gate: threading.Event) -> None:
    async with explorer(FAR, size=WIDE) as hands:
        assert "drawn 0.0 %  mean of " in hands.screen
        assert "0.0 % of 21,600 numbers drawn" in hands.truth
        await tap(hands, "down", "t", ".")
        assert hands.session.view.cursor[0] > 300
        assert hands.session.experiment.temperature > 1
        assert scene_of(hands).shown.temperature > 1
        assert "0.0 % of 21,600 numbers drawn" in hands.truth or "temperature" in hands.truth
        gate.set()
        await until(hands, lambda: scene_of(hands).whole.exact)
        await until(hands, lambda: "numbers drawn" not in hands.screen)


async def test_the_row_stood_on_comes_by_itself_and_is_exact(monkeypatch: pytest.MonkeyPatch) -> None:
    door, read = threading.Event(), rows.read
    door.set()
    monkeypatch.setattr(far, "read", lambda *given: read(*given) if door.wait(10) else None)
    async with explorer(FAR, size=WIDE) as hands:
        await until(hands, lambda: "weight" in hands.truth)
        door.clear()
        await tap(hands, "right", "down")
        assert scene_of(hands).reading is None
        row, column = scene_of(hands).cursor
        assert f"{row} → {column}   this row is being computed" in hands.truth
        door.set()
        await until(hands, lambda: scene_of(hands).reading is not None)
        found, weights = scene_of(hands).reading, exact_row(FAR, row)
        assert found
        np.testing.assert_allclose(found.row.weights, weights, atol=1e-6)
        assert found.heaviest[:20] == np.argsort(-weights, kind="stable")[:20].tolist()
        assert found.rank(column) == int((weights > weights[column]).sum()) + 1
        await until(hands, lambda: f"{found.heaviest[0]} " in hands.screen and "being computed" not in hands.truth)


async def test_escape_stops_drawing_and_enter_goes_on_with_it(gate: threading.Event, steps: list[Progress]) -> None:
    async with explorer(FAR, size=WIDE) as hands:
        await tap(hands, "escape")
        await until(hands, lambda: "enter goes on" in hands.truth)
        before = len(steps)
        gate.set()
        await hands.pilot.pause(0.2)
        assert len(steps) <= before + 1, "the step that was due may have begun"
        drawing = scene_of(hands).far.drawing
        assert drawing
        assert drawing.share < 1
        await tap(hands, "enter")
        await until(hands, lambda: scene_of(hands).whole.exact)


async def test_what_a_knob_leaves_as_it_is_is_drawn_once(
    gate: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[Experiment] = []
    first = Drawing.__init__

    def noted(self: Drawing, given: Experiment) -> None:
        begun.append(given)
        first(self, given)

    monkeypatch.setattr(Drawing, "__init__", noted)
    async with explorer(FAR, size=WIDE) as hands:
        await tap(hands, "t", ".", ".", "m", ".")
        gate.set()
        await until(hands, lambda: scene_of(hands).whole.exact)
        assert len(begun) == 1
        await tap(hands, "r", ".")
        assert len(begun) == 2


def seeds_alive() -> list[int]:
    """The seeds of the numbers that are held."""
    return [each.experiment.seed for each in gc.get_objects() if isinstance(each, Drawing)]


@pytest.mark.parametrize("mask", ["full", "causal", "window(3)"])
async def test_of_several_turns_the_numbers_of_the_last_alone_are_kept(mask: str) -> None:
    gc.collect()  # what other tests have left
    gc.disable()
    try:
        async with explorer(f"{FAR} --mask {mask}", size=WIDE) as hands:
            await tap(hands, "r", ".", ".", "u", ".", ".")
            await until(hands, lambda: scene_of(hands).whole.exact)
            await until(hands, lambda: len(seeds_alive()) < 2, 50)  # what is being drawn is let go of once it is
            assert seeds_alive() == [hands.session.experiment.seed] == [3]
    finally:
        gc.enable()


async def test_cells_of_a_part_are_shown_as_larger_ones_until_they_come(gate: threading.Event) -> None:
    async with explorer(f"{FAR} --zoom cells", size=WIDE) as hands:
        assert "drawn 0.0 %  268–300 × 2–20" in hands.screen
        gate.set()
        await until(hands, lambda: "so far" not in hands.screen and "drawn" not in hands.screen)


async def test_the_ceiling_of_the_entropies_comes_by_itself() -> None:
    async with explorer(f"{FAR} --mask causal", size=WIDE) as hands:
        await until(hands, lambda: scene_of(hands).ceiling is not None)
        found = scene_of(hands).ceiling
        assert found
        np.testing.assert_allclose(found.nats, np.log(np.minimum(found.queries + 1, 1300)))
        await until(hands, lambda: "ln(keys seen)" in hands.screen)


def test_a_query_that_sees_nothing_has_no_ceiling() -> None:
    found = ceiling_of(session_of(f'{FAR} --mask "k > q"').experiment, 0)
    assert found
    assert np.isnan(found.nats[found.queries >= 1299]).all()
    assert np.isfinite(found.nats[found.queries < 1299]).all()


def test_labels_are_the_numbers_of_positions() -> None:
    labels = Labels((), 12)
    assert list(labels) == [str(number) for number in range(12)]
    assert (labels[3], labels[-1], labels[2:5], len(labels)) == ("3", "11", ("2", "3", "4"), 12)
    with pytest.raises(IndexError):
        labels[12]


# Without the screen


def test_a_map_too_large_to_be_waited_for_is_printed_as_an_estimate(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maps, "WHOLE", 2**14)
    monkeypatch.setattr(estimates, "PRINTED", 2**20)
    monkeypatch.setattr(estimates, "SAMPLED", 2**18)
    printed = [ended(capsys, "print", *FAR.split()) for _ in range(2)]
    assert printed[0] == printed[1]
    status, text, _ = printed[0]
    assert status == 0
    assert "this row is exact, the map an estimate: " in text
    assert "% of queries" in text
    monkeypatch.setattr(estimates, "PRINTED", 2**21)
    assert "estimate" not in ended(capsys, "print", *FAR.split())[1]
