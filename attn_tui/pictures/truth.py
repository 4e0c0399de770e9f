"""The lines above and below the panels: where we are, what the cursor stands on, which keys there are."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from rich.cells import cell_len
from rich.segment import Segment

from attn_engine import HIDES_NOTHING, UNSCALED, measures

from ..layout import LEAST
from ..scene import Scene
from ..stages import Matrix
from ..together import asked
from ..view import PAGES
from .cells import Line, Lines, cut, figure, fit, ordinal, pad, page, wrap
from .facts import Fact
from .heads.numbers import over
from .of_files import file_facts
from .state import different_tokens, row_facts

GAP = "   "
BRIEF = 70
MATTERS = 3
"""The rank up to which a fact is never left out on paper."""

NAME = " attn-tui  "


def title_line(scene: Scene, width: int) -> Line:
    """The name, the views, the formula as the knobs make it, and the head on show."""
    ink = scene.ink
    line = [Segment(NAME, ink.strong)]
    for name, text in page_names(scene, width):
        line += [
            Segment(text, ink.chosen if scene.session.view.page == name else ink.dim),
            Segment(" ", ink.text),
        ]
    used = sum(cell_len(segment.text) for segment in line)
    place = "" if scene.trial else _place(scene, brief=width < BRIEF)
    if used + cell_len(place) > width:
        place = _place(scene, brief=True)
    middle = formula(scene)
    free = width - used - cell_len(place)
    if free >= cell_len(middle) + 4:
        before = (free - cell_len(middle)) // 2
        after = free - cell_len(middle) - before
        line += [Segment(" " * before, ink.text), Segment(middle, ink.accent), Segment(" " * after, ink.text)]
    else:
        line.append(Segment(" " * max(free, 1), ink.text))
    return pad([*line, Segment(place, ink.text)], width, ink.text)


def _place(scene: Scene, *, brief: bool) -> str:
    """The layer and head on show, and of how many; while other numbers are computed, that they are."""
    if scene.coming:
        return "computing … " if brief else f"computing … {scene.keycaps['leave']} stops "
    layers = scene.inputs.num_layers
    here = "  ".join(filter(None, (scene.layer_name, f"head {scene.head_number}")))
    return (
        f"{here} "
        if brief
        else f"{here}  of {layers} × {scene.num_heads} "
        if layers > 1
        else (f"{here}  of {scene.num_heads} ")
    )


def formula(scene: Scene) -> str:
    """The computation in one line, as the knobs make it."""
    shown = scene.shown
    name = shown.normaliser.partition("(")[0]
    scores = "QKᵀ/√d_k" if scene.by_width else "QKᵀ" if shown.scale == UNSCALED else f"{_factor(scene)}·QKᵀ"
    if not scene.has_scores:
        scores = "ln p"
        if scene.as_they_are:
            return "weights as in the file"
    if shown.score_mod not in ("none", "s"):
        scores = f"mod({scores})"
    if shown.temperature != 1:
        scores = f"{scores}/{shown.temperature:g}"
    if shown.mask not in HIDES_NOTHING:
        scores = f"{scores} + mask"
    if scene.inputs.captured and scene.inputs.captured.masks:
        scores = f"{scores} + file's mask"
    return f"{name}({scores})·V"


def _factor(scene: Scene) -> str:
    return figure(scene.attention.scale)


def truth_line(scene: Scene, width: int) -> Line:
    """What the cursor stands on, in numbers, and whatever is unusual; or the message there is to tell."""
    ink = scene.ink
    if scene.message:
        style = ink.warning if scene.trouble else ink.good
        return pad([Segment(_pointed(scene, width - 2), style)], width, ink.text)
    return _line_of(_fitting(_facts(scene), width - 2), scene, width)


def truth_lines(scene: Scene, width: int) -> Lines:
    """The same on paper, where there is room for more lines: what matters and does not fit stands below."""
    if scene.message:
        style = scene.ink.warning if scene.trouble else scene.ink.good
        return [[Segment(f" {text}", style)] for text in wrap(scene.message, width - 2)]
    facts = _facts(scene)
    first = _fitting([*facts], width - 2)
    below = [fact for fact in facts if fact not in first and fact[0] <= MATTERS]
    pieces = [(0, piece, style) for _, text, style in below for piece in wrap(text, width - 2)]
    lines = [_line_of(first, scene, width)]
    while pieces:
        count = next((at for at in range(len(pieces), 1, -1) if _width_of(pieces[:at]) <= width - 2), 1)
        lines.append(_line_of(pieces[:count], scene, width))
        pieces = pieces[count:]
    return lines


def _line_of(facts: list[Fact], scene: Scene, width: int) -> Line:
    line = [Segment(" ", scene.ink.text)]
    for index, (_, text, style) in enumerate(facts):
        line += [Segment(GAP if index else "", scene.ink.text), Segment(cut(text, width - 2), style)]
    return pad(line, width, scene.ink.text)


def _pointed(scene: Scene, width: int) -> str:
    """The message, with a mark above the place in the prompt that it tells of, on the side where there is room."""
    message, caret = scene.message, scene.caret
    if caret is None or caret >= width:
        return " " + cut(message, width)
    if caret + 2 + cell_len(message) <= width:
        return f"{' ' * caret}▼ {message}"
    if cell_len(message) + 2 <= caret:
        return f" {fit(message, caret - 2)} ▼"
    return f"{' ' * caret}▼ {cut(message, max(width - caret - 2, 0))}"


def _fitting(facts: list[Fact], width: int) -> list[Fact]:
    """The facts that fit, those that matter least left out first."""
    while len(facts) > 1 and _width_of(facts) > width:
        facts.remove(max(facts, key=lambda fact: fact[0]))
    return facts


def _width_of(facts: list[Fact]) -> int:
    return sum(cell_len(text) + len(GAP) for _, text, _ in facts) - len(GAP)


def _facts(scene: Scene) -> list[Fact]:
    if scene.laboratory:
        from .masks.truth import mask_facts

        return mask_facts(scene, scene.laboratory)
    if scene.trial:
        from .studies.page import study_facts

        if facts := study_facts(scene):
            return facts
    if scene.is_far:
        from .far import far_facts

        return far_facts(scene)
    ink = scene.ink
    query, key = scene.cursor
    weight = float(scene.weights[query, key])
    allowed = bool(scene.allowed[query, key])
    facts = [(0, f"{scene.query_labels[query]} → {scene.key_labels[key]}", ink.strong)]
    if scene.has_tokens:
        facts.append((5, f"({scene.place[0]}, {scene.place[1]})", ink.dim))
    if scene.session.view.compare == "a-b" and scene.session.pinned:
        facts.append((1, f"A − B {figure(float(scene.matrix[query, key]))}", ink.accent))
    facts += different_tokens(scene)
    facts += [(0, " · ".join(scene.combined.notes), ink.dim)] if scene.combined else _scores(scene)
    unusual = query in scene.unusual_rows  # which says more than one of its weights
    marks = _marks(scene)
    matters = 2 if marks or scene.compared else int(unusual)
    facts.append((matters, f"weight {figure(weight)}" if allowed else "masked: weight 0", ink.accent))
    facts += marks
    if allowed:
        facts.append((7, _rank(scene, query, weight), ink.text))
    facts.append((3, _entropy(scene, query), ink.text))
    return [*facts, *_apart(scene), *file_facts(scene), *row_facts(scene, query)]


def _scores(scene: Scene) -> list[Fact]:
    """What the weight of a head comes from, as far as anything was done to it."""
    ink, attention, head = scene.ink, scene.attention, scene.head
    query, key = scene.cursor
    found = attention.scores_at(head, query, key)
    score = found["scores"]
    facts = [(4, f"q·k {figure(score, 1)}" if scene.has_scores else f"ln p {figure(score, 2)}", ink.text)]
    if "scaled" in found:
        sign = "÷√d_k" if scene.by_width else "scaled"
        facts.append((6, f"{sign} {figure(found['scaled'], 2)}", ink.text))
    if "modified" in found:
        facts.append((6, f"modified {figure(found['modified'], 2)}", ink.text))
    return facts


@np.errstate(invalid="ignore", over="ignore")
def _marks(scene: Scene) -> list[Fact]:
    """What marked keys get together, and marked queries give the key on average, beside the means of all queries."""
    query, key = scene.cursor
    rows, columns = list(scene.marked_rows), list(scene.marked_columns)
    facts = []
    if columns:
        given = scene.weights[:, columns].sum(axis=1)
        name = "marked key" if len(columns) == 1 else "marked keys"
        text = f"{name} {figure(float(given[query]))}, {_mean(given)}"
        facts.append((1, text, scene.ink.accent))
    if rows:
        name = "marked query" if len(rows) == 1 else "marked queries"
        given, every = scene.weights[rows, key], scene.weights[:, key]
        facts.append((1, f"{name} {_mean(given).removeprefix('mean ')}, {_mean(every)}", scene.ink.accent))
    return facts


@np.errstate(over="ignore")
def _mean(numbers: Matrix) -> str:
    """The mean of those that are finite, and over how many of them it is where some are not."""
    known = numbers[np.isfinite(numbers)]
    counted = over([len(known)], len(numbers))
    text = f"mean {figure(float(known.mean()) if known.size else math.nan)}"
    return f"{text} {counted}" if counted else text


def _apart(scene: Scene) -> list[Fact]:
    """That another stage is of one head and every token, whatever the view puts together."""
    view = scene.session.view
    if scene.combined or not asked(view) or view.page != "map":
        return []
    return [(2, "one head, every token: only weights are put together", scene.ink.warning)]


def brief(scene: Scene) -> str:
    """What the cursor stands on, in a few words."""
    if scene.laboratory or scene.trial or scene.is_far:
        facts = _facts(scene)
        return min(facts[1:] or facts, key=lambda fact: fact[0])[1]
    return f"weight {figure(float(scene.weights[scene.cursor]))}"


def _rank(scene: Scene, query: int, weight: float) -> str:
    rank = int(np.count_nonzero(scene.weights[query] > weight)) + 1
    return f"{ordinal(rank)} of {np.count_nonzero(scene.allowed[query])}"


def _entropy(scene: Scene, query: int) -> str:
    entropy = float(measures.entropy(scene.weights[query]))
    seen = int(np.count_nonzero(scene.allowed[query]))
    if not seen or math.isnan(entropy):
        return "no entropy"
    return f"entropy {entropy:.2f} of {math.log(seen):.2f} nats"


def page_names(scene: Scene, width: int) -> list[tuple[str, str]]:
    """Each view and how it stands in the title: where there is little room, only the one on show by its name."""
    here = scene.session.view.page
    return [
        (name, f" {key} {name.capitalize()} " if width >= BRIEF or name == here else f" {key} ")
        for name, key in ((name, scene.keycaps[f"page-{name}"]) for name in PAGES)
    ]


def page_at(scene: Scene, x: int, width: int) -> str:
    """The view whose name stands at a column of the title line, or nothing."""
    start = len(NAME)
    for name, text in page_names(scene, width):
        if start <= x < start + cell_len(text):
            return name
        start += cell_len(text) + 1
    return ""


def too_small(scene: Scene, width: int, height: int) -> Lines:
    """What is said where there is no room to draw."""
    text = f"attn-tui needs {LEAST[0]}×{LEAST[1]}, this is {width}×{height}"
    return page([[Segment(line, scene.ink.text)] for line in wrap(text, width)], width, height, scene.ink.text)


Hint = tuple[str, str]
"""Bindings that belong together, by their ids, and what their keys do."""

EXPLAIN: Hint = ("enter", "explain")
WIDE_HINTS: tuple[Hint, ...] = (
    ("left up down right", "cell"),
    ("head-back head-on", "head"),
    ("layer-back layer-on", "layer"),
    ("knob.mask", "mask"),
    ("less more", "less more"),
    EXPLAIN,
    ("help", "help"),
    ("quit", "quit"),
)


def hints_line(scene: Scene, width: int) -> Line:
    """The keys that matter here, as many as fit; help and quit always."""
    ink = scene.ink
    hints = [(scene.keycaps.together(names), text) for names, text in _hints(scene)]
    while len(hints) > 2 and sum(cell_len(key) + cell_len(text) + 4 for key, text in hints) > width:
        hints.pop(-3)
    line = [Segment(" ", ink.text)]
    for key, text in hints:
        line += [Segment(key, ink.accent), Segment(f" {text}   ", ink.dim)]
    return pad(line, width, ink.text)


def _hints(scene: Scene) -> tuple[Hint, ...]:
    view = scene.session.view
    ends = WIDE_HINTS[-2:]
    if scene.helping:
        return (("help", "back"), ("up down", "scroll"), *ends[1:])
    if scene.knob:
        return (("less more", "less more"), ("enter", "type"), ("undo", "undo"), ("leave", "leave the knob"), *ends)
    if view.page != "map":
        return (*HINTS_OF[view.page](scene), *ends)
    if view.explain:
        return (WIDE_HINTS[0], ("enter", "close"), WIDE_HINTS[1], *ends)
    return tuple(hint for hint in WIDE_HINTS if hint != EXPLAIN) if scene.is_far else WIDE_HINTS


IN_HEADS: tuple[Hint, ...] = (
    ("left up down right", "head"),
    ("enter", "to the map"),
    ("stage-on", "order"),
    ("layer-back layer-on", "layer"),
    ("range", "colours"),
)
OF_LAYER = (*IN_HEADS[:3], ("panel-on", "all layers"), *IN_HEADS[3:])
IN_LAYERS = (*IN_HEADS[:2], ("stage-on", "measure"), ("panel-on", "one layer"), ("search", "kind"))
IN_MASKS = (
    ("enter", "type a rule"),
    ("panel-on", "panel"),
    ("stage-on", "sheet"),
    ("search-on search-back", "length"),
    ("zoom-in zoom-out", "zoom"),
)


def _study_hints(scene: Scene) -> tuple[Hint, ...]:
    from .studies.page import study_hints

    return study_hints(scene)


HINTS_OF: dict[str, Callable[[Scene], tuple[Hint, ...]]] = {
    "heads": lambda scene: IN_LAYERS if scene.in_layers else OF_LAYER if scene.layers else IN_HEADS,
    "masks": lambda _: IN_MASKS,
    "experiments": _study_hints,
}
"""The keys of the other views."""
