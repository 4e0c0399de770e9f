"""attn-tui study: what many random draws say about scaling, the diversity of heads and patterns."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any, TypeAlias

from attn_engine import (
    MOST_DRAWS,
    MOST_HEAD_DIM,
    MOST_LENGTH,
    MOST_SEED,
    DiversitySettings,
    FieldError,
    Kind,
    PatternSettings,
    ScalingSettings,
)

from .options import OptionError, Parser, add_look, reader
from .settings import with_defaults
from .values import one_of, read_positive, read_rule, whole
from .view import UNSETTLED
from .view import Settings as Settled

Settings: TypeAlias = ScalingSettings | DiversitySettings | PatternSettings

STUDIES: dict[str, Settings] = {
    "scaling": ScalingSettings(),
    "diversity": DiversitySettings(),
    "patterns": PatternSettings(),
}
"""Each study with the settings that it was published for."""

OPTIONS = {
    "length": "--n",
    "head_dims": "--d-k",
    "heads": "--heads",
    "model": "--d-model",
    "draws": "--draws",
    "seed": "--seed",
    "temperature": "--temperature",
    "mask": "--mask",
}
"""The option of each field of the settings."""

DESCRIPTION = """\
Repeat a published experiment with many random draws, and see what a single
draw is worth: the mean, its standard error, where 95 % of single draws lie.

  scaling     why scores are divided by √d_k
  diversity   how alike the heads of random projections are
  patterns    full, causal and local attention: what each sees and costs"""

EPILOG = """\
examples:
  attn-tui study scaling
  attn-tui study scaling --d-k 16,1024 --draws 5000 --csv
  attn-tui study diversity --mask causal
  attn-tui study patterns --mask 'causal & window(4)'

ctrl+c ends a long study and prints the answer so far, with status 130.
Status: 0 done, 2 a wrong option or rule, 74 output that could not be written.
"""


def study_parser() -> Parser:
    """The parser of the command's options."""
    parser = Parser(
        prog="attn-tui study",
        usage="attn-tui study {} [OPTIONS]".format("|".join(STUDIES)),
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("study", nargs="?", metavar="STUDY", type=reader(one_of(STUDIES)), help="which one")
    _add_settings(parser.add_argument_group("what is drawn"))
    out = parser.add_argument_group("what is printed")
    forms = out.add_mutually_exclusive_group()
    forms.add_argument("--json", action="store_true", help="everything, for programs")
    forms.add_argument("--csv", action="store_true", help="the table, a line for each row")
    add_look(out)
    return parser


def _add_settings(group: argparse._ArgumentGroup) -> None:
    default, diversity, patterns = ScalingSettings(), DiversitySettings(), PatternSettings()
    heads = f"of diversity (default: {_list(diversity.heads)}); one number for patterns ({patterns.heads})"
    rows: tuple[tuple[str, str, Callable[[str], Any], str], ...] = (
        ("length", "N", whole(1, MOST_LENGTH), f"queries, and keys (1 … {MOST_LENGTH:,}; default: {default.length})"),
        ("head_dims", "LIST", listed(whole(1, MOST_HEAD_DIM)), f"d_k of scaling (default: {_list(default.head_dims)})"),
        ("heads", "LIST", listed(whole(1, 1024)), heads),
        ("model", "N", whole(1, 1024), f"d_model of diversity and patterns (default: {diversity.model})"),
        ("draws", "N", whole(1, MOST_DRAWS), f"how many (1 … {MOST_DRAWS:,}; default: {default.draws})"),
        ("seed", "N", whole(0, MOST_SEED), f"which ones (0 …; default: {default.seed})"),
        ("temperature", "T", read_positive, "scores are divided by it (default: 1)"),
        ("mask", "RULE", read_rule(Kind.MASK), "who may see whom (default: full); one more row of patterns"),
    )
    for field, metavar, read, text in rows:
        group.add_argument(OPTIONS[field], dest=field, type=reader(read), default=None, metavar=metavar, help=text)


def listed(read: Callable[[str], int]) -> Callable[[str], tuple[int, ...]]:
    """A reader of several values with commas between them."""
    return lambda text: tuple(read(part) for part in text.split(","))


def _list(numbers: Sequence[int]) -> str:
    return ",".join(map(str, numbers))


def run_study(words: Sequence[str], settled: Settled = UNSETTLED) -> int:
    """Run the command; its exit status. Raises OptionError, RuleError or OSError."""
    given = with_defaults(study_parser(), settled).parse_args(words)
    if given.study is None:
        raise OptionError(f"which study? possible are {', '.join(STUDIES)}; --help lists the options")
    settings = settings_of(given)
    from .study_report import print_study

    try:
        return print_study(settings, given)
    except FieldError as error:
        raise OptionError(f"{OPTIONS[error.field]}: {error}") from None


def settings_of(given: argparse.Namespace) -> Settings:
    """The study's settings with what was given. Raises OptionError for an option that the study does not have."""
    asked = {field: getattr(given, field) for field in OPTIONS if getattr(given, field) is not None}
    default = STUDIES[given.study]
    if isinstance(default, PatternSettings):
        asked = _for_patterns(asked, default)
    known = {field.name for field in fields(default)}
    for field in asked:
        if field not in known:
            having = [name for name, other in STUDIES.items() if hasattr(other, field)]
            raise OptionError(f"{OPTIONS[field]}: {given.study} has no such option; it belongs to {', '.join(having)}")
    return replace(default, **asked)


def _for_patterns(asked: dict[str, Any], default: PatternSettings) -> dict[str, Any]:
    """One number of heads; and a mask beside those that are shown."""
    if len(asked.get("heads", (1,))) > 1:
        raise OptionError(f"--heads: patterns takes one number, not {_list(asked['heads'])}")
    plain = {field: value for field, value in asked.items() if field not in ("heads", "mask")}
    if "heads" in asked:
        plain["heads"] = asked["heads"][0]
    if "mask" in asked:
        plain["masks"] = tuple(dict.fromkeys((*default.masks, asked["mask"])))
    return plain
