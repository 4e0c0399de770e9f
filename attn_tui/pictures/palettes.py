"""Colours of numbers: ramps for each colour tier, dark and light.

A palette is a row of the table: anchors from dark to light, and the two ends of its two-sided ramp. All rise
evenly in lightness, so they survive colour-blindness, a projector and a grey print. viridis, magma and cividis
are matplotlib's colour maps (public domain), sampled; blues is the one-hue map of the published figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

RGB = tuple[int, int, int]

PAPER = (250, 250, 250)
"""Nothing on a light background: every ramp starts from it there."""

LEVELS = 32
"""Shades of one ramp: more thrash the style caches and can hardly be told apart."""


@dataclass(frozen=True)
class Palette:
    """One palette: hexadecimal anchors from dark to light, and equally light hues of negative and positive numbers.

    `cube` names its colours in the 256 of xterm where the nearest ones would be too few.
    """

    anchors: str
    cube: str = ""
    negative: str = "5898e8"
    positive: str = "e0762a"


PALETTES: dict[str, Palette] = {
    "viridis": Palette(
        "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
        "53 54 60 61 29 30 31 36 37 72 78 114 149 185 221 190 227",
    ),
    "magma": Palette("0b0724 1c1044 4f127b 812581 b5367a e55064 fb8761 fec287 fcfdbf"),
    "cividis": Palette("00224e 123570 3b496c 575d6d 707173 8a8678 a59c74 c3b369 e1cc55 fee838"),
    "blues": Palette("08203f 08306b 08519c 2171b5 4292c6 6baed6 9ecae1 c6dbef deebf7 f7fbff"),
    "grey": Palette("202224 44474a 6a6d70 909396 b7babc dcdfe1 ffffff"),
}


@lru_cache(maxsize=32)
def sequential(name: str, *, dark: bool, cube: bool) -> tuple[RGB, ...]:
    """The ramp of a palette from nothing to most, lighter on dark, darker on light; `cube` keeps to 256 colours."""
    palette = PALETTES[name]
    anchors = [_rgb(text) for text in palette.anchors.split()]
    darker = [anchor for anchor in reversed(anchors) if lightness(anchor) < lightness(PAPER)]
    ramp = _interpolate(anchors if dark else [PAPER, *darker], LEVELS)
    if cube:
        ramp = _chosen_cube_colours(palette.cube) if palette.cube and dark else _even_cube_colours(ramp)
    return tuple(ramp)


@lru_cache(maxsize=32)
def two_sided(name: str, *, dark: bool, cube: bool) -> tuple[RGB, ...]:
    """The ramp of a palette from most negative over nothing to most positive."""
    palette = PALETTES[name]
    middle = (30, 33, 38) if dark else (240, 240, 240)
    halves = (_away(middle, _rgb(hue), LEVELS // 2, dark=dark) for hue in (palette.negative, palette.positive))
    negative, positive = ([*map(_nearest_cube, half)] if cube else half for half in halves)
    return (*reversed(negative), *positive)


def _away(middle: RGB, hue: RGB, count: int, *, dark: bool) -> list[RGB]:
    end = _mix(hue, (255, 255, 255) if dark else (0, 0, 0), 0.45)
    return _interpolate([middle, hue, end], count)


def readable_on(colour: RGB) -> RGB:
    """Black or white, whichever is easier to read on a colour."""
    return (0, 0, 0) if lightness(colour) > 0.565 else (255, 255, 255)


def lightness(colour: RGB) -> float:
    """Perceived lightness from 0 to 1: the L of OKLab (B. Ottosson 2020)."""
    red, green, blue = (_linear(part / 255) for part in colour)
    long = 0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue
    medium = 0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue
    short = 0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue
    return float(0.2104542553 * long ** (1 / 3) + 0.7936177850 * medium ** (1 / 3) - 0.0040720468 * short ** (1 / 3))


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)


def _rgb(text: str) -> RGB:
    red, green, blue = bytes.fromhex(text)
    return red, green, blue


def _mix(a: RGB, b: RGB, share: float) -> RGB:
    red, green, blue = (round(x + (y - x) * share) for x, y in zip(a, b, strict=True))
    return red, green, blue


def _interpolate(anchors: list[RGB], count: int) -> list[RGB]:
    places = [index * (len(anchors) - 1) / (count - 1) for index in range(count)]
    last = len(anchors) - 2
    return [_mix(anchors[min(int(p), last)], anchors[min(int(p), last) + 1], p - min(int(p), last)) for p in places]


@lru_cache(maxsize=1)
def _cube() -> tuple[RGB, ...]:
    """The colours 16 … 255 of xterm: a cube of six steps, and 24 greys."""
    steps = (0, 95, 135, 175, 215, 255)
    cube = [(red, green, blue) for red in steps for green in steps for blue in steps]
    return (*cube, *((grey, grey, grey) for grey in range(8, 239, 10)))


def _distance(a: RGB, b: RGB) -> float:
    """How different two colours look: hue as red, green, blue; lightness counts more, as it carries the number."""
    hue = sum(((x - y) / 255) ** 2 for x, y in zip(a, b, strict=True))
    return hue + 6 * (lightness(a) - lightness(b)) ** 2


def cube_number(colour: RGB) -> int:
    """The number among xterm's 256 of a colour of a ramp for them."""
    return 16 + _cube().index(colour)


def _nearest_cube(colour: RGB) -> RGB:
    return min(_cube(), key=lambda candidate: _distance(candidate, colour))


def _chosen_cube_colours(numbers: str) -> list[RGB]:
    colours = [_cube()[int(number) - 16] for number in numbers.split()]
    return [colours[index * len(colours) // LEVELS] for index in range(LEVELS)]


def _even_cube_colours(ramp: list[RGB]) -> list[RGB]:
    """The nearest cube colours of a ramp, leaving out those that would turn back in lightness."""
    rising = lightness(ramp[-1]) > lightness(ramp[0])
    chosen: list[RGB] = []
    for colour in ramp:
        nearest = _nearest_cube(colour)
        onward = not chosen or (lightness(nearest) >= lightness(chosen[-1])) == rising
        chosen.append(nearest if onward else chosen[-1])
    return chosen
