"""Attention, computed stage by stage with NumPy alone: masks, score mods, heads, measures.

    from attn_engine import attend
    attention = attend(query, key, value, mask="causal & window(128)")
    attention.weights, attention.output

Names are handed out when they are first used: tables and the notation can be read without loading NumPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from . import measures as measures
    from .attention import Attention as Attention
    from .attention import attend as attend
    from .catalogue import Entry as Entry
    from .catalogue import entries as entries
    from .experiment import ALIGNMENTS as ALIGNMENTS
    from .experiment import NORMALISERS as NORMALISERS
    from .experiment import SCALED as SCALED
    from .experiment import SOURCES as SOURCES
    from .experiment import UNSCALED as UNSCALED
    from .experiment import Experiment as Experiment
    from .experiment import FieldError as FieldError
    from .experiment import normaliser_signatures as normaliser_signatures
    from .experiment import parse_normaliser as parse_normaliser
    from .heads import mean_similarity as mean_similarity
    from .heads import random_similarity as random_similarity
    from .heads import similarity as similarity
    from .masks.blocks import Blocks as Blocks
    from .masks.blocks import block_map as block_map
    from .masks.counting import Count as Count
    from .masks.counting import count as count
    from .masks.counting import key_counts as key_counts
    from .masks.counting import refined as refined
    from .masks.counting import row_count as row_count
    from .masks.counting import row_counts as row_counts
    from .masks.tally import BlockCounts as BlockCounts
    from .masks.tally import count_blocks as count_blocks
    from .measures import Measures as Measures
    from .measures import measure as measure
    from .notation import Grid as Grid
    from .notation import Kind as Kind
    from .notation import Rule as Rule
    from .notation import RuleError as RuleError
    from .notation import evaluate as evaluate
    from .notation import parse as parse
    from .notation.intervals import check_rule as check_rule
    from .notation.intervals import judge as judge
    from .notation.plane import Captured as Captured
    from .notation.plane import Plane as Plane
    from .notation.plane import Rectangles as Rectangles
    from .notation.plane import Verdict as Verdict
    from .notation.words import FUNCTIONS as FUNCTIONS
    from .pipeline import inputs_of as inputs_of
    from .pipeline import run as run
    from .sources import Inputs as Inputs

_ROOMS = {
    "attention": ("Attention", "attend"),
    "catalogue": ("Entry", "entries"),
    "experiment": (
        "ALIGNMENTS",
        "NORMALISERS",
        "SCALED",
        "SOURCES",
        "UNSCALED",
        "Experiment",
        "FieldError",
        "normaliser_signatures",
        "parse_normaliser",
    ),
    "heads": ("mean_similarity", "random_similarity", "similarity"),
    "masks.blocks": ("Blocks", "block_map"),
    "masks.counting": ("Count", "count", "key_counts", "refined", "row_count", "row_counts"),
    "masks.tally": ("BlockCounts", "count_blocks"),
    "measures": ("Measures", "measure"),
    "notation": ("Grid", "Kind", "Rule", "RuleError", "evaluate", "parse"),
    "notation.intervals": ("check_rule", "judge"),
    "notation.plane": ("Captured", "Plane", "Rectangles", "Verdict"),
    "notation.words": ("FUNCTIONS",),
    "pipeline": ("inputs_of", "run"),
    "sources": ("Inputs",),
}
_HOME = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted([*_HOME, "measures"])  # noqa: PLE0605 - made from the table above


def __getattr__(name: str) -> Any:
    if name == "measures":
        return import_module(".measures", __name__)
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOME[name]}", __name__), name)


def __dir__() -> list[str]:
    return list(__all__)
