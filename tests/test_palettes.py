"""Colours of numbers: rising in lightness in every tier, and told apart without colours too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise, product

import numpy as np
import pytest
from rich.color import Color, ColorSystem, ColorType
from rich.style import Style

from attn_tui.pictures.ink import CHROME, MASKED, NOT_FINITE, Ink, Tier, make_ink
from attn_tui.pictures.levels import shades
from attn_tui.pictures.palettes import LEVELS, PALETTES, RGB, lightness, readable_on, sequential, two_sided

SHADED, FEW = (Tier.TRUECOLOR, Tier.CUBE), (Tier.BASIC, Tier.NONE)
RAMPS = list(product(PALETTES, (True, False), (True, False)))
every_ramp = pytest.mark.parametrize(("name", "dark", "cube"), RAMPS)
both_themes = pytest.mark.parametrize("dark", [True, False])


def is_monotone(ramp: Sequence[RGB]) -> bool:
    rises = [lightness(b) - lightness(a) for a, b in pairwise(ramp)]
    return all(rise >= 0 for rise in rises) or all(rise <= 0 for rise in rises)


def contrast(a: RGB, b: RGB) -> float:
    """The contrast ratio of WCAG 2: 1 to 21."""

    def luminance(colour: RGB) -> float:
        parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05

    low, high = sorted((luminance(a), luminance(b)))
    return high / low


def rgb(color: Color | None) -> RGB:
    assert color is not None
    red, green, blue = color.get_truecolor()
    return red, green, blue


# Ramps


def test_lightness_is_that_of_the_eye_not_of_the_numbers() -> None:
    assert lightness((0, 0, 0)) == pytest.approx(0, abs=1e-6)
    assert lightness((255, 255, 255)) == pytest.approx(1, abs=1e-6)
    assert lightness((0, 0, 255)) < lightness((255, 0, 0)) < lightness((0, 255, 0)) < lightness((255, 255, 0))
    assert lightness((0, 255, 0)) == pytest.approx(0.8664, abs=1e-3)


@every_ramp
def test_lightness_goes_one_way_from_nothing_to_most(name: str, dark: bool, cube: bool) -> None:
    ramp = sequential(name, dark=dark, cube=cube)
    assert len(ramp) == LEVELS
    assert is_monotone(ramp)
    assert (lightness(ramp[-1]) > lightness(ramp[0])) == dark
    assert abs(lightness(ramp[-1]) - lightness(ramp[0])) > 0.5


@every_ramp
def test_shades_can_be_told_apart(name: str, dark: bool, cube: bool) -> None:
    assert len(set(sequential(name, dark=dark, cube=cube))) >= (10 if cube else LEVELS)
    assert len(set(two_sided(name, dark=dark, cube=cube))) >= (10 if cube else LEVELS - 1)


@every_ramp
def test_no_step_is_a_jump(name: str, dark: bool, cube: bool) -> None:
    steps = [abs(lightness(b) - lightness(a)) for a, b in pairwise(sequential(name, dark=dark, cube=cube))]
    assert max(steps) < (0.18 if cube else 0.08)


@every_ramp
def test_two_sides_are_equally_light_and_meet_in_nothing(name: str, dark: bool, cube: bool) -> None:
    ramp = two_sided(name, dark=dark, cube=cube)
    lower, upper = ramp[: LEVELS // 2], ramp[LEVELS // 2 :]
    assert is_monotone(lower)
    assert is_monotone(upper)
    assert lower[-1] == upper[0]
    for a, b in zip(lower, reversed(upper), strict=True):
        assert lightness(a) == pytest.approx(lightness(b), abs=0.05 if cube else 0.01)


@every_ramp
def test_two_sides_differ_in_hue(name: str, dark: bool, cube: bool) -> None:
    lowest, *_, highest = two_sided(name, dark=dark, cube=cube)
    assert lowest[2] > lowest[0]
    assert highest[0] > highest[2]


@every_ramp
def test_what_is_written_on_a_shade_can_be_read(name: str, dark: bool, cube: bool) -> None:
    ramp = (*sequential(name, dark=dark, cube=cube), *two_sided(name, dark=dark, cube=cube))
    assert all(contrast(readable_on(colour), colour) >= 4 for colour in ramp)


# Tiers


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("name", PALETTES)
@both_themes
def test_a_256_colour_terminal_is_told_numbers_of_its_own_colours(name: str, dark: bool, signed: bool) -> None:
    ink = make_ink(Tier.CUBE, dark=dark, palette=name)
    for level, colour in enumerate(ink.ramp(signed=signed)):
        style = ink.cell(level, signed=signed)
        for each in (style.color, style.bgcolor):
            assert each is not None
            assert each.type is ColorType.EIGHT_BIT
            assert each.number is not None
            assert each.number >= 16
            assert rgb(Color.from_ansi(each.number)) == rgb(each) == each.triplet
            assert each.downgrade(ColorSystem.EIGHT_BIT) == each
        assert rgb(style.bgcolor) == colour


@both_themes
def test_cells_of_halves_have_the_colours_of_whole_cells(dark: bool) -> None:
    for tier, signed in product(SHADED, (False, True)):
        ink = make_ink(tier, dark=dark)
        for upper, lower in ((0, LEVELS - 1), (5, 6), (MASKED, 3)):
            style = ink.halves(upper, lower, signed=signed)
            assert rgb(style.color) == rgb(ink.cell(upper, signed=signed).bgcolor)
            assert rgb(style.bgcolor) == rgb(ink.cell(lower, signed=signed).bgcolor)


def styles(ink: Ink) -> list[Style]:
    named = [getattr(ink, field.name) for field in fields(ink)]
    glyphs = [ink.glyph(level, signed=s)[1] for level in range(NOT_FINITE, LEVELS) for s in (False, True)]
    return [style for style in named if isinstance(style, Style)] + glyphs


@both_themes
@pytest.mark.parametrize("tier", FEW)
def test_few_colours_are_the_terminals_own(tier: Tier, dark: bool) -> None:
    found = {color for style in styles(make_ink(tier, dark=dark)) for color in (style.color, style.bgcolor) if color}
    allowed = {ColorType.DEFAULT, ColorType.STANDARD} if tier is Tier.BASIC else {ColorType.DEFAULT}
    assert {color.type for color in found} == allowed
    assert all(color.triplet is None for color in found)


@both_themes
@pytest.mark.parametrize("tier", SHADED)
def test_text_can_be_read_on_its_background(tier: Tier, dark: bool) -> None:
    ink = make_ink(tier, dark=dark)
    for name in ("text", "dim", "strong", "accent", "match", "warning", "good", "chosen", "mark"):
        style: Style = getattr(ink, name)
        assert contrast(rgb(style.color), rgb(style.bgcolor)) >= 4, name
    assert rgb(ink.text.bgcolor) == rgb(Color.parse(CHROME[dark]["background"]))


# Glyphs


@pytest.mark.parametrize("tier", FEW)
@pytest.mark.parametrize("signed", [False, True])
def test_glyphs_tell_masked_nothing_most_negative_and_not_a_number_apart(tier: Tier, signed: bool) -> None:
    matrix = np.array([[0.0, 0.0, 1.0, np.nan, -1.0 if signed else 0.5]])
    mask = np.array([[False, True, True, True, True]])
    levels = shades(matrix, mask, "unit", signed=signed, highest=1.0).levels[0].tolist()
    texts = [make_ink(tier).glyph(level, signed=signed)[0] for level in levels]
    assert len(set(texts)) == 5
    assert texts[:4] == ["╱╱", "··", "██", "??"]
    assert all(len(text) == 2 for text in texts)


@pytest.mark.parametrize("tier", FEW)
def test_glyphs_grow_with_the_number(tier: Tier) -> None:
    ink = make_ink(tier)
    shown = [ink.glyph(level, signed=False)[0] for level in range(LEVELS)]
    assert list(dict.fromkeys(shown)) == ["··", "░░", "▒▒", "▓▓", "██"]
    small = [ink.small_glyph(level, signed=True)[0] for level in range(LEVELS)]
    assert list(dict.fromkeys(small)) == ["≣", "≡", "=", "-", "·", "░", "▒", "▓", "█"]
    both = [ink.glyph(level, signed=True)[0] for level in range(LEVELS)]
    assert list(dict.fromkeys(both)) == ["-█", "-▓", "-▒", "-░", "··", "░░", "▒▒", "▓▓", "██"]


@both_themes
@pytest.mark.parametrize("tier", SHADED)
@pytest.mark.parametrize("name", PALETTES)
def test_masked_is_unlike_every_shade(name: str, tier: Tier, dark: bool) -> None:
    ink = make_ink(tier, dark=dark, palette=name)
    hatched = ink.cell(MASKED, signed=False)
    assert all(ink.cell(level, signed=False) != hatched for level in range(LEVELS))
    assert hatched.color != hatched.bgcolor
