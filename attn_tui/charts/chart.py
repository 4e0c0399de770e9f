"""What a chart is made of: the values that a picture hands over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from numpy.typing import NDArray
from rich.style import Style

Kind = Literal["line", "dashes", "dots", "bars"]
Numbers = Sequence[float] | NDArray[Any]


@dataclass(frozen=True, eq=False)
class Series:
    """A curve: its name for the legend, its numbers and its looks. What is not finite is a gap."""

    name: str
    y: Numbers
    style: Style = field(default_factory=Style.null)
    kind: Kind = "line"
    x: Numbers | None = None  # 0, 1, 2 …


@dataclass(frozen=True, eq=False)
class Chart:
    """All that is drawn. The first series lies on top; up to three of a kind differ without colour."""

    series: Sequence[Series]
    x_label: str = ""
    y_label: str = ""  # the unit
    y_limits: tuple[float, float] | None = None  # or from 0, or a lowest value below it, to a round number
    cursor: float | None = None  # the x to mark
    axis_style: Style = field(default_factory=Style.null)
    cursor_style: Style = field(default_factory=lambda: Style(bold=True))
