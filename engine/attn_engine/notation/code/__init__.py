"""A rule as source for elsewhere, which runs as it stands: `code_of(rule, "flex", plane)`.

Whole numbers and conditions give there what they give here; `&`, `|`, `^` and comparisons are parenthesised and
chains are split, because Python reads them differently.
"""

from __future__ import annotations

from .texts import DIALECTS as DIALECTS
from .texts import Dialect as Dialect
from .texts import code_of as code_of

__all__ = ["DIALECTS", "Dialect", "code_of"]
