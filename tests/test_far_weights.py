"""Heads of weights that are too large to be held, with a small limit: rows and maps against the same head whole."""

from __future__ import annotations

import gc
import json
import re
import shlex
import weakref
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from attn_engine import (
    Attention,
    CaptureError,
    Experiment,
    Far,
    FieldError,
    close_files,
    far_files,
    far_of,
    is_far,
    measures,
    run_once,
)
from attn_tui import opening
from attn_tui.scene import Scene
from tests.capture_files import bytes_read, npy_of, npz_of, packed_of, safetensors_of
from tests.hands import WIDE, explorer
from tests.test_cli import ended
from tests.test_far_files import KEYS, QUERIES, experiment_of, limited, lower

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    close_files()
    yield
    close_files()


def weights(dtype: Any = np.float32) -> Any:
    """Two layers of four heads, causal from the end, rows that sum to 1."""
    powers = np.exp(np.random.default_rng(3).normal(0, 2, (2, 4, QUERIES, KEYS))) * lower(KEYS - QUERIES)
    return (powers / powers.sum(axis=-1, keepdims=True)).astype(dtype)


def steps() -> dict[str, Any]:
    """A prompt of 60, then thirty steps of generate(), each of which sees one key more."""
    layer = weights()[1]
    prompt = {"attentions.0.1": layer[None, :, :60, : KEYS - 30]}
    later = {f"attentions.{at}.1": layer[None, :, 59 + at : 60 + at, : KEYS - 30 + at] for at in range(1, 31)}
    return prompt | later


def empty_rows(dtype: Any) -> Any:
    """A mask of 0 and 1 that hides all keys from forty queries."""
    mask = (np.random.default_rng(0).random((QUERIES, KEYS)) < 0.7).astype(dtype)
    mask[20:60], mask[60:, 0] = 0, 1
    return mask


FILES: dict[str, dict[str, Any]] = {
    "plain": {"attention": weights()},
    "half": {"attention": weights(np.float16)},
    "mask": {"attention": weights(), "mask": np.random.default_rng(0).random((QUERIES, KEYS)) < 0.7},
    "mask of 0 and 1": {"attention": weights(), "mask": empty_rows(np.float32)},
    "mask of whole numbers": {"attention": weights(), "mask": empty_rows(np.int8)},
    "mask of a column": {"attention": weights(), "mask": empty_rows(np.float32)[:, :1]},
    "steps of generate()": steps(),
}
ASKED: list[dict[str, Any]] = [{}, {"mask": "causal", "align": "right"}, {"mask": "k != 3", "temperature": 0.6}]


def whole(experiment: Experiment) -> Attention:
    assert not is_far(experiment)
    return run_once(experiment)[0]


def edges(step: int) -> tuple[Any, Any]:
    return np.append(np.arange(0, QUERIES, step), QUERIES), np.append(np.arange(0, KEYS, step), KEYS)


def check_map(far: Far, head: int, exact: Attention, step: int = 7) -> None:
    """Assert that a map has the means, pairs and entropies of weights that were all held at once."""
    rows, columns = edges(step)
    *_, found = far.maps(head, rows, columns, 0)
    matrix, mask = exact.weights[head], exact.mask_of(head)
    for row, column in np.ndindex(found.means.shape):
        block = slice(*rows[row : row + 2]), slice(*columns[column : column + 2])
        seen = matrix[block][mask[block] & np.isfinite(matrix[block])]
        assert found.pairs[row, column] == seen.size
        assert found.means[row, column] == pytest.approx(seen.mean(dtype=np.float64) if seen.size else 0, abs=1e-6)
    np.testing.assert_allclose(found.entropy, measures.entropy(matrix), atol=1e-5)


