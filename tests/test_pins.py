"""A pinned picture that names no source is of the one on show; one of another source says which."""

from __future__ import annotations

import io
import json
import shlex
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import attn_tui
from attn_engine import FIRST, PRESETS, Experiment, run
from attn_tui.cli import explorer_parser, main
from attn_tui.opening import open_scene
from attn_tui.options import command, read_options, words_of
from attn_tui.pictures.heatmap import map_title
from attn_tui.pictures.ink import Tier
from attn_tui.scene import Scene
from attn_tui.view import Pinned, Session
from tests.hands import WIDE, explorer

pytestmark = pytest.mark.usefixtures("plain_environment")

LAYERS = np.random.default_rng(0).dirichlet(np.ones(5), size=(2, 2, 5)).astype(np.float32)
OTHER = np.random.default_rng(1).dirichlet(np.ones(5), size=(2, 2, 5)).astype(np.float32)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers, 3 and 7, of two heads."""
    return attn_tui.save(tmp_path_factory.mktemp("a pin") / "one.npz", list(LAYERS), layers=[3, 7])


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return attn_tui.save(tmp_path_factory.mktemp("pins") / "two.npz", list(OTHER), layers=[3, 7])


def options(path: Path, more: str = "") -> str:
    return f"--file {shlex.quote(str(path))} {more}"


def pinned(line: str) -> Pinned:
    found = read_options(shlex.split(line)).pinned
    assert found
    return found


def opened(line: str) -> Scene:
    return open_scene(read_options(shlex.split(line)), Tier.NONE)


# Of the same source


def test_beside_a_file_it_is_of_that_file(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(path), "--layer", "3", "--pin", "--layer 7 --head 1", "--compare"]
    assert main(["print", *words, "a"]) == 0
    assert f"{path}, layer 7, head 1 of 2" in capsys.readouterr().out
    assert main(["print", *words, "a-b", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["compared"]["difference"]
    np.testing.assert_allclose(found, LAYERS[1, 1] - LAYERS[0, 0], atol=1e-7)


def test_wherever_it_stands_among_the_options(path: Path) -> None:
    file, pin = options(path, "--head 1"), "--pin '--layer 7'"
    assert read_options(shlex.split(f"{pin} {file}")) == read_options(shlex.split(f"{file} {pin}"))
    assert pinned(f"{pin} {file}") == Pinned(Experiment(source="file", file=str(path), layer=7), 0)


def test_only_the_source_is_taken_over_from_what_is_on_show(path: Path) -> None:
    shown = options(path, "--layer 7 --head 1 --mask causal --temperature 2 --score-mod alibi")
    assert pinned(f"{shown} --pin ''") == Pinned(Experiment(source="file", file=str(path), layer=FIRST), 0)
    assert pinned("--mask causal --layer 0 --head 5 --pin ''") == Pinned(Experiment(), 1)


def test_the_set_the_batch_item_and_the_tokens_are_of_the_source(path: Path, tmp_path: Path) -> None:
    (tmp_path / "t.txt").write_text("the\ncat\nsat\non\nit\n")
    shown = options(path, f"--tokens {shlex.quote(str(tmp_path / 't.txt'))}")
    scene = opened(f"{shown} --pin '--layer 7' --compare a")
    assert scene.key_labels == ("the", "cat", "sat", "on", "it")
    one = pinned(options(path, "--set cross --batch 2 --pin ''")).experiment
    assert (one.capture_set, one.batch_item) == ("cross", 2)
    two = pinned(options(path, "--set cross --batch 2 --pin '--set decoder --batch 0'")).experiment
    assert (two.file, two.capture_set, two.batch_item) == (str(path), "decoder", 0)


def test_beside_a_made_source_it_is_of_the_same_draw() -> None:
    made = "--source random --queries 7 --keys 9 --heads 2 --head-dim 8 --seed 3"
    scene = opened(f"{made} --temperature 2 --pin '--mask causal --head 1' --compare a")
    drawn = Experiment(source="random", query_length=7, key_length=9, num_heads=2, head_dim=8, seed=3)
    np.testing.assert_array_equal(scene.matrix, run(replace(drawn, mask="causal")).weights[1])
    assert pinned(f"{made} --pin '--seed 4'").experiment == replace(drawn, seed=4)


def test_beside_a_system_it_is_that_system_with_its_mask() -> None:
    found = pinned("--preset gpt --mask full --pin '--temperature 2'")
    expected = Experiment(source="preset", preset="gpt", mask=PRESETS["gpt"].mask, temperature=2)
    assert found == Pinned(expected, 0)


def test_from_python_it_is_of_the_same_arrays() -> None:
    out = io.StringIO()
    attn_tui.print(list(LAYERS), pin="--layer 1", compare="a-b", json=True, file=out)
    found = json.loads(out.getvalue())
    np.testing.assert_allclose(found["compared"]["difference"], LAYERS[1, 0] - LAYERS[0, 0], atol=1e-7)
    assert found["command"] == "attn-tui --file attention.npz --compare a-b '--pin=--layer 1'"


async def test_typed_in_the_explorer_it_is_of_the_file_that_is_open(path: Path) -> None:
    async with explorer(options(path), size=WIDE) as hands:
        await hands.press(":", "type pin --layer 7", "enter", ":", "type compare a-b", "enter")
        np.testing.assert_allclose(hands.app.scene.matrix, LAYERS[1, 0] - LAYERS[0, 0], atol=1e-7)


# Of another


@pytest.mark.parametrize("pin", ["--source sample", "--source random", "--preset vit", "--source clusters --heads 2"])
def test_one_that_names_a_source_is_what_it_is_alone(path: Path, pin: str) -> None:
    alone = read_options(shlex.split(pin))
    expected = Pinned(alone.experiment, alone.view.head)
    for shown in (options(path, "--layer 7"), "--source random --queries 7", "--preset gpt", ""):
        assert pinned(f"{shown} --pin {shlex.quote(pin)}") == expected


def test_another_file_is_named_first_or_as_an_option(path: Path, other: Path) -> None:
    for start in ("", "--file "):
        pin = shlex.quote(f"{start}{shlex.quote(str(other))} --layer 7")
        scene = opened(options(path, f"--layer 7 --pin {pin} --compare a-b"))
        np.testing.assert_allclose(scene.matrix, OTHER[1, 0] - LAYERS[1, 0], atol=1e-7)


# What it is


@pytest.mark.parametrize(
    ("shown", "pin", "told"),
    [
        ("--layer 3 --head 0", "--layer 7 --head 1", "A: layer 7, head 1 · "),
        ("--layer 3 --head 1", "--layer 3", "A: head 0 · "),
        ("--layer 7", "--layer 3", "A: layer 3 · "),
        ("--layer 7", "--layer 7 --mask causal", ""),
        ("--layer 7", "OTHER --layer 3", "A: two.npz, layer 3 · "),
        ("--layer 7", "SAME --layer 7", "A: SAME · "),
        ("--layer 7", "--source random --queries 5 --keys 5 --head 2", "A: random, head 2 · "),
        ("--layer 7 --over mean", "--layer 3 --head 1", "A: layer 3 · "),
        ("--layer 7 --over mean --over-layers all", "OTHER --layer 3 --head 1", "A: two.npz · "),
    ],
)
def test_the_title_says_what_a_is_where_it_is_not_what_b_is(
    path: Path, other: Path, tmp_path: Path, *, shown: str, pin: str, told: str
) -> None:
    same = attn_tui.save(tmp_path / path.name, list(OTHER), layers=[3, 7])
    pin, told = (text.replace("OTHER", str(other)).replace("SAME", str(same)) for text in (pin, told))
    title = map_title(opened(options(path, f"{shown} --pin {shlex.quote(pin)} --compare a-b")))
    assert title.startswith("A − B: weights · ")
    assert title.endswith(f" · {told}each row to its maximum")
    assert title.count("A: ") == bool(told)


def test_of_a_and_of_b_alone_the_title_says_nothing_of_the_other(path: Path) -> None:
    for compare in ("a", "b"):
        assert "A: " not in map_title(opened(options(path, f"--layer 3 --pin '--layer 7' --compare {compare}")))


def test_batch_items_and_sets_are_told_apart(tmp_path: Path) -> None:
    arrays = {f"{name}_attentions.0": np.full((3, 2, 5, 5), 0.2) for name in ("encoder", "cross")}
    path = attn_tui.save(tmp_path / "c.npz", arrays)
    pin = "--pin '--set encoder --batch 1 --head 1' --compare a-b"
    assert " · A: encoder, batch item 1, head 1 · " in map_title(opened(options(path, f"--set cross --batch 2 {pin}")))


def test_the_first_line_of_a_report_says_what_a_and_b_are(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [str(path), "--layer", "3", "--pin", "--layer 7 --head 1", "--compare", "a-b"]
    assert main(["print", *words]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith("A − B: weights · A: layer 7, head 1 · ")
    assert first.endswith("layer 3, head 0 of 2")


# There and back


def test_a_command_names_the_source_of_the_pinned_picture_only_where_it_is_another(path: Path, other: Path) -> None:
    file = Experiment(source="file", file="run.npz", layer=FIRST)
    beside_it = {
        Pinned(replace(file, layer=7), 1): "--layer 7 --head 1",
        Pinned(file, 0): "",
        Pinned(replace(file, file="b.npz"), 0): "--file b.npz",
        Pinned(Experiment(), 1): "--source sample",
        Pinned(Experiment(source="random", seed=3), 1): "--source random --seed 3",
        Pinned(Experiment(source="preset", preset="vit"), 0): "--preset vit",
    }
    for pin, words in beside_it.items():
        session = replace(read_options(["--file", "run.npz"]), pinned=pin)
        assert words_of(session) == ["--file", "run.npz", f"--pin={words}"]
        assert read_options(words_of(session)) == session


@pytest.mark.parametrize(
    ("start", "then"),
    [("FILE", ""), ("FILE", "source sample"), ("FILE", "source random"), ("FILE", "file OTHER"), ("FILE", "preset gpt"),
     ("", "file OTHER"), ("--source random --queries 5 --keys 5", "file FILE"), ("--preset vit", "file FILE"),
     ("FILE --layer 7 --head 1", "layer 3"), ("--source random", "queries 7"), ("--source random", "seed 7")],
)  # fmt: skip
async def test_what_was_pinned_before_the_source_changed_is_what_its_command_opens(
    path: Path, other: Path, start: str, then: str
) -> None:
    def named(text: str) -> str:
        return text.replace("FILE", shlex.quote(str(path))).replace("OTHER", shlex.quote(str(other)))

    async with explorer(f"--file {named(start)}" if start.startswith("FILE") else start, size=WIDE) as hands:
        await hands.press("1", "p", *([":", f"type {named(then)}", "enter"] if then else []), "1", "P", "y")
        shown, (line,) = hands.app.scene, hands.app.commands
        assert shown.title.startswith("A, pinned")
        again = open_scene(read_options(shlex.split(line)[1:]), Tier.NONE)
        np.testing.assert_array_equal(again.matrix, shown.matrix)
        beneath = [replace(each, view=replace(each.view, compare="b")) for each in (again.session, hands.session)]
        one, two = (open_scene(each, Tier.NONE) for each in beneath)
        np.testing.assert_array_equal(one.matrix, two.matrix)


def test_a_name_with_spaces_is_quoted_within_the_quotation(path: Path) -> None:
    session = Session(pinned=Pinned(Experiment(source="file", file="a b's.npz", layer=FIRST), 0))
    assert read_options(shlex.split(command(session))[1:]) == session


def test_help_says_so() -> None:
    told = " ".join(explorer_parser().format_help().split())
    assert "[FILE] [OPTIONS]; where they name no source, of the one that is shown" in told
