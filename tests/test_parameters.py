"""The table of parameters: complete, and every row reads what it writes and turns within what it reads."""

from __future__ import annotations

import string
from collections.abc import Collection
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from attn_engine import ALIGNMENTS, FIRST, PRESETS, ROPES, SCALED, SOURCES, UNSCALED, Experiment, Kind, entries
from attn_tui import view as views
from attn_tui.parameters import (
    BY_FIELD,
    BY_KEY,
    KNOBS,
    LAB,
    LAB_BY_KEY,
    PARAMETERS,
    STUDIES,
    STUDY_BY_KEY,
    VIEW,
    Parameter,
)
from attn_tui.parameters.studies import KNOBS_OF
from attn_tui.pictures.palettes import PALETTES
from attn_tui.values import MOST, TEMPERATURES
from attn_tui.view import (
    BLOCKS,
    COMPARE,
    DIALECTS,
    HEAD_MEASURES,
    HEAD_ORDERS,
    HEADS_PANELS,
    KIND_LETTERS,
    MASK_PANELS,
    MOST_BLOCK,
    PAGES,
    PANELS,
    RANGES,
    SHEETS,
    STAGES,
    THEMES,
    ZOOMS,
    Lab,
    Studies,
    View,
)
from tests.drawing import NASTY, brief, quick

finite = st.floats(allow_nan=False, allow_infinity=False)


def rules(kind: Kind, joins: tuple[str, ...]) -> st.SearchStrategy[str]:
    """Rules of the catalogue, alone and joined, in their canonical text."""
    ready = st.sampled_from([entry.name if not entry.required else f"{entry.name}(3)" for entry in entries(kind)])
    joined = st.builds("({} {} {})".format, ready, st.sampled_from(joins), ready)
    return st.one_of(ready, joined).map(BY_FIELD["mask" if kind is Kind.MASK else "score_mod"].read)


positions = st.tuples(st.integers(0, 10**9), st.integers(0, 10**9))
lengths = st.integers(1, 1_048_576)
numbers = st.sets(st.integers(0, 4095), max_size=8).map(sorted).map(tuple)
tokens = st.sampled_from(["special", "[CLS]", "▁the", "##s", "-", "off", "日本"])

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "source": st.sampled_from(list(SOURCES)),
    "preset": st.sampled_from(list(PRESETS)),
    "query_length": lengths,
    "key_length": lengths,
    "num_heads": st.integers(1, 4096),
    "num_key_heads": st.integers(0, 4096),
    "rope": st.sampled_from(list(ROPES)),
    "head_dim": st.integers(1, 65536),
    "scale": st.one_of(st.sampled_from([SCALED, UNSCALED]), finite),
    "temperature": finite.filter(lambda number: number > 0),
    "mask": rules(Kind.MASK, ("&", "|", "^")),
    "score_mod": rules(Kind.SCORE_MOD, ("+", "-", "*")),
    "normaliser": st.one_of(
        st.sampled_from(["softmax", "softmax1", "sink_logit", "sigmoid", "sparsemax"]),
        finite.map("sink_logit({!r})".format).map(BY_FIELD["normaliser"].read),
    ),
    "align": st.sampled_from(list(ALIGNMENTS)),
    "seed": st.integers(0, 2**32 - 1),
    "layer": st.integers(0, 9999) | st.just(FIRST),
    "head": st.integers(0, 4095),
    "page": st.sampled_from(list(PAGES)),
    "stage": st.sampled_from(list(STAGES)),
    "colour_range": st.sampled_from(list(RANGES)),
    "palette": st.sampled_from(list(PALETTES)),
    "theme": st.sampled_from(list(THEMES)),
    "zoom": st.one_of(st.sampled_from(["auto", *ZOOMS]), st.integers(2, MOST_BLOCK).map(str)),
    "blocks": st.sampled_from(list(BLOCKS)),
    "head_order": st.sampled_from(list(HEAD_ORDERS)),
    "heads_panel": st.sampled_from(list(HEADS_PANELS)),
    "head_measure": st.sampled_from(list(HEAD_MEASURES)),
    "head_kind": st.sampled_from(["", *KIND_LETTERS]),
    "cursor": positions,
    "over": st.sampled_from(list(views.OVER)),
    "over_heads": numbers,
    "over_layers": st.none() | numbers,
    "hide": st.lists(tokens, unique=True, max_size=4).map(tuple).filter(lambda each: each != ("off",)),
    "marked_keys": numbers,
    "marked_queries": numbers,
    "mask_queries": lengths,
    "mask_keys": lengths,
    "block_size": st.integers(1, 65536),
    "reach_layers": st.integers(1, 4096),
    "window": st.integers(1, 65536),
    "mask_cursor": positions,
    "mask_zoom": st.one_of(st.sampled_from(["auto", *ZOOMS[1:]]), st.integers(2, 1_048_576).map(str)),
    "mask_panel": st.sampled_from(list(MASK_PANELS)),
    "sheet": st.sampled_from(list(SHEETS)),
    "dialect": st.sampled_from(list(DIALECTS)),
    "entry": st.sampled_from([entry.name for entry in entries()]),
    "scroll": positions,
    "compare": st.sampled_from(list(COMPARE)),
    "panel": st.sampled_from(list(PANELS)),
    "search": st.text(),
    "file": st.text(),
    "tokens_file": st.text(),
    "capture_set": st.text(),
    "batch_item": st.integers(0, 10**6),
    "study": st.sampled_from(list(views.STUDIES)),
    "study_length": st.integers(1, 1024),
    "study_keys": st.integers(1, 1024),
    "draws": st.integers(1, 100_000),
    "study_temperature": finite.filter(lambda number: number > 0),
    "study_mask": rules(Kind.MASK, ("&", "|", "^")),
    "pattern": rules(Kind.MASK, ("&", "|", "^")),
    "study_seed": st.integers(0, 10**9),
    "study_dim": st.integers(1, 4096),
    "study_heads": st.sampled_from([1, 2, 4, 8, 16, 32, 64]),
    "train_rate": finite.filter(lambda number: number > 0),
    "train_start": st.sampled_from(["zero", "random"]),
    "train_step": st.integers(0, 320),
    "failure": st.integers(0, 5),
    "pattern_at": st.integers(0, 3),
    "study_cursor": positions,
    "study_panel": st.sampled_from(list(views.STUDY_PANELS)),
}
"""Every value that a parameter can have; flags are true or false."""

