"""What a chart is made of: the values that a picture hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray
from rich.style import Style

Kind = Literal["line", "dashes", "dots", "bars", "band"]
Numbers = Sequence[float] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Series:
    """A curve, or a band between two: its name for the legend, its numbers and its looks.

    What is not finite is a gap, and what is not positive on a logarithmic axis. Without a name it is not in the legend.
    """

    name: str
    y: Numbers
    style: Style = field(default_factory=Style.null)
    kind: Kind = "line"
    x: Numbers | None = None  # 0, 1, 2 …
    high: Numbers | None = None  # the other edge of a band


@dataclass(frozen=True, eq=False)
class Chart:
    """All that is drawn. The first series lies on top; up to three of a kind differ without colour."""

    series: Sequence[Series]
    x_label: str = ""
    y_label: str = ""  # the unit
    y_limits: tuple[float, float] | None = None  # or from 0 (a logarithmic axis: the lowest value) to a round number
    cursor: float | None = None  # the x to mark
    x_log: bool = False
    y_log: bool = False
    axis_style: Style = field(default_factory=Style.null)
    cursor_style: Style = field(default_factory=lambda: Style(bold=True))
