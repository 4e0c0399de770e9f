"""The map of several heads, without special tokens, of whole words; marks; two captures compared."""

from __future__ import annotations

import json
import shlex
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attn_engine import save_capture
from attn_tui.cli import main
from attn_tui.moves import MOVES, go_to
from attn_tui.opening import open_scene
from attn_tui.options import OptionError, read_options
from attn_tui.pictures.cells import plain
from attn_tui.pictures.changes import most_changed
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.plan import plan_map
from attn_tui.pictures.truth import truth_line
from attn_tui.scene import Scene
from tests.drawing import brief, quick, scene_of
from tests.hands import WIDE, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")
TOKENS = ("[CLS]", "play", "##ing", "chess", "##s", "[SEP]")
SAMPLE = ["[CLS]", "the", "animal", "didn", "'", "t", "cross", "the", "street", "because", "it", "was", "too", "tired",
          ".", "[SEP]"]  # fmt: skip


def softmax(shape: tuple[int, ...], seed: int) -> Any:
    scores = np.exp(np.random.default_rng(seed).normal(size=shape) * 2)
    return (scores / scores.sum(axis=-1, keepdims=True)).astype(np.float32)


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    """Two layers of three heads reading six pieces, "playing chesss" between [CLS] and [SEP]."""
    return save_capture(tmp_path / "one.npz", softmax((2, 3, 6, 6), 1), tokens=TOKENS)


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Another checkpoint reading the same."""
    return save_capture(tmp_path / "two.npz", softmax((2, 3, 6, 6), 2), tokens=TOKENS)


def scene_at(path: Path, options: str = "") -> Scene:
    return scene_of(f"--file {shlex.quote(str(path))} {options}")


def moved(scene: Scene, name: str) -> Scene:
    return open_scene(MOVES[name](scene, plan_map(scene, 60, 20)), Tier.NONE)


# What the map shows


def test_words_of_a_capture_are_rows_and_columns_of_the_map(capture: Path) -> None:
    scene = scene_at(capture, "--merge-words --layer 1 --head 2")
    weights = softmax((2, 3, 6, 6), 1)[1, 2]
    assert scene.key_labels == ("[CLS]", "playing", "chesss", "[SEP]")
    assert scene.matrix.shape == (4, 4)
    assert scene.matrix[1, 2] == pytest.approx((weights[1, 3] + weights[1, 4] + weights[2, 3] + weights[2, 4]) / 2)
    assert scene.title == "Weights · words"


def test_everything_together_goes_heads_then_tokens_then_rows_then_words(capture: Path) -> None:
    scene = scene_at(capture, "--over mean --over-layers all --hide special --renormalise --merge-words")
    weights = softmax((2, 3, 6, 6), 1).mean(axis=(0, 1))[1:5, 1:5]
    weights = weights / weights.sum(axis=1, keepdims=True)
    words = np.array([[weights[i : i + 2, j : j + 2].sum() / 2 for j in (0, 2)] for i in (0, 2)])
    np.testing.assert_allclose(scene.matrix, words, rtol=1e-5)
    assert scene.title == "Weights · mean of 3 heads in 2 layers · without 2 special · renormalised · words"


def test_the_numbers_of_the_head_stay_what_they_are(capture: Path) -> None:
    plain, together = scene_at(capture), scene_at(capture, "--over max --merge-words")
    assert together.attention is plain.attention
    np.testing.assert_array_equal(together.head_weights, plain.weights)
    assert together.findings == plain.findings


@pytest.mark.parametrize("stage", ["scores", "value-weighted", "mask"])
def test_other_stages_are_of_one_head_and_every_token_and_it_is_said(stage: str) -> None:
    scene = scene_of(f"--stage {stage} --over mean --hide special")
    assert scene.matrix.shape == (16, 16)
    assert "one head, every token: only weights are put together" in plain([truth_line(scene, 200)])


# The cursor


@quick
@given(st.integers(0, 15), st.integers(0, 15), st.booleans(), st.booleans())
def test_the_cursor_stays_at_its_token_when_tokens_come_and_go(query: int, key: int, hide: bool, words: bool) -> None:
    options = f"--cursor {query},{key}{' --hide special' if hide else ''}{' --merge-words' if words else ''}"
    scene = scene_of(options)
    for axis, at in enumerate((query, key)):
        labels = (scene.query_labels, scene.key_labels)[axis]
        expected = SAMPLE[min(max(at, 1), 14)] if hide else SAMPLE[at]
        assert labels[scene.cursor[axis]] == expected
    assert scene.session.view.cursor == (query, key)


@brief
@given(st.integers(0, 13), st.integers(0, 13), st.sampled_from(["left", "right", "up", "down", "home", "end"]))
def test_steps_on_what_is_shown_are_steps_of_one_cell(row: int, column: int, name: str) -> None:
    start = scene_of("--hide special")
    scene = open_scene(go_to(start, row, column), Tier.NONE)
    assert scene.cursor == (row, column)
    there = moved(scene, name).cursor
    by = {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}.get(name)
    if by:
        assert there == tuple(min(max(at + step, 0), 13) for at, step in zip((row, column), by, strict=True))
    else:
        edge = 0 if name == "home" else 13
        assert there == ((edge if column == edge else row), edge)


# Compared


def test_a_minus_b_of_two_captures_is_the_difference_of_their_files(capture: Path, other: Path) -> None:
    scene = scene_at(other, f"--layer 1 --head 2 --pin '--file {capture} --layer 0 --head 1' --compare a-b")
    difference = softmax((2, 3, 6, 6), 1)[0, 1] - softmax((2, 3, 6, 6), 2)[1, 2]
    np.testing.assert_allclose(scene.matrix, difference, rtol=1e-6)
    assert scene.signed


def test_both_sides_of_a_difference_are_put_together_alike(capture: Path, other: Path) -> None:
    scene = scene_at(other, f"--over mean --merge-words --pin '--file {capture}' --compare a-b")
    sides = [scene_at(path, "--over mean --merge-words").matrix for path in (capture, other)]
    np.testing.assert_allclose(scene.matrix, sides[0] - sides[1], rtol=1e-6)


@quick
@given(st.integers(1, 6), st.integers(1, 6), st.integers(0, 99), st.integers(1, 12), st.booleans())
def test_the_cells_that_changed_most_are_those_of_a_plain_sort(
    rows: int, columns: int, seed: int, count: int, holes: bool
) -> None:
    random = np.random.default_rng(seed)
    a, b = random.integers(0, 4, (2, rows, columns)).astype(np.float32)
    if holes:
        a[0, 0] = np.nan
    cells = [(abs(float(a[at]) - float(b[at])), at) for at in product(range(rows), range(columns))]
    expected = sorted((cell for cell in cells if cell[0] > 0), key=lambda cell: -cell[0])[:count]
    assert most_changed(a, b, count) == [at for _, at in expected]


async def test_the_ten_cells_that_changed_most_stand_beside_the_difference(capture: Path, other: Path) -> None:
    a, b = softmax((2, 3, 6, 6), 1)[0, 0], softmax((2, 3, 6, 6), 2)[0, 0]
    query, key = np.unravel_index(np.abs(a - b).argmax(), a.shape)
    async with explorer(f"--file {other} --pin '--file {capture}'", size=WIDE) as hands:
        await hands.press("P", "P")
        assert "Most changed: A, B, A − B" in hands.screen
        line = next(row for row in hands.rows if f"{TOKENS[query]} → {TOKENS[key]}" in row)
        assert f"{a[query, key]:.3f}  {b[query, key]:.3f}" in line
        assert f"{a[query, key] - b[query, key]:.3f}" in line
        assert sum(" → " in row for row in hands.rows[2:-2]) == 10
        await hands.press("P")
        assert "Most changed" not in hands.screen


def test_equal_pictures_have_no_changed_cells(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["print", "--pin", "", "--compare", "a-b"]) == 0
    assert "A and B are equal" in capsys.readouterr().out


async def test_captures_of_unequal_sizes_say_both_in_one_line(capture: Path, tmp_path: Path) -> None:
    long = save_capture(tmp_path / "long.npz", softmax((1, 1, 9, 9), 3))
    async with explorer(f"--file {long} --pin '--file {capture}' --compare a-b", size=WIDE) as hands:
        assert "A is 6 × 6 and B is 9 × 9: A − B needs equal sizes, so this is B" in hands.truth
        assert "Top keys" in hands.screen


# At the keyboard


async def test_hiding_renormalising_and_words_are_said_on_the_screen(capture: Path) -> None:
    async with explorer(f"--file {capture} --cursor 2,4", size=WIDE) as hands:
        await hands.press("i", "i", "z")
        assert "without 2 special · renormalised · words" in hands.truth
        assert "playing → chesss" in hands.truth
        assert "row sums to 1.000" in hands.truth
        assert "Entropy of head 0 alone" in hands.screen
        await hands.press("i", "z")
        assert "##ing → ##s" in hands.truth
        assert "Weights · each row" in hands.screen


async def test_the_explanation_is_of_one_head_and_says_so(capture: Path) -> None:
    async with explorer(f"--file {capture} --cursor 1,1 --over mean", size=WIDE) as hands:
        await hands.press("enter")
        assert "query 1, key 1, head 0, alone" in hands.screen
        assert "as it is in the file" in hands.screen
        assert f"{softmax((2, 3, 6, 6), 1)[0, 0, 1, 1]:.3f}" in hands.screen


async def test_marked_words_keep_all_their_pieces_and_escape_takes_marks_away(capture: Path) -> None:
    weights = softmax((2, 3, 6, 6), 1)[0, 0]
    async with explorer(f"--file {capture} --cursor 0,1", size=WIDE) as hands:
        await hands.press("z", "space")
        assert hands.session.view.marked_keys == (1, 2)
        await hands.press("z")
        given = weights[:, [1, 2]].sum(axis=1)
        assert f"marked keys {given[0]:.3f}, mean {given.mean():.3f}" in hands.truth
        assert f"receives {given.sum():.3f}" in hands.screen
        await hands.press("X", "down", "X")
        assert "Top keys of 2 marked queries" in hands.screen
        assert f"marked queries {weights[:2, 1].mean():.3f}" in hands.truth
        await hands.press("escape")
        assert "marked" not in hands.truth
        assert not hands.session.view.marked_queries + hands.session.view.marked_keys


@pytest.mark.parametrize("tokens", [None, TOKENS])
@pytest.mark.parametrize("zoom", ["numbers", "cells", "half"])
async def test_labels_of_marked_keys_and_queries_are_underlined(
    tmp_path: Path, tokens: tuple[str, ...] | None, zoom: str
) -> None:
    path = save_capture(tmp_path / "marks.npz", softmax((1, 1, 6, 6), 1), tokens=tokens)
    async with explorer(
        f"--file {path} --cursor 0,0 --marked-keys 3 --marked-queries 4 --zoom {zoom}", size=WIDE
    ) as hands:
        region = hands.app.panel("map").region
        cells = [
            segment.text.strip()
            for row in hands.cells[region.y : region.bottom]
            for segment in row
            if segment.style and segment.style.underline and segment.text.strip()
        ]
        found = "".join(cells)
        names = {"4", "3"} if tokens is None else {"chess", "4" if zoom == "half" else "##s"}
        assert sorted(found) == sorted("".join(names))


# In print, and what there is not


def test_print_and_its_tables_are_of_what_is_put_together(capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["print", str(capture), "--merge-words", "--hide", "special"]
    scene = scene_at(capture, "--merge-words --hide special")
    assert main([*words, "--csv"]) == 0
    table = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert table[0] == ["query", "playing", "chesss"]
    np.testing.assert_allclose(np.array(table[1:])[:, 1:].astype(float), scene.matrix, rtol=1e-6)
    assert main([*words, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["combined"]
    assert found["key_positions"] == [[1, 2], [3, 4]]
    assert found["notes"] == ["without 2 special", "words"]
    assert main([*words, "--query", "4"]) == 0
    assert 'query 4 "chesss"' in capsys.readouterr().out
    assert main([*words, "--query", "0"]) != 0
    assert "0 is hidden by --hide" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--over mean --over-heads 3-12", "--over-heads: 12 is no head; possible are 0 … 11"),
        ("--over max --over-layers 6", "--over-layers: 6 is no layer; possible are 0 … 5"),
        (f"--hide {shlex.quote(' '.join(SAMPLE))}", "every query would be hidden: hide fewer tokens"),
    ],
)
def test_what_cannot_be_put_together_is_one_line_that_names_the_option(options: str, told: str) -> None:
    with pytest.raises(OptionError, match=f"^{told}$"):
        open_scene(read_options(shlex.split(options)), Tier.NONE)


@pytest.mark.parametrize("text", ["3-", "5-3", "a", "1;2", "0-99999", ""])
def test_numbers_that_are_no_list_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="is no list of numbers such as 3,7,9-12, nor none"):
        read_options(["--marked-keys", text])
