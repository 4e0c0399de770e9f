"""Options made from the table of parameters: words to a session, and a session back to words."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any, NoReturn

from attn_engine import Experiment

from .files import SOURCE as FILE
from .files import with_file
from .parameters import PARAMETERS, PARTS, VIEW, Parameter
from .presets import SOURCE, preset_of, with_preset
from .values import whole
from .view import Lab, Pinned, Session, Studies, View

WIDTHS = (20, 1000)
TIERS = ("auto", "truecolor", "256", "16", "none")


class OptionError(ValueError):
    """A wrong option, in one line that names it and says what is possible."""


class Parser(argparse.ArgumentParser):
    """argparse that raises OptionError instead of leaving the program."""

    def error(self, message: str) -> NoReturn:
        """Raise what argparse would print."""
        unknown = message.removeprefix("unrecognized arguments: ")
        if unknown != message:
            word = unknown.partition(" ")[0].partition("=")[0] or "an empty word"
            near = get_close_matches(word, [*self._option_string_actions, "print"], n=1)
            hint = f"do you mean {near[0]}?" if near else "--help lists what there is"
            message = f"{word} is no option or command here; {hint}"
        message = message.removeprefix("argument ").replace("\n", " ")
        if message.endswith(": expected one argument"):
            message = _missing(message.partition(":")[0])
        raise OptionError(message)

    @property
    def known(self) -> Collection[str]:
        """Every option, as it is written."""
        return self._option_string_actions.keys()

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help or version, where argparse would keep silent about a failure to write."""
        file.write(message)
        file.flush()


def _missing(option: str) -> str:
    possible = [row.possible for row in PARAMETERS if row.option == option.partition("/")[0]]
    hint = f"; possible are {possible[0]}" if possible else ""
    return f'{option}: its value is missing (one that starts with "-" is written with "="){hint}'


def add_look(group: argparse._ArgumentGroup) -> None:
    """How wide and how coloured what is printed is."""
    text = "how wide ({} … {}; default: the terminal, else 100)".format(*WIDTHS)
    group.add_argument("--width", type=reader(whole(*WIDTHS)), metavar="COLUMNS", help=text)
    add_colour(group)


def add_colour(group: argparse._ArgumentGroup) -> None:
    """How many colours are used."""
    group.add_argument(
        "--colour",
        "--color",
        choices=TIERS,
        default="auto",
        help="how many colours to use (default: what the terminal has)",
    )


def add_options(parser: argparse.ArgumentParser) -> None:
    """Every parameter as an option of the parser."""
    default = Session()
    for title, part, rows in PARTS:
        group = parser.add_argument_group(title)
        for row in rows:
            _add(group, row, getattr(getattr(default, part), row.field))
        if rows is VIEW:
            group.add_argument(
                "--pin", metavar="OPTIONS", type=reader(pinned_of), default=argparse.SUPPRESS,
                help="pin the picture of these options as A, to compare with: [FILE] [OPTIONS]; of the sample where "
                "they name no other source",
            )  # fmt: skip


def _add(group: argparse._ArgumentGroup, row: Parameter, default: Any) -> None:
    if row.flag:
        group.add_argument(
            *row.options, dest=row.field, action=argparse.BooleanOptionalAction, help=row.help,
            default=argparse.SUPPRESS,
        )  # fmt: skip
        return
    text = row.help if row.possible in row.help or not row.possible else f"{row.help} ({row.possible})"
    suffix = f"; default {row.write(default)}" if row.write(default) else ""
    group.add_argument(
        *row.options, dest=row.field, type=reader(row.read), default=argparse.SUPPRESS,
        metavar=row.field.split("_")[-1].upper(), help=(text + suffix).replace("%", "%%"),
    )  # fmt: skip


def reader(read: Callable[[str], Any]) -> Callable[[str], Any]:
    """A reader whose ValueErrors argparse hands on with the option's name."""

    def convert(text: str) -> Any:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return convert


def session_of(namespace: argparse.Namespace, session: Session | None = None) -> Session:
    """The session with the options of a parsed command line, over another session or the defaults."""
    given = vars(namespace)
    base = session or Session()
    if "preset" in given and given.get("source", SOURCE) == SOURCE:
        base = with_preset(base, given["preset"])
    elif "file" in given and given.get("source", FILE) == FILE:
        base = with_file(base, given["file"])
    elif "study" in given and "page" not in given:
        base = replace(base, view=replace(base.view, page="experiments"))
    experiment = replace(base.experiment, **_of(given, Experiment))
    view = replace(base.view, **_of(given, View))
    lab = replace(base.lab, **_of(given, Lab))
    studies = replace(base.studies, **_of(given, Studies))
    pinned = given.get("pin", base.pinned)
    return replace(base, experiment=experiment, view=view, pinned=pinned, lab=lab, studies=studies)


def _of(given: dict[str, Any], kind: type[Experiment | View | Lab | Studies]) -> dict[str, Any]:
    return {field.name: given[field.name] for field in fields(kind) if field.name in given}


def read_options(words: Sequence[str], session: Session | None = None) -> Session:
    """The session that option words make. Raises OptionError."""
    parser = Parser(prog="attn-tui", add_help=False, allow_abbrev=False)
    add_options(parser)
    return session_of(parser.parse_args(list(words)), session)


def pinned_of(text: str) -> Pinned:
    """A pinned picture from its options in one text, which may begin with a file. Raises OptionError."""
    words = split(text)
    if words and words[0] and not words[0].startswith("-"):
        words.insert(0, "--file")
    if any(word.partition("=")[0] == "--pin" for word in words):
        raise OptionError("--pin is not possible inside --pin")
    session = read_options(words)
    return Pinned(session.experiment, session.view.head)


def split(text: str) -> list[str]:
    """A line's words as a shell would split them. Raises OptionError."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise OptionError(f"{str(error).lower()} in {text!r}") from None


def words_of(session: Session) -> list[str]:
    """The options that make this session: those that differ from the defaults, and those that settings would change."""
    default, assumed = _assumed(session)
    told = {*assumed, *session.settings.of_view}
    words: list[str] = []
    for part, row in ((part, row) for _, part, rows in PARTS for row in rows):
        value = getattr(getattr(session, part), row.field)
        if value == getattr(getattr(default, part), row.field) and row.field not in told:
            continue
        if row.flag:
            words.append(row.option)
        else:
            text = row.write(value)
            words += [f"{row.option}={text}"] if text.startswith("-") else [row.option, text]
    if session.pinned:
        picture = Session(session.pinned.experiment, replace(default.view, head=session.pinned.head))
        words += [f"--pin={shlex.join(words_of(picture))}"]
    return words


def _assumed(session: Session) -> tuple[Session, tuple[str, ...]]:
    """What is assumed of a session where no option says otherwise, and the fields that have to be said all the same.

    A preset and an experiment bring the page that shows them, a file its first layer and head.
    """
    name, experiment, default = preset_of(session), session.experiment, Session()
    if name:
        return with_preset(default, name), ("preset", "source") if experiment.file else ("preset",)
    if experiment.source == FILE:
        other = experiment.preset != default.experiment.preset
        return with_file(default, experiment.file), ("file", "source") if other else ("file",)
    brought = (experiment.preset, experiment.file) != (default.experiment.preset, default.experiment.file)
    hidden = ("source",) if brought else ()
    if session.studies.study == default.studies.study:
        return default, hidden
    return replace(default, view=replace(default.view, page="experiments")), hidden


def command(session: Session) -> str:
    """The command line that shows this session."""
    return shlex.join(["attn-tui", *words_of(session)])