VALUED = [row for row in PARAMETERS if not row.flag]
TURNED = [row for row in VALUED if row.turn]
every_row = pytest.mark.parametrize("row", VALUED, ids=lambda row: row.option)
every_turned_row = pytest.mark.parametrize("row", TURNED, ids=lambda row: row.option)


def turned(row: Parameter, value: Any, direction: int) -> Any:
    assert row.turn is not None
    return row.turn(value, direction)


# The table


@pytest.mark.parametrize(("kind", "rows"), [(Experiment, KNOBS), (View, VIEW), (Lab, LAB), (Studies, STUDIES)])
def test_every_field_has_exactly_one_row(kind: type[Any], rows: tuple[Parameter, ...]) -> None:
    assert sorted(row.field for row in rows) == sorted(field.name for field in fields(kind))


def test_no_two_rows_share_a_key_or_an_option() -> None:
    options = [option for row in PARAMETERS for option in row.options]
    assert len(set(options)) == len(options)
    for rows, by_key in ((KNOBS, BY_KEY), (LAB, LAB_BY_KEY)):
        keys = [row.key for row in rows if row.key]
        assert len(set(keys)) == len(keys)
        assert all(by_key[key].field == row.field for key, row in ((row.key, row) for row in rows if row.key))


def test_every_knob_of_the_experiments_has_a_letter_that_is_its_own_on_its_page() -> None:
    shown = {row.field for rows in STUDY_BY_KEY.values() for row in rows.values()}
    assert {row.field for row in STUDIES if row.key} <= shown
    assert {study: len(rows) for study, rows in STUDY_BY_KEY.items()} == {
        study: len(fields_shown) for study, fields_shown in KNOBS_OF.items()
    }


def test_the_values_tried_here_are_those_of_every_row() -> None:
    assert set(VALUES) == {row.field for row in VALUED}


def test_every_row_says_what_it_is_for_and_what_is_possible() -> None:
    assert all(row.help for row in PARAMETERS)
    assert all(row.possible or row.flag for row in PARAMETERS)
    assert all(row.name and (row.turn or row.field == "capture_set") for row in KNOBS if row.key)  # sets have any names


def test_every_knob_has_a_letter_and_an_option_of_plain_letters() -> None:
    letters = set(string.ascii_letters)
    assert all(row.key in letters for row in KNOBS if row.key)
    assert all(
        option.startswith("--") and option[2:].replace("-", "").isalpha() for r in PARAMETERS for option in r.options
    )


