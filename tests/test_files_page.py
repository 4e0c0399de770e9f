"""Files of real attention in the explorer: opened, looked through, asked what if; and bad ones."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from attn_engine import FIRST, Experiment, inputs_of, run, save_capture
from tests.hands import WIDE, explorer
from tests.test_cli import program

pytestmark = pytest.mark.usefixtures("plain_environment")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample's weights in half precision, with its tokens."""
    weights = np.stack([run(Experiment(layer=layer)).weights for layer in range(6)]).astype(np.float16)
    path = tmp_path_factory.mktemp("files") / "run.npz"
    return save_capture(path, weights, tokens=inputs_of(Experiment()).key_tokens)


def options(path: Path, more: str = "") -> str:
    return f"--file {shlex.quote(str(path))} {more}"


async def test_a_file_is_opened_at_its_first_layer_and_head_with_its_tokens(sample: Path) -> None:
    async with explorer(options(sample), size=WIDE) as hands:
        assert "layer 0  head 0  of 6 × 12" in hands.screen
        assert "[CLS] → [CLS]" in hands.truth
        assert "run.npz" in hands.screen
        assert "weights as in the file" in hands.screen
        await hands.press("}", "}", "}", "]")
        assert "layer 3  head 1  of 6 × 12" in hands.screen
        assert (hands.session.experiment.layer, hands.session.view.head) == (3, 1)


async def test_a_file_tells_the_sentence_that_it_is_known_for(sample: Path) -> None:
    async with explorer(options(sample, "--layer 3 --head 1 --cursor 10,2"), size=WIDE) as hands:
        assert "it → animal" in hands.truth
        assert "weight 0.677" in hands.truth


async def test_what_if_says_how_good_it_is_and_is_left_by_undo(sample: Path) -> None:
    async with explorer(options(sample, "--layer 3 --head 1 --cursor 10,2"), size=WIDE) as hands:
        await hands.press("t", ".", ".")
        assert "what if, to 0.081 %" in hands.truth
        assert "softmax(ln p/1.2)·V" in hands.screen
        await hands.press("u", "u")
        assert "what if" not in hands.truth


@pytest.mark.parametrize("key", ["s", "o", "R"])
async def test_knobs_that_need_query_and_key_say_so(sample: Path, key: str) -> None:
    async with explorer(options(sample), size=WIDE) as hands:
        before = hands.session
        await hands.press(key, ".")
        assert "needs query and key, and the file's weights are shown" in hands.truth
        assert hands.session == before


async def test_one_cell_is_explained_by_what_the_file_holds(sample: Path) -> None:
    async with explorer(options(sample), size=WIDE) as hands:
        await hands.press("enter")
        assert "as it is in the file" in hands.screen
        await hands.press("escape", "t", ".", "t", "enter")
        assert "ln p" in hands.screen
        assert "over the temperature" in hands.screen


async def test_a_file_is_opened_from_the_command_line_of_the_explorer(sample: Path) -> None:
    async with explorer("", size=WIDE) as hands:
        await hands.press(":", f"type file {shlex.quote(str(sample))}", "enter")
        assert "layer 0  head 0  of 6 × 12" in hands.screen
        await hands.press(":", "type file /nowhere/at/all.npz", "enter")
        assert "No such file" in hands.truth
        await hands.press("escape")
        assert hands.session.experiment.file == str(sample)


async def test_a_file_that_changed_is_told_of(tmp_path: Path) -> None:
    path = save_capture(tmp_path / "run.npz", np.full((2, 3, 4, 4), 0.25, dtype=np.float32))
    async with explorer(options(path), size=WIDE) as hands:
        assert "on disk" not in hands.truth
        save_capture(path, np.full((1, 1, 2, 2), 0.5, dtype=np.float32))
        await hands.press("right")
        assert "the file was replaced on disk" in hands.truth
        assert "of 2 × 3" in hands.screen


async def test_of_a_large_layer_the_head_on_show_has_its_number(tmp_path: Path) -> None:
    path = tmp_path / "large.npy"
    weights = np.zeros((2, 6, 900, 900), dtype=np.float16)
    weights[:, np.arange(6), :, np.arange(6)] = 1  # head h looks at key h
    np.save(path, weights)
    async with explorer(options(path, "--head 4"), size=WIDE) as hands:
        assert "layer 0  head 4  of 2 × 6" in hands.screen
        assert "one at a time" in hands.screen
        await hands.press("]", "end")
        assert "head 5" in hands.screen
        assert hands.app.scene.weights[0, 5] == 1
        await hands.press("]")
        assert "heads are 0 … 5" in hands.truth
        await hands.press("2")
        assert "head 5" in hands.screen


