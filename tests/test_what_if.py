"""What a what-if on captured weights cannot know: counted for every type, whatever mask the file has."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from attn_engine import Experiment, error_bound, inputs_of, losses, run
from attn_tui.cli import main
from tests.capture_files import safetensors_of
from tests.drawing import brief
from tests.hands import WIDE, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")
LENGTH = 6
CAUSAL = np.tri(LENGTH, dtype=np.bool_)
TYPES = ["float16", "float32", "float64"]


def weights_of(seed: int, causal: bool = True) -> NDArray[Any]:
    """Two heads, (heads, queries, keys)."""
    scores = np.exp(np.random.default_rng(seed).normal(size=(2, LENGTH, LENGTH)))
    weights = scores * CAUSAL if causal else scores
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))


def saved(folder: Path, weights: NDArray[Any], mask: NDArray[Any] | None = None, name: str = "run.npz") -> Path:
    path = folder / name
    arrays: dict[str, Any] = {"attention": weights} | ({} if mask is None else {"mask": mask})
    np.savez(path, **arrays)
    return path


def printed(path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    assert main(["print", str(path), "--width", "250", *options]) == 0
    return capsys.readouterr().out


@brief
@given(
    st.sampled_from(TYPES),
    st.booleans(),
    st.sets(st.tuples(st.integers(0, LENGTH - 1), st.integers(0, LENGTH - 1)), max_size=5),
    st.sampled_from(["full", "causal", "window(3)"]),
)
def test_every_zero_that_may_be_looked_at_is_counted_once(
    tmp_path_factory: pytest.TempPathFactory, dtype: str, masked: bool, holes: set[tuple[int, int]], rule: str
) -> None:
    weights = weights_of(0).astype(dtype)
    for query, key in holes:
        weights[1, query, key] = 0
    path = saved(tmp_path_factory.mktemp("captures"), weights, CAUSAL if masked else None)
    experiment = Experiment(source="file", file=str(path), layer=0, mask=rule, temperature=2.0)
    captured, attention = inputs_of(experiment).captured, run(experiment)
    assert captured is not None
    lost = losses(captured, 1, attention.mask_of(1))
    seen = {(q, k) for q in range(LENGTH) for k in range(LENGTH) if attention.mask_of(1)[q, k]}
    zeros = {(q, k) for q, k in seen if weights[1, q, k] == 0}
    assert lost.zeros == sum(key <= query for query, key in zeros)
    assert lost.causal == sum(key > query for query, key in zeros)
    assert not (masked and lost.causal)


def test_zeros_beyond_a_query_are_no_mask_where_another_head_looks_there(tmp_path: Path) -> None:
    weights = weights_of(0)
    weights[0] = 1 / LENGTH
    captured = inputs_of(Experiment(source="file", file=str(saved(tmp_path, weights)), layer=0)).captured
    assert captured is not None
    found = losses(captured, 1, np.ones((LENGTH, LENGTH), dtype=np.bool_))
    assert (found.zeros, found.causal) == (LENGTH * (LENGTH - 1) // 2, 0)


@pytest.mark.parametrize("dtype", TYPES)
def test_the_line_of_truth_and_json_say_what_was_not_recovered(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str
) -> None:
    weights = weights_of(0).astype(dtype)
    weights[0, 4, 1] = 0
    path = saved(tmp_path, weights)
    bound = "to 0.049 %, " if dtype == "float16" else ""
    told = f"what if, {bound}1 zero not recovered, 15 zeros taken for a causal mask"
    assert told in printed(path, capsys, "--temperature", "2")
    assert "taken for a causal mask" not in printed(path, capsys, "--temperature", "2", "--mask", "causal")
    assert "what if" not in printed(path, capsys)
    found = json.loads(printed(path, capsys, "--temperature", "2", "--json"))
    assert found["what_if"] == {"zeros": 1, "causal": 15, "rough": 0}
    assert "what_if" not in json.loads(printed(path, capsys, "--json"))


@pytest.mark.parametrize("dtype", TYPES)
def test_zeros_that_the_mask_of_the_file_explains_are_not_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str
) -> None:
    weights = weights_of(0).astype(dtype)
    path = saved(tmp_path, weights, CAUSAL)
    assert not any(word in printed(path, capsys, "--temperature", "2") for word in ("recovered", "taken for"))
    weights[0, 5, 2:4] = 0
    path = saved(tmp_path, weights, CAUSAL, "holes.npz")
    assert "2 zeros not recovered" in printed(path, capsys, "--temperature", "2")


@pytest.mark.parametrize(("dtype", "tiny"), [("float16", 2.0**-20), ("float32", 2.0**-140), ("float64", 2.0**-140)])
def test_weights_too_small_for_all_their_digits_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], dtype: str, tiny: float
) -> None:
    weights = weights_of(0, causal=False).astype(dtype)
    weights[0, 0, :3] = tiny
    told = "to 0.049 % but for 3 tiny weights" if dtype == "float16" else "3 tiny weights rounded"
    assert f"what if, {told}" in printed(saved(tmp_path, weights), capsys, "--temperature", "2")


def test_bfloat16_is_counted_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = (weights_of(0).astype(np.float32).view(np.uint32) >> 16).astype(np.int16)
    raw[0, 3, 3] = 0
    path = safetensors_of(tmp_path, {"attention": raw}, {"attention": "BF16"})
    assert "what if, to 0.39 %, 1 zero not recovered, 15 zeros taken" in printed(path, capsys, "--temperature", "2")


@pytest.mark.parametrize(
    ("temperature", "mask"), [(1.0, "k > 0"), (0.2, "full"), (0.5, "k > 0"), (1.4, "full"), (4.0, "full")]
)
def test_new_weights_are_as_exact_as_the_bound_says(tmp_path: Path, temperature: float, mask: str) -> None:
    exact = np.random.default_rng(1).dirichlet(np.ones(4) * 2, size=(2, 500))  # float64
    path = saved(tmp_path, exact.astype(np.float16))
    experiment = Experiment(source="file", file=str(path), layer=0, mask=mask, temperature=temperature)
    captured, attention = inputs_of(experiment).captured, run(experiment)
    assert captured is not None
    due = np.where(attention.mask_of(0), exact, 0) ** (1 / temperature)
    due /= due.sum(axis=-1, keepdims=True)
    judged = (due > 0) & (exact > captured.least_normal)
    worst = np.abs(attention.weights[judged] / due[judged] - 1).max()
    bound = error_bound(captured, temperature)
    assert bound / 4 < worst < bound + 5e-6  # what float32 itself rounds


def test_a_bound_beyond_all_numbers_is_told_in_words(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(tmp_path, weights_of(0).astype(np.float16))
    for temperature in ("1e-3", "1e-9"):
        assert "what if, to 100 % and more" in printed(path, capsys, "--temperature", temperature)


async def test_of_heads_put_together_the_head_that_was_counted_is_named(tmp_path: Path) -> None:
    path = saved(tmp_path, weights_of(0).astype(np.float16))
    async with explorer(f"--file {path} --head 1 --temperature 2 --over mean", size=(200, 40)) as hands:
        assert "what if of head 1, to 0.049 %" in hands.truth
    async with explorer(f"--file {path} --head 1 --pin '--file {path} --temperature 2'", size=WIDE) as hands:
        await hands.press("P", "P")
        assert "A: what if, to 0.049 %" in hands.truth
