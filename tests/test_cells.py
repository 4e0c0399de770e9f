"""Lines of cells: exact widths whatever the text, and no text that a terminal would obey."""

from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment
from rich.style import Style

from attn_tui.pictures.cells import (
    INVISIBLE,
    MAX_MARKS,
    Lines,
    beside,
    cut,
    figure,
    fit,
    pad,
    page,
    plain,
    printable,
    squeezed,
    width_of,
    wrap,
)
from attn_tui.pictures.frame import frame
from tests.drawing import NASTY, brief, cells, drawn, ink_of, quick, wild_text

texts = wild_text.map(printable)
"""What pictures are given: text that has been through the gate."""

lines_of_text = st.lists(texts.map(Segment), max_size=4)
FILL = Style(color="red")
finite = st.floats(allow_nan=False, allow_infinity=False, width=32)


def is_mark(character: str) -> bool:
    return unicodedata.category(character)[0] == "M"


# The gate


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred", "␛[31mred"),
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x9b31mred", "�31mred"),
        ("a\nb\tc\x00", "a␊b␉c␀"),
        ("\x7f", "␡"),
        ("abc\u202edcba", "abc�dcba"),
        ("a\u200bb\u200db\ufeffc", "a�b�b�c"),
        ("\u2028\u2029", "��"),
        ("\ud800", "�"),
        ("one\u00a0two\u3000three", "one two three"),
        ("e" + "\u0301" * 300, "é\u0301\u0301"),
        ("\u0301a", "�a"),
        ("❤\ufe0f", "❤�"),
        ("a\u3164b\u2800", "a�b�"),
        ("👍🏽", "👍�"),
        ("", ""),
    ],
)
def test_what_a_terminal_would_obey_or_not_show_becomes_visible(text: str, shown: str) -> None:
    assert printable(text) == shown


@pytest.mark.parametrize(
    "text", ["[CLS]", "##ing", "naïve", "日本語", "한국어", "किताब", "עברית", "Ġthe", "🙂", "[red]x[/]"]
)
def test_words_stay_as_they_are(text: str) -> None:
    assert printable(text) == text


def test_letters_that_come_in_parts_are_put_together() -> None:
    assert printable(unicodedata.normalize("NFD", "한국 naïve")) == "한국 naïve"


