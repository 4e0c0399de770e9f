"""attn-tui: an interactive explorer of attention for the terminal.

For test-suites: `attn_tui.check(mask, expect="causal & window(4)")` raises `attn_tui.MaskFindings`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .testing import MaskFindings as MaskFindings
    from .testing import check as check

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name not in ("MaskFindings", "check"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import testing

    return getattr(testing, name)
