"""What a map draws: the shades and the numbers of its cells, of all or of a part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .levels import Levels, Shades
from .plan import Plan

Matrix = NDArray[np.floating[Any]]


@dataclass(frozen=True, eq=False)
class Drawn:
    """The shades and numbers of cells, (rows, columns), the first of which is the picture's `first`.

    The note says how far they are known, in full and briefly; nothing, where they are known.
    """

    tones: Shades
    numbers: Matrix
    first: tuple[int, int] = (0, 0)
    note: tuple[str, str] | None = None

    def window(self, plan: Plan) -> Levels:
        """The levels of the cells in view."""
        (top, left), (rows, columns) = self.within(plan.first), plan.shown
        return self.tones.levels[top : top + rows, left : left + columns]

    def within(self, cell: tuple[int, int]) -> tuple[int, int]:
        """The row and column in the arrays of a cell of the picture."""
        return cell[0] - self.first[0], cell[1] - self.first[1]
