"""The view: everything that decides only the pixels, as one frozen value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from attn_engine import Experiment

Stage = Literal["scores", "scaled", "modified", "weights", "value-weighted", "mask"]
Range = Literal["row", "picture", "heads", "unit", "log", "rest"]
Compare = Literal["b", "a", "a-b"]
Over = Literal["head", "mean", "max"]
HeadOrder = Literal["number", "likeness", "entropy", "kind"]
HeadsPanel = Literal["layers", "heads"]
HeadMeasure = Literal["entropy", "distance", "first", "itself", "previous", "concentration"]
Page = Literal["map", "heads", "masks", "experiments"]
Sheet = Literal["catalogue", "costs", "checks", "conventions", "reach", "code"]
Dialect = Literal["flex", "numpy", "sdpa"]
Study = Literal["scaling", "diversity", "patterns", "cross", "learning"]

STAGES: dict[str, str] = {
    "scores": "q·k",
    "scaled": "q·k × scale",
    "modified": "after the score mod",
    "weights": "weights",
    "value-weighted": "weight × |value|",
    "mask": "mask: who may look",
}

RANGES: dict[str, str] = {
    "row": "each row to its maximum",
    "picture": "the whole picture to its maximum",
    "heads": "all heads alike",
    "unit": "fixed, 0 to 1",
    "log": "logarithmic, four powers of ten",
    "rest": "without the first key",
}

COMPARE: dict[str, str] = {
    "b": "B, what the knobs say",
    "a": "A, the pinned picture",
    "a-b": "A − B",
}

OVER: dict[str, str] = {
    "head": "one head",
    "mean": "the mean of heads",
    "max": "their maximum",
}

PAGES: dict[str, str] = {
    "map": "one head, cell by cell",
    "heads": "all heads of the layer",
    "masks": "the mask laboratory",
    "experiments": "published experiments, with error bars",
}

HEAD_ORDERS: dict[str, str] = {
    "number": "by number",
    "likeness": "by likeness, each beside its like",
    "entropy": "by entropy, the lowest first",
    "kind": "by kind, the highest score first",
}

HEADS_PANELS: dict[str, str] = {
    "layers": "all layers at a glance, a cell for each head",
    "heads": "the heads of one layer: thumbnails, measures, likeness",
}

HEAD_MEASURES: dict[str, str] = {
    "entropy": "entropy in nats",
    "distance": "positions looked back",
    "first": "weight on the first key",
    "itself": "weight on the query's own place",
    "previous": "weight on the place before",
    "concentration": "keys that hold 90 % of the weight",
}
"""What the cells of all layers show; each is a mean over queries."""

KIND_LETTERS: dict[str, str] = {
    "previous token": "P",
    "first token": "F",
    "itself": "I",
    "next token": "N",
    "same token": "S",
    "induction": "D",
    "broad": "b",
    "mixed": "·",
    "empty": "∅",
}
"""A letter for each kind of head (`attn_engine.KINDS`)."""

BLOCKS = {"max": "the greatest of its cells", "mean": "the mean of its cells"}

PANELS: dict[str, str] = {
    "map": "the picture",
    "parameters": "the knobs",
    "keys": "the top keys of a query",
    "charts": "entropy charts",
    "heads": "the heads of the layer",
}

MASK_PANELS: dict[str, str] = {
    "cells": "the mask, cell by cell",
    "blocks": "the mask by blocks: full, partial, empty",
    "sheet": "what there is to say of it",
    "settings": "its rule, lengths and figures",
}

SHEETS: dict[str, str] = {
    "catalogue": "every named rule with a preview",
    "costs": "pairs, FLOPs and memory of each form, and how they grow",
    "checks": "what is wrong with it, or may be",
    "conventions": "what other libraries mean by the same words",
    "reach": "what a position sees after some layers",
    "code": "the rule as source that runs",
}

DIALECTS: dict[str, str] = {
    "flex": "PyTorch FlexAttention",
    "numpy": "NumPy",
    "sdpa": "PyTorch scaled_dot_product_attention",
}

STUDIES: dict[str, str] = {
    "scaling": "why scores are divided by √d_k",
    "diversity": "how alike the heads of random projections are",
    "patterns": "full, causal and local attention: who sees whom, and the cost",
    "cross": "who is read by whom, and eight systems",
    "learning": "how attention learns where to look, and how it fails",
}

STUDY_PANELS: dict[str, str] = {
    "figure": "the figure",
    "beside": "what stands beside it",
    "table": "its numbers",
    "more": "what else there is to see",
    "knobs": "its settings",
}

THEMES = {"dark": "light on dark", "light": "dark on light"}

ZOOMS = ("numbers", "cells", "half")
"""Smaller and smaller cells: with their numbers written in them, of two columns, of half a character. Then a number
n: each half-block cell is a block of n × n positions."""

PRINTED_ROWS = 24
"""Rows up to which a printed picture grows before its cells become smaller: those of a sentence fit."""

PRINTED_PART = 60
"""Rows of a printed picture of which not all columns fit: the others would show nothing of what the cursor is at."""

MOST_BLOCK = 2**18


@dataclass(frozen=True)
class Pinned:
    """A picture kept for comparison: what decided its numbers, and its head."""

    experiment: Experiment
    head: int


@dataclass(frozen=True)
class View:
    """Everything that decides only the pixels. `cursor` and `scroll` are (query, key) positions.

    The map shows the weights `over` one head, or the mean or maximum of `over_heads` (all, if empty) in `over_layers`
    (the one on show, if empty; all, if None), without the tokens to `hide`. `marked_keys` and `marked_queries` are
    positions. Whatever is put together, the cursor stays a position of the tokens.
    """

    page: Page = "map"
    head: int = 1
    stage: Stage = "weights"
    colour_range: Range = "row"
    palette: str = "viridis"
    theme: str = "dark"
    zoom: str = "auto"
    blocks: str = "max"
    cursor: tuple[int, int] = (10, 2)
    scroll: tuple[int, int] = (0, 0)
    compare: Compare = "b"
    panel: str = "map"
    search: str = ""
    picture_only: bool = False
    text: bool = False
    explain: bool = False
    head_order: HeadOrder = "number"
    over: Over = "head"
    over_heads: tuple[int, ...] = ()
    over_layers: tuple[int, ...] | None = ()
    hide: tuple[str, ...] = ()
    renormalise: bool = False
    merge_words: bool = False
    marked_keys: tuple[int, ...] = ()
    marked_queries: tuple[int, ...] = ()
    heads_panel: HeadsPanel = "layers"
    head_measure: HeadMeasure = "entropy"
    head_kind: str = ""


@dataclass(frozen=True)
class Lab:
    """The mask laboratory: a plane of positions of its own, and how it is shown. Its rule is the experiment's mask.

    `mask_zoom` is named as the map's, but goes on to blocks of MOST positions. `mask_cursor` is (query, key).
    """

    mask_queries: int = 64
    mask_keys: int = 64
    block_size: int = 16
    reach_layers: int = 2
    window: int = 3
    mask_cursor: tuple[int, int] = (0, 0)
    mask_zoom: str = "auto"
    mask_panel: str = "cells"
    sheet: Sheet = "catalogue"
    dialect: Dialect = "flex"
    entry: str = "full"


@dataclass(frozen=True)
class Studies:
    """The experiments: which one is on show, what it is about, and where its cursor stands.

    `study_dim` and `study_heads` are the rows stood on, shown beside those that were published; `study_cursor` is
    (query, key). `train_step` is how far the training on show has come, `failure` the way to fail that is told of.
    """

    study: Study = "scaling"
    study_length: int = 20
    study_keys: int = 12
    draws: int = 200
    study_temperature: float = 1.0
    study_mask: str = "full"
    study_seed: int = 0
    study_dim: int = 256
    study_heads: int = 4
    pattern: str = "longformer(4, 1)"
    pattern_at: int = 0
    study_cursor: tuple[int, int] = (10, 2)
    study_panel: str = "figure"
    train_step: int = 0
    train_rate: float = 0.1
    train_start: str = "zero"
    failure: int = 0


@dataclass(frozen=True)
class Settings:
    """What a person has settled once and for all, in a file; None where nothing is said, and the default holds.

    `keys` has the keys of bindings by their ids (`keymap.BOUND`). Options win over settings.
    """

    palette: str | None = None
    theme: str | None = None
    colour: str | None = None
    mouse: bool | None = None
    pacing: bool | None = None
    keys: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def of_view(self) -> dict[str, Any]:
        """What is said of the fields of a view."""
        said = {"palette": self.palette, "theme": self.theme}
        return {field: value for field, value in said.items() if value is not None}


UNSETTLED = Settings()
"""The settings of a person who has none."""


@dataclass(frozen=True)
class Session:
    """All that the explorer shows: what is computed, how it is shown, and what it is compared with.

    `settings` are those of the person at the screen; a command says what they would change.
    """

    experiment: Experiment = field(default_factory=Experiment)
    view: View = field(default_factory=View)
    pinned: Pinned | None = None
    lab: Lab = field(default_factory=Lab)
    studies: Studies = field(default_factory=Studies)
    settings: Settings = UNSETTLED

    @property
    def shows_pinned(self) -> bool:
        """Whether A alone is shown; among the experiments there is only B."""
        return self.pinned is not None and self.view.compare == "a" and self.view.page != "experiments"

    @property
    def shown(self) -> Experiment:
        """What the map is of: A while that alone is shown, else what the knobs say, which A − B begins with too."""
        return self.pinned.experiment if self.pinned and self.shows_pinned else self.experiment

    @property
    def head_shown(self) -> int:
        """The head that it is of, if there are so many."""
        return self.pinned.head if self.pinned and self.shows_pinned else self.view.head
