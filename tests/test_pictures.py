"""The pictures beside the map, as they are drawn: every number on them against the arrays it is said to be."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from itertools import takewhile
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from attn_engine import entries, measure, parse_normaliser
from attn_tui.actions import ACTIONS
from attn_tui.findings import findings
from attn_tui.layout import LEAST
from attn_tui.parameters import BY_FIELD, KNOBS
from attn_tui.pictures.cells import Lines, figure, fit, ordinal, plain, width_of
from attn_tui.pictures.explain import explain
from attn_tui.pictures.heads.gallery import gallery_shape, thumbnails
from attn_tui.pictures.heads.glance import head_at, heads_glance
from attn_tui.pictures.heads.likeness import likeness_text
from attn_tui.pictures.heads.page import heads_page
from attn_tui.pictures.help import help_lines, help_page, help_title, scrolled
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.keys import bar, keys_title, running_text, text_title, top_keys
from attn_tui.pictures.knobs import knob_at, knobs
from attn_tui.pictures.palettes import lightness
from attn_tui.pictures.truth import (
    formula,
    hints_line,
    page_at,
    title_line,
    too_small,
    truth_line,
)
from attn_tui.scene import Scene
from attn_tui.view import PAGES
from tests.drawing import brief, drawn, ink_of, quick, scene_of, scene_with

TOKENS = ("The", "cat", "日本", "\x1b[31m", "sat")
WEIGHTS = [
    [0.7, 0.2, 0.1, 0.0, 0.0],
    [0.1, 0.8, 0.1, 0.0, 0.0],
    [0.0, 0.3, 0.3, 0.4, 0.0],
    [0.0, 0.0, 0.1, 0.8, 0.1],
    [0.2, 0.2, 0.2, 0.2, 0.2],
]
SMALL = "--source random --queries 6 --keys 5 --head-dim 4 --heads 3"
widths, heights = st.integers(1, 90), st.integers(1, 40)


def texts(lines: Lines) -> list[str]:
    return plain(lines).split("\n")


def line_of(line: Any) -> str:
    return plain([line])


# Top keys


def test_the_top_keys_of_a_query_and_who_looks_at_the_cursors_key() -> None:
    scene = scene_with(WEIGHTS, options="--cursor 2,1", query_tokens=TOKENS, key_tokens=TOKENS)
    assert keys_title(scene) == 'Top keys of "日本"'
    assert (
        drawn(top_keys(scene, 36, 9))
        == """
