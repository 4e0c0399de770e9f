"""What is remembered of an attention goes with it: looking through a large file does not fill the memory."""

from __future__ import annotations

import gc
from pathlib import Path
from weakref import ref

import numpy as np
import pytest

from attn_engine import Attention, attend
from attn_engine.pipeline import LARGE, Stage
from attn_tui.remembering import remembered
from tests.hands import explorer

pytestmark = pytest.mark.usefixtures("plain_environment")

HEADS, LENGTH = 6, 1024


def small() -> Attention:
    return attend(*np.random.default_rng(0).standard_normal((3, 2, 3, 4)))


def test_a_result_is_remembered_by_its_attention_and_arguments() -> None:
    asked: list[tuple[str, bool]] = []

    @remembered
    def answer(attention: Attention, name: str, *, loud: bool = False) -> int:
        asked.append((name, loud))
        return len(asked)

    one, other = small(), small()
    assert [answer(one, "a"), answer(one, "a"), answer(one, "b"), answer(one, "a", loud=True)] == [1, 1, 2, 3]
    assert [answer(other, "a"), answer(one, "a")] == [4, 1]


def test_what_is_remembered_does_not_keep_the_attention() -> None:
    answer = remembered(lambda attention: attention.num_heads)
    attention = small()
    assert answer(attention) == 2
    gone = ref(attention)
    del attention
    gc.collect()
    assert gone() is None


def test_a_stage_keeps_fewer_results_where_they_are_large() -> None:
    asked: list[int] = []
    stage = Stage(lambda size: asked.append(size) or np.zeros(size, dtype=np.uint8), keep=4)  # type: ignore[func-returns-value]
    for sizes, again in (((1, 2, 3, 4, 1), 0), ((LARGE, LARGE + 1, LARGE + 2, LARGE), 1), ((LARGE + 2, LARGE), 0)):
        asked.clear()
        for size in sizes:
            stage(size)
        assert len(asked) - len(set(asked)) == again


async def test_of_the_heads_of_a_large_file_that_were_looked_at_few_stay_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    np.save(path, np.full((2, HEADS, LENGTH, LENGTH), 1 / LENGTH, dtype=np.float16))
    async with explorer(f"--file {path} --layer 0 --head 0") as hands:
        for _ in range(HEADS - 1):
            await hands.press("]")
        assert hands.session.view.head == HEADS - 1
        await hands.press("2", "1", "}")
        gc.collect()
        held = [each for each in gc.get_objects() if isinstance(each, Attention) and each.key_length == LENGTH]
    assert 1 <= len(held) <= 4