@quick
@given(wild_text)
def test_nothing_comes_through_that_is_not_a_visible_character(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert not INVISIBLE.intersection(shown)
    assert all(cell_len(character) > 0 or is_mark(character) for character in shown)


@quick
@given(wild_text)
def test_the_width_is_that_of_the_characters_one_by_one(text: str) -> None:
    shown = printable(text)
    assert cell_len(shown) == sum(map(get_character_cell_size, shown))


@quick
@given(wild_text)
@example("a" + "\u0301\u0489" * 200)
@example("\u0301" * 5)
def test_marks_stand_on_something_and_are_few(text: str) -> None:
    marks = 0
    for place, character in enumerate(printable(text)):
        marks = marks + 1 if is_mark(character) else 0
        assert marks <= MAX_MARKS
        assert not (marks and place == 0)


@quick
@given(wild_text)
def test_what_has_been_through_the_gate_goes_through_unchanged(text: str) -> None:
    assert printable(printable(text)) == printable(text)


@quick
@given(wild_text)
def test_every_character_leaves_something_to_see(text: str) -> None:
    alone = [character for character in unicodedata.normalize("NFC", text) if not is_mark(character)]
    assert cell_len(printable(text)) >= len(alone)


@pytest.mark.parametrize("text", NASTY)
def test_every_nasty_character_alone_takes_a_cell(text: str) -> None:
    assert cell_len(printable(text)) >= 1


# Widths


@quick
@given(texts, st.integers(0, 40), st.booleans())
def test_fitted_text_has_exactly_the_width(text: str, width: int, right: bool) -> None:
    assert cell_len(fit(text, width, right=right)) == width


@quick
@given(texts, st.integers(0, 40))
def test_text_that_fits_is_kept_whole_at_its_side(text: str, more: int) -> None:
    assert fit(text, cell_len(text) + more) == text + " " * more
    assert fit(text, cell_len(text) + more, right=True) == " " * more + text


@quick
@given(texts, st.integers(1, 40))
def test_text_that_does_not_fit_is_cut_with_a_sign_of_it(text: str, width: int) -> None:
    short = cut(text, width)
    assert cell_len(short) <= width
    if cell_len(text) <= width:
        assert short == text
    else:
        assert short.endswith("…")
        assert text.startswith(short.removesuffix("…"))


@brief
@given(lines_of_text, st.integers(0, 60))
def test_a_padded_line_has_exactly_the_width_and_begins_as_it_did(line: list[Segment], width: int) -> None:
    padded = pad(line, width, FILL)
    assert width_of(padded) == len(cells(padded)) == width
    kept = min(width, width_of(line))
    before, after = ([cell.text for cell in cells(each)[:kept]] for each in (line, padded))
    assert before[:-1] == after[:-1]
    assert all(cell.style == FILL for cell in cells(padded)[width_of(line) :])


@brief
@given(st.lists(lines_of_text, max_size=4), st.integers(0, 30), st.integers(0, 8))
def test_a_page_has_exactly_the_size(lines: Lines, width: int, height: int) -> None:
    assert [width_of(line) for line in page(lines, width, height, FILL)] == [width] * height


@brief
@given(st.lists(lines_of_text, max_size=4), texts, st.integers(0, 40), st.integers(0, 9))
def test_a_framed_page_has_exactly_the_size(lines: Lines, title: str, width: int, height: int) -> None:
    framed = frame(lines, title, width, height, ink_of())
    assert [width_of(line) for line in framed] == [width] * height


def test_a_frame_has_a_title_and_its_lines_one_cell_in() -> None:
    lines = [[Segment("one")], [Segment("日本日本日本")]]
    assert (
        drawn(frame(lines, "Top keys", 16, 4, ink_of()))
        == """
╭─ Top keys ───╮
│ one          │
│ 日本日本日本 │
╰──────────────╯
"""
    )


def test_two_pages_stand_side_by_side() -> None:
    left, right = (page([[Segment(text)]], 3, 2, FILL) for text in ("日", "ab"))
    assert plain(beside(left, right)) == "日 ab\n"


@pytest.mark.parametrize(("text", "width", "short"), [("one two", 5, "one…"), ("日本語", 4, "日…"), ("ab", 1, "…")])
def test_the_sign_stands_at_the_last_letter_kept(text: str, width: int, short: str) -> None:
    assert cut(text, width) == short


# Broken lines


@quick
@given(texts, st.integers(2, 40))
def test_broken_lines_are_no_wider_than_the_page(text: str, width: int) -> None:
    assert all(cell_len(line) <= width for line in wrap(text, width))


@quick
@given(st.lists(st.integers(1, 15), max_size=12), st.integers(1, 12))
def test_breaking_loses_no_letter_and_breaks_no_word_that_fits(sizes: list[int], width: int) -> None:
    words = [letter * size for letter, size in zip("abcdefghijkl", sizes, strict=False)]
    lines = wrap(" ".join(words), width)
    assert "".join(lines).replace(" ", "") == "".join(words)
    assert all(len(line) <= width for line in lines)
    assert {word for word in words if len(word) <= width} <= {word for line in lines for word in line.split()}


def test_lines_are_broken_between_words_and_keep_their_indentation() -> None:
    assert wrap("  the animal didn't cross", 12) == ["  the animal", "didn't cross"]
    assert wrap("unbelievable", 5) == ["unbel", "ievab", "le"]
    assert wrap("", 5) == [""]


# Figures


def read(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


@quick
@given(finite, st.sampled_from([1, 2, 3]))
def test_a_figure_is_the_number_to_the_digits_that_it_shows(number: float, digits: int) -> None:
    text = figure(number, digits)
    mantissa, power, exponent = text.partition("e")
    decimals = len(mantissa.partition(".")[2])
    assert abs(read(text) - number) <= 0.5000001 * 10.0 ** (int(exponent or 0) - decimals)
    assert decimals >= (digits if abs(number) < 9.99 and not power else 0)


@quick
@given(finite, st.sampled_from([1, 2, 3]))
@example(0.0003, 3)
@example(-0.003, 2)
def test_a_figure_is_zero_only_for_zero_and_minus_only_below_it(number: float, digits: int) -> None:
    text = figure(number, digits)
    assert (read(text) == 0) == (number == 0)
    assert text.startswith("-") == (number < 0)
    assert len(text) <= 8


@quick
@given(finite, finite)
def test_figures_are_in_the_order_of_their_numbers(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert read(figure(low)) <= read(figure(high))


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0.6768, "0.677"),
        (-3.9149, "-3.915"),
        (21.7, "21.7"),
        (12345.6, "12346"),
        (1.5e9, "1.5e9"),
        (2e-7, "2.0e-7"),
        (-0.0, "0.000"),
        (math.nan, "NaN"),
        (math.inf, "∞"),
        (-math.inf, "−∞"),
    ],
)
def test_figures_read_as_people_write_them(number: float, shown: str) -> None:
    assert figure(number) == shown


@quick
@given(st.floats(), st.sampled_from([5, 6]))
@example(-1e100, 5)
@example(-1.2e-10, 5)
def test_a_squeezed_figure_fits(number: float, room: int) -> None:
    assert 0 < len(squeezed(number, room)) <= room


@quick
@given(finite.filter(lambda number: abs(number) >= 0.01), st.sampled_from([5, 6]))
def test_a_squeezed_figure_keeps_sign_and_size(number: float, room: int) -> None:
    shown = read(squeezed(number, room))
    assert math.copysign(1, shown) == math.copysign(1, number)
    assert 0.6 <= shown / number <= 1.6
    assert abs(shown - number) <= 0.5 or abs(number) > 9999
