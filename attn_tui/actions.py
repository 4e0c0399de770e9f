"""The table of keys: one row is a key, what it does, and its line in the help."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Action:
    """One thing that keys do. `name` is also what the command line (`:`) and a keymap call it."""

    name: str
    keys: tuple[str, ...]
    shown: str
    """The keys as a person reads them."""
    help: str
    group: str


GROUPS = ("Move", "Knobs", "Picture", "Compare", "Explorer")

ACTIONS: tuple[Action, ...] = (
    Action("left", ("left", "h"), "← h", "cursor to the key before", "Move"),
    Action("right", ("right", "l"), "→ l", "cursor to the next key", "Move"),
    Action("up", ("up", "k"), "↑ k", "cursor to the query before", "Move"),
    Action("down", ("down", "j"), "↓ j", "cursor to the next query", "Move"),
    Action("page-up", ("pageup",), "pageup", "a screen of queries up", "Move"),
    Action("page-down", ("pagedown",), "pagedown", "a screen of queries down", "Move"),
    Action("home", ("home",), "home", "first key, then first query", "Move"),
    Action("end", ("end",), "end", "last key, then last query", "Move"),
    Action("head-back", ("shift+left", "left_square_bracket"), "shift+← [", "head before", "Move"),
    Action("head-on", ("shift+right", "right_square_bracket"), "shift+→ ]", "next head", "Move"),
    Action("layer-back", ("shift+up", "left_curly_bracket"), "shift+↑ {", "layer before", "Move"),
    Action("layer-on", ("shift+down", "right_curly_bracket"), "shift+↓ }", "next layer", "Move"),
    Action("search", ("slash",), "/", "search a token", "Move"),
    Action("search-on", ("n",), "n", "next match", "Move"),
    Action("search-back", ("N",), "N", "match before", "Move"),
    Action("go", ("g",), "g", "go to a position", "Move"),
    Action("finding", ("exclamation_mark",), "!", "next unusual query", "Move"),
    Action("less", ("comma",), ",", "the chosen knob down", "Knobs"),
    Action("more", ("full_stop",), ".", "the chosen knob up", "Knobs"),
    Action("enter", ("enter",), "enter", "type the chosen knob's value; without one, explain the cell", "Knobs"),
    Action("leave", ("escape",), "escape", "leave: what is open, then the knob", "Knobs"),
    Action("mask-toggle", ("M",), "M", "mask on and off", "Knobs"),
    Action("undo", ("u",), "u", "undo the last turn of a knob", "Knobs"),
    Action("redo", ("U",), "U", "redo", "Knobs"),
    Action("zoom-in", ("plus", "equals_sign"), "+ =", "larger cells", "Picture"),
    Action("zoom-out", ("minus",), "-", "smaller cells, then blocks of positions", "Picture"),
    Action("blocks", ("B",), "B", "blocks: maximum or mean", "Picture"),
    Action("picture-only", ("f",), "f", "picture only", "Picture"),
    Action("stage-on", ("v",), "v", "next stage of the computation", "Picture"),
    Action("stage-back", ("V",), "V", "stage before", "Picture"),
    Action("range", ("c",), "c", "next colour range", "Picture"),
    Action("palette", ("C",), "C", "next palette", "Picture"),
    Action("over", ("a",), "a", "one head, the mean of all, their maximum", "Picture"),
    Action("hide", ("i",), "i", "special tokens: shown, hidden, hidden and rows to 1", "Picture"),
    Action("words", ("z",), "z", "word pieces as words", "Picture"),
    Action("mark-key", ("space",), "space", "mark the key: what marked keys get", "Picture"),
    Action("mark-query", ("X",), "X", "mark the query: what marked queries read", "Picture"),
    Action("text", ("w",), "w", "running text, shaded by what the query reads", "Picture"),
    Action("pin", ("p",), "p", "pin this picture as A", "Compare"),
    Action("compare", ("P",), "P", "show B, then A, then A − B", "Compare"),
    Action("panel-on", ("tab",), "tab", "next panel", "Explorer"),
    Action("panel-back", ("shift+tab",), "shift+tab", "panel before", "Explorer"),
    Action("page-map", ("1",), "1", "view 1, the map", "Explorer"),
    Action("page-heads", ("2",), "2", "view 2, the heads", "Explorer"),
    Action("page-masks", ("3",), "3", "view 3, the masks", "Explorer"),
    Action("page-experiments", ("4",), "4", "view 4, the experiments", "Explorer"),
    Action("command", ("colon", "ctrl+p"), ": ctrl+p", "any command or option", "Explorer"),
    Action("copy", ("y",), "y", "copy the command that makes this picture", "Explorer"),
    Action("save", ("S",), "S", "save: .svg, .txt, .csv, or .cmd for the command", "Explorer"),
    Action("help", ("question_mark",), "?", "help", "Explorer"),
    Action("quit", ("q", "ctrl+c"), "q ctrl+c", "quit", "Explorer"),
)

IN_THE_HEADS = (
    ("left right up down", "of all layers, another head or layer; of one, another head, as they are shown"),
    ("enter", "the head to the map"),
    ("panel-on", "from all layers to the heads of one, and back"),
    (
        "stage-on stage-back",
        "of all layers, next measure, or the one before: entropy, distance, first, itself, previous, concentration; "
        "of one, next order: by number, likeness, entropy, kind",
    ),
    ("search", "of all layers, a kind: the heads of others are dimmed; {leave} shows all"),
    ("search-on search-back", "next head of that kind, or the one before"),
)
"""What keys do on the page of heads, where that is not what they do on the map: the names of actions, and a text with
the names in braces of those whose keys it tells."""

IN_THE_MASKS = (
    ("enter", "type a rule, which is drawn while you type; in the catalogue, take the rule stood on"),
    ("search-on search-back", "both lengths doubled, or halved"),
    ("zoom-in zoom-out", "from single pairs to the whole mask"),
    ("stage-on stage-back", "next sheet, or the one before: catalogue, costs, checks, conventions, reach, code"),
    ("range", "the code; then the code of the next dialect"),
    ("finding", "the next query that a check has found"),
    ("panel-on", "cells, blocks, sheet, settings; {picture-only} shows the one alone"),
)
"""What keys do in the mask laboratory, where that is not what they do on the map."""

IN_THE_EXPERIMENTS = (
    ("left right", "the d_k, the number of heads or the pattern stood on; in the training, a step"),
    ("up down", "the query whose weights are shown"),
    (
        "stage-on stage-back",
        "next experiment, or the one before: scaling, diversity, patterns, self and cross, learning",
    ),
    ("panel-on", "figure, what stands beside it, table, more, knobs; {picture-only} shows the one alone"),
    ("leave", "stop drawing, and keep the draws that are there"),
    ("enter", "go on with the draws; start or stop the training"),
)
"""What keys do among the experiments, where that is not what they do on the map."""

BY_NAME = {action.name: action for action in ACTIONS}
