"""The settings of the mask laboratory: the rule, its knobs, and the figures of the mask."""

from __future__ import annotations

from rich.segment import Segment

from attn_engine import Count, flops_text

from ...lab.laboratory import Laboratory
from ...parameters import BY_FIELD, LAB_BY_KEY
from ...scene import Scene
from ..cells import Lines, wrap
from ..knobs import NAME_WIDTH, about, key_column, knob_line, setting

MOST_RULE_LINES = 4
LONG = 10**9
"""Estimates of blocks below are written with all their digits."""

ROWS = tuple(LAB_BY_KEY.values())

Figure = tuple[str, str]


def settings(scene: Scene, width: int, height: int) -> Lines:
    """The rule as it is written, the knobs, what the chosen one does, and the figures."""
    lab = scene.laboratory
    if lab is None:
        return []
    lines = [*_rule(scene, lab, width), *(knob_line(scene, row, width) for row in ROWS[1:])]
    before = key_column(scene)
    facts: Lines = [
        setting(scene.ink, (before, *figure), width, scene.ink.text, _name_width(figure, width - len(before)))
        for figure in figures(lab, scene.keycaps["finding"])
    ]
    chosen = BY_FIELD.get(scene.knob)
    words = next((words for words in (about(scene, chosen, width) if chosen else ()) if len(words) < height // 3), [])
    room = height - len(lines) - (len(words) + 1 if words else 0) - 1
    if len(facts) > room > 0:
        more = f"  … {len(facts) - room + 1} more: {scene.keycaps['stage-on']} shows them"
        facts = [*facts[: room - 1], [Segment(more, scene.ink.dim)]]
    lines += [[], *facts] if room > 0 else []
    return [*lines, [], *words] if words else lines


def _rule(scene: Scene, lab: Laboratory, width: int) -> Lines:
    """The rule's knob, and below it the rule in as many lines as it takes."""
    ink, first = scene.ink, knob_line(scene, ROWS[0], width)
    text = str(lab.rule)
    if len(text) <= width - 14:
        return [first]
    written = wrap(text, width - 2)
    if len(written) > MOST_RULE_LINES:
        written = [*written[: MOST_RULE_LINES - 1], written[MOST_RULE_LINES - 1][: width - 3] + "…"]
    name = setting(ink, (key_column(scene, "m"), "mask", ""), width, ink.text) if scene.knob != "mask" else first
    return [name, *([Segment(f"  {line}", ink.strong)] for line in written)]


def rule_lines(scene: Scene, width: int) -> int:
    """How many lines the rule takes above the other knobs."""
    return len(_rule(scene, scene.laboratory, width)) if scene.laboratory else 0


def setting_at(scene: Scene, y: int, width: int) -> str:
    """The field of the knob drawn in a row of the panel, or nothing."""
    row = max(y - rule_lines(scene, width) + 1, 0)
    return ROWS[row].field if y >= 0 and row < len(ROWS) else ""


def _name_width(figure: Figure, width: int) -> int:
    """As for the knobs; less where a long number needs the room."""
    name, text = figure
    return min(NAME_WIDTH, max(len(name) + 1, width - len(text)))


def figures(lab: Laboratory, key: str = "") -> list[Figure]:
    """What the mask allows and costs, a name and a text each; `key` shows findings, where there are keys to press."""
    counted = lab.count
    return [
        ("pairs", pairs_text(counted) if counted else unknown(lab)),
        *([("· error", error_text(counted.error, counted.pairs))] if counted and not counted.exact else []),
        ("of all", share_text(counted.pairs / lab.plane.pairs) if counted else unknown(lab)),
        ("keys a row", _seen(lab)),
        ("findings", _findings(lab, key)),
        *_block_figures(lab),
        *_cost_figures(lab),
    ]


def unknown(lab: Laboratory) -> str:
    """What stands where there is no answer: still to come, or never."""
    return "…" if lab.waiting else "–"


def pairs_text(counted: Count) -> str:
    """The pairs allowed; an estimate is marked."""
    return f"{counted.pairs:,}" if counted.exact else _estimate_text(counted.pairs)


def _estimate_text(number: int) -> str:
    digits, _, power = f"{number:.4e}".partition("e")
    return f"≈{digits}e{int(power)}"


def error_text(error: float, number: float) -> str:
    """A standard error by its share of what it is of."""
    return f"±{share_text(error / max(number, 1))}"


def share_text(share: float) -> str:
    """A share of all, in per cent."""
    if share in (0, 1):
        return f"{share:.0%}"
    return f"{share:.2%}" if share >= 0.0001 else f"{share * 100:.1e} %"


def _seen(lab: Laboratory) -> str:
    rows = lab.row_range
    if rows is None:
        return unknown(lab)
    return f"{rows[0]:,} … {rows[1]:,}"


def _block_figures(lab: Laboratory) -> list[Figure]:
    blocks = lab.blocks
    if blocks is None:
        return [(name, unknown(lab)) for name in ("blocks", "· full", "· partial", "· empty")]
    mark, total = "" if blocks.exact else "≈", blocks.total
    kinds = (("· full", blocks.full), ("· partial", blocks.partial), ("· empty", blocks.empty))
    rows = [
        (name, _estimate_text(number) if mark and number >= LONG else f"{mark}{number:,}") for name, number in kinds
    ]
    error = [] if blocks.exact else [("· error", f"±{round(blocks.error):,}")]
    return [("blocks", f"{total:,}"), *rows, *error]


FORMS = {"dense": "dense", "sparse": "sparse", "block-sparse": "in blocks"}
"""Forms of a mask by their short names."""


def _cost_figures(lab: Laboratory) -> list[Figure]:
    known = {cost.form: cost for cost in lab.costs or ()}
    rows = [(FORMS[form], flops_text(known[form].flops) if form in known else unknown(lab)) for form in FORMS]
    blocks = known.get("block-sparse")
    return [*rows, ("· in vain", share_text(blocks.in_vain) if blocks else unknown(lab))]


def _findings(lab: Laboratory, key: str) -> str:
    findings = lab.findings
    if findings is None:
        return unknown(lab)
    serious = sum(finding.serious for finding in findings)
    hint = f": {key} shows {'them' if serious > 1 else 'it'}" if key else ""
    return f"{serious}{hint}" if serious else "none"
