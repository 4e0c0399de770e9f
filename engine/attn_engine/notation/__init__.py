"""The notation of masks and score mods: one small language, parsed once, read by everything else.

    rule = parse("causal & (window(128) | sink(4))")
    evaluate(rule, Grid.of(512, 512))

A mistake in a rule is a `RuleError`. Names are handed out when they are first used: NumPy is loaded by `Grid`
and `evaluate`, not by reading, printing or expanding a rule.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .errors import RuleError as RuleError
    from .evaluation import evaluate as evaluate
    from .expansion import expand as expand
    from .grid import Grid as Grid
    from .parser import parse as parse
    from .tree import Rule as Rule
    from .words import Kind as Kind

_HOME = {
    "Grid": "grid",
    "Kind": "words",
    "Rule": "tree",
    "RuleError": "errors",
    "evaluate": "evaluation",
    "expand": "expansion",
    "parse": "parser",
}

__all__ = ["Grid", "Kind", "Rule", "RuleError", "evaluate", "expand", "parse"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return list(__all__)