@pytest.mark.parametrize("row", [row for row in VALUED if ", " in row.possible and "any rule" not in row.possible],
                         ids=lambda row: row.option)  # fmt: skip
def test_what_is_said_to_be_possible_is(row: Parameter) -> None:
    in_words = {
        "a number": "2.5",
        "or 1 …": "1",
        "0 …": "0",
        "sink_logit(x)": "sink_logit(2.5)",
        f"2 … {MOST_BLOCK:,}": "7",
        f"2 … {MOST:,}": "7",
    }
    for word in row.possible.split(", "):
        row.read(in_words.get(word, word))


@every_row
def test_examples_and_defaults_can_be_typed(row: Parameter) -> None:
    default = vars(Experiment()) | vars(View()) | vars(Lab()) | vars(Studies())
    assert row.read(row.write(default[row.field])) == default[row.field]
    for text in row.examples:
        row.read(text.replace("(x)", "(1)"))


# Reading and writing


@every_row
@brief
@given(st.data())
def test_what_is_written_is_read_as_the_same_value(row: Parameter, data: st.DataObject) -> None:
    value = data.draw(VALUES[row.field])
    assert row.read(row.write(value)) == value


def attempt(row: Parameter, text: str) -> tuple[Any, str | None]:
    """The value of a text, or why it is none."""
    try:
        return row.read(text), None
    except ValueError as error:
        return None, str(error)


typed = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*NASTY, "", " ", "0", "-1", "1e400", "nan", "1,2,3", "1,5", "2 …", "causal & (", "x" * 500]),
    st.builds("{}{}".format, st.sampled_from(["causal ", "1", "soft", "a"]), st.text(max_size=3)),
)


@every_row
@brief
@given(typed)
def test_any_text_is_a_value_or_one_line_that_says_why_not(row: Parameter, text: str) -> None:
    value, refusal = attempt(row, text)
    if refusal is None:
        assert row.read(row.write(value)) == value
    else:
        assert refusal
        assert refusal.isprintable()


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("query_length", "0", "'0' is not a whole number from 1 to 1,048,576"),
        ("query_length", "1,5", "'1,5' is not a whole number from 1 to 1,048,576"),
        ("num_heads", "4097", "'4097' is not a whole number from 1 to 4,096"),
        ("num_key_heads", "some", "'some' is not a whole number from 1 to 4,096, or all"),
        ("rope", "spiral", "'spiral'; possible are off, on"),
        ("num_heads", "three", "'three' is not a whole number from 1 to 4,096"),
        ("temperature", "0", "'0' is not a number above 0"),
        ("temperature", "inf", "'inf' is not a number above 0"),
        ("scale", "1/d", "'1/d'; possible are 1/√d_k (or 1/sqrt(d_k)), none, or a number"),
        ("scale", "1 0", "'1 0'; possible are 1/√d_k (or 1/sqrt(d_k)), none, or a number"),
        ("source", "moon", f"'moon'; possible are {', '.join(SOURCES)}"),
        ("align", "", "''; possible are left, right"),
        ("stage", "s", f"'s'; possible are {', '.join(STAGES)}"),
        ("zoom", "1", "'1' is not a whole number from 2 to 262,144"),
        ("zoom", "2 …", "'2 …'; possible are auto, numbers, cells, half, 2 … 262,144"),
        ("cursor", "1,2,3", "'1,2,3' is not QUERY,KEY: two positions counted from 0"),
        ("cursor", "-1", "'-1' is not QUERY,KEY: two positions counted from 0"),
        ("normaliser", "softmax(2)", "normaliser 'softmax(2)'; possible are softmax, softmax1, sink_logit(x), sigmoid, "
         "sparsemax"),
        ("palette", "\x1b[31m" + "x" * 90, f"'\\x1b[31m{'x' * 34}…'; possible are {', '.join(PALETTES)}"),
    ],
)  # fmt: skip
def test_a_mistake_is_quoted_with_what_is_possible(field: str, text: str, said: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        BY_FIELD[field].read(text)
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("query_length", " 1,024 ", 1024),
        ("seed", "1_000", 1000),
        ("num_key_heads", " All", 0),
        ("num_key_heads", "0", 0),
        ("rope", "on", "on"),
        ("scale", "1/sqrt(d_k)", SCALED),
        ("scale", "1 / √d_k", SCALED),
        ("scale", "None", UNSCALED),
        ("scale", "−0.5", -0.5),
        ("temperature", "1e-3", 0.001),
        ("source", "rand", "random"),
        ("stage", "weights", "weights"),
        ("compare", "a", "a"),
        ("mask", "causal&window(3)", "causal & window(3)"),
        ("mask", "k≤q", "k <= q"),
        ("score_mod", "s-0.5*abs(q-k)", "s - 0.5 * abs(q - k)"),
        ("normaliser", "sink_logit( 2.50 )", "sink_logit(2.5)"),
        ("cursor", "3", (3, 3)),
        ("cursor", "1,048", (1, 48)),
        ("zoom", "064", "64"),
    ],
)
def test_values_may_be_typed_as_people_write_them(field: str, text: str, value: object) -> None:
    assert BY_FIELD[field].read(text) == value


