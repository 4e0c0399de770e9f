"""attn-tui print: text, JSON, CSV and SVG, each against the arrays that it reports."""

from __future__ import annotations

import csv
import io
import json
import math
import re
import shlex
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal
from rich.segment import Segment

from attn_engine import Experiment, head_kinds, head_scores, measure, measures, run, save_capture
from attn_tui.cli import main, print_parser
from attn_tui.options import OptionError, read_options, split
from attn_tui.pictures.cells import plain, width_of
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.truth import truth_lines
from attn_tui.report import csv_text, figures, report, svg_text
from attn_tui.saving import FORMS, check_name
from attn_tui.scene import Scene
from attn_tui.view import STAGES
from tests.drawing import brief, scene_of, scene_with

pytestmark = pytest.mark.usefixtures("plain_environment")

STARTS = [
    "",
    "--mask causal --layer 0 --head 5",
    "--source random --queries 5 --keys 7 --heads 3 --head-dim 4 --mask 'k > q' --normaliser softmax1",
    "--source repeat --queries 3 --keys 3 --heads 1 --temperature 0.5 --score-mod alibi --scale none",
    "--source random --mask false --queries 3 --keys 3",
]


def printed(capsys: pytest.CaptureFixture[str], options: str) -> str:
    """What a run of print leaves on standard output."""
    assert main(["print", *shlex.split(options)]) == 0
    out, errors = capsys.readouterr()
    assert errors == ""
    return out


# Text


def test_what_matters_and_does_not_fit_the_line_stands_below(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = [f"a rather long token, number {at}" for at in range(3)]
    path = save_capture(tmp_path / "c.npz", np.full((2, 2, 5, 5), 0.3, np.float16), tokens=tokens)
    for width in (30, 60, 100):
        lines = printed(capsys, f"{path} --temperature 2 --width {width}").split("\n")
        assert all(width_of([Segment(line)]) <= width for line in lines[2:])  # the title and the command stay whole
        text = " ".join(" ".join(lines).split())
        for said in ("3 tokens for 5 queries; 3 tokens for 5 keys", "what if", "nats"):
            assert said in text, width


def test_of_a_file_it_is_said_which_set_batch_item_and_heads_are_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arrays = {
        f"{name}_attentions.{layer}": np.full((3, 2, 4, 4), 0.25) for name in ("encoder", "cross") for layer in (0, 1)
    }
    path = save_capture(tmp_path / "c.npz", extra=arrays)
    first = printed(capsys, f"{path} --set cross --batch 2 --layer 1").split("\n")[0]
    assert first.endswith("c.npz, cross, batch item 2, layer 1, head 0 of 2")
    first = printed(capsys, f"{path} --over mean --over-layers all").split("\n")[0]
    assert "mean of 2 heads in 2 layers" in first
    assert first.endswith("c.npz, encoder, batch item 0")


def test_the_commands_of_the_documentation_print_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("before.npz", "after.npz")):
        weights = np.random.default_rng(seed).dirichlet(np.ones(5), size=(4, 6, 5)).astype(np.float32)
        save_capture(name, weights, tokens=["[CLS]", "a", "b", "c", "[SEP]"])
    docs = (Path(__file__).parents[1] / "docs" / "captures.md").read_text(encoding="utf-8")
    commands = re.findall(r"^attn-tui print (.*)$", docs, re.MULTILINE)
    texts = [printed(capsys, options) for options in commands]
    assert len(texts) == 4
    for text in texts[:2]:
        assert text.startswith("A − B")
        assert "Most changed" in text
    assert "softmax(ln p/0.7 + mask)·V" in texts[2]
    assert texts[3].splitlines()[0] == "query,a,b,c"


def test_a_pinned_picture_may_begin_with_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = save_capture(tmp_path / "c.npz", np.full((2, 2, 5, 5), 0.2))
    options = [printed(capsys, f"{path} --pin '{start}{path} --layer 1' --compare a-b") for start in ("", "--file ")]
    assert options[0] == options[1]
    assert options[0].startswith("A − B")


