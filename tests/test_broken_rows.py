"""Rows of a file that are NaN, ∞, below 0 or do not sum to 1: every figure says what became of them."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from attn_engine import save_capture
from attn_tui.cli import main
from attn_tui.pictures.cells import plain
from attn_tui.pictures.heads.glance import heads_glance
from attn_tui.pictures.heads.likeness import likeness_text
from attn_tui.pictures.heads.page import heads_page, heads_title
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.keys import top_keys
from attn_tui.scene import Scene
from tests.drawing import scene_of
from tests.hands import WIDE, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")
TOKENS = ("[CLS]", "play", "##ing", "chess", "##s", "[SEP]")
NAN = "has weights that are NaN or ∞"


def softmax(seed: int = 0, heads: int = 3) -> NDArray[np.float32]:
    """Two layers of some heads, (layers, heads, 6, 6)."""
    scores = np.exp(np.random.default_rng(seed).normal(size=(2, heads, 6, 6)))
    return np.asarray(scores / scores.sum(axis=-1, keepdims=True), dtype=np.float32)


def saved(folder: Path, weights: NDArray[Any], name: str = "odd.npz") -> Path:
    return save_capture(folder / name, weights, tokens=TOKENS)


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """In layer 0, head 0: a row with a weight below 0, one with ∞, one with a sum of 0.8; in head 1 a row of NaN."""
    weights = softmax()
    weights[0, 0, 1, 2], weights[0, 0, 3, 1] = -0.3, np.inf
    weights[0, 0, 4] *= 0.8
    weights[0, 1, 2] = np.nan
    return saved(tmp_path, weights)


def scene_at(path: Path, options: str = "", tier: Tier = Tier.NONE) -> Scene:
    return scene_of(f"--file {path} --layer 0 --head 0 {options}", tier)


def printed(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    assert main(["print", *map(str, words)]) == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    ["", "--marked-keys 1,2 --marked-queries 1,2", "--zoom 2 --blocks mean", "--zoom 2", "--over mean", "--over max",
     "--merge-words --hide special --renormalise", "--pin FILE --compare a-b", "--temperature 0.5", "--range heads",
     "--mask causal --json", "--csv", "--query 2"],
)  # fmt: skip
@pytest.mark.parametrize("number", [3e38, math.inf, -math.inf, math.nan])
def test_numbers_at_the_end_of_the_type_are_printed_without_a_warning(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], number: float, options: str
) -> None:
    weights = softmax()
    weights[0, 0, 1:4] = number
    path = saved(tmp_path, weights)
    assert printed(capsys, path, *options.replace("FILE", str(path)).split())  # a warning would fail the test


def test_signalling_nan_is_nan_as_any_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    weights = softmax()
    weights.view(np.uint32)[0, 0, 2] = 0x7FA00000
    path = saved(tmp_path, weights)
    for words in (
        ["print"],
        ["print", "--json"],
        ["print", "--over", "mean"],
        ["print", "--temperature", "2"],
        ["info"],
    ):
        assert main([words[0], str(path), *words[1:]]) == 0
    assert "6 weights are NaN" in capsys.readouterr().out


# How alike heads are


def test_likeness_is_of_the_queries_that_both_heads_can_be_read_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clean, weights = softmax(), softmax()
    weights[0, :, 5] = np.nan  # as of a padded batch: the same query in every head
    short = likeness_text(scene_at(saved(tmp_path, clean[..., :5, :], "short.npz")))
    assert likeness_text(scene_at(saved(tmp_path, weights))) == f"{short} over 5 of 6 queries"
    assert f"{short} over 5 of 6 queries" in printed(capsys, tmp_path / "odd.npz")


def test_a_head_that_cannot_be_read_is_like_none_that_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = softmax()
    weights[0, 1] = np.nan
    path = saved(tmp_path, weights)
    found = json.loads(printed(capsys, path, "--json"), parse_constant=pytest.fail)["similarity"]
    nothing = [[head == 1 or other == 1 for other in range(3)] for head in range(3)]
    assert [[number is None for number in row] for row in found["pairs"]] == nothing
    assert found["mean"] == pytest.approx(found["pairs"][0][2])
    assert found["queries_compared"] == [[6, 0, 6], [0, 0, 0], [6, 0, 6]]
    assert likeness_text(scene_at(path)) == f"likeness {found['mean']:.2f} over 0–6 of 6 queries"
    page = plain(heads_page(scene_at(path, "--view heads --heads-panel heads"), 116, 20))
    assert page.count("– ") >= 5, "a cell of the matrix for each pair with it"


def test_where_no_two_heads_can_be_compared_likeness_is_not_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = saved(tmp_path, np.full((1, 2, 6, 6), np.nan, dtype=np.float32))
    assert likeness_text(scene_at(path)) == "likeness – over 0 of 6 queries"
    assert json.loads(printed(capsys, path, "--json"))["similarity"]["mean"] is None


@pytest.mark.parametrize("order", ["number", "likeness", "entropy", "kind"])
@pytest.mark.parametrize("tier", Tier)
def test_heads_are_drawn_and_ordered_whatever_they_hold(tmp_path: Path, order: str, tier: Tier) -> None:
    weights = softmax(heads=5)
    weights[0, 1], weights[0, 2, 3], weights[0, 3] = np.nan, np.inf, -weights[0, 0]
    scene = scene_at(saved(tmp_path, weights), f"--view heads --heads-panel heads --head-order {order}", tier)
    text = plain(heads_page(scene, 116, 30))
    numbers = [line.split()[0] for line in text.split("\n")[-8:] if line.split() and line.split()[0].isdigit()]
    assert sorted(numbers) == ["0", "1", "2", "3", "4"]
    assert "likeness" in plain(heads_glance(scene, 36, 12))


# Over how many queries figures are


def test_means_say_over_how_many_queries_they_are(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, odd, "--json"))
    assert found["queries_counted"]["entropy"] == [4, 5, 6]
    assert found["queries_counted"]["first"] == [6, 5, 6]
    rows = [number for number in found["rows"]["entropy"] if number is not None]
    assert found["heads"]["entropy"][0] == pytest.approx(sum(rows) / 4)
    assert ", over 4–6 of 6 queries: entropy" in plain(heads_glance(scene_at(odd), 200, 12))
    assert heads_title(scene_at(odd, "--view heads --heads-panel heads")).endswith("· means over 4–6 of 6 queries")
    assert heads_title(scene_at(odd, "--view heads")).endswith("mean over 4–6 of 6 queries")
    assert heads_title(scene_at(odd, "--view heads --head-measure first")).endswith("mean over 5–6 of 6 queries")
    assert " over 4 of 6 queries: is " in plain(heads_page(scene_at(odd, "--view heads"), 200, 30))


def test_figures_of_every_query_say_nothing_of_it(tmp_path: Path) -> None:
    path = saved(tmp_path, softmax())
    scenes = [scene_at(path, f"--view heads --heads-panel {panel}") for panel in ("layers", "heads")]
    texts = [*map(heads_title, scenes), plain(heads_glance(scenes[0], 200, 12)), likeness_text(scenes[0])]
    texts += [plain(heads_page(scene, 200, 30)) for scene in scenes]
    assert not any(" of 6 queries" in text for text in texts)


async def test_the_chart_and_marks_on_the_screen_say_it_too(odd: Path) -> None:
    async with explorer(f"--file {odd} --cursor 0,1", size=(160, 40)) as hands:
        assert "mean over 4–6 of 6 queries" in hands.screen
        await hands.press("space")
        assert "over 5 of 6 queries" in hands.truth


def test_what_a_ranking_leaves_out_is_told(odd: Path, tmp_path: Path) -> None:
    def ranked(options: str, path: Path = odd) -> list[str]:
        return [line.strip() for line in plain(top_keys(scene_at(path, options), 40, 20)).split("\n")]

    assert "1 below 0" in ranked("--cursor 1,0")
    assert "1 NaN or ∞" in ranked("--cursor 3,0")
    blind = saved(tmp_path, np.full((1, 1, 6, 6), np.nan, dtype=np.float32), "nan.npz")
    assert ranked("", blind)[0] == "6 NaN or ∞"
    assert "sees nothing" not in ranked("", blind)


# One query in print


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--query", "3"], f": {NAN}"),
        (["--query", "1"], ": has weights below 0"),
        (["--query", "4"], " nats; has weights that sum to 0.800"),
        (["--query", "2", "--head", "1"], f": {NAN}"),
        (["--query", "2", "--over", "mean"], f": {NAN}, in layer 0, head 1"),
    ],
)
def test_print_says_in_words_what_is_unusual_about_a_query(
    odd: Path, capsys: pytest.CaptureFixture[str], words: list[str], told: str
) -> None:
    text = printed(capsys, odd, *words)
    assert text.splitlines()[0].endswith(told)
    assert "nan" not in text
    assert "inf" not in text


def test_print_lists_what_is_finite_first_and_sums_only_that(odd: Path, capsys: pytest.CaptureFixture[str]) -> None:
    *finite, last = [line.split() for line in printed(capsys, odd, "--query", "3").splitlines()[1:]]
    assert last[1:3] == ["∞", "–"]
    assert math.isclose(float(finite[-1][2]), sum(float(line[1]) for line in finite), abs_tol=1e-3)


async def test_the_line_of_truth_gives_no_entropy_where_there_is_none(odd: Path) -> None:
    async with explorer(f"--file {odd} --cursor 1,0", size=WIDE) as hands:
        assert "no entropy" in hands.truth
        assert "this query has weights below 0" in hands.truth
