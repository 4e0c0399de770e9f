"""Options made from the table of parameters: words to a session, and a session back to words."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields, replace
from difflib import get_close_matches
from typing import Any, NoReturn

from attn_engine import OF_A_MADE_SOURCE, OF_THE_SOURCE, Experiment

from .files import SOURCE as FILE
from .files import as_said, as_the_file_has_it, with_file
from .parameters import BY_FIELD, PARAMETERS, PARTS, VIEW, Parameter
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
                "--pin", metavar="OPTIONS", type=reader(pin_options), default=argparse.SUPPRESS,
                help="pin the picture of these options as A, to compare with: [FILE] [OPTIONS]; where they name no "
                "source, of the one that is shown",
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
    """The session with the options of a parsed command line, over another session or the defaults.

    Raises OptionError for one that the source decides.
    """
    given = vars(namespace)
    base = session or Session()
    if "preset" in given and given.get("source", SOURCE) == SOURCE:
        base = with_preset(base, given["preset"])
    elif "file" in given and given.get("source", FILE) == FILE:
        base = with_file(base, given["file"])
    elif "study" in given and "page" not in given:
        base = replace(base, view=replace(base.view, page="experiments"))
    experiment = replace(base.experiment, **_of(given, Experiment))
    _check_source(given, experiment.source)
    view = replace(base.view, **_of(given, View))
    lab = replace(base.lab, **_of(given, Lab))
    studies = replace(base.studies, **_of(given, Studies))
    made = replace(base, experiment=experiment, view=view, lab=lab, studies=studies)
    return replace(made, pinned=_pinned(given["pin"], made)) if "pin" in given else made


def _of(given: dict[str, Any], kind: type[Experiment | View | Lab | Studies]) -> dict[str, Any]:
    return {field.name: given[field.name] for field in fields(kind) if field.name in given}


def _check_source(given: dict[str, Any], source: str) -> None:
    """Raise OptionError for an option that says what a made source is, where a file is read."""
    if source != FILE and ("file" not in given or "source" in given):
        return
    if "preset" in given:
        raise OptionError(f"--preset: {given['preset']} is made, and a file is read: --source preset chooses it")
    for field in OF_A_MADE_SOURCE:
        if field in given:
            raise OptionError(f"{BY_FIELD[field].option}: {as_the_file_has_it(BY_FIELD[field], '--source')}")


def read_options(words: Sequence[str], session: Session | None = None) -> Session:
    """The session that option words make. Raises OptionError."""
    return session_of(_parsed(words), session)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = Parser(prog="attn-tui", add_help=False, allow_abbrev=False)
    add_options(parser)
    return parser.parse_args(list(words))


def pin_options(text: str) -> argparse.Namespace:
    """The options of a pinned picture in one text, which may begin with a file. Raises OptionError."""
    words = split(text)
    if words and words[0] and not words[0].startswith("-"):
        words.insert(0, "--file")
    if any(word.partition("=")[0] == "--pin" for word in words):
        raise OptionError("--pin is not possible inside --pin")
    return _parsed(words)


def _pinned(options: argparse.Namespace, session: Session) -> Pinned:
    """The picture that is pinned beside a session: of its source, unless the options name one. Raises OptionError."""
    named = {"file", "preset"} & vars(options).keys() or getattr(options, "source", FILE) != FILE
    try:
        made = session_of(options, None if named else _beside(session))
    except OptionError as error:
        raise OptionError(f"--pin: {error}") from None
    return Pinned(made.experiment, made.view.head)


def _beside(session: Session) -> Session:
    """A session on the source of another: of a file with its first layer and head, of a preset with its mask."""
    of = {field: getattr(session.experiment, field) for field in OF_THE_SOURCE}
    beside = Session(replace(Experiment(), **of))
    if name := preset_of(beside):
        return with_preset(beside, name)
    return with_file(beside, beside.experiment.file) if beside.experiment.source == FILE else beside


def split(text: str) -> list[str]:
    """A line's words as a shell would split them. Raises OptionError."""
    try:
        return shlex.split(text)
    except ValueError as error:
        raise OptionError(f"{str(error).lower()} in {text!r}") from None


def words_of(session: Session) -> list[str]:
    """The options that make this session: those that differ from the defaults, and those that settings would change."""
    session = replace(session, experiment=as_said(session.experiment))
    default, assumed = _assumed(session)
    words = _differing(session, default, {*assumed, *session.settings.of_view})
    return [*words, f"--pin={shlex.join(_words_of_pinned(session.pinned, session))}"] if session.pinned else words


def _words_of_pinned(pinned: Pinned, session: Session) -> list[str]:
    """The options of a picture pinned beside a session; where it is of another source, they name it."""
    experiment = as_said(pinned.experiment)
    if _named(experiment) == _named(session.experiment):
        default, told = _beside(session), set[str]()
    else:
        default, assumed = _assumed(Session(experiment))
        told = {*assumed} if {"file", "preset"} & {*assumed} else {"source"}
    view = replace(default.view, head=pinned.head)
    return _differing(replace(default, experiment=experiment, view=view), default, told)


def _named(experiment: Experiment) -> tuple[str, ...]:
    """What names a source."""
    return experiment.source, experiment.preset, experiment.file


def _differing(session: Session, default: Session, told: Collection[str]) -> list[str]:
    """The options of what is not as in another session, and of some fields that are said all the same."""
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
    return words


def _assumed(session: Session) -> tuple[Session, tuple[str, ...]]:
    """What is assumed of a session where no option says otherwise, and the fields that have to be said all the same.

    A preset and an experiment bring the page that shows them, a file its first layer and head.
    """
    name, experiment, default = preset_of(session), session.experiment, Session()
    if name:
        return with_preset(default, name), ("preset", "source") if experiment.file else ("preset",)
    if experiment.source == FILE:
        return with_file(default, experiment.file), ("file",)
    brought = (experiment.preset, experiment.file) != (default.experiment.preset, default.experiment.file)
    hidden = ("source",) if brought else ()
    if session.studies.study == default.studies.study:
        return default, hidden
    return replace(default, view=replace(default.view, page="experiments")), hidden


def command(session: Session) -> str:
    """The command line that shows this session."""
    return shlex.join(["attn-tui", *words_of(session)])
