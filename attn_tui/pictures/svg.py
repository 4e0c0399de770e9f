"""Pages of cells as SVG pictures."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.segment import Segments

from .cells import Lines, gated


def svg_of(lines: Lines, width: int) -> str:
    """A page of `width` columns as SVG."""
    console = Console(record=True, file=io.StringIO(), width=width, color_system="truecolor", legacy_windows=False)
    for line in gated(lines):
        console.print(Segments(line), end="")
        console.print()
    return tidied(console.export_svg(title="attn-tui"))


def tidied(svg: str) -> str:
    """Rich's SVG without fonts from the network, and with one rectangle for each run of a background."""
    return _without_web_fonts(_with_joined_backgrounds(svg))


def _without_web_fonts(svg: str) -> str:
    """The SVG without fonts from the network: opening a picture asks nobody for anything."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code, monospace", "font-family: 'DejaVu Sans Mono', monospace")


_BACKGROUND = r'<rect fill="(#\w+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)" [^>]*/>'


def _with_joined_backgrounds(svg: str) -> str:
    """The SVG at about half its size, and without seams between cells of one colour."""
    return re.sub(f"(?:{_BACKGROUND})+", lambda found: _joined(found[0]), svg)


def _joined(backgrounds: str) -> str:
    runs: list[tuple[str, str, str, float, float]] = []
    for fill, x, y, width, height in re.findall(_BACKGROUND, backgrounds):
        start, end = float(x), float(x) + float(width)
        if runs and runs[-1][:3] == (fill, y, height) and abs(runs[-1][4] - start) < 0.1:
            start = runs.pop()[3]
        runs.append((fill, y, height, start, end))
    return "".join(
        f'<rect fill="{fill}" x="{start:.1f}" y="{y}" width="{end - start:.1f}" height="{height}" '
        'shape-rendering="crispEdges"/>'
        for fill, y, height, start, end in runs
    )
