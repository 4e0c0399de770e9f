"""attn-tui check: the findings of a rule or of a file's mask, one a line, and a status for scripts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from attn_engine import ALIGNMENTS, Kind, RuleError, parse

from .options import OptionError, Parser, reader
from .telling import tell
from .values import MOST, one_of, whole

if TYPE_CHECKING:
    from attn_engine import CheckFinding, Plane

    from .testing import Settings

ENDINGS = (".npy", ".npz", ".json", ".txt", ".csv")
FORMS = ("auto", "mask", "additive", "padding", "cu_seqlens")

DESCRIPTION = """\
Check a mask: a rule in the notation of masks, or a file with an array of
0/1, true/false, an additive mask, padding or cu_seqlens ("-": standard input).

Findings, without --expect: a query that sees nothing; a mask that looks
inverted. With --expect: cells that differ, and nothing else. With --causal
or --documents besides: looks into the future, or another document. Keys that
nobody sees and the blocks are told as notes; notes do not change the status."""

EPILOG = """\
examples:
  attn-tui check mask.npy --expect 'causal & window(4)'
  attn-tui check 'window(128)' --queries 1048576 --causal
  attn-tui check mask.npy --documents 100,200 --json

Status: 0 nothing found, 1 findings, 2 a wrong rule or option, 65 a file with
bad data, 66 a file that cannot be read, 74 output that could not be written.
"""


def check_parser() -> Parser:
    """The parser of the command's options."""
    parser = Parser(
        prog="attn-tui check",
        usage="attn-tui check RULE|FILE [OPTIONS]",
        description=DESCRIPTION,
        epilog=EPILOG,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("mask", nargs="?", metavar="RULE|FILE", help="the mask")
    parser.add_argument("--json", action="store_true", help="everything, for programs")
    asked = parser.add_argument_group("what is asked of it")
    asked.add_argument("--expect", metavar="RULE", help="what the mask should be")
    asked.add_argument("--causal", action="store_true", help="a look into the future is a finding")
    asked.add_argument("--documents", metavar="N,N…|FILE", help="lengths of documents apart, or a file of cu_seqlens")
    _add_plane(parser.add_argument_group("where it stands"))
    file = parser.add_argument_group("how a file is read")
    file.add_argument("--form", type=reader(one_of(FORMS)), default="auto", help=f"{', '.join(FORMS)} (default: auto)")
    file.add_argument("--array", metavar="NAME", help="which array of an .npz file")
    file.add_argument("--invert", action="store_true", help="true, or 1, means masked, as in nn.MultiheadAttention")
    return parser


def _add_plane(group: argparse._ArgumentGroup) -> None:
    length, names = reader(whole(1, MOST)), ", ".join(ALIGNMENTS)
    group.add_argument("--queries", type=length, metavar="N", help=f"1 … {MOST:,} (default: 16, or the file's)")
    group.add_argument("--keys", type=length, metavar="N", help=f"1 … {MOST:,} (default: the queries)")
    group.add_argument("--align", type=reader(one_of(ALIGNMENTS)), default="left", help=f"{names} (default: left)")
    group.add_argument(
        "--heads", type=reader(whole(1, 4096)), default=1, metavar="N", help="for rules that name h or H"
    )
    group.add_argument("--head", type=reader(whole(0, 4095)), metavar="N", help="only this head (0 …; default: all)")
    group.add_argument(
        "--block-size", type=reader(whole(1, 65536)), metavar="N", help="(default: 128, or less for short lengths)"
    )


def file_of(word: str) -> Path | None:
    """The file that a word names, where it names one rather than a rule; `-` is standard input."""
    path = Path(word)
    try:
        there = path.exists() and ("/" in word or not path.is_dir())
        return path if word == "-" or path.suffix.lower() in ENDINGS or there else None
    except (OSError, ValueError):
        return None


def run_check(words: Sequence[str]) -> int:
    """Run the command; its exit status. Raises OptionError, or OSError where output cannot be written."""
    given = check_parser().parse_args(words)
    if given.mask is None:
        raise OptionError("a rule or a file is missing; --help lists the options")
    try:
        findings, plane = _checked(given)
    except RuleError as error:
        return _refuse(str(error), 2, error.picture if error.text else "")
    except ValueError as error:
        return _refuse(str(error), getattr(error, "status", 2))
    status = int(any(finding.serious for finding in findings))
    print(_json(given.mask, plane, findings) if given.json else _lines(findings))  # noqa: T201
    sys.stdout.flush()
    return status


def _checked(given: argparse.Namespace) -> tuple[tuple[CheckFinding, ...], Plane]:
    path = file_of(given.mask)
    rule = None if path else parse(given.mask, Kind.MASK)
    if given.expect is not None:
        parse(given.expect, Kind.MASK)  # before a large file is read
    from attn_engine import read_mask

    from .pictures.cells import printable
    from .testing import findings_of

    settings = _settings(given)
    if rule:
        return findings_of(rule, given.expect, settings)
    assert path is not None
    loaded = read_mask(path, name=given.array, form=given.form, inverted=given.invert)
    if not given.json:
        heads, queries, keys = loaded.array.shape
        print(printable(f"read      {queries:,} × {keys:,}, {loaded.axis}: {heads:,}; {loaded.note}"))  # noqa: T201
    return findings_of(loaded, given.expect, settings)


def _settings(given: argparse.Namespace) -> Settings:
    from .testing import Settings

    return Settings(
        queries=given.queries,
        keys=given.keys,
        align=given.align,
        heads=given.heads,
        head=given.head,
        block_size=given.block_size,
        causal=given.causal,
        documents=_documents(given.documents),
    )


def _documents(text: str | None) -> tuple[int, ...]:
    if text is None:
        return ()
    if text.replace(",", "").replace(" ", "").isdecimal():
        try:
            return tuple(whole(0, MOST)(part) for part in text.split(","))
        except ValueError as error:
            raise OptionError(f"--documents: {error}") from None
    from attn_engine import read_lengths

    return read_lengths(text)


def _refuse(message: str, status: int, picture: str = "") -> int:
    tell(message, picture)
    return status


def _lines(findings: Sequence[CheckFinding]) -> str:
    from .pictures.cells import printable

    told = [f"{'finding' if each.serious else 'note':<10}{each.kind}: {printable(each.text)}" for each in findings]
    return "\n".join(told if any(each.serious for each in findings) else [*told, "nothing found"])


def _json(mask: str, plane: Plane, findings: Sequence[CheckFinding]) -> str:
    where = {"queries": plane.query_length, "keys": plane.key_length, "align": plane.align, "heads": plane.num_heads}
    found = any(finding.serious for finding in findings)
    return json.dumps({"mask": mask, **where, "found": found, "findings": [asdict(each) for each in findings]})
