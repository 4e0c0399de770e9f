"""The gate: no text from outside reaches a widget, the terminal or a file's reader by another way."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.segment import Segment
from rich.style import Style

import attn_tui
from attn_tui.painting import Painter
from attn_tui.pictures.ink import Tier
from attn_tui.pictures.svg import svg_of
from attn_tui.report import rendered

ROOM = Path(inspect.getfile(attn_tui)).parent
FILES = {path.relative_to(ROOM).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in ROOM.rglob("*.py")}
TREES = [pytest.param(tree, id=name) for name, tree in sorted(FILES.items())]

WIDGETS = {"widgets/prompt.py": {"Input", "Label"}}
"""The widgets of Textual's own that are used, and where: a line that is typed, its label. All else are panels."""

OBEYING = frozenset(
    (
        *(
            "from_markup",
            "render_markup",
            "markup",
            "from_ansi",
            "notify",
            "Markdown",
            "RichLog",
            "Static",
            "OptionList",
        ),
        *("DataTable", "Tree", "border_title", "border_subtitle", "tooltip", "sub_title", "placeholder", "open_url"),
        *("from_meta", "meta", "link", "run_action", "eval", "exec", "webbrowser", "literal_eval"),
    )
)
"""What reads markup, makes links and actions, or shows a text that it is handed without its going into a page."""

ALLOWED = {
    ("widgets/prompt.py", "markup"): "markup=False",
    ("desk.py", "notify"): "self._changed.notify",  # a condition that threads wait for
    ("line.py", "notify"): "self._changed.notify",
}

WRITERS = {
    "telling.py": "printable",
    "check_command.py": "printable",
    "start.py": "printable",
    "report.py": "rendered",
    "mask_report.py": "rendered",
    "study_report.py": "rendered",
    "mask_command.py": "the catalogue's own words",
    "study_progress.py": "numbers",
    "info_command.py": "printable",
    "settings_command.py": "printable",
    "options.py": "help",
    "programs.py": "rendered",
    "saving.py": "a file",
    "settings_writing.py": "a file",
    "terminal.py": "frames",
    "driver.py": "frames",
    "faults.py": "a file",
    "line.py": "frames",
    "pictures/svg.py": "pages",
}
"""The modules that write, and what has been through the gate there."""


def names_in(tree: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """Every name, attribute, keyword and imported name, with its place."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id, node
        elif isinstance(node, ast.Attribute):
            yield node.attr, node
        elif isinstance(node, ast.keyword) and node.arg:
            yield node.arg, node
        elif isinstance(node, ast.ImportFrom | ast.Import):
            yield from ((alias.name, node) for alias in node.names)


def obeying(tree: ast.AST) -> set[str]:
    return {name for name, _ in names_in(tree)} & OBEYING


def of_a_row(owner: ast.expr) -> bool:
    """Whether it is a row of the table of parameters, whose `write` makes a text."""
    return ast.unparse(owner).startswith(("row", "BY_FIELD["))


def writes(tree: ast.AST) -> bool:
    """Whether it prints, or writes into a stream or a file."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = {func.id for func in calls if isinstance(func, ast.Name)}
    methods = {func.attr for func in calls if isinstance(func, ast.Attribute) and not of_a_row(func.value)}
    return bool(named & {"print"} | methods & {"write", "writelines", "write_text", "write_bytes", "print"})


def test_the_walk_sees_what_it_looks_for() -> None:
    source = "from textual.widgets import Static\nself.notify(x)\nLabel(x, markup=True)\nstyle = Style(link=x)"
    assert obeying(ast.parse(source)) == {"Static", "notify", "markup", "link"}
    for text in ("print(x)", "sys.stdout.write(x)", "path.write_text(x)", "console.print(x)"):
        assert writes(ast.parse(text))
    assert not writes(ast.parse("row.write(value)"))


@pytest.mark.parametrize("tree", TREES)
def test_nothing_reads_markup_makes_links_or_shows_text_but_pages_of_cells(
    tree: ast.Module, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    for found, node in names_in(tree):
        if found in OBEYING:
            assert ast.unparse(node) == ALLOWED.get((name, found)), f"line {getattr(node, 'lineno', '?')}"


@pytest.mark.parametrize("tree", TREES)
def test_the_only_widgets_of_textuals_own_are_the_prompts(tree: ast.Module, request: pytest.FixtureRequest) -> None:
    imported = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("textual.widgets")
        for alias in node.names
    }
    assert imported <= WIDGETS.get(request.node.callspec.id, set())


@pytest.mark.parametrize("tree", TREES)
def test_only_the_modules_of_the_table_write(tree: ast.Module, request: pytest.FixtureRequest) -> None:
    assert writes(tree) == (request.node.callspec.id in WRITERS)


def print_arguments(tree: ast.AST) -> Iterator[ast.expr]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
            yield from node.args


@pytest.mark.parametrize("tree", TREES)
def test_whatever_is_printed_is_made_harmless_where_it_is_printed(tree: ast.Module) -> None:
    for argument in print_arguments(tree):
        harmless = {"printable", "_lines", "_json"}  # the last two call it, or write JSON, which escapes
        assert {name for name, _ in names_in(argument)} & harmless, ast.unparse(argument)


LEFT = "a\x1b]52;c;aGk=\x07\x9b31m\u202eb\0"
"""A text that nobody has sent through the gate."""

SHOWN = "a␛]52;c;aGk=␇�31m�b␀"


def test_there_is_a_last_look_before_anything_is_painted_printed_or_drawn() -> None:
    lines = [[Segment(LEFT, Style(color="red"))]]
    assert SHOWN in Painter().paint([(0, 0, lines[0])], 40, 1)
    assert rendered(lines, Tier.NONE) == f"{SHOWN}\n"
    assert SHOWN in rendered(lines, Tier.TRUECOLOR)
    assert "]52;c;aGk=␇" in svg_of(lines, 40)


def test_the_clipboard_is_written_only_where_the_user_presses_the_key_for_it() -> None:
    holders = {
        (name, function.name)
        for name, tree in FILES.items()
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        if "copy_to_clipboard" in {found for found, _ in names_in(function)}
    }
    assert holders == {("app.py", "do_copy")}
