"""attn-tui mask: a rule or a file's mask as a picture with its figures, as code, as an array; the catalogue."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from attn_engine import ALIGNMENTS, Entry, Kind, entries

from .check_command import FORMS
from .options import OptionError, Parser, add_look, reader
from .settings import with_defaults
from .values import MOST, one_of, whole
from .view import DIALECTS, UNSETTLED, Settings

DESCRIPTION = """\
Print a mask with its figures. RULE is in the notation of masks:
q and k are positions, counted from 0; a named rule of --list stands for
its line. FILE is an array of 0/1, true/false or an additive mask."""

EPILOG = """\
examples:
  attn-tui mask 'causal & (window(4) | sink(1))'
  attn-tui mask 'q_idx >= kv_idx' --code flex --queries 4096 --keys 4096
  attn-tui mask document(5,3) --npy mask.npy
  attn-tui mask --identify mask.npy

Status: 0 done, 2 a wrong rule or option, 65 or 66 a file that cannot be
used, 74 output that could not be written.
"""


def mask_parser() -> Parser:
    """The parser of the command's options."""
    parser = Parser(
        prog="attn-tui mask",
        usage="attn-tui mask RULE|FILE [OPTIONS]",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mask", nargs="?", metavar="RULE|FILE", help="the mask")
    _add_plane(parser.add_argument_group("where it stands"))
    out = parser.add_argument_group("what is printed")
    forms = out.add_mutually_exclusive_group()
    forms.add_argument("--list", action="store_true", help="the catalogue: every named rule, its line and its source")
    dialects = ", ".join(DIALECTS)
    forms.add_argument("--code", type=reader(one_of(DIALECTS)), metavar="DIALECT", help=f"as source: {dialects}")
    forms.add_argument("--npy", metavar="FILE", help="write it as a boolean array; true may look")
    forms.add_argument("--json", action="store_true", help="the figures, for programs")
    forms.add_argument("--identify", metavar="FILE", help="the catalogue's rules that fit a file's mask best")
    out.add_argument("--form", type=reader(one_of(FORMS)), default="auto", help=f"a file's: {', '.join(FORMS)}")
    out.add_argument("--array", metavar="NAME", default="", help="which array of an .npz file")
    add_look(out)
    return parser


def _add_plane(group: argparse._ArgumentGroup) -> None:
    length = reader(whole(1, MOST))
    group.add_argument("--queries", type=length, default=None, metavar="N", help=f"1 … {MOST:,} (default: 16)")
    group.add_argument("--keys", type=length, default=None, metavar="N", help=f"1 … {MOST:,} (default: the queries)")
    group.add_argument("--align", type=reader(one_of(ALIGNMENTS)), default="left", help=", ".join(ALIGNMENTS))
    group.add_argument("--heads", type=reader(whole(1, 4096)), default=1, metavar="N", help="for rules that name h")
    group.add_argument("--head", type=reader(whole(0, 4095)), default=0, metavar="N", help="the head shown (0 …)")
    group.add_argument("--head-dim", type=reader(whole(1, 65536)), default=64, metavar="N", help="d_k, for the costs")
    group.add_argument(
        "--block-size", type=reader(whole(1, 65536)), default=None, metavar="N",
        help="of the blocks (default: 128, or less for short lengths)",
    )  # fmt: skip


def run_mask(words: Sequence[str], settings: Settings = UNSETTLED) -> int:
    """Run the command; its exit status. Raises OptionError, RuleError, MaskFileError or OSError."""
    given = with_defaults(mask_parser(), settings).parse_args(words)
    if given.list:
        if given.mask is not None:
            raise OptionError("--list: it shows the whole catalogue and takes no rule")
        sys.stdout.write(catalogue_text())
        return 0
    if given.identify is None and given.mask is None:
        raise OptionError("a rule or a file is missing; --list shows the rules there are, --help the options")
    if given.identify is not None and given.mask is not None:
        raise OptionError("--identify: it takes a file and no rule")
    from .mask_report import print_mask

    print_mask(given)
    return 0


def catalogue_text() -> str:
    """Every named rule: how it is written, its line of the notation, a sentence and its source."""
    parts = []
    for title, kind in (("Masks", Kind.MASK), ("Score mods", Kind.SCORE_MOD)):
        parts += [title, "", *(_entry_text(entry) for entry in entries(kind))]
    return "\n".join(parts)


def _entry_text(entry: Entry) -> str:
    return f"{entry.signature}\n    {entry.line}\n    {entry.sentence} {entry.source}\n"
