"""attn-tui: an interactive explorer of attention for the terminal.

From a running program: `attn_tui.show(attention, tokens=…)` opens the explorer, `attn_tui.print` prints the picture,
`attn_tui.save` writes a file that `attn-tui FILE` opens, `attn_tui.record` collects queries and keys while a model
runs. For test-suites: `attn_tui.check(mask, expect="causal & window(4)")` raises `attn_tui.MaskFindings`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .programs import print as print  # noqa: A004 - said as attn_tui.print
    from .programs import save as save
    from .programs import show as show
    from .recording import Recording as Recording
    from .recording import record as record
    from .testing import MaskFindings as MaskFindings
    from .testing import check as check

__version__ = "0.1.0"

_MODULES = {
    "MaskFindings": "testing",
    "Recording": "recording",
    "check": "testing",
    "print": "programs",
    "record": "recording",
    "save": "programs",
    "show": "programs",
}
"""Where each name is from; a module is loaded by the first use of a name."""


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_MODULES[name]}", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_MODULES])
