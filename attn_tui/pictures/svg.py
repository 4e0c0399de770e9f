"""Pages of cells as SVG pictures."""

from __future__ import annotations

import io
import re

from rich.console import Console
from rich.segment import Segments

from .cells import Lines


def svg_of(lines: Lines, width: int) -> str:
    """A page of `width` columns as SVG."""
    console = Console(record=True, file=io.StringIO(), width=width, color_system="truecolor", legacy_windows=False)
    for line in lines:
        console.print(Segments(line), end="")
        console.print()
    return without_web_fonts(console.export_svg(title="attn-tui"))


def without_web_fonts(svg: str) -> str:
    """The SVG without fonts from the network: opening a picture asks nobody for anything."""
    svg = re.sub(r"@font-face\s*\{.*?\}\s*", "", svg, flags=re.DOTALL)
    return svg.replace("font-family: Fira Code, monospace", "font-family: 'DejaVu Sans Mono', monospace")