def test_the_report_of_a_small_picture(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--source random --queries 3 --keys 3 --heads 2 --mask causal --cursor 2,0 --zoom cells --width 40"
    picture, likeness = printed(capsys, options).rsplit("\n likeness ")
    assert re.fullmatch(r"0\.\d\d   random heads 0\.\d\d\n", likeness)
    assert (
        picture
        == """\
Weights · each row to its maximum   softmax(QKᵀ/√d_k + mask)·V   random, head 1 of 2
attn-tui --source random --queries 3 --keys 3 --heads 2 --mask causal --zoom cells --cursor 2,0

  0 1 2
0 ██╱╱╱╱
1 ██▒▒╱╱
2 []░░··
0.000 ··░░▓▓██ 0.726  ╱╱ masked


Top keys of 2
0  0.726 █████████████████████████  0.73

looking at 0              receives 2.365
0  1.000 ███████████████████████████████
2  0.726 ██████████████████████▌

 2 → 0   weight 0.726
 entropy 0.74 of 1.10 nats"""
    )


@pytest.mark.parametrize("options", [*STARTS, "--pin '--mask causal' --compare a-b", "--stage mask --mask 'window(3)'"])
def test_the_command_in_the_report_prints_the_same_report(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, options)
    program, *words = split(text.splitlines()[1])
    assert program == "attn-tui"
    assert printed(capsys, shlex.join(words)) == text


@pytest.mark.parametrize("options", STARTS)
def test_the_report_says_what_the_line_of_truth_says(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, options)
    assert plain(truth_lines(scene_of(options), 100)) in text


@pytest.mark.parametrize(
    "options", ["", "--source random --queries 300 --keys 500 --heads 1", "--head 5 --stage scores"]
)
@pytest.mark.parametrize("width", [20, 60, 200])
def test_the_picture_is_as_wide_as_is_asked_for(options: str, width: int, capsys: pytest.CaptureFixture[str]) -> None:
    picture = printed(capsys, f"{options} --width {width}").split("\n\n")[1]
    assert max(map(len, picture.splitlines())) <= width


LARGE = "--source random --queries 2000 --keys 1000 --heads 1 --head-dim 2"


def picture_lines(text: str) -> int:
    """How many lines the picture in a report takes, from its labels to its colour bar."""
    return len(text.split("\n\n", 1)[1].split("\n\nTop keys", maxsplit=1)[0].splitlines())


@pytest.mark.parametrize(("height", "most"), [("", 24), ("--height 8", 8), ("--height 60", 60)])
def test_a_large_picture_is_printed_whole_in_blocks(height: str, most: int, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, f"{LARGE} {height}")
    (block,) = re.findall(r"blocks of (\d+), max$", text, re.MULTILINE)
    assert int(block) * 2 * (most - 2) >= 2000  # labels and colour bar beside rows of two blocks
    assert most - 4 <= picture_lines(text) <= most


def test_a_sentence_is_printed_with_every_token_in_about_twenty_lines(capsys: pytest.CaptureFixture[str]) -> None:
    assert picture_lines(printed(capsys, "")) == 24


def test_cells_of_a_chosen_size_are_all_printed_or_as_many_as_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    options = "--source random --queries 50 --zoom cells"
    assert picture_lines(printed(capsys, options)) == 52
    assert picture_lines(printed(capsys, f"{options} --height 12")) == 12
    assert "\n40 " in printed(capsys, f"{options} --height 12 --cursor 40,0")


def test_a_height_that_cannot_be_is_refused() -> None:
    with pytest.raises(OptionError, match=r"--height: '5' is not a whole number from 6 to 1,000"):
        print_parser().parse_args(["--height", "5"])


def test_what_was_typed_is_shown_and_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["print", "--search", "\x1b]0;x\x07"]) == 0
    assert capsys.readouterr().out.splitlines()[1] == "attn-tui --search '␛]0;x␇'"


# The keys that one query reads


def test_the_keys_of_one_query(capsys: pytest.CaptureFixture[str]) -> None:
    assert (
        printed(capsys, "--query 10 --top 4")
        == """\
query 10 "it" of sample, layer 3, head 1 of 12: entropy 1.264 nats
      2  0.6768  0.6768  animal
      0  0.1016  0.7785  [CLS]
     10  0.0644  0.8429  it
      8  0.0502  0.8931  street
"""
    )