3 ␛[31m  0.400 ███████████████  0.40
1 cat    0.300 ███████████▎     0.70
2 日本   0.300 ███████████▎     1.00

looking at "cat"      receives 1.500
1 cat   0.800 ██████████████████████
2 日本  0.300 ████████▎
0 The   0.200 █████▌
4 sat   0.200 █████▌
"""
    )


RANKED = re.compile(r"^\s*(?P<label>\d+)\s+(?P<weight>[01]\.\d{3})\s[█▏▎▍▌▋▊▉ ]*(?P<total>\d+\.\d\d)?$")


@quick
@given(st.integers(0, 19), st.integers(0, 19), st.integers(20, 60), st.integers(3, 30), st.booleans())
def test_keys_are_ranked_by_weight_with_their_running_sum(
    query: int, key: int, width: int, height: int, causal: bool
) -> None:
    mask = "causal" if causal else "full"
    scene = scene_of(f"--source random --cursor {query},{key} --mask {mask}")
    lines = texts(top_keys(scene, width, height))
    assert len(lines) <= height
    above = lines[: lines.index("")] if "" in lines else lines
    found = [match.groupdict() for match in map(RANKED.match, above) if match]
    assert len(found) == len(above)
    row = scene.weights[query]
    order = sorted((k for k in range(20) if row[k] > 0), key=lambda k: -row[k])
    assert [int(each["label"]) for each in found] == order[: len(found)]
    assert [float(each["weight"]) for each in found] == pytest.approx(row[order[: len(found)]], abs=5.1e-4)
    sums = [float(each["total"]) for each in found]
    assert sums == pytest.approx(np.cumsum(row[order])[: len(found)], abs=5.1e-3)


@quick
@given(st.integers(0, 19), st.integers(24, 60))
def test_those_who_look_at_a_key_are_ranked_and_its_weight_is_summed(key: int, width: int) -> None:
    scene = scene_of(f"--source random --cursor 19,{key} --mask causal")
    lines = texts(top_keys(scene, width, 30))
    title, *below = lines[lines.index("") + 1 :]
    assert title.startswith(f"looking at {key} ")
    assert title.endswith(figure(float(scene.weights[:, key].sum())))
    column = scene.weights[:, key]
    order = sorted((q for q in range(20) if column[q] > 0), key=lambda q: -column[q])
    assert [int(line.split()[0]) for line in below] == order[: len(below)]


def test_a_query_that_sees_nothing_and_a_key_that_nobody_looks_at_say_so() -> None:
    scene = scene_of("--source random --mask false")
    first, _, title, below = texts(top_keys(scene, 40, 9))
    assert (first, " ".join(title.split()), below) == (
        "sees nothing",
        "looking at 2 receives 0.000",
        "nobody looks here",
    )


@quick
@given(st.floats(0, 1), st.integers(0, 40))
def test_a_bar_is_as_long_as_its_share_to_an_eighth_of_a_cell(share: float, width: int) -> None:
    drawn_bar = bar(share, width)
    eighths = 8 * drawn_bar.count("█") + sum(" ▏▎▍▌▋▊▉".index(end) for end in drawn_bar.strip("█"))
    assert eighths == pytest.approx(share * width * 8, abs=0.5)
    assert len(drawn_bar) <= width


# Running text


def test_running_text_is_the_tokens_in_order_broken_between_words() -> None:
    scene = scene_of("")
    assert text_title(scene) == 'What "it" reads'
    assert (
        drawn(running_text(scene, 30, 8))
        == """
[CLS] the animal didn ' t
cross the street because it
was too tired . [SEP]
"""
    )


@brief
@given(st.integers(2, 60), st.integers(1, 9), st.integers(0, 199))
def test_running_text_stays_in_its_panel_and_shows_the_cursors_word(width: int, height: int, key: int) -> None:
    scene = scene_of(f"--source repeat --queries 2 --keys 200 --heads 1 --head-dim 2 --cursor 0,{key}", Tier.TRUECOLOR)
    lines = running_text(scene, width, height)
    assert len(lines) <= height
    assert all(width_of(line) <= width for line in lines)
    marked = [segment.text for line in lines for segment in line if segment.style and segment.style.underline]
    assert marked == [fit(scene.key_labels[key], min(len(scene.key_labels[key]), width - 1))]


def test_words_that_are_read_more_stand_on_lighter_ground() -> None:
    scene = scene_of("--source random --keys 12 --cursor 3,0", Tier.TRUECOLOR)
    words = [segment for line in running_text(scene, 40, 9) for segment in line if segment.text.strip()]
    grounds = {}
    for segment in words:
        assert segment.style is not None
        assert segment.style.bgcolor is not None
        red, green, blue = segment.style.bgcolor.get_truecolor()
        grounds[int(segment.text)] = lightness((red, green, blue))
    row = scene.weights[3]
    by_weight = sorted(grounds, key=lambda key: row[key])
    assert sorted(grounds.values()) == [grounds[key] for key in by_weight]
    assert len(grounds) == 12


@pytest.mark.parametrize("tier", Tier)
def test_masked_words_are_hatched_or_dim_and_as_wide_as_they_are(tier: Tier) -> None:
    mask = np.ones((5, 5), dtype=bool)
    mask[2, 2:] = False
    scene = scene_with(WEIGHTS, options="--cursor 2,0", mask=mask, query_tokens=TOKENS, key_tokens=TOKENS, tier=tier)
    shown = texts(running_text(scene, 40, 3))[0]
    assert cell_len(shown) == cell_len("The cat 日本 ␛[31m sat")
    hatched = [s.text for line in running_text(scene, 40, 3) for s in line if s.style == scene.ink.hatch]
    assert hatched == ["日本", "␛[31m", "sat"] if scene.ink.shaded else shown.endswith(" ╱╱╱╱ ╱╱╱╱╱ ╱╱╱")


# Parameters


def test_every_knob_has_a_line_with_its_key_and_value() -> None:
    assert (
        drawn(knobs(scene_of("--source random --mask causal"), 30, 20))
        == """
x source      random
Q queries     20
K keys        20
H heads       4
G key heads   all
d head dim    64
R rope        off
s scale       1/√d_k
t temperature 1
m mask        causal
b score mod   none
o normaliser  softmax
A alignment   left
r seed        0

v stage       weights
c colours     row
C palette     viridis
+ zoom        auto
"""
    )


def test_what_the_source_decides_is_said_to_be_fixed() -> None:
    shown = {line[0]: line[2:].split() for line in texts(knobs(scene_of(""), 30, 12))}
    assert shown["Q"] == ["queries", "16", "fixed"]
    assert shown["H"] == ["heads", "12", "fixed"]
    assert shown["d"] == ["head", "dim", "32", "fixed"]
    assert shown["r"] == ["seed", "–"]


def test_the_chosen_knob_says_what_it_does_and_what_is_possible() -> None:
    scene = scene_of("--source random", knob="temperature")
    text = " ".join(plain(knobs(scene, 34, 30)).split())
    row = BY_FIELD["temperature"]
    assert text.endswith(f"{row.help} possible: {row.possible} , less . more enter type")
    (chosen,) = [line for line in knobs(scene, 34, 30) if line and line[0].style == scene.ink.chosen]
    assert line_of(chosen).split() == ["t", "temperature", "1"]


@brief
@given(st.sampled_from(["", *(row.field for row in KNOBS if row.key)]), st.integers(16, 50), st.integers(1, 40))
def test_a_press_on_a_line_chooses_the_knob_that_stands_there(field: str, width: int, height: int) -> None:
    scene = scene_of("--source random", knob=field)
    lines = texts(knobs(scene, width, height))
    there = [knob_at(scene, y, height) for y in range(height)]
    for y, name in enumerate(there):
        if name:
            row = BY_FIELD[name]
            assert lines[y].split()[: len(row.name.split()) + 1] == [row.key, *row.name.split()]
    assert not field or field in there
    assert knob_at(scene, -1, height) == knob_at(scene, height, height) == ""


# The line of truth


@quick
@given(st.integers(0, 5), st.integers(0, 4), st.sampled_from(["full", "causal"]))
def test_the_line_of_truth_says_what_the_cursor_stands_on(query: int, key: int, mask: str) -> None:
    scene = scene_of(f"{SMALL} --cursor {query},{key} --mask {mask}")
    text = line_of(truth_line(scene, 200))
    attention, row = scene.attention, scene.weights[query]
    assert text.startswith(f" {query} → {key} ")
    assert f"q·k {attention.scores[1, query, key]:.1f} " in f"{text} " or "e-" in text
    seen = 5 if mask == "full" else min(query + 1, 5)
    rank = f"{ordinal(1 + int((row > row[key]).sum()))} of {seen}"
    if mask == "causal" and key > query:
        assert "masked: weight 0" in text
        assert rank not in text
    else:
        assert f"weight {row[key]:.3f} " in text
        assert rank in text
    entropy = -sum(p * math.log(p) for p in row.tolist() if p > 0)
    assert f"entropy {abs(entropy):.2f} of {math.log(seen):.2f} nats" in text
    assert text.endswith("all rows sum to 1")


@pytest.mark.parametrize(
    ("number", "text"),
    [(1, "1st"), (2, "2nd"), (3, "3rd"), (4, "4th"), (11, "11th"), (12, "12th"), (13, "13th"), (21, "21st"),
     (102, "102nd"), (111, "111th"), (1013, "1013th")],
)  # fmt: skip
def test_ordinals(number: int, text: str) -> None:
    assert ordinal(number) == text


@brief
@given(st.integers(1, 160), st.sampled_from(["", "--mask false", "--normaliser softmax1", "--source repeat"]))
def test_lines_have_exactly_their_width(width: int, options: str) -> None:
    scene = scene_of(options)
    for line in (truth_line(scene, width), title_line(scene, width), hints_line(scene, width)):
        assert width_of(line) == width
    message = replace(scene, message="one two three " * 20, trouble=True)
    assert width_of(truth_line(message, width)) == width


def test_what_matters_least_gives_way_first() -> None:
    scene = scene_of("")
    assert line_of(truth_line(scene, 78)) == (
        " it → animal   (10, 2)   q·k 21.7   weight 0.677   entropy 1.26 of 2.77 nats"
    )
    assert line_of(truth_line(scene, 30)) == " it → animal   weight 0.677"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("--source random --mask false", "this query sees nothing: its weights are zeros"),
        ("--source random --mask 'k > q' --cursor 3,2", "1 query unusual: !"),
        ("--source random --mask 'k > q' --keys 10", "this query sees nothing"),
        ("--source random --mask 'k > q' --keys 10 --cursor 3,2", "11 queries unusual: !"),
        ("--source random --normaliser sink_logit(9)", "this query has weights that sum to 0."),
        ("--source random --normaliser sparsemax", "all rows sum to 1"),
    ],
)
def test_whatever_is_unusual_is_said(options: str, said: str) -> None:
    assert said in line_of(truth_line(scene_of(options), 300))


def test_findings_name_every_unusual_query_once() -> None:
    weights = np.array([[1.0, 0, 0], [0.5, 0.25, 0], [0, 0, 0], [np.nan, 1, 0], [0, np.inf, 0]], dtype=np.float32)
    mask = np.ones((5, 3), dtype=bool)
    mask[2] = False
    found = findings(scene_with(weights, mask=mask).attention, 0)
    assert [(each.query, each.text) for each in found] == [
        (1, "has weights that sum to 0.750"),
        (2, "sees nothing: its weights are zeros"),
        (3, "has weights that are NaN or ∞"),
        (4, "has weights that are NaN or ∞"),
    ]


# The title and the hints


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("", "softmax(QKᵀ/√d_k)·V"),
        ("--mask causal", "softmax(QKᵀ/√d_k + mask)·V"),
        ("--scale none", "softmax(QKᵀ)·V"),
        ("--scale 0.5 --temperature 2", "softmax(0.500·QKᵀ/2)·V"),
        ("--temperature 1e10", "softmax(QKᵀ/√d_k/1e+10)·V"),
        ("--temperature 20", "softmax(QKᵀ/√d_k/20)·V"),
        ("--score-mod alibi --normaliser sink_logit(1)", "sink_logit(mod(QKᵀ/√d_k))·V"),
    ],
)
def test_the_formula_is_what_the_knobs_make(options: str, text: str) -> None:
    scene = scene_of(options)
    assert formula(scene) == text
    assert text in line_of(title_line(scene, 140))


def test_the_title_says_where_we_are() -> None:
    assert line_of(title_line(scene_of("--layer 2 --head 7"), 120)).endswith("layer 2  head 7  of 6 × 12")
    assert line_of(title_line(scene_of("--source random --head 3"), 120)).endswith("head 3  of 4")
    assert line_of(title_line(scene_of(""), 50)).endswith("layer 3  head 1")


@pytest.mark.parametrize("width", [50, 120])
def test_a_press_on_a_views_name_opens_it(width: int) -> None:
    scene = scene_of("--view heads")
    text = line_of(title_line(scene, width))
    for number, name in enumerate(PAGES, start=1):
        start = text.index(str(number))
        written = f"{number} {name.capitalize()}" if width == 120 or name == "heads" else str(number)
        assert text[start:].startswith(f"{written} ")
        assert {page_at(scene, x, width) for x in range(start, start + len(written))} == {name}
    assert page_at(scene, 0, width) == page_at(scene, text.index("layer"), width) == ""


@pytest.mark.parametrize("options", ["", "--view heads", "--explain"])
@pytest.mark.parametrize("width", [20, 40, 80, 120])
def test_help_and_quit_are_always_among_the_hints(width: int, options: str) -> None:
    assert line_of(hints_line(scene_of(options), width)).endswith("? help   q quit")


def test_hints_are_those_of_the_place() -> None:
    assert "less more" in line_of(hints_line(scene_of("", knob="mask"), 80))
    assert "scroll" in line_of(hints_line(scene_of("", helping=True), 80))


def test_where_nothing_can_be_drawn_it_is_said_how_much_is_missing() -> None:
    assert drawn(too_small(scene_of(""), 15, 4)) == "\nattn-tui needs\n20×6, this is\n15×4\n\n"
    assert LEAST == (20, 6)


# One cell explained


def steps(scene: Scene, width: int = 76) -> dict[str, tuple[str, str]]:
    """Every step's value and how it came about, by its name."""
    found: dict[str, tuple[str, str]] = {}
    for line in explain(scene, width, 200):
        if not line:
            continue
        if line[0].style == scene.ink.strong:
            name = line[0].text.strip()
            found[name] = (line[1].text.strip(), "")
        else:
            value, how = found[name]
            found[name] = (value, f"{how}\n{line_of([*line])}")
    return found


NORMALISERS = ["softmax", "softmax1", "sink_logit(2)", "sigmoid", "sparsemax"]
NUMBER = r"(-?\d+\.?\d*(?:e-?\d+)?)"
seen_cells = st.tuples(st.integers(0, 5), st.integers(0, 4)).filter(lambda cell: cell[1] <= cell[0])


@quick
@given(
    st.sampled_from(NORMALISERS),
    seen_cells,
    st.sampled_from([0.5, 1, 2]),
    st.sampled_from(["1/√d_k", "none", "0.25"]),
    st.sampled_from(["none", "distance_penalty(0.25)"]),
)
def test_every_step_leads_to_the_next_and_the_last_to_the_weight(
    normaliser: str, cell: tuple[int, int], temperature: float, scale: str, mod: str
) -> None:
    query, key = cell
    scene = scene_of(
        f"{SMALL} --mask causal --cursor {query},{key} --normaliser '{normaliser}' --temperature {temperature} "
        f"--scale {scale} --score-mod '{mod}'"
    )
    found = steps(scene)
    values = {name: float(value) for name, (value, _) in found.items() if re.fullmatch(NUMBER, value)}
    score, weight = (float(stage[1, query, key]) for stage in (scene.attention.scores, scene.attention.weights))
    factor = {"1/√d_k": 0.5, "none": 1.0, "0.25": 0.25}[scale]
    penalty = 0.25 * abs(query - key) if mod != "none" else 0.0
    logit = (score * factor - penalty) / temperature
    assert values["q·k"] == pytest.approx(score, rel=2e-3, abs=6e-4)
    assert values["scaled"] == pytest.approx(score * factor, rel=2e-3, abs=6e-4)
    last = list(values)[list(values).index("weight") - 1 if normaliser in ("sigmoid", "sparsemax") else -4]
    assert values[last] == pytest.approx(logit, rel=3e-3, abs=6e-4)
    assert values["weight"] == pytest.approx(weight, rel=3e-3, abs=6e-4)
    name, _ = parse_normaliser(normaliser)
    how = found["weight"][1].replace("−", "-")
    if name == "sigmoid":
        ((shown,),) = [re.findall(rf"sigmoid\({NUMBER} - ln 5\)", how)]
        assert 1 / (1 + math.exp(math.log(5) - float(shown))) == pytest.approx(weight, abs=2e-3)
    elif name == "sparsemax":
        assert f"{int((scene.weights[query] > 0).sum())} keys have any weight" in how
        above = re.findall(rf"above {NUMBER}", how)
        assert (logit - float(above[0]) == pytest.approx(weight, abs=2e-3)) if above else weight == 0
    else:
        assert values["exponential"] / values["sum of the row"] == pytest.approx(weight, abs=2e-3)
        assert how.split() == [found["exponential"][0], "/", found["sum of the row"][0]]


@quick
@given(seen_cells, st.sampled_from([2, 4, 16]))
def test_the_products_shown_and_the_rest_sum_to_the_score(cell: tuple[int, int], width: int) -> None:
    scene = scene_of(f"--source random --queries 6 --keys 5 --head-dim {width} --cursor {cell[0]},{cell[1]}")
    score, how = steps(scene)["q·k"]
    products = [float(line.rpartition("=")[2]) for line in how.split("\n") if "=" in line]
    sizes = [abs(product) for product in products[:6]]
    assert sizes == sorted(sizes, reverse=True)
    assert len(products) == min(width, 7)
    assert sum(products) == pytest.approx(float(score), abs=0.04 + abs(float(score)) * 0.003)
    assert f"the sum of {width} products" in how


def test_a_masked_cell_is_explained_by_its_mask() -> None:
    found = steps(scene_of(f"{SMALL} --mask causal --cursor 1,3"))
    assert found["mask"] == ("may not look", "\ncausal: this query sees 2 of 5 keys")
    assert found["weight"] == ("0.000", "\nmasked keys get no weight")
    assert "exponential" not in found
    assert found["share of the output"][0] == "0%"


def test_the_shares_of_all_keys_are_the_whole_output() -> None:
    shares = [steps(scene_of(f"{SMALL} --cursor 2,{key}"))["share of the output"][0] for key in range(5)]
    assert sum(int(share.rstrip("%")) for share in shares) == pytest.approx(100, abs=3)


@brief
@given(st.integers(10, 90), st.integers(1, 60))
def test_an_explanation_is_briefer_where_there_is_less_room(width: int, height: int) -> None:
    scene = scene_of("")
    lines = explain(scene, width, height)
    assert all(width_of(line) <= width for line in lines)
    briefest = len(explain(scene, width, 1))
    assert len(lines) <= max(height, briefest)


# Heads


def test_thumbnails_show_every_head_under_its_number() -> None:
    scene = scene_of("--source random --heads 3 --queries 8 --keys 8")
    assert (
        drawn(thumbnails(scene, 40, 6))
        == """
0         1         2
░▓▓▓░█▓▓  ▒·█░░█▒░  ░░░·░██▒
▒█▓█░▓█▒  █░░░█░░▒  ░▓░▓▓██▒
░█░▓▒█░░  ██▒█▒▒▒░  ░▒▒▓░██·
░░██░▒▒░  ▓▒░░▓█░░  ▓·░█▓▓░█
"""
    )


@brief
@given(st.integers(1, 30), st.integers(1, 40), st.integers(20, 130), st.integers(6, 40))
def test_the_gallery_stays_in_its_place_and_shows_the_chosen_head(
    heads: int, positions: int, width: int, height: int
) -> None:
    scene = scene_of(
        f"--source random --heads {heads} --head {heads - 1} --queries {positions} --keys {positions} --head-dim 1"
    )
    beside, columns, rows = gallery_shape(scene, width, height)
    assert 1 <= beside <= heads
    assert beside * columns <= width
    lines = thumbnails(scene, width, height)
    marked = "".join(s.text for line in lines[:height] for s in line if s.style == scene.ink.mark)
    assert marked.split()[0] == str(heads - 1)
    assert rows * columns == 1 or -(-heads // beside) * (-(-rows // 2) + 1) <= height


def test_the_table_of_heads_has_the_means_of_the_measures() -> None:
    scene = scene_of("--view heads --heads-panel heads")
    lines = [line.split() for line in texts(heads_page(scene, 80, 40))]
    start = next(at for at, words in enumerate(lines) if words[:3] == ["head", "kind", "entropy"])
    means = measure(scene.attention).by_head
    for head, words in enumerate(lines[start + 1 : start + 13]):
        expected = [means(name)[head] for name in ("entropy", "distance", "first", "itself", "previous")]
        assert words[0] == str(head)
        assert [float(word) for word in words[-7:-2]] == pytest.approx(expected, abs=0.051)


@brief
@given(st.integers(1, 40), st.integers(20, 130), st.integers(3, 40))
def test_the_page_of_heads_always_shows_the_chosen_head_in_the_table(heads: int, width: int, height: int) -> None:
    scene = scene_of(f"--source random --heads {heads} --head {heads // 2} --queries 4 --keys 4 --head-dim 1")
    lines = heads_page(scene, width, height)
    assert len(lines) == height
    chosen = [line for line in lines if any(s.style == scene.ink.chosen for s in line)]
    assert [line_of(line).split()[0] for line in chosen] == [str(min(heads // 2, heads - 1))]


def test_likeness_is_compared_with_random_heads() -> None:
    assert likeness_text(scene_of("")) == "likeness 0.74   random heads 0.22"
    assert likeness_text(scene_of("--source random --heads 1")) == "one head: nothing to compare"


def test_a_rule_that_random_heads_cannot_follow_leaves_them_out() -> None:
    scene = scene_of("--source random --queries 1 --keys 1 --heads 4 --score-mod 'log(s + 0.7)'")
    assert likeness_text(scene) == "likeness 1.00"


@brief
@given(st.integers(1, 130), st.integers(12, 60), st.integers(5, 30), st.data())
def test_a_press_on_a_heads_number_is_that_head(heads: int, width: int, height: int, data: st.DataObject) -> None:
    head = data.draw(st.integers(0, heads - 1))
    scene = scene_of(f"--source random --heads {heads} --head {head} --queries 2 --keys 2 --head-dim 1")
    lines = heads_glance(scene, width, height)
    numbers = list(takewhile(lambda line: not re.search("[a-z]", line_of(line)), lines))
    for y, line in enumerate(numbers):
        text = "".join(segment.text for segment in line)
        for match in re.finditer(r"\d+", text):
            assert head_at(scene, (match.start(), y), width, height) == int(match[0])
    assert any(segment.style == scene.ink.mark for line in numbers for segment in line)
    assert head_at(scene, (width, 0), width, height) is None
    assert head_at(scene, (-1, 0), width, height) is head_at(scene, (0, -1), width, height) is None  # the border
    assert head_at(scene, (0, heads), width, height) is None


# Help


def test_the_help_names_every_key_and_every_knob() -> None:
    text = " ".join(plain(help_lines(ink_of(), 100)).split())
    for action in ACTIONS:
        assert f"{action.shown} {action.help}" in text
    for row in KNOBS:
        assert not row.key or f"{row.key} {row.name}: {row.help}" in text
    assert all(entry.name in text for entry in entries() if not entry.required)


@brief
@given(st.integers(24, 130), st.integers(1, 40), st.integers(0, 300))
def test_the_help_scrolls_within_its_lines(width: int, height: int, start: int) -> None:
    scene = scene_of("", helping=True, help_from=start)
    whole = texts(help_lines(scene.ink, width))
    last = max(len(whole) - height, 0)
    assert texts(help_page(scene, width, height)) == whole[min(start, last) :][:height]
    places = {name: scrolled(scene, name, width, height) for name in ("up", "down", "page-up", "page-down")}
    steps_of = {"up": -1, "down": 1, "page-up": -height, "page-down": height}
    assert places == {name: min(max(start + step, 0), last) for name, step in steps_of.items()}
    assert (scrolled(scene, "home", width, height), scrolled(scene, "end", width, height)) == (0, last)
    assert scrolled(scene, "left", width, height) is None


def test_the_title_of_the_help_says_how_to_leave_it() -> None:
    assert "? leaves" in help_title(scene_of("", helping=True))
    assert help_title(scene_of("", helping=True, help_from=4)).endswith("line 5")


@pytest.mark.parametrize("width", range(20, 130))
def test_the_head_on_show_is_never_cut(width: int) -> None:
    line = plain([title_line(scene_of("--head 11"), width)])
    assert "head 11" not in line or line.rstrip().endswith(("head 11", "of 6 × 12"))
