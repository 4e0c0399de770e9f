"""A head of a file whose scores are too many to be made, in the explorer and printed: it has tokens, and a file."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import Attention, Experiment, FieldError, close_files, run_once
from attn_tui import effort
from tests.capture_files import npz_of, safetensors_of
from tests.hands import WIDE, explorer
from tests.test_cli import ended

pytestmark = pytest.mark.usefixtures("plain_environment")

LENGTH = 300


def arrays() -> dict[str, Any]:
    stream = np.random.default_rng(2)
    query, key = (stream.normal(0, 1.5, (2, heads, LENGTH, 8)).astype(np.float32) for heads in (4, 2))
    return {"query": query, "key": key, "mask": np.tri(LENGTH, dtype=np.bool_)}


@pytest.fixture
def whole(tmp_path: Path) -> list[Attention]:
    """Each layer with every score made."""
    path = npz_of(tmp_path, arrays())
    return [run_once(Experiment(source="file", file=str(path), layer=layer))[0] for layer in range(2)]


@pytest.fixture
def long(tmp_path: Path, whole: list[Attention], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file, with tokens, of which no scores are made; a head is read beside the screen."""
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**12)
    monkeypatch.setattr(effort, "FRAME", 2**12)
    close_files()
    tokens = np.array([f"word{at}" if at % 50 else "\x1b[2Jrare" for at in range(LENGTH)])
    return npz_of(tmp_path, arrays() | {"tokens": tokens})


def options(path: Path, rest: str = "") -> str:
    return f"--file {shlex.quote(str(path))} {rest}"


async def test_the_cell_stood_on_is_told_by_its_tokens_as_layers_and_heads_change(
    long: Path, whole: list[Attention]
) -> None:
    async with explorer(options(long, "--layer 0 --cursor 201,7"), size=WIDE) as hands:
        for keys, layer, head in (("", 0, 0), ("]", 0, 1), ("]", 0, 2), ("}", 1, 2), ("[", 1, 1)):
            await hands.press(*keys)
            weights = whole[layer].weights[head, 201]
            rank = int((weights > weights[7]).sum()) + 1
            assert "word201 → word7   (201, 7)" in hands.truth
            assert f"{rank}" in hands.truth.partition(" of 202")[0].rpartition("   ")[2]
            assert f"layer {layer}  head {head}  of 2 × 4" in hands.screen
            heaviest = int(weights.argmax())
            assert f"{heaviest} word{heaviest}" in hands.screen


async def test_tokens_are_searched_and_shown_harmless(long: Path) -> None:
    async with explorer(options(long, "--zoom half"), size=WIDE) as hands:
        await hands.press("/", "type rare", "enter", "n")
        assert hands.session.view.cursor == (100, 100)
        assert "␛[2Jrare → ␛[2Jrare" in hands.truth
        await hands.press("N")
        assert hands.session.view.cursor == (50, 50)


async def test_what_needs_every_score_or_the_numbers_of_a_source_says_so(long: Path) -> None:
    async with explorer(options(long), size=WIDE) as hands:
        for key in ("2", "v", "a"):
            before = hands.session
            await hands.press(key)
            assert "not beyond 4,096 scores" in hands.truth
            assert hands.session == before
        await hands.press("o", ".")
        assert "possible are softmax, any mask and no score mod" in hands.truth


async def test_a_file_that_was_cut_is_told_of_and_the_screen_stays(tmp_path: Path, long: Path) -> None:
    path = safetensors_of(tmp_path, arrays())
    async with explorer(options(path, "--cursor 201,7"), size=WIDE) as hands:
        before = hands.session
        path.write_bytes(path.read_bytes()[: len(path.read_bytes()) // 3])
        await hands.press("]")
        assert f'{path.name}": it ends after' in hands.truth
        assert hands.session == before
        await hands.press("down", "t", ".")
        assert hands.session.experiment.temperature > 1
        assert "the file changed on disk" in hands.truth or "temperature" in hands.truth


async def test_a_mask_that_is_no_band_is_seen_on_the_map(tmp_path: Path, long: Path) -> None:
    hidden = np.arange(LENGTH) % 3 == 0
    odd = npz_of(tmp_path / "..", arrays() | {"mask": arrays()["mask"] & ~hidden})
    async with explorer(options(odd, "--cursor 201,9"), size=WIDE) as hands:
        assert "masked: weight 0" in hands.truth
        await hands.press("right")
        assert "of 134" in hands.truth
        assert "╱╱ masked" in hands.screen


def test_one_query_is_printed_with_the_keys_that_it_reads(
    long: Path, whole: list[Attention], capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["print", str(long), "--layer", "1", "--head", "3", "--query", "120", "--top", "4"]
    status, text, _ = ended(capsys, *words)
    weights = whole[1].weights[3, 120]
    order = np.argsort(-weights, kind="stable")[:4]
    assert status == 0
    first, *lines = text.splitlines()
    assert first.startswith('query 120 "word120" of ')
    assert [int(line.split()[0]) for line in lines] == order.tolist()
    assert [float(line.split()[1]) for line in lines] == pytest.approx(weights[order].tolist(), abs=6e-5)


@pytest.mark.parametrize("hides", [True, False])
async def test_the_formula_says_that_a_file_has_a_mask_of_its_own(tmp_path: Path, hides: bool) -> None:
    given = arrays()
    given["mask"] |= not hides
    async with explorer(options(npz_of(tmp_path, given)), size=WIDE) as hands:
        assert ("softmax(QKᵀ/√d_k + file's mask)·V" in hands.screen) == hides


async def test_a_picture_that_was_pinned_is_flipped_to_and_back(long: Path, whole: list[Attention]) -> None:
    async with explorer(options(long, "--layer 0 --head 1 --cursor 201,7"), size=WIDE) as hands:
        await hands.press("p", "}", "]", "P")
        for title, layer, head in (("A, pinned: weights", 0, 1), ("Weights", 1, 2), ("A, pinned: weights", 0, 1)):
            weights = whole[layer].weights[head, 201]
            assert title in hands.screen
            assert f"{int(weights.argmax())} word" in hands.screen
            assert f"entropy {-(weights[:202] * np.log(weights[:202])).sum():.2f} of" in hands.truth
            await hands.press("P")


def test_a_difference_with_a_picture_that_is_too_large_is_refused(
    long: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (["--pin", f"--file {shlex.quote(str(long))}"], [str(long), "--pin", "--layer 1"]):
        status, _, told = ended(capsys, "print", *words, "--compare", "a-b")
        assert status == 2
        assert "A − B is not to be had beyond 4,096 scores" in told


async def test_a_long_file_that_a_view_cannot_show_is_refused_while_the_sample_stays(long: Path) -> None:
    async with explorer(options(long, "--source sample --over mean --merge-words"), size=WIDE) as hands:
        before = hands.session
        await hands.press("x", ",")
        assert "over mean is not to be had beyond 4,096 scores" in hands.truth
        assert hands.session == before
        assert "mean of 12 heads" in hands.screen


def test_a_long_file_is_refused_where_every_score_would_be_made(long: Path) -> None:
    with pytest.raises(FieldError, match="which is the most that is made at once"):
        run_once(Experiment(source="file", file=str(long), layer=0), 1)