# Turning


def reached(row: Parameter, turns: list[int]) -> Any:
    """The value after turns from the default."""
    value = (vars(Experiment()) | vars(View()) | vars(Lab()) | vars(Studies()))[row.field]
    for direction in turns:
        value = turned(row, value, direction)
    return value


@every_turned_row
@brief
@given(st.lists(st.sampled_from([-1, 1]), max_size=40), st.sampled_from([-1, 1]))
def test_turning_back_undoes_a_turn(row: Parameter, turns: list[int], direction: int) -> None:
    value = reached(row, turns)
    there = turned(row, value, direction)
    assume(there != value)
    assert turned(row, there, -direction) == value


@every_turned_row
@brief
@given(st.data(), st.sampled_from([-1, 1]))
def test_a_knob_turns_only_to_what_can_be_typed(row: Parameter, data: st.DataObject, direction: int) -> None:
    there = turned(row, data.draw(VALUES[row.field]), direction)
    assert row.read(row.write(there)) == there


NUMBERED = [row for row in TURNED if isinstance(reached(row, []), int | float)]


@pytest.mark.parametrize("row", NUMBERED, ids=lambda row: row.option)
@brief
@given(st.data())
def test_numbers_go_up_and_down_until_the_end_of_their_range(row: Parameter, data: st.DataObject) -> None:
    value = data.draw(VALUES[row.field])
    up, down = turned(row, value, 1), turned(row, value, -1)
    assert up > value or up == turned(row, up, 1)
    assert down < value or down == turned(row, down, -1)


@pytest.mark.parametrize("field", ["query_length", "key_length", "num_heads", "seed", "layer"])
@quick
@given(st.data())
def test_counts_turn_one_by_one(field: str, data: st.DataObject) -> None:
    row = BY_FIELD[field]
    value = data.draw(VALUES[field])
    assert turned(row, value, 1) - value in (0, 1)
    assert value - turned(row, value, -1) in (0, 1)


def test_temperature_and_head_dim_climb_ladders_through_their_usual_values() -> None:
    assert [reached(BY_FIELD["temperature"], [1] * n) for n in range(4)] == [1.0, 1.1, 1.2, 1.35]
    assert [reached(BY_FIELD["temperature"], [-1] * n) for n in range(4)] == [1.0, 0.9, 0.8, 0.7]
    assert [reached(BY_FIELD["head_dim"], [1] * n) for n in range(4)] == [64, 128, 256, 512]
    assert turned(BY_FIELD["head_dim"], 100, 1) == 128
    assert turned(BY_FIELD["head_dim"], 100, -1) == 64
    assert reached(BY_FIELD["temperature"], [1] * 99) == max(TEMPERATURES)


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("source", {*SOURCES} - {"file"}),
        ("align", ALIGNMENTS),
        ("stage", STAGES),
        ("colour_range", RANGES),
        ("palette", PALETTES),
    ],
)
def test_names_turn_round_and_round_through_all(field: str, names: Collection[str]) -> None:
    row = BY_FIELD[field]
    seen = [reached(row, [1] * count) for count in range(len(names) + 1)]
    assert set(seen) == set(names)
    assert seen[0] == seen[-1]


def test_the_mask_turns_through_the_catalogue_and_from_a_rule_of_ones_own_to_its_beginning() -> None:
    row = BY_FIELD["mask"]
    ready = [entry.name for entry in entries(Kind.MASK) if not entry.required]
    assert [reached(row, [1] * count).partition("(")[0] for count in range(len(ready))] == ready
    assert turned(row, "q == k", 1) == "full"
