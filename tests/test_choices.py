"""The knobs of a file that holds several sets or batch items: drawn and turned there, and fixed elsewhere."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pytest

from attn_engine import SOURCES, save_capture
from tests.hands import WIDE, Hands, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")


def weights(layers: int, batch: int, queries: int, keys: int) -> list[np.ndarray]:
    return list(np.random.default_rng(0).dirichlet(np.ones(keys), size=(layers, batch, 2, queries)).astype(np.float32))


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An encoder of three layers and a cross set of two, of three batch items; and a decoder of one item."""
    sizes = {"encoder": (3, 3, 5, 5), "decoder": (2, 1, 4, 4), "cross": (2, 3, 4, 5)}
    arrays = {f"{name}_attentions.{at}": held for name, size in sizes.items() for at, held in enumerate(weights(*size))}
    return save_capture(tmp_path_factory.mktemp("choices") / "sets.npz", extra=arrays)


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_capture(tmp_path_factory.mktemp("choices") / "one.npz", weights(2, 1, 4, 4))


def options(path: Path, more: str = "") -> str:
    return f"--file {shlex.quote(str(path))} {more}"


def knob_lines(hands: Hands) -> str:
    """The panel of parameters, without its frame."""
    return "\n".join(line.split("│")[1] for line in hands.screen.splitlines() if line.startswith("│"))


async def test_both_are_drawn_where_there_are_several(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        assert "E set         encoder" in knob_lines(hands)
        assert "I batch item  0 of 3" in knob_lines(hands)


async def test_neither_is_drawn_where_there_is_one(plain: Path) -> None:
    for start in (options(plain), ""):
        async with explorer(start, size=WIDE) as hands:
            assert "E set" not in knob_lines(hands)
            assert "I batch" not in knob_lines(hands)


async def test_the_set_is_turned_through_those_of_the_file_and_back(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        await hands.press("E")
        seen = []
        for _ in range(3):
            await hands.press(".")
            seen.append((hands.session.experiment.capture_set, hands.app.scene.size))
        assert seen == [("decoder", (4, 4)), ("cross", (4, 5)), ("encoder", (5, 5))]
        await hands.press(",")
        assert hands.session.experiment.capture_set == "cross"
        await hands.press("u")
        assert hands.session.experiment.capture_set == "encoder"


async def test_a_set_without_the_layer_and_the_item_begins_at_those_it_has(path: Path) -> None:
    async with explorer(options(path, "--layer 2 --batch 2"), size=WIDE) as hands:
        await hands.press("E", ".")
        assert "layer 0  head 0  of 2 × 2" in hands.screen
        assert (hands.app.scene.shown.layer, hands.session.experiment.batch_item) == (0, 0)
    async with explorer(options(path, "--layer 1 --batch 2"), size=WIDE) as hands:
        await hands.press("E", ",")
        assert "layer 1  head 0  of 2 × 2" in hands.screen
        assert "I batch item  2 of 3" in knob_lines(hands)


async def test_the_batch_item_is_turned_as_far_as_there_are_items(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        before = hands.app.scene.matrix
        await hands.press("I", ".", ".")
        assert hands.session.experiment.batch_item == 2
        assert not np.array_equal(hands.app.scene.matrix, before)
        await hands.press(".")
        assert "batch items are 0 … 2" in hands.truth
        await hands.press(",", ",", ",")
        assert hands.session.experiment.batch_item == 0
        assert "batch item 0 is the first" in hands.truth


async def test_a_set_and_an_item_are_typed(path: Path) -> None:
    async with explorer(options(path, "--layer 2"), size=WIDE) as hands:
        await hands.press("E", "enter", "type cross", "enter")
        assert (hands.session.experiment.capture_set, hands.app.scene.shown.layer) == ("cross", 0)
        await hands.press("enter", *["backspace"] * 5, "type middle", "enter")
        assert "is no set of it; possible are encoder, decoder, cross" in hands.truth
        await hands.press("escape", "I", "enter", "backspace", "type 1", "enter")
        assert hands.session.experiment.batch_item == 1


@pytest.mark.parametrize(("key", "name"), [("E", "set"), ("I", "batch item")])
async def test_where_there_is_one_the_knob_is_shown_when_chosen_and_says_why_it_stays(
    plain: Path, key: str, name: str
) -> None:
    for start, why in ((options(plain), "is as the file has it"), ("", "is fixed by the source sample")):
        async with explorer(start, size=WIDE) as hands:
            before = hands.session
            await hands.press(key)
            assert f"{key} {name}" in knob_lines(hands)
            await hands.press(".")
            assert f"{name} {why}" in hands.truth
            await hands.press("enter")
            assert f"{name} {why}" in hands.truth
            assert hands.session == before
            await hands.press("escape")
            assert f"{key} {name}" not in knob_lines(hands)


async def test_arrows_and_the_mouse_come_to_every_knob_that_is_drawn(path: Path) -> None:
    async with explorer(options(path, "--panel parameters"), size=WIDE) as hands:
        rows = [line.strip() for line in knob_lines(hands).splitlines()]
        seen = []
        for _ in range(3):
            await hands.press("down")
            seen.append(hands.app.knob)
        assert seen == ["source", "capture_set", "batch_item"]
        await hands.press("down")
        at = next(number for number, row in enumerate(rows) if row.startswith("I "))
        assert rows[at - 1].startswith("E ")
        panel = hands.app.panel("parameters")
        await hands.pilot.click(panel, offset=(4, at + 1))
        await hands.settle()
        assert hands.app.knob == "batch_item"


async def test_the_source_is_turned_away_from_a_file_and_comes_back_to_it(path: Path) -> None:
    async with explorer(options(path, "--layer 2 --head 1 --cursor 4,3"), size=WIDE) as hands:
        picture = hands.app.scene.matrix
        await hands.press("x", ".")
        assert hands.session.experiment.source == "sample"
        await hands.press(",")
        assert "x source      sets.npz" in knob_lines(hands)
        assert "layer 2  head 1  of 3 × 2" in hands.screen
        assert np.array_equal(hands.app.scene.matrix, picture)
        seen = []
        for _ in SOURCES:
            await hands.press(".")
            seen.append(hands.session.experiment.source)
        assert sorted(seen) == sorted(SOURCES)
        assert seen[-1] == "file"
        assert hands.app.scene.size == (5, 5)


async def test_where_there_is_no_file_no_turn_of_the_source_comes_to_one() -> None:
    async with explorer(size=WIDE) as hands:
        await hands.press("x")
        seen = []
        for _ in SOURCES:
            await hands.press(",")
            seen.append(hands.session.experiment.source)
        assert set(seen) == set(SOURCES) - {"file"}
