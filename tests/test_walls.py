"""The walls between the rooms: who imports what, who touches whose private parts, and what loading costs."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest

import attn_engine
import attn_tui
from attn_tui.beneath import CHECKED

ENGINE, SCREEN = (Path(inspect.getfile(package)).parent for package in (attn_engine, attn_tui))
FILES = {path: ast.parse(path.read_text(encoding="utf-8")) for room in (ENGINE, SCREEN) for path in room.rglob("*.py")}


def named(path: Path) -> str:
    """The file's module: attn_tui.pictures.cells."""
    parts = path.relative_to((ENGINE if path.is_relative_to(ENGINE) else SCREEN).parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def cases(room: Path) -> list[object]:
    return [pytest.param(path, id=named(path)) for path in sorted(FILES) if path.is_relative_to(room)]


class Import(NamedTuple):
    """`from module import name`, or `import module` with no name."""

    module: str
    name: str = ""

    @property
    def root(self) -> str:
        return self.module.partition(".")[0]


def imports(path: Path) -> Iterator[Import]:
    """Everything a file imports, wherever in it, relative ones spelled out."""
    package = named(path) if path.name == "__init__.py" else named(path).rpartition(".")[0]
    for node in ast.walk(FILES[path]):
        if isinstance(node, ast.Import):
            yield from (Import(alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package.split(".")[: len(package.split(".")) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (base, node.module)))
            yield from (Import(module, alias.name) for alias in node.names)


def loaded_by(*arguments: str) -> tuple[set[str], str]:
    """The modules that a Python with these arguments imports, and what it prints."""
    command = [sys.executable, "-X", "importtime", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {line.rpartition("|")[2].strip() for line in lines}, done.stdout


# Imports


def test_the_walk_finds_imports_of_every_kind() -> None:
    assert Import("attn_engine.notation", "parse") in set(imports(ENGINE / "attention.py"))
    assert Import("attn_engine.notation.tree", "Rule") in set(imports(ENGINE / "notation" / "__init__.py"))
    assert Import("attn_engine.catalogue", "ENTRIES") in set(imports(ENGINE / "notation" / "tables.py"))
    assert Import("numpy") in set(imports(ENGINE / "heads.py"))
    assert Import("attn_tui.report", "print_report") in set(imports(SCREEN / "cli.py"))


@pytest.mark.parametrize("path", cases(ENGINE))
def test_the_engine_imports_numpy_the_standard_library_and_itself(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"numpy", "attn_engine"}
    assert {each.root for each in imports(path)} <= allowed


@pytest.mark.parametrize("path", cases(SCREEN))
def test_the_explorer_takes_from_the_engine_only_what_its_front_door_hands_out(path: Path) -> None:
    taken = {each for each in imports(path) if each.root == "attn_engine"}
    assert taken <= {Import("attn_engine", name) for name in attn_engine.__all__}


@pytest.mark.parametrize("path", cases(SCREEN / "pictures"))
def test_pictures_know_no_textual_and_no_widgets(path: Path) -> None:
    modules = {each.module for each in imports(path)} | {f"{each.module}.{each.name}" for each in imports(path)}
    assert not [module for module in modules if module.partition(".")[0] == "textual"]
    beyond = ("attn_tui.app", "attn_tui.widgets", "attn_tui.views", "attn_tui.terminal")
    assert not [module for module in modules if module.startswith(beyond)]


def test_only_one_module_imports_plotext_and_it_is_the_charts() -> None:
    importing = {named(path) for path in FILES if "plotext" in {each.root for each in imports(path)}}
    assert len(importing) == 1
    assert all(name.startswith("attn_tui.charts") for name in importing)


def test_every_name_at_the_front_door_is_there() -> None:
    assert set(dir(attn_engine)) == set(attn_engine.__all__)
    for name in attn_engine.__all__:
        assert getattr(attn_engine, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'attent'"):
        attn_engine.attent  # noqa: B018


def test_type_checkers_and_programs_are_shown_the_same_names() -> None:
    door = FILES[ENGINE / "__init__.py"]
    (shown,) = (node for node in door.body if isinstance(node, ast.If))
    names = {alias.asname for node in shown.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == set(attn_engine.__all__)


# Private parts


class Touch(NamedTuple):
    """An underscore attribute, and what it is an attribute of."""

    owner: str
    name: str


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def own_names(tree: ast.AST) -> set[str]:
    """What a file defines itself: functions, classes, variables, and attributes set on self."""
    defined = {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    stored = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store)
    ]
    return defined | {node.id if isinstance(node, ast.Name) else node.attr for node in stored}


def touches(tree: ast.AST) -> Iterator[Touch]:
    """Underscore attributes that the file does not define, also by getattr and by import."""
    own = own_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and is_private(node.attr) and node.attr not in own:
            yield Touch(ast.unparse(node.value), node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "setattr", "hasattr", "delattr"):
            name = node.args[1]
            if isinstance(name, ast.Constant) and is_private(str(name.value)) and name.value not in own:
                yield Touch(ast.unparse(node.args[0]), str(name.value))
        elif isinstance(node, ast.ImportFrom) and not node.level:
            parts = [*(node.module or "").split("."), *(alias.name for alias in node.names)]
            yield from (Touch(node.module or "", part) for part in parts if is_private(part))


def test_the_check_sees_private_parts_however_they_are_reached() -> None:
    source = """
from textual._compositor import Compositor
from textual.app import _private
class Own(App):
    def __init__(self): self._mine = self._driver
    def _act(self): return self._mine, self._act(), other._mine, getattr(self, "_exit"), self.screen._compositor
"""
    found = {touch.name for touch in touches(ast.parse(source))}
    assert found == {"_compositor", "_private", "_driver", "_exit"}


BENEATH = "attn_tui.beneath"
"""The one module that knows Textual's private parts."""


@pytest.mark.parametrize("path", cases(SCREEN))
def test_only_one_module_touches_private_parts_of_textual(path: Path) -> None:
    """Private parts of the standard library are another matter: argparse has no public name for its own groups."""
    screen = any(each.root == "textual" for each in imports(path))
    others = sys.stdlib_module_names | (set() if screen else {"self", "cls"})
    found = [touch for touch in touches(FILES[path]) if touch.owner.partition(".")[0] not in others]
    assert bool(found) == (named(path) == BENEATH)


def test_the_private_parts_are_those_of_textual_8_2_8() -> None:
    """With another, read its linux_driver.py, _xterm_parser.py and app.py, and run the random session for long."""
    assert version("textual") == CHECKED == "8.2.8"


REPLACED = {
    "BareScreen._on_idle",
    "BareScreen._on_resize",
    "BareScreen._on_timer_update",
    "BareApp._display",
    "BareApp._fatal_error",
    "BareDriver._get_terminal_size",
    "BareDriver._query_in_band_window_resize",
    "BareDriver._must_signal_resume",
    "BareDriver._run_input_thread",
}
"""Textual's private parts that are replaced on purpose: when to paint, what is written, how it ends, what comes in."""


def textuals_own(owner: type, names: Iterable[str]) -> set[str]:
    """Those of the names that Textual uses itself, in the classes that a class of ours is made of."""
    text = "\n".join(inspect.getsource(base) for base in owner.__mro__ if base.__module__.startswith("textual."))
    return {name for name in names if re.search(rf"(\bself\.|\bdef |^    ){name}\b", text, re.MULTILINE)}


def classes_of(path: Path) -> Iterator[tuple[type, set[str]]]:
    """The classes of a file, and the names that each defines."""
    nodes = [node for node in FILES[path].body if isinstance(node, ast.ClassDef)]
    module = import_module(named(path)) if nodes else None
    return ((getattr(module, node.name), own_names(node)) for node in nodes)


@pytest.mark.parametrize("path", cases(SCREEN))
def test_only_that_module_replaces_private_parts_of_textual_and_those_on_purpose(path: Path) -> None:
    """A method `_load` in a subclass would replace Textual's, and nobody would be told."""
    replaced = {
        f"{owner.__name__}.{name}"
        for owner, names in classes_of(path)
        for name in textuals_own(owner, filter(is_private, names))
    }
    assert replaced == (REPLACED if named(path) == BENEATH else set())


def test_the_names_that_private_parts_are_given_are_not_yet_textuals() -> None:
    taken = {name for owner, names in classes_of(SCREEN / "beneath.py") for name in textuals_own(owner, names)}
    assert {name for name in taken if not name.startswith("_")} == {"render_segments"}


# What loading costs


@pytest.mark.parametrize("module", ["attn_tui.cli", "attn_tui.parameters", "attn_tui.options"])
def test_the_command_line_loads_neither_numpy_nor_textual(module: str) -> None:
    loaded, _ = loaded_by("-c", f"import {module}")
    assert module in loaded
    assert not loaded & {"numpy", "textual", "rich", "plotext"}


@pytest.mark.parametrize(
    ("options", "start"),
    [
        (["--help"], "usage: attn-tui"),
        (["--version"], f"attn-tui {attn_tui.__version__}"),
        (["print", "--help"], "usage: attn-tui print"),
    ],
    ids=str,
)
def test_help_and_version_load_neither_numpy_nor_textual(options: list[str], start: str) -> None:
    loaded, printed = loaded_by("-m", "attn_tui", *options)
    assert printed.startswith(start)
    assert "attn_tui.cli" in loaded
    assert not loaded & {"numpy", "textual", "plotext"}


@pytest.mark.parametrize(
    "use",
    [
        "attn_engine",
        "attn_engine.Experiment(), attn_engine.SOURCES, attn_engine.NORMALISERS, attn_engine.ALIGNMENTS",
        "attn_engine.parse_normaliser('sink_logit(1)'), attn_engine.normaliser_signatures()",
        "str(attn_engine.parse('causal & (window(128) | sink(4))')), attn_engine.entries(), attn_engine.Kind",
    ],
)
def test_tables_and_rules_are_read_without_numpy(use: str) -> None:
    loaded, _ = loaded_by("-c", f"import attn_engine; {use}")
    assert "attn_engine" in loaded
    assert "numpy" not in loaded


@pytest.mark.parametrize("name", ["attend", "run", "evaluate"])
def test_numpy_is_loaded_by_the_first_name_that_needs_it(name: str) -> None:
    loaded, _ = loaded_by("-c", f"import attn_engine; attn_engine.{name}")
    assert "numpy" in loaded
    assert not loaded & {"textual", "rich", "plotext", "attn_tui"}


def test_pictures_are_loaded_without_textual() -> None:
    pictures = [named(path) for path in FILES if path.is_relative_to(SCREEN / "pictures")]
    loaded, _ = loaded_by("-c", f"import {', '.join(pictures)}")
    assert set(pictures) <= loaded
    assert "textual" not in loaded


def test_the_explorer_is_loaded_without_plotext() -> None:
    loaded, _ = loaded_by("-c", "import attn_tui.app")
    assert "textual" in loaded
    assert "plotext" not in loaded
