"""Ink: the styles that pictures draw with, for a colour tier, a theme and a palette."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from rich.color import Color, ColorType
from rich.color_triplet import ColorTriplet
from rich.style import Style

from .palettes import LEVELS, RGB, cube_number, readable_on, sequential, two_sided


class Tier(StrEnum):
    """How many colours a terminal has."""

    TRUECOLOR = "truecolor"
    CUBE = "256"
    BASIC = "16"
    NONE = "none"


GLYPHS = "·░▒▓█"
"""Shades where there are too few colours, from nothing to most."""

BELOW_ZERO = "·-=≡≣"
"""The same for negative numbers, where a cell has one character."""

MASKED = -1
NOT_FINITE = -2
NOTHING = -3
"""Levels below 0: cells that no number stands in; of the last, not even a cell is there, or its number is to come."""


@dataclass(frozen=True, eq=False)
class Ink:
    """Named styles. Every style has both its colours, so that a picture needs nothing beneath it."""

    tier: Tier
    dark: bool
    palette: str
    text: Style
    dim: Style
    strong: Style
    accent: Style
    border: Style
    focus: Style
    chosen: Style
    mark: Style
    match: Style
    good: Style
    warning: Style
    hatch: Style

    @property
    def shaded(self) -> bool:
        """Whether numbers are shown as colours of whole cells; otherwise as glyphs."""
        return self.tier in (Tier.TRUECOLOR, Tier.CUBE)

    def ramp(self, *, signed: bool) -> tuple[RGB, ...]:
        """The colours of the levels 0 … LEVELS − 1."""
        make = two_sided if signed else sequential
        return make(self.palette, dark=self.dark, cube=self.tier is Tier.CUBE)

    def cell(self, level: int, *, signed: bool) -> Style:
        """A whole cell in the colour of a level, with readable text on it."""
        if level < 0:
            return {MASKED: self.hatch, NOTHING: self.text}.get(level, self.warning)
        return _cell(self, level, signed)

    def halves(self, upper: int, lower: int, *, signed: bool) -> Style:
        """The style of ▀ for two levels, one above the other."""
        return _halves(self, upper, lower, signed)

    def glyph(self, level: int, *, signed: bool) -> tuple[str, Style]:
        """Two characters for a level where there are too few colours, and their style."""
        if level < 0:
            special = {MASKED: ("╱╱", self.hatch), NOTHING: ("  ", self.text)}
            return special.get(level, ("??", self.warning))
        if not signed:
            shade = GLYPHS[round(level * (len(GLYPHS) - 1) / (LEVELS - 1))]
            return shade * 2, self.accent if self.tier is Tier.BASIC and shade != "·" else self.text
        size = abs(level - (LEVELS - 1) / 2) / ((LEVELS - 1) / 2)
        shade = GLYPHS[round(size * (len(GLYPHS) - 1))]
        negative = level < LEVELS / 2 and shade != "·"
        return ("-" + shade if negative else shade * 2), self.warning if negative else self.text

    def small_glyph(self, level: int, *, signed: bool) -> tuple[str, Style]:
        """One character for a level where there are too few colours, and its style."""
        text, style = self.glyph(level, signed=signed)
        return BELOW_ZERO[GLYPHS.index(text[1])] if text[0] == "-" else text[0], style


@lru_cache(maxsize=256)
def _cell(ink: Ink, level: int, signed: bool) -> Style:
    colour = ink.ramp(signed=signed)[level]
    return Style(color=_colour(ink, readable_on(colour)), bgcolor=_colour(ink, colour))


@lru_cache(maxsize=4096)
def _halves(ink: Ink, upper: int, lower: int, signed: bool) -> Style:
    special = {MASKED: ink.hatch.bgcolor, NOT_FINITE: ink.warning.color, NOTHING: ink.text.bgcolor}
    return Style.from_color(
        *(ink.cell(level, signed=signed).bgcolor if level >= 0 else special[level] for level in (upper, lower))
    )


def _colour(ink: Ink, colour: RGB) -> Color:
    if ink.tier is not Tier.CUBE:
        return Color.from_rgb(*colour)
    number = cube_number(colour)  # given, because Rich would round nine of the greys to others
    return Color(f"color({number})", ColorType.EIGHT_BIT, number, ColorTriplet(*colour))


# The colours of everything that is not a number: dark and light.
CHROME = {
    True: {
        "background": "#12161c",
        "text": "#d6dbe2",
        "dim": "#8a94a3",
        "strong": "#ffffff",
        "accent": "#6cc4f5",
        "border": "#3b4656",
        "chosen": "#263445",
        "mark": "#ffd166",
        "match": "#7ee0a1",
        "warning": "#ff9d7a",
        "hatch": "#5b6675",
    },
    False: {
        "background": "#fafafa",
        "text": "#22272e",
        "dim": "#5d6673",
        "strong": "#000000",
        "accent": "#0b5fa5",
        "border": "#b4bcc7",
        "chosen": "#dbe8f5",
        "mark": "#8a4b00",
        "match": "#0a6b38",
        "warning": "#b3261e",
        "hatch": "#a0a8b3",
    },
}
# The same in the terminal's own sixteen colours.
_BASIC = {
    "text": "default",
    "dim": "default",
    "strong": "default",
    "accent": "cyan",
    "border": "default",
    "mark": "yellow",
    "match": "green",
    "warning": "red",
    "hatch": "default",
}


@lru_cache(maxsize=32)
def make_ink(tier: Tier, *, dark: bool = True, palette: str = "viridis") -> Ink:
    """The ink for a terminal of this tier, on a dark or a light background."""
    if tier in (Tier.TRUECOLOR, Tier.CUBE):
        colours = CHROME[dark]
        background, chosen = colours["background"], colours["chosen"]
    else:
        colours = _BASIC if tier is Tier.BASIC else dict.fromkeys(_BASIC, "default")
        background = chosen = "default"

    def on(name: str, *, bold: bool = False, underline: bool = False) -> Style:
        return Style(color=colours[name], bgcolor=background, bold=bold, underline=underline)

    few = not tier.startswith(("t", "2"))
    mark = (
        Style(color="default", bgcolor="default", reverse=True, bold=True)
        if few
        else Style(color=background, bgcolor=colours["mark"], bold=True)
    )
    return Ink(
        tier,
        dark,
        palette,
        text=on("text"),
        dim=on("dim"),
        strong=on("strong", bold=True),
        accent=on("accent"),
        border=on("border"),
        focus=on("accent", bold=True),
        chosen=Style(color="default", bgcolor="default", reverse=True)
        if few
        else Style(color=colours["strong"], bgcolor=chosen, bold=True),
        mark=mark,
        match=on("match", underline=True),
        good=on("match"),
        warning=on("warning"),
        hatch=on("hatch"),
    )