def test_nothing_in_a_file_is_obeyed(tmp_path: Path) -> None:
    tokens = ["\x1b[31mred", "[bold]x[/]", "\x07", "a\u202eb"]
    path = save_capture(tmp_path / "odd.npz", np.full((1, 1, 4, 4), 0.25, dtype=np.float32), tokens=tokens)
    printed = program("print", str(path)).stdout + program("info", str(path)).stdout
    assert "[bold]x[/]" in printed
    assert not {"\x1b", "\x07", "\u202e"} & set(printed)


def test_print_and_info_without_a_screen(sample: Path) -> None:
    printed = program("print", str(sample), "--layer", "3", "--head", "1", "--query", "10", "--top", "2").stdout
    assert "animal" in printed
    told = program("info", str(sample)).stdout
    assert "6 layers × 12 heads, 16 × 16, float16" in told
    assert "[CLS] the animal" in told


@pytest.mark.parametrize(
    ("content", "status", "said"),
    [
        (b"", 65, "empty"),
        (b"<!DOCTYPE html><html>", 65, "HTML"),
        (b"version https://git-lfs.github.com/spec/v1\n", 65, "LFS"),
        (b"\x93NUMPY\x01\x00", 65, ""),
        (b"PK\x03\x04", 65, ""),
    ],
)
def test_bad_files_get_one_line_with_the_name(tmp_path: Path, content: bytes, status: int, said: str) -> None:
    path = tmp_path / "bad\x1b.npy"
    path.write_bytes(content)
    for words in (("print",), ("info",), ()):
        ended = program(*words, str(path))
        (line,) = ended.stderr.splitlines()
        if words:
            assert ended.returncode == status
            assert said in line
            assert "bad" in line
        assert "\x1b" not in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_file_that_is_not_there_ends_with_66(tmp_path: Path) -> None:
    assert program("print", str(tmp_path / "none.npy")).returncode == 66
    assert program("info", str(tmp_path)).returncode == 66


def test_options_beside_a_file_are_checked(sample: Path) -> None:
    for words, said in ((("--layer", "6"), "--layer"), (("--head", "12"), "--head"), (("--batch", "1"), "--batch")):
        ended = program("print", str(sample), *words)
        assert ended.returncode == 2
        assert ended.stderr.startswith(f"attn-tui: {said}")


def test_a_session_on_a_file_is_copied_as_its_command(sample: Path) -> None:
    from attn_tui.options import read_options, words_of

    session = read_options([*shlex.split(options(sample)), "--layer", "3", "--mask", "causal"])
    assert read_options(words_of(session)) == session
    assert replace(session.experiment, mask="full", layer=FIRST) == read_options(["--file", str(sample)]).experiment


async def test_prompt_and_generated_part_are_told_apart(tmp_path: Path) -> None:
    shapes = ((3, 3), (1, 4), (1, 5))
    steps = [[np.full((1, 2, rows, keys), 1 / keys, dtype=np.float32)] for rows, keys in shapes]
    path = save_capture(tmp_path / "steps.npz", steps, tokens=["aa", "bb", "cc", "dd", "ee"])
    async with explorer(options(path, "--zoom cells"), size=WIDE) as hands:
        assert "prompt of 3, then generated" in hands.truth
        ink = hands.app.scene.ink
        strips = hands.app.panel("map")._strips
        styles = {segment.text.strip(): segment.style for strip in strips for segment in strip}
        assert styles["dd"] == styles["ee"] == ink.accent
        assert styles["bb"] == ink.dim
        assert "╱╱" in hands.screen


async def test_the_set_on_show_and_the_batch_item_are_told(tmp_path: Path) -> None:
    weights = np.full((2, 2, 3, 4, 4), 0.25, dtype=np.float32)
    path = save_capture(
        tmp_path / "sets.npz", extra={"encoder_attentions.0": weights[0], "cross_attentions.0": weights[1]}
    )
    async with explorer(options(path), size=WIDE) as hands:
        assert "a set of 2: E" in hands.truth
        assert "batch item 0 of 2" in hands.truth
