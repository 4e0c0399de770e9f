"""What is unusual about rows, told wherever they are shown: heads put together, hidden tokens, A and B; bad layers."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import combined, pooled, pooled_heads, renormalised, save_capture
from attn_tui.cli import main
from attn_tui.findings import Finding, Gathered, on_rows, unusual
from attn_tui.moves import MOVES, told_of_move
from attn_tui.opening import open_scene
from attn_tui.pictures.cells import plain
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.plan import plan_map
from attn_tui.pictures.truth import truth_line
from attn_tui.scene import Scene
from tests.drawing import brief, scene_of
from tests.hands import SMALL, WIDE, explorer
from tests.test_moves import refused

pytestmark = pytest.mark.usefixtures("plain_environment")
TOKENS = ("[CLS]", "play", "##ing", "chess", "##s", "[SEP]")
NAN = "has weights that are NaN or ∞"
ODD: dict[str, Any] = {NAN: np.nan, "has weights below 0": -0.3}


def even(layers: int = 2, heads: int = 3) -> NDArray[np.float32]:
    return np.full((layers, heads, 6, 6), 1 / 6, dtype=np.float32)


def saved(folder: Path, weights: NDArray[Any], name: str = "odd.npz", tokens: tuple[str, ...] = TOKENS) -> Path:
    return save_capture(folder / name, weights, tokens=tokens)


def truth(scene: Scene, width: int = 300) -> str:
    return plain([truth_line(scene, width)])


def scene_at(path: Path, options: str = "") -> Scene:
    return scene_of(f"--file {path} --layer 0 --head 0 {options}")


def next_one(scene: Scene) -> Scene:
    return open_scene(MOVES["finding"](scene, plan_map(scene, 60, 20)), Tier.NONE)


# Heads and layers put together


@pytest.mark.parametrize("over", ["mean", "max"])
@pytest.mark.parametrize("told", ODD)
async def test_a_row_that_is_unusual_in_one_head_is_told_of_in_heads_put_together(
    tmp_path: Path, over: str, told: str
) -> None:
    weights = even()
    weights[1, 2, 3, 4] = ODD[told]
    options = f"--file {saved(tmp_path, weights)} --layer 1 --over {over}"
    async with explorer(f"{options} --cursor 3,0", size=WIDE) as hands:
        assert f"this query {told}, in layer 1, head 2" in hands.truth
        await hands.press("up")
        assert "1 query unusual: !" in hands.truth
        await hands.press("exclamation_mark")
        assert hands.session.view.cursor[0] == 3
    async with explorer(f"{options} --over-heads 0,1", size=WIDE) as hands:
        assert "unusual" not in hands.truth, "the head is not among them"
        await hands.press("exclamation_mark")
        assert "nothing unusual in the heads put together" in hands.truth


def test_sums_that_even_out_over_heads_are_told_of(tmp_path: Path) -> None:
    weights = even()
    weights[0, 0, 2] *= 0.5
    weights[0, 1, 2] *= 1.5
    text = truth(scene_at(saved(tmp_path, weights), "--over mean --over-heads 0,1 --cursor 2,0"))
    assert "row sums to 1.000" in text
    assert "this query has weights that sum to 0.500, in layer 0, head 0; unusual in 2 of 2 heads" in text


def test_a_row_that_is_nan_everywhere_is_told_of_once(tmp_path: Path) -> None:
    weights = even()
    weights[:, :, 5] = np.nan
    text = truth(scene_at(saved(tmp_path, weights), "--over mean --over-layers all --cursor 5,0"))
    assert f"this query {NAN}, in all 6 heads" in text


@brief
@given(
    st.sets(st.tuples(*(st.integers(0, most - 1) for most in (2, 3, 6))), max_size=6), st.sampled_from(["mean", "max"])
)
def test_every_unusual_query_of_every_head_is_among_the_findings(
    tmp_path_factory: pytest.TempPathFactory, places: set[tuple[int, int, int]], over: str
) -> None:
    weights = even()
    for layer, head, query in places:
        weights[layer, head, query, 1] = -0.5
    path = saved(tmp_path_factory.mktemp("captures"), weights)
    scene = scene_at(path, f"--over {over} --over-layers all")
    assert {finding.query for finding in scene.side.findings} == {query for *_, query in places}
    layers_seen: list[tuple[int, int]] = []
    pooled_heads(scene.shown, over, (), None, lambda layer, head, *_: layers_seen.append((layer, head)))
    assert layers_seen == [(layer, head) for layer in range(2) for head in range(3)]


def test_heads_are_gathered_with_their_place(tmp_path: Path) -> None:
    weights = even(1, 4)
    weights[0, 2, 0, 0] = np.inf
    scene = scene_at(saved(tmp_path, weights))
    gathered = Gathered(1, 1e-4)
    for head in range(4):
        gathered.look(0, head, scene.attention, head)
    assert gathered.findings == (Finding(0, f"{NAN}, in head 2"),)
    assert [finding.query for finding in unusual(scene.attention, 2)] == [0]


def test_json_has_what_is_unusual_about_what_is_put_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = even()
    weights[0, 1, 3] = np.nan
    assert main(["print", str(saved(tmp_path, weights)), "--over", "mean", "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["findings"] == []
    assert found["combined"]["findings"] == [{"query": 3, "text": f"{NAN}, in layer 0, head 1"}]


# Tokens hidden, and words


@pytest.mark.parametrize("told", ODD)
@pytest.mark.parametrize("key", [0, 3], ids=["in a hidden key", "in a key on show"])
async def test_a_row_is_told_of_where_special_tokens_are_hidden(tmp_path: Path, told: str, key: int) -> None:
    weights = even()
    weights[0, 0, 2, key] = ODD[told]
    async with explorer(f"--file {saved(tmp_path, weights)} --cursor 2,1", size=WIDE) as hands:
        for _ in range(2):  # hidden, then renormalised as well
            await hands.press("i")
            assert f"this query {told}" in hands.truth
        await hands.press("down")
        assert "1 query unusual: !" in hands.truth
        await hands.press("exclamation_mark")
        assert hands.session.view.cursor[0] == 2


def test_an_unusual_row_that_is_hidden_is_said_to_be(tmp_path: Path) -> None:
    weights = even()
    weights[1, 2, 0, 3] = np.nan
    path = saved(tmp_path, weights)
    scene = scene_at(path, "--hide special")
    there = next_one(scene)
    assert told_of_move("finding", scene, there) == f"layer 1, head 2: query 0, which is hidden, {NAN}"
    assert "unusual" not in truth(there)
    assert refused(there, "finding") == "nothing unusual in the queries on show, but in hidden ones"


def test_findings_are_of_the_rows_that_stand_for_them() -> None:
    made = combined(
        np.eye(6, dtype=np.float32), np.ones((6, 6), np.bool_), TOKENS, TOKENS, hide=("special",), merge=True
    )
    found = [Finding(query, str(query)) for query in range(6)]
    assert [(each.query, each.text) for each in on_rows(found, made)] == [(0, "1"), (0, "2"), (1, "3"), (1, "4")]
    assert on_rows(found, None) == tuple(found)


def test_a_row_with_infinity_is_not_renormalised_into_zeros() -> None:
    weights = np.array([[np.inf, 0.5], [0.5, 0.5], [np.nan, 0.5]], dtype=np.float32)
    np.testing.assert_array_equal(renormalised(weights, np.ones((3, 2), np.bool_)), weights)


@pytest.mark.filterwarnings("error")
def test_infinities_of_both_signs_are_nan_together_without_a_warning() -> None:
    mask = np.ones((1, 2), np.bool_)
    pictures = [(np.array([[sign * np.inf, 1]], dtype=np.float32), mask) for sign in (1, -1)]
    np.testing.assert_array_equal(pooled(pictures, "mean")[0], [[np.nan, 1]])


# A and B


@pytest.fixture
def pair(tmp_path: Path) -> str:
    """A with rows 1 and 3 that are unusual, B with rows 3 and 4."""
    a, b = even(), even()
    a[0, 0, 1, 2], a[0, 0, 3, 1] = -0.3, np.nan
    b[0, 0, 3], b[0, 0, 4, 0] = b[0, 0, 3] * 0.5, np.inf
    return f"--file {saved(tmp_path, b, 'b.npz')} --pin '--file {saved(tmp_path, a, 'a.npz')}' --compare a-b"


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (0, "2 queries of A and 2 queries of B unusual: !"),
        (1, "A: has weights below 0"),
        (3, f"A: {NAN}; B: has weights that sum to 0.500"),
        (4, f"B: {NAN}"),
    ],
)
@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_of_a_difference_what_is_unusual_about_either_is_told(
    pair: str, row: int, told: str, size: tuple[int, int]
) -> None:
    async with explorer(f"{pair} --cursor {row},0", size=size) as hands:
        assert told in hands.truth
        assert "all rows sum to 1" not in hands.truth


async def test_the_next_finding_of_a_difference_is_that_of_either(pair: str) -> None:
    async with explorer(f"{pair} --cursor 0,0", size=WIDE) as hands:
        rows = []
        for _ in range(4):
            await hands.press("exclamation_mark")
            rows.append(hands.session.view.cursor[0])
        assert rows == [1, 3, 4, 1]


async def test_without_special_tokens_either_is_told_of_too(pair: str) -> None:
    async with explorer(f"{pair} --cursor 3,1 --hide special", size=(160, 40)) as hands:
        assert f"A: {NAN}; B: has weights that sum to 0.500" in hands.truth
        assert "rows sum to NaN and 0.333" in hands.truth


def test_json_of_a_difference_has_the_findings_of_a(pair: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["print", *shlex.split(pair), "--json"]) == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [each["query"] for each in found["compared"]["findings_of_a"]] == [1, 3]
    assert [each["query"] for each in found["findings"]] == [3, 4]
    assert found["compared"]["difference"][3][1] is None
    assert found["compared"]["different_tokens"] is False


@pytest.mark.parametrize("size", [WIDE, SMALL])
async def test_tokens_that_differ_between_a_and_b_are_told_of(tmp_path: Path, size: tuple[int, int]) -> None:
    one = saved(tmp_path, even(), "one.npz")
    two = saved(tmp_path, even(), "two.npz", ("[CLS]", "read", "##ing", "books", "##s", "[SEP]"))
    bare = save_capture(tmp_path / "bare.npz", even())
    for path, pinned, differ in ((two, one, True), (one, one, False), (one, bare, False), (bare, one, False)):
        async with explorer(f"--file {path} --pin '--file {pinned}' --compare a-b", size=size) as hands:
            assert ("A has other tokens" in hands.truth) == differ
            await hands.press("P")
            assert "other tokens" not in hands.truth


async def test_a_file_of_a_that_changed_is_told_of(tmp_path: Path) -> None:
    one, two = (saved(tmp_path, even(), name) for name in ("one.npz", "two.npz"))
    async with explorer(f"--file {two} --pin '--file {one}' --compare a-b", size=WIDE) as hands:
        saved(tmp_path, even(1), "one.npz")
        await hands.press("right")
        assert "A: the file was replaced on disk" in hands.truth


# Layers that cannot be read


def with_bad_layers(folder: Path, layers: int, *bad: int) -> Path:
    """A capture of which some layers have a mask that does not fit."""
    arrays: dict[str, Any] = {f"attention.{layer}": even()[0] for layer in range(layers)}
    arrays |= {f"mask.{layer}": np.ones((3, 5), np.bool_) for layer in bad}
    np.savez(folder / "bad.npz", **arrays)
    return folder / "bad.npz"


@pytest.mark.parametrize(
    ("layers", "bad", "told"),
    [
        (4, [2], "; layer 2: "),
        (6, [5, 2, 4], "; not layers 2, 4, 5; layer 2: "),
        (12, [*range(2, 11)], "; not layers 2, 3, 4, 5, 6, 7 and 3 more; layer 2: "),
    ],
)
def test_every_layer_that_cannot_be_read_is_named(tmp_path: Path, layers: int, bad: list[int], told: str) -> None:
    for here in {*range(layers)} - {*bad}:
        text = refused(scene_at(with_bad_layers(tmp_path, layers, *bad), f"--layer {here}"), "finding")
        assert text.startswith(f"nothing unusual in what can be read{told}")
        assert "mask.2" in text


async def test_layers_that_cannot_be_read_are_named_on_the_screen(tmp_path: Path) -> None:
    async with explorer(f"--file {with_bad_layers(tmp_path, 6, 2, 4, 5)}", size=SMALL) as hands:
        await hands.press("exclamation_mark")
        assert "not layers 2, 4, 5; layer 2: " in hands.truth