@brief
@given(st.integers(0, 19), st.integers(1, 30), st.sampled_from(["full", "causal", "k > q"]))
def test_the_keys_of_a_query_are_those_it_may_see_heaviest_first(query: int, top: int, mask: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        out = io.StringIO()
        patch.setattr("sys.stdout", out)
        assert main(["print", "--source", "random", "--mask", mask, "--query", str(query), "--top", str(top)]) == 0
    heading, *lines = out.getvalue().splitlines()
    row = run(Experiment(source="random", mask=mask)).weights[1, query]
    seen = [key for key in range(20) if mask == "full" or (key <= query if mask == "causal" else key > query)]
    order = sorted(seen, key=lambda key: -row[key])[:top]
    found = [line.split() for line in lines]
    assert [int(key) for key, _, _ in found] == order
    assert_allclose([float(weight) for _, weight, _ in found], row[order], atol=6e-5)
    assert_allclose([float(total) for _, _, total in found], np.cumsum(row[order]), atol=6e-5)
    entropy = -sum(p * math.log(p) for p in row.tolist() if p > 0)
    assert heading.startswith(f"query {query} of random, head 1 of 4: ")
    assert (
        heading.endswith("sees nothing") if not seen else float(heading.split()[-2]) == pytest.approx(entropy, abs=1e-3)
    )


def test_ten_keys_are_shown_where_no_number_is_given(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(printed(capsys, "--query 3").splitlines()) == 11


# JSON

KEYS = {
    *("command", "experiment", "layer", "head", "shape", "query_tokens", "key_tokens", "scale", "mask"),
    *("mask_density", "scores", "scaled", "modified", "weights", "output", "weight_received", "rows", "heads"),
    *("queries_counted", "kinds", "similarity", "findings"),
}


@pytest.mark.parametrize("options", STARTS)
def test_json_has_every_number_to_its_precision(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, f"{options} --json"), parse_constant=pytest.fail)
    session = read_options(shlex.split(options))
    attention, head = run(session.experiment), found["head"]
    assert set(found) == KEYS
    assert Experiment(**found["experiment"]) == session.experiment
    for name in ("scores", "scaled", "modified", "weights", "output"):
        exact = getattr(attention, name)[head]
        read = np.array(found[name], dtype=np.float64)
        assert_allclose(read, exact, rtol=1e-7)
        assert read.shape == exact.shape
    assert_array_equal(np.array(found["mask"]), attention.mask_of(head))
    assert found["mask_density"] == np.mean(found["mask"])
    assert_allclose(found["weight_received"], attention.weights[head].sum(axis=0), rtol=1e-6)
    assert found["scale"] == attention.scale
    assert list(found["shape"].values())[1:] == [*attention.weights.shape, attention.query.shape[-1]]
    assert read_options(split(found["command"])[1:]) == session


@pytest.mark.parametrize("options", STARTS)
def test_json_measures_every_query_and_every_head(options: str) -> None:
    scene = scene_of(options)
    found, per_row = figures(scene), measure(scene.attention)
    assert set(found["rows"]) == set(found["heads"]) == set(measures.MEASURES)
    for name in measures.MEASURES:
        for read, exact in (
            (found["rows"][name], getattr(per_row, name)[scene.head]),
            (found["heads"][name], per_row.by_head(name)),
        ):
            assert [number is None for number in read] == np.isnan(exact).tolist()
            assert_allclose([math.nan if number is None else number for number in read], exact, rtol=1e-7)
    assert np.array(found["similarity"]["pairs"]).shape == (scene.attention.num_heads,) * 2
    assert [each["query"] for each in found["findings"]] == [each.query for each in scene.findings]


@pytest.mark.parametrize("options", STARTS)
def test_json_says_what_every_head_is(options: str) -> None:
    scene = scene_of(options)
    found, inputs, attention = figures(scene)["kinds"], scene.inputs, scene.attention
    kinds = head_kinds(attention, inputs.query_tokens, inputs.key_tokens)
    assert found["names"] == [kind.name for kind in kinds]
    assert_allclose(_or_nan(found["scores"]), [kind.score for kind in kinds], rtol=1e-7)
    scores = head_scores(attention.weights, inputs.query_tokens, inputs.key_tokens, attention.positions)
    assert found["detection"].keys() == scores.keys()
    for name, exact in scores.items():
        assert_allclose(_or_nan(found["detection"][name]), exact, rtol=1e-7)


def _or_nan(numbers: list[float | None]) -> list[float]:
    return [math.nan if number is None else number for number in numbers]


def test_json_names_the_tokens_where_there_are_any(capsys: pytest.CaptureFixture[str]) -> None:
    found = json.loads(printed(capsys, "--json"))
    assert found["key_tokens"][:3] == ["[CLS]", "the", "animal"]
    assert found["shape"] == {"layers": 6, "heads": 12, "queries": 16, "keys": 16, "head_dim": 32}
    assert (found["layer"], found["head"]) == (3, 1)
    assert found["similarity"]["random_heads"] == pytest.approx(0.22, abs=0.02)
    assert json.loads(printed(capsys, "--source random --json"))["key_tokens"] is None


def test_json_has_null_for_what_is_not_a_number() -> None:
    found = figures(scene_with([[math.nan, 1.0], [0.5, 0.5]], options="--source random"))
    assert found["weights"] == [[None, 1.0], [0.5, 0.5]]
    assert [each["query"] for each in found["findings"]] == [0]
    json.dumps(found, allow_nan=False)


def test_json_can_be_had_of_rules_that_random_heads_cannot_follow() -> None:
    scene = scene_of("--source random --queries 1 --keys 1 --heads 4 --score-mod 'log(s + 0.7)'")
    assert figures(scene)["similarity"]["random_heads"] is None


def test_json_is_the_pinned_picture_where_that_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    pinned = "--source random --pin '--source random --mask causal --head 3' --compare a"
    found = json.loads(printed(capsys, f"{pinned} --json"))
    assert (found["experiment"]["mask"], found["head"]) == ("causal", 3)


# CSV


def table(scene: Scene) -> tuple[list[str], list[str], list[list[str]]]:
    """The labels of the columns and of the rows, and the cells between them."""
    header, *rows = csv.reader(io.StringIO(csv_text(scene)))
    assert header[0] == "query"
    return header[1:], [row[0] for row in rows], [row[1:] for row in rows]


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("options", STARTS)
def test_csv_is_the_picture_with_masked_cells_empty(options: str, stage: str) -> None:
    scene = scene_of(f"{options} --stage {stage}")
    columns, rows, found = table(scene)
    assert (tuple(columns), tuple(rows)) == (scene.key_labels, scene.query_labels)
    numbers = np.array([[float(text or "nan") for text in row] for row in found])
    assert_allclose(numbers, np.where(scene.mask, scene.matrix, math.nan), rtol=1e-7)


def test_csv_quotes_tokens_that_need_it_and_lets_none_out() -> None:
    tokens = ('a,"b"', "\x1b[31m", "=1+1", "new\nline")
    columns, rows, _ = table(scene_with(np.eye(4), query_tokens=tokens, key_tokens=tokens))
    assert columns == rows == ['a,"b"', "␛[31m", "=1+1", "new␊line"]


def test_csv_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, "--source random --queries 2 --keys 2 --heads 1 --mask causal --csv")
    assert re.fullmatch(r"query,0,1\n0,1,\n1,0\.\d{6,},0\.\d{6,}\n", text)