@pytest.mark.parametrize("asked", ASKED, ids=str)
@pytest.mark.parametrize("name", FILES)
def test_its_rows_and_its_map_are_those_of_the_head_whole(
    name: str, asked: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(far_files, "CELLS", 700)
    experiment = experiment_of(npz_of(tmp_path, FILES[name]), **asked)
    exact = whole(experiment)
    with limited():
        assert is_far(experiment)
        for head in (0, 3):
            far = far_of(experiment, head)
            check_map(far, head, exact)
            for query in (0, 41, QUERIES - 1):
                one = far.row(head, query)
                np.testing.assert_array_equal(one.allowed, exact.mask_of(head)[query])
                np.testing.assert_allclose(one.weights, exact.weights[head, query], atol=1e-6)


@pytest.mark.parametrize("kind", [npy_of, packed_of], ids=["npy", "compressed"])
def test_it_becomes_exact_a_strip_after_the_other(kind: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(far_files, "CELLS", 5 * KEYS)
    monkeypatch.setattr("attn_engine.fast.maps.AT_ONCE", 1)
    path = kind(tmp_path, weights() if kind is npy_of else {"attention": weights()})
    exact = whole(experiment_of(path))
    with limited():
        far = far_of(experiment_of(path), 2)
        *first, last = far.maps(2, *edges(10), 0)
        assert len(first) > 5
        assert last.exact
        for found in first:
            known = found.known
            assert 0 < known.sum() < QUERIES
            np.testing.assert_allclose(found.entropy[known], measures.entropy(exact.weights[2])[known], atol=1e-5)


def test_only_what_is_looked_at_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = safetensors_of(tmp_path, {"attention": weights(np.float16)})
    with limited():
        is_far(experiment_of(path))
        read = bytes_read(monkeypatch)
        far = far_of(experiment_of(path), 1)
        assert sum(read) == 0
        far.row(1, 5)
        assert sum(read) == 2 * KEYS
        _ = [*far.maps(1, [10, 20, 30], [0, KEYS], np.inf)]
        assert sum(read) == 2 * KEYS * 21


def broken() -> Any:
    given = weights()
    given[1, 2, 30, 4], given[1, 2, 50] = np.nan, given[1, 2, 50] * 1.2
    given[1, 2, 60, 5] *= -1
    return given


def test_rows_of_which_something_is_unusual_are_known_once_they_were_looked_at(tmp_path: Path) -> None:
    experiment = experiment_of(npy_of(tmp_path, broken()))
    exact = whole(experiment)
    with limited():
        far = far_of(experiment, 2)
        check_map(far, 2, exact)
        *_, found = far.maps(2, *edges(7), np.inf)
        assert found.unusual is not None
        assert np.flatnonzero(found.unusual).tolist() == [30, 50, 60]


def test_where_query_and_key_are_beside_them_the_weights_are_shown(tmp_path: Path) -> None:
    inputs = {name: np.ones((2, 4, length, 8), np.float32) for name, length in (("query", QUERIES), ("key", KEYS))}
    experiment = experiment_of(npz_of(tmp_path, {"attention": weights()} | inputs))
    with limited():
        far = far_of(experiment, 1)
        captured = far.inputs().captured
        np.testing.assert_array_equal(far.row(1, 9).weights, weights()[1, 1, 9])
    assert captured
    assert captured.notes == ("its query and key are not used: beyond 1,024 scores its weights are shown",)


def test_what_needs_every_weight_is_refused(tmp_path: Path) -> None:
    experiment = experiment_of(npy_of(tmp_path, weights()))
    told = "1 head × 90 queries × 110 keys is 9,900 scores; beyond 1,024 possible are softmax"
    with limited(), pytest.raises(FieldError, match=re.escape(told)):
        far_of(replace(experiment, score_mod="s + 1"))


def test_what_is_read_of_a_file_is_let_go_of_when_it_is_closed(tmp_path: Path) -> None:
    experiment = experiment_of(npy_of(tmp_path, weights()))
    with limited():
        captured = far_of(experiment, 1).inputs().captured
        assert captured
        assert captured.rows
        held = weakref.ref(captured.rows.of)
        del captured
        assert held() is not None
        close_files()
        gc.collect()
        assert held() is None


def test_a_file_that_was_cut_says_so_at_the_row_that_is_gone(tmp_path: Path) -> None:
    path = npy_of(tmp_path, weights())
    with limited():
        far = far_of(experiment_of(path), 3)
        with path.open("r+b") as file:
            file.truncate(path.stat().st_size - 4 * KEYS * 3)
        assert far.row(3, 10).weights.sum() == pytest.approx(1)
        with pytest.raises(CaptureError, match="it changed or was cut while open"):
            far.row(3, QUERIES - 1)


# In the explorer

ODD = "that sum to 1.200"


@pytest.fixture
def long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("attn_engine.experiment.MAX_SCORES", 2**10)
    return npy_of(tmp_path, broken())


def options(path: Path, rest: str = "") -> str:
    return f"--file {shlex.quote(str(path))} --layer 1 {rest}"


async def test_a_cell_is_the_files_and_a_what_if_says_so(long: Path) -> None:
    weight = weights()[1, 0, 40, 7]
    async with explorer(options(long, "--cursor 40,7"), size=WIDE) as hands:
        assert "weights as in the file" in hands.screen
        assert f"ln p {np.log(weight):.2f}   weight {weight:.3f}" in hands.truth
        assert "all rows sum to 1" in hands.truth
        await hands.press("t", ".")
        assert "softmax(ln p/1.1)·V" in hands.screen
        await hands.press("s", ".")
        assert "scale" in hands.truth
        assert hands.session.experiment.scale == "1/√d_k"


async def test_what_is_unusual_is_counted_and_gone_to(long: Path) -> None:
    async with explorer(options(long, "--head 2 --cursor 40,7"), size=WIDE) as hands:
        assert "3 queries unusual: !" in hands.truth
        for query, told in ((50, ODD), (60, "below 0"), (30, "that are NaN or ∞"), (50, ODD)):
            await hands.press("!")
            assert hands.session.view.cursor == (query, 7)
            assert f"this query has weights {told}" in hands.truth
        await hands.press("t", ".", ".", ",", ",")
        assert "3 queries unusual: !" in hands.truth or "sum to 1.200" in hands.truth
        assert sorted(hands.app.scene.unusual_rows) == [30, 50, 60]
        await hands.press("[", "!")
        assert "nothing unusual in the queries of this head" in hands.truth


async def test_a_file_that_shrinks_on_the_way_keeps_the_screen(long: Path) -> None:
    async with explorer(options(long, "--head 3 --cursor 10,7"), size=WIDE) as hands:
        long.write_bytes(long.read_bytes()[:3000])
        for key in ("down", "pagedown", "]", "[", "t", ".", "+", "+", "end", "2", "3", "1"):
            await hands.press(key)
            assert hands.app.is_running
            if key in ("down", "pagedown"):
                assert "it ends after" in hands.truth
        assert hands.session.experiment.temperature > 1


@pytest.mark.parametrize("words", [[], ["--query", "80"]])
def test_a_file_that_is_cut_is_not_printed(
    words: list[str], long: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opening.open_scene

    def opened(*given: Any) -> Scene:
        scene = first(*given)
        with long.open("r+b") as file:
            file.truncate(long.stat().st_size - 4 * KEYS * 20)
        return scene

    monkeypatch.setattr("attn_tui.report.open_scene", opened)
    status, text, told = ended(capsys, "print", *shlex.split(options(long, "--head 3")), *words)
    assert (status, text) == (65, "")
    assert "it changed or was cut while open" in told


def test_half_precision_says_how_exact_a_what_if_is(
    tmp_path: Path, long: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    half = npz_of(tmp_path, {"attention": weights(np.float16)})
    _, text, _ = ended(capsys, "print", str(half), "--temperature", "0.5")
    assert "what if, to 0.2 %" in text
    _, text, _ = ended(capsys, "print", str(half))
    assert "what if" not in text


@pytest.mark.parametrize(("query", "told"), [(30, "that are NaN or ∞"), (50, ODD), (60, "below 0"), (61, "")])
def test_what_is_unusual_about_a_printed_query_is_said(
    query: int, told: str, long: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, text, _ = ended(capsys, "print", *shlex.split(options(long, f"--head 2 --query {query}")))
    assert (f"has weights {told}" if told else "nats\n") in text
    _, text, _ = ended(capsys, "print", *shlex.split(options(long, f"--head 2 --query {query} --json")))
    assert json.loads(text)["unusual"] == ([f"has weights {told}"] if told else [])
