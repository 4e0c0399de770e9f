"""The command line: attn-tui and attn-tui print. `--help` and `--version` load neither NumPy nor Textual."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from attn_engine import RuleError

from . import __version__
from .encodings import accept_any_text
from .options import OptionError, Parser, add_colour, add_look, add_options, reader, session_of
from .settings import session_with, stored_settings, with_defaults
from .telling import tell
from .values import MOST, whole
from .view import PRINTED_PART, PRINTED_ROWS, Settings

HEIGHTS = (6, 1000)
DESCRIPTION = "Explore attention in the terminal: turn a knob, and see what attention does."
EPILOG = """\
commands:
  attn-tui [FILE]    open the explorer, on a file of real attention
  attn-tui print     print the picture and its figures, without a screen;
                     attn-tui print --help
  attn-tui info      tell what is in a file of real attention;
                     attn-tui info --help
  attn-tui mask      print a mask, its figures, its code; the catalogue;
                     attn-tui mask --help
  attn-tui check     look for mistakes in a mask, for test-suites;
                     attn-tui check --help
  attn-tui study     repeat published experiments with many random draws;
                     attn-tui study --help
  attn-tui settings  tell what is settled in your settings file, and settle it;
                     attn-tui settings --help

A value that starts with "-" is written with "=": --scale=-1. In the explorer,
? lists the keys, and y copies the command that makes the picture on the
screen. Status: 0 done, 1 check has found something, 2 a wrong option or rule,
or no terminal to draw on, 65 or 66 a file that cannot be used, 70 a fault of
attn-tui itself, 74 output that could not be written, 129 the terminal has gone
(SIGHUP), 130 ctrl+c while no screen is open (SIGINT), 143 SIGTERM.
"""


def main(argv: Sequence[str] | None = None) -> int:  # noqa: PLR0911 - an end is a return
    """Run the program; its exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before NumPy is loaded: the engine has threads of its own
    for stream in (sys.stdout, sys.stderr):
        accept_any_text(stream)
    try:
        if sys.stdout is None:
            raise OSError("standard output is closed")
        command, rest = (COMMANDS[words[0]], words[1:]) if words[:1] and words[0] in COMMANDS else (_explore, words)
        status = command(rest)
        sys.stdout.flush()
        return status
    except RuleError as error:
        return _tell(str(error), 2, error.picture if error.text else "")
    except ValueError as error:  # OptionError, or a file that cannot be used
        return _tell(str(error), getattr(error, "status", 2))
    except MemoryError:
        return _tell("not enough memory for that", 2)
    except BrokenPipeError:
        _forget_output()
        return 0
    except OSError as error:
        _forget_output()
        return _tell(f"output could not be written: {error.strerror or error}", 74)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        return _tell_fault(error)


def _tell_fault(error: Exception) -> int:
    from .faults import STATUS, told

    _forget_output()
    return _tell(told(error), STATUS)


def _forget_output() -> None:
    """Drop what is still to be written, which would fail once more when Python ends."""
    if sys.stdout is not None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _tell(message: str, status: int, picture: str = "") -> int:
    """Say what is wrong on standard error: in one line, and with the place in a rule. The status to end with."""
    tell(message, picture)
    return status


def explorer_parser() -> Parser:
    """The parser of the explorer's options."""
    parser = _parser("attn-tui", DESCRIPTION, EPILOG)
    _add_file(parser)
    screen = parser.add_argument_group("the terminal")
    add_colour(screen)
    text = "leave the mouse to the terminal, or take it (default)"
    screen.add_argument("--mouse", action=argparse.BooleanOptionalAction, default=True, help=text)
    text = "whether a frame waits until the terminal has drawn the last one, where that tells (default: it does)"
    screen.add_argument("--pacing", action=argparse.BooleanOptionalAction, default=True, help=text)
    add_options(parser)
    return parser


def print_parser() -> Parser:
    """The parser of print's options."""
    parser = _parser("attn-tui print", "Print the picture and its figures.", None)
    _add_file(parser)
    out = parser.add_argument_group("what is printed")
    forms = out.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="everything, for programs")
    forms.add_argument("--csv", action="store_true", help="the picture's numbers, a row for each query")
    forms.add_argument("--svg", action="store_true", help="the picture as SVG")
    _add_number(out, "--query", "N", (0, MOST), "only the keys that this query reads, heaviest first (0 …)")
    text = "how many of them (1 …; default 10); as JSON and CSV all, where it is not said"
    _add_number(out, "--top", "N", (1, MOST), text)
    text = "the most lines that the picture takes ({} … {}; default: {}, or as many as --zoom needs, of a part {} rows)"
    _add_number(out, "--height", "LINES", HEIGHTS, text.format(*HEIGHTS, PRINTED_ROWS, PRINTED_PART))
    add_look(out)
    add_options(parser)
    return parser


def _parser(prog: str, description: str, epilog: str | None) -> Parser:
    parser = Parser(
        prog=prog,
        usage=f"{prog} [FILE] [OPTIONS]",
        description=description,
        epilog=epilog,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"attn-tui {__version__}")
    return parser


def _add_file(parser: Parser) -> None:
    text = "a .npy, .npz or .safetensors file of real attention, as --file"
    parser.add_argument("file", nargs="?", metavar="FILE", default=argparse.SUPPRESS, help=text)


def _check_file(given: argparse.Namespace) -> None:
    """Raise OptionError for a word that is no file, and nearly a command."""
    name = getattr(given, "file", None)
    if name is None:
        return
    if not name.strip():
        raise OptionError("an empty word is no option or command here; --help lists what there is")
    near = get_close_matches(name, COMMANDS, n=1, cutoff=0.6)
    if near and not os.path.lexists(name):
        raise OptionError(f"{name} is no file and no command; do you mean {near[0]}?")


def _add_number(group: argparse._ArgumentGroup, name: str, metavar: str, limits: tuple[int, int], text: str) -> None:
    group.add_argument(name, type=reader(whole(*limits)), metavar=metavar, help=text)


def _explore(words: list[str]) -> int:
    stored = stored_settings()
    given = with_defaults(explorer_parser(), stored.settings).parse_args(words)
    _check_file(given)
    session = session_of(given, session_with(stored.settings))
    from .start import explore

    return explore(session, colour=given.colour, mouse=given.mouse, pacing=given.pacing, told=stored.told)


def _print(words: list[str]) -> int:
    settings = _settled()
    given = with_defaults(print_parser(), settings).parse_args(words)
    _check_file(given)
    session = session_of(given, session_with(settings))
    from .report import print_report

    print_report(session, given)
    return 0


def _settled() -> Settings:
    """The settings for what is printed: colours are of terminals. What is wrong with them is told."""
    stored = stored_settings()
    if stored.told:
        _tell(stored.told, 0)
    return stored.settings if sys.stdout.isatty() else replace(stored.settings, colour=None)


def _mask(words: list[str]) -> int:
    from .mask_command import run_mask

    return run_mask(words, _settled())


def _check(words: list[str]) -> int:
    from .check_command import run_check

    return run_check(words)


def _study(words: list[str]) -> int:
    from .study_command import run_study

    return run_study(words, _settled())


def _info(words: list[str]) -> int:
    from .info_command import run_info

    return run_info(words)


def _settings(words: list[str]) -> int:
    from .settings_command import run_settings

    return run_settings(words)


COMMANDS = {
    "print": _print,
    "info": _info,
    "mask": _mask,
    "check": _check,
    "study": _study,
    "settings": _settings,
}
"""The words that a command line may begin with; any other opens the explorer."""


if __name__ == "__main__":
    sys.exit(main())