# SVG


@pytest.mark.parametrize("options", [*STARTS, "--theme light --palette grey", "--width 20"])
def test_svg_is_a_picture_on_its_own(options: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(capsys, f"{options} --svg")
    root = ElementTree.fromstring(text)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert set(re.findall(r"https?://[^\s\"'<]+", text)) <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert not names & {"script", "image", "a", "use", "foreignObject", "link"}
    assert not [name for element in root.iter() for name in element.attrib if name.startswith("on") or "href" in name]
    assert "url(http" not in text
    assert "@import" not in text


def svg_words(text: str) -> str:
    """The text of an SVG in reading order."""
    found: Any = ElementTree.fromstring(text).iter("{http://www.w3.org/2000/svg}text")
    return " ".join(" ".join(element.itertext()) for element in found).replace("\xa0", " ")


def test_svg_shows_the_whole_report(capsys: pytest.CaptureFixture[str]) -> None:
    for width in (20, 100):
        words = svg_words(printed(capsys, f"--mask 'causal & (window(4) | sink(1))' --width {width} --svg"))
        for line in ("attn-tui --mask 'causal & (window(4) | sink(1))'", "masked", "[CLS]", "random heads"):
            assert line in " ".join(words.split())


def test_svg_has_colours_whatever_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = scene_of("", Tier.TRUECOLOR)
    coloured = svg_text(scene, 60)
    monkeypatch.setenv("NO_COLOR", "1")
    assert svg_text(scene, 60) == coloured
    assert len(set(re.findall(r'fill="(#[0-9a-f]{6})"', coloured))) > 10


# Files


@pytest.mark.parametrize("name", ["a.svg", "b.TXT", " c.csv ", "~/d.cmd"])
def test_a_files_ending_says_what_is_saved(name: str) -> None:
    assert check_name(name).suffix.lower() in FORMS
    assert "~" not in str(check_name(name))


@pytest.mark.parametrize("name", ["", "a", "a.png", ".svg", "svg"])
def test_a_name_without_a_known_ending_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(ValueError, match=r"has none of the endings \.svg, \.txt, \.csv, \.cmd"):
        check_name(name)


def test_two_reports_of_one_session_are_equal() -> None:
    assert svg_text(scene_of("", Tier.TRUECOLOR), 60) == svg_text(scene_of("", Tier.TRUECOLOR), 60)
    assert plain(report(scene_of(""), 60)) == plain(report(scene_of("", Tier.BASIC), 60))
